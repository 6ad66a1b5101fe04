//! Owns what the window sees of an invitation to this account.

use serde::Serialize;
use ts_rs::TS;

/// An invitation that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RequestView {
    /// Names the request in commands.
    pub id: String,
    /// The group's name; may be empty.
    pub group_name: String,
    /// The group's description; may be empty.
    pub description: String,
    /// Who invites, 64 hex digits. The only anchor of trust: it is authenticated.
    pub inviter: String,
    /// Who invites, bech32.
    pub inviter_npub: String,
    /// The inviter's name, or a short form of the npub.
    pub inviter_name: String,
    /// Number of member accounts.
    pub members: u32,
    /// Unix seconds when it arrived here.
    #[ts(type = "number")]
    pub received_at: u64,
    /// Why it cannot be accepted, in a sentence; `None` where it can.
    pub problem: Option<String>,
}
