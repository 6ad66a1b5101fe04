//! Catching up with the relays after an absence, by cursors of the local clock.
//! It decides nothing about a group's state.

mod again;
mod feeds;
mod slices;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use murmel_engine::{RoutingId, Storage as _};
use murmel_net::{Feed, GroupFeed, Incoming, RelayAddress};
use murmel_store::{ChatId, ChatRecord, CursorKey, Lane, OutboxId, Tx};
use nostr::Timestamp;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use again::begin_of;
pub(crate) use again::{read_again, read_whole};
pub(crate) use feeds::{Feeds, Taken};
pub(crate) use slices::read_on;
pub(crate) use state::state;

use crate::account::Account;
use crate::chores::{self, CHORES_CAP, Chore};
use crate::group::key_package;
use crate::group::membership::Outcome;
use crate::message::expiry;
use crate::network::{relays, setup};
use crate::{Housekeeping, Result, outbox, receive};

/// Gift wraps are dated back by up to two days (NIP-59); one more for clocks.
const INBOX_OVERLAP: u64 = 3 * 24 * 3600;
/// Messages may be published late, and clocks differ.
const GROUP_OVERLAP: u64 = 3600;
/// How far before the joining a group's backlog begins, for clocks that differ.
const BEFORE_JOINING: u64 = 24 * 3600;
/// Feeds that are looked up on one relay at a time: fewer than a connection allows, so that a look-up that somebody waits for finds room.
const PLACES: usize = 4;
/// How often [`settle`] looks again where nothing tells it to.
const SETTLE_PULSE: Duration = Duration::from_millis(200);

/// How things stood when [`crate::Client::settle`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Events that no relay has accepted yet.
    pub outbox_open: u32,
    /// Whether the backlog is fetched, from every relay that can be reached.
    pub caught_up: bool,
}

/// What sync, receive and membership keep of an account in memory.
pub(crate) struct SyncState {
    /// Held from the beginning of a change until its events are out.
    pub(crate) order: tokio::sync::Mutex<()>,
    /// Told after each change.
    pub(crate) moved: Notify,
    /// How far each subscription is.
    pub(crate) feeds: Feeds,
    /// Waiting times.
    pub(crate) housekeeping: Housekeeping,
    /// One change of a group at a time; the others stand in line here. As many as there are chats.
    pub(crate) turns: Mutex<HashMap<ChatId, Arc<tokio::sync::Mutex<()>>>>,
    /// Who waits for a staged commit, by the outbox row that carries it. As many as there are chats.
    waiting: Mutex<HashMap<OutboxId, oneshot::Sender<Outcome>>>,
    /// Chats in which a rotation waits for its moment.
    pub(crate) rotating: Mutex<HashSet<ChatId>>,
    /// How often something may have been missed.
    missed: AtomicU64,
    /// The latest date that anybody wrote.
    #[cfg(murmel_bug = "cursor_from_sender_time")]
    pub(crate) newest: AtomicU64,
    /// Events of backlogs that were fetched since the account was last at rest, and those of them that were taken.
    fetched: AtomicU64,
    applied: AtomicU64,
    /// How many of those were read again since.
    made_good: AtomicU64,
    /// One slice of a feed at a time; relays stand in line here. As many as there are subscriptions.
    lines: Mutex<HashMap<Feed, Arc<tokio::sync::Mutex<()>>>>,
    /// Places for look-ups on a relay. As many as there are relays.
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// Held while everything is read again.
    reading_again: tokio::sync::Mutex<()>,
    /// What is being read from its beginning, and where. As many as there are subscriptions.
    reading_whole: Mutex<BTreeSet<(Feed, String)>>,
    /// What came from the network is being taken.
    taking: AtomicBool,
    /// Chores that were left and are not done yet, without those that wait for a quiet moment.
    undone: AtomicUsize,
    chores: mpsc::Sender<Chore>,
    chores_end: Mutex<Option<mpsc::Receiver<Chore>>>,
}

impl SyncState {
    pub(crate) fn new(housekeeping: Housekeeping) -> Self {
        let (chores, end) = mpsc::channel(CHORES_CAP);
        Self {
            order: tokio::sync::Mutex::default(),
            moved: Notify::new(),
            feeds: Feeds::default(),
            housekeeping,
            turns: Mutex::default(),
            waiting: Mutex::default(),
            rotating: Mutex::default(),
            missed: AtomicU64::new(0),
            #[cfg(murmel_bug = "cursor_from_sender_time")]
            newest: AtomicU64::new(0),
            fetched: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            made_good: AtomicU64::new(0),
            lines: Mutex::default(),
            places: Mutex::default(),
            reading_again: tokio::sync::Mutex::default(),
            reading_whole: Mutex::default(),
            taking: AtomicBool::new(false),
            undone: AtomicUsize::new(0),
            chores,
            chores_end: Mutex::new(Some(end)),
        }
    }

