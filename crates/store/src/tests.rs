//! The store's tests, one file per concern.
//! They use real files, the real cipher and the real OpenMLS.

mod conversations;
mod disk;
mod kit;
mod mls;
mod outgoing;
mod plans;
mod records;
mod search;
mod traces;
mod transactions;
