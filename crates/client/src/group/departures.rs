//! Leaving a group, and confirming that others leave (Marmot: SelfRemove).
//! Nobody removes their own leaf: another member commits it.

use std::sync::Arc;

use murmel_ipc::ErrorCode;
use murmel_store::{ChatId, ChatState, Lane, Purpose, Tx};
use nostr::PublicKey;
use sha2::{Digest as _, Sha256};

use crate::account::Account;
use crate::changes::Changes;
use crate::group::groups::Groups;
use crate::group::intent::Intent;
use crate::group::membership;
use crate::message::send::enqueue;
use crate::receive::Taking;
use crate::{Error, Result, changes, views};

/// Members beyond this rank confirm all at the same time; by then something is wrong with everybody before them.
const RANK_CAP: u32 = 20;

/// Says that we leave. From now on nothing else is sent.
pub(crate) async fn leave(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    let now = account.clock.now();
    changes::write(account, move |tx, groups, changes| say(tx, groups, changes, chat, now)).await
}

/// See [`leave`]; part of a transaction.
pub(crate) fn say(tx: &Tx<'_>, groups: &mut Groups, changes: &mut Changes, chat: ChatId, now: u64) -> Result<()> {
    let record = views::found(tx, chat)?;
    let (group, device) = groups.get(tx, &record.group)?.ok_or_else(|| Error::internal("a chat without its group"))?;
    let sealed = group.propose_leave(tx, device, now)?;
    enqueue(tx, Purpose::Proposal, Some(chat), None, &sealed.event, Lane::Group, group.relays(), now)?;
    tx.put_progress_number(&name(chat), sealed.epoch.0)?;
    tx.set_chat_state(chat, ChatState::Leaving)?;
    changes.enqueued();
    changes.group(chat);
    Ok(())
}

/// We are back: neither our departure nor those of others are waited for.
pub(crate) fn forget(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    tx.remove_progress(&name(chat))?;
    Ok(tx.remove_progress(&awaited(chat))?)
}

/// Whether we had said that we leave.
pub(crate) fn was_leaving(tx: &Tx<'_>, chat: ChatId) -> Result<bool> {
    Ok(tx.progress_number(&name(chat))?.is_some())
}

/// Says again that we leave, where the group went on to a newer epoch without us having gone. Whoever was made an admin meanwhile steps down first.
pub(crate) async fn leave_again(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    let (me, keys, now) = (account.pubkey(), account.keys.clone(), account.clock.now());
    changes::write(account, move |tx, groups, changes| {
        let record = views::found(tx, chat)?;
        let Some((group, _)) = groups.get(tx, &record.group)? else { return Ok(()) };
        if record.state != ChatState::Leaving || tx.progress_number(&name(chat))? == Some(group.epoch().0) {
            return Ok(());
        }
        if !group.view().admins.contains(&me) {
            return say(tx, groups, changes, chat, now);
        }
        tx.remove_progress(&name(chat))?;
        tx.set_chat_state(chat, ChatState::Active)?;
        changes.group(chat);
        membership::want(&mut Taking::new(tx, groups, changes, &keys, now), chat, Intent::Leave { me, successor: None })
    })
    .await
}

/// Leaves a group that nobody else is in: there is nobody to tell.
pub(crate) async fn leave_alone(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    changes::write(account, move |tx, groups, changes| {
        let record = views::found(tx, chat)?;
        tx.set_chat_state(chat, ChatState::Left)?;
        groups.forget(&record.group);
        changes.group(chat);
        changes.refollow();
        Ok(())
    })
    .await
}

/// Remembers that somebody wants to leave, until nobody does any more.
pub(crate) fn note(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    Ok(tx.put_progress_number(&awaited(chat), 1)?)
}

/// Whether somebody may want to leave.
pub(crate) fn noted(tx: &Tx<'_>, chat: ChatId) -> Result<bool> {
    Ok(tx.progress_number(&awaited(chat))?.is_some())
}

/// Confirms that others leave. Everybody in the group wants to do that, so each waits for a turn of their own.
pub(crate) async fn confirm(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    let Some(rank) = rank(account, chat).await? else { return Ok(()) };
    let pacing = &account.sync.housekeeping;
    let (shortest, longest) = pacing.departure_jitter;
    let jitter = longest.saturating_sub(shortest).mul_f64(rand::random::<f64>());
    tokio::time::sleep(shortest + jitter + pacing.departure_turn.saturating_mul(rank.min(RANK_CAP))).await;
    if !rank_still(account, chat).await? {
        return Ok(());
    }
    match membership::change(account, chat, Intent::ConfirmDepartures).await {
        // Whoever was faster did what was wanted.
        Err(error) if error.code == ErrorCode::InvalidInput => Ok(()),
        other => other,
    }
}

async fn rank_still(account: &Arc<Account>, chat: ChatId) -> Result<bool> {
    Ok(rank(account, chat).await?.is_some())
}

/// How many members are to confirm before us; `None` where nobody wants to leave, or a change of ours is on its way.
async fn rank(account: &Arc<Account>, chat: ChatId) -> Result<Option<u32>> {
    let me = account.pubkey();
    account
        .db
        .write(move |tx, groups| {
            let record = views::found(tx, chat)?;
            if record.state != ChatState::Active {
                return Ok(None);
            }
            let Some((group, _)) = groups.get(tx, &record.group)? else { return Ok(None) };
            let leaving = group.departures();
            if leaving.is_empty() {
                tx.remove_progress(&awaited(chat))?;
            }
            if leaving.is_empty() || group.pending().is_some() {
                return Ok(None);
            }
            // The same order for everybody, another one in each epoch.
            let key = |who: &PublicKey| -> [u8; 32] {
                Sha256::new()
                    .chain_update(record.routing.as_bytes())
                    .chain_update(group.epoch().0.to_be_bytes())
                    .chain_update(who.as_bytes())
                    .finalize()
                    .into()
            };
            let ours = key(&me);
            let before = group.view().members.iter().filter(|who| !leaving.contains(who) && key(who) < ours).count();
            Ok(Some(u32::try_from(before).unwrap_or(RANK_CAP)))
        })
        .await
}

fn awaited(chat: ChatId) -> String {
    format!("departures/{chat}")
}

fn name(chat: ChatId) -> String {
    format!("leaving/{chat}")
}
