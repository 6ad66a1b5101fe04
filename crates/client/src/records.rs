//! Messages as the wire has them, for the terminal.
//! It projects nothing.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;
use crate::{Error, Result};

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

pub(crate) async fn list(_account: &Arc<Account>, _chat: &str, _limit: u32) -> Result<Vec<Record>> {
    Err(Error::internal("records are not there yet"))
}
