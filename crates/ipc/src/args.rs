use serde::Deserialize;
use ts_rs::TS;

use crate::SecretText;

/// Create a fresh Nostr key and make it an account of this profile.
#[derive(Debug, Deserialize, TS)]
pub struct NewIdentity {
    /// What the person calls the account; kept on this computer. May be empty.
    pub name: String,
    /// Seals the vault where the computer has no keychain; `None` puts the key into the keychain.
    pub passphrase: Option<SecretText>,
}

/// Use a key that its owner already has.
#[derive(Debug, Deserialize, TS)]
pub struct ImportIdentity {
    /// nsec, 64 hex digits, ncryptsec, or seed words (NIP-06).
    pub key: SecretText,
    /// Opens an ncryptsec, or is the extra word of seed words; ignored for the other forms.
    pub password: Option<SecretText>,
    /// As in [`NewIdentity::passphrase`].
    pub passphrase: Option<SecretText>,
    /// Which account of seed words; 0 is the first one, and holds where nothing is given.
    #[serde(default)]
    #[ts(optional)]
    pub account_index: Option<u32>,
}

/// Open a vault that a passphrase seals.
#[derive(Debug, Deserialize, TS)]
pub struct Unlock {
    /// The passphrase the vault was sealed with; ignored where the key is in the keychain.
    pub passphrase: SecretText,
}

/// Open an account with its recovery code, because its keychain item or its passphrase is lost.
#[derive(Debug, Deserialize, TS)]
pub struct Recover {
    /// The code, with or without spaces and dashes.
    pub code: SecretText,
    /// Seals the key in a vault from now on; `None` puts it into the keychain.
    pub passphrase: Option<SecretText>,
}

/// Seal the vault with another passphrase.
#[derive(Debug, Deserialize, TS)]
pub struct ChangePassphrase {
    /// The passphrase that opens it now.
    pub old: SecretText,
    /// The one that opens it from now on.
    pub new: SecretText,
}

/// A group to create.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct NewGroup {
    /// At most 256 bytes of UTF-8.
    pub name: String,
    /// At most 4,096 bytes of UTF-8.
    pub description: String,
    /// Each an npub, an nprofile or 64 hex digits.
    pub people: Vec<String>,
}

/// A text for a chat.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct SendMessage {
    /// The chat, as in [`crate::ChatRow::id`].
    pub chat: String,
    /// The text, as typed.
    pub text: String,
    /// The message this one answers.
    #[ts(type = "number | null")]
    pub reply_to: Option<i64>,
}

/// A picture by URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct GroupAvatar {
    /// An https URL without user and fragment, at most 2,048 bytes.
    pub url: String,
    /// Width and height such as `640x480`; may be empty.
    pub dimension: String,
    /// A thumbhash; may be empty.
    pub thumbhash: String,
}

/// An encrypted picture on a Blossom server.
///
/// `Debug` is left out on purpose: the value holds secret keys.
#[derive(Clone, Deserialize, TS)]
pub struct GroupImage {
    /// SHA-256 of the encrypted bytes, 64 hex digits.
    pub hash: String,
    /// The key that opens them, 64 hex digits.
    pub key: String,
    /// The nonce that goes with it, 24 hex digits.
    pub nonce: String,
    /// The secret key that signed the upload, 64 hex digits.
    pub upload_key: String,
    /// MIME type of the picture.
    pub media_type: String,
}
