//! A relay of a simulation: what it stores, what it says, and how it fails, as its dice decide.
//! It owns no socket, and checks no signature: that is the business of whoever reads from it.

mod lies;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use murmel_client::Frame;
use nostr::filter::MatchEventOptions;
use nostr::{Event, EventId, Filter, JsonUtil as _, Kind};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::faults::{FaultKind, Odds, Tally};

/// Most events that a relay keeps; a seed makes a few hundred.
pub const EVENTS_CAP: usize = 50_000;
/// Longest a slow frame takes, in milliseconds.
const SLOW: (u64, u64) = (500, 8_000);
/// How long an answer takes that comes too late, in milliseconds: longer than a client waits.
const TOO_LATE: (u64, u64) = (11_000, 40_000);

/// What a relay says on one connection.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) frame: Frame,
    pub(crate) after: Duration,
    /// It does not wait for what was said before.
    pub(crate) overtakes: bool,
}

/// A relay.
#[derive(Debug)]
pub struct Relay {
    url: String,
    tally: Tally,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    odds: Odds,
    up: bool,
    banned: bool,
    page: usize,
    events: Vec<Event>,
    known: HashSet<EventId>,
    connections: BTreeMap<u64, Connection>,
    next: u64,
    blocked: BTreeSet<usize>,
    /// What is kept back, and until when.
    held: Vec<(Instant, Event)>,
    floods: u32,
}

#[derive(Debug)]
struct Connection {
    client: usize,
    out: mpsc::UnboundedSender<Said>,
    subscriptions: BTreeMap<String, Vec<Filter>>,
}

impl Relay {
    /// A relay without anything in it. `page`: most events it answers to one filter.
    pub fn new(url: String, dice: Dice, page: usize, tally: Tally) -> Self {
        let state = State {
            dice,
            odds: Odds::none(),
            up: true,
            banned: false,
            page,
            events: Vec::new(),
            known: HashSet::new(),
            connections: BTreeMap::new(),
            next: 0,
            blocked: BTreeSet::new(),
            held: Vec::new(),
            floods: 0,
        };
        Self { url, tally, state: Mutex::new(state) }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How it fails from now on.
    pub fn set_odds(&self, odds: Odds) {
        self.state().odds = odds;
    }

    /// Goes down or comes up again. What it stored stays; connections and subscriptions do not.
    pub fn set_up(&self, up: bool) {
        let mut state = self.state();
        state.up = up;
        state.connections.clear();
    }

    /// Refuses what belongs to groups from now on, for a reason that lasts; or takes it again.
    pub fn ban(&self, banned: bool) {
        self.state().banned = banned;
    }

    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        self.state().up
    }

    /// Frames between this relay and a client vanish from now on, or pass again; then the connections between them are lost.
    pub fn block(&self, client: usize, blocked: bool) {
        let mut state = self.state();
        if blocked {
            state.blocked.insert(client);
        } else if state.blocked.remove(&client) {
            state.connections.retain(|_, connection| connection.client != client);
        }
    }

    /// Whether frames between this relay and a client vanish.
    pub fn is_blocked(&self, client: usize) -> bool {
        self.state().blocked.contains(&client)
    }

    /// Closes every connection of a client.
    pub fn hang_up(&self, client: usize) {
        self.state().connections.retain(|_, connection| connection.client != client);
    }

    /// Everything it has stored, in the order of arrival.
    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// Whether it has an event.
    pub fn has(&self, id: &EventId) -> bool {
        self.state().known.contains(id)
    }

    /// Stores an event as if somebody had published it.
    pub fn put(&self, event: Event) {
        self.state().keep(event, &self.tally);
    }

    /// A new connection of a client; `None` where the relay is down.
    pub(crate) fn connect(&self, client: usize) -> Option<(u64, mpsc::UnboundedReceiver<Said>)> {
        let mut state = self.state();
        if !state.up {
            return None;
        }
        let (out, said) = mpsc::unbounded_channel();
        let number = state.next;
        state.next += 1;
        state.connections.insert(number, Connection { client, out, subscriptions: BTreeMap::new() });
        Some((number, said))
    }

    pub(crate) fn disconnect(&self, connection: u64) {
        self.state().connections.remove(&connection);
    }

