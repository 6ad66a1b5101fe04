//! Admission: what a relay hands us is verified, capped and matched against the filter it was asked for.
//! Never waits for the application longer than the queue's patience, and never trusts what a relay says about itself.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use nostr::filter::MatchEventOptions;
use nostr::secp256k1::schnorr::Signature;
use nostr::util::BoxedFuture;
use nostr::{Event, EventId, Filter, Kind, RelayUrl, SubscriptionId, Timestamp};
use nostr_sdk::pool::policy::{AdmitPolicy, AdmitStatus, PolicyError};

use crate::RelayAddress;
use crate::health::HealthBook;
use crate::incoming::{Feed, Outlet};

/// Longest content of a group message (kind 445) and of every kind not named here, in bytes.
pub const CONTENT_BYTES_CAP: usize = 64 * 1024;
/// Longest content of a gift wrap (kind 1059), in bytes.
pub const GIFT_WRAP_BYTES_CAP: usize = 256 * 1024;
/// Most tags of one event.
pub const TAGS_CAP: usize = 64;
/// Longest sum of all tag texts of one event, in bytes.
pub const TAG_BYTES_CAP: usize = 64 * 1024;
/// Most events that one relay may answer to one look-up.
pub const FETCH_EVENTS_CAP: usize = 10_000;
/// Most bytes of events that one relay may answer to one look-up.
pub const FETCH_BYTES_CAP: usize = 32 * 1024 * 1024;
/// How many verified ids are remembered, so that the copies of other relays cost no signature check.
pub const VERIFIED_CAP: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// One thing that a subscription asks for.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    pub(crate) feed: Feed,
    pub(crate) filter: Filter,
    pub(crate) addresses: Vec<RelayAddress>,
}

/// What arrived for one want since its request was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arrived {
    pub(crate) count: usize,
    pub(crate) oldest: Option<Timestamp>,
}

/// The events of a look-up, shared with the caller, who may give up earlier.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) events: Vec<Event>,
    at_most: usize,
    bytes: usize,
    pub(crate) overflowed: bool,
}

