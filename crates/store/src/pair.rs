//! Conversations of two that nobody else was ever in, so that one is found again instead of begun twice.
//! It decides not which those are.

use nostr::PublicKey;
use rusqlite::params;

use crate::column::public_key;
use crate::{ChatId, StoreError, Tx};

impl Tx<'_> {
    /// Notes that a conversation is one with this person alone.
    pub fn put_pair(&self, chat: ChatId, person: &PublicKey) -> Result<(), StoreError> {
        self.run("INSERT OR REPLACE INTO pairs (chat, person) VALUES (?1, ?2)", params![chat, person.as_bytes()])?;
        Ok(())
    }

    /// Notes that somebody else came into a conversation.
    pub fn remove_pair(&self, chat: ChatId) -> Result<(), StoreError> {
        self.run("DELETE FROM pairs WHERE chat = ?1", params![chat])?;
        Ok(())
    }

    /// With whom alone a conversation is.
    pub fn pair(&self, chat: ChatId) -> Result<Option<PublicKey>, StoreError> {
        self.one("SELECT person FROM pairs WHERE chat = ?1", params![chat], |row| public_key(row, 0))
    }

    /// The conversations with this person alone.
    pub fn pairs_with(&self, person: &PublicKey) -> Result<Vec<ChatId>, StoreError> {
        self.many("SELECT chat FROM pairs WHERE person = ?1 ORDER BY chat", params![person.as_bytes()], |row| row.get(0))
    }
}
