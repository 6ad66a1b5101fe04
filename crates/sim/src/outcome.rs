//! What came of seeds: broken promises, faults, forks and times, for people and as one JSON object.
//! It judges nothing; the ledger does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ledger::{Invariant, Violation};

/// Seeds that are named in a report; the number of all is counted.
pub const FAILED_SEEDS_CAP: usize = 1_000;

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Broken promises.
    pub violations: Vec<Violation>,
    /// How often each kind of fault was injected.
    pub faults: BTreeMap<&'static str, u64>,
    /// Messages that were sent.
    pub messages: usize,
    /// Epochs after which there was more than one branch.
    pub forks: usize,
    /// See [`crate::ledger::Judgement::beyond_reach`].
    pub beyond_reach: usize,
    /// How long it took after the storm until nothing changed any more, in simulated seconds.
    pub convergence: u64,
    /// How long all of it took, in simulated seconds.
    pub simulated_secs: u64,
    /// Of everything that was noted on the way: equal for two runs of a seed.
    pub digest: u64,
    /// What happened, where it was kept.
    pub trace: Vec<String>,
}

/// What came of one seed, as one process tells it to another.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// Broken promises: the invariant's name, and what was seen.
    pub violations: Vec<(String, String)>,
    /// Faults by kind.
    pub faults: BTreeMap<String, u64>,
    /// Messages that were sent.
    pub messages: u64,
    /// Forks seen.
    pub forks: u64,
    /// See [`Outcome::beyond_reach`].
    pub beyond_reach: u64,
    /// Simulated seconds until rest.
    pub convergence: u64,
    /// Simulated seconds in all.
    pub simulated_secs: u64,
    /// See [`Outcome::digest`].
    pub digest: String,
}

impl From<&Outcome> for Verdict {
    fn from(outcome: &Outcome) -> Self {
        let number = |count: usize| count as u64;
        Self {
            seed: outcome.seed,
            violations: outcome.violations.iter().map(|broken| (broken.invariant.name().to_owned(), broken.detail.clone())).collect(),
            faults: outcome.faults.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            messages: number(outcome.messages),
            forks: number(outcome.forks),
            beyond_reach: number(outcome.beyond_reach),
            convergence: outcome.convergence,
            simulated_secs: outcome.simulated_secs,
            digest: format!("{:016x}", outcome.digest),
        }
    }
}

/// What came of many seeds.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    seeds: u64,
    messages: u64,
    forks_seen: u64,
    forks_resolved: u64,
    beyond_reach: u64,
    worst_convergence: u64,
    simulated_secs: u64,
    faults: BTreeMap<String, u64>,
    broken: BTreeMap<String, u64>,
    failed: Vec<u64>,
    failed_count: u64,
}

impl Totals {
    /// Adds a seed.
    pub fn add(&mut self, verdict: &Verdict) {
        self.seeds += 1;
        self.messages += verdict.messages;
        self.simulated_secs += verdict.simulated_secs;
        self.forks_seen += verdict.forks;
        self.beyond_reach += verdict.beyond_reach;
        let apart = [Invariant::Diverged, Invariant::Deaf, Invariant::Restless].map(Invariant::name);
        if !verdict.violations.iter().any(|(name, _)| apart.contains(&name.as_str())) {
            self.forks_resolved += verdict.forks;
        }
        self.worst_convergence = self.worst_convergence.max(verdict.convergence);
        for (name, count) in &verdict.faults {
            *self.faults.entry(name.clone()).or_default() += count;
        }
        for (name, _) in &verdict.violations {
            *self.broken.entry(name.clone()).or_default() += 1;
        }
        if !verdict.violations.is_empty() {
            self.failed_count += 1;
            if self.failed.len() < FAILED_SEEDS_CAP {
                self.failed.push(verdict.seed);
            }
        }
    }

    /// How many seeds broke a promise.
    pub const fn failed(&self) -> u64 {
        self.failed_count
    }

    /// How many seeds there were.
    pub const fn seeds(&self) -> u64 {
        self.seeds
    }

    /// How often an invariant was broken.
    pub fn broken(&self, name: &str) -> u64 {
        self.broken.get(name).copied().unwrap_or(0)
    }

    /// As one JSON object: `seeds, messages, lost, duplicated, beyond_reach, forks_seen, forks_resolved, faults{kind: count},
    /// worst_convergence_secs, simulated_secs, broken{invariant: count}, failed, failed_seeds[…]`.
    pub fn json(&self) -> Value {
        json!({
            "seeds": self.seeds,
            "messages": self.messages,
            "lost": self.broken("lost"),
            "duplicated": self.broken("duplicated"),
            "forks_seen": self.forks_seen,
            "forks_resolved": self.forks_resolved,
            "beyond_reach": self.beyond_reach,
            "faults": self.faults,
            "worst_convergence_secs": self.worst_convergence,
            "simulated_secs": self.simulated_secs,
            "broken": self.broken,
            "failed": self.failed_count,
            "failed_seeds": self.failed,
        })
    }

    /// In words, line by line.
    pub fn lines(&self) -> Vec<String> {
        let faults: u64 = self.faults.values().sum();
        let mut lines = vec![
            format!("{} seeds, {} messages, {faults} faults, {} simulated hours", self.seeds, self.messages, self.simulated_secs / 3600),
            format!("lost {}, duplicated {}", self.broken("lost"), self.broken("duplicated")),
            format!(
                "of authors out of the group, or to people whom no honest relay reached, more than five epochs late: {}",
                self.beyond_reach
            ),
            format!("forks seen {}, resolved {}", self.forks_seen, self.forks_resolved),
            format!("longest way to rest after a storm: {} simulated seconds", self.worst_convergence),
        ];
        lines.extend(self.faults.iter().map(|(name, count)| format!("  {name:<20} {count}")));
        lines.extend(self.broken.iter().map(|(name, count)| format!("broken: {name} {count} times")));
        lines
    }
}
