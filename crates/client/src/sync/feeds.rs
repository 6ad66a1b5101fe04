//! How far each subscription is on each relay, and what came of a backlog that is not complete yet.
//! It asks no relay and opens no event.
//!
//! Relays send a backlog newest first. An MLS ratchet that was moved to the newest message gives up the keys of those far before it, so
//! what comes is kept until everything before it is here, and is then taken in the order in which it was written (decision 0013).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use murmel_ipc::GapCause;
use murmel_net::{Feed, Lane, RelayAddress};
use nostr::{Event, EventId, Timestamp};
use tokio::time::Instant;

use crate::notices::Backlog;

/// Events of one backlog that are kept; the newest give way, and are looked up later.
pub(crate) const BACKLOG_CAP: usize = if cfg!(murmel_bug = "overflow_ignored") { 8 } else { 8_192 };
/// Events of all backlogs together.
pub(crate) const BACKLOGS_CAP: usize = 32_768;
/// A relay that is connected, sends nothing for this long and does not say that it is done is taken at what it has sent.
const SILENCE: Duration = Duration::from_secs(10);
/// So is one that broke off so often before it was done, or did not come back, and has not been done for so long: it might never be. What is missing
/// then is older than what is there, and more than a thousand words of an author that are taken first cost the older ones their keys (the engine
/// tolerates a thousand); so the beginning is waited for long.
const BREAKS: u32 = 3;
const UNFINISHED: Duration = Duration::from_secs(10 * 60);

/// All subscriptions.
#[derive(Default)]
pub(crate) struct Feeds {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    feeds: BTreeMap<Feed, FeedState>,
    connected: BTreeSet<(Lane, String)>,
    /// Relays that were connected once, or could not be reached.
    tried: BTreeSet<(Lane, String)>,
    kept: usize,
}

#[derive(Default)]
struct FeedState {
    relays: BTreeMap<String, Progress>,
}

struct Progress {
    address: RelayAddress,
    /// It is asked for everything from the beginning.
    first: bool,
    caught_up: bool,
    /// The relay will not serve it for now, and says why.
    refused: Option<String>,
    /// The relay does not say when it is done: what it sends is taken as it comes.
    impatient: bool,
    /// The number of the look-up of what it has besides the newest, 0 where none is under way; and how many there were.
    reading: u64,
    readings: u64,
    /// How long the time may be, in seconds, of which it is asked at once; unlimited without.
    slice_length: Option<u64>,
    /// Oldest first.
    backlog: BTreeMap<(Timestamp, EventId), Event>,
    /// Until when, Unix seconds, nothing is missing of what it has; and until when that was so on an earlier connection.
    complete: Option<u64>,
    read_to: Option<u64>,
    overflowed: bool,
    /// When the backlog began, and how often the connection was lost since.
    begun: Instant,
    breaks: u32,
    last: Instant,
}

/// What is left of a backlog of which everything is here.
pub(crate) enum Rest {
    /// This is to be taken.
    Part(Taken),
    /// Everything that is complete is taken, but some did not fit.
    Overflowed,
    /// Everything is taken; `first`: the feed was asked for from its beginning.
    Taken { first: bool },
    /// Everything is taken; what comes from now on is taken at once.
    CaughtUp,
    /// The look-up does not count any more.
    Outdated,
}

/// A backlog that is complete, or as complete as it gets.
pub(crate) struct Taken {
    pub(crate) feed: Feed,
    /// Oldest first.
    pub(crate) events: Vec<Event>,
    pub(crate) backlog: Backlog,
    /// Some did not fit and have to be read again.
    pub(crate) overflowed: bool,
}

impl Taken {
    /// What was read again, outside of a subscription.
    pub(crate) fn again(feed: Feed, events: Vec<Event>) -> Self {
        Self { feed, events, backlog: Backlog::CatchingUp, overflowed: false }
    }
}

impl Feeds {
    /// Follows exactly these feeds; `bool` says that a feed is asked for from its beginning, because it was never read to its end.
    pub(crate) fn follow(&self, wanted: impl Iterator<Item = (Feed, Vec<RelayAddress>, bool)>) {
        let mut state = self.state();
        let mut old = std::mem::take(&mut state.feeds);
        state.kept = 0;
        for (feed, relays, first) in wanted {
            let mut known = old.remove(&feed).unwrap_or_default();
            let mut next = FeedState::default();
            for address in relays {
                let name = name(&address);
                let mut progress = known.relays.remove(&name).unwrap_or_else(|| Progress::new(address));
                progress.first = first && !progress.caught_up;
                state.kept += progress.backlog.len();
                next.relays.insert(name, progress);
            }
            state.feeds.insert(feed, next);
        }
    }

