//! Reading what a relay has of a feed and is not here: slice by slice, oldest first, each taken before the next is read (decision 0013).
//! It decides nothing about what it reads.

use std::sync::Arc;
use std::time::Duration;

use murmel_net::{Ended, FETCH_EVENTS_CAP, Feed, Lane, Part, RelayAddress};
use nostr::{Alphabet, Event, Filter, Kind, SingleLetterTag, Timestamp};
use tokio::sync::OwnedMutexGuard;

use super::feeds::Rest;
use super::{GROUP_OVERLAP, INBOX_OVERLAP, Taken, begin_of, cursor_key};
use crate::account::Account;
use crate::notices::Backlog;
use crate::{Result, receive, sync};

/// How long a relay may take to answer for a slice.
const SLICE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a look-up rests that failed although the relay is connected.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long a relay waits for the slice of another: what that one brings it need not send. A relay that does not answer holds up nobody for longer.
const TURN: Duration = Duration::from_secs(2);
/// How long what a relay handed over waits for what other relays are handing over: what one withholds, or lacks, can be read only together with the
/// rest where many epochs were missed.
const TOGETHER: Duration = Duration::from_secs(3);

/// How far beyond now, in seconds, slices are cut: clocks differ, and a burst is dated ahead. What is dated later is one slice.
const AHEAD: u64 = 15 * 60;
const NOT_KEPT: &str = "what came could not be kept";

/// Where reading begins, Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begin {
    /// On relays that compare sets (NIP-77).
    pub(crate) compared: u64,
    /// On those where everything has to be read.
    pub(crate) read: u64,
}

impl Begin {
    /// The same on all relays.
    pub(crate) const fn at(at: u64) -> Self {
        Self { compared: at, read: at }
    }
}

/// How reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Everything that the relay has is here.
    Whole,
    /// The relay broke off, for this reason; or what came could not be taken.
    Failed(String),
    /// Somebody else reads on.
    Outdated,
}

/// A part of time, Unix seconds, both ends included; without an end everything from `since` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    since: u64,
    until: Option<u64>,
}

impl Slice {
    /// From `since` on, as long as the one that went well before.
    fn new(since: u64, length: Option<u64>, now: u64) -> Self {
        let until = length.map(|length| since.saturating_add(length.saturating_sub(1)));
        Self { since, until: until.filter(|until| *until < now.saturating_add(AHEAD)) }
    }

    /// Its older half; `None` where it cannot be cut any more.
    fn narrower(self, now: u64) -> Option<Self> {
        let end = self.until.unwrap_or(now.saturating_add(AHEAD));
        (end > self.since).then(|| Self { until: Some(self.since + (end - self.since) / 2), ..self })
    }

    /// What follows it, twice as long; `None` after the last.
    fn next(self, now: u64) -> Option<Self> {
        let (until, length) = (self.until?, self.length()?);
        Some(Self::new(until.saturating_add(1), Some(length.saturating_mul(2)), now))
    }

    fn length(self) -> Option<u64> {
        Some(self.until?.saturating_sub(self.since).saturating_add(1))
    }
}

/// The relay has sent what it has of a feed, or only the newest of it: looks up the rest until everything is here or the connection is lost.
pub(crate) fn read_on(account: &Arc<Account>, feed: Feed, relay: RelayAddress, whole: bool) {
    let Some(reading) = account.sync.feeds.read_on(feed, &relay) else { return };
    let of = Arc::clone(account);
    account.spawn(async move {
        let mut read = if whole { take_whole(&of, feed, &relay, reading).await } else { catch_up(&of, feed, &relay, reading).await };
        loop {
            let words = match read {
                Ok(Read::Whole | Read::Outdated) => return,
                Ok(Read::Failed(words)) => words,
                Err(error) => error.to_string(),
            };
            if of.sync.feeds.reads(feed, &relay, reading) {
                tracing::info!(%words, "a relay did not hand over what it has; it is asked again");
                of.sync.feeds.failed(feed, &relay, words);
                of.sync.moved.notify_waiters();
            }
            tokio::time::sleep(AGAIN_AFTER).await;
            read = catch_up(&of, feed, &relay, reading).await;
        }
    });
}

