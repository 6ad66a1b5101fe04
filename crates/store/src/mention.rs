//! Messages that name the account or answer it, so that they can be counted and found.
//! It decides not which those are.

use rusqlite::params;

use crate::{ChatId, MessageId, StoreError, Tx};

impl Tx<'_> {
    /// Notes that a message names the account or answers it.
    pub fn insert_mention(&self, chat: ChatId, message: MessageId) -> Result<(), StoreError> {
        self.run("INSERT OR IGNORE INTO mentions (chat, message) VALUES (?1, ?2)", params![chat, message])?;
        Ok(())
    }

    /// Whether a message names the account or answers it.
    pub fn is_mention(&self, chat: ChatId, message: MessageId) -> Result<bool, StoreError> {
        Ok(self.count("SELECT count(*) FROM mentions WHERE chat = ?1 AND message = ?2", params![chat, message])? > 0)
    }

    /// The first `limit` of them that are unread, in the order of arrival, those of blocked people left out.
    pub fn unread_mentions(&self, chat: ChatId, limit: u32) -> Result<Vec<MessageId>, StoreError> {
        self.many(
            "SELECT n.message FROM mentions AS n
             CROSS JOIN message_ids AS i ON i.id = n.message
             CROSS JOIN messages AS m ON m.chat = i.chat AND m.shown = i.shown AND m.at = i.at AND m.tie = i.tie AND m.id = i.id
             WHERE n.chat = ?1 AND n.message > (SELECT read FROM chats WHERE id = ?1) AND m.erased = 0 AND m.withdrawn = 0
             AND m.sender NOT IN (SELECT public_key FROM contacts WHERE blocked_at IS NOT NULL)
             ORDER BY n.message LIMIT ?2",
            params![chat, limit],
            |row| row.get(0),
        )
    }
}
