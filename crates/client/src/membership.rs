//! Changes of who is in a group and what it is called: staged, published, then merged.
//! It merges nothing that no relay has accepted.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;
use crate::{Error, Result};

pub(crate) async fn create(_account: &Arc<Account>, _args: ipc::NewGroup) -> Result<ipc::GroupCreated> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn invite(_account: &Arc<Account>, _chat: &str, _people: Vec<String>) -> Result<Vec<ipc::NotInvited>> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn remove(_account: &Arc<Account>, _chat: &str, _person: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn promote(_account: &Arc<Account>, _chat: &str, _person: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn demote(_account: &Arc<Account>, _chat: &str, _person: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn rename(_account: &Arc<Account>, _chat: &str, _name: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn describe(_account: &Arc<Account>, _chat: &str, _text: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}

pub(crate) async fn leave(_account: &Arc<Account>, _chat: &str) -> Result<()> {
    Err(Error::internal("not there yet"))
}

/// The outbox calls this once when the first relay has accepted an event with purpose commit.
pub(crate) async fn accepted(_account: &Arc<Account>, _outbox: i64) {}

/// The outbox calls this when every relay has refused an event with purpose commit for good.
pub(crate) async fn refused(_account: &Arc<Account>, _outbox: i64, _reason: String) {}
