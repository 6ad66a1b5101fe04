//! Forks heal: rival branches are followed beside the group, and the group moves to another one when that comes first.
//! It never looks at who came first, and merges nothing that `authorize` has not allowed.

use std::collections::BTreeSet;

use nostr::PublicKey;
use openmls::group::MlsGroup;
use openmls::prelude::{ContentType, ProtocolMessage};

use crate::applied::{Applied, GroupEvent};
use crate::branch::{self, Choice, Reason, WITNESS_QUORUM};
use crate::context::Context;
use crate::error::Fault;
use crate::group::{Group, PAST_EPOCHS, mls_id};
use crate::ingest::{Ingest, Why};
use crate::welcome::Preview;
use crate::{Digest, Epoch, EpochRecord, Storage, StorageFault};

/// Rival commits of one member from one epoch that are followed. More than a few are no accident.
pub const RIVALS_PER_MEMBER: usize = 4;
/// Epochs of rival branches that are kept of one group. An admin's commits are followed beyond it, so that a flood cannot hide them.
pub const RIVALS_CAP: usize = 24;

/// See [`Group::lost_removal`].
#[derive(Clone, Debug)]
pub struct LostRemoval {
    /// The commit that removed us.
    pub removal: Applied,
    /// The last epoch that its branch and ours share; the oldest that is kept, where that one is not.
    pub fork: Epoch,
    /// So many events that we cannot read it takes at least until its branch comes before ours for those who can.
    pub behind: u64,
}

/// The group moved from one branch to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switched {
    /// The last epoch that both branches share.
    pub fork: Epoch,
    /// What decided.
    pub reason: Reason,
    /// The epochs that are not the group's any more, newest first.
    pub left: Vec<Left>,
    /// The commits that are the group's now, oldest first.
    pub entered: Vec<Applied>,
    /// The new tip.
    pub tip: Digest,
    /// `false` when it removed us.
    pub still_member: bool,
    /// A staged commit of ours went with the old branch.
    pub superseded_own: bool,
}

/// An epoch of a branch that the group left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The commit that began it: messages and changes that carry this name do not count any more.
    pub commit: Digest,
    /// Its number.
    pub epoch: Epoch,
    /// Who committed; `None` where that is not known.
    pub by: Option<PublicKey>,
}

/// A commit of a rival branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// The commit.
    pub applied: Applied,
    /// What decided against its branch; `None` where it was not compared.
    pub reason: Option<Reason>,
}

impl Group {
    /// A handshake of an epoch that is not the tip: a proposal is kept there, a commit is followed as a rival.
    pub(crate) fn ingest_elsewhere(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
    ) -> Result<Ingest, Fault> {
        let (epoch, is_commit) = (Epoch(message.epoch().as_u64()), message.content_type() == ContentType::Commit);
        if is_commit && self.rivals() >= RIVALS_CAP * 2 {
            return Ok(Ingest::Rejected(Why::TooManyRivals));
        }
        // What waits to be written has to stay, whatever becomes of this one.
        self.write_held_keys(storage)?;
        storage.attempt(|| {
            let outcome = self.judge_elsewhere(storage, message, digest, source, epoch, is_commit);
            // What is refused leaves nothing behind, not even the snapshot of the tip from which its judge came back.
            (!matches!(outcome, Ok(Ingest::Rejected(_))), outcome)
        })?
    }

    fn judge_elsewhere(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
        epoch: Epoch,
        is_commit: bool,
    ) -> Result<Ingest, Fault> {
        let own = is_commit && self.was_ours(storage, epoch, &digest)?;
        if !self.stand(storage, if own { digest } else { source }, source)? {
            return Ok(Ingest::Unrecoverable);
        }
        let outcome = if own {
            Ingest::Commit(self.advance_own(storage, digest, false)?)
        } else {
            self.process(storage, message, digest, source, epoch)?
        };
        match outcome {
            Ingest::Commit(applied) if self.tip == applied.digest => Ok(Ingest::Commit(applied)),
            Ingest::Commit(applied) if !self.make_room(storage, &applied, source)? => {
                self.stand_at_tip(storage)?;
                Ok(Ingest::Rejected(Why::TooManyRivals))
            }
            Ingest::Commit(applied) => {
                self.keep(storage, &applied.digest, applied.to)?;
                self.settle(storage, Some(applied))
            }
            kept @ Ingest::Proposal { .. } => {
                self.keep(storage, &source, epoch)?;
                self.stand_at_tip(storage)?;
                Ok(kept)
            }
            other => {
                self.stand_at_tip(storage)?;
                Ok(other)
            }
        }
    }

