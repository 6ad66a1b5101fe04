//! Owns what the window sees of the account's relay lists and of how each relay behaves.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a relay is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RelayRole {
    /// Where people reach the account: invitations arrive there (NIP-17, kind 10050).
    Reach,
    /// Where the account publishes what others look up: lists and key packages (NIP-65, kind 10002).
    Publish,
    /// Where a group's messages travel.
    Group,
}

/// The account's lists, and the relays of its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayLists {
    /// Where people reach the account.
    pub reach: Vec<RelayEntry>,
    /// Where the account publishes.
    pub publish: Vec<RelayEntry>,
    /// The relays of each group; only its admins can change them, with `move_group`.
    pub groups: Vec<GroupRelays>,
    /// Earlier versions of both lists, newest first; they can be restored.
    pub versions: Vec<RelayListVersion>,
    /// Whether what was chosen is published: a relay has it and handed it over again.
    pub published: bool,
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayEntry {
    /// The address.
    pub url: String,
    /// Whether the entry is for reading.
    pub read: bool,
    /// Whether the entry is for writing.
    pub write: bool,
    /// Whether Murmel uses it. The others were put there by another app; they stay, unless they are taken out explicitly.
    pub used: bool,
}

/// The relays of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GroupRelays {
    /// The chat, as in [`crate::ChatRow::id`].
    pub chat: String,
    /// Its name, as shown.
    pub name: String,
    /// Its relays.
    pub relays: Vec<String>,
    /// Whether the account may change them.
    pub i_am_admin: bool,
}

/// A list as it was published at some time, by this app or another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayListVersion {
    /// Names it for `restore_relay_list`.
    #[ts(type = "number")]
    pub id: i64,
    /// Which list.
    pub role: RelayRole,
    /// When it was made, by its own account, Unix seconds.
    #[ts(type = "number")]
    pub created_at: u64,
    /// Its entries.
    pub relays: Vec<String>,
    /// Whether it is the newest one that is known.
    pub current: bool,
}

/// What is to become of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RelayListEdit {
    /// Which list; not [`RelayRole::Group`].
    pub role: RelayRole,
    /// All relays that Murmel is to use for it.
    pub relays: Vec<String>,
    /// Entries of other apps that are to be taken out, too.
    pub remove: Vec<String>,
}

/// What an edit would change, worked out against what the relays have now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayListChange {
    /// Which list.
    pub role: RelayRole,
    /// Entries that would be new.
    pub added: Vec<String>,
    /// Entries that would be gone.
    pub removed: Vec<String>,
    /// Entries of other apps that would stay.
    pub kept: Vec<String>,
    /// The whole list afterwards.
    pub after: Vec<String>,
    /// Relays that were read, and handed over everything they have.
    pub read_from: Vec<String>,
    /// Relays that could not be read. Where all of them are here, nothing is known and nothing would be written.
    pub not_read: Vec<String>,
}

/// How one relay behaves on one of the two lines. Murmel keeps them apart, so that relays of groups never learn whose the connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayHealth {
    /// The address.
    pub url: String,
    /// The line.
    pub line: RelayLine,
    /// What the relay is for on this line; empty where it is only asked about other people.
    pub roles: Vec<RelayRole>,
    /// Where the connection stands.
    pub state: RelayState,
    /// The state as a sentence.
    pub words: String,
    /// How long it takes to answer, in milliseconds.
    pub latency: Option<u32>,
    /// The last thing that went wrong.
    pub last_error: Option<RelayError>,
    /// How we stand about authentication.
    pub auth: RelayAuth,
    /// When it last handed something over or took something, Unix seconds.
    #[ts(type = "number | null")]
    pub delivered_at: Option<u64>,
    /// When it is dialled again, Unix seconds, where it rests.
    #[ts(type = "number | null")]
    pub next_try_at: Option<u64>,
    /// 0 to 100; 50 where nothing is known. Relays with more are asked first; none is left out.
    pub score: u8,
}

/// Which of the two lines a connection is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RelayLine {
    /// The account's own: lists, key packages, invitations. It may tell a relay which account it is.
    Account,
    /// That of the groups: it tells nobody.
    Groups,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RelayState {
    /// Nobody needs it now.
    Idle,
    /// It is being dialled.
    Connecting,
    /// It is open.
    Connected,
    /// It failed; it is tried again.
    Resting,
    /// The address is not one that Murmel dials.
    Forbidden,
}

/// How a relay and the account stand about authentication (NIP-42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RelayAuth {
    /// It did not ask.
    None,
    /// It asked, and is being answered.
    Asked,
    /// It knows the account.
    Given,
    /// It did not accept the answer.
    Refused,
    /// It asked on the line of the groups, where nobody answers.
    Withheld,
}

/// Something that went wrong with a relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayError {
    /// In plain words; may quote the relay.
    pub words: String,
    /// When, Unix seconds.
    #[ts(type = "number")]
    pub at: u64,
}

/// The way that connections take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Proxy {
    /// Directly: relays see this computer's address.
    #[default]
    Off,
    /// Through Tor, as it listens on this computer.
    Tor,
    /// Through a SOCKS5 proxy.
    Socks {
        /// Its host: an IP address, or `localhost`.
        host: String,
        /// Its port.
        port: u16,
    },
    /// The choice cannot be read, so nothing is dialled. It cannot be chosen.
    Unreadable,
}
