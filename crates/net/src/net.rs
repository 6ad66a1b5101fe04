//! The handle that the application holds: two lanes of links, and what each of them follows.
//! Never touches a frame itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use nostr::{Alphabet, Event, EventId, Filter, Kind, PublicKey, RelayUrl, SingleLetterTag, Timestamp, Url};
use nostr_sdk::pool::prelude::RelayPoolBuilder;
use nostr_sdk::{RelayPool, RelayPoolOptions};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::admit::{Admission, Collected, FETCH_EVENTS_CAP, Registry, Want};
use crate::dial::DialRefusal;
use crate::health::{Health, HealthBook, Known, Phase};
use crate::incoming::{Feed, Gap, INCOMING_CAP, Incoming, Notices, Outlet};
use crate::link::{COMMANDS_CAP, Command, Compared, Link, LinkParts};
use crate::route::{Route, Routes};
use crate::socket::Dialler;
use crate::web::{self, WebFault};
use crate::{Answer, Ended, Fetched, GroupFeed, Lane, NetOptions, Pace, Part, RelayAddress, RelayStatus};

/// Most relays that one lane is connected to at once.
pub const LINKS_CAP: usize = 128;

/// Events asked for by id in one request.
const IDS_AT_ONCE: usize = 200;

/// The pool's own broadcast is not read by anybody; admission delivers the events.
const POOL_NOTIFICATIONS: usize = 1;

/// The network. Cheap to clone; the connections end with [`Net::close`] or with the last clone.
#[derive(Debug, Clone)]
pub struct Net {
    inbox: Arc<LaneHub>,
    group: Arc<LaneHub>,
    /// Asks web hosts; its own pool for a proxy that keeps pools apart.
    web: Arc<Dialler>,
    routes: Arc<Routes>,
    changed: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct LaneHub {
    lane: Lane,
    pool: RelayPool,
    dialler: Arc<Dialler>,
    registry: Arc<Registry>,
    health: Arc<HealthBook>,
    queue: mpsc::Sender<Incoming>,
    notices: Notices,
    pace: Pace,
    may_authenticate: bool,
    links: Mutex<HashMap<RelayUrl, LinkHandle>>,
    /// One change of what is followed at a time, so that the last one wins everywhere.
    following: tokio::sync::Mutex<HashSet<RelayUrl>>,
}

#[derive(Debug, Clone)]
struct LinkHandle {
    address: RelayAddress,
    commands: mpsc::Sender<Command>,
    health: Arc<Health>,
}

impl Net {
    /// Sets up both lanes; nothing is dialled yet. Has to be called inside a Tokio runtime.
    ///
    /// The receiver is a queue of [`INCOMING_CAP`] items. When it stays full, relays are slowed down, and then a
    /// [`Incoming::Gap`] is announced.
    pub fn new(options: NetOptions) -> (Self, mpsc::Receiver<Incoming>) {
        let (queue, incoming) = mpsc::channel(INCOMING_CAP);
        let notices = Notices::into_queue(queue.clone());
        let (routes, changed) = (Arc::new(Routes::new(options.route)), Arc::new(watch::Sender::new(0)));
        let hub = |lane, auth| {
            let dialler = Dialler::new(options.dial, routes.clone(), name_of(lane)).over(options.wire.clone());
            LaneHub::new(lane, auth, Arc::new(dialler), &queue, &notices, &options.pace, changed.clone())
        };
        let inbox = Arc::new(hub(Lane::Inbox, options.auth.clone()));
        let group = Arc::new(hub(Lane::Group, None));
        let web = Arc::new(Dialler::new(options.dial, routes.clone(), "web").over(options.wire.clone()));
        (Self { inbox, group, web, routes, changed }, incoming)
    }

    /// The way that connections take now.
    pub fn route(&self) -> Route {
        self.routes.now().0
    }

    /// Leads every connection another way from now on. Those that are open are closed, and dialled again where they are needed.
    pub async fn set_route(&self, route: Route) {
        if self.routes.set(route) {
            self.redial().await;
        }
    }

    /// Closes every connection and dials again at once those that are needed: after the computer slept, or is on another network, they are
    /// dead and do not know it.
    pub async fn redial(&self) {
        self.inbox.redial().await;
        self.group.redial().await;
    }