    /// Leaves something to be done; never waits.
    pub(crate) fn chore(&self, chore: Chore) {
        if matches!(chore, Chore::ReadAgain) {
            self.read_again_later();
        }
        let counts = !chore.waits();
        if counts {
            self.undone.fetch_add(1, Ordering::SeqCst);
        }
        if self.chores.try_send(chore).is_err() {
            tracing::debug!("a chore has to wait for the next round");
            if counts {
                self.undone.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    /// A chore that counts was done, or given up.
    pub(crate) fn did_chore(&self) {
        self.undone.fetch_sub(1, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Something from the network is being taken, or is taken.
    pub(crate) fn set_taking(&self, taking: bool) {
        self.taking.store(taking, Ordering::SeqCst);
        if !taking {
            self.moved.notify_waiters();
        }
    }

    /// Events of a backlog came.
    pub(crate) fn fetched(&self, count: usize) {
        self.fetched.fetch_add(count as u64, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Events of a backlog were taken.
    pub(crate) fn applied(&self, count: usize) {
        self.applied.fetch_add(count as u64, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// A connection came up: where nothing was under way, what comes now is another catch-up.
    pub(crate) fn begins_anew(&self) {
        if self.is_at_rest() {
            self.fetched.store(0, Ordering::SeqCst);
            self.applied.store(0, Ordering::SeqCst);
        }
    }

    /// Whether the backlog is not only fetched but taken, and what followed from it is done.
    fn is_at_rest(&self) -> bool {
        // In this order: a feed is marked as caught up while its backlog is being taken, and taking it leaves chores.
        self.feeds.caught_up_everywhere() && !self.taking.load(Ordering::SeqCst) && self.undone.load(Ordering::SeqCst) == 0
    }

    /// The line in which changes of a chat stand.
    pub(crate) fn turn(&self, chat: ChatId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(chat).or_default())
    }

    /// The line in which relays stand to be asked for a slice of a feed.
    fn line(&self, feed: Feed) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.lines.lock().unwrap_or_else(PoisonError::into_inner).entry(feed).or_default())
    }

    /// Where feeds wait to be looked up on a relay.
    fn places(&self, relay: &RelayAddress) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let of = places.entry(relay.as_str().to_owned()).or_insert_with(|| Arc::new(Semaphore::new(PLACES)));
        Arc::clone(of)
    }

    /// Has somebody told what becomes of the staged commit in an outbox row. To be called before that can be known.
    pub(crate) fn wait_for(&self, outbox: OutboxId, teller: oneshot::Sender<Outcome>) {
        self.waiting().insert(outbox, teller);
    }

    /// Nobody waits any more.
    pub(crate) fn stop_waiting(&self, outbox: OutboxId) {
        self.waiting().remove(&outbox);
    }

    /// Whether somebody waits for what becomes of a staged commit.
    pub(crate) fn is_awaited(&self, outbox: OutboxId) -> bool {
        self.waiting().get(&outbox).is_some_and(|teller| !teller.is_closed())
    }

    /// Tells who waits what became of a staged commit. A change that has to be made again is left as a chore where nobody waits.
    pub(crate) fn tell(&self, chat: ChatId, outbox: OutboxId, outcome: Outcome) {
        let teller = self.waiting().remove(&outbox);
        let untold = match teller {
            Some(teller) => teller.send(outcome).err(),
            None => Some(outcome),
        };
        if let Some(Outcome::Superseded(_)) = untold {
            self.chore(Chore::Again(chat));
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<OutboxId, oneshot::Sender<Outcome>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves everything to be read again at the next tick. Until then no cursor of a live subscription moves.
    pub(crate) fn read_again_later(&self) {
        self.missed.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether something that may have been missed was not read again yet.
    fn misses(&self) -> bool {
        self.missed.load(Ordering::SeqCst) > self.made_good.load(Ordering::SeqCst)
    }

    fn reading_whole(&self) -> std::sync::MutexGuard<'_, BTreeSet<(Feed, String)>> {
        self.reading_whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end at which chores come out; once.
    pub(crate) fn take_chores(&self) -> Option<mpsc::Receiver<Chore>> {
        self.chores_end.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether a backlog is being fetched now.
    pub(crate) fn catching_up(&self) -> bool {
        self.feeds.catching_up()
    }
}

/// Starts to follow, to take what comes, and to do what has to be done.
pub(crate) fn start(account: &Arc<Account>, incoming: mpsc::Receiver<Incoming>) {
    account.spawn(receive::run(Arc::clone(account), incoming));
    account.spawn(expiry::run(Arc::clone(account)));
    account.spawn(state::run(Arc::clone(account)));
    account.spawn(again::run(Arc::clone(account)));
    account.spawn(outbox::look_whether_kept(Arc::clone(account)));
    if let Some(chores) = account.sync.take_chores() {
        account.spawn(chores::run(Arc::clone(account), chores));
    }
    account.sync.chore(Chore::Follow);
}

/// Follows everything that the rows name: the account's inbox, and each group in each epoch whose messages may still come.
pub(crate) async fn follow(account: &Arc<Account>) -> Result<()> {
    let inbox = addresses(&relays::current(account).await?.inbox);
    let now = account.clock.now();
    let groups = account.db.read(move |tx, _| group_feeds(tx, now)).await?;
    let me = account.pubkey();
    let keys: Vec<CursorKey> = inbox.iter().map(|relay| cursor_key(&Feed::Inbox, relay)).collect();
    let since = account.db.read(move |tx, _| since(tx, &keys)).await?;
    let wanted = std::iter::once((Feed::Inbox, inbox.clone(), since.is_none()))
        .chain(groups.iter().map(|(feed, first)| (Feed::Group(feed.routing), feed.relays.clone(), *first)));
    account.sync.feeds.follow(wanted);
    let since = since.map(|at| Timestamp::from_secs(at.saturating_sub(INBOX_OVERLAP)));
    account.net.follow_inbox(me, inbox, since).await;
    account.net.follow_groups(groups.into_iter().map(|(feed, _)| feed).collect()).await;
    relays::network_changed(account).await;
    account.sync.moved.notify_waiters();
    Ok(())
}

/// Each feed, and whether it was never read to its end.
fn group_feeds(tx: &Tx<'_>, now: u64) -> Result<Vec<(GroupFeed, bool)>> {
    let mut feeds: BTreeMap<RoutingId, (Vec<String>, u64)> = BTreeMap::new();
    for chat in tx.chats()? {
        if !receive::is_followed(tx, &chat, now)? {
            continue;
        }
        for (routing, relays) in routes(tx, &chat)? {
            let (known, first) = feeds.entry(routing).or_insert((Vec::new(), begin(&chat)));
            *first = (*first).min(begin(&chat));
            relays.into_iter().for_each(|relay| {
                if !known.contains(&relay) {
                    known.push(relay);
                }
            });
        }
    }
    let mut all = Vec::with_capacity(feeds.len());
    for (routing, (relays, first)) in feeds {
        let (feed, relays) = (Feed::Group(*routing.as_bytes()), addresses(&relays));
        let keys: Vec<CursorKey> = relays.iter().map(|relay| cursor_key(&feed, relay)).collect();
        let cursor = since(tx, &keys)?;
        let since = cursor.map_or(first, |at| at.saturating_sub(GROUP_OVERLAP));
        let feed = GroupFeed { routing: *routing.as_bytes(), relays, since: Some(Timestamp::from_secs(since)) };
        all.push((feed, cursor.is_none()));
    }
    Ok(all)
}

/// Where the backlog of a chat begins, Unix seconds.
pub(crate) const fn begin(chat: &ChatRecord) -> u64 {
    chat.joined_at.saturating_sub(BEFORE_JOINING)
}

/// The tags and relays under which messages of a chat may still come: those of now, and of each epoch that is kept.
pub(crate) fn routes(tx: &Tx<'_>, chat: &ChatRecord) -> Result<Vec<(RoutingId, Vec<String>)>> {
    let kept = tx.epochs(&chat.group).map_err(crate::Error::from)?;
    let now = std::iter::once((chat.routing, chat.relays.clone()));
    Ok(now.chain(kept.into_iter().map(|epoch| (epoch.routing, epoch.relays))).collect())
}

/// The oldest of these cursors; `None` where there is none. A relay without one is read from the beginning when it turns up: see [`read_whole`].
fn since(tx: &Tx<'_>, keys: &[CursorKey]) -> Result<Option<u64>> {
    let mut oldest: Option<u64> = None;
    for key in keys {
        if let Some(at) = tx.cursor(key)? {
            oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
        }
    }
    Ok(oldest)
}

/// The relay has sent everything since the feed's cursor. Moves its own cursor, or has it read from the beginning where it had none.
pub(crate) async fn moved_on(account: &Arc<Account>, feed: Feed, relay: &RelayAddress, first: bool) -> Result<()> {
    let (key, now) = (cursor_key(&feed, relay), cursor_time(account));
    let known = account.db.write(move |tx, _| {
        let known = first || tx.cursor(&key)?.is_some();
        if known {
            tx.put_cursor(&key, now)?;
        }
        Ok::<_, crate::Error>(known)
    });
    if !known.await? {
        account.sync.chore(Chore::ReadWhole(feed, relay.clone()));
    }
    Ok(())
}

/// Names the subscription `feed` on `relay` in the store.
pub(crate) fn cursor_key(feed: &Feed, relay: &RelayAddress) -> CursorKey {
    let (lane, subscription) = match feed {
        Feed::Inbox => (Lane::Inbox, "inbox".to_owned()),
        Feed::Group(routing) => (Lane::Group, hex::encode(routing)),
    };
    CursorKey { lane, relay: relay.as_str().to_owned(), subscription }
}

/// Those of `relays` that are relay addresses.
pub(crate) fn addresses(relays: &[String]) -> Vec<RelayAddress> {
    relays.iter().filter_map(|relay| RelayAddress::parse(relay).ok()).collect()
}

/// Moves the cursors of subscriptions that are live, so that the next start does not read what was seen already; tidies up.
pub(crate) async fn keep_up(account: &Arc<Account>) {
    if account.sync.misses() {
        // INVARIANT: no cursor passes what was missed.
        if account.sync.reading_again.try_lock().is_ok() {
            account.sync.chore(Chore::ReadAgain);
        }
    } else {
        match move_cursors(account).await {
            // INVARIANT: a relay gets its first cursor when it was read from the beginning.
            Ok(never_read) => never_read.into_iter().for_each(|(feed, relay)| account.sync.chore(Chore::ReadWhole(feed, relay))),
            Err(_) => tracing::warn!("cursors could not be moved"),
        }
    }
    expiry::forget_requests(account).await;
    // A connection that comes back begins where the cursors are now.
    account.sync.chore(Chore::Follow);
}

/// Where a cursor moves to: the local clock, whatever dates others write.
fn cursor_time(account: &Account) -> u64 {
    #[cfg(murmel_bug = "cursor_from_sender_time")]
    return account.sync.newest.load(Ordering::SeqCst);
    #[cfg(not(murmel_bug = "cursor_from_sender_time"))]
    account.clock.now()
}

/// Moves the cursors of live subscriptions to now. Those that have none come back.
async fn move_cursors(account: &Arc<Account>) -> Result<Vec<(Feed, RelayAddress)>> {
    let (live, now) = (account.sync.feeds.live(), cursor_time(account));
    account
        .db
        .write(move |tx, _| {
            let mut never_read = Vec::new();
            for (feed, relay) in live {
                let key = cursor_key(&feed, &relay);
                if tx.cursor(&key)?.is_some() {
                    tx.put_cursor(&key, now)?;
                } else {
                    never_read.push((feed, relay));
                }
            }
            Ok(never_read)
        })
        .await
}

/// Waits until the set-up is done, the backlog is fetched and everything queued is on a relay, or until `timeout` is over.
pub(crate) async fn settle(account: &Arc<Account>, timeout: Duration) -> Result<Settled> {
    let end = tokio::time::Instant::now() + timeout;
    loop {
        let moved = account.sync.moved.notified();
        // Before the outbox is looked at: what is at rest puts nothing into it any more.
        let caught_up = account.sync.feeds.was_each_tried() && account.sync.is_at_rest();
        let open = account.db.read(|tx, _| Ok::<_, crate::Error>(tx.open_count()?)).await?;
        let settled = Settled { outbox_open: u32::try_from(open).unwrap_or(u32::MAX), caught_up };
        let set_up =
            setup::steps(account).iter().all(|step| step.state == murmel_ipc::StepState::Done) && !key_package::is_due(account).await?;
        if (settled.outbox_open == 0 && settled.caught_up && set_up) || tokio::time::Instant::now() >= end {
            return Ok(settled);
        }
        // The outbox does not pass through here on every step, so look again now and then.
        let pulse = (tokio::time::Instant::now() + SETTLE_PULSE).min(end);
        let _ = tokio::time::timeout_at(pulse, moved).await;
    }
}

#[cfg(test)]
mod tests;
