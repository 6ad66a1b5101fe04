//! The test kit: relays that fail on purpose, and whole conversations that a seed decides.
//! Never part of the app.

pub mod dice;
pub mod faults;
pub mod faulty_relay;
pub mod fuzz;
pub mod internet;
pub mod kept_relay;
pub mod ledger;
pub mod outcome;
pub mod person;
pub mod plan;
pub mod relay;
pub mod simulation;
mod storm;
