//! The relays of an account, how the connections stand, and whether people can reach it.
//! It sends no message, and knows of groups only which relays they use.

pub(crate) mod awake;
pub(crate) mod clock_check;
pub(crate) mod lists;
pub(crate) mod reachability;
pub(crate) mod relay_health;
pub(crate) mod relay_lists;
pub(crate) mod relays;
pub(crate) mod setup;
