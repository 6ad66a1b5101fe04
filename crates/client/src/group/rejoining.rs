//! Coming back to a group of which there is a copy: what the old copy left open is settled.
//! It judges no invitation; the engine does.

use std::collections::BTreeSet;

use murmel_engine::{Digest, Epoch, GroupId, Storage as _};
use murmel_net::Feed;
use murmel_store::{ChatId, ChatRecord, ChatState, Tx};

use crate::changes::Changes;
use crate::chores::Chore;
use crate::group::groups::Groups;
use crate::group::{departures, membership};
use crate::message::send;
use crate::{Error, Result, receive, sync, views};

/// Epochs of a copy in which we were a member: what we said in them may have reached nobody.
pub(crate) struct Before {
    oldest: Option<Epoch>,
    branches: BTreeSet<Digest>,
}

/// Reads off the old copy what the new one needs, and drops it where it cannot be followed any more.
pub(crate) fn leave_copy(tx: &Tx<'_>, groups: &mut Groups, group: &GroupId) -> Result<Before> {
    let chat = tx.chat_by_group(group)?;
    let member = chat.as_ref().is_some_and(|chat| matches!(chat.state, ChatState::Active | ChatState::Leaving | ChatState::Stranded));
    let epochs = if member { tx.epochs(group).map_err(Error::from)? } else { Vec::new() };
    if chat.is_some_and(|chat| chat.state == ChatState::Stranded) {
        tx.forget_group(group).map_err(Error::from)?;
    }
    groups.forget(group);
    Ok(Before {
        oldest: epochs.iter().map(|record| record.epoch).min(),
        branches: epochs.into_iter().map(|record| record.commit).collect(),
    })
}

/// Forgets what was noted of a group that we had lost.
pub(crate) fn forget_progress(tx: &Tx<'_>, chat: &ChatRecord) -> Result<()> {
    receive::forget_loss(tx, chat)?;
    receive::forget_doubt(tx, chat.id)?;
    receive::forget_unreadable(tx, chat.id)?;
    departures::forget(tx, chat.id)?;
    membership::forget_made(tx, chat.id)
}

/// Reads everything since the invitation once more: what the old copy has read, the new one has not.
pub(crate) fn read_anew(tx: &Tx<'_>, changes: &mut Changes, chat: ChatId) -> Result<()> {
    let chat = views::found(tx, chat)?;
    for (routing, relays) in sync::routes(tx, &chat)? {
        tx.forget_seen_since(routing.as_bytes(), sync::begin(&chat))?;
        for relay in sync::addresses(&relays) {
            changes.chore(Chore::ReadWhole(Feed::Group(*routing.as_bytes()), relay));
        }
    }
    Ok(())
}

/// Says again what we said in the old copy. Who has it already knows it by its inner event.
pub(crate) fn say_again(tx: &Tx<'_>, groups: &mut Groups, changes: &mut Changes, chat: ChatId, before: Before, now: u64) -> Result<()> {
    let Some(oldest) = before.oldest else { return Ok(()) };
    let chat = views::found(tx, chat)?;
    for row in tx.messages_since_epoch(chat.id, oldest)? {
        if row.mine && row.branch.is_some_and(|branch| before.branches.contains(&branch)) {
            let carrier = tx.outbox_by_message(row.id)?.pop();
            send::send_again(tx, groups, changes, &chat, &row, carrier.as_ref(), now)?;
        }
    }
    Ok(())
}
