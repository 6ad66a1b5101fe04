//! A race was decided: what the other branch carried is taken back, sent again or wanted again, and it is written down why.
//! It decides nothing; the engine does.

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_engine::{Applied, Digest, Epoch, GroupEvent, Left, Reason, Rival, Storage as _, Switched};
use murmel_ipc::{Race, RaceCommit, RaceReason, SystemMessage};
use murmel_store::{Cancellation, ChatRecord, ChatState, KIND_SYSTEM, MessageRecord, Tx};

use super::group::{Taking, insert_system, insert_system_row, project, system_row};
use super::left_behind;
use crate::account::Account;
use crate::chores::Chore;
use crate::group::{departures, ending, membership, requests, rotation};
use crate::message::send;
use crate::{Error, Result, changes, views};

/// How long a group that removed us or was ended is followed, in seconds: the commit that did it may lose a race. Then its keys go.
const REMOVAL_GRACE: u64 = 24 * 3600;

/// What came of the messages of the branch that was left.
#[derive(Default)]
struct Counts {
    withdrawn: u32,
    resent: u32,
}

/// The group went another way. `at`: when the event that decided was published, Unix seconds.
pub(super) fn switched(taking: &mut Taking<'_, '_>, chat: &ChatRecord, switched: &Switched, at: u64) -> Result<()> {
    let moved = project(taking.tx, taking.groups, chat.id, &chat.group)?;
    let at = at.min(taking.now);
    for commit in &switched.entered {
        for (index, event) in commit.events.iter().enumerate() {
            if let Some(row) = system_row(commit.by, event) {
                insert_system(taking, chat.id, commit, index, at, &row)?;
            }
        }
    }
    if let Some(commit) = switched.entered.iter().find(|commit| commit.events.contains(&GroupEvent::Disbanded)) {
        ending::ended(taking, chat, commit, at)?;
    } else if switched.still_member {
        back(taking, chat)?;
    } else {
        let left = chat.state == ChatState::Leaving;
        gone(taking, chat, if left { ChatState::Left } else { ChatState::Removed })?;
    }
    let counts = messages(taking, chat, switched)?;
    if switched.superseded_own {
        let events: Vec<_> = switched.entered.iter().flat_map(|commit| commit.events.clone()).collect();
        membership::superseded(taking, chat.id, &events)?;
    }
    let again = membership::take_back(taking, chat.id, switched)?;
    let names: Vec<Digest> = switched.entered.iter().map(|commit| commit.digest).collect();
    membership::welcome_late(taking, chat, &names)?;
    let race = Race {
        at: taking.now,
        fork: Some(switched.fork.0),
        reason: Some(reason(switched.reason)),
        switched: true,
        kept: switched.entered.iter().map(entered).collect(),
        left: switched.left.iter().map(left).collect(),
        withdrawn: counts.withdrawn,
        resent: counts.resent,
        again,
    };
    note(taking, chat, &race)?;
    if let Some(first) = switched.entered.first() {
        let row = SystemMessage::BranchChanged {
            by: first.by.to_hex(),
            reason: reason(switched.reason),
            withdrawn: counts.withdrawn,
            resent: counts.resent,
        };
        let seed = [b"branch changed".as_slice(), switched.tip.as_bytes(), &taking.now.to_be_bytes()].concat();
        insert_system_row(taking, chat.id, &seed, first.by, taking.now, &row)?;
    }
    if switched.still_member {
        // Own messages of the epochs that both branches share may still be on their way.
        taking.changes.ended(chat.id, switched.fork, at);
        rotation::reassure(taking, chat.id)?;
    }
    if moved {
        taking.changes.refollow();
    }
    taking.changes.group(chat.id);
    Ok(())
}

/// A rival commit that does not count is written down all the same.
pub(super) fn rival(taking: &mut Taking<'_, '_>, chat: &ChatRecord, rival: &Rival) -> Result<()> {
    if rival.applied.events.iter().any(|event| matches!(event, GroupEvent::MemberRemoved(_))) {
        rotation::reassure(taking, chat.id)?;
    }
    let race = Race {
        at: taking.now,
        fork: Some(rival.applied.from.0),
        reason: rival.reason.map(reason),
        switched: false,
        kept: Vec::new(),
        left: vec![entered(&rival.applied)],
        withdrawn: 0,
        resent: 0,
        again: 0,
    };
    note(taking, chat, &race)
}

