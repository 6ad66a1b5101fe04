//! The schema and its history: forward only, one step for each released format.
//! It never runs on a file of a newer format and never drops what a user wrote.

use openmls_sqlite_storage::SqliteStorageProvider;
use rusqlite::{Connection, TransactionBehavior};

use crate::{MixedCodec, StoreError};

/// The format that this version writes, kept in `PRAGMA user_version`.
pub const SCHEMA: u32 = 1;

/// Step n leads from format n to n + 1.
const STEPS: &[&str] = &[concat!(include_str!("schema/1.sql"), include_str!("schema/search.sql"))];

/// # Errors
/// [`StoreError::NewerSchema`]; [`StoreError::Damaged`] for a database without any format, which none of ours is.
pub(crate) fn check(connection: &Connection) -> Result<(), StoreError> {
    match version(connection)? {
        0 => Err(StoreError::Damaged),
        found if found > SCHEMA => Err(StoreError::NewerSchema { found, known: SCHEMA }),
        _ => Ok(()),
    }
}

/// Brings OpenMLS' tables and then ours up to date.
pub(crate) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    SqliteStorageProvider::<MixedCodec, &mut Connection>::new(connection)
        .run_migrations()
        .map_err(|error| StoreError::in_chain(&error).unwrap_or_else(|| StoreError::Io(Some(Box::new(error)))))?;
    let found = version(connection)?;
    if found >= SCHEMA {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}
