//! Owns the person's choices.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::WhoMayAdd;

/// The person's choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Whether notifications show who wrote and what.
    pub notification_text: bool,
    /// Whose invitations are shown.
    pub who_may_add_me: WhoMayAdd,
}
