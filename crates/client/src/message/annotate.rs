//! What is said about a message: reactions, edits and deletions of ours, and what a message said before it was edited.
//! It judges nothing that others say.

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode};
use murmel_store::{ChatRecord, KIND_CHAT, KIND_DELETE, KIND_EDIT, KIND_REACTION, MessageId, MessageRecord, Tx};
use nostr::{EventId, PublicKey};

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::group::groups::Groups;
use crate::message::send::{self, Draft};
use crate::message::{deletion, drafts, mentions};
use crate::{Error, Result, views};

/// What happens to a message, in one transaction.
struct Work<'a, 'tx> {
    tx: &'a Tx<'tx>,
    groups: &'a mut Groups,
    changes: &'a mut Changes,
    chat: ChatRecord,
    message: MessageRecord,
    me: PublicKey,
    now: u64,
}

impl Work<'_, '_> {
    fn say(&mut self, kind: u16, tags: Vec<Vec<String>>, content: String, after: u64) -> Result<MessageRecord> {
        let draft = Draft { me: self.me, kind, tags, content, after };
        send::post(self.tx, self.groups, self.changes, &self.chat, draft, self.now)
    }

    /// Our own reactions that were not taken back.
    fn own_reactions(&self) -> Result<Vec<MessageRecord>> {
        let mut rows = self.tx.annotations(self.chat.id, std::slice::from_ref(&self.message.event_id))?;
        rows.retain(|row| row.kind == KIND_REACTION && row.sender == self.me && !row.erased);
        Ok(rows)
    }

    fn require_text(&self) -> Result<()> {
        if self.message.erased || views::is_deleted(self.tx, &self.message)? {
            return Err(Error::new(ErrorCode::NotFound, "This message was deleted."));
        }
        Ok(())
    }
}

/// Reacts to a message. The same emoji a second time changes nothing.
pub(crate) async fn react(account: &Arc<Account>, message: i64, emoji: &str) -> Result<()> {
    let emoji = emoji.trim().to_owned();
    if !views::is_reaction(&emoji) {
        return Err(Error::new(ErrorCode::InvalidInput, "A reaction is an emoji or a short text of at most 64 characters."));
    }
    work(account, message, move |work| {
        work.require_text()?;
        if work.own_reactions()?.iter().any(|row| row.content == emoji) {
            return Ok(());
        }
        let tags = vec![reference(&work.message.event_id)];
        work.say(KIND_REACTION, tags, emoji, 0).map(drop)
    })
    .await
}

/// Takes an own reaction back.
pub(crate) async fn unreact(account: &Arc<Account>, message: i64, emoji: &str) -> Result<()> {
    let emoji = emoji.trim().to_owned();
    work(account, message, move |work| {
        let rows: Vec<_> = work.own_reactions()?.into_iter().filter(|row| row.content == emoji).collect();
        if rows.is_empty() {
            return Err(Error::not_found("This reaction"));
        }
        let tags = rows.iter().map(|row| reference(&row.event_id)).collect();
        work.say(KIND_DELETE, tags, String::new(), 0)?;
        for row in rows {
            deletion::erase(work.tx, &row)?;
        }
        work.changes.message(work.message.id);
        Ok(())
    })
    .await
}

/// Replaces the text of an own message.
pub(crate) async fn edit(account: &Arc<Account>, message: i64, text: String) -> Result<()> {
    send::check_text(&text)?;
    work(account, message, move |work| {
        if work.message.sender != work.me {
            return Err(Error::new(ErrorCode::InvalidInput, "Only the author of a message can change it."));
        }
        work.require_text()?;
        drafts::edited(work.tx, work.changes, work.chat.id, work.message.id)?;
        let last = views::revisions(work.tx, &work.message)?.pop().ok_or_else(|| Error::not_found("This message"))?;
        if last.text == text {
            return Ok(());
        }
        let tags = std::iter::once(reference(&work.message.event_id)).chain(mentions::tags(&text)).collect();
        work.say(KIND_EDIT, tags, text, last.at).map(drop)
    })
    .await
}

/// Deletes an own message, or as an admin somebody else's.
pub(crate) async fn delete(account: &Arc<Account>, message: i64) -> Result<()> {
    work(account, message, |work| {
        if !deletion::may(work.tx, &work.chat, &work.me, &work.message)? {
            return Err(Error::new(
                ErrorCode::NotAdmin,
                "You can delete your own messages; those of others only an admin of the group can.",
            ));
        }
        work.require_text()?;
        let tags = vec![reference(&work.message.event_id)];
        work.say(KIND_DELETE, tags, String::new(), 0)?;
        deletion::erase(work.tx, &work.message)?;
        work.changes.message(work.message.id);
        Ok(())
    })
    .await
}

/// Every text that a message had, the first one first.
pub(crate) async fn history(account: &Arc<Account>, message: i64) -> Result<Vec<ipc::Revision>> {
    account
        .db
        .read(move |tx, _| {
            let row = tx.message(MessageId(message))?.filter(|row| row.kind == KIND_CHAT);
            views::revisions(tx, &row.ok_or_else(|| Error::not_found("This message"))?)
        })
        .await
}

async fn work(account: &Arc<Account>, message: i64, f: impl FnOnce(&mut Work<'_, '_>) -> Result<()> + Send + 'static) -> Result<()> {
    let (me, now) = (account.pubkey(), account.clock.now());
    changes::write(account, move |tx, groups, changes| {
        let message = tx.message(MessageId(message))?.filter(|row| row.kind == KIND_CHAT && !row.withdrawn);
        let message = message.ok_or_else(|| Error::not_found("This message"))?;
        let chat = views::found(tx, message.chat)?;
        send::sendable(&chat)?;
        f(&mut Work { tx, groups, changes, chat, message, me, now })
    })
    .await
}

fn reference(event: &EventId) -> Vec<String> {
    vec!["e".to_owned(), event.to_hex()]
}