    /// An application message of a rival branch: it speaks for that branch, and stays closed.
    pub(crate) fn ingest_witness(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
    ) -> Result<Ingest, Fault> {
        if self.witnesses.get(&source).is_some_and(|accounts| accounts.len() >= WITNESS_QUORUM) {
            return Ok(Ingest::Deferred(Why::OtherBranch));
        }
        match self.look_aside(storage, message, digest, source)? {
            Ingest::Message(received) if self.witness(storage, source, received.sender)? => self.settle(storage, None),
            _ => Ok(Ingest::Deferred(Why::OtherBranch)),
        }
    }

    /// Notes that an account wrote in an epoch; `false` where that is known or adds nothing.
    pub(crate) fn witness(&mut self, storage: &impl Storage, commit: Digest, account: PublicKey) -> Result<bool, Fault> {
        let accounts = self.witnesses.entry(commit).or_default();
        if accounts.len() >= WITNESS_QUORUM || !accounts.insert(account) {
            return Ok(false);
        }
        storage.put_witness(&self.id, &commit, &account)?;
        Ok(true)
    }

    /// Decides which branch is the group, and stands there. `kept`: the rival commit that came last.
    fn settle(&mut self, storage: &impl Storage, kept: Option<Applied>) -> Result<Ingest, Fault> {
        let choice = branch::choose(&self.epochs, &self.witnesses);
        let reason = choice.as_ref().map(|choice| choice.reason);
        let first_comes_first = cfg!(murmel_bug = "order_by_arrival");
        let Some(choice) = choice.filter(|choice| choice.tip != self.tip && !first_comes_first) else {
            self.stand_at_tip(storage)?;
            return Ok(kept.map_or(Ingest::Deferred(Why::OtherBranch), |applied| Ingest::Rival(Rival { applied, reason })));
        };
        self.stand_at_tip(storage)?;
        let superseded_own = self.keep_superseded(storage)?;
        self.keep(storage, &{ self.tip }, self.epoch())?;
        let (old, new) = (self.names(&self.tip), self.names(&choice.tip));
        if !self.stand(storage, choice.tip, choice.tip)? {
            return Ok(Ingest::Unrecoverable);
        }
        if self.mls.pending_commit().is_some() {
            // Staged when this branch was the group before, and kept under its own name since.
            self.mls.clear_pending_commit(storage.storage()).map_err(StorageFault::new)?;
        }
        let left =
            |record: &EpochRecord| Left { commit: record.commit, epoch: record.epoch, by: record.began.as_ref().map(|applied| applied.by) };
        let left = branch::chain(&self.epochs, &self.tip).into_iter().filter(|record| !new.contains(&record.commit)).map(left).collect();
        let mut entered: Vec<_> = branch::chain(&self.epochs, &choice.tip)
            .into_iter()
            .filter(|record| !old.contains(&record.commit))
            .filter_map(|record| record.began.clone())
            .collect();
        entered.reverse();
        self.follow(storage, choice.tip)?;
        let Choice { fork, reason, tip } = choice;
        Ok(Ingest::Switched(Switched { fork, reason, left, entered, tip, still_member: self.is_active(), superseded_own }))
    }

    fn names(&self, tip: &Digest) -> BTreeSet<Digest> {
        branch::chain(&self.epochs, tip).into_iter().map(|record| record.commit).collect()
    }

    /// Puts the group into the state that is kept as `snapshot`, which is the epoch that `commit` began; `false` where it is not kept.
    fn stand(&mut self, storage: &impl Storage, snapshot: Digest, commit: Digest) -> Result<bool, Fault> {
        if self.at == self.tip {
            self.keep(storage, &{ self.tip }, self.epoch())?;
        }
        if !storage.restore_snapshot(&self.id, &snapshot)? {
            return Ok(false);
        }
        let mls = MlsGroup::load(storage.storage(), &mls_id(&self.id)).map_err(StorageFault::new)?;
        self.mls = mls.ok_or_else(|| Fault::mls("a snapshot without a group"))?;
        self.context = Context::read(self.mls.extensions()).map_err(Fault::mls)?;
        self.at = commit;
        Ok(true)
    }

    fn stand_at_tip(&mut self, storage: &impl Storage) -> Result<(), Fault> {
        if self.at == self.tip || self.stand(storage, self.tip, self.tip)? { Ok(()) } else { Err(Fault::mls("the tip has no snapshot")) }
    }

