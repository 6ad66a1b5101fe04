//! What was written in a chat and not sent yet: kept so that it survives another chat, the end of the program, and a failure.
//! It sends nothing.

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode};
use murmel_store::{ChatId, DraftRecord, KIND_CHAT, MessageId, Tx};

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::{Error, Result, views};

/// Longest text of a draft, in bytes.
pub(crate) const DRAFT_BYTES_CAP: usize = 64 * 1024;

/// The draft of a chat; an empty one where there is none.
pub(crate) async fn get(account: &Arc<Account>, chat: &str) -> Result<ipc::Draft> {
    let chat = chat.to_owned();
    account.db.read(move |tx, _| read(tx, views::find(tx, &chat)?.id)).await
}

/// The draft of a chat without what it refers to that is gone.
fn read(tx: &Tx<'_>, chat: ChatId) -> Result<ipc::Draft> {
    let DraftRecord { text, reply_to, edit } = tx.draft(chat)?.unwrap_or_default();
    let reply_to = reply_to.map(|id| is_there(tx, chat, id).map(|there| there.then_some(id.0))).transpose()?.flatten();
    let edit = match edit {
        Some((id, text)) if is_there(tx, chat, id)? => Some(ipc::DraftEdit { message: id.0, text }),
        _ => None,
    };
    Ok(ipc::Draft { text, reply_to, edit })
}

fn is_there(tx: &Tx<'_>, chat: ChatId, message: MessageId) -> Result<bool> {
    let row = tx.message(message)?.filter(|row| row.chat == chat && row.kind == KIND_CHAT && !row.erased && !row.withdrawn);
    Ok(row.is_some())
}

/// Replaces the draft of a chat; an empty one forgets it.
pub(crate) async fn set(account: &Arc<Account>, chat: &str, draft: ipc::Draft) -> Result<()> {
    let longest = draft.text.len().max(draft.edit.as_ref().map_or(0, |edit| edit.text.len()));
    if longest > DRAFT_BYTES_CAP {
        return Err(Error::new(ErrorCode::TooLarge, format!("A draft can have at most {DRAFT_BYTES_CAP} bytes; this one has {longest}.")));
    }
    let chat = chat.to_owned();
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?.id;
        let record = DraftRecord {
            text: if draft.text.trim().is_empty() { String::new() } else { draft.text },
            reply_to: draft.reply_to.map(MessageId),
            edit: draft.edit.map(|edit| (MessageId(edit.message), edit.text)),
        };
        put(tx, changes, chat, &record)
    })
    .await
}

/// A text was sent: what of the draft it was is not a draft any more. Part of the transaction that sends, so that a crash leaves no
/// draft of something that was sent.
pub(crate) fn sent(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId, text: &str) -> Result<()> {
    match tx.draft(chat)? {
        Some(draft) if draft.text.trim() == text.trim() => {
            put(tx, changes, chat, &DraftRecord { text: String::new(), reply_to: None, ..draft })
        }
        _ => Ok(()),
    }
}

/// A message was edited: its change is not a draft any more.
pub(crate) fn edited(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId, message: MessageId) -> Result<()> {
    match tx.draft(chat)? {
        Some(draft) if draft.edit.as_ref().is_some_and(|(edited, _)| *edited == message) => {
            put(tx, changes, chat, &DraftRecord { edit: None, ..draft })
        }
        _ => Ok(()),
    }
}

fn put(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId, draft: &DraftRecord) -> Result<()> {
    if tx.put_draft(chat, draft)? {
        changes.chat(chat);
    }
    Ok(())
}
