//! Messages as the wire has them, for the terminal.
//! It projects nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use murmel_ipc as ipc;
use murmel_store::{KIND_SYSTEM, MessageId, MessageRecord, Tx};

use crate::account::Account;
use crate::{Result, views};

/// A message as the wire has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
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

/// Rows read at a time.
const CHUNK: u32 = 500;
/// Rows returned at most.
pub(crate) const RECORDS_CAP: u32 = 10_000;

/// Every message of a chat, of every kind that came over the wire: the newest `limit`, oldest first.
pub(crate) async fn list(account: &Arc<Account>, chat: &str, limit: u32) -> Result<Vec<Record>> {
    let chat = chat.to_owned();
    let limit = limit.min(RECORDS_CAP) as usize;
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            let mut newest: VecDeque<MessageRecord> = VecDeque::new();
            let mut after = MessageId(0);
            loop {
                let rows = tx.messages_after(chat.id, after, CHUNK)?;
                let Some(last) = rows.last() else { break };
                after = last.id;
                newest.extend(rows.into_iter().filter(|row| row.kind != KIND_SYSTEM));
                newest.drain(..newest.len().saturating_sub(limit));
            }
            newest.into_iter().map(|row| record(tx, row)).collect()
        })
        .await
}

fn record(tx: &Tx<'_>, row: MessageRecord) -> Result<Record> {
    Ok(Record {
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
