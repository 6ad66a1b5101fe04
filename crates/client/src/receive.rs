//! Events from relays, on their way into the database: one transaction for each batch.
//! It publishes nothing, and nothing that somebody sends stops it.

mod fork;
mod group;
mod left_behind;
mod unreadable;

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_ipc::ErrorCode;
use murmel_net::{Feed, Incoming, RelayAddress};
use murmel_store::ChatId;
use nostr::{Event, EventId, JsonUtil as _, Kind};
use tokio::sync::mpsc;

pub(crate) use group::{Taking, applied, insert_system, insert_system_row, project};

pub(crate) use fork::{forget_loss, forget_removed, gone, is_followed, races};
pub(crate) use left_behind::{closed, conclude, forget as forget_doubt};
pub(crate) use unreadable::{all as unreadable, forget as forget_unreadable};

use crate::account::Account;
use crate::chores::Chore;
use crate::group::requests;
use crate::network::relays;
use crate::notices::{self, Backlog};
use crate::{Result, changes, outbox, sync};

/// Events in one transaction.
pub(crate) const BATCH_CAP: usize = 128;
/// How often backlogs of silent relays are looked at.
const PULSE: std::time::Duration = std::time::Duration::from_secs(5);

/// Takes what the network brings until it ends.
pub(crate) async fn run(account: Arc<Account>, mut incoming: mpsc::Receiver<Incoming>) {
    let mut pulse = tokio::time::interval(PULSE);
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            count = incoming.recv_many(&mut batch, BATCH_CAP) => if count == 0 { return },
            _ = pulse.tick() => {
                for taken in account.sync.feeds.unfinished() {
                    broken_off(&account, taken).await;
                }
            }
        }
        account.sync.set_taking(true);
        let mut live = Vec::new();
        for item in batch {
            match item {
                Incoming::Event { relay, event, .. } => live.extend(sort_in(&account, &relay, *event)),
                other => {
                    // In the order in which things came: an event may be what the next item is about.
                    let events = std::mem::take(&mut live);
                    take_or_read_again(&account, events, Backlog::Live).await;
                    note(&account, other).await;
                }
            }
        }
        take_or_read_again(&account, live, Backlog::Live).await;
        account.sync.set_taking(false);
    }
}

/// Gives an event back where it can be taken at once, and keeps it where it is part of a backlog.
fn sort_in(account: &Account, relay: &RelayAddress, event: Event) -> Option<Event> {
    #[cfg(murmel_bug = "cursor_from_sender_time")]
    account.sync.newest.fetch_max(event.created_at.as_secs(), std::sync::atomic::Ordering::SeqCst);
    match group::routing_of(&event) {
        Some(routing) if event.kind == Kind::MlsGroupMessage => {
            let live = account.sync.feeds.keep(Feed::Group(*routing.as_bytes()), relay, event);
            if live.is_none() {
                account.sync.fetched(1);
            }
            live
        }
        _ => Some(event),
    }
}

async fn note(account: &Arc<Account>, item: Incoming) {
    let feeds = &account.sync.feeds;
    match item {
        Incoming::Event { .. } => {}
        Incoming::CaughtUp { relay, feed, .. } => sync::read_on(account, feed, relay, true),
        Incoming::More { relay, feed, .. } => sync::read_on(account, feed, relay, false),
        Incoming::Refused { relay, feed, detail, .. } => {
            if let Some(taken) = feeds.refused(feed, &relay, detail) {
                broken_off(account, taken).await;
            }
        }
        Incoming::Connected { lane, relay } => {
            account.sync.begins_anew();
            feeds.connection(lane, &relay, true);
            outbox::relay_is_back(account, &relay).await;
        }
        Incoming::Disconnected { lane, relay } => feeds.connection(lane, &relay, false),
        Incoming::Gap { lane, relay } => {
            feeds.gap(lane, &relay);
            account.sync.chore(Chore::ReadAgain);
        }
    }
    relays::network_changed(account).await;
    account.sync.moved.notify_waiters();
}

/// Takes a backlog. `false` where that failed: then it has to be read again, and the cursor stays where it is.
pub(crate) async fn backlog(account: &Arc<Account>, taken: sync::Taken) -> bool {
    let feed = taken.feed;
    let done = part(account, taken).await;
    if let Feed::Group(routing) = feed {
        let chats =
            account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.chats_by_routing(&murmel_engine::RoutingId::new(routing))?)).await;
        for chat in chats.unwrap_or_default() {
            if notices::caught_up(account, chat.id).await.is_err() {
                tracing::warn!("what arrived in an absence could not be announced");
            }
        }
    }
    done
}

/// As [`backlog`], where more of it follows.
pub(crate) async fn part(account: &Arc<Account>, taken: sync::Taken) -> bool {
    take_or_read_again(account, taken.events, taken.backlog).await
}

/// Takes what there is of a backlog that is not complete and may never be.
async fn broken_off(account: &Arc<Account>, taken: sync::Taken) {
    let overflowed = taken.overflowed;
    backlog(account, taken).await;
    if overflowed {
        account.sync.chore(Chore::ReadAgain);
    }
}

