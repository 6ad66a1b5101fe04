//! The timeline: every inner event of a conversation, and the system rows between them.
//! It never interprets content, and what refers to a message (reactions, edits, deletions) stays a row of its own.

use murmel_engine::{Digest, Epoch};
use nostr::{EventId, PublicKey};
use rusqlite::{Row, params};

use crate::column::{epoch, event_id, int, json, maybe_digest, maybe_event_id, maybe_uint, public_key, to_json, uint};
use crate::{ChatId, MessageId, StoreError, Tx};

/// Inner kind of a chat message (NIP-C7).
pub const KIND_CHAT: u16 = 9;
/// Inner kind of a reaction (NIP-25).
pub const KIND_REACTION: u16 = 7;
/// Inner kind of a deletion (NIP-09).
pub const KIND_DELETE: u16 = 5;
/// Inner kind of an edit (Marmot).
pub const KIND_EDIT: u16 = 1009;
/// Kind of system rows (Marmot).
pub const KIND_SYSTEM: u16 = 1210;

/// One row of the timeline or one annotation of another row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// Row id and sequence of arrival; [`MessageId::NEW`] before it is inserted.
    pub id: MessageId,
    /// The conversation.
    pub chat: ChatId,
    /// `created_at` of the inner event, Unix seconds.
    pub at: u64,
    /// Id of the inner event; of a system row any id that is unique in the conversation.
    pub event_id: EventId,
    /// Author.
    pub sender: PublicKey,
    /// Nostr kind of the inner event.
    pub kind: u16,
    /// Content of the inner event.
    pub content: String,
    /// Tags of the inner event.
    pub tags: Vec<Vec<String>>,
    /// What it refers to: the target of a reaction, deletion or edit, the parent of a reply.
    pub target: Option<EventId>,
    /// Epoch in which it was sent.
    pub epoch: Epoch,
    /// The commit that began that epoch: names its branch. Of a system row, the commit that it tells of.
    pub branch: Option<Digest>,
    /// The MLS message that carried it.
    pub digest: Option<Digest>,
    /// Whether this account wrote it.
    pub mine: bool,
    /// Whether the content was taken away.
    pub erased: bool,
    /// Whether it does not count, because its branch is not the group's.
    pub withdrawn: bool,
    /// When it has to disappear, Unix seconds.
    pub expires_at: Option<u64>,
    /// When it arrived or was written here: local clock, Unix seconds.
    pub received_at: u64,
}

impl MessageRecord {
    /// Whether it takes a place of its own in the timeline.
    pub const fn is_shown(kind: u16) -> bool {
        matches!(kind, KIND_CHAT | KIND_SYSTEM)
    }

    /// Its place in the timeline.
    pub fn place(&self) -> PageKey {
        PageKey { at: self.at, tie: self.tie(), id: self.id }
    }

    fn tie(&self) -> u64 {
        let [a, b, c, d, e, f, ..] = *self.event_id.as_bytes();
        if self.kind == KIND_SYSTEM { 0 } else { u64::from_be_bytes([0, 0, a, b, c, d, e, f]) }
    }
}

/// A place in the timeline: by time, then as the ids of events say, which is the same for everybody, then by arrival (decision 0012).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageKey {
    /// [`MessageRecord::at`].
    pub at: u64,
    /// The first 48 bits of [`MessageRecord::event_id`]; 0 for system rows, so that what happened comes before what was said of it.
    pub tie: u64,
    /// [`MessageRecord::id`].
    pub id: MessageId,
}

