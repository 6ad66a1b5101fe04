//! Whether relays have what they said that they took: an acceptance is no proof of that.
//! It offers again what they have not, and decides nothing about what is in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use murmel_net::{Lane, RelayAddress};
use murmel_store::{Answer, OutboxId, OutboxRecord, OutboxState, Purpose, Tx};
use nostr::{Event, EventId, Filter, JsonUtil as _, Kind};

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::group::groups::Groups;
use crate::message::send;
use crate::pace::grown;
use crate::{Result, views};

/// How long a relay may take until what it took can be found there, in seconds.
const FOUND_AFTER: u64 = 60;
/// How far back a relay is looked at, in seconds, at first and after a long absence: none needs to keep what is older for ever.
const BACK: [u64; 2] = [2 * 24 * 3600, super::KEEP];
/// Most acceptances that are looked at in one go, the newest; more than that are not sent in two days.
const TAKEN_CAP: u32 = 10_000;
/// Events asked for in one request.
const IDS_AT_ONCE: usize = 200;
/// Longest pause before a relay is offered again what it did not keep, which grows with each time.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// Offers that are counted at a time; beyond it every count begins again, which costs further offers only.
const COUNTED: usize = 10_000;
/// Stands where the relay's answer stood.
const NOT_KEPT: &str = "The relay said that it took this, and does not have it.";

/// So many events may carry one message, one after the other.
const CARRIERS_CAP: usize = 4;

/// What a relay took, as it is called here and there.
type Accepted = (OutboxId, EventId);
/// How often a relay had not what it took.
type Counts = HashMap<(OutboxId, String), u32>;

/// Looks now and then, until the account is closed.
pub(crate) async fn look_whether_kept(account: Arc<Account>) {
    let mut counts = Counts::new();
    let mut answers = account.answers.subscribe();
    answers.mark_changed();
    // Where no relay took anything since, there is nothing to look for.
    while answers.changed().await.is_ok() {
        tokio::time::sleep(account.sync.housekeeping.kept_every.max(Duration::from_secs(FOUND_AFTER))).await;
        match look(&account, &mut counts).await {
            Ok(true) => {}
            Ok(false) => answers.mark_changed(),
            Err(error) => {
                tracing::info!(code = ?error.code, "whether relays keep what they took is looked at later");
                answers.mark_changed();
            }
        }
    }
}

/// Looks at what was taken since each relay was looked at last; whether every relay answered.
async fn look(account: &Arc<Account>, counts: &mut Counts) -> Result<bool> {
    let now = account.clock.now();
    let until = now.saturating_sub(FOUND_AFTER);
    let by_relay = account.db.read(move |tx, _| {
        let mut by_relay: HashMap<String, Vec<Accepted>> = HashMap::new();
        let mut since = HashMap::new();
        for (id, event, relay, at) in tx.outbox_taken(now.saturating_sub(BACK[1]), until, TAKEN_CAP)? {
            let looked = match since.get(&relay) {
                Some(looked) => *looked,
                None => *since.entry(relay.clone()).or_insert(looked_until(tx, &relay)?.unwrap_or_else(|| now.saturating_sub(BACK[0]))),
            };
            if at > looked {
                by_relay.entry(relay).or_default().push((id, event));
            }
        }
        Ok::<_, crate::Error>(by_relay)
    });
    let mut all_answered = true;
    for (relay, accepted) in by_relay.await? {
        let Ok(address) = RelayAddress::parse(&relay) else { continue };
        let mut answered = true;
        for accepted in accepted.chunks(IDS_AT_ONCE) {
            match lacking(account, &address, accepted).await {
                Some(lacking) => offer_again(account, counts, &relay, lacking).await?,
                None => answered = false,
            }
        }
        all_answered &= answered;
        if answered {
            account.db.write(move |tx, _| Ok::<_, crate::Error>(tx.put_progress_number(&looked_name(&relay), until)?)).await?;
        }
    }
    Ok(all_answered)
}

/// Until when a relay was looked at, Unix seconds: what it took before it has, or was offered it again.
fn looked_until(tx: &Tx<'_>, relay: &str) -> Result<Option<u64>> {
    Ok(tx.progress_number(&looked_name(relay))?)
}

fn looked_name(relay: &str) -> String {
    format!("kept until/{relay}")
}

