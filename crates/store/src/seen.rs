//! The ids of outer events that are finished: gift wraps, and group events that were processed or rejected.
//! It holds nothing of what was in them.

use nostr::EventId;
use rusqlite::params;

use crate::column::{event_id, int, uint};
use crate::{StoreError, Tx};

/// Ids that are kept; the oldest go first. Forgetting one costs a second look at the event, never a second effect.
pub const SEEN_CAP: usize = 200_000;

/// Events of one tag that are compared with what a relay has; of more, the newest.
pub const COMPARED_CAP: usize = 50_000;

impl Tx<'_> {
    /// Remembers a finished event at local time `at`, Unix seconds; `false` if it was known.
    pub fn remember_seen(&self, event: &EventId, at: u64) -> Result<bool, StoreError> {
        self.remember(event, at, None)
    }

    /// As [`Tx::remember_seen`], with what relays are asked by: the tag that leads it here (`h` of a group event, `p` of a gift wrap), and its own
    /// time, Unix seconds.
    pub fn remember_tagged(&self, event: &EventId, tag: &[u8; 32], created_at: u64, at: u64) -> Result<bool, StoreError> {
        self.remember(event, at, Some((tag, created_at)))
    }

    fn remember(&self, event: &EventId, at: u64, tagged: Option<(&[u8; 32], u64)>) -> Result<bool, StoreError> {
        let (tag, created_at) = (tagged.map(|(tag, _)| tag), tagged.map_or(0, |(_, created_at)| created_at));
        let inserted = self.run(
            "INSERT OR IGNORE INTO seen (event_id, at, tag, created_at) VALUES (?1, ?2, ?3, ?4)",
            params![event.as_bytes(), int(at), tag, int(created_at)],
        )?;
        if inserted == 0 {
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

    /// The newest finished events of a tag with a time of their own from `since` to `until`, Unix seconds, both included: at most
    /// [`COMPARED_CAP`].
    pub fn seen_between(&self, tag: &[u8; 32], since: u64, until: u64) -> Result<Vec<(EventId, u64)>, StoreError> {
        self.many(
            "SELECT event_id, created_at FROM seen WHERE tag = ?1 AND created_at BETWEEN ?2 AND ?3 ORDER BY created_at DESC LIMIT ?4",
            params![tag, int(since), int(until), COMPARED_CAP],
            |row| Ok((event_id(row, 0)?, uint(row, 1)?)),
        )
    }

    /// Forgets that events of a tag with a time of their own from `since` on, Unix seconds, are finished.
    pub fn forget_seen_since(&self, tag: &[u8; 32], since: u64) -> Result<usize, StoreError> {
        self.run("DELETE FROM seen WHERE tag = ?1 AND created_at >= ?2", params![tag, int(since)])
    }

    /// Forgets the events that were finished before `before`, Unix seconds; answers how many.
    pub fn prune_seen(&self, before: u64) -> Result<usize, StoreError> {
        self.run("DELETE FROM seen WHERE at < ?1", params![int(before)])
    }
}