    /// Counts up whenever something in [`Net::status`] changes that a person would notice.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The same relays, the one to ask first in front: by score, and in their order where that is the same. None is left out.
    pub fn best_first(&self, lane: Lane, mut relays: Vec<RelayAddress>) -> Vec<RelayAddress> {
        let health = &self.hub(lane).health;
        let unknown = Known::default().score();
        relays.sort_by_cached_key(|relay| std::cmp::Reverse(health.known(relay.dialled()).map_or(unknown, |known| known.score())));
        relays
    }

    /// Sends one event to one relay and waits for its answer, at most `timeout`, dialling included.
    ///
    /// The event is sent once. A relay that took it and lost the connection answers [`Answer::Unreachable`], so the
    /// same event may have to be published again; relays know it by its id.
    pub async fn publish(&self, lane: Lane, relay: &RelayAddress, event: &Event, timeout: Duration) -> Answer {
        self.hub(lane).publish(relay, event, timeout).await
    }

    /// Asks all relays at once for what they have stored, each at most for `timeout`.
    ///
    /// A filter without a limit is read page by page until a relay has nothing older.
    pub async fn fetch(&self, lane: Lane, relays: &[RelayAddress], filter: Filter, timeout: Duration) -> Fetched {
        let hub = self.hub(lane);
        let relays: HashSet<&RelayAddress> = relays.iter().collect();
        collected(
            relays.into_iter().map(|relay| async { (relay.clone(), hub.fetch(relay, filter.clone(), FETCH_EVENTS_CAP, timeout).await) }),
        )
        .await
    }

    /// What one relay has of `filter` and is not among `have`, the events of it that are known. A relay that compares sets (NIP-77) is asked for
    /// what is missing only; of another everything that `otherwise` asks for is read. Ends with [`Ended::TooMuch`] beyond `at_most` events.
    pub async fn fetch_missing(
        &self,
        lane: Lane,
        relay: &RelayAddress,
        (filter, otherwise): (Filter, Filter),
        have: Vec<(EventId, Timestamp)>,
        at_most: usize,
        timeout: Duration,
    ) -> Part {
        self.hub(lane).fetch_missing(relay, &filter, otherwise, have, at_most, timeout).await
    }

    /// The document at `path` of a web host, by https, by the same rules and the same way as relays. No redirect is followed.
    ///
    /// # Errors
    /// When it did not come, with the reason.
    pub async fn get(&self, host: &str, path: &str, timeout: Duration) -> Result<Vec<u8>, WebFault> {
        web::get(&self.web, host, path, timeout).await
    }

    /// What is at an https address, by the same rules and the same way as relays, also where its host says that it is elsewhere.
    ///
    /// At most `at_most` bytes; `patience` is for each step, not for all of it. `seen` hears how many bytes have come, and of how many where
    /// that was said. Dropping the future ends it.
    ///
    /// # Errors
    /// When it did not come, with the reason.
    pub async fn download(
        &self,
        url: &str,
        at_most: usize,
        patience: Duration,
        mut seen: impl FnMut(u64, Option<u64>) + Send,
    ) -> Result<Vec<u8>, WebFault> {
        let url = Url::parse(url).map_err(|_| WebFault::NoHost)?;
        web::download(&self.web, url, at_most, patience, &mut seen).await
    }

    /// Follows the gift wraps (kind 1059) for an account on its inbox relays. Replaces what was followed before.
    ///
    /// Connections that are lost come back and ask again from the `since` that was given last.
    pub async fn follow_inbox(&self, account: PublicKey, relays: Vec<RelayAddress>, since: Option<Timestamp>) {
        let filter = Filter { since, ..Filter::new().kind(Kind::GiftWrap).pubkey(account) };
        self.inbox.follow(vec![(Feed::Inbox, filter, relays)]).await;
    }

    /// Follows exactly these groups (kind 445). What was followed before and is not named any more ends; what goes on
    /// is not asked for again, and its new `since` counts from the next connection on.
    pub async fn follow_groups(&self, feeds: Vec<GroupFeed>) {
        let tag = SingleLetterTag::lowercase(Alphabet::H);
        let feeds = feeds.into_iter().map(|feed| {
            let filter = Filter::new().kind(Kind::MlsGroupMessage).custom_tag(tag, hex::encode(feed.routing));
            (Feed::Group(feed.routing), Filter { since: feed.since, ..filter }, feed.relays)
        });
        self.group.follow(feeds.collect()).await;
    }

