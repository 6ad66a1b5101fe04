//! The keys of an account: where they are kept, what opens them, how they are taken along.
//! It decides nothing about groups and messages.

pub(crate) mod app_lock;
pub(crate) mod identity;
pub(crate) mod keychain;
pub(crate) mod recovery;
pub(crate) mod safety;
pub(crate) mod unavailable;
pub(crate) mod unlock;
pub(crate) mod vault;
