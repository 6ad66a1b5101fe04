//! What the person decided about a chat: pinned, archived, muted, marked as unread; and what a message that arrives makes of that.
//! It publishes nothing, and no other member learns of it.

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, MuteFor};
use murmel_store::{ChatId, ChatRecord, ChoiceRecord, MessageId, MessageRecord, Muted, Tx};
use nostr::PublicKey;

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::message::mentions;
use crate::receive::Taking;
use crate::{Error, Result, views};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;
/// Unread mentions of one chat that are counted.
pub(crate) const MENTIONS_COUNTED: u32 = 999;

/// Pins a chat below those that are pinned, or lets it go.
pub(crate) async fn pin(account: &Arc<Account>, chat: &str, pinned: bool) -> Result<()> {
    let chat = chat.to_owned();
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?.id;
        let mut order = tx.pinned()?;
        if order.contains(&chat) == pinned {
            return Ok(());
        }
        order.retain(|other| *other != chat);
        if pinned {
            order.push(chat);
            decide(tx, changes, chat, |choice| choice.archived = false)?;
        } else {
            decide(tx, changes, chat, |choice| choice.place = None)?;
        }
        places(tx, changes, &order)
    })
    .await
}

/// Puts the pinned chats into this order; those that are not named follow in theirs.
pub(crate) async fn order_pins(account: &Arc<Account>, chats: Vec<String>) -> Result<()> {
    changes::write(account, move |tx, _, changes| {
        let pinned = tx.pinned()?;
        let mut order: Vec<ChatId> = Vec::new();
        for chat in chats.iter().take(pinned.len()) {
            let chat = views::find(tx, chat)?.id;
            if !pinned.contains(&chat) {
                return Err(Error::new(ErrorCode::InvalidInput, "Only pinned chats have an order. Pin the chat first."));
            }
            if !order.contains(&chat) {
                order.push(chat);
            }
        }
        order.extend(pinned.iter().filter(|chat| !order.contains(chat)).copied().collect::<Vec<_>>());
        places(tx, changes, &order)
    })
    .await
}

/// Puts a chat out of the way, or back.
pub(crate) async fn archive(account: &Arc<Account>, chat: &str, archived: bool) -> Result<()> {
    let chat = chat.to_owned();
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?.id;
        decide(tx, changes, chat, |choice| {
            choice.archived = archived;
            if archived {
                choice.place = None;
            }
        })?;
        let order = tx.pinned()?;
        places(tx, changes, &order)
    })
    .await
}

/// Silences a chat, or ends its silence.
pub(crate) async fn mute(account: &Arc<Account>, chat: &str, how_long: Option<MuteFor>) -> Result<()> {
    let (chat, now) = (chat.to_owned(), account.clock.now());
    let muted = how_long.map(|how_long| match how_long {
        MuteFor::Hour => Muted::Until(now.saturating_add(HOUR)),
        MuteFor::EightHours => Muted::Until(now.saturating_add(8 * HOUR)),
        MuteFor::Day => Muted::Until(now.saturating_add(DAY)),
        MuteFor::Week => Muted::Until(now.saturating_add(7 * DAY)),
        MuteFor::Always => Muted::Always,
    });
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?.id;
        decide(tx, changes, chat, |choice| choice.muted = muted)
    })
    .await
}

/// Shows a chat as unread, whatever was read, or takes that back.
pub(crate) async fn mark_unread(account: &Arc<Account>, chat: &str, unread: bool) -> Result<()> {
    let chat = chat.to_owned();
    changes::write(account, move |tx, _, changes| {
        let chat = views::find(tx, &chat)?.id;
        decide(tx, changes, chat, |choice| choice.marked_unread = unread)
    })
    .await
}

/// The chat is on the screen: the mark has done its work. Nothing is written where there is none.
pub(crate) async fn opened(account: &Arc<Account>, chat: &str) -> Result<()> {
    let name = chat.to_owned();
    let marked = account.db.read(move |tx, _| Ok::<_, Error>(tx.choice(views::find(tx, &name)?.id)?.marked_unread)).await?;
    if marked { mark_unread(account, chat, false).await } else { Ok(()) }
}