    /// How every relay stands that was used since the start, sorted by lane and address.
    pub async fn status(&self) -> Vec<RelayStatus> {
        let mut all = self.inbox.status();
        all.extend(self.group.status());
        all
    }

    /// Ends all connections. Publishing and reading that wait are answered with [`Answer::Unreachable`].
    pub async fn close(&self) {
        self.inbox.close().await;
        self.group.close().await;
    }

    /// Whether [`Net::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.inbox.pool.is_shutdown()
    }

    fn hub(&self, lane: Lane) -> &LaneHub {
        match lane {
            Lane::Inbox => &self.inbox,
            Lane::Group => &self.group,
        }
    }
}

impl LaneHub {
    fn new(
        lane: Lane,
        auth: Option<nostr::Keys>,
        dialler: Arc<Dialler>,
        queue: &mpsc::Sender<Incoming>,
        notices: &Notices,
        pace: &Pace,
        changed: Arc<watch::Sender<u64>>,
    ) -> Self {
        let health = Arc::new(HealthBook::new(changed));
        let registry = Arc::new(Registry::new(health.clone()));
        let may_authenticate = auth.is_some();
        let mut builder = RelayPoolBuilder::new()
            .admit_policy(Admission(registry.clone()))
            .opts(RelayPoolOptions::new().automatic_authentication(may_authenticate).notification_channel_size(POOL_NOTIFICATIONS));
        builder.websocket_transport = dialler.clone();
        builder.__signer = auth.map(|keys| Arc::new(keys) as Arc<dyn nostr::NostrSigner>);
        Self {
            lane,
            pool: builder.build(),
            dialler,
            registry,
            health,
            queue: queue.clone(),
            notices: notices.clone(),
            pace: pace.clone(),
            may_authenticate,
            links: Mutex::new(HashMap::new()),
            following: tokio::sync::Mutex::new(HashSet::new()),
        }
    }

    async fn publish(&self, relay: &RelayAddress, event: &Event, timeout: Duration) -> Answer {
        if let Err(refusal) = self.check(relay) {
            return Answer::NotDialled { detail: refusal.to_string() };
        }
        let (reply, answer) = oneshot::channel();
        let command = Command::Publish { address: relay.clone(), event: Box::new(event.clone()), reply };
        let asked = async {
            match self.command(relay, command).await {
                Ok(()) => answer.await.unwrap_or_else(|_| Answer::Unreachable { detail: "the connection was just closed".to_owned() }),
                Err(detail) => Answer::Unreachable { detail },
            }
        };
        match tokio::time::timeout(timeout, asked).await {
            Ok(answer) => answer,
            Err(_) => match self.fault(relay) {
                None => {
                    self.health.of(relay.dialled()).failed("the relay did not answer in time");
                    Answer::TimedOut
                }
                Some(detail) => Answer::Unreachable { detail },
            },
        }
    }

    async fn fetch(&self, relay: &RelayAddress, filter: Filter, at_most: usize, timeout: Duration) -> Part {
        if let Err(refusal) = self.check(relay) {
            return Part { events: Vec::new(), ended: Ended::Failed(refusal.to_string()) };
        }
        let into = Arc::new(Mutex::new(Collected::new(at_most)));
        let (reply, ended) = oneshot::channel();
        let command = Command::Fetch { address: relay.clone(), filter, into: into.clone(), reply };
        let asked = async {
            self.command(relay, command).await?;
            ended.await.unwrap_or_else(|_| Err("the connection was just closed".to_owned()))
        };
        let ended = match tokio::time::timeout(timeout, asked).await {
            Ok(ended) => ended,
            Err(_) => Err(self.fault(relay).unwrap_or_else(|| "the relay did not answer in time".to_owned())),
        };
        let mut collected = into.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = match ended {
            Ok(()) if collected.overflowed => Ended::TooMuch,
            Ok(()) => Ended::Whole,
            Err(reason) => Ended::Failed(reason),
        };
        Part { events: std::mem::take(&mut collected.events), ended }
    }

