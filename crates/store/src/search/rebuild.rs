//! Looking after the index: is it sound, does it have every message, and making it anew in small steps.
//! It never keeps the rest of the application waiting for longer than one step.

use rusqlite::params;

use crate::message::KIND_CHAT;
use crate::{MessageId, MessageRecord, StoreError, Tx};

/// Under these names the progress of a rebuilding is kept: ids up to `DONE` are in, those after `DONE` up to `END` are not yet.
const DONE: &str = "search index: rebuilt to";
const END: &str = "search index: rebuilding to";

/// How far a rebuilding got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// Messages up to this id are in the index.
    pub done: u64,
    /// The last id that the rebuilding has to reach.
    pub end: u64,
}

/// What a look at the index found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexReport {
    /// Whether FTS5 finds its own pages in order.
    pub sound: bool,
    /// Messages that have a text.
    pub messages: u64,
    /// Messages in the index.
    pub indexed: u64,
}

impl IndexReport {
    /// Whether nothing is missing, too much, or broken.
    pub const fn is_good(&self) -> bool {
        self.sound && self.messages == self.indexed
    }
}

impl Tx<'_> {
    /// Looks at the whole index. Needs a transaction that may write, though nothing is changed.
    pub fn check_index(&self) -> Result<IndexReport, StoreError> {
        let sound = match self.run("INSERT INTO search (search) VALUES ('integrity-check')", []) {
            Ok(_) => true,
            Err(StoreError::Damaged) => false,
            Err(error) => return Err(error),
        };
        let (mut messages, mut indexed) = (0, 0);
        for chat in self.chats()? {
            messages += self.count(
                "SELECT count(*) FROM messages AS m WHERE m.chat = ?1 AND m.shown = 1 AND m.kind = 9 AND m.erased = 0 AND NOT EXISTS (
                     SELECT 1 FROM messages AS d INDEXED BY messages_by_target WHERE d.chat = m.chat AND d.target = m.event_id AND d.kind = 5 AND d.sender = m.sender
                     AND d.withdrawn = 0)",
                params![chat.id],
            )?;
        }
        // Every entry has the mark of its chat; two chats may share one.
        let marks: std::collections::BTreeSet<char> = self.chats()?.into_iter().map(|chat| super::chat_mark(chat.id)).collect();
        for mark in marks {
            indexed += match self.count("SELECT count(*) FROM search WHERE search MATCH ?1", params![format!("\"{mark}\"")]) {
                Err(StoreError::Damaged) => 0,
                counted => counted?,
            };
        }
        Ok(IndexReport { sound, messages, indexed })
    }

    /// Throws the index away, whatever state it is in. [`Tx::rebuild_some`] makes it anew; until then searches find what is in it already.
    pub fn begin_rebuild(&self) -> Result<Rebuild, StoreError> {
        // A damaged index can still be dropped.
        self.run("DROP TABLE search", [])?;
        self.connection().execute_batch(include_str!("../schema/search.sql"))?;
        let end = self.count("SELECT coalesce(max(id), 0) FROM message_ids", [])?;
        self.put_progress_number(END, end)?;
        self.put_progress_number(DONE, 0)?;
        Ok(Rebuild { done: 0, end })
    }

    /// The rebuilding that is under way.
    pub fn rebuilding(&self) -> Result<Option<Rebuild>, StoreError> {
        let Some(end) = self.progress_number(END)? else { return Ok(None) };
        Ok(Some(Rebuild { done: self.progress_number(DONE)?.unwrap_or(0), end }))
    }

    /// Indexes up to `limit` more rows; `None` once there is nothing left to do.
    pub fn rebuild_some(&self, limit: u32) -> Result<Option<Rebuild>, StoreError> {
        let Some(Rebuild { done, end }) = self.rebuilding()? else { return Ok(None) };
        let rows = self.many(
            "SELECT id FROM message_ids WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
            params![crate::column::int(done), crate::column::int(end), limit],
            |row| row.get::<_, MessageId>(0),
        )?;
        let Some(last) = rows.last() else {
            self.remove_progress(DONE)?;
            self.remove_progress(END)?;
            return Ok(None);
        };
        let done = u64::try_from(last.0).unwrap_or(end);
        self.put_progress_number(DONE, done)?;
        let mut messages = Vec::with_capacity(rows.len());
        for id in rows {
            messages.extend(self.message(id)?.filter(|row| row.kind == KIND_CHAT));
        }
        // FTS5 writes its buffer out whenever a row is numbered lower than the one before.
        messages.sort_by_key(|row: &MessageRecord| (row.at, row.id));
        for message in &messages {
            self.add_words(message)?;
        }
        Ok(Some(Rebuild { done, end }))
    }

    /// Whether the index is meant to have this message: a rebuilding may not have come to it yet.
    pub(super) fn is_covered(&self, id: MessageId) -> Result<bool, StoreError> {
        let id = u64::try_from(id.0).unwrap_or(0);
        Ok(self.rebuilding()?.is_none_or(|rebuild| id <= rebuild.done || id > rebuild.end))
    }
}
