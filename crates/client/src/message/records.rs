//! Messages as the wire has them, for the terminal.
//! It projects nothing.

use std::sync::Arc;

use murmel_ipc as ipc;
use murmel_store::{KIND_SYSTEM, MessageId, MessageRecord, Tx};
use nostr::EventId;

use crate::account::Account;
use crate::{Result, views};

/// A message as the wire has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Names the message in commands, as in [`ipc::MessageView::id`].
    pub message: i64,
    /// Id of the inner event, hex.
    pub id: String,
    /// Public key of the author, hex.
    pub sender: String,
    /// Kind of the inner event.
    pub kind: u16,
    /// Content of the inner event.
    pub content: String,
    /// Tags of the inner event.
    pub tags: Vec<Vec<String>>,
    /// Unix seconds, as the author states them.
    pub created_at: u64,
    /// How far it got.
    pub state: ipc::MessageState,
    /// Whether the account wrote it.
    pub mine: bool,
    /// What each relay said; empty for messages of others.
    pub relays: Vec<ipc::Delivery>,
}

/// Rows returned at most.
pub(crate) const RECORDS_CAP: u32 = 10_000;

/// The messages of a chat that arrived last, of every kind that came over the wire: at most `limit`, oldest first.
pub(crate) async fn list(account: &Arc<Account>, chat: &str, limit: u32) -> Result<Vec<Record>> {
    let chat = chat.to_owned();
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            let rows = tx.newest_arrivals(chat.id, limit.min(RECORDS_CAP))?;
            rows.into_iter().map(|row| record(tx, row)).collect()
        })
        .await
}

/// One message; `None` for a row that no message on the wire stands for.
pub(crate) async fn get(account: &Arc<Account>, message: i64) -> Result<Option<Record>> {
    account
        .db
        .read(move |tx, _| {
            let row = tx.message(MessageId(message))?.filter(|row| row.kind != KIND_SYSTEM);
            row.map(|row| record(tx, row)).transpose()
        })
        .await
}

/// The message of a chat that has this event id, 64 hex digits.
pub(crate) async fn by_event(account: &Arc<Account>, chat: &str, event: &str) -> Result<Option<Record>> {
    let chat = chat.to_owned();
    let Ok(event) = EventId::from_hex(event) else { return Ok(None) };
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            let row = tx.message_by_event(chat.id, &event)?.filter(|row| row.kind != KIND_SYSTEM);
            row.map(|row| record(tx, row)).transpose()
        })
        .await
}

fn record(tx: &Tx<'_>, row: MessageRecord) -> Result<Record> {
    Ok(Record {
        message: row.id.0,
        id: row.event_id.to_hex(),
        sender: row.sender.to_hex(),
        kind: row.kind,
        state: views::state(tx, &row)?,
        relays: if row.mine { views::deliveries(tx, &row)? } else { Vec::new() },
        content: row.content,
        tags: row.tags,
        created_at: row.at,
        mine: row.mine,
    })
}
