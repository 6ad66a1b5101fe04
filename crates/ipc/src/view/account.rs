//! Owns what the window sees of the account and of keys; never a secret.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where the profile stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Session {
    /// Nothing here yet: show the first run.
    FirstRun {
        /// Where a key would be kept.
        key_place: KeyPlace,
    },
    /// Locked: by the person, after a time without use, or because a vault waits for its passphrase.
    Locked {
        /// Whose account it is.
        npub: String,
        /// What opens it: the passphrase of the vault, or the keychain, which is asked again.
        key_place: KeyPlace,
        /// Whether a recovery code was made that opens it, too.
        recovery: bool,
    },
    /// There is data of an account, but its key cannot be had. Nothing is created over it.
    KeyUnavailable {
        /// Whose data it is.
        npub: String,
        /// Why, to branch on.
        reason: KeyFault,
        /// Whether asking again may help (`true`), or something has to be brought back first (`false`).
        retryable: bool,
        /// Whether a recovery code was made; where the key is what is missing, it opens the account.
        recovery: bool,
        /// What happened and what to do.
        message: String,
    },
    /// Open.
    Ready {
        /// The open account.
        account: AccountView,
    },
}

/// Why the key of an account cannot be had, or does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyFault {
    /// There is no keychain on this computer, or it does not run.
    KeychainMissing,
    /// The keychain is locked.
    KeychainLocked,
    /// The keychain, or its owner, said no.
    KeychainDenied,
    /// The keychain has not answered yet; should it answer later, the account opens by itself.
    KeychainSilent,
    /// The keychain failed in another way.
    KeychainFailed,
    /// The keychain no longer has an item for this account.
    KeyGone,
    /// The keychain's item is damaged, or of another identity.
    KeyChanged,
    /// The key does not open the database: one of the two was replaced, or the database is damaged at its beginning.
    KeyDoesNotFit,
    /// The vault file is missing, damaged or of another account.
    VaultDamaged,
    /// The database file is missing.
    DatabaseMissing,
    /// The database or the description beside it is damaged or cannot be read.
    DatabaseDamaged,
}

/// Where a secret key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The keychain of the operating system.
    Keychain,
    /// A file sealed by a passphrase.
    Vault,
}

/// The open account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct AccountView {
    /// The public key, bech32.
    pub npub: String,
    /// The name the person chose; may be empty.
    pub name: String,
    /// Where the secret key is kept.
    pub key_place: KeyPlace,
    /// A conversation with the companion on an embedded relay; can be removed without a trace.
    pub try_it: bool,
    /// Key package slots of other clients that were found at import and left alone.
    pub other_clients: u32,
}

/// One account of the profile, as a rail shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct AccountEntry {
    /// The public key, bech32.
    pub npub: String,
    /// The name the person chose; empty where there is none, or where the account was not open since the start.
    pub name: String,
    /// How it stands.
    pub state: AccountState,
    /// Unread messages in all its chats; 0 unless it is open.
    pub unread: u32,
}

/// How one of several accounts stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Open: it receives.
    Open,
    /// Locked: a passphrase or the keychain opens it.
    Locked,
    /// Its key or its database cannot be had.
    Unavailable,
    /// Left closed because only another one was asked for.
    Closed,
}

/// Where an account's key is, and what else opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct KeySafety {
    /// Where the key is kept.
    pub key_place: KeyPlace,
    /// Whether this computer has a keychain that could keep it.
    pub keychain: bool,
    /// Whether there is a recovery code.
    pub recovery: bool,
}

/// What logging out of an account deletes from this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct LogOutSummary {
    /// Whose account it is.
    pub npub: String,
    /// Its name; may be empty.
    pub name: String,
    /// Messages; `None` where the account is not open and nobody can count.
    pub messages: Option<u32>,
    /// Groups that the account is a member of.
    pub groups: Option<u32>,
    /// Messages and changes that no relay has yet.
    pub unsent: Option<u32>,
}

/// What came of logging out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct LoggedOut {
    /// Whether it was done; `false` where the person said no to the question.
    pub done: bool,
    /// Groups that could not be left, where that was asked for: their members go on seeing the account in them.
    pub not_left: Vec<NotLeft>,
}

/// A group that could not be left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct NotLeft {
    /// Its name.
    pub group: String,
    /// Why, in words.
    pub reason: String,
}

/// What a pasted key is, before it is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct KeyPreview {
    /// The form of the key.
    pub kind: KeyKind,
    /// The public key; `None` while an ncryptsec is closed.
    pub npub: Option<String>,
    /// Where the key will be kept.
    pub key_place: KeyPlace,
}

/// The form of a pasted key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// NIP-19 nsec.
    Nsec,
    /// 64 hex digits.
    Hex,
    /// NIP-49 ncryptsec: needs its password.
    Ncryptsec,
    /// NIP-06 seed words.
    Words,
}

/// A person named by an npub, an nprofile or 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PersonPreview {
    /// The public key, bech32.
    pub npub: String,
    /// The public key, 64 hex digits.
    pub pubkey: String,
    /// A name, where one is known.
    pub name: Option<String>,
    /// Whether it is the account itself.
    pub is_me: bool,
}
