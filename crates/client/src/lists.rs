//! The account's public lists: where it publishes (kind 10002) and where people reach it (kind 10050).
//! It never publishes over a list that it has not read, and never drops an entry that is not ours.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use murmel_engine::Slot;
use murmel_ipc::ErrorCode;
use murmel_net::{Lane as NetLane, ListKind, RelayAddress, RelayList, RelayUse};
use murmel_store::{Lane, OutboxId, OutboxRecord, OutboxState, Purpose, Tx};
use nostr::{Event, EventId, Filter, JsonUtil as _, Keys, Kind, Timestamp};

use crate::account::Account;
use crate::chores::Chore;
use crate::relays::{self, MAX_RELAYS, Relays, addresses, union};
use crate::{Error, Result, outbox};

/// The kind of key package events.
pub(crate) const KEY_PACKAGE: Kind = Kind::Custom(30443);
/// How long the outbox gets until a step counts as failed; it goes on trying all the same.
const PATIENCE: Duration = Duration::from_secs(30);
const KINDS: [ListKind; 2] = [ListKind::Relays, ListKind::Inbox];

/// Finds what other clients of this identity have published, adopts their lists, and counts their key package slots.
pub(crate) async fn look_up(account: &Arc<Account>) -> Result<()> {
    let asked = union(&[&account.default_relays, &account.lookup_relays]);
    let filter = Filter::new().author(account.pubkey()).kinds([Kind::RelayList, Kind::InboxRelays, KEY_PACKAGE]);
    let mut events = fetch(account, &addresses(&asked), filter.clone()).await?;
    let found = adopted(&events).map_or_else(Vec::new, |relays| relays.all());
    let more: Vec<String> = found.into_iter().filter(|url| !asked.contains(url)).collect();
    if !more.is_empty() {
        // Where the lists point there may be newer ones. Not reaching those relays is no failure: the lists are known.
        events.extend(account.net.fetch(NetLane::Inbox, &addresses(&more), filter, account.pace.fetch).await.events);
    }
    let adopted = adopted(&events);
    let others = account
        .db
        .write(move |tx, _| {
            let own = tx.account()?.map(|record| Slot::new(record.slot).hex());
            let others = u32::try_from(slots_besides(&events, own.as_deref())).unwrap_or(u32::MAX);
            tx.set_other_clients(others)?;
            if let Some(adopted) = adopted {
                let known = relays::load(tx)?;
                let or = |new: Vec<String>, old: Vec<String>| if new.is_empty() { old } else { new };
                relays::store(tx, &Relays { inbox: or(adopted.inbox, known.inbox), outbox: or(adopted.outbox, known.outbox) })?;
            }
            Ok::<_, Error>(others)
        })
        .await?;
    account.set_other_clients(others);
    account.sync.chore(Chore::Follow);
    relays::network_changed(account).await;
    Ok(())
}

/// What the newest lists say; a missing one is filled in from the other. `None` where there is no list.
fn adopted(events: &[Event]) -> Option<Relays> {
    let list = |kind| newest(events, kind).and_then(|event| RelayList::parse(kind, event).ok());
    let texts = |addresses: Vec<RelayAddress>| -> Vec<String> {
        addresses.iter().take(MAX_RELAYS).map(|address| address.as_str().to_owned()).collect()
    };
    let outbox = list(ListKind::Relays).map(|list| texts(list.write_relays())).unwrap_or_default();
    let inbox = list(ListKind::Inbox).map(|list| texts(list.read_relays())).unwrap_or_default();
    if outbox.is_empty() && inbox.is_empty() {
        return None;
    }
    let inbox = if inbox.is_empty() { outbox.clone() } else { inbox };
    Some(Relays { inbox, outbox })
}

fn slots_besides(events: &[Event], own: Option<&str>) -> usize {
    let slots: BTreeSet<&str> = events
        .iter()
        .filter(|event| event.kind == KEY_PACKAGE && !event.content.is_empty())
        .filter_map(|event| event.tags.identifier())
        .filter(|slot| Some(*slot) != own)
        .collect();
    slots.len()
}

fn newest(events: &[Event], kind: ListKind) -> Option<&Event> {
    // NIP-01: of two with the same time the lower id counts.
    events.iter().filter(|event| event.kind == kind.kind()).max_by(|a, b| a.created_at.cmp(&b.created_at).then(b.id.cmp(&a.id)))
}

/// Reads both lists, puts the account's relays into them, publishes what changed, and reads it back.
pub(crate) async fn publish(account: &Arc<Account>) -> Result<()> {
    let current = relays::current(account).await?;
    let targets = union(&[&current.outbox, &current.inbox, &account.lookup_relays]);
    let filter = Filter::new().author(account.pubkey()).kinds(KINDS.map(ListKind::kind));
    let published = fetch(account, &addresses(&targets), filter).await?;
    let (keys, now) = (account.keys.clone(), account.clock.now());
    let rows = account
        .db
        .write(move |tx, _| {
            let mut rows = Vec::new();
            for kind in KINDS {
                rows.extend(revise(tx, kind, &published, &targets, &keys, now)?);
            }
            Ok::<_, Error>(rows)
        })
        .await?;
    account.outbox.notify_one();
    for row in rows {
        confirm(account, row).await?;
    }
    Ok(())
}

