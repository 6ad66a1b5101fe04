use serde::Deserialize;
use ts_rs::TS;

/// Create a fresh Nostr key and make it this profile's account.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct NewIdentity {
    /// What the person calls the account; kept on this computer. May be empty.
    pub name: String,
    /// Seals the vault where the computer has no keychain; `None` puts the key into the keychain.
    pub passphrase: Option<String>,
}

/// Use a key that its owner already has.
///
/// `Debug` is left out on purpose: the value holds a secret key.
#[derive(Deserialize, TS)]
pub struct ImportIdentity {
    /// nsec, 64 hex digits, or ncryptsec.
    pub key: String,
    /// Opens an ncryptsec; ignored for the other forms.
    pub password: Option<String>,
    /// As in [`NewIdentity::passphrase`].
    pub passphrase: Option<String>,
}

/// Open a vault that a passphrase seals.
#[derive(Deserialize, TS)]
pub struct Unlock {
    /// The passphrase the vault was sealed with.
    pub passphrase: String,
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
