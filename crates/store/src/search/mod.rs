//! The full-text index: which words the messages have, and which messages have some words (decision 0010).
//! It keeps no text, and no message is in it that is not shown.

mod rebuild;
mod terms;
mod words;

use nostr::PublicKey;
use rusqlite::params;

use crate::column::int;
use crate::message::{KIND_CHAT, KIND_DELETE, KIND_EDIT};
use crate::{ChatId, MessageId, MessageRecord, PageKey, StoreError, Tx};

pub use rebuild::{IndexReport, Rebuild};
pub use terms::Terms;

/// Bits of an index row's number that are the message's id; the time is above them.
const ID_BITS: u32 = 30;
/// Ids from here on (a thousand million) are not indexed.
const ID_END: i64 = 1 << ID_BITS;
/// Times from here on (the year 2242) count as this one.
const TIME_END: i64 = (1 << (63 - ID_BITS)) - 1;
/// Chats and people have one mark of this many; what a mark finds is checked against the row.
const MARKS: u32 = 0xfffe;
/// Messages read at a time where a whole conversation goes.
const CHUNK: u32 = 500;

/// What a search is limited to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// What the text has.
    pub terms: Terms,
    /// In one conversation only.
    pub chat: Option<ChatId>,
    /// By one author only.
    pub sender: Option<PublicKey>,
    /// Not before this time, Unix seconds.
    pub since: Option<u64>,
    /// Not after this time, Unix seconds.
    pub until: Option<u64>,
}

/// The row whose text a message shows now: its own, or that of its newest edit; `None` where it is deleted. `notes`: what refers to the message.
///
/// Everybody who shows a text, and the index, asks this function.
pub fn current<'a>(message: &'a MessageRecord, notes: impl IntoIterator<Item = &'a MessageRecord> + Clone) -> Option<&'a MessageRecord> {
    let by_author = |note: &&MessageRecord| note.sender == message.sender;
    // Who may delete what is judged when the deletion arrives: it erases the text. An own deletion counts even where that came first.
    if message.erased || notes.clone().into_iter().filter(by_author).any(|note| note.kind == KIND_DELETE) {
        return None;
    }
    // Nobody else's edits count.
    let edits = notes.into_iter().filter(by_author).filter(|note| note.kind == KIND_EDIT && !note.erased);
    Some(edits.max_by_key(|note| (note.at, note.event_id)).unwrap_or(message))
}

/// What is in the index of one message.
#[derive(PartialEq, Eq)]
pub(crate) struct Entry {
    row: i64,
    words: String,
}

