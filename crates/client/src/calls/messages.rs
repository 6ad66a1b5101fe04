//! Messages and what is said about them.
//! Nothing is decided here.

use murmel_ipc as ipc;

use crate::message::{annotate, records, send, timeline};
use crate::{Client, Record, Result, outbox};

/// Messages.
impl Client {
    /// Up to `limit` rows that are older than `before` (the newest for `None`), oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn timeline(&self, chat: &str, before: Option<ipc::Cursor>, limit: u32) -> Result<ipc::TimelinePage> {
        timeline::page(&self.account()?, chat, before, limit).await
    }

    /// Up to `limit` rows that are newer than `after`, oldest first.
    ///
    /// # Errors
    /// `NotFound` for the chat.
    pub async fn timeline_after(&self, chat: &str, after: ipc::Cursor, limit: u32) -> Result<ipc::TimelinePage> {
        timeline::page_after(&self.account()?, chat, after, limit).await
    }

    /// Up to `limit` rows with `message` in their middle, oldest first: for a jump to what was found, to what is answered, or to
    /// the first message that was not read ([`ipc::TimelinePage::first_unread`]).
    ///
    /// # Errors
    /// `NotFound` for a chat or a message that is not here, or not any more.
    pub async fn timeline_around(&self, chat: &str, message: i64, limit: u32) -> Result<ipc::TimelinePage> {
        timeline::page_around(&self.account()?, chat, message, limit).await
    }

    /// Every message of a chat as the wire has it, the newest `limit`, oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn records(&self, chat: &str, limit: u32) -> Result<Vec<Record>> {
        records::list(&self.account()?, chat, limit).await
    }

    /// One message as the wire has it; `None` for rows of the timeline that were never on the wire.
    ///
    /// # Errors
    /// `NoAccount`.
    pub async fn record(&self, message: i64) -> Result<Option<Record>> {
        records::get(&self.account()?, message).await
    }

    /// The message of a chat that has this event id, 64 hex digits; `None` where it is not here.
    ///
    /// # Errors
    /// `NotFound` for the chat.
    pub async fn record_by_event(&self, chat: &str, event: &str) -> Result<Option<Record>> {
        records::by_event(&self.account()?, chat, event).await
    }

    /// Encrypts and keeps a text for sending. When it returns, the message survives a crash.
    ///
    /// # Errors
    /// `NotFound`, `GroupInactive`, `TooLarge`, `DiskFull`.
    pub async fn send(&self, args: ipc::SendMessage) -> Result<ipc::MessageView> {
        send::send(&self.account()?, args).await
    }

    /// Reacts to a message with an emoji or a short text; the same one a second time changes nothing.
    ///
    /// # Errors
    /// `NotFound` for a message that is not here or deleted, `InvalidInput`, `GroupInactive`.
    pub async fn react(&self, message: i64, emoji: &str) -> Result<()> {
        annotate::react(&self.account()?, message, emoji).await
    }

    /// Takes a reaction of the account's own back.
    ///
    /// # Errors
    /// `NotFound` where there is none, `GroupInactive`.
    pub async fn unreact(&self, message: i64, emoji: &str) -> Result<()> {
        annotate::unreact(&self.account()?, message, emoji).await
    }

    /// Replaces the text of a message of the account's own. What it said before stays readable: see [`Client::history`].
    ///
    /// # Errors
    /// As [`Client::send`], and `InvalidInput` for a message of somebody else.
    pub async fn edit(&self, message: i64, text: &str) -> Result<()> {
        annotate::edit(&self.account()?, message, text.to_owned()).await
    }

    /// Deletes a message for everybody: one of the account's own, or, as an admin, anybody's.
    ///
    /// # Errors
    /// `NotAdmin`, `NotFound` for a message that is not here or deleted already, `GroupInactive`.
    pub async fn delete_message(&self, message: i64) -> Result<()> {
        annotate::delete(&self.account()?, message).await
    }

    /// Every text that a message had, the first one first; empty where it is deleted.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn history(&self, message: i64) -> Result<Vec<ipc::Revision>> {
        annotate::history(&self.account()?, message).await
    }

    /// Tries a failed message again: the same bytes, to the relays that have not accepted it. One that the group went on without is said
    /// where the group is now.
    ///
    /// # Errors
    /// `NotFound`; `GroupInactive` and `InvalidInput` where it cannot be said any more.
    pub async fn retry(&self, message: i64) -> Result<()> {
        outbox::retry(&self.account()?, message).await
    }

    /// Takes a message of the account's own back that no relay has accepted; it leaves the timeline. A relay that kept it without saying so
    /// may still pass it on.
    ///
    /// # Errors
    /// `NotFound`, and `InvalidInput` once a relay has it: see [`Client::delete_message`].
    pub async fn cancel_message(&self, message: i64) -> Result<()> {
        outbox::cancel(&self.account()?, message).await
    }

    /// What each relay said of an own message.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn delivery(&self, message: i64) -> Result<Vec<ipc::Delivery>> {
        outbox::delivery(&self.account()?, message).await
    }

    /// Marks everything up to and including a message as read.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mark_read(&self, chat: &str, message: i64) -> Result<()> {
        timeline::mark_read(&self.account()?, chat, message).await
    }
}
