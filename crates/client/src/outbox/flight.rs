//! Attempts under way: how many at a time, and when a relay is asked again.
//! It records nothing: the outbox does.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use murmel_net::{Lane as NetLane, RelayAddress};
use murmel_store::{Answer, Due, Lane, OutboxId};
use nostr::Event;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::account::Account;
use crate::pace::{Pace, grown};

/// A relay that names a lasting reason is asked this often in all before its refusal counts.
const LASTING_REFUSALS: u32 = 3;
/// The same for a relay that names no reason that NIP-01 knows.
const UNCLEAR_REFUSALS: u32 = 10;
/// Refusals that are counted at a time; beyond it every count begins again, which costs further attempts only.
const COUNTED: usize = 10_000;
/// Relays whose trouble is remembered; beyond it everybody gets a fresh start.
const TROUBLES: usize = 1_024;
/// Failures of a relay within this time count as one: a lost connection fails everything that was on it.
const ONE_FAILURE: Duration = Duration::from_millis(500);
/// Attempts under way at a time, all relays together.
const IN_FLIGHT: usize = 1_024;
/// Attempts under way at a time on one relay, so that a silent one leaves room for the others.
const IN_FLIGHT_PER_RELAY: usize = 256;
/// Work of the outbox that comes so long after the last, in seconds, is the first after the computer slept.
const SLEPT: u64 = 2 * 60 * 60;
/// Longest words of a relay that are kept, in characters.
const MAX_WORDS: usize = 200;

/// One event for one relay, with the relay's answer.
pub(super) struct Attempt {
    pub(super) due: Due,
    pub(super) answer: Answer,
    /// The relay's words, or ours, fit to be shown.
    pub(super) detail: String,
    /// After how many refusals in all asking this relay again makes no sense.
    pub(super) refusals: Option<u32>,
}

/// What is under way, and how relays behaved lately.
#[derive(Default)]
pub(super) struct Flight {
    busy: HashSet<(OutboxId, String)>,
    per_relay: HashMap<String, usize>,
    pub(super) attempts: JoinSet<Attempt>,
    /// Relays that do not answer: how often in a row, and since when it counts.
    trouble: HashMap<String, (u32, Instant)>,
    /// How often a relay refused an event.
    refused: HashMap<(OutboxId, String), u32>,
    at_work_since: u64,
    at_work: u64,
}

impl Flight {
    /// The outbox works at `now`; answers since when it does so without a long pause, both in Unix seconds: time in which the computer slept, or the
    /// program did not run, is not time in which a relay was given its chance.
    pub(super) fn at_work(&mut self, now: u64) -> u64 {
        if now.saturating_sub(self.at_work) > SLEPT {
            self.at_work_since = now;
        }
        self.at_work = now;
        self.at_work_since
    }

    /// Whether more can start at all.
    pub(super) fn has_room(&self) -> bool {
        self.busy.len() < IN_FLIGHT
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.busy.len()
    }

    /// Those of the due attempts that can start now, without exceeding a cap together.
    pub(super) fn choose(&self, due: Vec<Due>) -> Vec<Due> {
        let mut added: HashMap<String, usize> = HashMap::new();
        let mut chosen = Vec::new();
        for due in due {
            let on_relay = added.entry(due.relay.clone()).or_default();
            let under_way = self.per_relay.get(&due.relay).copied().unwrap_or(0);
            let room = self.busy.len() + chosen.len() < IN_FLIGHT && under_way + *on_relay < IN_FLIGHT_PER_RELAY;
            if room && self.takes(&due) {
                *on_relay += 1;
                chosen.push(due);
            }
        }
        chosen
    }

    fn takes(&self, due: &Due) -> bool {
        self.has_room()
            && self.per_relay.get(&due.relay).copied().unwrap_or(0) < IN_FLIGHT_PER_RELAY
            && !self.busy.contains(&(due.outbox, due.relay.clone()))
    }

    /// Sends an event to a relay; `None` where its bytes cannot be read.
    pub(super) fn start(&mut self, account: &Arc<Account>, due: Due, event: Option<Arc<Event>>) {
        self.busy.insert((due.outbox, due.relay.clone()));
        *self.per_relay.entry(due.relay.clone()).or_default() += 1;
        let account = Arc::clone(account);
        murmel_store::crash_point!("publish: about to");
        self.attempts.spawn(async move { attempt(&account, due, event).await });
    }

