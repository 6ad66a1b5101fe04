//! Reading on one link: look-ups, the end of stored events, and paging through what a relay has stored.
//! Never takes the end of stored events as a proof that nothing is missing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nostr::{ClientMessage, Filter, SubscriptionId, Timestamp};
use nostr_sdk::Relay;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::answers::shorten;
use super::{ASK_AGAIN_AFTER, Link};
use crate::RelayAddress;
use crate::admit::{Arrived, Collected, Sink, Want};
use crate::incoming::{Feed, Incoming};

/// Pages read for one request before it is called a gap.
pub const PAGES_CAP: u32 = 400;
/// Look-ups and pages that are open at once on one connection; the rest waits.
pub const READINGS_CAP: usize = 6;
/// How long a page of a feed may take.
const PAGE_PATIENCE: Duration = Duration::from_secs(120);
/// A relay that answers with fewer stored events than this has not cut its answer short.
const PAGE_FLOOR: usize = 20;

/// A request that ends by itself.
#[derive(Debug)]
pub(super) struct Reading {
    want: Want,
    purpose: Purpose,
    page: u32,
    sent: bool,
    /// The relay wants authentication first; the request is sent once more after it.
    awaits_auth: bool,
    /// When it was sent, or when it may be sent again.
    at: Instant,
}

#[derive(Debug)]
enum Purpose {
    Fetch {
        into: Arc<Mutex<Collected>>,
        reply: oneshot::Sender<Result<(), String>>,
    },
    /// Older stored events of a feed, after the first page came with the subscription.
    BackFill,
}

impl Reading {
    pub(super) fn fetch(
        address: RelayAddress,
        filter: Filter,
        into: Arc<Mutex<Collected>>,
        reply: oneshot::Sender<Result<(), String>>,
    ) -> Self {
        // The feed of a look-up is never read: its events go to the caller.
        let want = Want { feed: Feed::Inbox, filter, addresses: vec![address] };
        Self { want, purpose: Purpose::Fetch { into, reply }, page: 0, sent: false, awaits_auth: false, at: Instant::now() }
    }

    const fn is_fetch(&self) -> bool {
        matches!(self.purpose, Purpose::Fetch { .. })
    }

    fn is_abandoned(&self) -> bool {
        matches!(&self.purpose, Purpose::Fetch { reply, .. } if reply.is_closed())
    }
}

/// Whether a relay may hold older events than those it sent: where the next page ends.
fn next_page(filter: &Filter, arrived: Arrived) -> Option<Timestamp> {
    if filter.limit.is_some() || arrived.count < PAGE_FLOOR {
        return None;
    }
    let oldest = arrived.oldest?;
    match filter.until {
        // A whole page of one second: whoever fills a second must not hide what is older.
        Some(until) if oldest >= until => until.as_secs().checked_sub(1).map(Timestamp::from_secs),
        _ => Some(oldest),
    }
}

impl Link {
    pub(super) fn send_readings(&mut self, relay: &Relay) {
        let room = READINGS_CAP.saturating_sub(self.readings.values().filter(|reading| reading.sent).count());
        let authenticated = self.authenticated;
        let now = Instant::now();
        let ready = |reading: &Reading| !reading.sent && reading.at <= now && (authenticated || !reading.awaits_auth);
        let mut waiting: Vec<(&SubscriptionId, &mut Reading)> = self.readings.iter_mut().filter(|(_, reading)| ready(reading)).collect();
        // Somebody waits for a look-up; back-filling has time.
        waiting.sort_by_key(|(_, reading)| matches!(reading.purpose, Purpose::BackFill));
        for (id, reading) in waiting.into_iter().take(room) {
            let sink = match &reading.purpose {
                Purpose::Fetch { into, .. } => Sink::Collect(into.clone()),
                Purpose::BackFill => Sink::Stream(self.parts.outlet.clone()),
            };
            self.parts.registry.enter(id.clone(), self.parts.url.clone(), vec![reading.want.clone()], sink);
            reading.at = now;
            reading.sent = relay.send_msg(ClientMessage::req(id.clone(), reading.want.filter.clone())).is_ok();
        }
    }