/// Whether a message that a relay takes only now is found by nobody: who reads there reads on from an hour ago, and of those that took it in
/// time none is known to have it.
pub(super) fn is_out_of_sight(tx: &Tx<'_>, carrier: &OutboxRecord, now: u64) -> Result<bool> {
    let (Purpose::Message, OutboxState::Done, Some(message)) = (carrier.purpose, carrier.state, carrier.message) else { return Ok(false) };
    let Ok(event) = Event::from_json(&carrier.event) else { return Ok(false) };
    // Bounded, or a relay that is always that late beside one that never says what it has would have everything said again for ever.
    if event.created_at.as_secs().saturating_add(super::DATED_FOR) >= now || tx.outbox_by_message(message)?.len() >= CARRIERS_CAP {
        return Ok(false);
    }
    for delivery in tx.deliveries(carrier.id)?.iter().filter(|delivery| delivery.answer == Answer::Accepted) {
        let looked = looked_until(tx, &delivery.relay)?;
        if delivery.last_at.zip(looked).is_some_and(|(taken, looked)| taken <= looked) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What of this a relay has not; `None` where it did not answer to the end.
async fn lacking(account: &Arc<Account>, relay: &RelayAddress, accepted: &[Accepted]) -> Option<Vec<OutboxId>> {
    let filter = Filter::new().kind(Kind::MlsGroupMessage).ids(accepted.iter().map(|(_, event)| *event)).limit(accepted.len());
    let fetched = account.net.fetch(Lane::Group, std::slice::from_ref(relay), filter, account.pace.fetch).await;
    if fetched.complete.is_empty() {
        return None;
    }
    let has: HashSet<EventId> = fetched.events.into_iter().map(|event| event.id).collect();
    Some(accepted.iter().filter(|(_, event)| !has.contains(event)).map(|(id, _)| *id).collect())
}

async fn offer_again(account: &Arc<Account>, counts: &mut Counts, relay: &str, lacking: Vec<OutboxId>) -> Result<()> {
    if lacking.is_empty() {
        return Ok(());
    }
    tracing::info!(events = lacking.len(), "a relay has not what it took");
    let offers: Vec<(OutboxId, u64)> = lacking.into_iter().map(|id| (id, pause(account, counts, (id, relay.to_owned())))).collect();
    let (now, relay) = (account.clock.now(), relay.to_owned());
    changes::write(account, move |tx, groups, changes| {
        offers.into_iter().try_for_each(|(id, pause)| offer_one(tx, groups, changes, (id, &relay, now + pause), now))
    })
    .await
}

/// In how many seconds a relay is offered an event again: the first time at once, and ever later if it goes on not keeping it.
fn pause(account: &Account, counts: &mut Counts, of: (OutboxId, String)) -> u64 {
    if counts.len() >= COUNTED {
        counts.clear();
    }
    let count = counts.entry(of).or_default();
    *count = count.saturating_add(1);
    match *count {
        1 => 0,
        more => grown(account.sync.housekeeping.kept_every, more - 2, LONGEST_PAUSE).as_secs(),
    }
}

/// One event to the relay that has it not, and to all where none has it.
fn offer_one(tx: &Tx<'_>, groups: &mut Groups, changes: &mut Changes, (id, relay, at): (OutboxId, &str, u64), now: u64) -> Result<()> {
    let Some(record) = tx.outbox(id)?.filter(|record| record.state == OutboxState::Done) else { return Ok(()) };
    let Some(chat) = record.chat.map(|chat| views::found(tx, chat)).transpose()?.filter(|chat| send::sendable(chat).is_ok()) else {
        return Ok(());
    };
    let message = record.message.map(|id| tx.message(id)).transpose()?.flatten();
    // A relay does right to forget what is over.
    if message.as_ref().is_some_and(|message| message.erased || message.expires_at.is_some_and(|at| at <= now)) {
        return Ok(());
    }
    let nobody_has_it = tx.not_kept(id, relay, NOT_KEPT, at)? == 0;
    // Only the first time: an open event holds up those that follow it.
    let anew = nobody_has_it && record.purpose == Purpose::Message && at <= now;
    if anew && !send::renew_one(tx, groups, changes, &chat, &record, now)? {
        // On its way again, with a date of now where it waited long. A change of the group stays what it is.
        tx.retry(id, now)?;
    }
    if let Some(message) = message {
        changes.message(message.id);
    }
    changes.enqueued();
    Ok(())
}
