//! Reading on one link: subscriptions that stay open, look-ups that end, and paging through what a relay has stored.
//! Never takes the end of stored events as a proof that nothing is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use nostr::{ClientMessage, Filter, SubscriptionId, Timestamp};
use nostr_sdk::Relay;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::answers::shorten;
use super::{ASK_AGAIN_AFTER, Link};
use crate::RelayAddress;
use crate::admit::{Arrived, Collected, Sink, Want};
use crate::incoming::{Feed, Incoming};

/// Open subscriptions on one connection; relays commonly allow 10 to 20 together with look-ups.
pub const SLOTS_CAP: usize = 8;
/// Feeds followed on one relay.
pub const FEEDS_CAP: usize = 512;
/// Pages read for one request before it is called a gap.
pub const PAGES_CAP: u32 = 400;
/// A relay that answers with fewer stored events than this has not cut its answer short.
const PAGE_FLOOR: usize = 20;

/// One open subscription, which may carry several feeds.
#[derive(Debug, Default)]
pub(super) struct Slot {
    feeds: BTreeSet<Feed>,
    /// The relay has not yet said that the stored events are over.
    catching_up: bool,
    /// The relay ended it; it rests until it is asked again.
    closed: bool,
}

/// A request that ends by itself.
#[derive(Debug)]
pub(super) struct Reading {
    want: Want,
    purpose: Purpose,
    page: u32,
    sent: bool,
    /// The relay wants authentication first; the request is sent once more after it.
    awaits_auth: bool,
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
        let want = Want {
            feed: Feed::Inbox,
            filter,
            addresses: vec![address],
        };
        Self {
            want,
            purpose: Purpose::Fetch { into, reply },
            page: 0,
            sent: false,
            awaits_auth: false,
        }
    }

    fn is_abandoned(&self) -> bool {
        matches!(&self.purpose, Purpose::Fetch { reply, .. } if reply.is_closed())
    }
}

/// Whether a relay may hold older events than those it sent: where the next page ends.
fn next_page(filter: &Filter, arrived: Arrived) -> Option<Timestamp> {
    let oldest = arrived.oldest?;
    let goes_back = filter.until.is_none_or(|until| oldest < until);
    (filter.limit.is_none() && arrived.count >= PAGE_FLOOR && goes_back).then_some(oldest)
}

impl Link {
    /// Opens subscriptions for everything that is followed, on a fresh connection.
    pub(super) fn open_slots(&mut self, relay: &Relay) {
        self.close_slots();
        let feeds: Vec<Feed> = self.wants.keys().copied().take(FEEDS_CAP).collect();
        let each = feeds.len().div_ceil(SLOTS_CAP).max(1);
        for chunk in feeds.chunks(each) {
            self.open_slot(relay, chunk.iter().copied().collect());
        }
    }

    pub(super) fn close_slots(&mut self) {
        for (id, _) in self.slots.drain() {
            self.parts.registry.leave(&id);
        }
        self.ask_again_at = None;
    }

    fn open_slot(&mut self, relay: &Relay, feeds: BTreeSet<Feed>) {
        let wants: Vec<Want> = feeds.iter().filter_map(|feed| self.wants.get(feed).cloned()).collect();
        let filters: Vec<Filter> = wants.iter().map(|want| want.filter.clone()).collect();
        let id = SubscriptionId::generate();
        self.parts
            .registry
            .enter(id.clone(), self.parts.url.clone(), wants, Sink::Stream(self.parts.outlet.clone()));
        let sent = relay.send_msg(ClientMessage::req(id.clone(), filters)).is_ok();
        if !sent {
            self.ask_again_at = Some(Instant::now());
        }
        self.slots.insert(
            id,
            Slot {
                feeds,
                catching_up: true,
                closed: !sent,
            },
        );
    }

    /// Brings the open subscriptions in line with what is followed now.
    pub(super) fn settle_slots(&mut self, relay: &Relay) {
        let mut followed: BTreeSet<Feed> = BTreeSet::new();
        let mut empty = Vec::new();
        for (id, slot) in &mut self.slots {
            slot.feeds.retain(|feed| {
                let wanted = self.wants.contains_key(feed);
                if !wanted {
                    self.parts.registry.drop_feed(id, feed);
                }
                wanted
            });
            followed.extend(slot.feeds.iter().copied());
            if slot.feeds.is_empty() {
                empty.push(id.clone());
            }
        }
        for id in empty {
            self.close_slot(relay, &id);
        }
        let new: Vec<Feed> = self.wants.keys().filter(|feed| !followed.contains(feed)).copied().collect();
        let room = FEEDS_CAP.saturating_sub(followed.len());
        for feed in new.into_iter().take(room) {
            let mut feeds = BTreeSet::from([feed]);
            let fullest = self.slots.len() >= SLOTS_CAP;
            let smallest = self.slots.iter().min_by_key(|(_, slot)| slot.feeds.len()).map(|(id, _)| id.clone());
            if let (true, Some(id)) = (fullest, smallest) {
                // The new request is sent before the old one ends, so nothing falls between them.
                feeds.extend(self.slots.get(&id).map(|slot| slot.feeds.clone()).unwrap_or_default());
                self.open_slot(relay, feeds);
                self.close_slot(relay, &id);
            } else {
                self.open_slot(relay, feeds);
            }
        }
    }

