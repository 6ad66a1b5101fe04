use serde::Serialize;
use ts_rs::TS;

/// What the window branches on. A fault that needs no branch of its own is [`ErrorCode::Internal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The key to import is not a key.
    InvalidKey,
    /// The password does not open the ncryptsec, or the passphrase the vault.
    WrongPassword,
    /// The key is an ncryptsec and no password was given.
    PasswordNeeded,
    /// This computer has no keychain: offer the passphrase vault.
    KeychainMissing,
    /// The keychain is there but refuses: unlock it and try again.
    KeychainLocked,
    /// There is data of an account, but its key is gone from the keychain.
    KeyMissing,
    /// No account yet, or it is locked.
    NoAccount,
    /// This profile already has an account, or already has this one.
    AccountExists,
    /// The profile holds as many accounts as it may.
    TooManyAccounts,
    /// Another process has this profile open.
    AlreadyRunning,
    /// What was named is not there.
    NotFound,
    /// Not an npub, nprofile or 64 hex digits, or not a point of the curve.
    InvalidPerson,
    /// The person has published no key package that can be used.
    NoKeyPackage,
    /// Only an admin may do this.
    NotAdmin,
    /// The last admin has to appoint another one first.
    LastAdmin,
    /// The group takes no messages: left, removed from it, or its invitation is still open.
    GroupInactive,
    /// Something else in this group has to be settled first; try again in a moment.
    Busy,
    /// The text, name or list is longer than what can be sent.
    TooLarge,
    /// An argument has a form that cannot be used.
    InvalidInput,
    /// No relay could be reached.
    Offline,
    /// Relays were reached and all of them refused.
    RelayRefused,
    /// The disk is full.
    DiskFull,
    /// The database cannot be read or written.
    Storage,
    /// A fault of ours.
    Internal,
}

/// How a command fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct IpcError {
    /// What to branch on.
    pub code: ErrorCode,
    /// One or two plain sentences: what happened and what to do.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}
