//! What can go wrong with the file, in the terms in which somebody can act on it.
//! No message carries a value of a row or a key.

use std::error::Error;

use murmel_engine::StorageFault;
use rusqlite::ErrorCode;

/// A fault of the store. The transaction in which it happened was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database at the path.
    #[error("there is no database of this account; restore it from a backup or set the account up again")]
    Missing,
    /// [`crate::Database::create`] found a file at the path and left it alone.
    #[error("a database of this account exists already; open it instead")]
    Exists,
    /// The key does not open the file; a file whose first page was damaged looks the same. Nothing was written.
    #[error("the database cannot be opened with this key; unlock the keychain it belongs to or restore a backup")]
    WrongKey,
    /// The file is empty, cut short or inconsistent. Nothing was overwritten.
    #[error("the database is damaged; keep the file and restore a backup")]
    Damaged,
    /// A later version of the program wrote the file. Nothing was written.
    #[error("the database has format {found}, this version knows up to {known}; install a newer version")]
    NewerSchema {
        /// Format of the file.
        found: u32,
        /// Newest format that this version can read.
        known: u32,
    },
    /// Another process has the file open.
    #[error("the account is open in another window or program; close it first")]
    Busy,
    /// No space left; the state is that before the transaction.
    #[error("the disk is full; free some space and try again")]
    DiskFull,
    /// The disk, the folder or its permissions fail; the state is that before the transaction.
    #[error("the database file cannot be read or written; check the disk and the permissions of its folder")]
    Io(#[source] Option<Box<dyn Error + Send + Sync>>),
    /// The linked SQLite cannot encrypt; nothing is written without encryption.
    #[error("this build has no database encryption and refuses to store anything")]
    NoCipher,
    /// The database was closed.
    #[error("the database is closed; open the account again")]
    Closed,
    /// The transaction panicked; it was rolled back and the thread lives on.
    #[error("an internal fault stopped the change; nothing was changed")]
    Panicked,
    /// A read transaction wrote; what it wrote was rolled back.
    #[error("an internal fault: a read tried to write; nothing was changed")]
    ReadOnly,
    /// The keys of a group's messages were about to be left out of a transaction, or read while they were older than the loaded group.
    #[error("an internal fault: message keys were not written in time; nothing was changed")]
    KeysHeld,
    /// A cap is reached.
    #[error("{what} is full at {cap}")]
    Full {
        /// What is full.
        what: &'static str,
        /// Its cap.
        cap: usize,
    },
    /// The row that was named is not there.
    #[error("{0} is not there any more")]
    NotFound(&'static str),
    /// Anything else that SQLite answers: a fault of ours.
    #[error("the database refused a statement")]
    Statement(#[source] rusqlite::Error),
}

impl StoreError {
    /// Finds the store's fault in the causes of another error, such as one that came through OpenMLS or the engine.
    /// `None` if the store was not the cause, or the fault is no more specific than [`StoreError::Statement`].
    pub fn in_chain(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(cause) = next {
            let found = if let Some(fault) = cause.downcast_ref::<Self>() {
                fault.plain()
            } else if let Some(fault) = cause.downcast_ref::<rusqlite::Error>() {
                Self::of(fault)
            } else if let Some(fault) = cause.downcast_ref::<StorageFault>() {
                Self::in_chain(fault.0.as_ref())
            } else {
                None
            };
            if found.is_some() {
                return found;
            }
            next = cause.source();
        }
        None
    }

    fn of(error: &rusqlite::Error) -> Option<Self> {
        match error.sqlite_error_code()? {
            ErrorCode::NotADatabase => Some(Self::WrongKey),
            ErrorCode::DatabaseCorrupt => Some(Self::Damaged),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(Self::Busy),
            ErrorCode::DiskFull => Some(Self::DiskFull),
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Some(Self::Io(None)),
            _ => None,
        }
    }

    /// A copy without its cause.
    fn plain(&self) -> Option<Self> {
        Some(match self {
            Self::Missing => Self::Missing,
            Self::Exists => Self::Exists,
            Self::WrongKey => Self::WrongKey,
            Self::Damaged => Self::Damaged,
            Self::NewerSchema { found, known } => Self::NewerSchema { found: *found, known: *known },
            Self::Busy => Self::Busy,
            Self::DiskFull => Self::DiskFull,
            Self::Io(_) => Self::Io(None),
            Self::NoCipher => Self::NoCipher,
            Self::Closed => Self::Closed,
            Self::Panicked => Self::Panicked,
            Self::ReadOnly => Self::ReadOnly,
            Self::KeysHeld => Self::KeysHeld,
            Self::Full { what, cap } => Self::Full { what, cap: *cap },
            Self::NotFound(what) => Self::NotFound(what),
            Self::Statement(_) => return None,
        })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match Self::of(&error) {
            Some(Self::Io(_)) => Self::Io(Some(Box::new(error))),
            Some(fault) => fault,
            None => Self::Statement(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing,
            std::io::ErrorKind::StorageFull => Self::DiskFull,
            _ => Self::Io(Some(Box::new(error))),
        }
    }
}

impl From<StoreError> for StorageFault {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}
