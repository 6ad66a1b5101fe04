//! Events on their way to relays: durable, the same bytes on every attempt, every answer recorded.
//! It seals and signs nothing, and decides nothing about what an acceptance means.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use murmel_ipc::{self as ipc, DeliveryAnswer};
use murmel_net::{Lane as NetLane, RelayAddress};
use murmel_store::{Answer, Due, Lane, MessageId, OutboxId, OutboxRecord, OutboxState, Purpose, Tx};
use nostr::{Event, JsonUtil as _};
use tokio::task::JoinSet;

use crate::account::Account;
use crate::pace::{Pace, grown};
use crate::{Error, Result, membership, relays, views};

/// Attempts under way at a time, all relays together.
const IN_FLIGHT: usize = 1_024;
/// Attempts under way at a time on one relay, so that a silent one leaves room for the others.
const IN_FLIGHT_PER_RELAY: usize = 256;
/// Due attempts looked at in one go, beyond those under way.
const DUE_BATCH: usize = 512;
/// Answers recorded in one transaction.
const ANSWERS_PER_TRANSACTION: usize = 128;
/// A relay that names a lasting reason is asked this often in all before its refusal counts.
const LASTING_REFUSALS: u32 = 3;
/// The same for a relay that names no reason that NIP-01 knows.
const UNCLEAR_REFUSALS: u32 = 10;
/// Refusals that are counted at a time; beyond it every count begins again, which costs further attempts only.
const COUNTED: usize = 10_000;
/// How long the remaining relays of an accepted event are tried, in seconds: three days.
const PERSIST: u64 = 3 * 24 * 60 * 60;
/// How long settled events are kept for their delivery details, in seconds: thirty days.
const KEEP: u64 = 30 * 24 * 60 * 60;
/// How long the outbox sleeps at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// How long it sleeps while only events are due that wait for another one.
const WAITING_SLEEP: Duration = Duration::from_secs(5);
/// Relays whose trouble is remembered; beyond it everybody gets a fresh start.
const TROUBLES: usize = 1_024;
/// Failures of a relay within this time count as one: a lost connection fails everything that was on it.
const ONE_FAILURE: Duration = Duration::from_millis(500);
/// Longest words of a relay that are kept, in characters.
const MAX_WORDS: usize = 200;

/// One event for one relay, with the relay's answer.
struct Attempt {
    due: Due,
    answer: Answer,
    detail: String,
    /// After how many refusals in all asking this relay again makes no sense.
    refusals: Option<u32>,
}

/// What follows from recorded answers, after their transaction.
struct Effect {
    record: OutboxRecord,
    changed: bool,
}

#[derive(Default)]
struct Flight {
    busy: HashSet<(OutboxId, String)>,
    per_relay: HashMap<String, usize>,
    attempts: JoinSet<Attempt>,
    /// Relays that do not answer: how often in a row, and since when it counts.
    trouble: HashMap<String, (u32, Instant)>,
    /// How often a relay refused an event.
    refused: HashMap<(OutboxId, String), u32>,
}

impl Flight {
    fn takes(&self, due: &Due) -> bool {
        self.busy.len() < IN_FLIGHT
            && self.per_relay.get(&due.relay).copied().unwrap_or(0) < IN_FLIGHT_PER_RELAY
            && !self.busy.contains(&(due.outbox, due.relay.clone()))
    }

    fn start(&mut self, account: &Arc<Account>, due: Due, event: Option<Arc<Event>>) {
        self.busy.insert((due.outbox, due.relay.clone()));
        *self.per_relay.entry(due.relay.clone()).or_default() += 1;
        let account = Arc::clone(account);
        self.attempts.spawn(async move { attempt(&account, due, event).await });
    }

    fn landed(&mut self, attempt: &Attempt) {
        self.busy.remove(&(attempt.due.outbox, attempt.due.relay.clone()));
        if let Some(count) = self.per_relay.get_mut(&attempt.due.relay) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.per_relay.remove(&attempt.due.relay);
            }
        }
    }
}

