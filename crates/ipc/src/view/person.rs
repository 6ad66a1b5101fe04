//! Owns what the window sees of people outside of a group's list of members, and of the account's own profile.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::chat::Refusal;

/// A person, as far as anything is known of them. A name never stands for an identity: the public key does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PersonView {
    /// The public key, 64 hex digits.
    pub pubkey: String,
    /// The public key, bech32.
    pub npub: String,
    /// As shown everywhere: the nickname, else the name of the profile, else a short form of the npub.
    pub name: String,
    /// What they are called on this computer; empty where they have no nickname.
    pub nickname: String,
    /// The name that they published; empty where none is known.
    pub profile_name: String,
    /// What they say about themselves; may have several lines.
    pub about: String,
    /// URL of a picture, https. It is not fetched without consent.
    pub picture: Option<String>,
    /// URL of a page, https.
    pub website: Option<String>,
    /// The address that they give as theirs, such as `anna@example.org` (NIP-05).
    pub address: Option<String>,
    /// Whether that address is theirs.
    pub address_state: AddressState,
    /// When that was found out, Unix seconds.
    #[ts(type = "number | null")]
    pub address_at: Option<u64>,
    /// When the profile was looked up last, Unix seconds; `None` where it never was.
    #[ts(type = "number | null")]
    pub looked_at: Option<u64>,
    /// Whether it is the account itself.
    pub is_me: bool,
    /// Has a nickname, or a conversation with them was begun or accepted.
    pub is_contact: bool,
    /// Their messages are hidden, their invitations vanish.
    pub is_blocked: bool,
    /// The chats that they are in with the account, as in [`crate::ChatRow::id`].
    pub chats: Vec<String>,
    /// The conversation with them alone, where there is one.
    pub conversation: Option<String>,
}

/// Whether an address (NIP-05) belongs to the person who gives it as theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AddressState {
    /// Nobody asked the host yet, or it did not answer.
    Unknown,
    /// The host names this person.
    Verified,
    /// The host names somebody else, or nobody.
    Refuted,
}

/// Whether somebody can be invited now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Invitable {
    /// Who, bech32.
    pub npub: String,
    /// Why not; `None` where they can be.
    pub refusal: Option<Refusal>,
}

/// Who may invite the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WhoMayAdd {
    /// Everybody; the person here decides about each invitation.
    #[default]
    Anyone,
    /// People with a nickname, and those with whom a conversation was begun or accepted. Invitations of others vanish.
    Contacts,
    /// Invitations vanish.
    Nobody,
}

/// The account's own profile, as it was last seen on a relay or published from here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct OwnProfile {
    /// The fields that can be edited.
    pub fields: ProfileFields,
    /// When it was published, Unix seconds; `None` where nothing is published.
    #[ts(type = "number | null")]
    pub published_at: Option<u64>,
    /// Fields of other apps that stay as they are, by name.
    pub other_fields: Vec<String>,
}

/// What a profile says. Published, it can be read by anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProfileFields {
    /// At most 100 characters.
    pub name: String,
    /// At most 2,000 characters.
    pub about: String,
    /// An https URL, or empty.
    pub picture: String,
    /// An https URL, or empty.
    pub website: String,
    /// `name@host` (NIP-05), or empty.
    pub address: String,
}

/// A version of the account's own profile that can be published again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ProfileVersion {
    /// Names it in commands: the event id in hex.
    pub id: String,
    /// When it was published, Unix seconds.
    #[ts(type = "number")]
    pub published_at: u64,
    /// What it said.
    pub fields: ProfileFields,
}
