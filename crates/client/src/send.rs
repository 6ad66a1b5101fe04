//! A text, from the composer into the outbox, in one transaction.
//! It opens no socket.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;
use crate::{Error, Result};

pub(crate) async fn send(_account: &Arc<Account>, _args: ipc::SendMessage) -> Result<ipc::MessageView> {
    Err(Error::internal("not there yet"))
}
