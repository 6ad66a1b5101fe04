//! The one staged commit of a group: staged with its outbox row, merged when a relay has accepted it, dropped when all refuse.
//! It never merges twice, and never forgets a commit that somebody may have seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_engine::{GroupEvent, Refusal};
use murmel_ipc::{ChangeObstacle, ErrorCode};
use murmel_store::{Cancellation, ChatId, Lane, OutboxId, OutboxState, Purpose, Tx};
use tokio::sync::oneshot;

use super::welcome::welcome_or_tell;
use super::{lost, made};
use crate::account::Account;
use crate::group::departures;
use crate::group::intent::{self, Intent, Staged};
use crate::message::send::{enqueue, sendable};
use crate::notices::Backlog;
use crate::receive::{Taking, applied, retry_deferred};
use crate::{Error, Result, changes, outbox, views};

/// How often a change is made again after losing its place to somebody else's.
const AGAIN_CAP: u32 = 8;

/// What became of a staged commit.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A relay accepted it; it is merged.
    Merged,
    /// Every relay refused it; nothing has changed.
    Refused(String),
    /// Somebody else's commit took its place.
    Superseded(Intent),
    /// Somebody else's commit took its place, and did what makes no sense twice. Why, in sentences.
    Overtaken(&'static str),
}

/// Makes a change: returns when a relay has accepted it and it is merged.
///
/// # Errors
/// The engine's refusals; `RelayRefused`, and nothing has changed; `Offline` where no relay answered in time: then the change is
/// kept and goes out when one does; `Busy` where another change of the group is on its way.
pub(crate) async fn change(account: &Arc<Account>, chat: ChatId, intent: Intent) -> Result<()> {
    let _turn = turn(account, chat).await?;
    let mut place = None;
    let made = make(account, chat, intent, &mut place).await;
    if let (Err(_), Some(outbox)) = (&made, place)
        // Whoever asked is told that it was not done: then it must not be done later.
        && give_up(account, chat, outbox, None).await.is_err()
    {
        tracing::warn!("a change that lost its place could not be given up");
    }
    made
}

