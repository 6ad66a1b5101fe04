//! What is known of each relay of a lane: how it answers, how fast, and what went wrong last.
//! Never decides whether a relay is used: it only says which one to ask first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nostr::RelayUrl;
use tokio::sync::watch;
use tokio::time::Instant;

/// Relays of one lane that are remembered; of more, those without a connection are forgotten first.
pub const HEALTH_CAP: usize = 512;

/// How much of an old impression is left after a new one.
const MEMORY: f64 = 0.9;
/// Part of a new sample in the latency that is shown.
const SMOOTHING: f64 = 0.3;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nobody needs it.
    #[default]
    Idle,
    /// It is being dialled.
    Dialling,
    /// It is open.
    Open,
    /// It failed, and is dialled again after a pause.
    Resting,
    /// The dial policy forbids the address.
    Forbidden,
}

/// How a relay and we stand about authentication (NIP-42).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Auth {
    /// It did not ask.
    #[default]
    None,
    /// It asked, and we are answering.
    Asked,
    /// It knows the account.
    Given,
    /// It did not accept the answer.
    Refused,
    /// It asked on the group lane, which never answers.
    Withheld,
}

/// What is known of one relay on one lane.
#[derive(Debug, Default)]
pub(crate) struct Health {
    known: Mutex<Known>,
    changed: Option<Arc<watch::Sender<u64>>>,
}

/// The facts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) phase: Phase,
    pub(crate) auth: Auth,
    /// Why there is no connection, while there is none.
    pub(crate) fault: Option<String>,
    /// The last thing that went wrong, connection or not.
    pub(crate) last_fault: Option<(String, Instant)>,
    pub(crate) latency: Option<Duration>,
    /// When it last handed an event over or took one.
    pub(crate) delivered: Option<Instant>,
    pub(crate) next_dial: Option<Instant>,
    good: f64,
    bad: f64,
    lies: f64,
}

impl Known {
    /// 0 to 100; an unknown relay has 50. What it answered counts most, then its speed; what it forged or sent unasked counts against it.
    pub(crate) fn score(&self) -> u8 {
        let answered = 100.0 * (self.good + 1.0) / (self.good + self.bad + 2.0);
        let slow = self.latency.map_or(0.0, |latency| (latency.as_secs_f64() * 10.0).min(20.0));
        let score = (answered - slow - (self.lies * 10.0).min(50.0)).clamp(0.0, 100.0);
        // Between 0 and 100, so nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
        let score = score as u8;
        score
    }

    fn impression(&mut self, good: bool) {
        self.good = self.good * MEMORY + f64::from(u8::from(good));
        self.bad = self.bad * MEMORY + f64::from(u8::from(!good));
        self.lies *= MEMORY;
    }
}

impl Health {
    pub(crate) fn is_connected(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    pub(crate) fn fault(&self) -> Option<String> {
        self.lock().fault.clone()
    }

    pub(crate) fn known(&self) -> Known {
        self.lock().clone()
    }

    pub(crate) fn dialling(&self) {
        self.change(|known| (known.phase, known.auth, known.next_dial) = (Phase::Dialling, Auth::None, None));
    }

    /// A connection is open; `took` is how long dialling it was, which stands for the latency until the relay answers something.
    pub(crate) fn opened(&self, took: Duration) {
        self.change(|known| {
            (known.phase, known.fault) = (Phase::Open, None);
            known.latency.get_or_insert(took);
        });
    }

    /// There is no connection any more, and there is to be one again.
    pub(crate) fn lost(&self, phase: Phase, fault: String) {
        self.change(|known| {
            known.impression(false);
            (known.phase, known.fault) = (phase, Some(fault.clone()));
            known.last_fault = Some((fault, Instant::now()));
        });
    }

    /// Nobody needs the connection any more.
    pub(crate) fn idle(&self) {
        self.change(|known| (known.phase, known.fault, known.next_dial) = (Phase::Idle, None, None));
    }

    pub(crate) fn rests_until(&self, at: Instant) {
        self.quietly(|known| known.next_dial = Some(at));
    }

    /// It answered after `took`.
    pub(crate) fn answered(&self, took: Option<Duration>) {
        self.quietly(|known| {
            known.impression(true);
            if let Some(took) = took {
                let before = known.latency.unwrap_or(took);
                known.latency = Some(before.mul_f64(1.0 - SMOOTHING) + took.mul_f64(SMOOTHING));
            }
        });
    }

    /// It did not answer, or said no: `words` as they are shown.
    pub(crate) fn failed(&self, words: &str) {
        self.change(|known| {
            known.impression(false);
            known.last_fault = Some((words.to_owned(), Instant::now()));
        });
    }

    /// It handed an event over, or took one.
    pub(crate) fn delivered(&self) {
        let first = self.quietly(|known| known.delivered.replace(Instant::now()).is_none());
        if first {
            self.tell();
        }
    }

    /// It sent something forged, or something that nobody asked for.
    pub(crate) fn lied(&self) {
        self.quietly(|known| known.lies += 1.0);
    }

    pub(crate) fn auth(&self, auth: Auth) {
        self.change(|known| known.auth = auth);
    }

    fn change(&self, f: impl FnOnce(&mut Known)) {
        self.quietly(f);
        self.tell();
    }

    fn quietly<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        f(&mut self.lock())
    }

