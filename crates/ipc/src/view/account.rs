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
    /// A vault waits for its passphrase.
    Locked {
        /// Whose vault it is.
        npub: String,
    },
    /// There is data of an account, but its key cannot be had. Nothing is created over it.
    KeyUnavailable {
        /// Whose data it is.
        npub: String,
        /// Whether the keychain merely refuses (`true`), or no longer has the key (`false`).
        retryable: bool,
        /// What happened and what to do.
        message: String,
    },
    /// Open.
    Ready {
        /// The open account.
        account: AccountView,
    },
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
