//! The open subscriptions of one link: which feeds share one, and how they follow what the application wants.
//! Never takes more subscriptions of a relay than relays commonly allow.

use std::collections::{BTreeMap, BTreeSet};

use nostr::{ClientMessage, Filter, SubscriptionId};
use nostr_sdk::Relay;
use tokio::time::Instant;

use super::Link;
use crate::admit::{Sink, Want};
use crate::incoming::{Feed, Incoming};

/// Open subscriptions on one connection; relays commonly allow 10 to 20 together with look-ups.
pub const SLOTS_CAP: usize = 8;
/// Feeds followed on one relay.
pub const FEEDS_CAP: usize = 512;

/// One open subscription, which may carry several feeds.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) feeds: BTreeSet<Feed>,
    /// The relay has not yet said that the stored events are over.
    pub(super) catching_up: bool,
    /// The relay ended it; it rests until it is asked again.
    pub(super) closed: bool,
}

impl Link {
    /// Opens subscriptions for everything that is followed, on a fresh connection.
    pub(super) fn open_slots(&mut self, relay: &Relay) {
        self.close_slots();
        let feeds: Vec<Feed> = self.wants.keys().copied().collect();
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
        self.parts.registry.enter(id.clone(), self.parts.url.clone(), wants, Sink::Stream(self.parts.outlet.clone()));
        let sent = relay.send_msg(ClientMessage::req(id.clone(), filters)).is_ok();
        if !sent {
            self.ask_again_at = Some(Instant::now());
        }
        self.slots.insert(id, Slot { feeds, catching_up: true, closed: !sent });
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
        for feed in new {
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
        let old = std::mem::replace(&mut self.wants, wants.into_iter().map(|want| (want.feed, want)).collect());
        if let Some(first_over) = self.wants.keys().nth(FEEDS_CAP).copied() {
            let over: BTreeSet<Feed> = self.wants.range(first_over..).map(|(feed, _)| *feed).collect();
            self.report_refused(&over, &format!("more than {FEEDS_CAP} chats on one relay are not followed"));
            self.wants.retain(|feed, _| !over.contains(feed));
        }
        let timeless = |want: &Want| Filter { since: None, ..want.filter.clone() };
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
        let closed: Vec<SubscriptionId> = self.slots.iter().filter(|(_, slot)| slot.closed).map(|(id, _)| id.clone()).collect();
        for id in closed {
            self.parts.registry.leave(&id);
            if let Some(slot) = self.slots.remove(&id) {
                self.open_slot(relay, slot.feeds);
            }
        }
    }

    /// Tells the application about the subscriptions that the relay has ended and that still rest.
    pub(super) fn report_closed(&self, detail: &str) {
        let feeds = self.slots.values().filter(|slot| slot.closed).flat_map(|slot| slot.feeds.iter().copied()).collect();
        self.report_refused(&feeds, detail);
    }

    pub(super) fn report_refused(&self, feeds: &BTreeSet<Feed>, detail: &str) {
        let by_feed: BTreeMap<_, _> = feeds.iter().filter_map(|feed| Some((*feed, self.wants.get(feed)?))).collect();
        for (feed, want) in by_feed {
            for relay in &want.addresses {
                self.put(Incoming::Refused { lane: self.parts.lane, relay: relay.clone(), feed, detail: detail.to_owned() });
            }
        }
    }
}
