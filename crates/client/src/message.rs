//! Messages: written, annotated, found, and gone when their time is over.
//! It opens no socket: [`crate::outbox`] sends.

pub(crate) mod annotate;
pub(crate) mod choice;
pub(crate) mod deletion;
pub(crate) mod drafts;
pub(crate) mod expiry;
pub(crate) mod mentions;
pub(crate) mod order;
pub(crate) mod records;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod timeline;
