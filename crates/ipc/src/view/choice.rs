//! Owns what the person decided about a chat, and what was written in it and not sent yet.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A chat that is silent: no notices, and nothing in the badge. Messages that name the account break through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Mute {
    /// Until when, Unix seconds; `None` is for ever.
    #[ts(type = "number | null")]
    pub until: Option<u64>,
}

/// For how long a chat is to be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MuteFor {
    /// One hour.
    Hour,
    /// Eight hours.
    EightHours,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// For ever.
    Always,
}

/// What stands in the composer of a chat. An empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// The text of a new message; at most 64 KiB of UTF-8.
    pub text: String,
    /// The message that it answers, as in [`crate::MessageView::id`].
    #[ts(type = "number | null")]
    pub reply_to: Option<i64>,
    /// A message of the account's own that is being changed. The new message is kept beside it.
    pub edit: Option<DraftEdit>,
}

/// A change of a message that was not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftEdit {
    /// Which, as in [`crate::MessageView::id`].
    #[ts(type = "number")]
    pub message: i64,
    /// Its new text; at most 64 KiB of UTF-8.
    pub text: String,
}
