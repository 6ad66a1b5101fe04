//! Owns how the desktop around the window stands.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A language in which the app speaks outside of its window, and asks. The window has the words of its pages itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Dutch.
    Nl,
}

/// What the desktop around the window offers and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Desktop {
    /// Whether the app is in a tray, so that closing the window hides it.
    pub tray: bool,
    /// Whether the app starts with the session; `None` where the system does not say.
    pub autostart: Option<bool>,
}
