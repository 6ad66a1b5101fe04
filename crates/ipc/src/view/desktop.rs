//! Owns how the desktop around the window stands.

use serde::Serialize;
use ts_rs::TS;

/// What the desktop around the window offers and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Desktop {
    /// Whether the app is in a tray, so that closing the window hides it.
    pub tray: bool,
    /// Whether the app starts with the session; `None` where the system does not say.
    pub autostart: Option<bool>,
}
