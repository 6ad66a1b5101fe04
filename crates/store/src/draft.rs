//! What was written and not sent yet, one draft for each conversation.
//! It never looks into a text.

use rusqlite::params;

use crate::{ChatId, MessageId, StoreError, Tx};

/// What stands in the composer of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftRecord {
    /// The text of a new message.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// A message of our own that is being changed, and its new text. It is kept beside the new message.
    pub edit: Option<(MessageId, String)>,
}

impl Tx<'_> {
    /// The draft of a conversation.
    pub fn draft(&self, chat: ChatId) -> Result<Option<DraftRecord>, StoreError> {
        self.one("SELECT text, reply_to, edited, edit FROM drafts WHERE chat = ?1", params![chat], |row| {
            let edited: Option<MessageId> = row.get(2)?;
            let edit: String = row.get(3)?;
            Ok(DraftRecord { text: row.get(0)?, reply_to: row.get(1)?, edit: edited.map(|message| (message, edit)) })
        })
    }

    /// Replaces the draft of a conversation; an empty one is forgotten. `true` if that changed anything.
    pub fn put_draft(&self, chat: ChatId, draft: &DraftRecord) -> Result<bool, StoreError> {
        if self.draft(chat)?.unwrap_or_default() == *draft {
            return Ok(false);
        }
        if *draft == DraftRecord::default() {
            self.run("DELETE FROM drafts WHERE chat = ?1", params![chat])?;
            return Ok(true);
        }
        let (edited, edit) = draft.edit.as_ref().map_or((None, ""), |(message, text)| (Some(*message), text.as_str()));
        self.run(
            "INSERT OR REPLACE INTO drafts (chat, text, reply_to, edited, edit) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![chat, draft.text, draft.reply_to, edited, edit],
        )?;
        Ok(true)
    }
}
