//! Rotating our own leaf: soon after joining (Marmot: joining), which heals the group from whatever the key package went through, and from
//! then on once a week in groups where something happens (docs/decisions/0005), or sooner where somebody has to see that we are here. It never
//! holds up a message.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use murmel_net::Feed;
use murmel_store::{ChatId, ChatRecord, ChatState, Tx};
use nostr::PublicKey;

use crate::account::Account;
use crate::chores::Chore;
use crate::group::groups::Groups;
use crate::group::intent::Intent;
use crate::group::membership;
use crate::receive::Taking;
use crate::{Error, Result, views};

/// How often a group that never falls quiet is waited for.
const QUIET_TRIES: u32 = 10;
const DAY: u64 = 24 * 60 * 60;
/// Seconds from one rotation to the next, at random between the two, so that members do not rotate together.
const PERIOD: std::ops::RangeInclusive<u64> = (6 * DAY)..=(8 * DAY);
/// How long a group in which nothing happened since the last rotation is left alone, in seconds.
const SILENT: u64 = DAY;
/// A rotation that is due for longer than this, in seconds, was missed by a device that slept, and perhaps by others, too.
const MISSED: u64 = DAY;
/// Over so many seconds those who come back spread the rotations that they missed. Together they would take the group further in minutes
/// than anybody can read back.
const SPREAD: u64 = 6 * 60 * 60;

/// When the leaf has to be rotated next after a rotation at `now`, Unix seconds.
pub(crate) fn next_after(now: u64) -> u64 {
    now.saturating_add(rand::random_range(PERIOD))
}

/// Remembers that our leaf is fresh, and when the next rotation is due.
pub(crate) fn rotated(tx: &Tx<'_>, chat: ChatId, now: u64) -> Result<()> {
    tx.put_progress_number(&name(chat), now)?;
    tx.remove_progress(&put_off_name(chat))?;
    forget_doubt(tx, chat)?;
    Ok(tx.set_needs_self_update(chat, Some(next_after(now)))?)
}

/// We are in the group, perhaps again: our leaf is as old as the key package that made it.
pub(crate) fn joined(tx: &Tx<'_>, chat: ChatId, now: u64) -> Result<()> {
    tx.remove_progress(&name(chat))?;
    forget_doubt(tx, chat)?;
    Ok(tx.set_needs_self_update(chat, Some(now))?)
}

/// The rotation was made on a branch that does not count: our leaf is as old as before.
pub(crate) fn undone(taking: &mut Taking<'_, '_>, chat: ChatId) -> Result<()> {
    taking.tx.remove_progress(&name(chat))?;
    forget_doubt(taking.tx, chat)?;
    taking.tx.set_needs_self_update(chat, Some(taking.now))?;
    taking.changes.chore(Chore::Rotate(chat));
    Ok(())
}

/// Where a branch that lost here removed somebody: they hear on which one we are by what is done there, and by nothing else, and would believe
/// that the group went on without them. A rotation shows it, unless somebody else does something here first.
pub(crate) fn reassure(taking: &mut Taking<'_, '_>, chat: ChatId) -> Result<()> {
    let record = views::found(taking.tx, chat)?;
    if record.state != ChatState::Active || doubters(taking.tx, taking.groups, &record, taking.keys.public_key())?.is_empty() {
        return Ok(());
    }
    if taking.tx.progress_number(&doubt_name(chat))?.is_none()
        && let Some(due) = record.needs_self_update_at
    {
        taking.tx.put_progress_number(&due_name(chat), due)?;
    }
    taking.tx.put_progress_number(&doubt_name(chat), record.epoch.0)?;
    taking.tx.set_needs_self_update(chat, Some(taking.now))?;
    taking.changes.chore(Chore::Rotate(chat));
    Ok(())
}

/// Other members whom a branch that lost here removed.
fn doubters(tx: &Tx<'_>, groups: &mut Groups, chat: &ChatRecord, me: PublicKey) -> Result<BTreeSet<PublicKey>> {
    let Some((group, _)) = groups.get(tx, &chat.group)? else { return Ok(BTreeSet::new()) };
    let removed = group.removed_elsewhere();
    Ok(tx.members(chat.id)?.into_iter().map(|member| member.public_key).filter(|who| *who != me && removed.contains(who)).collect())
}

/// Whether nobody needs our rotation to see where the group is: there is no doubt any more, or somebody else changed the group since.
fn is_reassured(tx: &Tx<'_>, groups: &mut Groups, chat: &ChatRecord, me: PublicKey) -> Result<bool> {
    let Some(since) = tx.progress_number(&doubt_name(chat.id))? else { return Ok(false) };
    let doubters = doubters(tx, groups, chat, me)?;
    let Some((group, _)) = groups.get(tx, &chat.group)? else { return Ok(true) };
    let mut later = group.epochs().into_iter().filter(|record| record.epoch.0 > since).filter_map(|record| record.began.as_ref());
    Ok(doubters.is_empty() || later.any(|applied| !doubters.contains(&applied.by)))
}