    /// Keeps an event of a backlog. Gives it back where the relay has caught up and it can be taken at once.
    pub(crate) fn keep(&self, feed: Feed, relay: &RelayAddress, event: Event) -> Option<Event> {
        let mut state = self.state();
        let room = state.kept < BACKLOGS_CAP;
        let Some(progress) = state.progress(feed, relay).filter(|_| holds(feed)) else { return Some(event) };
        if progress.caught_up || progress.impatient {
            return Some(event);
        }
        progress.last = Instant::now();
        if progress.backlog.is_empty() {
            (progress.begun, progress.breaks) = (progress.last, 0);
        }
        if progress.backlog.insert((event.created_at, event.id), event).is_some() {
            return None;
        }
        if room && progress.backlog.len() <= BACKLOG_CAP {
            state.kept += 1;
        } else {
            // The newest goes: what is older has to be taken first.
            progress.overflowed = true;
            progress.backlog.pop_last();
        }
        None
    }

    /// Something that came from a relay was dropped on the way here.
    pub(crate) fn gap(&self, lane: Lane, relay: &RelayAddress) {
        let (mut state, name) = (self.state(), name(relay));
        let of = state.feeds.iter_mut().filter(|(feed, _)| lane_of(feed) == lane).filter_map(|(_, of)| of.relays.get_mut(&name));
        of.filter(|progress| !progress.caught_up).for_each(|progress| progress.overflowed = true);
    }

    /// The relay may have more than it sent, and is looked up. Answers the number of the look-up.
    pub(crate) fn read_on(&self, feed: Feed, relay: &RelayAddress) -> Option<u64> {
        let mut state = self.state();
        let progress = state.progress(feed, relay)?;
        progress.readings += 1;
        progress.reading = progress.readings;
        Some(progress.reading)
    }

    /// Whether that look-up still counts: the connection was not lost since, and no later one began.
    pub(crate) fn reads(&self, feed: Feed, relay: &RelayAddress, reading: u64) -> bool {
        self.state().progress(feed, relay).is_some_and(|progress| progress.reading == reading && !progress.caught_up)
    }

    /// What is kept of a backlog, by id and time. What is dropped from now on has overflowed.
    pub(crate) fn kept(&self, feed: Feed, relay: &RelayAddress) -> Vec<(EventId, Timestamp)> {
        let mut state = self.state();
        let Some(progress) = state.progress(feed, relay) else { return Vec::new() };
        progress.overflowed = false;
        progress.backlog.keys().map(|(at, id)| (*id, *at)).collect()
    }

    /// Everything that a relay has of a feed up to `until`, Unix seconds, is kept or taken, but for what had no room. Answers until when that is so;
    /// `None` where nothing had room.
    pub(crate) fn complete(&self, feed: Feed, relay: &RelayAddress, until: u64) -> Option<u64> {
        let mut state = self.state();
        let Some(progress) = state.progress(feed, relay) else { return Some(until) };
        // The newest had no room.
        let newest = progress.backlog.last_key_value().map(|((at, _), _)| at.as_secs());
        let until = if progress.lacks() { until.min(newest?.checked_sub(1)?) } else { until };
        // Another look-up may have come further.
        progress.complete = progress.complete.max(Some(until));
        (progress.begun, progress.breaks) = (Instant::now(), 0);
        if until < u64::MAX {
            progress.read_to = Some(until);
        }
        Some(until)
    }

    /// Until when, Unix seconds, a look-up that was not finished had come.
    pub(crate) fn read_to(&self, feed: Feed, relay: &RelayAddress) -> Option<u64> {
        self.state().progress(feed, relay)?.read_to
    }