macro_rules! select_message {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.chat, m.at, m.event_id, m.sender, m.kind, m.content, m.tags, m.target, m.epoch, m.digest, m.mine, m.erased, \
             m.expires_at, m.received_at, m.branch, m.withdrawn FROM ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Adds a row; its `id` is ignored. `None` if the conversation has an event of this id already.
    pub fn insert_message(&self, message: &MessageRecord) -> Result<Option<MessageId>, StoreError> {
        let known = self.one(
            "SELECT id FROM messages WHERE chat = ?1 AND event_id = ?2",
            params![message.chat, message.event_id.as_bytes()],
            |row| row.get::<_, MessageId>(0),
        )?;
        if known.is_some() {
            return Ok(None);
        }
        if message.kind == KIND_CHAT {
            let id = self.insert_row(message)?;
            self.add_words(&MessageRecord { id, withdrawn: false, ..message.clone() })?;
            return Ok(Some(id));
        }
        let subject = self.subject(message)?;
        self.reworded(subject, || self.insert_row(message)).map(Some)
    }

    fn insert_row(&self, message: &MessageRecord) -> Result<MessageId, StoreError> {
        let shown = MessageRecord::is_shown(message.kind);
        let id = self.insert(
            "INSERT INTO message_ids (chat, shown, at, tie) VALUES (?1, ?2, ?3, ?4)",
            params![message.chat, shown, int(message.at), int(message.tie())],
        )?;
        self.run(
            "INSERT INTO messages (chat, shown, at, tie, id, event_id, sender, kind, content, tags, target, epoch, digest, mine, erased,
                                   expires_at, received_at, branch)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            params![
                message.chat,
                shown,
                int(message.at),
                int(message.tie()),
                id,
                message.event_id.as_bytes(),
                message.sender.as_bytes(),
                message.kind,
                message.content,
                to_json(&message.tags)?,
                message.target.as_ref().map(EventId::as_bytes),
                int(message.epoch.0),
                message.digest.as_ref().map(Digest::as_bytes),
                message.mine,
                message.erased,
                message.expires_at.map(int),
                int(message.received_at),
                message.branch.as_ref().map(Digest::as_bytes),
            ],
        )?;
        Ok(MessageId(id))
    }

    /// Runs what changes a row, and brings the index in line.
    fn changed_row<T>(&self, id: MessageId, change: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let subject = self.message(id)?.map_or(Ok(None), |row| self.subject(&row))?;
        self.reworded(subject, change)
    }

    /// A row.
    pub fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        self.one(
            select_message!(
                "message_ids AS i CROSS JOIN messages AS m ON m.chat = i.chat AND m.shown = i.shown AND m.at = i.at AND m.tie = i.tie AND m.id = i.id
                 WHERE i.id = ?1"
            ),
            params![id],
            message_row,
        )
    }

    /// The row of an inner event.
    pub fn message_by_event(&self, chat: ChatId, event: &EventId) -> Result<Option<MessageRecord>, StoreError> {
        self.one(select_message!("messages AS m WHERE m.chat = ?1 AND m.event_id = ?2"), params![chat, event.as_bytes()], message_row)
    }

    /// One page of the timeline, newest first: the rows with a place of their own before `before`.
    pub fn message_page(&self, chat: ChatId, before: Option<PageKey>, limit: u32) -> Result<Vec<MessageRecord>, StoreError> {
        let before = before.unwrap_or(PageKey { at: u64::MAX, tie: u64::MAX, id: MessageId(i64::MAX) });
        self.many(
            select_message!(
                "messages AS m WHERE m.chat = ?1 AND m.shown = 1 AND (m.at, m.tie, m.id) < (?2, ?3, ?4)
                 ORDER BY m.at DESC, m.tie DESC, m.id DESC LIMIT ?5"
            ),
            params![chat, int(before.at), int(before.tie), before.id, limit],
            message_row,
        )
    }

    /// The rows of the timeline after `after`, oldest first: for jumping to a message and for reading on from there.
    pub fn message_page_after(&self, chat: ChatId, after: PageKey, limit: u32) -> Result<Vec<MessageRecord>, StoreError> {
        self.many(
            select_message!(
                "messages AS m WHERE m.chat = ?1 AND m.shown = 1 AND (m.at, m.tie, m.id) > (?2, ?3, ?4)
                 ORDER BY m.at, m.tie, m.id LIMIT ?5"
            ),
            params![chat, int(after.at), int(after.tie), after.id, limit],
            message_row,
        )
    }

    /// The newest row of the timeline.
    pub fn newest_message(&self, chat: ChatId) -> Result<Option<MessageRecord>, StoreError> {
        Ok(self.message_page(chat, None, 1)?.pop())
    }

    /// Reactions, deletions and edits that refer to any of `targets`, in the order of their time. The index is named, because SQLite, which
    /// keeps no statistics of this file, would read the whole conversation in its place.
    pub fn annotations(&self, chat: ChatId, targets: &[EventId]) -> Result<Vec<MessageRecord>, StoreError> {
        let mut found = Vec::new();
        for target in targets {
            found.extend(self.many(
                select_message!(
                    "messages AS m INDEXED BY messages_by_target
                     WHERE m.chat = ?1 AND m.target = ?2 AND m.kind IN (5, 7, 1009) AND m.withdrawn = 0"
                ),
                params![chat, target.as_bytes()],
                message_row,
            )?);
        }
        found.sort_by_key(MessageRecord::place);
        Ok(found)
    }

    /// Rows of every kind that arrived after `after`, in the order of arrival.
    pub fn messages_after(&self, chat: ChatId, after: MessageId, limit: u32) -> Result<Vec<MessageRecord>, StoreError> {
        self.many(
            select_message!(
                "message_ids AS i CROSS JOIN messages AS m ON m.chat = i.chat AND m.shown = i.shown AND m.at = i.at AND m.tie = i.tie AND m.id = i.id
                 WHERE i.chat = ?1 AND i.id > ?2 ORDER BY i.id LIMIT ?3"
            ),
            params![chat, after, limit],
            message_row,
        )
    }

    /// The rows that arrived last, of every kind but system rows, oldest first.
    pub fn newest_arrivals(&self, chat: ChatId, limit: u32) -> Result<Vec<MessageRecord>, StoreError> {
        let mut rows = self.many(
            select_message!(
                "message_ids AS i CROSS JOIN messages AS m ON m.chat = i.chat AND m.shown = i.shown AND m.at = i.at AND m.tie = i.tie AND m.id = i.id
                 WHERE i.chat = ?1 AND m.kind <> ?3 ORDER BY i.id DESC LIMIT ?2"
            ),
            params![chat, limit, KIND_SYSTEM],
            message_row,
        )?;
        rows.reverse();
        Ok(rows)
    }

    /// Rows of every kind that were sent in `from` or a later epoch, in the order of arrival: what a lost branch may have carried.
    pub fn messages_since_epoch(&self, chat: ChatId, from: Epoch) -> Result<Vec<MessageRecord>, StoreError> {
        self.many(
            select_message!("messages AS m WHERE m.chat = ?1 AND m.epoch >= ?2 ORDER BY m.id"),
            params![chat, int(from.0)],
            message_row,
        )
    }

    /// How many chat messages a conversation has.
    pub fn message_count(&self, chat: ChatId) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM messages WHERE chat = ?1 AND kind = 9", params![chat])
    }

    /// How many chat messages of others arrived after the read mark, those of blocked people left out.
    pub fn unread_count(&self, chat: ChatId) -> Result<u64, StoreError> {
        self.count(
            "SELECT count(*) FROM messages AS m WHERE m.chat = ?1 AND m.kind = 9 AND m.mine = 0 AND m.erased = 0 AND m.withdrawn = 0
             AND m.id > (SELECT read FROM chats WHERE id = ?1)
             AND m.sender NOT IN (SELECT public_key FROM contacts WHERE blocked_at IS NOT NULL)",
            params![chat],
        )
    }

    /// The arrival up to which a conversation is read by whoever has read it down to `place`: that of the first unread message that stands below,
    /// less one, or the last one where none does. What came last may stand above what came before it.
    pub fn read_down_to(&self, chat: ChatId, place: PageKey) -> Result<MessageId, StoreError> {
        let below = self.one(
            "SELECT min(m.id) FROM messages AS m WHERE m.chat = ?1 AND m.kind = 9 AND m.mine = 0 AND m.erased = 0 AND m.withdrawn = 0
             AND m.id > (SELECT read FROM chats WHERE id = ?1) AND (m.at, m.tie, m.id) > (?2, ?3, ?4)",
            params![chat, int(place.at), int(place.tie), place.id],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        if let Some(below) = below.flatten() {
            return Ok(MessageId(below - 1));
        }
        let newest =
            self.one("SELECT max(id) FROM message_ids WHERE chat = ?1", params![chat], |row| row.get::<_, Option<MessageId>>(0))?;
        Ok(newest.flatten().unwrap_or(place.id))
    }

    /// The unread message that comes first in the timeline.
    pub fn first_unread(&self, chat: ChatId) -> Result<Option<PageKey>, StoreError> {
        self.one(
            "SELECT m.at, m.tie, m.id FROM messages AS m WHERE m.chat = ?1 AND m.kind = 9 AND m.mine = 0 AND m.erased = 0 AND m.withdrawn = 0
             AND m.id > (SELECT read FROM chats WHERE id = ?1)
             AND m.sender NOT IN (SELECT public_key FROM contacts WHERE blocked_at IS NOT NULL) ORDER BY m.at, m.tie, m.id LIMIT 1",
            params![chat],
            |row| Ok(PageKey { at: uint(row, 0)?, tie: uint(row, 1)?, id: row.get(2)? }),
        )
    }

    /// Takes content and tags of a row away; the row stays, so that the event is still known. `true` if there was something to take.
    pub fn erase_message(&self, id: MessageId) -> Result<bool, StoreError> {
        self.changed_row(id, || {
            let changed = self.run(
                "UPDATE messages SET content = '', tags = '[]', erased = 1
                 WHERE (chat, shown, at, tie, id) = (SELECT chat, shown, at, tie, id FROM message_ids WHERE id = ?1) AND erased = 0",
                params![id],
            )?;
            Ok(changed > 0)
        })
    }

    /// Moves a row to the epoch and MLS message that now carry it: it was sent again after its branch lost.
    pub fn resend_message(&self, id: MessageId, epoch: Epoch, branch: &Digest, digest: &Digest) -> Result<(), StoreError> {
        self.run(
            "UPDATE messages SET epoch = ?2, branch = ?3, digest = ?4
             WHERE (chat, shown, at, tie, id) = (SELECT chat, shown, at, tie, id FROM message_ids WHERE id = ?1)",
            params![id, int(epoch.0), branch.as_bytes(), digest.as_bytes()],
        )?;
        Ok(())
    }

    /// Takes a row out of the timeline because its branch is not the group's, or puts it back.
    pub fn set_withdrawn(&self, id: MessageId, withdrawn: bool) -> Result<(), StoreError> {
        self.changed_row(id, || {
            self.run(
                "UPDATE messages SET withdrawn = ?2, shown = (NOT ?2 AND kind IN (9, 1210))
                 WHERE (chat, shown, at, tie, id) = (SELECT chat, shown, at, tie, id FROM message_ids WHERE id = ?1)",
                params![id, withdrawn],
            )?;
            self.run(
                "UPDATE message_ids SET shown = NOT ?2 AND EXISTS (
                     SELECT 1 FROM messages AS m WHERE m.chat = message_ids.chat AND m.shown = 1 AND m.at = message_ids.at
                     AND m.tie = message_ids.tie AND m.id = message_ids.id)
                 WHERE id = ?1",
                params![id, withdrawn],
            )?;
            Ok(())
        })
    }

    /// Removes a row; the same event can be inserted again.
    pub fn delete_message(&self, id: MessageId) -> Result<(), StoreError> {
        self.changed_row(id, || {
            self.run(
                "DELETE FROM messages WHERE (chat, shown, at, tie, id) = (SELECT chat, shown, at, tie, id FROM message_ids WHERE id = ?1)",
                params![id],
            )?;
            self.run("DELETE FROM message_ids WHERE id = ?1", params![id])?;
            Ok(())
        })
    }

    /// Removes up to `limit` rows that had to disappear by `now`, and with each what was said about it and the event that carried it.
    /// Answers every row that went.
    pub fn delete_expired(&self, now: u64, limit: u32) -> Result<Vec<Gone>, StoreError> {
        let mut expired = self.many(
            "SELECT chat, id, shown, event_id, target FROM messages WHERE expires_at IS NOT NULL AND expires_at <= ?1
             ORDER BY expires_at LIMIT ?2",
            params![int(now), limit],
            gone_row,
        )?;
        let mut gone = Vec::new();
        while let Some(row) = expired.pop() {
            if self.message(row.id)?.is_none() {
                continue;
            }
            expired.extend(self.many(
                "SELECT chat, id, shown, event_id, target FROM messages INDEXED BY messages_by_target WHERE chat = ?1 AND target = ?2 AND kind IN (5, 7, 1009)",
                params![row.chat, row.event_id.as_bytes()],
                gone_row,
            )?);
            self.run("DELETE FROM outbox WHERE message = ?1", params![row.id])?;
            self.delete_message(row.id)?;
            gone.push(row);
        }
        Ok(gone)
    }

    /// When the next row has to disappear, Unix seconds.
    pub fn next_expiry(&self) -> Result<Option<u64>, StoreError> {
        let next = self.one("SELECT min(expires_at) FROM messages WHERE expires_at IS NOT NULL", [], |row| maybe_uint(row, 0))?;
        Ok(next.flatten())
    }

    /// Takes the content of every edit of a message away, and of edits that came from somebody else. The rows stay.
    pub fn erase_edits(&self, chat: ChatId, of: &EventId) -> Result<(), StoreError> {
        for edit in self.annotations(chat, std::slice::from_ref(of))?.into_iter().filter(|row| row.kind == KIND_EDIT) {
            self.erase_message(edit.id)?;
        }
        Ok(())
    }
}

