//! How far a conversation was announced on the desktop, so that no message is announced twice, whatever happens to the program.
//! It decides not what is announced.

use rusqlite::params;

use crate::{ChatId, MessageId, StoreError, Tx};

impl Tx<'_> {
    /// Unread messages of others that arrived after the newest one that was announced, the newest first, at most `limit`, those of
    /// blocked people left out.
    pub fn unannounced(&self, chat: ChatId, limit: u32) -> Result<Vec<MessageId>, StoreError> {
        self.many(
            "SELECT m.id FROM messages AS m WHERE m.chat = ?1 AND m.kind = 9 AND m.mine = 0 AND m.erased = 0 AND m.withdrawn = 0
             AND m.id > (SELECT max(read, announced) FROM chats WHERE id = ?1)
             AND m.sender NOT IN (SELECT public_key FROM contacts WHERE blocked_at IS NOT NULL) ORDER BY m.id DESC LIMIT ?2",
            params![chat, limit],
            |row| row.get(0),
        )
    }

    /// Notes that everything up to a message was announced, or is not to be. The mark never moves back.
    pub fn mark_announced(&self, chat: ChatId, message: MessageId) -> Result<(), StoreError> {
        self.run("UPDATE chats SET announced = ?2 WHERE id = ?1 AND announced < ?2", params![chat, message])?;
        Ok(())
    }
}
