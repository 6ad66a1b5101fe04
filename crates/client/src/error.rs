//! How calls fail: a code to branch on, and words for a person.
//! It carries no key, no id and no message content.

use murmel_engine::{Fault, Refusal, StorageFault};
use murmel_ipc::{ErrorCode, IpcError};
use murmel_store::StoreError;

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What to branch on.
    pub code: ErrorCode,
    /// One or two plain sentences: what happened and what to do.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

impl Error {
    /// An error that the same call will meet again.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false }
    }

    /// An error that may be gone later.
    pub fn passing(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true }
    }

    pub(crate) fn no_account() -> Self {
        Self::new(ErrorCode::NoAccount, "No account is open. Create an identity or use an existing one first.")
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("{what} is not here any more."))
    }

    /// A fault of ours. `what` names the place, never content.
    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, format!("Something went wrong inside Murmel: {}.", what.into()))
    }
}

impl From<Error> for IpcError {
    fn from(error: Error) -> Self {
        IpcError { code: error.code, message: error.message, retryable: error.retryable }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        use StoreError as S;
        let message = sentence(&error.to_string());
        match error {
            S::DiskFull => Error::passing(ErrorCode::DiskFull, message),
            S::Busy => Error::passing(ErrorCode::AlreadyRunning, message),
            S::Closed => Error::no_account(),
            S::WrongKey => Error::new(ErrorCode::KeyMissing, message),
            S::NotFound(_) => Error::new(ErrorCode::NotFound, message),
            S::Full { .. } => Error::passing(ErrorCode::Busy, message),
            S::Io(_) => Error::passing(ErrorCode::Storage, message),
            S::Missing | S::Exists | S::Damaged | S::NewerSchema { .. } | S::NoCipher => Error::new(ErrorCode::Storage, message),
            S::Panicked | S::ReadOnly | S::KeysHeld | S::Statement(_) => Error::internal(error.to_string()),
        }
    }
}

impl From<StorageFault> for Error {
    fn from(fault: StorageFault) -> Self {
        StoreError::in_chain(&fault).map_or_else(|| Error::internal("the database refused a statement"), Error::from)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Storage(fault) => fault.into(),
            fault @ Fault::Mls(_) => {
                StoreError::in_chain(&fault).map_or_else(|| Error::internal("the group's encryption failed"), Error::from)
            }
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NotAdmin => ErrorCode::NotAdmin,
            Refusal::LastAdmin | Refusal::StillAdmin => ErrorCode::LastAdmin,
            Refusal::NotMember(_) => ErrorCode::NotFound,
            Refusal::Unsuitable { .. } => ErrorCode::NoKeyPackage,
            Refusal::TooLarge { .. } | Refusal::BadName => ErrorCode::TooLarge,
            Refusal::CommitPending => return Error::passing(ErrorCode::Busy, refusal.to_string()),
            Refusal::Inactive | Refusal::Ended => ErrorCode::GroupInactive,
            _ => ErrorCode::InvalidInput,
        };
        Error::new(code, refusal.to_string())
    }
}

impl From<murmel_engine::Error> for Error {
    fn from(error: murmel_engine::Error) -> Self {
        match error {
            murmel_engine::Error::Refused(refusal) => refusal.into(),
            murmel_engine::Error::Fault(fault) => fault.into(),
        }
    }
}

/// The store writes its messages in the style of the standard library: without a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).chain(['.']).collect())
}
