//! What the desktop app announces.

use clap::{Args as ClapArgs, ValueEnum};

/// What the desktop app announces; what is not given stays as it is.
#[derive(Debug, Default, ClapArgs)]
pub struct Notifications {
    /// How much a notification gives away.
    #[arg(long, value_name = "LEVEL")]
    pub shows: Option<Shows>,
    /// Whether a message that concerns the account is announced from a silent chat.
    #[arg(long, value_name = "BOOL")]
    pub mentions_through_mute: Option<bool>,
    /// Whether they make a sound.
    #[arg(long, value_name = "BOOL")]
    pub sound: Option<bool>,
    /// Silent every day between two times, such as 22:00-07:00; `off` ends that.
    #[arg(long, value_name = "FROM-TO")]
    pub quiet: Option<String>,
    /// Silent for a time.
    #[arg(long, value_name = "TIME")]
    pub pause: Option<Pause>,
}

/// How much a notification gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shows {
    /// There are none.
    Off,
    /// How many messages wait.
    Count,
    /// The chat and who wrote.
    Name,
    /// What was written, too.
    Text,
}

/// For how long notifications are paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pause {
    /// An hour.
    Hour,
    /// Until eight in the morning.
    Tomorrow,
    /// Not any longer.
    End,
}
