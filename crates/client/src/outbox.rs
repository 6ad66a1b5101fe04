//! Events on their way to relays: durable, the same content on every attempt, every answer recorded.
//! It encrypts nothing, and decides nothing about what an acceptance means.

mod flight;
mod items;
mod kept;
mod why_unsent;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use murmel_ipc::{self as ipc, DeliveryAnswer, ErrorCode};
use murmel_net::RelayAddress;
use murmel_store::{Answer, Cancellation, Delivery, KIND_CHAT, MessageId, OutboxId, OutboxRecord, OutboxState, Purpose, Tx};
use nostr::{Event, JsonUtil as _};

use self::flight::{Attempt, Flight};
pub(crate) use self::items::{items, retry_item, unsent};
pub(crate) use self::kept::look_whether_kept;
pub(crate) use self::why_unsent::{refused, why_unsent};
use crate::account::Account;
use crate::changes::{self, Changes};
use crate::group::groups::Groups;
use crate::group::membership;
use crate::message::send;
use crate::network::relays;
use crate::receive::Taking;
use crate::{Error, Result, receive, views};

/// Due attempts looked at in one go, beyond those under way.
const DUE_BATCH: usize = 512;
/// Answers recorded in one transaction.
const ANSWERS_PER_TRANSACTION: usize = 128;
/// How long the remaining relays of an accepted event are tried, in seconds: three days, in which the program ran.
const PERSIST: u64 = 3 * 24 * 60 * 60;
/// How long settled events are kept for their delivery details, in seconds: thirty days.
const KEEP: u64 = 30 * 24 * 60 * 60;
/// How long a group event may wait under its date, in seconds. Relays pass on only what is dated after the last hour before others came
/// back, so an older one would be accepted and reach nobody; half of that leaves room for clocks.
const DATED_FOR: u64 = 30 * 60;
/// How long the outbox sleeps at most: what waits for an event that is cancelled becomes due without a word.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long it rests when the database cannot be read or written.
const TROUBLE_SLEEP: Duration = Duration::from_secs(5);

/// What follows from recorded answers, after their transaction.
struct Effect {
    record: OutboxRecord,
    changed: bool,
    /// A relay took a change of the group that another one had come before.
    came_out: bool,
    /// A relay took a message that whoever reads there cannot read any more, or does not find.
    unheard: bool,
}