/// The group cannot be followed any more.
pub(super) fn stranded(taking: &mut Taking<'_, '_>, chat: &ChatRecord) -> Result<()> {
    taking.tx.set_chat_state(chat.id, ChatState::Stranded)?;
    taking.changes.group(chat.id);
    taking.changes.refollow();
    Ok(())
}

/// We are no member any more.
pub(crate) fn gone(taking: &mut Taking<'_, '_>, chat: &ChatRecord, state: ChatState) -> Result<()> {
    requests::led_out(taking.tx, chat.id)?;
    gone_with_grace(taking, chat, state, REMOVAL_GRACE)
}

/// See [`gone`]; the group is followed for `grace` more seconds.
pub(super) fn gone_with_grace(taking: &mut Taking<'_, '_>, chat: &ChatRecord, state: ChatState, grace: u64) -> Result<()> {
    taking.tx.set_chat_state(chat.id, state)?;
    taking.tx.set_needs_self_update(chat.id, None)?;
    taking.tx.put_progress_number(&removed(chat), taking.now.saturating_add(grace))?;
    // An invitation to come back may have arrived before the removal did.
    requests::offer_spares(taking, chat)?;
    taking.changes.chore(Chore::ReadAgain);
    taking.changes.refollow();
    Ok(())
}

/// We are a member after all.
pub(super) fn back(taking: &mut Taking<'_, '_>, chat: &ChatRecord) -> Result<()> {
    if matches!(chat.state, ChatState::Active | ChatState::Leaving) {
        if chat.state == ChatState::Leaving {
            taking.changes.chore(Chore::LeaveAgain(chat.id));
        }
        return Ok(());
    }
    taking.tx.remove_progress(&removed(chat))?;
    let leaving = departures::was_leaving(taking.tx, chat.id)?;
    taking.tx.set_chat_state(chat.id, if leaving { ChatState::Leaving } else { ChatState::Active })?;
    if leaving {
        taking.changes.chore(Chore::LeaveAgain(chat.id));
        left_behind::doubt(taking.tx, chat.id, taking.now)?;
    }
    taking.changes.refollow();
    Ok(())
}

/// We are back, by a new invitation: nothing of the loss is to be cleared away any more.
pub(crate) fn forget_loss(tx: &Tx<'_>, chat: &ChatRecord) -> Result<()> {
    Ok(tx.remove_progress(&removed(chat))?)
}

/// Whether events of a chat are still of interest.
pub(crate) fn is_followed(tx: &Tx<'_>, chat: &ChatRecord, now: u64) -> Result<bool> {
    Ok(match chat.state {
        ChatState::Active | ChatState::Leaving => true,
        ChatState::Left | ChatState::Removed | ChatState::Ended => tx.progress_number(&removed(chat))?.is_some_and(|until| now < until),
        ChatState::Stranded => false,
    })
}

/// Forgets the keys of groups that removed us long enough ago.
pub(crate) async fn forget_removed(account: &Arc<Account>) -> Result<()> {
    let now = account.clock.now();
    changes::write(account, move |tx, groups, changes| {
        for chat in tx.chats()? {
            if tx.progress_number(&removed(&chat))?.is_some_and(|until| now >= until) {
                tx.remove_progress(&removed(&chat))?;
                tx.forget_group(&chat.group).map_err(Error::from)?;
                groups.forget(&chat.group);
                changes.refollow();
            }
        }
        Ok(())
    })
    .await
}

/// How races of a chat ended, newest first.
pub(crate) async fn races(account: &Arc<Account>, chat: &str) -> Result<Vec<Race>> {
    let chat = chat.to_owned();
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            let read = |record: &String| serde_json::from_str(record).map_err(|_| Error::internal("a race that cannot be read"));
            tx.races(chat.id)?.iter().map(read).collect()
        })
        .await
}

