//! Owns what the window sees of whether people can reach the account.

use serde::Serialize;
use ts_rs::TS;

/// Whether people can reach the account: what it published, read back from each relay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct Reachability {
    /// The answer.
    pub state: ReachState,
    /// When it was looked at last, Unix seconds.
    #[ts(type = "number | null")]
    pub checked_at: Option<u64>,
    /// Whether it is being looked at now.
    pub checking: bool,
    /// The parts that people need.
    pub parts: Vec<ReachPart>,
}

/// Whether people can reach the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReachState {
    /// Not looked at yet.
    #[default]
    Unknown,
    /// Yes: each part is on at least one relay that answered.
    Yes,
    /// Yes, but some relays lack a part.
    Partly,
    /// No: a part is nowhere.
    No,
}

/// One of the things that people need to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ReachPart {
    /// Which.
    pub name: ReachName,
    /// The answer for this part.
    pub state: ReachState,
    /// Why it is not `yes`, and what to do, in plain words; else empty.
    pub reason: String,
    /// What `fix_reachability` would do about it.
    pub fix: ReachFix,
    /// Each relay on which it should be.
    pub relays: Vec<ReachRelay>,
}

/// The things that people need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReachName {
    /// The list of where the account publishes (kind 10002).
    RelayList,
    /// The list of where the account is reached (kind 10050).
    InboxList,
    /// A key package, with which the account can be invited (kind 30443).
    KeyPackage,
}

/// What would help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReachFix {
    /// Nothing is wrong.
    None,
    /// Publish it again.
    Publish,
    /// Nothing of ours: the relays have to be reachable.
    Connection,
    /// Other relays have to be chosen; these do not take it.
    OtherRelays,
}

/// One relay's part in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ReachRelay {
    /// The address.
    pub url: String,
    /// What it has.
    pub found: Found,
    /// The relay's words or ours, where it could not be read.
    pub detail: String,
}

/// What a relay has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The newest version.
    Current,
    /// An older version.
    Outdated,
    /// None.
    Missing,
    /// It did not answer.
    Unread,
}
