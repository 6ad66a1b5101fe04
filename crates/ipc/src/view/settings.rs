//! Owns the person's choices.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The person's choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Whether notifications show who wrote and what.
    pub notification_text: bool,
}