impl Tx<'_> {
    /// The newest messages that have what is looked for, newest first, before `before`.
    ///
    /// The rows are those of the messages; their current text is [`current`]'s.
    pub fn search(&self, filter: &SearchFilter, before: Option<PageKey>, limit: u32) -> Result<Vec<MessageRecord>, StoreError> {
        let marks: Vec<char> = filter.chat.map(chat_mark).into_iter().chain(filter.sender.as_ref().map(person_mark)).collect();
        if filter.terms.is_empty() && marks.is_empty() {
            return Ok(Vec::new());
        }
        let expression = filter.terms.expression(&marks);
        let first = filter.since.map_or(0, |since| row_number(since, MessageId(0)));
        let mut end = filter.until.map_or(i64::MAX, |until| row_number(until, MessageId(ID_END - 1)).saturating_add(1));
        if let Some(before) = before {
            end = end.min(row_number(before.at, before.id));
        }
        let mut found = Vec::new();
        while found.len() < limit as usize {
            let rows = self.many(
                "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4",
                params![expression, first, end, limit],
                |row| row.get::<_, i64>(0),
            )?;
            let Some(last) = rows.last() else { break };
            end = *last;
            for row in rows {
                let Some(message) = self.message(MessageId(row % ID_END))? else { continue };
                // Marks are shared, and a damaged index says anything.
                let meant =
                    filter.chat.is_none_or(|chat| message.chat == chat) && filter.sender.is_none_or(|sender| message.sender == sender);
                if meant && message.kind == KIND_CHAT && !message.withdrawn && found.len() < limit as usize {
                    found.push(message);
                }
            }
        }
        Ok(found)
    }

    /// Runs what changes what a message says, and brings the index in line. `subject`: any row; what it refers to counts as well.
    pub(crate) fn reworded<T>(&self, subject: Option<MessageId>, change: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let before = subject.map(|id| self.entry_of(id)).transpose()?.flatten();
        let outcome = change()?;
        let after = subject.map(|id| self.entry_of(id)).transpose()?.flatten();
        if before != after {
            // A message that a rebuilding has not come to yet is indexed when it does.
            let covered = subject.map_or(Ok(false), |id| self.is_covered(id))?;
            before.filter(|_| covered).map_or(Ok(()), |entry| self.take_out(&entry))?;
            after.filter(|_| covered).map_or(Ok(()), |entry| self.put_in(&entry))?;
        }
        Ok(outcome)
    }

    /// Adds the words of a message that the index has not had yet.
    pub(crate) fn add_words(&self, message: &MessageRecord) -> Result<(), StoreError> {
        self.entry(message)?.map_or(Ok(()), |entry| self.put_in(&entry))
    }

    /// Takes the words of a whole conversation out.
    pub(crate) fn remove_words(&self, chat: ChatId) -> Result<(), StoreError> {
        let mut before = None;
        loop {
            let page = self.message_page(chat, before, CHUNK)?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.place());
            for message in &page {
                if let Some(entry) = self.entry(message)?
                    && self.is_covered(message.id)?
                {
                    self.take_out(&entry)?;
                }
            }
        }
    }

    /// The message whose text a row is part of: itself, or what it edits or deletes.
    pub(crate) fn subject(&self, row: &MessageRecord) -> Result<Option<MessageId>, StoreError> {
        match (row.kind, &row.target) {
            (KIND_CHAT, _) => Ok(Some(row.id).filter(|id| *id != MessageId::NEW)),
            (KIND_EDIT | KIND_DELETE, Some(target)) => Ok(self.message_by_event(row.chat, target)?.map(|message| message.id)),
            _ => Ok(None),
        }
    }

    fn entry_of(&self, id: MessageId) -> Result<Option<Entry>, StoreError> {
        self.message(id)?.map_or(Ok(None), |message| self.entry(&message))
    }

    /// The projection: what the index has of a message. Nothing else decides that.
    fn entry(&self, message: &MessageRecord) -> Result<Option<Entry>, StoreError> {
        if message.kind != KIND_CHAT || message.withdrawn || message.erased || message.id.0 >= ID_END {
            return Ok(None);
        }
        let notes = self.annotations(message.chat, std::slice::from_ref(&message.event_id))?;
        Ok(current(message, &notes).map(|current| entry(message, &current.content)))
    }

    fn put_in(&self, entry: &Entry) -> Result<(), StoreError> {
        self.run("INSERT INTO search (rowid, words) VALUES (?1, ?2)", params![entry.row, entry.words])?;
        Ok(())
    }

    fn take_out(&self, entry: &Entry) -> Result<(), StoreError> {
        self.run("INSERT INTO search (search, rowid, words) VALUES ('delete', ?1, ?2)", params![entry.row, entry.words])?;
        Ok(())
    }
}

fn entry(message: &MessageRecord, text: &str) -> Entry {
    let mut words = String::with_capacity(text.len() + 8);
    for word in words::words(text) {
        words.push_str(&word.text);
        words.push(' ');
    }
    words.push(chat_mark(message.chat));
    words.push(' ');
    words.push(person_mark(&message.sender));
    Entry { row: row_number(message.at, message.id), words }
}

/// Grows with the time, then with the id, so that the newest messages are found first without sorting.
fn row_number(at: u64, id: MessageId) -> i64 {
    (int(at).min(TIME_END) << ID_BITS) | id.0.clamp(0, ID_END - 1)
}

/// Stands for a conversation. One character, of a range that no word is made of, so that the lists of beginnings do not have it.
fn chat_mark(chat: ChatId) -> char {
    mark(0xf_0000, u64::try_from(chat.0).unwrap_or(0))
}

/// Stands for an author.
fn person_mark(person: &PublicKey) -> char {
    let head = person.as_bytes().iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    mark(0x10_0000, head)
}

fn mark(plane: u32, number: u64) -> char {
    let place = u32::try_from(number % u64::from(MARKS)).unwrap_or(0);
    char::from_u32(plane + place).unwrap_or('\u{f0000}')
}
