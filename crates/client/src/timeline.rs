//! Pages of a conversation.
//! It changes nothing but the read mark.

use std::sync::Arc;

use murmel_ipc as ipc;
use murmel_store::{MessageId, PageKey};

use crate::account::Account;
use crate::{Error, Result, changes, choice, views};

/// Rows of one page.
pub(crate) const PAGE_CAP: u32 = 200;

/// Up to `limit` rows older than `before`, oldest first.
pub(crate) async fn page(account: &Arc<Account>, chat: &str, before: Option<ipc::Cursor>, limit: u32) -> Result<ipc::TimelinePage> {
    let (me, chat) = (account.pubkey(), chat.to_owned());
    let limit = limit.clamp(1, PAGE_CAP);
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            let before = before.map(|cursor| PageKey { at: cursor.at, id: MessageId(cursor.seq) });
            // One more tells whether there is anything older.
            let mut rows = tx.message_page(chat.id, before, limit + 1)?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let older = rows.last().filter(|_| more).map(|row| ipc::Cursor { at: row.at, seq: row.id.0 });
            rows.reverse();
            Ok(ipc::TimelinePage {
                messages: views::messages(tx, me, chat.id, &rows)?,
                older,
                first_unread: tx.first_unread(chat.id)?.map(|first| first.id.0),
            })
        })
        .await
}

/// Marks everything up to and including a message as read.
pub(crate) async fn mark_read(account: &Arc<Account>, chat: &str, message: i64) -> Result<()> {
    let chat = chat.to_owned();
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?;
        let row = tx.message(MessageId(message))?.filter(|row| row.chat == chat.id);
        let row = row.ok_or_else(|| Error::not_found("This message"))?;
        if tx.mark_read(chat.id, row.id)? {
            changes.chat(chat.id);
        }
        choice::was_read(tx, changes, chat.id)
    })
    .await
}