    /// Whether another relay is handing over what it has up to `until`, Unix seconds.
    pub(crate) fn awaits_others(&self, feed: Feed, relay: &RelayAddress, until: u64) -> bool {
        let (state, name) = (self.state(), name(relay));
        let others = state.feeds.get(&feed).into_iter().flat_map(|of| &of.relays).filter(|(other, _)| **other != name);
        let mut open = others.filter(|(name, one)| state.is_open(&feed, name, one) && !one.impatient);
        open.any(|(_, one)| one.complete.is_none_or(|complete| complete < until))
    }

    /// What is complete up to `until`, Unix seconds, whichever relay it came from: what one withheld, another may have. Not what is kept of relays
    /// that have not handed over everything before it.
    pub(crate) fn take_complete(&self, feed: Feed, relay: &RelayAddress, until: u64) -> Taken {
        let mut state = self.state();
        let backlog = state.progress(feed, relay).map_or(Backlog::CatchingUp, |progress| progress.kind());
        let mut all = BTreeMap::new();
        let State { feeds, kept, .. } = &mut *state;
        for progress in feeds.get_mut(&feed).into_iter().flat_map(|of| of.relays.values_mut()) {
            let part = progress.take_until(until);
            *kept = kept.saturating_sub(part.len());
            all.extend(part);
        }
        Taken { feed, events: all.into_values().collect(), backlog, overflowed: false }
    }

    /// The relay has handed over everything, as the look-up `reading` found. What is complete comes out first; `to_end`: nothing is to be done before
    /// what comes is taken at once.
    pub(crate) fn rest(&self, feed: Feed, relay: &RelayAddress, reading: u64, to_end: bool) -> Rest {
        if !self.reads(feed, relay, reading) {
            return Rest::Outdated;
        }
        let taken = self.take_complete(feed, relay, u64::MAX);
        if !taken.events.is_empty() {
            return Rest::Part(taken);
        }
        let mut state = self.state();
        let Some(progress) = state.progress(feed, relay).filter(|progress| progress.reading == reading) else { return Rest::Outdated };
        if progress.lacks() || progress.complete != Some(u64::MAX) {
            return Rest::Overflowed;
        }
        if !to_end {
            return Rest::Taken { first: progress.first };
        }
        if !progress.backlog.is_empty() {
            return Rest::Part(Taken { events: Vec::new(), ..taken });
        }
        (progress.caught_up, progress.refused, progress.first, progress.reading) = (true, None, false, 0);
        (progress.complete, progress.read_to) = (None, None);
        Rest::CaughtUp
    }

    /// Everything is here that a relay had, as it says: what was kept.
    #[cfg(test)]
    pub(crate) fn caught_up(&self, feed: Feed, relay: &RelayAddress) -> Option<Taken> {
        let reading = self.read_on(feed, relay)?;
        self.complete(feed, relay, u64::MAX);
        let taken = self.take_complete(feed, relay, u64::MAX);
        self.rest(feed, relay, reading, true);
        Some(taken)
    }

    /// See [`Feeds::set_slice_length`].
    pub(crate) fn slice_length(&self, feed: Feed, relay: &RelayAddress) -> Option<u64> {
        self.state().progress(feed, relay)?.slice_length
    }

    /// How long the time may be, in seconds, of which this relay is asked at once.
    pub(crate) fn set_slice_length(&self, feed: Feed, relay: &RelayAddress, length: Option<u64>) {
        if let Some(progress) = self.state().progress(feed, relay) {
            progress.slice_length = length;
        }
    }

    /// A look-up failed although the relay is connected, for this reason; it is tried again.
    pub(crate) fn failed(&self, feed: Feed, relay: &RelayAddress, words: String) {
        if let Some(progress) = self.state().progress(feed, relay) {
            progress.breaks = progress.breaks.saturating_add(1);
            progress.refused = Some(words);
        }
    }

    /// Relays of a feed that are connected, and whether each has sent everything it had.
    pub(crate) fn connected(&self, feed: Feed) -> Vec<(RelayAddress, bool)> {
        let state = self.state();
        let relays = state.feeds.get(&feed).into_iter().flat_map(|of| &of.relays);
        let is_connected = |name: &str| state.connected.contains(&(lane_of(&feed), name.to_owned()));
        let open = relays.filter(|(name, one)| one.caught_up || is_connected(name));
        open.map(|(_, one)| (one.address.clone(), one.caught_up)).collect()
    }

    /// The relay ended the subscription.
    pub(crate) fn refused(&self, feed: Feed, relay: &RelayAddress, words: String) -> Option<Taken> {
        self.take(feed, relay, |progress| progress.refused = Some(words))
    }

