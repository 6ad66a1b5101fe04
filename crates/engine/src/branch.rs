//! Which branch of a fork is the group: a pure order over authenticated data (Marmot v2, convergence policy v1).
//! It knows neither MLS nor storage, and never looks at relays, times or the order of arrival.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use nostr::PublicKey;
use serde::{Deserialize, Serialize};

use crate::group::PAST_EPOCHS;
use crate::{Digest, Epoch, EpochRecord};

/// So many accounts that wrote in an epoch of a branch speak for it; more add nothing.
pub const WITNESS_QUORUM: usize = 2;
/// So many commits a branch without such an epoch has to be ahead to come before one that has it, less one.
const WITNESS_DEPTH: u64 = 1;

/// Who sent application messages in which epoch.
pub type Witnesses = BTreeMap<Digest, BTreeSet<PublicKey>>;

/// Why a branch came before the next best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// It is longer, where messages of two members count as much as one commit.
    Longer,
    /// Two members wrote in one of its epochs.
    Witnessed,
    /// More members wrote in its epochs.
    MoreWitnesses,
    /// Its last commit does more than rotate keys or confirm departures.
    Privileged,
    /// The account of its last committer is the lower one.
    LowerAccount,
    /// The digest of its last commit is the lower one.
    LowerDigest,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The commit at the end of the branch that is the group.
    pub tip: Digest,
    /// The last epoch that all branches share.
    pub fork: Epoch,
    /// Why.
    pub reason: Reason,
}

/// Ordered such that the greater one is the group.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    /// Commits since the fork, and one more for the quorum.
    effective: u64,
    quorum: bool,
    depth: u64,
    witnesses: usize,
    privileged: bool,
    committer: Reverse<Option<PublicKey>>,
    digest: Reverse<Digest>,
}

impl Score {
    fn reason_over(&self, other: &Self) -> Reason {
        if self.effective != other.effective || self.quorum == other.quorum && self.depth != other.depth {
            Reason::Longer
        } else if self.quorum != other.quorum {
            Reason::Witnessed
        } else if self.witnesses != other.witnesses {
            Reason::MoreWitnesses
        } else if self.privileged != other.privileged {
            Reason::Privileged
        } else if self.committer != other.committer {
            Reason::LowerAccount
        } else {
            Reason::LowerDigest
        }
    }
}

/// The epochs from `tip` back to the first one that is kept.
pub(crate) fn chain<'a>(epochs: &'a [EpochRecord], tip: &Digest) -> Vec<&'a EpochRecord> {
    let mut chain: Vec<&EpochRecord> = Vec::new();
    let mut next = Some(*tip);
    while let Some(record) = next.and_then(|commit| epochs.iter().find(|record| record.commit == commit)) {
        // A branch has one epoch of each number; anything else is no chain.
        if chain.last().is_some_and(|child| child.epoch <= record.epoch) {
            break;
        }
        next = record.parent;
        chain.push(record);
    }
    chain
}

/// The branch that is the group; `None` while there is only one.
pub(crate) fn choose(epochs: &[EpochRecord], witnesses: &Witnesses) -> Option<Choice> {
    let parents: BTreeSet<_> = epochs.iter().filter_map(|record| record.parent).collect();
    let mut branches: Vec<_> =
        epochs.iter().filter(|record| !parents.contains(&record.commit)).map(|record| chain(epochs, &record.commit)).collect();
    branches.retain(|branch| branch.last().is_some_and(|oldest| branches_from(epochs, oldest)));
    if branches.len() < 2 {
        return None;
    }
    let shared: BTreeSet<_> = branches
        .iter()
        .map(|branch| branch.iter().map(|record| record.commit).collect::<BTreeSet<_>>())
        .reduce(|a, b| a.intersection(&b).copied().collect())?;
    let fork = branches.first()?.iter().find(|record| shared.contains(&record.commit))?.epoch;
    let mut scored: Vec<_> = branches.iter().filter_map(|branch| Some((score(branch, fork, witnesses)?, branch.first()?.commit))).collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0));
    let [(best, tip), (next, _), ..] = scored.as_slice() else { return None };
    Some(Choice { tip: *tip, fork, reason: best.reason_over(next) })
}

/// How many events more, commits or messages, it takes at least until the branch that ends at `lost` comes before the one that ends at `tip`.
/// Both share their epochs up to `fork`.
pub(crate) fn behind(epochs: &[EpochRecord], witnesses: &Witnesses, fork: Epoch, (lost, tip): (&Digest, &Digest)) -> u64 {
    let effective = |end| score(&chain(epochs, end), fork, witnesses).map_or(0, |score| score.effective);
    // One event more makes a branch one commit longer at most, and of two that are equal the last commits decide.
    effective(tip).saturating_sub(effective(lost)).max(1)
}

/// Whether this is the first epoch of all: a branch whose beginning is not kept any more takes no part.
fn branches_from(epochs: &[EpochRecord], oldest: &EpochRecord) -> bool {
    epochs.iter().all(|record| record.epoch >= oldest.epoch)
}

fn score(branch: &[&EpochRecord], fork: Epoch, witnesses: &Witnesses) -> Option<Score> {
    let tip = branch.first()?;
    let since = branch.iter().filter(|record| record.epoch > fork && tip.epoch.0 - record.epoch.0 <= PAST_EPOCHS);
    let counts: Vec<_> =
        since.map(|record| witnesses.get(&record.commit).map_or(0, |accounts| accounts.len().min(WITNESS_QUORUM))).collect();
    let quorum = counts.iter().any(|count| *count >= WITNESS_QUORUM);
    let depth = tip.epoch.0.saturating_sub(fork.0);
    let began = tip.began.as_ref();
    Some(Score {
        effective: depth + if quorum { WITNESS_DEPTH } else { 0 },
        quorum,
        depth,
        witnesses: counts.iter().sum(),
        privileged: began.is_some_and(|applied| applied.privileged),
        committer: Reverse(began.map(|applied| applied.by)),
        digest: Reverse(tip.commit),
    })
}

#[cfg(test)]
mod tests;