/// Withdraws what others said on the branch that was left, says again what we said there, and puts back what counts again.
fn messages(taking: &mut Taking<'_, '_>, chat: &ChatRecord, switched: &Switched) -> Result<Counts> {
    let names: BTreeSet<Digest> = switched.left.iter().map(|left| left.commit).collect();
    let entered: BTreeSet<Digest> = switched.entered.iter().map(|commit| commit.digest).collect();
    let chat = &views::found(taking.tx, chat.id)?;
    let mut counts = Counts::default();
    for row in taking.tx.messages_since_epoch(chat.id, Epoch(switched.fork.0))? {
        let Some(branch) = row.branch else { continue };
        if names.contains(&branch) {
            if row.kind == KIND_SYSTEM {
                taking.tx.delete_message(row.id)?;
                taking.changes.gone(chat.id, row.id);
            } else if row.mine {
                counts.resent += u32::from(say_again(taking, chat, &row)?);
            } else {
                withdraw(taking, chat, &row)?;
                counts.withdrawn += u32::from(MessageRecord::is_shown(row.kind));
            }
        } else if entered.contains(&branch) && row.withdrawn {
            taking.tx.set_withdrawn(row.id, false)?;
            taking.changes.message(row.id);
        }
    }
    Ok(counts)
}

fn withdraw(taking: &mut Taking<'_, '_>, chat: &ChatRecord, row: &MessageRecord) -> Result<()> {
    taking.tx.set_withdrawn(row.id, true)?;
    if MessageRecord::is_shown(row.kind) {
        taking.changes.gone(chat.id, row.id);
    }
    if let Some(target) = row.target.map(|target| taking.tx.message_by_event(chat.id, &target)).transpose()?.flatten() {
        taking.changes.message(target.id);
    }
    Ok(())
}

fn say_again(taking: &mut Taking<'_, '_>, chat: &ChatRecord, row: &MessageRecord) -> Result<bool> {
    let carrier = taking.tx.outbox_by_message(row.id)?.pop();
    let said = matches!(chat.state, ChatState::Active | ChatState::Leaving)
        && send::send_again(taking.tx, taking.groups, taking.changes, chat, row, carrier.as_ref(), taking.now)?;
    if !said && let Some(carrier) = carrier {
        taking.tx.cancel(carrier.id, Cancellation::OtherBranch)?;
        taking.changes.message(row.id);
    }
    Ok(said)
}

/// A message that is here already came once more, because its author's branch lost and it was sent again.
pub(super) fn arrived_again(taking: &mut Taking<'_, '_>, again: &MessageRecord) -> Result<()> {
    let Some(known) = taking.tx.message_by_event(again.chat, &again.event_id)? else { return Ok(()) };
    let (Some(branch), Some(digest)) = (&again.branch, &again.digest) else { return Ok(()) };
    if known.mine || !known.withdrawn {
        return Ok(());
    }
    taking.tx.resend_message(known.id, again.epoch, branch, digest)?;
    taking.tx.set_withdrawn(known.id, false)?;
    taking.changes.message(known.id);
    Ok(())
}

pub(super) fn note(taking: &mut Taking<'_, '_>, chat: &ChatRecord, race: &Race) -> Result<()> {
    let text = serde_json::to_string(race).map_err(|_| Error::internal("a race that cannot be written"))?;
    taking.tx.insert_race(chat.id, race.at, &text)?;
    taking.changes.group(chat.id);
    Ok(())
}

pub(super) fn entered(commit: &Applied) -> RaceCommit {
    RaceCommit { epoch: commit.to.0, commit: commit.digest.to_string(), by: Some(commit.by.to_hex()) }
}

fn left(left: &Left) -> RaceCommit {
    RaceCommit { epoch: left.epoch.0, commit: left.commit.to_string(), by: left.by.map(|by| by.to_hex()) }
}

const fn reason(reason: Reason) -> RaceReason {
    match reason {
        Reason::Longer => RaceReason::Longer,
        Reason::Witnessed => RaceReason::Witnessed,
        Reason::MoreWitnesses => RaceReason::MoreWitnesses,
        Reason::Privileged => RaceReason::Privileged,
        Reason::LowerAccount => RaceReason::LowerAccount,
        Reason::LowerDigest => RaceReason::LowerDigest,
    }
}

fn removed(chat: &ChatRecord) -> String {
    format!("removed/{}", chat.id)
}
