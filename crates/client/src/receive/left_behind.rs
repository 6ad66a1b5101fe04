//! The others may be on a branch that removed us although it lost here, or that another invitation leads to: what they write there can be
//! read by nobody without its keys.
//! Believing so is a conclusion, not a proof: whoever writes on our branch takes it back.

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_engine::{Epoch, LostRemoval};
use murmel_ipc::Race;
use murmel_store::{Cancellation, ChatId, ChatRecord, ChatState, Tx};
use nostr::{Event, JsonUtil as _, PublicKey};

use super::fork;
use super::group::{Taking, insert_system, system_row};
use crate::account::Account;
use crate::group::groups::Groups;
use crate::group::requests;
use crate::{Result, changes, views};

/// How long a group that seems to have gone on without us is followed, in seconds. Longer than after a removal that is proven.
const DOUBT_GRACE: u64 = 30 * 24 * 3600;

/// There is something of a group that nothing here opens.
pub(crate) fn closed(tx: &Tx<'_>, groups: &mut Groups, chat: ChatId, now: u64) -> Result<()> {
    let chat = views::found(tx, chat)?;
    if is_member(&chat) && tx.progress_number(&name(chat.id))?.is_none() && may_be_elsewhere(tx, groups, &chat)? {
        tx.put_progress_number(&name(chat.id), now)?;
    }
    Ok(())
}

/// We wanted to leave, which was confirmed on a branch that lost here. Where nothing more is heard on this one, that stands.
pub(super) fn doubt(tx: &Tx<'_>, chat: ChatId, now: u64) -> Result<()> {
    Ok(tx.put_progress_number(&name(chat), now)?)
}

/// Somebody wrote or changed something that can be read here. `epoch`: the one that it belongs to, or that it began; `at`: when its event
/// was made, Unix seconds.
pub(super) fn heard(taking: &mut Taking<'_, '_>, chat: &ChatRecord, from: PublicKey, epoch: Epoch, at: u64) -> Result<()> {
    // What was said before the group split says nothing about who is on which branch.
    let lost = lost_removal(taking.tx, taking.groups, chat)?;
    let here = lost.as_ref().is_none_or(|lost| epoch >= lost.removal.to);
    if from == taking.keys.public_key() || !here {
        return Ok(());
    }
    match lost {
        // They can confirm it, if they stay.
        Some(_) if chat.state == ChatState::Leaving => doubt(taking.tx, chat.id, taking.now)?,
        _ => taking.tx.remove_progress(&name(chat.id))?,
    }
    note_heard(taking.tx, chat.id, epoch, at.min(taking.now))?;
    let gone = matches!(chat.state, ChatState::Left | ChatState::Removed);
    if gone && taking.groups.get(taking.tx, &chat.group)?.is_some_and(|(group, _)| group.is_active()) {
        fork::back(taking, chat)?;
        if let Some(lost) = lost {
            restore_what_was_left_out(taking, chat, lost.fork)?;
        }
        taking.changes.group(chat.id);
    }
    Ok(())
}

/// Believes the removals of which the signs have been there long enough.
pub(crate) async fn conclude(account: &Arc<Account>) -> Result<()> {
    let (keys, now, patience) = (account.keys.clone(), account.clock.now(), account.sync.housekeeping.left_behind.as_secs());
    changes::write(account, move |tx, groups, changes| {
        for chat in tx.chats()? {
            if tx.progress_number(&name(chat.id))?.is_some_and(|since| now >= since.saturating_add(patience)) {
                believe(&mut Taking::new(tx, groups, changes, &keys, now), &chat)?;
            }
        }
        Ok(())
    })
    .await
}

/// We are in another copy of the group now.
pub(crate) fn forget(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    for note in [last(chat), newest(chat), last_in_newest(chat), name(chat)] {
        tx.remove_progress(&note)?;
    }
    Ok(())
}

fn believe(taking: &mut Taking<'_, '_>, chat: &ChatRecord) -> Result<()> {
    taking.tx.remove_progress(&name(chat.id))?;
    if !is_member(chat) {
        return Ok(());
    }
    let unread = super::deferred(taking.tx, chat.id)?;
    let lost = lost_removal(taking.tx, taking.groups, chat)?;
    // What was written elsewhere before somebody was heard here, its author may have said before they came here; so in the same second.
    let heard = last_heard(taking.tx, chat.id, lost.as_ref().map(|lost| lost.removal.to))?;
    // Whoever invited us was here then. Nothing was written after it came, whatever it says.
    let invited = chat.inviter.map_or(0, |_| chat.joined_at);
    let written = unread.iter().filter_map(|kept| {
        let event = Event::from_json(&kept.event).ok()?;
        Some((event.created_at.as_secs().min(kept.received_at), event))
    });
    let elsewhere: Vec<(u64, Event)> = written.filter(|(at, _)| *at > heard).collect();
    let goes_on = elsewhere.iter().any(|(at, _)| *at > invited);
    let Some(lost) = lost else {
        if goes_on && requests::take_spare(taking, chat, &elsewhere)? {
            taking.changes.group(chat.id);
        }
        return Ok(());
    };
    // Whoever reads all of that branch is on it only if what we cannot read makes it come first. Whoever wanted to leave needs no sign of that.
    let leaving = chat.state == ChatState::Leaving;
    if !leaving && (!goes_on || (unread.len() as u64) < lost.behind) {
        return Ok(());
    }
    let (removal, split) = (lost.removal, lost.fork);
    for (index, event) in removal.events.iter().enumerate() {
        if let Some(row) = system_row(removal.by, event) {
            insert_system(taking, chat.id, &removal, index, taking.now, &row)?;
        }
    }
    fail_what_was_left_out(taking, chat, split)?;
    fork::note(
        taking,
        chat,
        &Race {
            at: taking.now,
            fork: Some(split.0),
            reason: None,
            switched: true,
            kept: vec![fork::entered(&removal)],
            left: Vec::new(),
            withdrawn: 0,
            resent: 0,
            again: 0,
        },
    )?;
    let state = if leaving { ChatState::Left } else { ChatState::Removed };
    fork::gone_with_grace(taking, chat, state, DOUBT_GRACE)?;
    taking.changes.group(chat.id);
    Ok(())
}