/// The subscription brought everything.
async fn take_whole(account: &Arc<Account>, feed: Feed, relay: &RelayAddress, reading: u64) -> Result<Read> {
    if account.sync.feeds.complete(feed, relay, u64::MAX) == Some(u64::MAX) {
        let _turn = together(account, feed, relay, u64::MAX).await;
        if let Some(read) = finish(account, feed, relay, reading, None).await? {
            return Ok(read);
        }
    }
    catch_up(account, feed, relay, reading).await
}

async fn catch_up(account: &Arc<Account>, feed: Feed, relay: &RelayAddress, reading: u64) -> Result<Read> {
    let cursor = cursor(account, feed, relay).await?;
    let overlap = match feed {
        Feed::Inbox => INBOX_OVERLAP,
        Feed::Group(_) => GROUP_OVERLAP,
    };
    let since = match cursor.max(account.sync.feeds.read_to(feed, relay)) {
        Some(at) => at.saturating_sub(overlap),
        None => match begin_of(account, feed).await? {
            Some(begin) => begin,
            None => return Ok(Read::Outdated),
        },
    };
    read(account, feed, relay, Begin::at(since), Some(reading)).await
}

/// Reads what a relay has of a feed and is not here. `reading`: it follows on what came with a subscription, and completes it.
pub(crate) async fn read(account: &Arc<Account>, feed: Feed, relay: &RelayAddress, begin: Begin, reading: Option<u64>) -> Result<Read> {
    let feeds = &account.sync.feeds;
    // Then nothing is complete by it: what was left out may not be here.
    let leaves_out = begin.compared < begin.read;
    let mut slice = Slice::new(begin.compared, feeds.slice_length(feed, relay), account.clock.now());
    loop {
        if reading.is_some_and(|reading| !feeds.reads(feed, relay, reading)) {
            return Ok(Read::Outdated);
        }
        let (line, places) = (account.sync.line(feed), account.sync.places(relay));
        let turn = tokio::time::timeout(TURN, line.lock()).await.ok();
        let place = places.acquire().await.ok();
        let begun = account.clock.now();
        let narrower = slice.narrower(begun);
        let at_most = if narrower.is_some() { account.sync.housekeeping.slice } else { FETCH_EVENTS_CAP };
        let part = missing(account, feed, relay, slice, begin.read, at_most).await?;
        if let (Ended::TooMuch, Some(narrower)) = (&part.ended, narrower) {
            slice = narrower;
            continue;
        }
        let mut rest = keep(account, feed, relay, part.events);
        if let Ended::Failed(words) = part.ended {
            feeds.set_slice_length(feed, relay, narrower.unwrap_or(slice).length());
            if feed == Feed::Inbox {
                // Their order does not matter.
                receive::backlog(account, Taken::again(feed, rest)).await;
            }
            return Ok(Read::Failed(words));
        }
        // Of what cannot be cut, one second or what is dated far ahead, as much as came.
        let next = slice.next(begun);
        feeds.set_slice_length(feed, relay, next.and_then(Slice::length));
        let end = slice.until.unwrap_or(u64::MAX);
        let complete = if leaves_out { Some(end) } else { feeds.complete(feed, relay, end) };
        let Some(until) = complete else { return Ok(Read::Failed("other relays have to be read first".to_owned())) };
        drop((turn, place));
        let _turn = match reading {
            Some(_) => together(account, feed, relay, until).await,
            None => account.sync.line(feed).lock_owned().await,
        };
        let mut taken = if leaves_out { Taken::again(feed, Vec::new()) } else { feeds.take_complete(feed, relay, until) };
        let first = taken.backlog == Backlog::First;
        taken.events.append(&mut rest);
        let is_last = until == u64::MAX;
        let kept = if is_last { receive::backlog(account, taken).await } else { receive::part(account, taken).await };
        if !kept {
            return Ok(Read::Failed(NOT_KEPT.to_owned()));
        }
        let Some(reading) = reading else {
            if is_last {
                return Ok(Read::Whole);
            }
            slice = Slice::new(until.saturating_add(1), next.and_then(Slice::length), begun);
            continue;
        };
        if is_last {
            if let Some(read) = finish(account, feed, relay, reading, Some(begun)).await? {
                return Ok(read);
            }
            // What did not fit is looked up now that there is room.
            continue;
        }
        // Before a first fetch is complete, all of it is to be read as one.
        if !first && cursor(account, feed, relay).await?.is_none_or(|at| at < until) {
            move_cursor(account, feed, relay, until.min(begun)).await?;
        }
        slice = Slice::new(until.saturating_add(1), next.and_then(Slice::length), begun);
    }
}

