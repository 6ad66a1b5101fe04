//! Owns the person's choices.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::WhoMayAdd;

/// The person's choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Whose invitations are shown.
    pub who_may_add_me: WhoMayAdd,
}
