//! Owns whether the app starts with the session.
//! Never remembers it: what the system has is what is shown.

#[cfg(target_os = "linux")]
#[path = "autostart/entry.rs"]
mod place;
#[cfg(not(target_os = "linux"))]
#[path = "autostart/system.rs"]
mod place;

/// The argument with which the session starts it.
const ARGUMENT: &str = "--minimized";

pub use place::{is_on, set};