    /// Backlogs of relays that fell silent without saying that they are done, or break off again and again before they are.
    pub(crate) fn unfinished(&self) -> Vec<Taken> {
        let stale: Vec<(Feed, RelayAddress, bool)> = {
            let state = self.state();
            let all = state.feeds.iter().flat_map(|(feed, of)| of.relays.iter().map(move |(name, progress)| (*feed, name, progress)));
            all.filter_map(|(feed, name, progress)| {
                let connected = state.connected.contains(&(lane_of(&feed), name.clone()));
                let silent = connected && progress.is_silent();
                (silent || progress.is_given_up(connected)).then(|| (feed, progress.address.clone(), silent))
            })
            .collect()
        };
        // One that still speaks may send the rest, and in order.
        let take = |(feed, relay, silent): (Feed, RelayAddress, bool)| self.take(feed, &relay, |progress| progress.impatient |= silent);
        stale.into_iter().filter_map(take).collect()
    }

    /// A connection came up or was lost: what comes next is a backlog again.
    pub(crate) fn connection(&self, lane: Lane, relay: &RelayAddress, connected: bool) {
        let mut state = self.state();
        let name = name(relay);
        state.tried.insert((lane, name.clone()));
        if connected {
            state.connected.insert((lane, name));
            return;
        }
        for (_, feed) in state.feeds.iter_mut().filter(|(feed, _)| lane_of(feed) == lane) {
            if let Some(progress) = feed.relays.get_mut(&name) {
                progress.breaks = progress.breaks.saturating_add(1);
                progress.caught_up = false;
                progress.refused = None;
                progress.impatient = false;
                (progress.reading, progress.complete) = (0, None);
            }
        }
        state.connected.remove(&(lane, name));
    }

    /// Subscriptions that are live: their cursors may follow the clock.
    pub(crate) fn live(&self) -> Vec<(Feed, RelayAddress)> {
        let state = self.state();
        let all = state.feeds.iter().flat_map(|(feed, of)| of.relays.values().map(move |progress| (*feed, progress)));
        all.filter(|(_, progress)| progress.caught_up).map(|(feed, progress)| (feed, progress.address.clone())).collect()
    }

    /// Whether a relay that is connected has not yet sent all it has.
    pub(crate) fn catching_up(&self) -> bool {
        let state = self.state();
        state.feeds.iter().any(|(feed, of)| state.is_pending(feed, of))
    }

    /// Relays that are connected and still have something to send.
    pub(crate) fn pending(&self) -> u32 {
        let state = self.state();
        let mut open: BTreeSet<(Lane, &String)> = BTreeSet::new();
        for (feed, of) in &state.feeds {
            open.extend(of.relays.iter().filter(|(name, one)| state.is_open(feed, name, one)).map(|(name, _)| (lane_of(feed), name)));
        }
        u32::try_from(open.len()).unwrap_or(u32::MAX)
    }

    /// Subscriptions of which not everything is here. Those that are just being read have no reason.
    pub(crate) fn behind(&self) -> Vec<Behind> {
        let state = self.state();
        let mut behind = Vec::new();
        for (feed, of) in &state.feeds {
            for (name, one) in &of.relays {
                let why = match (&one.refused, one.caught_up) {
                    (_, true) => None,
                    (Some(words), _) => Some((GapCause::Refused, format!("The relay does not hand it over: {words}"))),
                    _ if !state.connected.contains(&(lane_of(feed), name.clone())) => {
                        Some((GapCause::OutOfReach, "The relay cannot be reached; it is read when it comes back.".to_owned()))
                    }
                    _ if one.impatient => Some((GapCause::Unfinished, "The relay does not say whether this is everything.".to_owned())),
                    _ => None,
                };
                behind.push(Behind { feed: *feed, relay: one.address.clone(), why });
            }
        }
        behind
    }

    /// Whether each feed was read to its end on one relay at least, and no connected relay is still sending.
    pub(crate) fn caught_up_everywhere(&self) -> bool {
        let state = self.state();
        let done = |feed: &FeedState| feed.relays.is_empty() || feed.relays.values().any(|progress| progress.caught_up);
        !state.feeds.is_empty() && state.feeds.iter().all(|(feed, of)| done(of) && !state.is_pending(feed, of))
    }