    async fn fetch_missing(
        &self,
        relay: &RelayAddress,
        filter: &Filter,
        otherwise: Filter,
        have: Vec<(EventId, Timestamp)>,
        at_most: usize,
        timeout: Duration,
    ) -> Part {
        let missing = match self.compare(relay, filter, have, timeout).await {
            Ok(Compared::Missing(missing)) if missing.len() <= at_most => missing,
            Ok(Compared::Missing(_) | Compared::TooMuch) => return Part { events: Vec::new(), ended: Ended::TooMuch },
            // A comparison that did not end is no reason to leave out what can be read.
            Ok(Compared::NotOffered) | Err(_) => return self.fetch(relay, otherwise, at_most, timeout).await,
        };
        let mut events = Vec::with_capacity(missing.len());
        for ids in missing.chunks(IDS_AT_ONCE) {
            // Without the times of the filter: a relay that is asked for ids has nothing else to think about.
            let filter = Filter { since: None, until: None, ..filter.clone() }.ids(ids.iter().copied()).limit(ids.len());
            let part = self.fetch(relay, filter, ids.len(), timeout).await;
            events.extend(part.events);
            if let Ended::Failed(_) = part.ended {
                return Part { events, ended: part.ended };
            }
        }
        Part { events, ended: Ended::Whole }
    }

    async fn compare(
        &self,
        relay: &RelayAddress,
        filter: &Filter,
        have: Vec<(EventId, Timestamp)>,
        timeout: Duration,
    ) -> Result<Compared, String> {
        // Where nothing is known there is nothing to compare.
        if have.is_empty() {
            return Ok(Compared::NotOffered);
        }
        self.check(relay).map_err(|refusal| refusal.to_string())?;
        let (reply, ended) = oneshot::channel();
        let asked = async {
            self.command(relay, Command::Reconcile { address: relay.clone(), filter: filter.clone(), have, reply }).await?;
            ended.await.unwrap_or_else(|_| Err("the connection was just closed".to_owned()))
        };
        tokio::time::timeout(timeout, asked).await.unwrap_or_else(|_| Err("the relay did not answer in time".to_owned()))
    }

    async fn follow(&self, feeds: Vec<(Feed, Filter, Vec<RelayAddress>)>) {
        let mut followed = self.following.lock().await;
        let mut by_relay: HashMap<RelayUrl, BTreeMap<Feed, Want>> = HashMap::new();
        for (feed, filter, addresses) in feeds {
            for address in addresses {
                let wants = by_relay.entry(address.dialled().clone()).or_default();
                let want = wants.entry(feed).or_insert_with(|| Want { feed, filter: filter.clone(), addresses: Vec::new() });
                if !want.addresses.contains(&address) {
                    want.addresses.push(address);
                }
            }
        }
        for url in followed.iter().filter(|url| !by_relay.contains_key(url)) {
            let handle = self.links().get(url).cloned();
            if let Some(handle) = handle {
                drop(handle.commands.send(Command::Follow { wants: Vec::new() }).await);
            }
        }
        *followed = by_relay.keys().cloned().collect();
        for wants in by_relay.into_values() {
            let wants: Vec<Want> = wants.into_values().collect();
            let Some(address) = wants.first().and_then(|want| want.addresses.first()).cloned() else {
                continue;
            };
            let refusal = self.check(&address).err().map(|refusal| refusal.to_string());
            let failed = match refusal {
                None => self.command(&address, Command::Follow { wants: wants.clone() }).await.err(),
                refused => refused,
            };
            for (want, detail) in wants.iter().zip(std::iter::repeat(failed)) {
                let (Some(detail), Some(relay)) = (detail, want.addresses.first()) else {
                    continue;
                };
                self.notices.put(Incoming::Refused { lane: self.lane, relay: relay.clone(), feed: want.feed, detail });
            }
        }
    }

    fn status(&self) -> Vec<RelayStatus> {
        let spelled: HashMap<RelayUrl, RelayAddress> = self.links().iter().map(|(url, link)| (url.clone(), link.address.clone())).collect();
        let now = Instant::now();
        let mut all: Vec<RelayStatus> = Vec::new();
        for (url, known) in self.health.all() {
            let address = spelled.get(&url).cloned().or_else(|| RelayAddress::parse(url.as_str_without_trailing_slash()).ok());
            let Some(relay) = address else { continue };
            all.push(RelayStatus {
                lane: self.lane,
                connected: known.phase == Phase::Open,
                phase: known.phase,
                score: known.score(),
                fault: known.fault,
                last_fault: known.last_fault.map(|(words, at)| (words, now.duration_since(at))),
                auth: known.auth,
                latency: known.latency,
                delivered: known.delivered.map(|at| now.duration_since(at)),
                next_dial: known.next_dial.map(|at| at.saturating_duration_since(now)),
                date: self.dialler.date(Url::from(url).as_str()).map(|(date, at)| (date, now.duration_since(at))),
                relay,
            });
        }
        all.sort_by(|a, b| a.relay.cmp(&b.relay));
        all
    }

