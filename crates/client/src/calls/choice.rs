//! What the person decided about chats, and their drafts.
//! Nothing is decided here.

use murmel_ipc as ipc;

use crate::message::{choice, drafts};
use crate::{Client, Result};

/// What is kept about a chat on this computer only. All fail with `NotFound` for a chat that is not here.
impl Client {
    /// Pins a chat below those that are pinned (and takes it out of the archive), or lets it go.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn pin(&self, chat: &str, pinned: bool) -> Result<()> {
        choice::pin(&self.account()?, chat, pinned).await
    }

    /// Puts the pinned chats into this order; those that are not named follow in theirs.
    ///
    /// # Errors
    /// `InvalidInput` for a chat that is not pinned.
    pub async fn order_pins(&self, chats: Vec<String>) -> Result<()> {
        choice::order_pins(&self.account()?, chats).await
    }

    /// Puts a chat out of the way, or back. It comes back by itself with a message that is not muted.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn archive(&self, chat: &str, archived: bool) -> Result<()> {
        choice::archive(&self.account()?, chat, archived).await
    }

    /// Silences a chat for a time; `None` ends that.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mute(&self, chat: &str, how_long: Option<ipc::MuteFor>) -> Result<()> {
        choice::mute(&self.account()?, chat, how_long).await
    }

    /// Shows a chat as unread, whatever was read, until it is opened or read.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mark_unread(&self, chat: &str, unread: bool) -> Result<()> {
        choice::mark_unread(&self.account()?, chat, unread).await
    }

    /// The unread messages that name the account or answer it, in the order of arrival, as [`ipc::MessageView::id`].
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn unread_mentions(&self, chat: &str) -> Result<Vec<i64>> {
        choice::unread_mentions(&self.account()?, chat).await
    }

    /// What was written in a chat and not sent yet; an empty draft where nothing was.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn draft(&self, chat: &str) -> Result<ipc::Draft> {
        drafts::get(&self.account()?, chat).await
    }

    /// Replaces the draft of a chat; an empty one forgets it. Sending the same text, or the edit, forgets it too.
    ///
    /// # Errors
    /// `TooLarge`, `NotFound`.
    pub async fn set_draft(&self, chat: &str, draft: ipc::Draft) -> Result<()> {
        drafts::set(&self.account()?, chat, draft).await
    }

    /// All chats as the list shows them: pinned ones first, then by their last message.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn chats(&self) -> Result<Vec<ipc::ChatRow>> {
        crate::views::chats(&self.account()?).await
    }
}
