//! Which events a relay has and we have not, found by comparing sets (NIP-77) where the relay offers it.
//! Never takes a relay's word for what it has: the events are fetched and judged like all others.

use std::borrow::Cow;
use std::time::Duration;

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use nostr::{ClientMessage, EventId, Filter, SubscriptionId, Timestamp};
use nostr_sdk::Relay;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Link;
use crate::admit::FETCH_EVENTS_CAP;

/// Comparisons under way on one connection; the rest waits.
pub const RECONCILING_CAP: usize = 2;
/// Messages of one comparison; each halves what is left many times over.
pub const ROUNDS_CAP: u32 = 64;
/// Largest message of a comparison, in bytes; half of what a relay message may have, because it is sent in hex.
pub const RECONCILE_BYTES_CAP: u64 = 60_000;
/// How long a relay may take for its first word, until it counts as one that does not offer it.
const FIRST_WORD: Duration = Duration::from_secs(5);

/// What a comparison brought.
#[derive(Debug)]
pub(crate) enum Compared {
    /// The relay has these, and we have not.
    Missing(Vec<EventId>),
    /// The relay has more that we have not than is looked up at once.
    TooMuch,
    /// The relay does not offer it.
    NotOffered,
}

/// A comparison.
#[derive(Debug)]
pub(super) struct Reconciling {
    filter: Filter,
    sets: Negentropy<'static, NegentropyStorageVector>,
    missing: Vec<EventId>,
    rounds: u32,
    sent_at: Option<Instant>,
    reply: oneshot::Sender<Result<Compared, String>>,
}

impl Reconciling {
    /// `have`: what is here of what the filter asks for. `None` where that cannot be compared.
    pub(super) fn new(filter: Filter, have: &[(EventId, Timestamp)], reply: oneshot::Sender<Result<Compared, String>>) -> Option<Self> {
        let mut sets = NegentropyStorageVector::with_capacity(have.len());
        for (id, at) in have {
            sets.insert(at.as_secs(), Id::from_byte_array(id.to_bytes())).ok()?;
        }
        sets.seal().ok()?;
        let sets = Negentropy::owned(sets, RECONCILE_BYTES_CAP).ok()?;
        Some(Self { filter, sets, missing: Vec::new(), rounds: 0, sent_at: None, reply })
    }

    fn awaits_first_word(&self) -> bool {
        self.sent_at.is_some() && self.rounds == 0
    }
}

impl Link {
    pub(super) fn send_reconciliations(&mut self, relay: &Relay) {
        if self.reconciles == Some(false) {
            self.not_offered(|_| true);
            return;
        }
        let room = RECONCILING_CAP.saturating_sub(self.reconciling.values().filter(|one| one.sent_at.is_some()).count());
        for (id, one) in self.reconciling.iter_mut().filter(|(_, one)| one.sent_at.is_none()).take(room) {
            // Fails only when it was begun already.
            let Ok(first) = one.sets.initiate() else { continue };
            one.sent_at = Some(Instant::now());
            drop(relay.send_msg(ClientMessage::neg_open(id.clone(), one.filter.clone(), hex::encode(first))));
        }
    }

    /// NIP-77 `NEG-MSG`.
    pub(super) fn compared(&mut self, relay: &Relay, id: &SubscriptionId, message: &str) {
        let Some(one) = self.reconciling.get_mut(id).filter(|one| one.sent_at.is_some()) else { return };
        self.reconciles = Some(true);
        one.rounds += 1;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let next = hex::decode(message).ok().and_then(|bytes| one.sets.reconcile_with_ids(&bytes, &mut ours, &mut theirs).ok());
        one.missing.extend(theirs.into_iter().map(|id| EventId::from_byte_array(id.to_bytes())));
        let ended = match next {
            Some(_) if one.missing.len() > FETCH_EVENTS_CAP => Ok(Compared::TooMuch),
            Some(Some(next)) if one.rounds < ROUNDS_CAP => {
                let message = ClientMessage::NegMsg { subscription_id: Cow::Borrowed(id), message: Cow::Owned(hex::encode(next)) };
                drop(relay.send_msg(message));
                return;
            }
            Some(Some(_)) => Err("the relay does not come to the end of a comparison".to_owned()),
            Some(None) => Ok(Compared::Missing(std::mem::take(&mut one.missing))),
            None => Err("the relay's answer to a comparison cannot be read".to_owned()),
        };
        drop(relay.send_msg(ClientMessage::NegClose { subscription_id: Cow::Borrowed(id) }));
        if let Some(one) = self.reconciling.remove(id) {
            drop(one.reply.send(ended));
        }
        self.send_reconciliations(relay);
    }

    /// NIP-77 `NEG-ERR`: the relay will not compare this, whatever its words.
    pub(super) fn comparison_refused(&mut self, relay: &Relay, id: &SubscriptionId) {
        if let Some(one) = self.reconciling.remove(id) {
            drop(one.reply.send(Ok(Compared::NotOffered)));
        }
        self.send_reconciliations(relay);
    }

    /// A `NOTICE` in the place of the first word: relays that know no comparison answer so, or not at all.
    pub(super) fn noticed(&mut self) {
        if self.reconciles.is_none() && self.reconciling.values().any(Reconciling::awaits_first_word) {
            self.reconciles = Some(false);
            self.not_offered(|_| true);
        }
    }

    /// Gives up comparisons that nobody waits for, and those to which the relay says nothing.
    pub(super) fn tidy_reconciliations(&mut self, relay: &Relay) {
        self.reconciling.retain(|_, one| !one.reply.is_closed());
        let silent = |one: &Reconciling| one.awaits_first_word() && one.sent_at.is_some_and(|at| at.elapsed() >= FIRST_WORD);
        if self.reconciles.is_none() && self.reconciling.values().any(silent) {
            self.reconciles = Some(false);
        }
        self.not_offered(silent);
        self.send_reconciliations(relay);
    }

    fn not_offered(&mut self, which: impl Fn(&Reconciling) -> bool) {
        for (_, one) in self.reconciling.extract_if(|_, one| which(one)) {
            drop(one.reply.send(Ok(Compared::NotOffered)));
        }
    }

    pub(super) fn fail_reconciliations(&mut self, reason: &str) {
        for (_, one) in self.reconciling.drain() {
            drop(one.reply.send(Err(reason.to_owned())));
        }
    }
}
