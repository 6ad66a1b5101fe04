//! Invitations: kept until somebody accepts or declines them.
//! It joins nothing by itself.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;
use crate::{Error, Result};

pub(crate) async fn list(_account: &Arc<Account>) -> Result<Vec<ipc::RequestView>> {
    Ok(Vec::new())
}

pub(crate) async fn accept(_account: &Arc<Account>, _request: &str) -> Result<String> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn decline(_account: &Arc<Account>, _request: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}
