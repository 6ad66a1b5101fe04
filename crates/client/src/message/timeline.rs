//! Pages of a conversation.
//! It changes nothing but the read mark.

use std::sync::Arc;

use murmel_ipc as ipc;
use murmel_store::{ChatId, MessageId, MessageRecord, PageKey, Tx};
use nostr::PublicKey;

use crate::account::Account;
use crate::message::choice;
use crate::{Error, Result, changes, views};

/// Rows of one page.
pub(crate) const PAGE_CAP: u32 = 200;
/// Rows of the timeline that follow on each other, and whether there are more on either side.
struct Run {
    /// Oldest first.
    rows: Vec<MessageRecord>,
    older: bool,
    newer: bool,
}

impl Run {
    fn page(self, tx: &Tx<'_>, me: PublicKey, chat: ChatId) -> Result<ipc::TimelinePage> {
        Ok(ipc::TimelinePage {
            messages: views::messages(tx, me, chat, &self.rows)?,
            older: self.rows.first().filter(|_| self.older).map(views::cursor),
            newer: self.rows.last().filter(|_| self.newer).map(views::cursor),
            first_unread: tx.first_unread(chat)?.map(|first| first.id.0),
        })
    }
}

/// Up to `limit` rows older than `before`, oldest first.
pub(crate) async fn page(account: &Arc<Account>, chat: &str, before: Option<ipc::Cursor>, limit: u32) -> Result<ipc::TimelinePage> {
    read(account, chat, limit, move |tx, chat, limit| {
        let before = before.map(place);
        // One more tells whether there is anything older.
        let mut rows = tx.message_page(chat, before, limit + 1)?;
        let older = cut(&mut rows, limit);
        rows.reverse();
        Ok(Run { rows, older, newer: before.is_some() })
    })
    .await
}

/// Up to `limit` rows newer than `after`, oldest first.
pub(crate) async fn page_after(account: &Arc<Account>, chat: &str, after: ipc::Cursor, limit: u32) -> Result<ipc::TimelinePage> {
    read(account, chat, limit, move |tx, chat, limit| {
        let mut rows = tx.message_page_after(chat, place(after), limit + 1)?;
        let newer = cut(&mut rows, limit);
        Ok(Run { rows, older: true, newer })
    })
    .await
}

/// Up to `limit` rows with a message in their middle, oldest first; what one side lacks the other makes up for.
pub(crate) async fn page_around(account: &Arc<Account>, chat: &str, message: i64, limit: u32) -> Result<ipc::TimelinePage> {
    read(account, chat, limit, move |tx, chat, limit| {
        let middle = tx.message(MessageId(message))?.filter(|row| row.chat == chat && !row.withdrawn && views::is_shown(row.kind));
        let middle = middle.ok_or_else(|| Error::not_found("This message"))?;
        let key = middle.place();
        let mut rows = tx.message_page(chat, Some(key), limit)?;
        let mut after = tx.message_page_after(chat, key, limit)?;
        let others = limit - 1;
        let before_cap = (others / 2).max(others.saturating_sub(length(&after)));
        let older = cut(&mut rows, before_cap);
        let newer = cut(&mut after, others.saturating_sub(length(&rows)));
        rows.reverse();
        rows.push(middle);
        rows.append(&mut after);
        Ok(Run { rows, older, newer })
    })
    .await
}

async fn read(
    account: &Arc<Account>,
    chat: &str,
    limit: u32,
    run: impl FnOnce(&Tx<'_>, ChatId, u32) -> Result<Run> + Send + 'static,
) -> Result<ipc::TimelinePage> {
    let (me, chat) = (account.pubkey(), chat.to_owned());
    let limit = limit.clamp(1, PAGE_CAP);
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?.id;
            run(tx, chat, limit)?.page(tx, me, chat)
        })
        .await
}

/// Leaves `cap` rows; `true` if there were more.
fn cut(rows: &mut Vec<MessageRecord>, cap: u32) -> bool {
    let more = length(rows) > cap;
    rows.truncate(cap as usize);
    more
}

fn length(rows: &[MessageRecord]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}

/// The place that a window or a command line names.
pub(crate) const fn place(cursor: ipc::Cursor) -> PageKey {
    PageKey { at: cursor.at, tie: cursor.tie, id: MessageId(cursor.seq) }
}

/// Marks everything as read that came up to a message, or stands no lower than it.
pub(crate) async fn mark_read(account: &Arc<Account>, chat: &str, message: i64) -> Result<()> {
    let chat = chat.to_owned();
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?;
        let row = tx.message(MessageId(message))?.filter(|row| row.chat == chat.id);
        let row = row.ok_or_else(|| Error::not_found("This message"))?;
        let read = tx.read_down_to(chat.id, row.place())?.max(row.id);
        if tx.mark_read(chat.id, read)? {
            changes.chat(chat.id);
        }
        choice::was_read(tx, changes, chat.id)
    })
    .await
}