    /// NIP-01 `EOSE`.
    pub(super) fn stored_events_ended(&mut self, relay: &Relay, id: &SubscriptionId) {
        let arrived = self.parts.registry.arrived(id);
        self.parts.health.answered(None);
        if let Some(slot) = self.slots.get_mut(id) {
            if !std::mem::take(&mut slot.catching_up) {
                return;
            }
            // A relay may cap its whole answer, so that a busy feed crowds out a quiet one beside it.
            let total: usize = arrived.iter().map(|(_, arrived)| arrived.count).sum();
            let crowded = arrived.len() > 1 && total >= PAGE_FLOOR;
            for (want, arrived) in arrived {
                if crowded && arrived.count < PAGE_FLOOR {
                    self.back_fill(want, 0);
                } else {
                    self.page_or_finish(want, arrived, 0);
                }
            }
        } else if let Some(reading) = self.readings.remove(id) {
            self.parts.registry.leave(id);
            drop(relay.send_msg(ClientMessage::close(id.clone())));
            let arrived = arrived.first().map(|(_, arrived)| *arrived).unwrap_or_default();
            match reading.purpose {
                Purpose::BackFill => self.page_or_finish(reading.want, arrived, reading.page),
                Purpose::Fetch { into, reply } => self.fetch_next(reading.want, arrived, reading.page, into, reply),
            }
        }
        self.send_readings(relay);
    }

    fn page_or_finish(&mut self, mut want: Want, arrived: Arrived, page: u32) {
        if !self.wants.contains_key(&want.feed) {
            return;
        }
        match next_page(&want.filter, arrived) {
            Some(_) if page >= PAGES_CAP => self.parts.outlet.gap.open(),
            Some(until) => {
                want.filter.until = Some(until);
                self.back_fill(want, page + 1);
            }
            None => {
                // Whatever was dropped is announced before the feed is called complete.
                self.announce_gap();
                for relay in &want.addresses {
                    self.put(Incoming::CaughtUp { lane: self.parts.lane, relay: relay.clone(), feed: want.feed });
                }
            }
        }
    }

    fn back_fill(&mut self, want: Want, page: u32) {
        let reading = Reading { want, purpose: Purpose::BackFill, page, sent: false, awaits_auth: false, at: Instant::now() };
        self.readings.insert(SubscriptionId::generate(), reading);
    }

    fn fetch_next(
        &mut self,
        mut want: Want,
        arrived: Arrived,
        page: u32,
        into: Arc<Mutex<Collected>>,
        reply: oneshot::Sender<Result<(), String>>,
    ) {
        let overflowed = into.lock().unwrap_or_else(PoisonError::into_inner).overflowed;
        match next_page(&want.filter, arrived) {
            _ if overflowed => drop(reply.send(Err("the relay sent more than can be held at once".to_owned()))),
            Some(_) if page >= PAGES_CAP => drop(reply.send(Err("the relay has more pages than are read at once".to_owned()))),
            Some(until) => {
                want.filter.until = Some(until);
                let reading = Reading {
                    want,
                    purpose: Purpose::Fetch { into, reply },
                    page: page + 1,
                    sent: false,
                    awaits_auth: false,
                    at: Instant::now(),
                };
                self.readings.insert(SubscriptionId::generate(), reading);
            }
            None => drop(reply.send(Ok(()))),
        }
    }

    /// NIP-01 `CLOSED`.
    pub(super) fn subscription_closed(&mut self, relay: &Relay, id: &SubscriptionId, words: &str) {
        let needs_auth = words.starts_with("auth-required:") && self.parts.may_authenticate;
        let detail = shorten(words);
        if !needs_auth {
            self.note_refusal(&detail);
        }
        if let Some(slot) = self.slots.get_mut(id) {
            slot.closed = true;
            slot.catching_up = true;
            let feeds = slot.feeds.clone();
            // With a signer the authentication is under way, and asking again follows from it.
            let at = Instant::now() + if needs_auth && self.authenticated { Duration::ZERO } else { ASK_AGAIN_AFTER };
            self.ask_again_at = Some(self.ask_again_at.map_or(at, |earlier| earlier.min(at)));
            if !needs_auth {
                self.report_refused(&feeds, &detail);
            }
        } else if let Some(mut reading) = self.readings.remove(id) {
            self.parts.registry.leave(id);
            if needs_auth && !reading.awaits_auth {
                reading.sent = false;
                reading.awaits_auth = true;
                self.readings.insert(SubscriptionId::generate(), reading);
            } else {
                self.fail_reading(reading, &detail);
            }
            self.send_readings(relay);
        }
    }