/// What was read is not marked any more.
pub(crate) fn was_read(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId) -> Result<()> {
    decide(tx, changes, chat, |choice| choice.marked_unread = false)
}

/// Unread messages that name the account or answer it, in the order of arrival.
pub(crate) async fn unread_mentions(account: &Arc<Account>, chat: &str) -> Result<Vec<i64>> {
    let chat = chat.to_owned();
    account
        .db
        .read(move |tx, _| {
            let found = tx.unread_mentions(views::find(tx, &chat)?.id, MENTIONS_COUNTED)?;
            Ok(found.into_iter().map(|message| message.0).collect())
        })
        .await
}

/// Ends silences whose time is over, so that the window shows it.
pub(crate) async fn unmute_due(account: &Arc<Account>) -> Result<()> {
    let now = account.clock.now();
    let due = account.db.read(move |tx, _| Ok::<_, Error>(tx.no_longer_muted(now)?)).await?;
    if due.is_empty() {
        return Ok(());
    }
    changes::write(account, move |tx, _, changes| {
        for chat in tx.no_longer_muted(now)? {
            decide(tx, changes, chat, |choice| choice.muted = None)?;
        }
        Ok(())
    })
    .await
}

/// A chat message was stored: counts it as a mention, moves the chat up, brings it back from the archive, announces it.
pub(crate) fn arrived(taking: &mut Taking<'_, '_>, chat: &ChatRecord, id: MessageId, record: &MessageRecord) -> Result<()> {
    let (tx, me) = (taking.tx, taking.keys.public_key());
    if tx.is_blocked(&record.sender)? {
        taking.changes.message(id);
        return Ok(());
    }
    let mention = !record.mine && concerns(tx, me, record)?;
    if mention {
        tx.insert_mention(chat.id, id)?;
    }
    tx.touch_chat(chat.id, record.at)?;
    stir(tx, taking.changes, chat.id, record.mine || mention, taking.now)?;
    taking.changes.message(id);
    if !record.mine {
        taking.changes.arrived_in(chat.id);
    }
    Ok(())
}

/// Brings a chat back from the archive; a muted one only where it `matters`.
pub(crate) fn stir(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId, matters: bool, now: u64) -> Result<()> {
    let choice = tx.choice(chat)?;
    if !choice.archived || (!matters && is_muted(&choice, now)) {
        return Ok(());
    }
    decide(tx, changes, chat, |choice| choice.archived = false)
}

/// How the window sees a silence.
pub(crate) fn muted(choice: &ChoiceRecord) -> Option<ipc::Mute> {
    choice.muted.map(|muted| match muted {
        Muted::Always => ipc::Mute { until: None },
        Muted::Until(until) => ipc::Mute { until: Some(until) },
    })
}

/// Whether a chat is silent.
pub(crate) fn is_muted(choice: &ChoiceRecord, now: u64) -> bool {
    choice.muted.is_some_and(|muted| muted.holds(now))
}

/// Whether a message of somebody else names the account or answers it.
fn concerns(tx: &Tx<'_>, me: PublicKey, record: &MessageRecord) -> Result<bool> {
    if mentions::of(&record.tags).contains(&me) || mentions::named(&record.content).contains(&me) {
        return Ok(true);
    }
    let Some(target) = record.target else { return Ok(false) };
    Ok(tx.message_by_event(record.chat, &target)?.is_some_and(|parent| parent.mine))
}

/// Changes what is decided about a chat; tells the window if that is something new.
fn decide(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId, change: impl FnOnce(&mut ChoiceRecord)) -> Result<()> {
    let mut choice = tx.choice(chat)?;
    change(&mut choice);
    if tx.put_choice(chat, &choice)? {
        changes.chat(chat);
    }
    Ok(())
}

/// Numbers the pinned chats.
fn places(tx: &Tx<'_>, changes: &mut Changes, order: &[ChatId]) -> Result<()> {
    for (place, chat) in (0..).zip(order) {
        decide(tx, changes, *chat, |choice| choice.place = Some(place))?;
    }
    Ok(())
}