/// Publishes what is due, until the account is closed.
pub(crate) async fn run(account: Arc<Account>) {
    let mut flight = Flight::default();
    let mut pruned_at = 0;
    loop {
        let now = account.clock.now();
        flight.at_work(now);
        if now.saturating_sub(pruned_at) > 24 * 60 * 60 {
            pruned_at = now;
            drop(account.db.write(move |tx, _| Ok::<_, Error>(tx.prune_outbox(now.saturating_sub(KEEP))?)).await);
        }
        let sleep = match start_due(&account, &mut flight).await {
            Ok(sleep) => sleep,
            Err(error) => {
                tracing::warn!(code = ?error.code, "the outbox cannot be read; trying again");
                TROUBLE_SLEEP
            }
        };
        tokio::select! {
            Some(landed) = flight.attempts.join_next() => {
                let mut landed = vec![landed];
                while landed.len() < ANSWERS_PER_TRANSACTION {
                    let Some(more) = flight.attempts.try_join_next() else { break };
                    landed.push(more);
                }
                let attempts: Vec<Attempt> = landed.into_iter().filter_map(std::result::Result::ok).collect();
                if settle_attempts(&account, &mut flight, attempts).await.is_err() {
                    // The same attempts are due at once, and relays must not be flooded with them meanwhile.
                    tokio::time::sleep(TROUBLE_SLEEP).await;
                }
            }
            () = account.outbox.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// A relay can be reached again. What waits for it does so for no longer than what no relay has: it holds up the later words of its conversation there, which
/// perhaps no other relay takes.
pub(crate) async fn relay_is_back(account: &Arc<Account>, relay: &RelayAddress) {
    let (relay, now, patience) = (relay.as_str().to_owned(), account.clock.now(), account.pace.retry_cap.as_secs());
    match account.db.write(move |tx, _| Ok::<_, Error>(tx.hurry(&relay, now, patience)?)).await {
        Ok(true) => account.outbox.notify_one(),
        Ok(false) => {}
        Err(error) => tracing::warn!(code = ?error.code, "what waits for a relay could not be hurried"),
    }
}

/// Starts what is due; answers how long nothing else will be.
async fn start_due(account: &Arc<Account>, flight: &mut Flight) -> Result<Duration> {
    let now = account.clock.now();
    let mut window = flight.len() + DUE_BATCH;
    loop {
        let limit = u32::try_from(window).unwrap_or(u32::MAX);
        let (due, next) = account.db.read(move |tx, _| Ok::<_, Error>((tx.due(now, limit)?, tx.next_due(now)?))).await?;
        let full = due.len() >= window;
        let chosen = flight.choose(due);
        if chosen.is_empty() && full && flight.has_room() {
            // Everything in the window belongs to relays that are busy: look behind it.
            window = window.saturating_mul(8);
            continue;
        }
        let ids: HashSet<OutboxId> = chosen.iter().map(|due| due.outbox).collect();
        let (mut events, old) = account.db.read(move |tx, _| load_events(tx, ids, now)).await?;
        if !old.is_empty() {
            events.extend(account.db.write(move |tx, groups| date_anew(tx, groups, old, now)).await?);
        }
        for due in chosen {
            let event = events.get(&due.outbox).cloned().flatten();
            flight.start(account, due, event);
        }
        return Ok(next.map_or(LONGEST_SLEEP, |next| Duration::from_secs(next.saturating_sub(now)).min(LONGEST_SLEEP)));
    }
}

type Events = HashMap<OutboxId, Option<Arc<Event>>>;

/// Events by their row, and those among them that waited so long that their date has to be renewed.
fn load_events(tx: &Tx<'_>, ids: HashSet<OutboxId>, now: u64) -> Result<(Events, BTreeSet<OutboxId>)> {
    let (mut events, mut old) = (HashMap::with_capacity(ids.len()), BTreeSet::new());
    for id in ids {
        let record = tx.outbox(id)?;
        let event = record.as_ref().and_then(|record| Event::from_json(&record.event).ok()).map(Arc::new);
        if let (Some(record), Some(event)) = (&record, &event)
            && matches!(record.purpose, Purpose::Message | Purpose::Commit | Purpose::Proposal)
            && record.state == OutboxState::Open
            && event.created_at.as_secs().saturating_add(DATED_FOR) < now
        {
            old.insert(id);
        }
        events.insert(id, event);
    }
    Ok((events, old))
}

/// Puts events that no relay has into envelopes of now; what is in them stays, and whoever has it already recognises it.
fn date_anew(tx: &Tx<'_>, groups: &mut Groups, old: BTreeSet<OutboxId>, now: u64) -> Result<Events> {
    let mut events = HashMap::with_capacity(old.len());
    for id in old {
        let Some(record) = tx.outbox(id)?.filter(|record| record.state == OutboxState::Open) else { continue };
        let Ok(event) = Event::from_json(&record.event) else { continue };
        let event = send::dated(&event, record.chat.map_or(now, |chat| groups.stamps.next(chat, now, now)))?;
        tx.replace_event(id, &event.id, event.as_json().as_bytes())?;
        events.insert(id, Some(Arc::new(event)));
    }
    Ok(events)
}

/// # Errors
/// The store's. The attempts are due again then: at worst a relay gets the same bytes twice.
async fn settle_attempts(account: &Arc<Account>, flight: &mut Flight, attempts: Vec<Attempt>) -> Result<()> {
    murmel_store::crash_point!("publish: answered, not recorded");
    let mut back = BTreeSet::new();
    for attempt in &attempts {
        flight.landed(attempt);
        if flight.heard_from(&attempt.due.relay, attempt.answer) {
            back.insert(attempt.due.relay.clone());
        }
    }
    // An attempt may have been under way while the computer slept.
    let now = account.clock.now();
    let since = flight.at_work(now);
    let mut paused = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        let pauses = flight.pauses(&attempt, &account.pace);
        paused.push((attempt, pauses));
    }
    let keys = account.keys.clone();
    let recorded = account.db.write(move |tx, groups| {
        let mut changes = Changes::default();
        let mut effects = Vec::with_capacity(paused.len());
        for (attempt, pauses) in paused {
            effects.extend(record(tx, attempt, since, now, pauses)?);
        }
        for relay in back {
            tx.hurry(&relay, now, 0)?;
        }
        let failed = |effect: &&Effect| effect.changed && effect.record.state == OutboxState::Failed;
        for Effect { record, .. } in effects.iter().filter(failed).filter(|effect| effect.record.purpose == Purpose::Welcome) {
            membership::not_delivered(&mut Taking::new(tx, groups, &mut changes, &keys, now), record)?;
        }
        murmel_store::crash_point!("publish: recorded, not committed");
        Ok::<_, Error>((effects, changes))
    });
    match recorded.await {
        Ok((effects, changes)) => {
            murmel_store::crash_point!("publish: recorded");
            follow_up(account, effects, changes).await;
        }
        Err(error) => {
            tracing::warn!(code = ?error.code, "answers of relays could not be recorded");
            return Err(error);
        }
    }
    Ok(())
}

/// `since`: when events began to be sent, Unix seconds. `pauses`: seconds until the next attempt while no relay has accepted the event, and when
/// one has.
fn record(tx: &Tx<'_>, attempt: Attempt, since: u64, now: u64, pauses: Option<[u64; 2]>) -> Result<Option<Effect>> {
    let Attempt { due, answer, detail, .. } = attempt;
    // Deleted with its chat while it was under way.
    let Some(before) = tx.outbox(due.outbox)? else { return Ok(None) };
    let accepted_before = before.state == OutboxState::Done;
    let over = (accepted_before && now.saturating_sub(before.created_at.max(since)) > PERSIST) || before.state == OutboxState::Cancelled;
    let pause = pauses.filter(|_| !over).map(|[pause, remaining]| if accepted_before { remaining } else { pause });
    let next = pause.map(|pause| now + pause + jitter(pause));
    let standing = tx.record_answer(due.outbox, &due.relay, answer, &detail, now, next)?;
    if !standing.changed && answer != Answer::Accepted {
        return Ok(None);
    }
    let came_out = answer == Answer::Accepted && before.state == OutboxState::Cancelled && before.purpose == Purpose::Commit;
    if came_out {
        // It takes part in the race, and everybody has to judge by the same commits, whichever relays they read and whatever this one does with it.
        tx.offer_after_all(due.outbox, now)?;
    }
    let unheard = answer == Answer::Accepted && (send::is_forgotten(tx, &before, now)? || kept::is_out_of_sight(tx, &before, now)?);
    Ok(tx.outbox(due.outbox)?.map(|record| Effect { record, changed: standing.changed, came_out, unheard }))
}

/// Up to a quarter of a pause, so that a relay that comes back is not asked everything at once.
fn jitter(pause: u64) -> u64 {
    use nostr::secp256k1::rand::Rng as _;
    nostr::secp256k1::rand::thread_rng().gen_range(0..=pause / 4)
}

async fn follow_up(account: &Arc<Account>, effects: Vec<Effect>, mut changes: Changes) {
    let anything = !effects.is_empty();
    for Effect { record, changed, came_out, unheard } in effects {
        if unheard {
            send::say_once_more(account, record.id).await;
        }
        if let Some(message) = record.message {
            changes.message(message);
        }
        if record.purpose == Purpose::Welcome
            && let Some(chat) = record.chat
        {
            changes.group(chat);
        }
        if came_out {
            receive::came_out(account, &record.event).await;
        }
        if changed && record.purpose == Purpose::Commit {
            match record.state {
                OutboxState::Done => membership::accepted(account, record.id.0).await,
                OutboxState::Failed => membership::refused(account, record.id.0, refused(&record)).await,
                OutboxState::Open | OutboxState::Cancelled => {}
            }
        }
    }
    if anything && changes::announce(account, changes).await.is_err() {
        tracing::warn!("the delivery of a message could not be shown");
    }
    account.answers.send_modify(|count| *count += 1);
    relays::network_changed(account).await;
}

/// Waits until an event is settled one way or the other; `None` where it is not within `timeout`.
pub(crate) async fn settled(account: &Arc<Account>, id: OutboxId, timeout: Duration) -> Result<Option<OutboxRecord>> {
    let mut answers = account.answers.subscribe();
    let waiting = async {
        loop {
            answers.borrow_and_update();
            let record = account.db.read(move |tx, _| Ok::<_, Error>(tx.outbox(id)?)).await?;
            match record {
                None => return Err(Error::not_found("This event")),
                Some(record) if record.state != OutboxState::Open => return Ok(record),
                Some(_) => {}
            }
            if answers.changed().await.is_err() {
                return Err(Error::no_account());
            }
        }
    };
    match tokio::time::timeout(timeout, waiting).await {
        Ok(settled) => settled.map(Some),
        Err(_) => Ok(None),
    }
}

/// Tries a failed or waiting message again, on every relay that has not accepted it; one that is no part of the group any more, as a new one.
pub(crate) async fn retry(account: &Arc<Account>, message: i64) -> Result<()> {
    let (id, now) = (MessageId(message), account.clock.now());
    changes::write(account, move |tx, groups, changes| {
        let mut events = tx.outbox_by_message(id)?;
        if events.is_empty() {
            return Err(Error::not_found("This message"));
        }
        if let Some(last) = events.last().filter(|last| last.state == OutboxState::Cancelled) {
            return send::say_anew(tx, groups, changes, last, now);
        }
        events.retain(|event| event.state != OutboxState::Cancelled);
        for event in events {
            // One that nobody has may be of an epoch that nobody remembers.
            if event.purpose == Purpose::Message
                && event.state != OutboxState::Done
                && let Some(chat) = event.chat.map(|chat| views::found(tx, chat)).transpose()?
                && send::renew_one(tx, groups, changes, &chat, &event, now)?
            {
                continue;
            }
            tx.retry(event.id, now)?;
        }
        changes.message(id);
        changes.enqueued();
        Ok(())
    })
    .await
}

/// Takes a message back that no relay has accepted: it is not tried again, and its row goes.
pub(crate) async fn cancel(account: &Arc<Account>, message: i64) -> Result<()> {
    let id = MessageId(message);
    changes::write(account, move |tx, _, changes| {
        let row = tx.message(id)?.filter(|row| row.mine && row.kind == KIND_CHAT && !row.withdrawn && !row.erased);
        let row = row.ok_or_else(|| Error::not_found("This message"))?;
        let events = tx.outbox_by_message(id)?;
        if events.is_empty() || tx.deliveries_of_message(id)?.iter().any(|relay| relay.answer == Answer::Accepted) {
            return Err(Error::new(ErrorCode::InvalidInput, "A relay has this message already. You can delete it for everybody instead."));
        }
        for event in events {
            tx.cancel(event.id, Cancellation::ByUser)?;
        }
        tx.erase_message(id)?;
        tx.set_withdrawn(id, true)?;
        changes.gone(row.chat, id);
        Ok(())
    })
    .await
}

/// What each relay said of a message.
pub(crate) async fn delivery(account: &Arc<Account>, message: i64) -> Result<Vec<ipc::Delivery>> {
    account.db.read(move |tx, _| deliveries(tx, MessageId(message))).await
}

/// What each relay said of a message, inside a transaction.
pub(crate) fn deliveries(tx: &Tx<'_>, message: MessageId) -> Result<Vec<ipc::Delivery>> {
    Ok(delivery_views(tx.deliveries_of_message(message)?))
}

fn delivery_views(deliveries: Vec<Delivery>) -> Vec<ipc::Delivery> {
    deliveries
        .into_iter()
        .map(|delivery| ipc::Delivery {
            relay: delivery.relay,
            answer: match delivery.answer {
                Answer::Waiting => DeliveryAnswer::Waiting,
                Answer::Accepted => DeliveryAnswer::Accepted,
                Answer::Refused => DeliveryAnswer::Refused,
                Answer::TimedOut => DeliveryAnswer::TimedOut,
                Answer::Unreachable => DeliveryAnswer::Unreachable,
            },
            detail: delivery.detail,
            attempts: delivery.attempts,
            at: delivery.last_at,
        })
        .collect()
}

#[cfg(test)]
mod tests;
