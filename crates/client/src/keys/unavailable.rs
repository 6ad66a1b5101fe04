//! Why an account cannot be opened, in words that say what to do.
//! It changes nothing: whatever the reason, the data stays as it is.

use murmel_ipc::{ErrorCode, KeyFault, Session};

use crate::Error;
use crate::keys::keychain::KeychainError;

/// Why an account cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) reason: KeyFault,
    pub(crate) retryable: bool,
    pub(crate) message: String,
}

impl Fault {
    /// A reason, in its usual words.
    pub(crate) fn of(reason: KeyFault) -> Self {
        Self { reason, retryable: passes(reason), message: words(reason).to_owned() }
    }

    /// A reason, in the words of the error that it came with.
    pub(crate) fn from_error(reason: KeyFault, error: Error) -> Self {
        Self { reason, retryable: error.retryable, message: error.message }
    }

    pub(crate) fn session(self, npub: &str, recovery: bool) -> Session {
        let Self { reason, retryable, message } = self;
        Session::KeyUnavailable { npub: npub.to_owned(), reason, retryable, recovery, message }
    }
}

impl From<KeychainError> for Fault {
    fn from(error: KeychainError) -> Self {
        match error {
            KeychainError::Missing => Self::of(KeyFault::KeychainMissing),
            KeychainError::Locked => Self::of(KeyFault::KeychainLocked),
            KeychainError::Denied => Self::of(KeyFault::KeychainDenied),
            KeychainError::TimedOut => Self::of(KeyFault::KeychainSilent),
            KeychainError::Failed(why) => Self {
                message: format!("The keychain that holds the key of this account failed: {why}. Nothing was changed: try again."),
                ..Self::of(KeyFault::KeychainFailed)
            },
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let code = match fault.reason {
            KeyFault::KeychainMissing => ErrorCode::KeychainMissing,
            KeyFault::KeychainLocked | KeyFault::KeychainDenied | KeyFault::KeychainSilent | KeyFault::KeychainFailed => {
                ErrorCode::KeychainLocked
            }
            KeyFault::KeyGone | KeyFault::KeyChanged | KeyFault::KeyDoesNotFit | KeyFault::VaultDamaged => ErrorCode::KeyMissing,
            KeyFault::DatabaseMissing | KeyFault::DatabaseDamaged => ErrorCode::Storage,
        };
        Error { code, message: fault.message, retryable: fault.retryable }
    }
}

/// Whether asking again may help.
fn passes(reason: KeyFault) -> bool {
    use KeyFault as F;
    matches!(reason, F::KeychainMissing | F::KeychainLocked | F::KeychainDenied | F::KeychainSilent | F::KeychainFailed)
}

fn words(reason: KeyFault) -> &'static str {
    match reason {
        KeyFault::KeychainMissing => {
            "The keychain that holds the key of this account does not run. Start it and try again; nothing was changed."
        }
        KeyFault::KeychainLocked => {
            "The keychain that holds the key of this account is locked. Unlock it and try again; nothing was changed."
        }
        KeyFault::KeychainDenied => {
            "The keychain refused to give the key of this account. Allow Murmel to use it and try again; nothing was changed."
        }
        KeyFault::KeychainSilent => {
            "The keychain has not answered yet. Look for a window in which it asks for a password; the account opens when it answers."
        }
        KeyFault::KeychainFailed => "The keychain that holds the key of this account failed. Try again; nothing was changed.",
        KeyFault::KeyGone => {
            "The keychain no longer has the key of this account, and without it the messages on this computer cannot be read. \
             Nothing was changed: restore the keychain from a backup, or use the recovery code if you made one."
        }
        KeyFault::KeyChanged => {
            "The keychain's item for this account is damaged or belongs to another identity. Nothing was changed: restore the keychain \
             from a backup, or use the recovery code if you made one."
        }
        KeyFault::KeyDoesNotFit => {
            "The key in the keychain does not open the database of this account: one of the two was replaced, or the database is damaged. \
             Nothing was changed: restore both from the same backup, or use the recovery code if you made one."
        }
        KeyFault::VaultDamaged => {
            "The vault file of this account is missing, damaged or of another account. Nothing was changed: put it back from a backup, \
             or use the recovery code if you made one."
        }
        KeyFault::DatabaseMissing => "The database of this account is missing. Put it back from a backup; nothing is created in its place.",
        KeyFault::DatabaseDamaged => "The data of this account is damaged or incomplete. Put it back from a backup; nothing was changed.",
    }
}