    /// Whether every relay was connected once or could not be reached: what one of them has alone may come otherwise when everybody else is
    /// done.
    pub(crate) fn was_each_tried(&self) -> bool {
        let state = self.state();
        let tried = |feed: &Feed, name: &str| state.tried.contains(&(lane_of(feed), name.to_owned()));
        state.feeds.iter().all(|(feed, of)| of.relays.iter().all(|(name, one)| one.refused.is_some() || tried(feed, name)))
    }

    /// Whether this feed was read to its end on one relay at least.
    pub(crate) fn is_caught_up(&self, feed: Feed) -> bool {
        self.state().feeds.get(&feed).is_some_and(|feed| feed.relays.values().any(|progress| progress.caught_up))
    }

    fn take(&self, feed: Feed, relay: &RelayAddress, mark: impl FnOnce(&mut Progress)) -> Option<Taken> {
        let mut state = self.state();
        let progress = state.progress(feed, relay)?;
        let backlog = progress.kind();
        mark(progress);
        let events: Vec<Event> = std::mem::take(&mut progress.backlog).into_values().collect();
        let overflowed = std::mem::take(&mut progress.overflowed);
        state.kept = state.kept.saturating_sub(events.len());
        Some(Taken { feed, events, backlog, overflowed })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subscription of which not everything is here, and why.
pub(crate) struct Behind {
    pub(crate) feed: Feed,
    pub(crate) relay: RelayAddress,
    pub(crate) why: Option<(GapCause, String)>,
}

impl State {
    fn progress(&mut self, feed: Feed, relay: &RelayAddress) -> Option<&mut Progress> {
        self.feeds.get_mut(&feed)?.relays.get_mut(&name(relay))
    }

    fn is_pending(&self, feed: &Feed, of: &FeedState) -> bool {
        of.relays.iter().any(|(name, progress)| self.is_open(feed, name, progress))
    }

    fn is_open(&self, feed: &Feed, name: &str, progress: &Progress) -> bool {
        let connected = || self.connected.contains(&(lane_of(feed), name.to_owned()));
        !progress.caught_up && progress.refused.is_none() && connected()
    }
}

impl Progress {
    fn new(address: RelayAddress) -> Self {
        Self {
            address,
            first: false,
            caught_up: false,
            refused: None,
            impatient: false,
            reading: 0,
            readings: 0,
            slice_length: None,
            backlog: BTreeMap::new(),
            complete: None,
            read_to: None,
            overflowed: false,
            begun: Instant::now(),
            breaks: 0,
            last: Instant::now(),
        }
    }

    /// What is kept up to `until`, Unix seconds, as far as nothing before it is missing.
    fn take_until(&mut self, until: u64) -> BTreeMap<(Timestamp, EventId), Event> {
        let Some(until) = self.complete.map(|complete| complete.min(until)) else { return BTreeMap::new() };
        let later = match until.checked_add(1) {
            Some(next) => self.backlog.split_off(&(Timestamp::from_secs(next), EventId::all_zeros())),
            None => BTreeMap::new(),
        };
        std::mem::replace(&mut self.backlog, later)
    }

    /// Whether something that came was dropped and not looked up since.
    const fn lacks(&self) -> bool {
        self.overflowed && !cfg!(murmel_bug = "overflow_ignored")
    }

    const fn kind(&self) -> Backlog {
        if self.first { Backlog::First } else { Backlog::CatchingUp }
    }

    fn is_silent(&self) -> bool {
        self.reading == 0 && !self.backlog.is_empty() && self.last.elapsed() >= SILENCE
    }

    fn is_given_up(&self, connected: bool) -> bool {
        !self.backlog.is_empty() && (self.breaks >= BREAKS || !connected) && self.begun.elapsed() >= UNFINISHED
    }
}

/// Whether the order in which events of a feed are taken matters.
const fn holds(feed: Feed) -> bool {
    matches!(feed, Feed::Group(_))
}

const fn lane_of(feed: &Feed) -> Lane {
    match feed {
        Feed::Inbox => Lane::Inbox,
        Feed::Group(_) => Lane::Group,
    }
}

/// One name for the spellings of a relay's address that differ in case or in a slash at the end.
fn name(relay: &RelayAddress) -> String {
    relay.as_str().trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