    async fn redial(&self) {
        let links: Vec<LinkHandle> = self.links().values().cloned().collect();
        for link in links {
            drop(link.commands.send(Command::Redial).await);
        }
    }

    async fn close(&self) {
        let links: Vec<LinkHandle> = self.links().drain().map(|(_, link)| link).collect();
        for link in links {
            drop(link.commands.send(Command::Stop).await);
            link.commands.closed().await;
        }
        self.pool.shutdown().await;
    }

    fn check(&self, relay: &RelayAddress) -> Result<(), DialRefusal> {
        self.dialler.check(relay.dialled().into()).map(drop)
    }

    /// Why there is no connection, when there is none.
    fn fault(&self, relay: &RelayAddress) -> Option<String> {
        let health = self.links().get(relay.dialled()).map(|link| link.health.clone())?;
        let fault = health.fault().unwrap_or_else(|| "no connection in time".to_owned());
        (!health.is_connected()).then_some(fault)
    }

    /// Hands a command to the relay's link, which is started when there is none.
    async fn command(&self, relay: &RelayAddress, mut command: Command) -> Result<(), String> {
        // A link that has just gone idle closes its queue; the second try starts a new one.
        for _ in 0..2 {
            let link = self.link(relay)?;
            match link.commands.send(command).await {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendError(returned)) => command = returned,
            }
        }
        Err("the connection was just closed".to_owned())
    }

    fn link(&self, relay: &RelayAddress) -> Result<LinkHandle, String> {
        let mut links = self.links();
        if let Some(link) = links.get(relay.dialled()).filter(|link| !link.commands.is_closed()) {
            return Ok(link.clone());
        }
        links.retain(|_, link| !link.commands.is_closed());
        if self.pool.is_shutdown() {
            return Err("the network is closed".to_owned());
        }
        if links.len() >= LINKS_CAP {
            return Err(format!("already connected to {LINKS_CAP} relays; try again later"));
        }
        let (commands, waiting) = mpsc::channel(COMMANDS_CAP);
        let health = self.health.of(relay.dialled());
        let outlet = Outlet {
            lane: self.lane,
            queue: self.queue.clone(),
            patience: self.pace.queue_patience,
            gap: Arc::new(Gap::default()),
            stuck: Arc::new(AtomicBool::new(false)),
        };
        let parts = LinkParts {
            lane: self.lane,
            url: relay.dialled().clone(),
            pool: self.pool.clone(),
            registry: self.registry.clone(),
            outlet,
            notices: self.notices.clone(),
            pace: self.pace.clone(),
            may_authenticate: self.may_authenticate,
            health: health.clone(),
        };
        tokio::spawn(Link::new(parts, waiting).run());
        let handle = LinkHandle { address: relay.clone(), commands, health };
        links.insert(relay.dialled().clone(), handle.clone());
        Ok(handle)
    }

    fn links(&self) -> std::sync::MutexGuard<'_, HashMap<RelayUrl, LinkHandle>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all of them brought, without duplicates and newest first.
async fn collected(asked: impl Iterator<Item = impl Future<Output = (RelayAddress, Part)>>) -> Fetched {
    let mut fetched = Fetched::default();
    let mut events: HashMap<EventId, Event> = HashMap::new();
    for (relay, part) in join_all(asked).await {
        events.extend(part.events.into_iter().map(|event| (event.id, event)));
        match part.ended {
            Ended::Whole => fetched.complete.push(relay),
            Ended::TooMuch => fetched.failed.push((relay, "the relay sent more than can be held at once".to_owned())),
            Ended::Failed(reason) => fetched.failed.push((relay, reason)),
        }
    }
    fetched.events = events.into_values().collect();
    fetched.events.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
    fetched
}

/// The name of a lane, as a proxy is told it.
const fn name_of(lane: Lane) -> &'static str {
    match lane {
        Lane::Inbox => "inbox",
        Lane::Group => "group",
    }
}
