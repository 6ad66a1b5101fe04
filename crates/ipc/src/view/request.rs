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
    /// Who is in it, as far as that is kept: the inviter first, then people known here. At most 20.
    pub people: Vec<RequestPerson>,
    /// How many of the members are contacts of the account.
    pub known: u32,
    /// A conversation with the inviter alone.
    pub direct: bool,
    /// Unix seconds when it arrived here.
    #[ts(type = "number")]
    pub received_at: u64,
    /// Why it cannot be accepted, in a sentence; `None` where it can.
    pub problem: Option<String>,
}

/// Somebody in the group of an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RequestPerson {
    /// The public key, bech32.
    pub npub: String,
    /// The nickname or the name of their profile, else a short form of the npub.
    pub name: String,
    /// Has a nickname, or a conversation with them was begun or accepted.
    pub is_contact: bool,
}