/// What we said since the group split is no part of it: whoever read it has withdrawn it, and we cannot say it again there.
fn fail_what_was_left_out(taking: &mut Taking<'_, '_>, chat: &ChatRecord, split: Epoch) -> Result<()> {
    let Some((group, _)) = taking.groups.get(taking.tx, &chat.group)? else { return Ok(()) };
    let ours: BTreeSet<_> = group.epochs().into_iter().filter(|record| record.epoch > split).map(|record| record.commit).collect();
    for row in taking.tx.messages_since_epoch(chat.id, split)? {
        if !row.mine || !row.branch.is_some_and(|branch| ours.contains(&branch)) {
            continue;
        }
        if let Some(carrier) = taking.tx.outbox_by_message(row.id)?.pop() {
            taking.tx.cancel(carrier.id, Cancellation::LeftOut)?;
            taking.changes.message(row.id);
        }
    }
    Ok(())
}

/// We are in the group after all, and so is what we said: a relay has it, or is offered it again.
fn restore_what_was_left_out(taking: &mut Taking<'_, '_>, chat: &ChatRecord, split: Epoch) -> Result<()> {
    for row in taking.tx.messages_since_epoch(chat.id, split)?.iter().filter(|row| row.mine) {
        let carrier = taking.tx.outbox_by_message(row.id)?.pop();
        if let Some(carrier) = carrier.filter(|carrier| carrier.cancelled == Some(Cancellation::LeftOut)) {
            taking.tx.retry(carrier.id, taking.now)?;
            taking.changes.message(row.id);
            taking.changes.enqueued();
        }
    }
    Ok(())
}

/// Whether there is a branch on which the others may be: one that removed us, or one that another invitation leads to.
fn may_be_elsewhere(tx: &Tx<'_>, groups: &mut Groups, chat: &ChatRecord) -> Result<bool> {
    Ok(lost_removal(tx, groups, chat)?.is_some() || !requests::ways_in(tx, &chat.group)?.is_empty())
}

fn lost_removal(tx: &Tx<'_>, groups: &mut Groups, chat: &ChatRecord) -> Result<Option<LostRemoval>> {
    let Some((group, _)) = groups.get(tx, &chat.group)? else { return Ok(None) };
    Ok(group.lost_removal())
}

const fn is_member(chat: &ChatRecord) -> bool {
    matches!(chat.state, ChatState::Active | ChatState::Leaving)
}

/// Somebody was heard in an epoch of the branch that we are on, in something made at `at`, Unix seconds.
fn note_heard(tx: &Tx<'_>, chat: ChatId, epoch: Epoch, at: u64) -> Result<()> {
    tx.raise_progress_number(&last(chat), at)?;
    let known = tx.progress_number(&newest(chat))?;
    if known.is_none_or(|known| known < epoch.0) {
        tx.put_progress_number(&newest(chat), epoch.0)?;
        tx.put_progress_number(&last_in_newest(chat), at)?;
    } else if known == Some(epoch.0) {
        tx.raise_progress_number(&last_in_newest(chat), at)?;
    }
    Ok(())
}

/// When somebody was last heard on the branch that we are on, Unix seconds; 0 is never. Where that branch began with `split`, only what was said
/// since then counts: older words may have been read before anybody here knew of a split.
fn last_heard(tx: &Tx<'_>, chat: ChatId, split: Option<Epoch>) -> Result<u64> {
    let since = match split {
        None => tx.progress_number(&last(chat))?,
        Some(split) if tx.progress_number(&newest(chat))?.is_some_and(|newest| newest >= split.0) => {
            tx.progress_number(&last_in_newest(chat))?
        }
        Some(_) => None,
    };
    Ok(since.unwrap_or(0))
}

/// When somebody was last heard in any epoch: what others had made, Unix seconds.
fn last(chat: ChatId) -> String {
    format!("last heard/{chat}")
}

/// The newest epoch in which somebody was heard.
fn newest(chat: ChatId) -> String {
    format!("newest heard/{chat}")
}

/// When somebody was last heard in that epoch, Unix seconds.
fn last_in_newest(chat: ChatId) -> String {
    format!("last heard in newest/{chat}")
}

fn name(chat: ChatId) -> String {
    format!("left behind/{chat}")
}