async fn take_or_read_again(account: &Arc<Account>, events: Vec<Event>, backlog: Backlog) -> bool {
    let taken = take(account, events, backlog).await;
    if let Err(error) = &taken {
        // The disk is full, or the account is being closed: nothing is lost, the relays still have it.
        tracing::warn!(code = ?error.code, "events could not be taken and are read again later");
        account.sync.read_again_later();
    }
    taken.is_ok()
}

/// Takes an event of ours, in JSON, of which a relay has said that it has it: as good as having it come back.
pub(crate) async fn came_out(account: &Arc<Account>, event: &[u8]) {
    if let Ok(event) = Event::from_json(event) {
        take_or_read_again(account, vec![event], Backlog::Live).await;
    }
}

/// Takes events, oldest first where they are a backlog.
///
/// # Errors
/// Only faults of the store; what is wrong with an event is no error.
async fn take(account: &Arc<Account>, events: Vec<Event>, backlog: Backlog) -> Result<()> {
    let (mut wraps, mut groups) = (Vec::new(), Vec::new());
    for event in events {
        match event.kind {
            Kind::GiftWrap => wraps.push(event),
            Kind::MlsGroupMessage => groups.push(event),
            _ => {}
        }
    }
    if backlog != Backlog::Live {
        groups.sort_by_key(|event| (event.created_at, event.id));
    }
    requests::take(account, wraps).await?;
    for batch in groups.chunks(BATCH_CAP) {
        take_batch(account, batch.to_vec(), backlog).await?;
        if backlog != Backlog::Live {
            account.sync.applied(batch.len());
        }
    }
    Ok(())
}

async fn take_batch(account: &Arc<Account>, batch: Vec<Event>, backlog: Backlog) -> Result<()> {
    murmel_store::crash_point!("receive: batch about to be taken");
    let (again, now) = (batch.clone(), account.clock.now());
    let moved = match in_one(account, backlog, move |taking| batch.iter().try_for_each(|event| taking.event_and_what_waited(event))).await {
        Ok(moved) => moved,
        Err(error) if error.code != ErrorCode::Internal => return Err(error),
        Err(_) => {
            // One of them runs into a fault of ours: find out which, so that it does not stop the others.
            let mut moved = BTreeSet::new();
            for event in again {
                let id = event.id;
                match in_one(account, backlog, move |taking| taking.event(&event)).await {
                    Ok(chats) => moved.extend(chats),
                    Err(error) if error.code != ErrorCode::Internal => return Err(error),
                    Err(_) => leave_out(account, id, now).await?,
                }
            }
            moved
        }
    };
    murmel_store::crash_point!("receive: batch durable");
    retry_deferred(account, moved, backlog).await
}

/// Tries what was deferred in chats that moved on, until nothing moves any more.
pub(crate) async fn retry_deferred(account: &Arc<Account>, mut moved: BTreeSet<ChatId>, backlog: Backlog) -> Result<()> {
    while let Some(chat) = moved.pop_first() {
        let kept = account.db.read(move |tx, _| deferred(tx, chat)).await?;
        if kept.is_empty() {
            continue;
        }
        let again = kept.clone();
        let pass = move |taking: &mut Taking<'_, '_>| {
            taking.what_waited(chat)?;
            kept.iter().try_for_each(|kept| taking.again(kept))
        };
        match in_one(account, backlog, pass).await {
            Ok(chats) => moved.extend(chats),
            Err(error) if error.code != ErrorCode::Internal => return Err(error),
            Err(_) => {
                for kept in again {
                    let id = kept.event_id;
                    match in_one(account, backlog, move |taking| taking.again(&kept)).await {
                        Ok(chats) => moved.extend(chats),
                        Err(error) if error.code != ErrorCode::Internal => return Err(error),
                        Err(_) => leave_out(account, id, account.clock.now()).await?,
                    }
                }
            }
        }
    }
    Ok(())
}

/// What waits under the tags of a chat, in the order in which it came.
pub(crate) fn deferred(tx: &murmel_store::Tx<'_>, chat: ChatId) -> Result<Vec<murmel_store::DeferredRecord>> {
    let Some(chat) = tx.chat(chat)? else { return Ok(Vec::new()) };
    let routings: BTreeSet<_> = sync::routes(tx, &chat)?.into_iter().map(|(routing, _)| routing).collect();
    let mut kept = Vec::new();
    for routing in routings {
        kept.extend(tx.deferred_by_routing(&routing)?);
    }
    kept.sort_by_key(|kept| kept.id);
    Ok(kept)
}

/// One transaction over what arrives; the chats that moved on in it.
async fn in_one(
    account: &Arc<Account>,
    backlog: Backlog,
    f: impl FnOnce(&mut Taking<'_, '_>) -> Result<()> + Send + 'static,
) -> Result<BTreeSet<ChatId>> {
    let (keys, now) = (account.keys.clone(), account.clock.now());
    changes::write(account, move |tx, groups, changes| {
        changes.set_backlog(backlog);
        let mut taking = Taking::new(tx, groups, changes, &keys, now);
        f(&mut taking)?;
        Ok(taking.moved)
    })
    .await
}

async fn leave_out(account: &Arc<Account>, event: EventId, now: u64) -> Result<()> {
    tracing::error!("an event ran into a fault and is left out");
    account
        .db
        .write(move |tx, _| {
            tx.remember_seen(&event, now)?;
            Ok::<_, crate::Error>(tx.remove_deferred(&event)?)
        })
        .await
}
