//! Events that cannot be processed yet, such as a commit that arrived before the one it follows.
//! It never decides whether their time has come.

use murmel_engine::RoutingId;
use nostr::EventId;
use rusqlite::{Row, params};

use crate::column::{event_id, int, routing, uint};
use crate::{ChatId, DeferredId, StoreError, Tx};

/// Events kept for one `h` tag; the oldest goes first.
pub const DEFERRED_CAP_PER_ROUTING: usize = 256;

/// Events kept in all; the oldest goes first.
pub const DEFERRED_CAP: usize = 4096;

/// An event kept for a later try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredRecord {
    /// Row id; [`DeferredId::NEW`] before it is inserted.
    pub id: DeferredId,
    /// Id of the outer event.
    pub event_id: EventId,
    /// Its `h` tag.
    pub routing: RoutingId,
    /// The conversation, if it is known.
    pub chat: Option<ChatId>,
    /// The outer event as JSON.
    pub event: Vec<u8>,
    /// Why it has to wait: a word of ours.
    pub reason: String,
    /// Local clock, Unix seconds.
    pub received_at: u64,
    /// How often it was tried.
    pub tries: u32,
}

macro_rules! select_deferred {
    ($rest:literal) => {
        concat!("SELECT id, event_id, routing, chat, event, reason, received_at, tries FROM deferred ", $rest)
    };
}

impl Tx<'_> {
    /// Keeps an event; its `id` is ignored. One that is kept already stays in its place. At a cap the oldest gives way.
    pub fn insert_deferred(&self, record: &DeferredRecord) -> Result<DeferredId, StoreError> {
        let known = self.one("SELECT id FROM deferred WHERE event_id = ?1", params![record.event_id.as_bytes()], |row| row.get(0))?;
        if let Some(id) = known {
            return Ok(id);
        }
        let here = self.count("SELECT count(*) FROM deferred WHERE routing = ?1", params![record.routing.as_bytes()])?;
        if here >= DEFERRED_CAP_PER_ROUTING as u64 {
            self.run(
                "DELETE FROM deferred WHERE id = (SELECT min(id) FROM deferred WHERE routing = ?1)",
                params![record.routing.as_bytes()],
            )?;
        } else if self.count("SELECT count(*) FROM deferred", [])? >= DEFERRED_CAP as u64 {
            self.run("DELETE FROM deferred WHERE id = (SELECT min(id) FROM deferred)", [])?;
        }
        let id = self.insert(
            "INSERT INTO deferred (event_id, routing, chat, event, reason, received_at, tries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                record.event_id.as_bytes(),
                record.routing.as_bytes(),
                record.chat,
                record.event,
                record.reason,
                int(record.received_at),
                record.tries,
            ],
        )?;
        Ok(DeferredId(id))
    }

    /// Whether an event is kept.
    pub fn is_deferred(&self, event: &EventId) -> Result<bool, StoreError> {
        Ok(self.one("SELECT 1 FROM deferred WHERE event_id = ?1", params![event.as_bytes()], |_| Ok(()))?.is_some())
    }

    /// The kept events of a conversation, in the order in which they came.
    pub fn deferred_in(&self, chat: ChatId) -> Result<Vec<DeferredRecord>, StoreError> {
        self.many(select_deferred!("WHERE chat = ?1 ORDER BY id"), params![chat], deferred_row)
    }

    /// The kept events of an `h` tag, in the order in which they came: those that came before their welcome.
    pub fn deferred_by_routing(&self, routing: &RoutingId) -> Result<Vec<DeferredRecord>, StoreError> {
        self.many(select_deferred!("WHERE routing = ?1 ORDER BY id"), params![routing.as_bytes()], deferred_row)
    }

    /// Counts a try that did not help, and says why.
    pub fn count_deferred_try(&self, id: DeferredId, reason: &str) -> Result<(), StoreError> {
        self.run("UPDATE deferred SET tries = tries + 1, reason = ?2 WHERE id = ?1", params![id, reason])?;
        Ok(())
    }

    /// Forgets a kept event.
    pub fn remove_deferred(&self, event: &EventId) -> Result<(), StoreError> {
        self.run("DELETE FROM deferred WHERE event_id = ?1", params![event.as_bytes()])?;
        Ok(())
    }
}

fn deferred_row(row: &Row<'_>) -> rusqlite::Result<DeferredRecord> {
    Ok(DeferredRecord {
        id: row.get(0)?,
        event_id: event_id(row, 1)?,
        routing: routing(row, 2)?,
        chat: row.get(3)?,
        event: row.get(4)?,
        reason: row.get(5)?,
        received_at: uint(row, 6)?,
        tries: row.get(7)?,
    })
}
