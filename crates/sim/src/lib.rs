//! The test kit: relays that fail on purpose.
//! Never part of the app.

pub mod faulty_relay;
pub mod fuzz;