/// A row that went because its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The conversation.
    pub chat: ChatId,
    /// The row.
    pub id: MessageId,
    /// Whether it had a place of its own in the timeline.
    pub shown: bool,
    /// Its inner event.
    pub event_id: EventId,
    /// What it referred to.
    pub target: Option<EventId>,
}

fn gone_row(row: &Row<'_>) -> rusqlite::Result<Gone> {
    Ok(Gone { chat: row.get(0)?, id: row.get(1)?, shown: row.get(2)?, event_id: event_id(row, 3)?, target: maybe_event_id(row, 4)? })
}

fn message_row(row: &Row<'_>) -> rusqlite::Result<MessageRecord> {
    Ok(MessageRecord {
        id: row.get(0)?,
        chat: row.get(1)?,
        at: uint(row, 2)?,
        event_id: event_id(row, 3)?,
        sender: public_key(row, 4)?,
        kind: row.get(5)?,
        content: row.get(6)?,
        tags: json(row, 7)?,
        target: maybe_event_id(row, 8)?,
        epoch: epoch(row, 9)?,
        digest: maybe_digest(row, 10)?,
        mine: row.get(11)?,
        erased: row.get(12)?,
        expires_at: maybe_uint(row, 13)?,
        received_at: uint(row, 14)?,
        branch: maybe_digest(row, 15)?,
        withdrawn: row.get(16)?,
    })
}
