//! Owns what the desktop is told of, and when it is left in peace.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How much a notification gives away to somebody who looks at the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotificationPrivacy {
    /// There are none.
    Off,
    /// How many messages wait, and not where or from whom.
    Count,
    /// The chat and who wrote.
    Name,
    /// The chat, who wrote, and what. Messages that disappear never show their text.
    #[default]
    NameAndText,
}

/// Hours of the week without notifications, on the clock of this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuietHours {
    /// The days on which they begin, 0 is Monday and 6 is Sunday.
    pub days: Vec<u8>,
    /// When they begin, minutes after midnight.
    pub from: u16,
    /// When they end, minutes after midnight; on the next day where that is not later than `from`.
    pub to: u16,
}

/// What the person chose for notifications of all accounts on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct NotificationChoices {
    /// What they show.
    pub shows: NotificationPrivacy,
    /// Whether a message that names the account, or answers it, is announced from a silent chat.
    pub mentions_through_mute: bool,
    /// Whether they make a sound, where the system has one for them.
    pub sound: bool,
    /// Whether the entry in the task bar calls for attention.
    pub attention: bool,
    /// Whether the number of unread messages stands on the icon.
    pub badge: bool,
    /// When there are none.
    pub quiet: Option<QuietHours>,
}

impl Default for NotificationChoices {
    fn default() -> Self {
        Self { shows: NotificationPrivacy::default(), mentions_through_mute: true, sound: true, attention: true, badge: true, quiet: None }
    }
}

/// Whether the system shows notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotificationServer {
    /// It has not been asked yet.
    #[default]
    Unknown,
    /// It does.
    Ready,
    /// Nothing on this desktop shows them.
    Missing,
}

/// How notifications stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Notifications {
    /// What was chosen.
    pub choices: NotificationChoices,
    /// Until when there are none, Unix seconds; `None` where they are not paused.
    #[ts(type = "number | null")]
    pub paused_until: Option<u64>,
    /// Whether the system shows them.
    pub server: NotificationServer,
}

/// For how long there are no notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PauseFor {
    /// One hour.
    Hour,
    /// Until eight in the morning of the next day.
    Tomorrow,
}