/// Waits for other relays that are handing over what they have up to `until`, and then for the turn to take it.
async fn together(account: &Account, feed: Feed, relay: &RelayAddress, until: u64) -> OwnedMutexGuard<()> {
    account.sync.moved.notify_waiters();
    let others = async {
        loop {
            let moved = account.sync.moved.notified();
            if !account.sync.feeds.awaits_others(feed, relay, until) {
                return;
            }
            moved.await;
        }
    };
    drop(tokio::time::timeout(TOGETHER, others).await);
    account.sync.line(feed).lock_owned().await
}

/// Takes what is kept of a backlog that is complete. From then on what comes is taken at once. `looked_up`: when (Unix seconds) it was looked up from the
/// relay's own cursor on; otherwise its subscription brought everything since the oldest cursor of the feed. `None`: something did not fit.
async fn finish(account: &Arc<Account>, feed: Feed, relay: &RelayAddress, reading: u64, looked_up: Option<u64>) -> Result<Option<Read>> {
    let mut to_end = false;
    loop {
        match account.sync.feeds.rest(feed, relay, reading, to_end) {
            Rest::Part(taken) => {
                if !receive::backlog(account, taken).await {
                    return Ok(Some(Read::Failed(NOT_KEPT.to_owned())));
                }
            }
            Rest::Overflowed => return Ok(None),
            Rest::Taken { first } => {
                match looked_up {
                    Some(at) => move_cursor(account, feed, relay, at).await?,
                    None => sync::moved_on(account, feed, relay, first).await?,
                }
                to_end = true;
            }
            Rest::CaughtUp => {
                account.sync.moved.notify_waiters();
                return Ok(Some(Read::Whole));
            }
            Rest::Outdated => return Ok(Some(Read::Outdated)),
        }
    }
}

/// What a relay has of a slice and is not here.
async fn missing(account: &Account, feed: Feed, relay: &RelayAddress, slice: Slice, read_from: u64, at_most: usize) -> Result<Part> {
    let (lane, tag, filter) = asked(account, feed);
    let Slice { since, until } = slice;
    let seen = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.seen_between(&tag, since, until.unwrap_or(u64::MAX))?)).await?;
    let mut have: Vec<_> = seen.into_iter().map(|(id, at)| (id, Timestamp::from_secs(at))).collect();
    let is_within = |at: &Timestamp| at.as_secs() >= since && until.is_none_or(|until| at.as_secs() <= until);
    have.extend(account.sync.feeds.kept(feed, relay).into_iter().filter(|(_, at)| is_within(at)));
    let from = |since: u64| Filter {
        // A relay that is asked for everything needs no time.
        since: (since > 0).then(|| Timestamp::from_secs(since)),
        until: until.map(Timestamp::from_secs),
        ..filter.clone()
    };
    let filters = (from(since), from(since.max(read_from)));
    Ok(account.net.fetch_missing(lane, relay, filters, have, at_most, SLICE_TIMEOUT).await)
}

