//! Owns what the window sees of relays and of the set-up.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ErrorCode;

/// A step of the network set-up that follows the first run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SetupStep {
    /// Which step.
    pub name: SetupName,
    /// How it stands.
    pub state: StepState,
    /// What went wrong; `None` unless failed.
    pub code: Option<ErrorCode>,
    /// What went wrong and what to do, in English; empty unless failed.
    pub detail: String,
}

/// The steps of the network set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SetupName {
    /// Look for what other clients of this identity have published.
    LookUp,
    /// Publish where people reach this account (kinds 10002 and 10050).
    RelayLists,
    /// Publish a key package, so that people can invite (kind 30443).
    KeyPackage,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed; it is tried again, and can be retried by hand.
    Failed,
}

/// Relays and connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct NetworkState {
    /// All relays in use.
    pub relays: Vec<RelayView>,
    /// Events that wait to be published.
    pub outbox: u32,
    /// Whether the backlog is being fetched.
    pub catching_up: bool,
}

/// One relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayView {
    /// Its address.
    pub url: String,
    /// Whether there is a connection.
    pub connected: bool,
    /// Whether it is one of the account's own relays, as in its lists; the others are those of groups and of people to be reached.
    pub own: bool,
}
