//! The account's public lists: where it publishes (kind 10002) and where people reach it (kind 10050).
//! It never publishes over a list that it has not read, and never drops an entry that is not ours.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use murmel_engine::Slot;
use murmel_ipc::ErrorCode;
use murmel_net::{Lane as NetLane, ListKind, RelayAddress, RelayList, RelayUse};
use murmel_store::{Cancellation, Lane, OutboxId, OutboxRecord, OutboxState, Purpose, Tx};
use nostr::{Event, EventId, Filter, JsonUtil as _, Keys, Kind, Timestamp};

use crate::account::Account;
use crate::chores::Chore;
use crate::network::relays::{self, MAX_RELAYS, Relays, addresses, union};
use crate::people::own_profile;
use crate::{Error, Result, outbox};

/// The kind of key package events.
pub(crate) const KEY_PACKAGE: Kind = Kind::Custom(30443);
/// How long the outbox gets until a step counts as failed; it goes on trying all the same.
const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const KINDS: [ListKind; 2] = [ListKind::Relays, ListKind::Inbox];

/// Finds what other clients of this identity have published, adopts their lists, and counts their key package slots.
pub(crate) async fn look_up(account: &Arc<Account>) -> Result<()> {
    let asked = union(&[&account.default_relays, &account.lookup_relays]);
    let filter = Filter::new().author(account.pubkey()).kinds([Kind::RelayList, Kind::InboxRelays, KEY_PACKAGE, Kind::Metadata]);
    let mut events = fetch(account, &addresses(&asked), filter.clone()).await?;
    let found = adopted(&events).map_or_else(Vec::new, |relays| relays.all());
    let more: Vec<String> = found.into_iter().filter(|url| !asked.contains(url)).collect();
    if !more.is_empty() {
        // Where the lists point there may be newer ones. Not reaching those relays is no failure: the lists are known.
        events.extend(account.net.fetch(NetLane::Inbox, &addresses(&more), filter, account.pace.fetch).await.events);
    }
    let adopted = adopted(&events);
    let profiles = events.iter().filter(|event| event.kind == Kind::Metadata).cloned().collect();
    let others = account
        .db
        .write(move |tx, _| {
            let own = tx.account()?.map(|record| Slot::new(record.slot).hex());
            let others = u32::try_from(slots_besides(&events, own.as_deref())).unwrap_or(u32::MAX);
            tx.set_other_clients(others)?;
            for kind in KINDS {
                keep(tx, kind, &events)?;
            }
            if let Some(adopted) = adopted {
                let known = relays::load(tx)?;
                let or = |new: Vec<String>, old: Vec<String>| if new.is_empty() { old } else { new };
                relays::store(tx, &Relays { inbox: or(adopted.inbox, known.inbox), outbox: or(adopted.outbox, known.outbox) })?;
            }
            Ok::<_, Error>(others)
        })
        .await?;
    account.set_other_clients(others);
    own_profile::found(account, profiles).await?;
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
    let names = Names::of(kind);
    let relays = relays::load(tx)?;
    let chosen = if kind == ListKind::Relays { &relays.outbox } else { &relays.inbox };
    keep(tx, kind, published)?;
    let newest = newest_known(tx, kind)?;
    let base = newest.as_ref().and_then(|event| RelayList::parse(kind, event).ok()).unwrap_or_else(|| RelayList::new(kind));
    let Next { list: next, ours } = next(tx, kind, newest.as_ref(), chosen, None)?;

    let waiting = match tx.progress_number(&names.last)? {
        Some(id) => tx.outbox(OutboxId(id.try_into().unwrap_or_default()))?.filter(|row| row.state == OutboxState::Open),
        None => None,
    };
    if let Some(row) = waiting {
        let same = Event::from_json(&row.event).ok().and_then(|event| RelayList::parse(kind, &event).ok()).is_some_and(|list| list == next);
        if same {
            return Ok(Some(row.id));
        }
        tx.cancel(row.id, Cancellation::Replaced)?;
    }
    tx.put_progress_text(&names.mine, &serde_json::to_string(&ours).unwrap_or_default())?;
    tx.remove_progress(&names.remove)?;
    tx.remove_progress(&names.restore)?;
    // A version that only this computer knows is published, too: relays may have lost it.
    let again = tx.progress_number(&names.again)?.is_some();
    tx.remove_progress(&names.again)?;
    if !again && next == base && newest.is_some_and(|event| published.iter().any(|there| there.id == event.id)) {
        return Ok(None);
    }
    let created_at = newest_known(tx, kind)?.map_or(now, |event| now.max(event.created_at.as_secs() + 1));
    let event = next.to_event().custom_created_at(Timestamp::from_secs(created_at)).sign_with_keys(keys).map_err(|_| unsigned())?;
    keep(tx, kind, std::slice::from_ref(&event))?;
    let purpose = if kind == ListKind::Relays { Purpose::RelayList } else { Purpose::InboxList };
    let id = tx.enqueue(&row(&event, purpose, now), targets)?;
    tx.put_progress_number(&names.last, id.0.unsigned_abs())?;
    Ok(Some(id))
}

