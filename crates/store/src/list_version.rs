//! Versions of the account's replaceable lists, as they were seen or made.
//! It never interprets an event.

use nostr::EventId;
use rusqlite::{Row, params};

use crate::column::{event_id, int, uint};
use crate::{StoreError, Tx};

/// Versions kept of one list; the oldest goes first.
pub const LIST_VERSIONS_CAP: usize = 20;

/// One version of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListVersion {
    /// Row id.
    pub id: i64,
    /// The kind of its event.
    pub kind: u16,
    /// Id of the event.
    pub event_id: EventId,
    /// The event as JSON.
    pub event: String,
    /// Its own date, Unix seconds.
    pub created_at: u64,
}

macro_rules! select_versions {
    ($rest:literal) => {
        concat!("SELECT id, kind, event_id, event, created_at FROM list_versions ", $rest)
    };
}

impl Tx<'_> {
    /// Keeps a version of a list; one that is kept already stays. Beyond [`LIST_VERSIONS_CAP`] of a kind the oldest goes.
    pub fn keep_list_version(&self, kind: u16, id: &EventId, event: &str, created_at: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO list_versions (kind, event_id, event, created_at) VALUES (?1, ?2, ?3, ?4)",
            params![kind, id.as_bytes(), event, int(created_at)],
        )?;
        self.run(
            "DELETE FROM list_versions WHERE id IN
             (SELECT id FROM list_versions WHERE kind = ?1 ORDER BY created_at DESC, event_id LIMIT -1 OFFSET ?2)",
            params![kind, LIST_VERSIONS_CAP as i64],
        )?;
        Ok(())
    }

    /// The versions of a list, newest first; of two with the same date the lower id counts as newer (NIP-01).
    pub fn list_versions(&self, kind: u16) -> Result<Vec<ListVersion>, StoreError> {
        self.many(select_versions!("WHERE kind = ?1 ORDER BY created_at DESC, event_id"), params![kind], version_row)
    }

    /// One version.
    pub fn list_version(&self, id: i64) -> Result<Option<ListVersion>, StoreError> {
        self.one(select_versions!("WHERE id = ?1"), params![id], version_row)
    }
}

fn version_row(row: &Row<'_>) -> rusqlite::Result<ListVersion> {
    Ok(ListVersion { id: row.get(0)?, kind: row.get(1)?, event_id: event_id(row, 2)?, event: row.get(3)?, created_at: uint(row, 4)? })
}
