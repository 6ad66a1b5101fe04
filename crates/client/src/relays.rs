//! The relays of the account, and how the connections stand.
//! It dials nothing.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;
use crate::{Error, Result};

pub(crate) async fn list(_account: &Arc<Account>) -> Result<Vec<String>> {
    Ok(Vec::new())
}

pub(crate) async fn set(_account: &Arc<Account>, _relays: Vec<String>) -> Result<()> {
    Err(Error::internal("not there yet"))
}

/// Relays, connections and the outbox, as the window shows them.
pub(crate) async fn network(_account: &Arc<Account>) -> Result<ipc::NetworkState> {
    Ok(ipc::NetworkState::default())
}

/// Emits the network state; call it when a connection, the outbox or the catch-up changed.
pub(crate) async fn network_changed(account: &Arc<Account>) {
    if let Ok(network) = network(account).await {
        account.bus.emit(ipc::EventKind::Network { network });
    }
}