/// What relays are asked for: everything under one tag.
fn asked(account: &Account, feed: Feed) -> (Lane, [u8; 32], Filter) {
    match feed {
        Feed::Inbox => {
            let me = account.pubkey();
            (Lane::Inbox, *me.as_bytes(), Filter::new().kind(Kind::GiftWrap).pubkey(me))
        }
        Feed::Group(routing) => {
            let tag = SingleLetterTag::lowercase(Alphabet::H);
            (Lane::Group, routing, Filter::new().kind(Kind::MlsGroupMessage).custom_tag(tag, hex::encode(routing)))
        }
    }
}

/// Keeps what belongs to a backlog that is not complete; gives back what can be taken at once.
fn keep(account: &Account, feed: Feed, relay: &RelayAddress, events: Vec<Event>) -> Vec<Event> {
    if let Feed::Group(_) = feed {
        account.sync.fetched(events.len());
    }
    events.into_iter().filter_map(|event| account.sync.feeds.keep(feed, relay, event)).collect()
}

/// Until when a feed was read on a relay, Unix seconds.
async fn cursor(account: &Arc<Account>, feed: Feed, relay: &RelayAddress) -> Result<Option<u64>> {
    let key = cursor_key(&feed, relay);
    account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.cursor(&key)?)).await
}

/// Everything up to `until` (Unix seconds) was read on a relay.
async fn move_cursor(account: &Arc<Account>, feed: Feed, relay: &RelayAddress, until: u64) -> Result<()> {
    let key = cursor_key(&feed, relay);
    account.db.write(move |tx, _| Ok::<_, crate::Error>(tx.put_cursor(&key, until)?)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000;

    /// All slices that are read where one of them may hold events of at most `at_most` of these dates.
    fn slices(dates: &[u64], at_most: usize, since: u64) -> Vec<Slice> {
        let mut read = Vec::new();
        let mut slice = Some(Slice::new(since, None, NOW));
        while let Some(now) = slice {
            let holds = dates.iter().filter(|at| **at >= now.since && now.until.is_none_or(|until| **at <= until)).count();
            match now.narrower(NOW) {
                Some(narrower) if holds > at_most => slice = Some(narrower),
                _ => {
                    read.push(now);
                    slice = now.next(NOW);
                }
            }
        }
        read
    }

    #[test]
    fn little_is_read_in_one_slice() {
        assert_eq!(slices(&[1, 2, 3], 3, 0), [Slice { since: 0, until: None }]);
    }

    #[test]
    fn slices_follow_each_other_without_a_hole_and_none_holds_too_much() {
        let dates: Vec<u64> = (0..600).map(|n| n * n / 400).collect();
        let read = slices(&dates, 50, 0);
        assert_eq!(read[0].since, 0);
        assert_eq!(read.last().unwrap().until, None);
        for pair in read.windows(2) {
            assert_eq!(pair[0].until.unwrap() + 1, pair[1].since);
        }
        let holds = |slice: &Slice| dates.iter().filter(|at| **at >= slice.since && slice.until.is_none_or(|until| **at <= until)).count();
        assert!(read.iter().all(|slice| holds(slice) <= 50 || slice.length() == Some(1)));
        assert_eq!(read.iter().map(holds).sum::<usize>(), 600);
    }

    #[test]
    fn a_burst_that_is_dated_ahead_is_cut_too() {
        let dates: Vec<u64> = (0..300).map(|n| NOW - 5 + n / 10).collect();
        let read = slices(&dates, 50, 0);
        let holds = |slice: &Slice| dates.iter().filter(|at| **at >= slice.since && slice.until.is_none_or(|until| **at <= until)).count();
        assert!(read.iter().all(|slice| holds(slice) <= 50), "{read:?}");
        assert_eq!(read.iter().map(holds).sum::<usize>(), 300);
    }

    #[test]
    fn a_second_or_a_far_future_full_of_events_holds_nothing_up() {
        assert!(slices(&[7; 100], 10, 7).len() < 30);
        let far = NOW + AHEAD + 50;
        assert_eq!(slices(&[far; 100], 10, far), [Slice { since: far, until: None }]);
        assert!(slices(&[far; 100], 10, 0).len() < 30);
    }
}
