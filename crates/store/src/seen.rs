//! The ids of outer events that are finished: gift wraps, and group events that were processed or rejected.
//! It holds nothing of what was in them.

use nostr::EventId;
use rusqlite::params;

use crate::column::int;
use crate::{StoreError, Tx};

/// Ids that are kept; the oldest go first. Forgetting one costs a second look at the event, never a second effect.
pub const SEEN_CAP: usize = 200_000;

impl Tx<'_> {
    /// Remembers a finished event at local time `at`, Unix seconds; `false` if it was known.
    pub fn remember_seen(&self, event: &EventId, at: u64) -> Result<bool, StoreError> {
        if self.run("INSERT OR IGNORE INTO seen (event_id, at) VALUES (?1, ?2)", params![event.as_bytes(), int(at)])? == 0 {
            return Ok(false);
        }
        let newest = self.connection().last_insert_rowid();
        let oldest = newest.saturating_sub(i64::try_from(SEEN_CAP).unwrap_or(i64::MAX));
        if oldest > 0 {
            self.run("DELETE FROM seen WHERE id <= ?1", params![oldest])?;
        }
        Ok(true)
    }

    /// Whether an event is finished.
    pub fn is_seen(&self, event: &EventId) -> Result<bool, StoreError> {
        Ok(self.one("SELECT 1 FROM seen WHERE event_id = ?1", params![event.as_bytes()], |_| Ok(()))?.is_some())
    }

    /// Forgets the events that were finished before `before`, Unix seconds; answers how many.
    pub fn prune_seen(&self, before: u64) -> Result<usize, StoreError> {
        self.run("DELETE FROM seen WHERE at < ?1", params![int(before)])
    }
}