    fn fail_reading(&mut self, reading: Reading, reason: &str) {
        let Reading { want, purpose, page, .. } = reading;
        match purpose {
            Purpose::Fetch { reply, .. } => drop(reply.send(Err(reason.to_owned()))),
            Purpose::BackFill => {
                self.report_refused(&BTreeSet::from([want.feed]), reason);
                // What is older is still missing, and nobody else asks for it on this connection.
                let at = Instant::now() + ASK_AGAIN_AFTER;
                let again = Reading { want, purpose: Purpose::BackFill, page, sent: false, awaits_auth: false, at };
                self.readings.insert(SubscriptionId::generate(), again);
            }
        }
    }

    /// Gives up pages whose end the relay never announced, and asks again for those that have rested.
    pub(super) fn tidy_readings(&mut self, relay: &Relay) {
        let now = Instant::now();
        let wants = &self.wants;
        self.readings.retain(|_, reading| reading.sent || reading.is_fetch() || wants.contains_key(&reading.want.feed));
        let late = |reading: &Reading| reading.sent && !reading.is_fetch() && reading.at + PAGE_PATIENCE <= now;
        let late: Vec<SubscriptionId> = self.readings.iter().filter(|(_, reading)| late(reading)).map(|(id, _)| id.clone()).collect();
        for id in late {
            self.parts.registry.leave(&id);
            drop(relay.send_msg(ClientMessage::close(id.clone())));
            if let Some(reading) = self.readings.remove(&id) {
                self.fail_reading(reading, "the relay does not say when a page is over");
            }
        }
        self.send_readings(relay);
    }

    pub(super) fn fail_readings(&mut self, reason: &str) {
        for (id, reading) in std::mem::take(&mut self.readings) {
            self.parts.registry.leave(&id);
            if let Purpose::Fetch { reply, .. } = reading.purpose {
                drop(reply.send(Err(reason.to_owned())));
            }
        }
    }

    pub(super) fn drop_abandoned_readings(&mut self, relay: &Relay) {
        let abandoned: Vec<SubscriptionId> = self.readings.iter().filter(|(_, r)| r.is_abandoned()).map(|(id, _)| id.clone()).collect();
        for id in abandoned {
            self.readings.remove(&id);
            self.parts.registry.leave(&id);
            drop(relay.send_msg(ClientMessage::close(id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(count: usize, oldest: u64) -> Arrived {
        Arrived { count, oldest: Some(Timestamp::from(oldest)) }
    }

    #[test]
    fn a_short_answer_needs_no_second_page() {
        assert_eq!(next_page(&Filter::new(), Arrived::default()), None);
        assert_eq!(next_page(&Filter::new(), arrived(PAGE_FLOOR - 1, 5)), None);
    }

    #[test]
    fn a_full_answer_is_followed_backwards_until_nothing_older_comes() {
        assert_eq!(next_page(&Filter::new(), arrived(500, 5)), Some(Timestamp::from(5)));
        assert_eq!(next_page(&Filter::new().until(Timestamp::from(5)), arrived(500, 4)), Some(Timestamp::from(4)));
    }

    #[test]
    fn a_second_that_fills_a_page_does_not_hide_what_is_older() {
        assert_eq!(next_page(&Filter::new().until(Timestamp::from(5)), arrived(500, 5)), Some(Timestamp::from(4)));
        assert_eq!(next_page(&Filter::new().until(Timestamp::from(0)), arrived(500, 0)), None);
    }

    #[test]
    fn a_look_up_with_a_limit_is_one_page() {
        assert_eq!(next_page(&Filter::new().limit(500), arrived(500, 5)), None);
    }
}