    fn tell(&self) {
        if let Some(changed) = &self.changed {
            changed.send_modify(|count| *count += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every relay of a lane.
#[derive(Debug)]
pub(crate) struct HealthBook {
    relays: Mutex<HashMap<RelayUrl, Arc<Health>>>,
    changed: Arc<watch::Sender<u64>>,
}

impl HealthBook {
    pub(crate) fn new(changed: Arc<watch::Sender<u64>>) -> Self {
        Self { relays: Mutex::default(), changed }
    }

    /// What is known of a relay; begins with nothing.
    pub(crate) fn of(&self, relay: &RelayUrl) -> Arc<Health> {
        let mut relays = self.relays();
        if relays.len() >= HEALTH_CAP && !relays.contains_key(relay) {
            relays.retain(|_, health| health.known().phase != Phase::Idle);
        }
        let fresh = || Arc::new(Health { known: Mutex::default(), changed: Some(self.changed.clone()) });
        relays.entry(relay.clone()).or_insert_with(fresh).clone()
    }

    /// What is known of a relay, where something is.
    pub(crate) fn known(&self, relay: &RelayUrl) -> Option<Known> {
        self.relays().get(relay).map(|health| health.known())
    }

    pub(crate) fn all(&self) -> Vec<(RelayUrl, Known)> {
        self.relays().iter().map(|(relay, health)| (relay.clone(), health.known())).collect()
    }

    fn relays(&self) -> MutexGuard<'_, HashMap<RelayUrl, Arc<Health>>> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a relay's refusal means, where NIP-01 or NIP-42 give its first word a meaning; otherwise its own words.
pub fn explained(words: &str, authenticates: bool) -> String {
    let meaning = match words.split_once(':').map(|(prefix, _)| prefix) {
        Some("auth-required") if !authenticates => {
            "This relay wants to know who you are. Relays of groups are never told; another relay serves the group better."
        }
        Some("auth-required") => "This relay wants to know who you are and did not accept the answer.",
        Some("restricted") => "This relay serves only some people, and you are not one of them.",
        Some("rate-limited") => "This relay takes only so much at a time; Murmel goes on more slowly.",
        Some("pow") => "This relay wants computing work for each message, which Murmel does not do.",
        Some("blocked" | "mute") => "This relay has blocked this account or message.",
        _ => return words.to_owned(),
    };
    format!("{meaning} It says: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_that_answers_comes_before_an_unknown_one_and_that_before_one_that_fails() {
        let (good, bad, unknown) = (Health::default(), Health::default(), Health::default());
        for _ in 0..5 {
            good.answered(Some(Duration::from_millis(80)));
            bad.failed("no answer");
        }
        let score = |health: &Health| health.known().score();
        assert!(score(&good) > score(&unknown) && score(&unknown) > score(&bad), "{} {} {}", score(&good), score(&unknown), score(&bad));
    }

    #[test]
    fn a_relay_that_forges_sinks_and_can_rise_again() {
        let health = Health::default();
        health.answered(None);
        let before = health.known().score();
        for _ in 0..5 {
            health.lied();
        }
        assert!(health.known().score() + 40 < before);
        for _ in 0..40 {
            health.answered(None);
        }
        assert!(health.known().score() > before);
    }

    #[test]
    fn refusals_are_explained_in_plain_words_and_quoted() {
        assert!(explained("auth-required: who are you?", false).starts_with("This relay wants to know who you are. Relays of groups"));
        assert!(explained("restricted: members only", true).ends_with("It says: restricted: members only"));
        assert_eq!(explained("something else", true), "something else");
    }
}