impl Collected {
    /// Room for `at_most` events, and for no more than [`FETCH_EVENTS_CAP`].
    pub(crate) fn new(at_most: usize) -> Self {
        Self { events: Vec::new(), at_most: at_most.min(FETCH_EVENTS_CAP), bytes: 0, overflowed: false }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Sink {
    Stream(Outlet),
    Collect(Arc<Mutex<Collected>>),
}

#[derive(Debug)]
struct Request {
    relay: RelayUrl,
    wants: Vec<(Want, Arrived)>,
    sink: Sink,
}

/// The open requests of one lane. A request is entered *before* it is sent, so that nothing that answers it is early.
#[derive(Debug)]
pub(crate) struct Registry {
    requests: Mutex<HashMap<SubscriptionId, Request>>,
    verified: Mutex<LruCache<EventId, Signature>>,
    health: Arc<HealthBook>,
}

impl Registry {
    pub(crate) fn new(health: Arc<HealthBook>) -> Self {
        Self { requests: Mutex::new(HashMap::new()), verified: Mutex::new(LruCache::new(VERIFIED_CAP)), health }
    }

    pub(crate) fn enter(&self, id: SubscriptionId, relay: RelayUrl, wants: Vec<Want>, sink: Sink) {
        let wants = wants.into_iter().map(|want| (want, Arrived::default())).collect();
        self.requests().insert(id, Request { relay, wants, sink });
    }

    pub(crate) fn leave(&self, id: &SubscriptionId) {
        self.requests().remove(id);
    }

    /// Stops expecting one feed in a request that carries several.
    pub(crate) fn drop_feed(&self, id: &SubscriptionId, feed: &Feed) {
        if let Some(request) = self.requests().get_mut(id) {
            request.wants.retain(|(want, _)| want.feed != *feed);
        }
    }

    pub(crate) fn arrived(&self, id: &SubscriptionId) -> Vec<(Want, Arrived)> {
        self.requests().get(id).map(|request| request.wants.clone()).unwrap_or_default()
    }

    fn requests(&self) -> std::sync::MutexGuard<'_, HashMap<SubscriptionId, Request>> {
        // A poisoned lock only means that a thread died in between; every entry is whole.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the id is the hash of the content and the signature is the author's. The pool remembers verified
    /// *ids* only, so a relay could show an altered event under an id that was seen before.
    fn is_authentic(&self, event: &Event) -> bool {
        if !event.verify_id() {
            return false;
        }
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.get(&event.id) == Some(&event.sig) {
            return true;
        }
        drop(verified);
        if !event.verify_signature() {
            return false;
        }
        verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.put(event.id, event.sig);
        true
    }

    /// Takes one event: admits it to whoever asked, or lets it fall.
    async fn take(&self, relay: &RelayUrl, id: &SubscriptionId, event: &Event) {
        if !fits(event) || !self.is_authentic(event) {
            tracing::debug!("an event that is too large or forged was dropped");
            self.health.of(relay).lied();
            return;
        }
        let Some((sink, addresses)) = self.note(relay, id, event) else {
            tracing::debug!("an event that nobody asked for was dropped");
            return;
        };
        self.health.of(relay).delivered();
        match sink {
            Sink::Stream(outlet) => outlet.deliver(&addresses, event).await,
            Sink::Collect(collected) => collect(&mut collected.lock().unwrap_or_else(PoisonError::into_inner), event),
        }
    }

    fn note(&self, relay: &RelayUrl, id: &SubscriptionId, event: &Event) -> Option<(Sink, Vec<RelayAddress>)> {
        let mut requests = self.requests();
        let request = requests.get_mut(id).filter(|request| request.relay == *relay)?;
        let options = MatchEventOptions::new();
        let (want, arrived) = request.wants.iter_mut().find(|(want, _)| want.filter.match_event(event, options))?;
        arrived.count = arrived.count.saturating_add(1);
        arrived.oldest = Some(arrived.oldest.map_or(event.created_at, |oldest| oldest.min(event.created_at)));
        Some((request.sink.clone(), want.addresses.clone()))
    }
}

/// Whether an event is within the size caps; the first thing that is asked of every event, before its signature.
pub fn fits(event: &Event) -> bool {
    let cap = if event.kind == Kind::GiftWrap { GIFT_WRAP_BYTES_CAP } else { CONTENT_BYTES_CAP };
    let tag_bytes: usize = event.tags.iter().flat_map(|tag| tag.as_slice()).map(String::len).sum();
    event.content.len() <= cap && event.tags.len() <= TAGS_CAP && tag_bytes <= TAG_BYTES_CAP
}

fn collect(collected: &mut Collected, event: &Event) {
    let bytes = collected.bytes.saturating_add(event.content.len());
    if collected.events.len() >= collected.at_most || bytes > FETCH_BYTES_CAP {
        collected.overflowed = true;
        return;
    }
    collected.bytes = bytes;
    collected.events.push(event.clone());
}

/// The pool's hook for every event, called in order for each relay.
#[derive(Debug)]
pub(crate) struct Admission(pub(crate) Arc<Registry>);

impl AdmitPolicy for Admission {
    fn admit_event<'a>(
        &'a self,
        relay_url: &'a RelayUrl,
        subscription_id: &'a SubscriptionId,
        event: &'a Event,
    ) -> BoxedFuture<'a, Result<AdmitStatus, PolicyError>> {
        Box::pin(async move {
            self.0.take(relay_url, subscription_id, event).await;
            // Delivered here, in order and without loss; the pool's own broadcast drops events when a reader is slow.
            Ok(AdmitStatus::Rejected { reason: None })
        })
    }
}

#[cfg(test)]
#[path = "admit/tests.rs"]
mod tests;