    /// Replaces what is followed. A feed whose filter changed is asked for anew; a new `since` alone counts from the
    /// next connection on.
    pub(super) fn replace_wants(&mut self, wants: Vec<Want>) {
        let old = std::mem::take(&mut self.wants);
        self.wants = wants.into_iter().map(|want| (want.feed, want)).collect();
        let timeless = |want: &Want| Filter {
            since: None,
            ..want.filter.clone()
        };
        for (feed, want) in &self.wants {
            if old.get(feed).is_some_and(|before| timeless(before) != timeless(want)) {
                for (id, slot) in &mut self.slots {
                    if slot.feeds.remove(feed) {
                        self.parts.registry.drop_feed(id, feed);
                    }
                }
            }
        }
    }

    fn close_slot(&mut self, relay: &Relay, id: &SubscriptionId) {
        self.slots.remove(id);
        self.parts.registry.leave(id);
        drop(relay.send_msg(ClientMessage::close(id.clone())));
    }

    /// Asks again for subscriptions that the relay ended.
    pub(super) fn ask_closed_again(&mut self, relay: &Relay) {
        self.ask_again_at = None;
        let closed: Vec<SubscriptionId> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.closed)
            .map(|(id, _)| id.clone())
            .collect();
        for id in closed {
            self.parts.registry.leave(&id);
            if let Some(slot) = self.slots.remove(&id) {
                self.open_slot(relay, slot.feeds);
            }
        }
    }

    pub(super) fn send_readings(&mut self, relay: &Relay) {
        let authenticated = self.authenticated;
        let ready = |reading: &Reading| !reading.sent && (authenticated || !reading.awaits_auth);
        for (id, reading) in self.readings.iter_mut().filter(|(_, reading)| ready(reading)) {
            let sink = match &reading.purpose {
                Purpose::Fetch { into, .. } => Sink::Collect(into.clone()),
                Purpose::BackFill => Sink::Stream(self.parts.outlet.clone()),
            };
            self.parts
                .registry
                .enter(id.clone(), self.parts.url.clone(), vec![reading.want.clone()], sink);
            reading.sent = relay.send_msg(ClientMessage::req(id.clone(), reading.want.filter.clone())).is_ok();
        }
    }

    /// NIP-01 `EOSE`.
    pub(super) fn stored_events_ended(&mut self, relay: &Relay, id: &SubscriptionId) {
        let arrived = self.parts.registry.arrived(id);
        if let Some(slot) = self.slots.get_mut(id) {
            if !std::mem::take(&mut slot.catching_up) {
                return;
            }
            for (want, arrived) in arrived {
                self.page_or_finish(want, arrived, 0);
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
                let reading = Reading {
                    want,
                    purpose: Purpose::BackFill,
                    page: page + 1,
                    sent: false,
                    awaits_auth: false,
                };
                self.readings.insert(SubscriptionId::generate(), reading);
            }
            None => {
                // Whatever was dropped is announced before the feed is called complete.
                self.announce_gap();
                for relay in &want.addresses {
                    self.put(Incoming::CaughtUp {
                        lane: self.parts.lane,
                        relay: relay.clone(),
                        feed: want.feed,
                    });
                }
            }
        }
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
                };
                self.readings.insert(SubscriptionId::generate(), reading);
            }
            None => drop(reply.send(Ok(()))),
        }
    }

    /// NIP-01 `CLOSED`.
    pub(super) fn subscription_closed(&mut self, id: &SubscriptionId, words: &str) {
        let needs_auth = words.starts_with("auth-required:") && self.parts.may_authenticate;
        let detail = shorten(words);
        if let Some(slot) = self.slots.get_mut(id) {
            slot.closed = true;
            slot.catching_up = true;
            let feeds = slot.feeds.clone();
            // With a signer the authentication is under way, and asking again follows from it.
            let at = Instant::now()
                + if needs_auth && self.authenticated {
                    std::time::Duration::ZERO
                } else {
                    ASK_AGAIN_AFTER
                };
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
        }
    }

    fn report_refused(&self, feeds: &BTreeSet<Feed>, detail: &str) {
        let by_feed: BTreeMap<_, _> = feeds.iter().filter_map(|feed| Some((*feed, self.wants.get(feed)?))).collect();
        for (feed, want) in by_feed {
            for relay in &want.addresses {
                self.put(Incoming::Refused {
                    lane: self.parts.lane,
                    relay: relay.clone(),
                    feed,
                    detail: detail.to_owned(),
                });
            }
        }
    }

    fn fail_reading(&self, reading: Reading, reason: &str) {
        match reading.purpose {
            Purpose::Fetch { reply, .. } => drop(reply.send(Err(reason.to_owned()))),
            Purpose::BackFill => self.report_refused(&BTreeSet::from([reading.want.feed]), reason),
        }
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
        let abandoned: Vec<SubscriptionId> = self
            .readings
            .iter()
            .filter(|(_, r)| r.is_abandoned())
            .map(|(id, _)| id.clone())
            .collect();
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
        Arrived {
            count,
            oldest: Some(Timestamp::from(oldest)),
        }
    }

    #[test]
    fn a_short_answer_needs_no_second_page() {
        assert_eq!(next_page(&Filter::new(), Arrived::default()), None);
        assert_eq!(next_page(&Filter::new(), arrived(PAGE_FLOOR - 1, 5)), None);
    }

    #[test]
    fn a_full_answer_is_followed_backwards_until_nothing_older_comes() {
        assert_eq!(next_page(&Filter::new(), arrived(500, 5)), Some(Timestamp::from(5)));
        assert_eq!(
            next_page(&Filter::new().until(Timestamp::from(5)), arrived(500, 4)),
            Some(Timestamp::from(4))
        );
        assert_eq!(next_page(&Filter::new().until(Timestamp::from(5)), arrived(500, 5)), None);
    }

    #[test]
    fn a_look_up_with_a_limit_is_one_page() {
        assert_eq!(next_page(&Filter::new().limit(500), arrived(500, 5)), None);
    }
}
