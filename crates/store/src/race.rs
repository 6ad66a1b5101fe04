//! How races between changes of a group ended.
//! It never interprets a record; what it says is the application's.

use rusqlite::params;

use crate::column::int;
use crate::{ChatId, StoreError, Tx};

/// Records kept of one conversation; the oldest goes first.
pub const RACES_CAP: usize = 64;

impl Tx<'_> {
    /// Keeps a record, as JSON. `at`: local clock, Unix seconds.
    pub fn insert_race(&self, chat: ChatId, at: u64, record: &str) -> Result<(), StoreError> {
        self.insert("INSERT INTO races (chat, at, record) VALUES (?1, ?2, ?3)", params![chat, int(at), record])?;
        self.run(
            "DELETE FROM races WHERE chat = ?1 AND id <= (SELECT id FROM races WHERE chat = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![chat, RACES_CAP as i64],
        )?;
        Ok(())
    }

    /// The records of a conversation, newest first.
    pub fn races(&self, chat: ChatId) -> Result<Vec<String>, StoreError> {
        self.many("SELECT record FROM races WHERE chat = ?1 ORDER BY id DESC", params![chat], |row| row.get(0))
    }
}