impl Flight {
    /// Notes how a relay behaved. An answer of any kind ends its trouble.
    fn heard_from(&mut self, relay: &str, answer: Answer) {
        if matches!(answer, Answer::Accepted | Answer::Refused) {
            self.trouble.remove(relay);
            return;
        }
        if self.trouble.len() >= TROUBLES {
            self.trouble.clear();
        }
        let now = Instant::now();
        let (count, since) = self.trouble.entry(relay.to_owned()).or_insert((0, now));
        if now.duration_since(*since) >= ONE_FAILURE {
            (*count, *since) = (count.saturating_add(1), now);
        }
    }

    /// Counts a refusal; answers how many there are of this event by this relay.
    fn refused_by(&mut self, attempt: &Attempt) -> u32 {
        if self.refused.len() >= COUNTED {
            self.refused.clear();
        }
        let key = (attempt.due.outbox, attempt.due.relay.clone());
        if attempt.answer != Answer::Refused {
            if attempt.answer == Answer::Accepted {
                self.refused.remove(&key);
            }
            return 0;
        }
        let count = self.refused.entry(key).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// When to try again, in seconds from now; `None` for never.
    ///
    /// Silence and lost connections are the relay's trouble, not the event's: after the first one it is asked again at once.
    fn pauses(&mut self, attempt: &Attempt, pace: &Pace) -> Option<[u64; 2]> {
        let refusals = self.refused_by(attempt);
        let trouble = self.trouble.get(&attempt.due.relay).map_or(0, |(count, _)| *count);
        let pause = |cap| match attempt.answer {
            Answer::TimedOut | Answer::Unreachable if trouble == 0 => 0,
            Answer::TimedOut | Answer::Unreachable => grown(pace.retry_first, trouble - 1, cap).as_secs().max(1),
            _ => grown(pace.retry_first, refusals.saturating_sub(1), cap).as_secs().max(1),
        };
        if attempt.answer == Answer::Refused && attempt.refusals.is_some_and(|last| refusals >= last) {
            self.refused.remove(&(attempt.due.outbox, attempt.due.relay.clone()));
            return None;
        }
        Some([pace.retry_cap, pace.remaining_cap].map(pause))
    }
}

/// Publishes what is due, until the account is closed.
pub(crate) async fn run(account: Arc<Account>) {
    let mut flight = Flight::default();
    let mut pruned_at = 0;
    loop {
        let now = account.clock.now();
        if now.saturating_sub(pruned_at) > 24 * 60 * 60 {
            pruned_at = now;
            drop(account.db.write(move |tx, _| Ok::<_, Error>(tx.prune_outbox(now.saturating_sub(KEEP))?)).await);
        }
        let sleep = match start_due(&account, &mut flight).await {
            Ok(sleep) => sleep,
            Err(error) => {
                tracing::warn!(code = ?error.code, "the outbox cannot be read; trying again");
                WAITING_SLEEP
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
                settle_attempts(&account, &mut flight, attempts).await;
            }
            () = account.outbox.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Starts what is due; answers how long nothing else will be.
async fn start_due(account: &Arc<Account>, flight: &mut Flight) -> Result<Duration> {
    let now = account.clock.now();
    let mut window = flight.busy.len() + DUE_BATCH;
    loop {
        let limit = u32::try_from(window).unwrap_or(u32::MAX);
        let (due, next) = account.db.read(move |tx, _| Ok::<_, Error>((tx.due(now, limit)?, tx.next_due()?))).await?;
        let full = due.len() >= window;
        let chosen = choose(flight, due);
        if chosen.is_empty() && full && flight.busy.len() < IN_FLIGHT {
            // Everything in the window belongs to relays that are busy: look behind it.
            window = window.saturating_mul(8);
            continue;
        }
        let ids: HashSet<OutboxId> = chosen.iter().map(|due| due.outbox).collect();
        let events = account.db.read(move |tx, _| load_events(tx, ids)).await?;
        for due in chosen {
            let event = events.get(&due.outbox).cloned().flatten();
            flight.start(account, due, event);
        }
        return Ok(match next {
            Some(next) if next > now => Duration::from_secs(next - now).min(LONGEST_SLEEP),
            Some(_) => WAITING_SLEEP,
            None => LONGEST_SLEEP,
        });
    }
}

/// Those of the due attempts that can start now, without exceeding a cap together.
fn choose(flight: &Flight, due: Vec<Due>) -> Vec<Due> {
    let mut added: HashMap<String, usize> = HashMap::new();
    let mut chosen = Vec::new();
    for due in due {
        let on_relay = added.entry(due.relay.clone()).or_default();
        let under_way = flight.per_relay.get(&due.relay).copied().unwrap_or(0);
        let room = flight.busy.len() + chosen.len() < IN_FLIGHT && under_way + *on_relay < IN_FLIGHT_PER_RELAY;
        if room && flight.takes(&due) {
            *on_relay += 1;
            chosen.push(due);
        }
    }
    chosen
}

fn load_events(tx: &Tx<'_>, ids: HashSet<OutboxId>) -> Result<HashMap<OutboxId, Option<Arc<Event>>>> {
    let mut events = HashMap::with_capacity(ids.len());
    for id in ids {
        let event = tx.outbox(id)?.and_then(|record| Event::from_json(&record.event).ok()).map(Arc::new);
        events.insert(id, event);
    }
    Ok(events)
}

async fn attempt(account: &Arc<Account>, due: Due, event: Option<Arc<Event>>) -> Attempt {
    let Some(event) = event else {
        return Attempt { due, answer: Answer::Refused, detail: "The event cannot be read.".to_owned(), refusals: Some(1) };
    };
    let Ok(relay) = RelayAddress::parse(&due.relay) else {
        return Attempt { due, answer: Answer::Refused, detail: "This is not the address of a relay.".to_owned(), refusals: Some(1) };
    };
    let lane = match due.lane {
        Lane::Inbox => NetLane::Inbox,
        Lane::Group => NetLane::Group,
    };
    let (answer, detail, refusals) = match account.net.publish(lane, &relay, &event, account.pace.publish).await {
        murmel_net::Answer::Accepted { detail } => (Answer::Accepted, detail, None),
        murmel_net::Answer::Refused { detail } => {
            let refusals = refusals_that_count(&detail);
            (Answer::Refused, detail, refusals)
        }
        murmel_net::Answer::TimedOut => (Answer::TimedOut, "The relay did not answer.".to_owned(), None),
        murmel_net::Answer::Unreachable { detail } => (Answer::Unreachable, detail, None),
        murmel_net::Answer::NotDialled { detail } => (Answer::Refused, detail, Some(1)),
    };
    Attempt { due, answer, detail: words(&detail), refusals }
}

/// How many refusals with these words count as final, by the prefixes of NIP-01 and NIP-42.
fn refusals_that_count(detail: &str) -> Option<u32> {
    match detail.split_once(':').map(|(prefix, _)| prefix) {
        // These have nothing to do with the event.
        Some("rate-limited" | "error") => None,
        Some("blocked" | "invalid" | "pow" | "restricted" | "auth-required" | "mute") => Some(LASTING_REFUSALS),
        _ => Some(UNCLEAR_REFUSALS),
    }
}

/// Words of a relay, fit to be shown.
fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
}

async fn settle_attempts(account: &Arc<Account>, flight: &mut Flight, attempts: Vec<Attempt>) {
    for attempt in &attempts {
        flight.landed(attempt);
        flight.heard_from(&attempt.due.relay, attempt.answer);
    }
    let now = account.clock.now();
    let mut paused = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        let pauses = flight.pauses(&attempt, &account.pace);
        paused.push((attempt, pauses));
    }
    let recorded = account.db.write(move |tx, _| {
        let mut effects = Vec::with_capacity(paused.len());
        for (attempt, pauses) in paused {
            effects.extend(record(tx, attempt, now, pauses)?);
        }
        Ok::<_, Error>(effects)
    });
    match recorded.await {
        Ok(effects) => follow_up(account, effects).await,
        // The attempts are due again: at worst a relay gets the same bytes twice.
        Err(error) => tracing::warn!(code = ?error.code, "answers of relays could not be recorded"),
    }
}

/// `pauses`: seconds until the next attempt while no relay has accepted the event, and when one has.
fn record(tx: &Tx<'_>, attempt: Attempt, now: u64, pauses: Option<[u64; 2]>) -> Result<Option<Effect>> {
    let Attempt { due, answer, detail, .. } = attempt;
    // Deleted with its chat while it was under way.
    let Some(before) = tx.outbox(due.outbox)? else { return Ok(None) };
    let accepted_before = before.state == OutboxState::Done;
    let over = accepted_before && now.saturating_sub(before.created_at) > PERSIST;
    let pause = pauses.filter(|_| !over).map(|[pause, remaining]| if accepted_before { remaining } else { pause });
    let next = pause.map(|pause| now + pause + jitter(pause));
    let standing = tx.record_answer(due.outbox, &due.relay, answer, &detail, now, next)?;
    if standing.changed && standing.state == OutboxState::Failed {
        let reason = if detail.is_empty() { "Every relay refused it.".to_owned() } else { format!("Every relay refused it: {detail}") };
        tx.set_outbox_state(due.outbox, OutboxState::Failed, &reason)?;
    }
    if !standing.changed && answer != Answer::Accepted {
        return Ok(None);
    }
    Ok(tx.outbox(due.outbox)?.map(|record| Effect { record, changed: standing.changed }))
}

/// Up to a quarter of a pause, so that a relay that comes back is not asked everything at once.
fn jitter(pause: u64) -> u64 {
    use nostr::secp256k1::rand::Rng as _;
    nostr::secp256k1::rand::thread_rng().gen_range(0..=pause / 4)
}

async fn follow_up(account: &Arc<Account>, effects: Vec<Effect>) {
    let mut messages: Vec<MessageId> = Vec::new();
    for Effect { record, changed } in effects {
        if let Some(message) = record.message.filter(|message| !messages.contains(message)) {
            messages.push(message);
        }
        if changed && record.purpose == Purpose::Commit {
            match record.state {
                OutboxState::Done => membership::accepted(account, record.id.0).await,
                OutboxState::Failed => membership::refused(account, record.id.0, record.reason).await,
                OutboxState::Open | OutboxState::Cancelled => {}
            }
        }
    }
    for message in messages {
        views::message_changed(account, message.0).await;
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

/// Tries a failed or waiting message again, on every relay that has not accepted it.
pub(crate) async fn retry(account: &Arc<Account>, message: i64) -> Result<()> {
    let (id, now) = (MessageId(message), account.clock.now());
    account
        .db
        .write(move |tx, _| {
            let events = tx.outbox_by_message(id)?;
            if events.is_empty() {
                return Err(Error::not_found("This message"));
            }
            for event in events.into_iter().filter(|event| event.state != OutboxState::Cancelled) {
                tx.retry(event.id, now)?;
            }
            Ok(())
        })
        .await?;
    account.outbox.notify_one();
    views::message_changed(account, message).await;
    relays::network_changed(account).await;
    Ok(())
}

/// What each relay said of a message.
pub(crate) async fn delivery(account: &Arc<Account>, message: i64) -> Result<Vec<ipc::Delivery>> {
    account.db.read(move |tx, _| deliveries(tx, MessageId(message))).await
}

/// What each relay said of a message, inside a transaction.
pub(crate) fn deliveries(tx: &Tx<'_>, message: MessageId) -> Result<Vec<ipc::Delivery>> {
    let deliveries = tx.deliveries_of_message(message)?;
    Ok(deliveries
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
        .collect())
}

#[cfg(test)]
mod tests;