/// The leaf is rotated when it had been due before.
fn leave_it_at_that(tx: &Tx<'_>, chat: ChatId, now: u64) -> Result<()> {
    let due = tx.progress_number(&due_name(chat))?.unwrap_or_else(|| next_after(now));
    forget_doubt(tx, chat)?;
    Ok(tx.set_needs_self_update(chat, Some(due))?)
}

fn forget_doubt(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    tx.remove_progress(&doubt_name(chat))?;
    Ok(tx.remove_progress(&due_name(chat))?)
}

/// Nothing was said since the last rotation: there is nothing to protect that it did not protect.
fn is_silent(tx: &Tx<'_>, chat: ChatId) -> Result<bool> {
    let Some(last) = tx.progress_number(&name(chat))? else { return Ok(false) };
    Ok(views::found(tx, chat)?.last_activity <= last)
}

/// Puts a rotation that was missed off, once: whoever comes for minutes only must not put it off for ever. `None`: it is for now.
fn put_off(tx: &Tx<'_>, chat: ChatId, now: u64) -> Result<Option<u64>> {
    let due = views::found(tx, chat)?.needs_self_update_at.unwrap_or(now);
    if due.saturating_add(MISSED) >= now || tx.progress_number(&put_off_name(chat))?.is_some() {
        return Ok(None);
    }
    tx.put_progress_number(&put_off_name(chat), now)?;
    Ok(Some(now.saturating_add(rand::random_range(0..=SPREAD))))
}

/// When our leaf was rotated last, Unix seconds.
fn name(chat: ChatId) -> String {
    format!("rotated/{chat}")
}

/// When a rotation that was missed was put off, Unix seconds.
fn put_off_name(chat: ChatId) -> String {
    format!("rotation put off/{chat}")
}

/// In which epoch the group was when somebody may have begun to doubt.
fn doubt_name(chat: ChatId) -> String {
    format!("doubted/{chat}")
}

/// When the rotation had been due before somebody doubted, Unix seconds.
fn due_name(chat: ChatId) -> String {
    format!("rotation due before doubt/{chat}")
}

/// Rotates our leaf when it is due, the backlog is read and the group is quiet. One at a time for each chat.
pub(crate) async fn when_quiet(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    if !rotating(account).insert(chat) {
        return Ok(());
    }
    let done = wait_and_rotate(account, chat).await;
    rotating(account).remove(&chat);
    let (now, pause) = (account.clock.now(), account.sync.housekeeping.rotation_retry.as_secs());
    let failed = done.is_err();
    account
        .db
        .write(move |tx, _| {
            if failed {
                tx.set_needs_self_update(chat, Some(now.saturating_add(pause)))?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    done
}

async fn wait_and_rotate(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    let now = account.clock.now();
    let later = account.db.write(move |tx, _| {
        let doubted = tx.progress_number(&doubt_name(chat))?.is_some();
        let later = if doubted {
            None
        } else if is_silent(tx, chat)? {
            Some(now.saturating_add(SILENT))
        } else {
            put_off(tx, chat, now)?
        };
        if later.is_some() {
            tx.set_needs_self_update(chat, later)?;
        }
        Ok::<_, Error>(later.is_some())
    });
    if later.await? {
        return Ok(());
    }
    let waits = &account.sync.housekeeping;
    let feed = account.db.read(move |tx, _| Ok::<_, Error>(Feed::Group(*views::found(tx, chat)?.routing.as_bytes()))).await?;
    let caught_up = async {
        loop {
            let moved = account.sync.moved.notified();
            if account.sync.feeds.is_caught_up(feed) {
                return;
            }
            moved.await;
        }
    };
    let _ = tokio::time::timeout(waits.backlog_patience, caught_up).await;
    tokio::time::sleep(waits.rotation_grace).await;
    for _ in 0..QUIET_TRIES {
        let before = activity(account, chat).await?;
        tokio::time::sleep(waits.rotation_quiet).await;
        if activity(account, chat).await? == before {
            break;
        }
    }
    tokio::time::sleep(waits.rotation_jitter.mul_f64(rand::random::<f64>())).await;
    let (me, now) = (account.pubkey(), account.clock.now());
    let over = account.db.write(move |tx, groups| {
        let record = views::found(tx, chat)?;
        let (gone, reassured) = (record.state != ChatState::Active, is_reassured(tx, groups, &record, me)?);
        if gone {
            tx.set_needs_self_update(chat, None)?;
        } else if reassured {
            leave_it_at_that(tx, chat, now)?;
        }
        Ok::<_, Error>(gone || reassured)
    });
    if over.await? {
        return Ok(());
    }
    membership::change(account, chat, Intent::Rotate).await?;
    let now = account.clock.now();
    account.db.write(move |tx, _| rotated(tx, chat, now)).await
}

/// Changes whenever something happens in the group.
async fn activity(account: &Arc<Account>, chat: ChatId) -> Result<(u64, Option<i64>)> {
    account
        .db
        .read(move |tx, _| {
            let newest = tx.newest_arrivals(chat, 1)?.pop().map(|message| message.id.0);
            Ok((views::found(tx, chat)?.epoch.0, newest))
        })
        .await
}

fn rotating(account: &Account) -> MutexGuard<'_, HashSet<ChatId>> {
    account.sync.rotating.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
