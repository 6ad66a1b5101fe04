//! Owns what the window sees of chats, their members and invitations.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::message::{Excerpt, Unsent};
use crate::Mute;

/// How a group stands for this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// A member.
    Active,
    /// Leaving: nothing is sent any more, another member has yet to confirm.
    Leaving,
    /// Left.
    Left,
    /// Removed by an admin.
    Removed,
    /// This device cannot follow the group any more: an admin has to remove the account and invite it again.
    Stranded,
    /// Ended for good by an admin.
    Ended,
}

/// One row of the chat list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ChatRow {
    /// Names the chat in every command: the MLS group id in hex.
    pub id: String,
    /// The group's name, or the members' names where it has none.
    pub name: String,
    /// How the group stands.
    pub state: GroupState,
    /// The newest message; `None` where there is none.
    pub preview: Option<Excerpt>,
    /// Who wrote it, as shown; empty for system rows, those of somebody who is blocked, and where there is none.
    pub preview_sender: String,
    /// Time of the last message, Unix seconds; sorts the list below the pinned chats, newest first.
    #[ts(type = "number")]
    pub last_activity: u64,
    /// Messages of others that were not read yet.
    pub unread: u32,
    /// Those of them that name the account or answer it; at most 999.
    pub mentions: u32,
    /// Shown as unread because the person wants it so, whatever was read.
    pub marked_unread: bool,
    /// Start of what was written and not sent yet, one line; empty where there is nothing.
    pub draft: String,
    /// Place among the pinned chats, from 0; they come first.
    pub pinned: Option<u32>,
    /// Out of the way until a message comes that is not muted.
    pub archived: bool,
    /// No notices, and its unread messages stay out of the badge; its mentions do not.
    pub muted: Option<Mute>,
    /// In a conversation of two that nobody else was ever in: the other person, 64 hex digits.
    pub direct: Option<String>,
    /// Own messages that failed.
    pub failed: u32,
    /// Number of member accounts.
    pub members: u32,
}

/// Everything the details panel of a group shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GroupDetails {
    /// As in [`ChatRow::id`].
    pub id: String,
    /// The group's name; may be empty.
    pub name: String,
    /// The group's description; may be empty.
    pub description: String,
    /// How the group stands.
    pub state: GroupState,
    /// The MLS epoch.
    #[ts(type = "number")]
    pub epoch: u64,
    /// Relays that carry the group.
    pub relays: Vec<String>,
    /// All members; the account itself first, then by name.
    pub members: Vec<MemberView>,
    /// Whether the account is an admin.
    pub i_am_admin: bool,
    /// Seconds after which messages disappear; 0 is never.
    #[ts(type = "number")]
    pub retention: u64,
    /// URL of the group's picture; `None` where there is none. It is not fetched without consent.
    pub avatar: Option<String>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MemberView {
    /// The public key, 64 hex digits.
    pub pubkey: String,
    /// The public key, bech32.
    pub npub: String,
    /// The person's name, or a short form of the npub.
    pub name: String,
    /// Whether the member is an admin.
    pub is_admin: bool,
    /// Whether it is the account itself.
    pub is_me: bool,
    /// How the invitation stands with which the account added this person; `None` where somebody else did, where the person was heard since,
    /// or long ago.
    pub invitation: Option<InvitationState>,
}

/// How far an invitation got. That it was accepted by a relay says nothing about whether its reader has joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum InvitationState {
    /// On no relay yet.
    Waiting,
    /// On this many of the relays on which the person is reached.
    Sent {
        /// Relays that said OK.
        accepted: u32,
        /// Relays that are tried.
        relays: u32,
    },
    /// No relay took it. Inviting the person again sends it again.
    Failed {
        /// Why.
        cause: Unsent,
        /// Why, in plain words, in English; may quote a relay.
        reason: String,
    },
}

/// What creating a group, or inviting, came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GroupCreated {
    /// The chat.
    pub chat: String,
    /// People who could not be invited; the group exists without them.
    pub not_invited: Vec<NotInvited>,
}

/// Somebody who could not be invited, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct NotInvited {
    /// Who.
    pub npub: String,
    /// Why.
    pub refusal: Refusal,
}

/// Why somebody cannot be invited now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Refusal {
    /// What is in the way.
    pub obstacle: Obstacle,
    /// In plain words, in English, and exactly.
    pub reason: String,
}

/// What is in the way of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// They are in the group already.
    Member,
    /// No relay could be asked.
    Offline,
    /// No relay knows where they are reached.
    NoInbox,
    /// They have published no key package.
    NoKeyPackage,
    /// Their app makes groups of an older or another kind.
    OtherApp,
    /// Their key package has run out.
    Lapsed,
    /// Their key package is broken, or lacks something that the group requires.
    Unusable,
}