    /// How long the next frame of a client takes to get here.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.state().dice.between(5, 60))
    }

    /// Acts on one frame.
    pub(crate) fn hear(&self, connection: u64, frame: &Frame) {
        let mut state = self.state();
        state.give_out(&self.tally);
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Ping(bytes) => return state.say(connection, Frame::Pong(bytes.clone()), Duration::ZERO),
            Frame::Pong(_) => return,
        };
        let Ok(Value::Array(parts)) = serde_json::from_str(text) else { return };
        let mut parts = parts.into_iter();
        let verb = parts.next();
        match verb.as_ref().and_then(Value::as_str) {
            Some("EVENT") => {
                if let Some(Ok(event)) = parts.next().map(serde_json::from_value::<Event>) {
                    state.take(connection, event, &self.tally);
                }
            }
            Some("REQ") => {
                let Some(Value::String(id)) = parts.next() else { return };
                let filters = parts.filter_map(|filter| serde_json::from_value(filter).ok()).collect();
                state.subscribe(connection, id, filters, &self.tally);
            }
            Some("CLOSE") => {
                let Some(Value::String(id)) = parts.next() else { return };
                if let Some(connection) = state.connections.get_mut(&connection) {
                    connection.subscriptions.remove(&id);
                }
            }
            // No sets are compared here (NIP-77), and it says so at once.
            Some("NEG-OPEN") => {
                let Some(Value::String(id)) = parts.next() else { return };
                let words = json!(["NEG-ERR", id, "blocked: not offered"]).to_string();
                state.say(connection, Frame::Text(words), Duration::ZERO);
            }
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a fault happens now; counts it.
    fn fails(&mut self, kind: FaultKind, tally: &Tally) -> bool {
        let odds = self.odds.of(kind);
        let fails = odds > 0 && self.dice.chance(odds);
        if fails {
            tally.count(kind);
        }
        fails
    }

    fn say(&mut self, connection: u64, frame: Frame, more: Duration) {
        let after = Duration::from_millis(self.dice.between(5, 60)) + more;
        if let Some(connection) = self.connections.get(&connection) {
            drop(connection.out.send(Said { frame, after, overtakes: false }));
        }
    }

    fn answer(&mut self, connection: u64, id: EventId, accepted: bool, words: &str, more: Duration) {
        self.say(connection, Frame::Text(json!(["OK", id, accepted, words]).to_string()), more);
    }

    /// `EVENT` of NIP-01.
    fn take(&mut self, connection: u64, event: Event, tally: &Tally) {
        use FaultKind as K;
        let id = event.id;
        if self.banned && is_group_message(&event) {
            return self.answer(connection, id, false, "blocked: not this kind", Duration::ZERO);
        }
        if self.fails(K::RefuseForNow, tally) {
            let words = if self.dice.chance(500) { "rate-limited: slow down" } else { "error: try again later" };
            return self.answer(connection, id, false, words, Duration::ZERO);
        }
        if self.fails(K::RefuseForGood, tally) {
            return self.answer(connection, id, false, "blocked: not here", Duration::ZERO);
        }
        if self.fails(K::Forget, tally) {
            return;
        }
        if self.fails(K::HangUpBefore, tally) {
            self.connections.remove(&connection);
            return;
        }
        if self.fails(K::LieOk, tally) {
            return self.answer(connection, id, true, "", Duration::ZERO);
        }
        if self.fails(K::KeepBack, tally) {
            self.keep_back(event);
            return self.answer(connection, id, true, "", Duration::ZERO);
        }
        let known = self.known.contains(&id);
        self.keep(event, tally);
        if self.fails(K::RefuseStored, tally) {
            return self.answer(connection, id, false, "blocked: not here", Duration::ZERO);
        }
        if self.fails(K::StoreSilently, tally) {
            return;
        }
        if self.fails(K::HangUpAfter, tally) {
            self.connections.remove(&connection);
            return;
        }
        let more = if self.fails(K::LateOk, tally) { self.dice.between(TOO_LATE.0, TOO_LATE.1) } else { 0 };
        let words = if known { "duplicate: have it" } else { "" };
        self.answer(connection, id, true, words, Duration::from_millis(more));
    }

    /// Stores an event, in place of the one that it replaces, and passes it on.
    fn keep(&mut self, event: Event, tally: &Tally) {
        if self.events.len() >= EVENTS_CAP || !self.known.insert(event.id) {
            return;
        }
        if event.kind.is_replaceable() || event.kind.is_addressable() {
            let slot = |of: &Event| (of.pubkey, of.kind, of.tags.identifier().map(str::to_owned));
            let (mine, at) = (slot(&event), (event.created_at, std::cmp::Reverse(event.id)));
            if self.events.iter().any(|old| slot(old) == mine && (old.created_at, std::cmp::Reverse(old.id)) > at) {
                return;
            }
            self.events.retain(|old| slot(old) != mine);
        }
        let options = MatchEventOptions::new();
        let mut wanted = Vec::new();
        for (number, connection) in &self.connections {
            for (id, filters) in &connection.subscriptions {
                if filters.iter().any(|filter| filter.match_event(&event, options)) {
                    wanted.push((*number, id.clone()));
                }
            }
        }
        for (connection, subscription) in wanted {
            self.pass_on(connection, &subscription, &event, tally);
        }
        self.events.push(event);
    }

    fn pass_on(&mut self, connection: u64, subscription: &str, event: &Event, tally: &Tally) {
        use FaultKind as K;
        if self.fails(K::Withhold, tally) {
            return;
        }
        let frame = event_frame(subscription, event);
        if self.fails(K::Forge, tally) {
            let mut forged = event.clone();
            forged.content.push('A');
            self.say(connection, event_frame(subscription, &forged), Duration::ZERO);
        }
        if self.fails(K::Reorder, tally) {
            let after = Duration::from_millis(self.dice.between(SLOW.0, SLOW.1));
            if let Some(connection) = self.connections.get(&connection) {
                drop(connection.out.send(Said { frame, after, overtakes: true }));
            }
            return;
        }
        self.lie_about(connection, subscription, event, tally);
        let mut more = if self.fails(K::Delay, tally) { self.dice.between(SLOW.0, SLOW.1) } else { 0 };
        if self.fails(K::Slow, tally) {
            more += self.dice.between(60_000, 3_600_000);
        }
        self.say(connection, frame.clone(), Duration::from_millis(more));
        if self.fails(K::Duplicate, tally) {
            self.say(connection, frame, Duration::ZERO);
        }
    }

    /// The stored events for a filter, newest first, as many as the filter and the page allow.
    fn stored(&self, filter: &Filter) -> Vec<Event> {
        let options = MatchEventOptions::new();
        let mut found: Vec<&Event> = self.events.iter().filter(|event| filter.match_event(event, options)).collect();
        found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
        found.into_iter().take(filter.limit.unwrap_or(usize::MAX).min(self.page)).cloned().collect()
    }

    /// `REQ` of NIP-01.
    fn subscribe(&mut self, connection: u64, id: String, filters: Vec<Filter>, tally: &Tally) {
        use FaultKind as K;
        if !self.connections.contains_key(&connection) {
            return;
        }
        if self.fails(K::CloseRequest, tally) {
            return self.say(connection, Frame::Text(json!(["CLOSED", id, "error: too busy"]).to_string()), Duration::ZERO);
        }
        let end = Frame::Text(json!(["EOSE", id]).to_string());
        let early = self.fails(K::EarlyEose, tally);
        if early {
            self.say(connection, end.clone(), Duration::ZERO);
        }
        let mut sent = HashSet::new();
        for event in filters.iter().flat_map(|filter| self.stored(filter)).collect::<Vec<_>>() {
            if sent.insert(event.id) {
                // Among stored events a relay has no order that could be changed, so nothing overtakes.
                if !self.fails(K::Withhold, tally) {
                    self.say(connection, event_frame(&id, &event), Duration::ZERO);
                }
            }
        }
        if self.odds.of(K::OffFilter) > 0 {
            let options = MatchEventOptions::new();
            let outside: Vec<Event> =
                self.events.iter().filter(|event| !filters.iter().any(|filter| filter.match_event(event, options))).cloned().collect();
            if let Some(event) = self.dice.pick(&outside).cloned()
                && self.fails(K::OffFilter, tally)
            {
                self.say(connection, event_frame(&id, &event), Duration::ZERO);
            }
        }
        self.lie_to(connection, &id, tally);
        if !early && !self.fails(K::NoEose, tally) {
            self.say(connection, end, Duration::ZERO);
        }
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.subscriptions.insert(id, filters);
        }
    }
}

fn event_frame(subscription: &str, event: &Event) -> Frame {
    Frame::Text(format!("[\"EVENT\",{},{}]", json!(subscription), event.as_json()))
}

/// Whether an event carries a message of a group.
pub fn is_group_message(event: &Event) -> bool {
    event.kind == Kind::MlsGroupMessage
}
