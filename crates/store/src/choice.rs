//! What the person decided about a conversation: pinned, archived, muted, marked as unread.
//! It never leaves this computer, and what arrives is not looked at here.

use rusqlite::{Row, params};

use crate::column::{int, maybe_uint};
use crate::{ChatId, StoreError, Tx};

/// Until when a conversation is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Muted {
    /// For ever.
    Always,
    /// Until this time, Unix seconds.
    Until(u64),
}

impl Muted {
    /// Whether it still holds.
    pub const fn holds(self, now: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Until(until) => now < until,
        }
    }
}

/// What was decided about one conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChoiceRecord {
    /// Its place among the pinned ones, from 0.
    pub place: Option<u32>,
    /// Out of the way until something happens in it.
    pub archived: bool,
    /// No notices and no badge.
    pub muted: Option<Muted>,
    /// Shown as unread, whatever was read.
    pub marked_unread: bool,
}

impl Tx<'_> {
    /// What was decided about a conversation.
    pub fn choice(&self, chat: ChatId) -> Result<ChoiceRecord, StoreError> {
        let found =
            self.one("SELECT place, archived, muted, muted_until, marked_unread FROM choices WHERE chat = ?1", params![chat], choice_row)?;
        Ok(found.unwrap_or_default())
    }

    /// Replaces what was decided about a conversation. `true` if that changed anything.
    pub fn put_choice(&self, chat: ChatId, choice: &ChoiceRecord) -> Result<bool, StoreError> {
        if self.choice(chat)? == *choice {
            return Ok(false);
        }
        let until = match choice.muted {
            Some(Muted::Until(until)) => Some(int(until)),
            Some(Muted::Always) | None => None,
        };
        self.run(
            "INSERT OR REPLACE INTO choices (chat, place, archived, muted, muted_until, marked_unread) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![chat, choice.place, choice.archived, choice.muted.is_some(), until, choice.marked_unread],
        )?;
        Ok(true)
    }

    /// The pinned conversations in their order.
    pub fn pinned(&self) -> Result<Vec<ChatId>, StoreError> {
        self.many("SELECT chat FROM choices WHERE place IS NOT NULL ORDER BY place, chat", [], |row| row.get(0))
    }

    /// Conversations that were silent until `now` or earlier.
    pub fn no_longer_muted(&self, now: u64) -> Result<Vec<ChatId>, StoreError> {
        self.many("SELECT chat FROM choices WHERE muted = 1 AND muted_until <= ?1", params![int(now)], |row| row.get(0))
    }

    /// When the next silence ends, Unix seconds.
    pub fn next_unmute(&self) -> Result<Option<u64>, StoreError> {
        let next = self.one("SELECT min(muted_until) FROM choices WHERE muted = 1", [], |row| maybe_uint(row, 0))?;
        Ok(next.flatten())
    }
}

fn choice_row(row: &Row<'_>) -> rusqlite::Result<ChoiceRecord> {
    let muted = match (row.get::<_, bool>(2)?, maybe_uint(row, 3)?) {
        (false, _) => None,
        (true, None) => Some(Muted::Always),
        (true, Some(until)) => Some(Muted::Until(until)),
    };
    Ok(ChoiceRecord { place: row.get(0)?, archived: row.get(1)?, muted, marked_unread: row.get(4)? })
}
