//! What the headless tests share: members of a group at the level of the engine, each with its own database file.
//! It never simulates the engine or the store; only the network between members is a function call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod attacker;
pub mod foreign;
pub mod member;

pub use member::{Member, NOW};
