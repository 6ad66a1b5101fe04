//! Whether relays have what they said that they took: an acceptance is no proof of that.
//! It offers again what they have not, and decides nothing about what is in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use murmel_net::{Lane, RelayAddress};
use murmel_store::{OutboxId, OutboxState, Purpose, Tx};
use nostr::{EventId, Filter, Kind};

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::group::groups::Groups;
use crate::message::send;
use crate::pace::grown;
use crate::{Result, views};

/// How long a relay may take until what it took can be found there, in seconds.
const FOUND_AFTER: u64 = 60;
/// How far back it is looked after opening, in seconds: relays need not keep what is older for ever.
const BACK: u64 = 2 * 24 * 3600;
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

/// What a relay took, as it is called here and there.
type Accepted = (OutboxId, EventId);
/// How often a relay had not what it took.
type Counts = HashMap<(OutboxId, String), u32>;

/// Looks now and then, until the account is closed.
pub(crate) async fn look_whether_kept(account: Arc<Account>) {
    let mut looked_until = account.clock.now().saturating_sub(BACK);
    let mut counts = Counts::new();
    let mut answers = account.answers.subscribe();
    answers.mark_changed();
    // Where no relay took anything since, there is nothing to look for.
    while answers.changed().await.is_ok() {
        tokio::time::sleep(account.sync.housekeeping.kept_every.max(Duration::from_secs(FOUND_AFTER))).await;
        let until = account.clock.now().saturating_sub(FOUND_AFTER);
        match look(&account, &mut counts, looked_until, until).await {
            Ok(true) => looked_until = until,
            Ok(false) => answers.mark_changed(),
            Err(error) => {
                tracing::info!(code = ?error.code, "whether relays keep what they took is looked at later");
                answers.mark_changed();
            }
        }
    }
}

/// Looks at what was taken from `from` to `to`, Unix seconds; whether every relay answered.
async fn look(account: &Arc<Account>, counts: &mut Counts, from: u64, to: u64) -> Result<bool> {
    let taken = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.outbox_taken(from, to, TAKEN_CAP)?)).await?;
    let mut by_relay: HashMap<String, Vec<Accepted>> = HashMap::new();
    for (id, event, relay) in taken {
        by_relay.entry(relay).or_default().push((id, event));
    }
    let mut all_answered = true;
    for (relay, accepted) in by_relay {
        let Ok(address) = RelayAddress::parse(&relay) else { continue };
        for accepted in accepted.chunks(IDS_AT_ONCE) {
            match lacking(account, &address, accepted).await {
                Some(lacking) => offer_again(account, counts, &relay, lacking).await?,
                None => all_answered = false,
            }
        }
    }
    Ok(all_answered)
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
