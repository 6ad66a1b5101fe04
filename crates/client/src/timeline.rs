//! Pages of a conversation.
//! It changes nothing but the read mark.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;
use crate::{Error, Result};

pub(crate) async fn page(_account: &Arc<Account>, _chat: &str, _before: Option<ipc::Cursor>, _limit: u32) -> Result<ipc::TimelinePage> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn mark_read(_account: &Arc<Account>, _chat: &str, _message: i64) -> Result<()> {
    Err(Error::internal("not there yet"))
}
