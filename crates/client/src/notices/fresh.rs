//! What is new in a chat since it was announced last, from the database.
//! It decides not whether anybody is told.

use murmel_ipc::MessageKind;
use murmel_store::{ChatId, ChatState, MessageId, Tx};
use nostr::PublicKey;

use super::Arrival;
use crate::message::choice::{self, MENTIONS_COUNTED};
use crate::message::mentions;
use crate::{Result, views};

/// New messages of one chat that are counted.
pub(crate) const FRESH_CAP: u32 = 999;

/// Whether there is anything.
pub(crate) fn is_any(tx: &Tx<'_>, chat: ChatId) -> Result<bool> {
    Ok(!tx.unannounced(chat, 1)?.is_empty())
}

/// What there is, and notes that it was announced. In a silent chat only what concerns the account counts.
pub(crate) fn take(tx: &Tx<'_>, me: PublicKey, chat: ChatId, now: u64) -> Result<Option<Arrival>> {
    let mut fresh = tx.unannounced(chat, FRESH_CAP)?;
    let (Some(newest), Some(oldest)) = (fresh.first().copied(), fresh.last().copied()) else { return Ok(None) };
    tx.mark_announced(chat, newest)?;
    let muted = choice::is_muted(&tx.choice(chat)?, now);
    if muted {
        fresh = tx.unread_mentions(chat, MENTIONS_COUNTED)?.into_iter().rev().filter(|message| *message >= oldest).collect();
    }
    let Some(last) = fresh.first().copied() else { return Ok(None) };
    let count = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
    Ok(arrival(tx, me, chat, last)?.map(|arrival| Arrival { count, muted, ..arrival }))
}

/// Notes that nothing of what there is will be announced.
pub(crate) fn pass_over(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    if let Some(newest) = tx.unannounced(chat, 1)?.first() {
        tx.mark_announced(chat, *newest)?;
    }
    Ok(())
}

fn arrival(tx: &Tx<'_>, me: PublicKey, chat: ChatId, last: MessageId) -> Result<Option<Arrival>> {
    let Some(record) = tx.message(last)? else { return Ok(None) };
    let message = views::message(tx, me, &record)?;
    let found = views::found(tx, chat)?;
    let text = match &message.kind {
        MessageKind::Text { text, mentions, .. } => mentions::readable(text, mentions),
        MessageKind::System { .. } => String::new(),
    };
    Ok(Some(Arrival {
        chat: message.chat,
        chat_name: views::chat_name(tx, &views::Names::new(tx, me), &found)?,
        message: message.id,
        sender: message.sender_name,
        text,
        expires: record.expires_at.is_some(),
        mention: tx.is_mention(chat, last)?,
        answerable: found.state == ChatState::Active,
        unread: u32::try_from(tx.unread_count(chat)?).unwrap_or(u32::MAX),
        ..Arrival::default()
    }))
}