    /// The group is at `tip` now; what is older than the window is forgotten, with the branches that began there.
    pub(crate) fn follow(&mut self, storage: &impl Storage, tip: Digest) -> Result<(), Fault> {
        self.tip = tip;
        storage.put_tip(&self.id, &tip)?;
        let oldest = self.epoch().back(PAST_EPOCHS);
        storage.forget_epochs_before(&self.id, oldest)?;
        self.epochs.retain(|record| record.epoch >= oldest);
        let Some(root) = branch::chain(&self.epochs, &tip).last().map(|record| record.commit) else { return Ok(()) };
        let orphans: Vec<_> = self.epochs.iter().map(|record| record.commit).filter(|commit| !self.names(commit).contains(&root)).collect();
        for orphan in orphans {
            self.forget(storage, &orphan)?;
        }
        let epochs = &self.epochs;
        self.witnesses.retain(|commit, _| epochs.iter().any(|record| record.commit == *commit));
        Ok(())
    }

    fn forget(&mut self, storage: &impl Storage, commit: &Digest) -> Result<(), Fault> {
        storage.forget_epoch(&self.id, commit)?;
        self.epochs.retain(|record| record.commit != *commit);
        self.witnesses.remove(commit);
        Ok(())
    }

    /// Whether a welcome says that the others have left the branch that we are on: a leaf of ours is in the tree only once, so whoever could
    /// add us again is where we are no member. We trust that to somebody who is an admin here, and not for epochs that we have behind us.
    pub fn is_left_behind_by(&self, welcome: &Preview) -> bool {
        let begun_here = self.epochs.iter().any(|record| record.commit == welcome.transcript);
        let oldest = self.epochs.iter().map(|record| record.epoch).min();
        self.context.admins.contains(&welcome.inviter) && !begun_here && oldest.is_some_and(|oldest| welcome.epoch >= oldest)
    }

    /// A change that removes us, on a branch that lost here. Nobody without keys sees how that branch goes on: the others may be on it.
    pub fn lost_removal(&self) -> Option<LostRemoval> {
        if !self.is_active() {
            return None;
        }
        let ours = self.names(&self.tip);
        let removals = self.epochs.iter().filter(|record| record.keys.is_none() && !ours.contains(&record.commit));
        let removal = removals.filter_map(|record| record.began.as_ref()).min_by_key(|applied| (applied.to, applied.digest))?;
        let theirs = branch::chain(&self.epochs, &removal.digest);
        let shared = theirs.into_iter().find(|record| ours.contains(&record.commit)).map(|record| record.epoch);
        let oldest = self.epochs.iter().map(|record| record.epoch).min();
        let fork = shared.or(oldest)?;
        let behind = branch::behind(&self.epochs, &self.witnesses, fork, (&removal.digest, &self.tip));
        Some(LostRemoval { removal: removal.clone(), fork, behind })
    }

    /// Whom branches that lost here removed, as far as they are kept. They may believe that these are the group.
    pub fn removed_elsewhere(&self) -> BTreeSet<PublicKey> {
        let ours = self.names(&self.tip);
        let rivals = self.epochs.iter().filter(|record| !ours.contains(&record.commit));
        let events = rivals.filter_map(|record| record.began.as_ref()).flat_map(|applied| &applied.events);
        events.filter_map(|event| if let GroupEvent::MemberRemoved(who) = event { Some(*who) } else { None }).collect()
    }

    /// Epochs of rival branches.
    fn rivals(&self) -> usize {
        self.epochs.len().saturating_sub(self.epochs().len())
    }

    /// Keeps the rivals of one member within their bounds after one more was recorded; `false` where that one itself has to go.
    ///
    /// Which ones stay does not depend on the order in which they came.
    fn make_room(&mut self, storage: &impl Storage, applied: &Applied, source: Digest) -> Result<bool, Fault> {
        let ours = self.names(&self.tip);
        let rank = |record: &EpochRecord| (!record.began.as_ref().is_some_and(|applied| applied.privileged), record.commit);
        let by_member =
            |record: &&EpochRecord| record.parent == Some(source) && record.began.as_ref().is_some_and(|began| began.by == applied.by);
        let siblings: Vec<_> = self.epochs.iter().filter(by_member).collect();
        let bare =
            |record: &&&EpochRecord| !ours.contains(&record.commit) && !self.epochs.iter().any(|other| other.parent == Some(record.commit));
        let worst = siblings.iter().filter(bare).max_by_key(|record| rank(record)).map(|record| record.commit);
        let go = match worst {
            Some(worst) if siblings.len() > RIVALS_PER_MEMBER => worst,
            _ if !applied.privileged && self.rivals() > RIVALS_CAP => applied.digest,
            _ => return Ok(true),
        };
        self.forget(storage, &go)?;
        Ok(go != applied.digest)
    }

    /// Whether this is a commit that we staged and went on without.
    pub(crate) fn was_ours(&self, storage: &impl Storage, epoch: Epoch, digest: &Digest) -> Result<bool, Fault> {
        Ok(self.record(digest).is_none() && storage.snapshots(&self.id)?.contains(&(epoch, *digest)))
    }
}
