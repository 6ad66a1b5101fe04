//! Reading on one link: look-ups, page by page, and the end of what a subscription had stored.
//! Never takes the end of stored events as a proof that nothing is missing.

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
/// Look-ups that are open at once on one connection; the rest waits.
pub const READINGS_CAP: usize = 6;
/// A relay that answers with fewer stored events than this has not cut its answer short.
const PAGE_FLOOR: usize = 20;

/// A request that ends by itself.
#[derive(Debug)]
pub(super) struct Reading {
    want: Want,
    into: Arc<Mutex<Collected>>,
    reply: oneshot::Sender<Result<(), String>>,
    page: u32,
    sent: bool,
    /// The relay wants authentication first; the request is sent once more after it.
    awaits_auth: bool,
}

impl Reading {
    pub(super) fn new(
        address: RelayAddress,
        filter: Filter,
        into: Arc<Mutex<Collected>>,
        reply: oneshot::Sender<Result<(), String>>,
    ) -> Self {
        // The feed of a look-up is never read: its events go to the caller.
        let want = Want { feed: Feed::Inbox, filter, addresses: vec![address] };
        Self { want, into, reply, page: 0, sent: false, awaits_auth: false }
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
        let ready = |reading: &Reading| !reading.sent && (authenticated || !reading.awaits_auth);
        for (id, reading) in self.readings.iter_mut().filter(|(_, reading)| ready(reading)).take(room) {
            let sink = Sink::Collect(reading.into.clone());
            self.parts.registry.enter(id.clone(), self.parts.url.clone(), vec![reading.want.clone()], sink);
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
            // Whatever was dropped is announced before a feed is called complete.
            self.announce_gap();
            for (want, arrived) in arrived {
                let cut = crowded || next_page(&want.filter, arrived).is_some();
                self.stored_events_came(&want, cut);
            }
        } else if let Some(reading) = self.readings.remove(id) {
            self.parts.registry.leave(id);
            drop(relay.send_msg(ClientMessage::close(id.clone())));
            let arrived = arrived.first().map(|(_, arrived)| *arrived).unwrap_or_default();
            self.read_on(reading, arrived);
        }
        self.send_readings(relay);
    }

    /// `cut`: the relay may have older events than those that came.
    fn stored_events_came(&self, want: &Want, cut: bool) {
        if !self.wants.contains_key(&want.feed) {
            return;
        }
        for relay in &want.addresses {
            let (lane, relay, feed) = (self.parts.lane, relay.clone(), want.feed);
            self.put(if cut { Incoming::More { lane, relay, feed } } else { Incoming::CaughtUp { lane, relay, feed } });
        }
    }

    fn read_on(&mut self, mut reading: Reading, arrived: Arrived) {
        let full = reading.into.lock().unwrap_or_else(PoisonError::into_inner).overflowed;
        let ended = match next_page(&reading.want.filter, arrived) {
            Some(until) if !full && reading.page < PAGES_CAP => {
                reading.want.filter.until = Some(until);
                reading.page += 1;
                reading.sent = false;
                self.readings.insert(SubscriptionId::generate(), reading);
                return;
            }
            Some(_) if !full => Err("the relay has more pages than are read at once".to_owned()),
            // Whoever asked sees that not all of it was taken.
            _ => Ok(()),
        };
        drop(reading.reply.send(ended));
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
                drop(reading.reply.send(Err(detail)));
            }
            self.send_readings(relay);
        }
    }

    pub(super) fn fail_readings(&mut self, reason: &str) {
        for (id, reading) in std::mem::take(&mut self.readings) {
            self.parts.registry.leave(&id);
            drop(reading.reply.send(Err(reason.to_owned())));
        }
    }

    pub(super) fn drop_abandoned_readings(&mut self, relay: &Relay) {
        let is_abandoned = |reading: &Reading| reading.reply.is_closed();
        let abandoned: Vec<SubscriptionId> =
            self.readings.iter().filter(|(_, reading)| is_abandoned(reading)).map(|(id, _)| id.clone()).collect();
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
