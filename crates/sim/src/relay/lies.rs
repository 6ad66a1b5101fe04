//! What a relay of a simulation says that nobody published.
//! It changes nothing that is stored, except when that is stored.

use std::time::Duration;

use base64::Engine as _;
use murmel_client::Frame;
use nostr::{Event, EventBuilder, EventId, Keys, SecretKey, Timestamp};
use tokio::time::Instant;

use super::{State, event_frame, is_group_message};
use crate::faults::{FaultKind, Tally};

/// Longest that an event is kept back, in seconds.
const KEPT_BACK: u64 = 30 * 24 * 3600;
/// How far a wrong time is off, in seconds.
const YEAR: u64 = 365 * 24 * 3600;
/// Events of one flood.
const FLOOD: u64 = 300;
/// Floods of one relay.
const FLOODS_CAP: u32 = 5;
/// A frame that is larger than what a client looks at, in bytes.
const GIANT: usize = 600 * 1024;

impl State {
    /// Keeps an event for a time of which the shortest are likelier than the longest.
    pub(super) fn keep_back(&mut self, event: Event) {
        let longest = match self.dice.below(3) {
            0 => 60,
            1 => 3_600,
            _ => KEPT_BACK,
        };
        let until = Instant::now() + Duration::from_secs(self.dice.between(1, longest));
        self.held.push((until, event));
    }

    /// Stores what was kept back long enough.
    pub(super) fn give_out(&mut self, tally: &Tally) {
        let now = Instant::now();
        let (due, held): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held).into_iter().partition(|(until, _)| *until <= now);
        self.held = held;
        due.into_iter().for_each(|(_, event)| self.keep(event, tally));
    }

    /// Lies that go before an event that is passed on.
    pub(super) fn lie_about(&mut self, connection: u64, subscription: &str, event: &Event, tally: &Tally) {
        if self.fails(FaultKind::MakeUp, tally) {
            let at = Timestamp::from_secs(event.created_at.as_secs().saturating_add(self.dice.between(1, 60)));
            let id = EventId::new(&event.pubkey, &at, &event.kind, &event.tags, &event.content);
            let made_up = Event::new(id, event.pubkey, at, event.kind, event.tags.clone(), event.content.clone(), event.sig);
            self.say(connection, event_frame(subscription, &made_up), Duration::ZERO);
        }
        if is_group_message(event) && self.fails(FaultKind::Redate, tally) {
            self.redate(connection, subscription, event);
        }
        if self.fails(FaultKind::Giant, tally) {
            let mut giant = event.clone();
            giant.content = "A".repeat(GIANT);
            self.say(connection, event_frame(subscription, &giant), Duration::ZERO);
        }
    }

    /// Lies that go before the end of stored events.
    pub(super) fn lie_to(&mut self, connection: u64, subscription: &str, tally: &Tally) {
        let seen: Vec<Event> = self.events.iter().filter(|event| is_group_message(event)).cloned().collect();
        let Some(seen) = self.dice.pick(&seen).cloned() else { return };
        if self.fails(FaultKind::Redate, tally) {
            self.redate(connection, subscription, &seen);
        }
        if self.floods < FLOODS_CAP && self.fails(FaultKind::Flood, tally) {
            self.floods += 1;
            self.flood(connection, subscription, &seen);
        }
        if self.fails(FaultKind::Giant, tally) {
            self.say(connection, Frame::Text(format!("[\"NOTICE\",\"{}\"]", "A".repeat(GIANT))), Duration::ZERO);
        }
    }

    /// The ciphertext of somebody under another name and another time.
    fn redate(&mut self, connection: u64, subscription: &str, event: &Event) {
        let now = event.created_at.as_secs();
        let at = if self.dice.chance(500) { now.saturating_sub(self.dice.below(YEAR)) } else { now.saturating_add(self.dice.below(YEAR)) };
        if let Some(event) = self.own(event, event.content.clone(), at) {
            self.say(connection, event_frame(subscription, &event), Duration::ZERO);
        }
    }

    fn flood(&mut self, connection: u64, subscription: &str, like: &Event) {
        let now = like.created_at.as_secs();
        for n in 0..FLOOD {
            let content = base64::engine::general_purpose::STANDARD.encode([self.dice.bytes(), self.dice.bytes()].concat());
            if let Some(event) = self.own(like, content, now.saturating_sub(n)) {
                self.say(connection, event_frame(subscription, &event), Duration::ZERO);
            }
        }
    }

    /// An event that the relay signs itself, as anybody may who knows the tag of a group.
    fn own(&mut self, like: &Event, content: String, at: u64) -> Option<Event> {
        let keys = Keys::new(SecretKey::from_slice(&self.dice.bytes()).ok()?);
        let event = EventBuilder::new(like.kind, content).tags(like.tags.iter().cloned()).custom_created_at(Timestamp::from_secs(at));
        event.sign_with_keys(&keys).ok()
    }
}