/// Under which names a list's state is kept.
pub(crate) struct Names {
    /// The outbox row of the newest version.
    last: String,
    /// Whether a new version is wanted although nothing changed: a relay has lost the one it had.
    again: String,
    /// Entries that we added: what others listed before stays when we leave a relay.
    mine: String,
    /// Entries of others that the person wants out.
    pub(crate) remove: String,
    /// The version that the person wants back.
    pub(crate) restore: String,
}

impl Names {
    pub(crate) fn of(kind: ListKind) -> Self {
        let name = |what: &str| format!("list.{}.{what}", kind.kind().as_u16());
        Self { last: name("outbox"), again: name("again"), mine: name("mine"), remove: name("remove"), restore: name("restore") }
    }
}

/// The next version of a list.
pub(crate) struct Next {
    pub(crate) list: RelayList,
    /// Entries that are there because of us.
    ours: Vec<String>,
}

/// The next version of a list after `newest`, with `chosen` in it. `remove` stands for what the person wants out; `None` takes what is kept.
pub(crate) fn next(tx: &Tx<'_>, kind: ListKind, newest: Option<&Event>, chosen: &[String], remove: Option<&[String]>) -> Result<Next> {
    let names = Names::of(kind);
    let texts = |name: &str| -> Result<Vec<String>> {
        Ok(tx.progress_text(name)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    };
    let restored = match tx.progress_number(&names.restore)? {
        Some(id) if remove.is_none() => tx.list_version(i64::try_from(id).unwrap_or_default())?,
        _ => None,
    };
    let restored = restored.and_then(|version| Event::from_json(version.event).ok());
    let base = restored.as_ref().or(newest).and_then(|event| RelayList::parse(kind, event).ok()).unwrap_or_else(|| RelayList::new(kind));
    let ours = texts(&names.mine)?;
    let unwanted = match remove {
        Some(unwanted) => unwanted.to_vec(),
        None => texts(&names.remove)?,
    };
    let chosen_there = addresses(chosen);
    let dropped: Vec<RelayAddress> =
        addresses(&union(&[&ours, &unwanted])).into_iter().filter(|address| !chosen_there.contains(address)).collect();
    // In a list that others made, an entry is not widened beyond what we need.
    let purpose = if newest.is_some() { RelayUse::Write } else { RelayUse::Both };
    let wanted: Vec<(RelayAddress, RelayUse)> = chosen_there.iter().map(|address| (address.clone(), purpose)).collect();
    // Remembered as ours is only what we added.
    let there: Vec<RelayAddress> = base.entries().into_iter().map(|(address, _)| address).collect();
    let ours_now = chosen_there
        .iter()
        .filter(|address| ours.iter().any(|text| text == address.as_str()) || !there.contains(address))
        .map(|address| address.as_str().to_owned());
    Ok(Next { list: base.without(&dropped).merge(&wanted), ours: ours_now.collect() })
}

/// Has the next version of a list published although nothing in it changed.
pub(crate) fn again(tx: &Tx<'_>, kind: ListKind) -> Result<()> {
    Ok(tx.put_progress_number(&Names::of(kind).again, 1)?)
}

/// Keeps versions of a list, so that none is lost.
pub(crate) fn keep(tx: &Tx<'_>, kind: ListKind, events: &[Event]) -> Result<()> {
    for event in events.iter().filter(|event| event.kind == kind.kind()) {
        tx.keep_list_version(kind.kind().as_u16(), &event.id, &event.as_json(), event.created_at.as_secs())?;
    }
    Ok(())
}

/// The newest version that was ever seen, on a relay or here: relays may have forgotten it.
pub(crate) fn newest_known(tx: &Tx<'_>, kind: ListKind) -> Result<Option<Event>> {
    let versions = tx.list_versions(kind.kind().as_u16())?;
    Ok(versions.into_iter().find_map(|version| Event::from_json(version.event).ok()))
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
        cancelled: None,
        refusal: String::new(),
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
            return Err(Error::passing(ErrorCode::RelayRefused, outbox::refused(&row)));
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
