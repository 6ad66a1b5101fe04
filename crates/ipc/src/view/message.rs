//! Owns what the window sees of messages: content, notes on it, and how far it came.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::SystemMessage;

/// A place in a timeline: `at` counts first, then `tie`, then `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cursor {
    /// Unix seconds of the row.
    #[ts(type = "number")]
    pub at: u64,
    /// Orders rows of the same time, for everybody alike; below 2⁴⁸.
    #[ts(type = "number")]
    pub tie: u64,
    /// Sequence of the row.
    #[ts(type = "number")]
    pub seq: i64,
}

/// A run of messages, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct TimelinePage {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// Ask for what is older than this; `None` at the beginning of the conversation.
    pub older: Option<Cursor>,
    /// Ask for what is newer than this; `None` at the end of the conversation.
    pub newer: Option<Cursor>,
    /// The first message that was not read when the page was made.
    #[ts(type = "number | null")]
    pub first_unread: Option<i64>,
}

/// A row of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MessageView {
    /// Never reused.
    #[ts(type = "number")]
    pub id: i64,
    /// Orders the timeline.
    pub cursor: Cursor,
    /// The chat it belongs to.
    pub chat: String,
    /// The author's public key, 64 hex digits.
    pub sender: String,
    /// The author's name as shown.
    pub sender_name: String,
    /// Whether the account wrote it.
    pub mine: bool,
    /// What the row shows.
    pub kind: MessageKind,
    /// Unix seconds, as the author states them.
    #[ts(type = "number")]
    pub at: u64,
    /// Unix seconds by this computer's clock, when it arrived or was written here. A row that came much later than the rows after it was
    /// delivered late.
    #[ts(type = "number")]
    pub received_at: u64,
    /// How far it got.
    pub state: MessageState,
    /// Of somebody else, and names the account or answers it.
    pub mentions_me: bool,
    /// The author is blocked: a line stands in its place until the person asks to see it.
    pub hidden: bool,
}

/// What is shown of a message on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Excerpt {
    /// The beginning of what it says.
    Text {
        /// One line.
        text: String,
    },
    /// It was deleted.
    Deleted,
    /// The author is blocked.
    Hidden,
    /// Something happened to the group.
    System {
        /// What happened.
        event: SystemMessage,
    },
}

/// What a row of the timeline shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MessageKind {
    /// A text.
    Text {
        /// The text; deleted messages have none.
        text: String,
        /// Whether the author replaced the text since.
        edited: bool,
        /// Whether the author deleted it.
        deleted: bool,
        /// The message it answers, where that one is here.
        #[ts(type = "number | null")]
        reply_to: Option<i64>,
        /// One line of the message it answers; `None` where that one is not here.
        quote: Option<Excerpt>,
        /// What people think of it, most chosen first.
        reactions: Vec<Reaction>,
        /// Whom it names; in the text each stands as `nostr:npub1…`.
        mentions: Vec<Mention>,
    },
    /// Something happened to the group.
    System {
        /// What happened.
        event: SystemMessage,
    },
}

/// An emoji, and who chose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Reaction {
    /// The emoji, or another short text; `+` is a like.
    pub emoji: String,
    /// How many people chose it.
    pub count: u32,
    /// Whether the account did.
    pub mine: bool,
    /// Names of those who chose it, the account first; not more than can be shown.
    pub people: Vec<String>,
}

/// Somebody whom a message names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Mention {
    /// The public key, bech32: as it stands in the text, after `nostr:`.
    pub npub: String,
    /// The name as shown.
    pub name: String,
    /// Whether it is the account itself.
    pub is_me: bool,
}

/// One text that a message had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Revision {
    /// The text.
    pub text: String,
    /// Unix seconds, as the author states them.
    #[ts(type = "number")]
    pub at: u64,
}

/// How far a message got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// Somebody else's.
    Received,
    /// Safe on this computer, not on any relay yet.
    Queued,
    /// On `accepted` of `relays` relays.
    Sent {
        /// Relays that said OK.
        accepted: u32,
        /// Relays of the group.
        relays: u32,
    },
    /// Every relay refused, or the group takes it no more.
    Failed {
        /// Why.
        cause: Unsent,
        /// Why, in plain words, in English; may quote a relay.
        reason: String,
    },
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Unsent {
    /// Every relay refused it.
    Refused,
    /// The person took it back.
    ByUser,
    /// A change of somebody else took its place.
    Overtaken,
    /// It belongs to a branch of the group that lost, and could not be sent again.
    OtherBranch,
    /// The group went on without us.
    LeftOut,
    /// The group was ended before any relay had it.
    Ended,
    /// A newer version took its place.
    Replaced,
    /// The group was joined anew.
    Rejoined,
    /// It is larger than what can be sent.
    TooLarge,
}

/// What one relay said of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Delivery {
    /// The relay.
    pub relay: String,
    /// What it said last.
    pub answer: DeliveryAnswer,
    /// The relay's own words, or ours; may be empty.
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Unix seconds of the last attempt; `None` before the first.
    #[ts(type = "number | null")]
    pub at: Option<u64>,
}

/// What a relay said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryAnswer {
    /// Not tried yet.
    Waiting,
    /// `OK true`.
    Accepted,
    /// `OK false`.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The connection could not be made, or broke.
    Unreachable,
}
