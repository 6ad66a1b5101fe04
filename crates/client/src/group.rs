//! Groups: who is in them, what they are like, how one comes in and goes.
//! What is said in them is [`crate::message`]; what relays hand over comes in by [`crate::receive`].

pub(crate) mod departures;
pub(crate) mod ending;
pub(crate) mod group_state;
pub(crate) mod groups;
pub(crate) mod intent;
pub(crate) mod invitations;
pub(crate) mod invitees;
pub(crate) mod key_package;
pub(crate) mod membership;
pub(crate) mod pairs;
pub(crate) mod rejoining;
pub(crate) mod requests;
pub(crate) mod rotation;