    /// Makes room for the next one.
    pub(super) fn landed(&mut self, attempt: &Attempt) {
        self.busy.remove(&(attempt.due.outbox, attempt.due.relay.clone()));
        if let Some(count) = self.per_relay.get_mut(&attempt.due.relay) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.per_relay.remove(&attempt.due.relay);
            }
        }
    }

    /// Notes how a relay behaved. An answer of any kind ends its trouble; `true` where it was in trouble.
    pub(super) fn heard_from(&mut self, relay: &str, answer: Answer) -> bool {
        if matches!(answer, Answer::Accepted | Answer::Refused) {
            return self.trouble.remove(relay).is_some();
        }
        if self.trouble.len() >= TROUBLES {
            self.trouble.clear();
        }
        let now = Instant::now();
        let (count, since) = self.trouble.entry(relay.to_owned()).or_insert((0, now));
        if now.duration_since(*since) >= ONE_FAILURE {
            (*count, *since) = (count.saturating_add(1), now);
        }
        false
    }

    /// Counts a refusal; answers how many there are of this event by this relay.
    fn refused_by(&mut self, attempt: &Attempt) -> u32 {
        if self.refused.len() >= COUNTED {
            self.refused.clear();
        }
        let key = (attempt.due.outbox, attempt.due.relay.clone());
        if attempt.answer != Answer::Refused {
            if attempt.answer == Answer::Accepted {
                self.refused.remove(&key);
            }
            return 0;
        }
        let count = self.refused.entry(key).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// When to try again, in seconds from now; `None` for never.
    ///
    /// Silence and lost connections are the relay's trouble, not the event's: after the first one it is asked again at once.
    pub(super) fn pauses(&mut self, attempt: &Attempt, pace: &Pace) -> Option<[u64; 2]> {
        let refusals = self.refused_by(attempt);
        let trouble = self.trouble.get(&attempt.due.relay).map_or(0, |(count, _)| *count);
        let pause = |cap| match attempt.answer {
            Answer::TimedOut | Answer::Unreachable if trouble == 0 => 0,
            Answer::TimedOut | Answer::Unreachable => grown(pace.retry_first, trouble - 1, cap).as_secs().max(1),
            _ => grown(pace.retry_first, refusals.saturating_sub(1), cap).as_secs().max(1),
        };
        if attempt.answer == Answer::Refused && attempt.refusals.is_some_and(|last| refusals >= last) {
            self.refused.remove(&(attempt.due.outbox, attempt.due.relay.clone()));
            return None;
        }
        Some([pace.retry_cap, pace.remaining_cap].map(pause))
    }
}

async fn attempt(account: &Arc<Account>, due: Due, event: Option<Arc<Event>>) -> Attempt {
    let Some(event) = event else {
        return Attempt { due, answer: Answer::Refused, detail: "The event cannot be read.".to_owned(), refusals: Some(1) };
    };
    let Ok(relay) = RelayAddress::parse(&due.relay) else {
        return Attempt { due, answer: Answer::Refused, detail: "This is not the address of a relay.".to_owned(), refusals: Some(1) };
    };
    let lane = match due.lane {
        Lane::Inbox => NetLane::Inbox,
        Lane::Group => NetLane::Group,
    };
    let (answer, detail, refusals) = match account.net.publish(lane, &relay, &event, account.pace.publish).await {
        murmel_net::Answer::Accepted { detail } => (Answer::Accepted, detail, None),
        murmel_net::Answer::Refused { detail } => {
            let refusals = refusals_that_count(&detail);
            (Answer::Refused, detail, refusals)
        }
        // It said nothing, and the answer says that.
        murmel_net::Answer::TimedOut => (Answer::TimedOut, String::new(), None),
        murmel_net::Answer::Unreachable { detail } => (Answer::Unreachable, detail, None),
        murmel_net::Answer::NotDialled { detail } => (Answer::Refused, detail, Some(1)),
    };
    Attempt { due, answer, detail: words(&detail), refusals }
}

/// How many refusals with these words count as final, by the prefixes of NIP-01 and NIP-42.
fn refusals_that_count(detail: &str) -> Option<u32> {
    match detail.split_once(':').map(|(prefix, _)| prefix) {
        // These have nothing to do with the event.
        Some("rate-limited" | "error") => None,
        Some("blocked" | "invalid" | "pow" | "restricted" | "auth-required" | "mute") => Some(LASTING_REFUSALS),
        _ => Some(UNCLEAR_REFUSALS),
    }
}

/// Words of a relay, fit to be shown.
fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
}
