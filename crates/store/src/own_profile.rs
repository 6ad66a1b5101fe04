//! Versions of the account's own profile (kind 0), as they were found on relays or made here.
//! It never reads one: they are kept as they were signed, so that nothing of another client is lost.

use nostr::EventId;
use rusqlite::params;

use crate::column::int;
use crate::{StoreError, Tx};

/// Versions that are kept; the oldest goes.
pub const OWN_PROFILES_CAP: usize = 20;

impl Tx<'_> {
    /// Keeps a version, as the JSON of its event; one that is known changes nothing.
    pub fn keep_own_profile(&self, id: &EventId, event: &str, published_at: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO own_profiles (event_id, event, published_at) VALUES (?1, ?2, ?3)",
            params![id.as_bytes(), event, int(published_at)],
        )?;
        self.run(
            "DELETE FROM own_profiles WHERE id NOT IN (SELECT id FROM own_profiles ORDER BY published_at DESC, id DESC LIMIT ?1)",
            params![OWN_PROFILES_CAP],
        )?;
        Ok(())
    }

    /// The versions that are kept, newest first, each as the JSON of its event.
    pub fn own_profiles(&self) -> Result<Vec<String>, StoreError> {
        self.many("SELECT event FROM own_profiles ORDER BY published_at DESC, id DESC", [], |row| row.get(0))
    }
}