/// Enqueues the next version of a list; `None` where the published one needs no change.
fn revise(tx: &Tx<'_>, kind: ListKind, published: &[Event], targets: &[String], keys: &Keys, now: u64) -> Result<Option<OutboxId>> {
    let number = kind.kind().as_u16();
    let (last, mine, previous) = (format!("list.{number}.outbox"), format!("list.{number}.mine"), format!("list.{number}.previous"));
    let newest = newest(published, kind);
    let base = newest.and_then(|event| RelayList::parse(kind, event).ok()).unwrap_or_else(|| RelayList::new(kind));
    let relays = relays::load(tx)?;
    let chosen = addresses(if kind == ListKind::Relays { &relays.outbox } else { &relays.inbox });
    // In a list that others made, an entry is not widened beyond what we need.
    let purpose = if newest.is_some() { RelayUse::Write } else { RelayUse::Both };
    let wanted: Vec<(RelayAddress, RelayUse)> = chosen.iter().map(|address| (address.clone(), purpose)).collect();
    let ours: Vec<String> = tx.progress_text(&mine)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let dropped: Vec<RelayAddress> = addresses(&ours).into_iter().filter(|address| !chosen.contains(address)).collect();
    let next = base.without(&dropped).merge(&wanted);

    let waiting = match tx.progress_number(&last)? {
        Some(id) => tx.outbox(OutboxId(id.try_into().unwrap_or_default()))?.filter(|row| row.state == OutboxState::Open),
        None => None,
    };
    if let Some(row) = waiting {
        let same = Event::from_json(&row.event).ok().and_then(|event| RelayList::parse(kind, &event).ok()).is_some_and(|list| list == next);
        if same {
            return Ok(Some(row.id));
        }
        tx.set_outbox_state(row.id, OutboxState::Cancelled, "A newer list took its place.")?;
    }
    // Remembered as ours is only what we added: what others listed before stays when we leave a relay.
    let base_entries: Vec<RelayAddress> = base.entries().into_iter().map(|(address, _)| address).collect();
    let added: Vec<String> = chosen
        .iter()
        .filter(|address| ours.iter().any(|text| text == address.as_str()) || !base_entries.contains(address))
        .map(|address| address.as_str().to_owned())
        .collect();
    tx.put_progress_text(&mine, &serde_json::to_string(&added).unwrap_or_default())?;
    if newest.is_some() && next == base {
        return Ok(None);
    }
    if let Some(event) = newest {
        tx.put_progress_text(&previous, &event.as_json())?;
    }
    let created_at = newest.map_or(now, |event| now.max(event.created_at.as_secs() + 1));
    let event = next.to_event().custom_created_at(Timestamp::from_secs(created_at)).sign_with_keys(keys).map_err(|_| unsigned())?;
    let purpose = if kind == ListKind::Relays { Purpose::RelayList } else { Purpose::InboxList };
    let id = tx.enqueue(&row(&event, purpose, now), targets)?;
    tx.put_progress_number(&last, id.0.unsigned_abs())?;
    Ok(Some(id))
}

/// An outbox row for a public event of the account.
pub(crate) fn row(event: &Event, purpose: Purpose, now: u64) -> OutboxRecord {
    OutboxRecord {
        id: OutboxId::NEW,
        purpose,
        chat: None,
        message: None,
        event_id: event.id,
        event: event.as_json().into_bytes(),
        lane: Lane::Inbox,
        created_at: now,
        required: 1,
        state: OutboxState::Open,
        reason: String::new(),
        depends: None,
    }
}

/// Waits until a relay has accepted an event of ours, and reads it back: an acknowledgement alone proves nothing.
pub(crate) async fn confirm(account: &Arc<Account>, id: OutboxId) -> Result<()> {
    let Some(row) = outbox::settled(account, id, PATIENCE).await? else {
        return Err(Error::passing(ErrorCode::Offline, "No relay has answered yet. Check the connection; Murmel goes on trying."));
    };
    match row.state {
        OutboxState::Done => {}
        OutboxState::Failed => {
            let now = account.clock.now();
            account.db.write(move |tx, _| Ok::<_, Error>(tx.retry(id, now)?)).await?;
            return Err(Error::passing(ErrorCode::RelayRefused, row.reason));
        }
        // Another version took its place while we waited.
        OutboxState::Open | OutboxState::Cancelled => return Err(Error::passing(ErrorCode::Busy, "The list changed meanwhile.")),
    }
    let accepted = account
        .db
        .read(move |tx, _| {
            let deliveries = tx.deliveries(id)?;
            let accepted = deliveries.into_iter().filter(|delivery| delivery.answer == murmel_store::Answer::Accepted);
            Ok::<_, Error>(accepted.map(|delivery| delivery.relay).collect::<Vec<_>>())
        })
        .await?;
    if is_there(account, &addresses(&accepted), row.event_id).await {
        return Ok(());
    }
    let now = account.clock.now();
    account.db.write(move |tx, _| Ok::<_, Error>(tx.retry(id, now)?)).await?;
    Err(Error::passing(
        ErrorCode::RelayRefused,
        "A relay said that it took what was published, but does not have it. Murmel goes on trying.",
    ))
}

async fn is_there(account: &Arc<Account>, relays: &[RelayAddress], id: EventId) -> bool {
    let fetched = account.net.fetch(NetLane::Inbox, relays, Filter::new().id(id), account.pace.fetch).await;
    fetched.events.iter().any(|event| event.id == id)
}

/// What the relays have; an error unless at least one of them answered to the end.
async fn fetch(account: &Arc<Account>, relays: &[RelayAddress], filter: Filter) -> Result<Vec<Event>> {
    let fetched = account.net.fetch(NetLane::Inbox, relays, filter, account.pace.fetch).await;
    if fetched.complete.is_empty() {
        return Err(Error::passing(ErrorCode::Offline, "No relay could be reached. Check the connection; Murmel goes on trying."));
    }
    Ok(fetched.events)
}

pub(crate) fn unsigned() -> Error {
    Error::internal("an event could not be signed")
}

#[cfg(test)]
mod tests;
