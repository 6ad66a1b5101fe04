//! How far something got: steps of the set-up, and for each subscription on a relay the last complete catch-up.
//! Cursors come from the local clock only; a time that a stranger wrote never becomes one.

use rusqlite::{Row, params};

use crate::column::{int, uint};
use crate::outbox::Lane;
use crate::{StoreError, Tx};

/// Cursors that are kept; the one that was not moved for the longest time goes first. Losing one costs a full read.
pub const CURSOR_CAP: usize = 4096;

/// What a cursor belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CursorKey {
    /// Which pool reads.
    pub lane: Lane,
    /// Relay address.
    pub relay: String,
    /// Name of the subscription, stable over restarts.
    pub subscription: String,
}

impl Tx<'_> {
    /// A named number.
    pub fn progress_number(&self, name: &str) -> Result<Option<u64>, StoreError> {
        self.one("SELECT number FROM progress WHERE name = ?1", params![name], |row| uint(row, 0))
    }

    /// Sets a named number; the text of the same name stays.
    pub fn put_progress_number(&self, name: &str, number: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO progress (name, number) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET number = excluded.number",
            params![name, int(number)],
        )?;
        Ok(())
    }

    /// As [`Tx::put_progress_number`], but never makes it smaller.
    pub fn raise_progress_number(&self, name: &str, number: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO progress (name, number) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET number = excluded.number WHERE excluded.number > number",
            params![name, int(number)],
        )?;
        Ok(())
    }

    /// A named text.
    pub fn progress_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.one("SELECT value FROM progress WHERE name = ?1", params![name], |row| row.get(0))
    }

    /// Sets a named text; the number of the same name stays.
    pub fn put_progress_text(&self, name: &str, text: &str) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO progress (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, text],
        )?;
        Ok(())
    }

    /// Forgets the number and the text of a name.
    pub fn remove_progress(&self, name: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM progress WHERE name = ?1", params![name])?;
        Ok(())
    }

    /// When the subscription was last read to its end on the relay: local clock, Unix seconds.
    pub fn cursor(&self, key: &CursorKey) -> Result<Option<u64>, StoreError> {
        self.one(
            "SELECT at FROM cursors WHERE lane = ?1 AND relay = ?2 AND subscription = ?3",
            params![key.lane, key.relay, key.subscription],
            |row| uint(row, 0),
        )
    }

    /// Moves a cursor, backwards too (a clock that was wrong). Beyond [`CURSOR_CAP`] the oldest cursor is forgotten.
    pub fn put_cursor(&self, key: &CursorKey, at: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO cursors (lane, relay, subscription, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (lane, relay, subscription) DO UPDATE SET at = excluded.at",
            params![key.lane, key.relay, key.subscription, int(at)],
        )?;
        if self.count("SELECT count(*) FROM cursors", [])? > CURSOR_CAP as u64 {
            self.run(
                "DELETE FROM cursors WHERE (lane, relay, subscription) IN
                 (SELECT lane, relay, subscription FROM cursors WHERE (lane, relay, subscription) <> (?1, ?2, ?3) ORDER BY at LIMIT 1)",
                params![key.lane, key.relay, key.subscription],
            )?;
        }
        Ok(())
    }

    /// Forgets a cursor: the next read of this subscription on this relay starts at the beginning.
    pub fn remove_cursor(&self, key: &CursorKey) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM cursors WHERE lane = ?1 AND relay = ?2 AND subscription = ?3",
            params![key.lane, key.relay, key.subscription],
        )?;
        Ok(())
    }

    /// Every cursor with its time.
    pub fn cursors(&self) -> Result<Vec<(CursorKey, u64)>, StoreError> {
        self.many("SELECT lane, relay, subscription, at FROM cursors ORDER BY lane, relay, subscription", [], cursor_row)
    }
}

fn cursor_row(row: &Row<'_>) -> rusqlite::Result<(CursorKey, u64)> {
    Ok((CursorKey { lane: row.get(0)?, relay: row.get(1)?, subscription: row.get(2)? }, uint(row, 3)?))
}
