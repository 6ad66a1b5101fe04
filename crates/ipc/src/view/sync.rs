//! Owns what the window sees of the outbox, of catching up, and of what keeps messages from being read.

use serde::Serialize;
use ts_rs::TS;

use crate::Delivery;

/// Something on its way to relays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct OutboxItem {
    /// Names it for `retry_outbox`.
    #[ts(type = "number")]
    pub id: i64,
    /// What it is.
    pub kind: OutboxKind,
    /// The chat, as in [`crate::ChatRow::id`], where it belongs to one.
    pub chat: Option<String>,
    /// The chat's name.
    pub chat_name: String,
    /// The message, where it carries one that is shown: as in [`crate::MessageView::id`].
    #[ts(type = "number | null")]
    pub message: Option<i64>,
    /// When it was handed over, Unix seconds.
    #[ts(type = "number")]
    pub created_at: u64,
    /// Whether every relay refused it. Otherwise it waits, and is tried again by itself.
    pub failed: bool,
    /// What the last relay said that refused it, where it failed; may be empty.
    pub refusal: String,
    /// What each relay said.
    pub relays: Vec<Delivery>,
}

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    /// A message, reaction, edit or deletion.
    Message,
    /// A change of a group.
    Change,
    /// An invitation.
    Invitation,
    /// One of the account's relay lists.
    RelayList,
    /// A key package.
    KeyPackage,
    /// Something else that is published, such as a profile.
    Other,
}

/// How far the account is behind, and what it cannot read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct SyncState {
    /// Whether everything that reachable relays have is here and applied.
    pub caught_up: bool,
    /// Events that were fetched in this catch-up.
    #[ts(type = "number")]
    pub fetched: u64,
    /// Events of those that are applied.
    #[ts(type = "number")]
    pub applied: u64,
    /// Events that are known to be still missing or not yet applied; `None` where no relay says how many.
    #[ts(type = "number | null")]
    pub remaining: Option<u64>,
    /// Relays that have not handed over everything yet, and can be reached.
    pub relays_open: u32,
    /// Where something may be missing; each heals by itself.
    pub gaps: Vec<Gap>,
    /// Groups that receive only what cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The computer's clock, where it is wrong.
    pub clock: Option<ClockFault>,
}

/// A place where something may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Gap {
    /// The chat; `None` for invitations.
    pub chat: Option<String>,
    /// The relay that has not handed everything over.
    pub relay: String,
    /// Everything before this is here: local clock, Unix seconds; `None` where nothing was read yet.
    #[ts(type = "number | null")]
    pub since: Option<u64>,
    /// Why.
    pub cause: GapCause,
    /// Why, in plain words, in English; may quote the relay.
    pub reason: String,
}

/// Why something may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The relay does not hand it over.
    Refused,
    /// The relay cannot be reached.
    OutOfReach,
    /// The relay does not say whether what it handed over is everything.
    Unfinished,
    /// More came than could be taken at once.
    Flood,
}

/// A group that receives only what cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Unreadable {
    /// The chat.
    pub chat: String,
    /// Its name.
    pub name: String,
    /// Events that could not be read since the last one that could.
    pub events: u32,
    /// Since when, local clock, Unix seconds.
    #[ts(type = "number")]
    pub since: u64,
    /// What happened and what to do, in plain words.
    pub words: String,
}

/// The computer's clock is wrong, as far as relays can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ClockFault {
    /// By how many seconds the clock is ahead; negative where it is behind.
    #[ts(type = "number")]
    pub ahead: i64,
    /// Relays that say so.
    pub relays: u32,
    /// What it means and what to do, in plain words.
    pub words: String,
}