/// Makes changes again that lost their place while nobody waited for them.
pub(crate) async fn again(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    let _turn = turn(account, chat).await?;
    while let Some(lost) = account.db.read(move |tx, _| lost::first(tx, chat)).await? {
        let mut place = Some(lost.outbox);
        match make(account, chat, lost.intent.clone(), &mut place).await {
            Err(error) if !error.retryable || error.code == ErrorCode::RelayRefused => {
                let outbox = place.unwrap_or(lost.outbox);
                give_up(account, chat, outbox, Some((lost.intent, error))).await?;
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn turn(account: &Arc<Account>, chat: ChatId) -> Result<tokio::sync::OwnedMutexGuard<()>> {
    let patience = account.sync.housekeeping.change_patience;
    tokio::time::timeout(patience, account.sync.turn(chat).lock_owned()).await.map_err(|_| busy())
}

/// Stages a change until it keeps its place. `place`: where it lost it, while it waits to be made again.
async fn make(account: &Arc<Account>, chat: ChatId, mut intent: Intent, place: &mut Option<i64>) -> Result<()> {
    let patience = account.sync.housekeeping.change_patience;
    for _ in 0..AGAIN_CAP {
        let (teller, outcome) = oneshot::channel();
        let Some(outbox) = stage(account, chat, intent, *place, teller).await? else { return Ok(()) };
        murmel_store::crash_point!("commit: durable, not published");
        *place = None;
        match tokio::time::timeout(patience, outcome).await {
            Ok(Ok(Outcome::Merged)) => return Ok(()),
            Ok(Ok(Outcome::Refused(reason))) => return Err(Error::passing(ErrorCode::RelayRefused, refusal(&reason))),
            Ok(Ok(Outcome::Overtaken(why))) => return Err(Error::new(ErrorCode::Busy, why)),
            Ok(Ok(Outcome::Superseded(again))) => (intent, *place) = (again, Some(outbox.0)),
            Ok(Err(_)) => return Err(Error::no_account()),
            Err(_) => {
                account.sync.stop_waiting(outbox);
                let words = "No relay has taken the change yet. It is kept and goes out as soon as one can be reached.";
                return Err(Error::passing(ErrorCode::Offline, words));
            }
        }
    }
    Err(busy())
}

/// A change that lost its place is not made again. `why`: what is told in the timeline.
async fn give_up(account: &Arc<Account>, chat: ChatId, outbox: i64, why: Option<(Intent, Error)>) -> Result<()> {
    let (keys, now) = (account.keys.clone(), account.clock.now());
    changes::write(account, move |tx, groups, changes| {
        lost::forget(tx, chat, outbox)?;
        match why {
            // The chat itself says that we are no member any more.
            Some((intent, error)) if error.code != ErrorCode::GroupInactive => lost::tell(
                &mut Taking::new(tx, groups, changes, &keys, now),
                chat,
                outbox,
                &intent,
                (ChangeObstacle::Impossible, &error.message),
            ),
            _ => Ok(()),
        }
    })
    .await
}

fn refusal(reason: &str) -> String {
    format!("No relay of this group takes the change ({reason}). Nothing was changed; try again later.")
}

fn busy() -> Error {
    Error::passing(ErrorCode::Busy, "Another change of this group is still on its way. Try again in a moment.")
}

/// The staged commit, the row that publishes it and what it is for, in one transaction; `None` where nothing has to be published.
async fn stage(
    account: &Arc<Account>,
    chat: ChatId,
    intent: Intent,
    place: Option<i64>,
    teller: oneshot::Sender<Outcome>,
) -> Result<Option<OutboxId>> {
    let now = account.clock.now();
    #[cfg(murmel_bug = "merge_before_acknowledgement")]
    let keys = account.keys.clone();
    changes::write(account, move |tx, groups, changes| {
        let chat = views::found(tx, chat)?;
        sendable(&chat)?;
        if let Some(outbox) = place {
            lost::forget(tx, chat.id, outbox)?;
        }
        let (group, device) = groups.get(tx, &chat.group)?.ok_or_else(|| Error::internal("a chat without its group"))?;
        if let Intent::Leave { me, .. } = &intent
            && !group.view().admins.contains(me)
        {
            // Somebody else has made us an ordinary member meanwhile.
            departures::say(tx, groups, changes, chat.id, now)?;
            return Ok(None);
        }
        let mut intent = intent;
        if let (Intent::Invite(people), Some(_)) = (&mut intent, place) {
            let members = group.view().members;
            people.retain(|person| !members.contains(&person.offer.pubkey));
        }
        let staged = match group.stage(tx, device, intent.change(now)?, now) {
            // What was wanted has come about in another way.
            Err(murmel_engine::Error::Refused(Refusal::Nothing | Refusal::NotMember(_)))
                if place.is_some() && !matches!(intent, Intent::Leave { .. }) =>
            {
                return Ok(None);
            }
            staged => staged.map_err(intent::crowded)?,
        };
        murmel_store::crash_point!("commit: staged, not queued");
        let outbox = enqueue(tx, Purpose::Commit, Some(chat.id), None, &staged.event, Lane::Group, group.relays(), now)?;
        murmel_store::crash_point!("commit: queued, not kept");
        keep(tx, chat.id, &Staged { outbox: outbox.0, digest: staged.digest, intent })?;
        changes.awaited(outbox, teller);
        changes.enqueued();
        #[cfg(murmel_bug = "merge_before_acknowledgement")]
        merge(&mut Taking::new(tx, groups, changes, &keys, now), chat.id)?;
        Ok(Some(outbox))
    })
    .await
}

/// The outbox calls this once when the first relay has accepted an event with purpose commit.
pub(crate) async fn accepted(account: &Arc<Account>, outbox: i64) {
    murmel_store::crash_point!("commit: accepted, not merged");
    let (keys, now) = (account.keys.clone(), account.clock.now());
    let merged = changes::write(account, move |tx, groups, changes| {
        let Some(chat) = chat_of(tx, outbox)? else { return Ok(None) };
        merge(&mut Taking::new(tx, groups, changes, &keys, now), chat)?;
        Ok(Some(chat))
    });
    let done = match merged.await {
        Ok(Some(chat)) => retry_deferred(account, BTreeSet::from([chat]), Backlog::Live).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    murmel_store::crash_point!("commit: settled");
    if let Err(error) = done {
        // It is found again when open work is looked up.
        tracing::error!(code = ?error.code, "an accepted change could not be merged");
    }
}

/// The outbox calls this when every relay has refused an event with purpose commit for good.
pub(crate) async fn refused(account: &Arc<Account>, outbox: i64, reason: String) {
    let (keys, now, waiting) = (account.keys.clone(), account.clock.now(), Arc::clone(account));
    let dropped = changes::write(account, move |tx, groups, changes| {
        let Some(chat) = chat_of(tx, outbox)? else { return Ok(()) };
        let record = views::found(tx, chat)?;
        if let Some((group, _)) = groups.get(tx, &record.group)? {
            group.discard(tx)?;
        }
        if let Some(kept) = staged(tx, chat)?
            && !waiting.sync.is_awaited(OutboxId(outbox))
        {
            let taking = &mut Taking::new(tx, groups, changes, &keys, now);
            lost::tell(taking, chat, outbox, &kept.intent, (ChangeObstacle::Refused, &refusal(&reason)))?;
        }
        forget(tx, chat)?;
        changes.outcome(chat, OutboxId(outbox), Outcome::Refused(reason));
        Ok(())
    });
    if let Err(error) = dropped.await {
        tracing::error!(code = ?error.code, "a refused change could not be dropped");
    }
}

/// The chat whose staged commit an outbox row carries; `None` where that commit is settled already.
fn chat_of(tx: &Tx<'_>, outbox: i64) -> Result<Option<ChatId>> {
    let Some(chat) = tx.outbox(OutboxId(outbox))?.and_then(|row| row.chat) else { return Ok(None) };
    Ok(staged(tx, chat)?.filter(|staged| staged.outbox == outbox).map(|_| chat))
}

/// Merges the staged commit and sends the welcomes that belong to it; nothing where none is staged.
pub(crate) fn merge(taking: &mut Taking<'_, '_>, chat: ChatId) -> Result<()> {
    let record = views::found(taking.tx, chat)?;
    let kept = staged(taking.tx, chat)?;
    let Some((group, _)) = taking.groups.get(taking.tx, &record.group)? else { return Ok(()) };
    let Some(confirmed) = group.confirm(taking.tx, taking.now)? else { return Ok(()) };
    murmel_store::crash_point!("commit: merged, rows not changed");
    applied(taking, &record, &confirmed.applied, taking.now)?;
    forget(taking.tx, chat)?;
    let Some(kept) = kept else { return Ok(()) };
    made::remember(taking.tx, chat, confirmed.applied.to, kept.clone())?;
    let Staged { outbox, intent, .. } = kept;
    if let Intent::Invite(people) = &intent {
        for invitation in confirmed.invitations {
            if let Some(inbox) = intent::inbox(people, &invitation) {
                welcome_or_tell(taking, chat, &invitation, inbox, OutboxId(outbox))?;
            }
        }
    }
    if let Intent::Leave { .. } = intent {
        departures::say(taking.tx, taking.groups, taking.changes, chat, taking.now)?;
    }
    murmel_store::crash_point!("commit: merged, not committed");
    taking.changes.outcome(chat, OutboxId(outbox), Outcome::Merged);
    Ok(())
}

/// Somebody else's commit took the place of ours: ours is dropped by the engine, what it was for is wanted still.
pub(crate) fn superseded(taking: &mut Taking<'_, '_>, chat: ChatId, events: &[GroupEvent]) -> Result<()> {
    let Some(kept) = staged(taking.tx, chat)? else { return Ok(()) };
    taking.tx.cancel(OutboxId(kept.outbox), Cancellation::Overtaken)?;
    forget(taking.tx, chat)?;
    // A relay may have it all the same, and then it may win: what it was for is not forgotten.
    made::remember(taking.tx, chat, views::found(taking.tx, chat)?.epoch, kept.clone())?;
    let outcome = match kept.intent.overtaken(events) {
        Some(why) => {
            lost::tell(taking, chat, kept.outbox, &kept.intent, why)?;
            Outcome::Overtaken(why.1)
        }
        None => {
            // On disk, because whoever waits for it may not be there any more when it is to be made again.
            lost::keep(taking, chat, kept.outbox, kept.intent.clone())?;
            Outcome::Superseded(kept.intent)
        }
    };
    taking.changes.outcome(chat, OutboxId(kept.outbox), outcome);
    Ok(())
}

/// The group is another copy now: a change that was staged in the old one is not published any more.
pub(super) fn abandon(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    if let Some(kept) = staged(tx, chat)? {
        tx.cancel(OutboxId(kept.outbox), Cancellation::Rejoined)?;
    }
    forget(tx, chat)
}

/// Settles what a crash left between an answer of a relay and its consequence.
pub(crate) async fn resume(account: &Arc<Account>) -> Result<()> {
    let settled = account.db.read(|tx, _| {
        let mut settled = Vec::new();
        for chat in tx.chats()? {
            let Some(kept) = staged(tx, chat.id)? else { continue };
            if let Some(row) = tx.outbox(OutboxId(kept.outbox))?
                && matches!(row.state, OutboxState::Done | OutboxState::Failed)
            {
                settled.push((kept.outbox, row.state, outbox::refused(&row)));
            }
        }
        Ok::<_, Error>(settled)
    });
    for (outbox, state, reason) in settled.await? {
        match state {
            OutboxState::Done => accepted(account, outbox).await,
            _ => refused(account, outbox, reason).await,
        }
    }
    Ok(())
}

fn name(chat: ChatId) -> String {
    format!("staged/{chat}")
}

fn staged(tx: &Tx<'_>, chat: ChatId) -> Result<Option<Staged>> {
    let Some(text) = tx.progress_text(&name(chat))? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|_| Error::internal("a staged change that cannot be read"))
}

fn keep(tx: &Tx<'_>, chat: ChatId, staged: &Staged) -> Result<()> {
    let text = serde_json::to_string(staged).map_err(|_| Error::internal("a staged change that cannot be written"))?;
    Ok(tx.put_progress_text(&name(chat), &text)?)
}

fn forget(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    Ok(tx.remove_progress(&name(chat))?)
}
