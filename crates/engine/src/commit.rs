//! Changing a group: a commit is staged, published, and merged only after a relay accepted it.
//! Every merge, of our own commits and of others', goes through [`Group::advance`].

use nostr::{Event, PublicKey};
use openmls::ciphersuite::hash_ref::ProposalRef;
use openmls::component::ComponentData;
use openmls::group::{MlsGroup, StagedCommit};
use openmls::prelude::{AppDataUpdateProposal, LeafNodeIndex, Proposal, Sender};
use tls_codec::{Serialize as _, VLBytes};

use crate::applied::{Applied, GroupEvent};
use crate::authorize::{self, Allowed, Unauthorized};
use crate::change::{Change, Plan};
use crate::device::Device;
use crate::error::{Error, Fault, Refusal};
use crate::group::{Group, Sealed};
use crate::pending::{Invitation, Pending};
use crate::{Digest, Epoch, KeyChange, Storage, StorageFault};

/// A commit that waits for a relay.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The kind 445 event; exactly these bytes are published.
    pub event: Event,
    /// Of the commit.
    pub digest: Digest,
    /// The epoch it starts from.
    pub epoch: Epoch,
}

/// A commit of ours that was merged.
pub struct Confirmed {
    /// What it did.
    pub applied: Applied,
    /// Welcomes to send now.
    pub invitations: Vec<Invitation>,
}

impl Group {
    /// Prepares a change. Nothing is merged: publish the event, then [`Group::confirm`] or [`Group::discard`]. `now` in Unix seconds.
    pub fn stage(&mut self, storage: &impl Storage, device: &Device, change: Change, now: u64) -> Result<Staged, Error> {
        self.require_active()?;
        if self.pending.is_some() {
            return Err(Refusal::CommitPending.into());
        }
        let plan = self.plan(storage, device, change)?;
        let (commit, welcome) = self.build(storage, device, &plan)?;
        let invitations = match welcome {
            Some(welcome) => Invitation::for_each(&plan.adds, &welcome, self.context.routing.relays()),
            None => Ok(Vec::new()),
        };
        let checked = self.check_own().map_err(|reason| Refusal::Invalid(reason.to_string()));
        let sealed = match checked.and(invitations) {
            Ok(invitations) => self.seal(&commit, now, None).map(|sealed| (sealed, invitations)),
            Err(refusal) => Err(refusal.into()),
        };
        let (Sealed { event, digest, epoch, .. }, invitations) = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                self.mls.clear_pending_commit(storage.storage()).map_err(StorageFault::new)?;
                return Err(error);
            }
        };
        let pending = Pending { digest, epoch, invitations };
        storage.put_pending(&self.id, &pending.encode()?)?;
        self.pending = Some(pending);
        Ok(Staged { event, digest, epoch })
    }

    /// Merges the staged commit after at least one relay accepted it; `None` where none is staged. `now` in Unix seconds.
    pub fn confirm(&mut self, storage: &impl Storage, _now: u64) -> Result<Option<Confirmed>, Fault> {
        let Some(pending) = self.pending.clone() else { return Ok(None) };
        let applied = self.advance_own(storage, pending.digest, true)?;
        Ok(Some(Confirmed { applied, invitations: pending.invitations }))
    }

    /// Drops the staged commit. Should a relay have passed it on all the same, it takes part in a race like anybody's commit.
    pub fn discard(&mut self, storage: &impl Storage) -> Result<(), Fault> {
        self.keep_superseded(storage)?;
        self.mls.clear_pending_commit(storage.storage()).map_err(StorageFault::new)?;
        Ok(())
    }

    /// Keeps the staged commit with the state that it was made in, under its own name, and goes on without it: OpenMLS can merge a commit
    /// of ours only from there, and somebody may have seen it. Answers whether there was one.
    pub(crate) fn keep_superseded(&mut self, storage: &impl Storage) -> Result<bool, Fault> {
        let Some(pending) = self.pending.take() else { return Ok(false) };
        self.keep(storage, &pending.digest, pending.epoch)?;
        storage.clear_pending(&self.id)?;
        if !pending.invitations.is_empty() {
            storage.put_given_up(&self.id, &pending.digest, pending.epoch, &pending.encode()?)?;
        }
        Ok(true)
    }

    /// The welcomes of a commit of ours that was given up and counts after all; each is handed out once.
    pub fn invitations_of(&self, storage: &impl Storage, commit: &Digest) -> Result<Vec<Invitation>, Fault> {
        let kept = storage.take_given_up(&self.id, commit)?;
        Ok(kept.map(|bytes| Pending::decode(&bytes)).transpose()?.map_or_else(Vec::new, |pending| pending.invitations))
    }

    /// Proposes our own departure; another member has to commit it. `now` in Unix seconds.
    pub fn propose_leave(&mut self, storage: &impl Storage, device: &Device, now: u64) -> Result<Sealed, Error> {
        self.require_active()?;
        if self.pending.is_some() {
            return Err(Refusal::CommitPending.into());
        }
        if self.context.admins.contains(&device.account()) {
            return Err(Refusal::StillAdmin.into());
        }
        let message = self.mls.leave_group_via_self_remove(storage, device.signer()).map_err(Fault::mls)?;
        let sealed = self.seal(&message.tls_serialize_detached().map_err(Fault::mls)?, now, None)?;
        storage.remember_message(&self.id, &sealed.digest, sealed.epoch)?;
        Ok(sealed)
    }

    /// Accounts that proposed to leave in this epoch and wait for a commit, ourselves left out.
    pub fn departures(&self) -> Vec<PublicKey> {
        let accounts = authorize::accounts(&self.mls);
        let mut leaving: Vec<_> = self.departing().filter_map(|(leaf, _)| accounts.get(&leaf).copied()).collect();
        leaving.sort_unstable();
        leaving.dedup();
        leaving
    }

    pub(crate) fn departing(&self) -> impl Iterator<Item = (LeafNodeIndex, ProposalRef)> + '_ {
        let own = self.mls.own_leaf_index();
        self.mls.pending_proposals().filter_map(move |queued| match (queued.proposal(), queued.sender()) {
            (Proposal::SelfRemove, Sender::Member(leaf)) if *leaf != own => Some((*leaf, queued.proposal_reference_ref().clone())),
            _ => None,
        })
    }

    /// Lets OpenMLS stage the commit; returns the serialized commit and welcome.
    fn build(&mut self, storage: &impl Storage, device: &Device, plan: &Plan) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
        let invalid = |error: &dyn std::fmt::Display| Error::from(Refusal::Invalid(error.to_string()));
        let updates = plan
            .components
            .iter()
            .map(|(id, data)| Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(*id, VLBytes::from(data.clone())))));
        let mut updater = self.mls.app_data_dictionary_updater();
        for (id, data) in &plan.components {
            updater.set(ComponentData::from_parts(*id, data.clone().into()));
        }
        let dictionary = updater.changes();
        let own = self.mls.own_leaf_index();
        let mut builder = self
            .mls
            .commit_builder()
            .consume_proposal_store(!plan.departures.is_empty())
            // White Noise refreshes its own leaf with every addition; so do we.
            .force_self_update(plan.rotate || !plan.adds.is_empty())
            .propose_adds(plan.adds.iter().map(|offer| offer.package.clone()))
            .propose_removals(plan.removes.iter().copied())
            .add_proposals(updates)
            .load_psks(storage.storage())
            .map_err(|e| invalid(&e))?;
        builder.with_app_data_dictionary_updates(dictionary);
        let bundle = builder
            .build(storage.rand(), storage.crypto(), device.signer(), |queued| {
                // Proposals of others never ride along, except the departures that are meant.
                let departs = matches!(queued.proposal(), Proposal::SelfRemove);
                plan.departures.contains(queued.proposal_reference_ref()) || (!departs && *queued.sender() == Sender::Member(own))
            })
            .map_err(|e| invalid(&e))?
            .stage_commit(storage)
            .map_err(Fault::mls)?;
        let welcome = bundle.to_welcome_msg().map(|welcome| welcome.tls_serialize_detached()).transpose().map_err(Fault::mls)?;
        Ok((bundle.commit().tls_serialize_detached().map_err(Fault::mls)?, welcome))
    }

    /// What others will check, checked before they have to refuse it.
    fn check_own(&self) -> Result<(), Unauthorized> {
        match self.mls.pending_commit() {
            Some(commit) => authorize::authorize(&self.mls, &self.context, self.mls.own_leaf_index(), commit).map(drop),
            None => Err(Unauthorized::Empty),
        }
    }

    /// Merges our own staged commit. `newest`: whether the group is in the newest state of its epoch, rather than in a kept one.
    pub(crate) fn advance_own(&mut self, storage: &impl Storage, digest: Digest, newest: bool) -> Result<Applied, Fault> {
        let commit = self.mls.pending_commit().ok_or_else(|| Fault::mls("no commit is staged"))?;
        let allowed = authorize::authorize(&self.mls, &self.context, self.mls.own_leaf_index(), commit).map_err(Fault::mls)?;
        self.advance(storage, digest, allowed, newest, |mls| mls.merge_pending_commit(storage).map_err(Fault::mls))
    }

    /// Merges a commit of another member that was judged by `authorize`.
    pub(crate) fn advance_other(
        &mut self,
        storage: &impl Storage,
        digest: Digest,
        commit: StagedCommit,
        allowed: Allowed,
    ) -> Result<Applied, Fault> {
        let newest = self.at == self.tip;
        self.advance(storage, digest, allowed, newest, |mls| mls.merge_staged_commit(storage, commit).map_err(Fault::mls))
    }

    /// INVARIANT: the only place where an epoch ends. Takes [`Allowed`], which only `authorize` makes; keeps a snapshot of the old epoch.
    fn advance(
        &mut self,
        storage: &impl Storage,
        digest: Digest,
        allowed: Allowed,
        newest: bool,
        merge: impl FnOnce(&mut MlsGroup) -> Result<(), Fault>,
    ) -> Result<Applied, Fault> {
        let (parent, from, on_tip) = (self.at, self.epoch(), self.at == self.tip);
        let own = self.pending().is_some_and(|pending| pending == digest);
        let superseded_own = on_tip && if own { self.pending.take().is_some() } else { self.keep_superseded(storage)? };
        if newest {
            // Not the first state of the epoch: a ratchet that went back would use a key twice.
            self.keep(storage, &parent, from)?;
        }
        // The epoch that ends becomes a past one; of those that are past already nothing changes.
        self.changing_keys(storage, KeyChange::Current, |mls, _| merge(mls))?;
        storage.remember_message(&self.id, &digest, from)?;
        let events = GroupEvent::between(&self.context, &allowed);
        let privileged = allowed.privileged;
        self.context = allowed.context;
        let applied = Applied {
            digest,
            from,
            to: Epoch(from.0 + 1),
            by: allowed.committer,
            events,
            privileged,
            still_member: self.mls.is_active(),
            superseded_own,
        };
        self.record_epoch(storage, digest, Some(parent), Some(applied.clone()))?;
        self.at = digest;
        if on_tip {
            storage.clear_pending(&self.id)?;
            self.follow(storage, digest)?;
        }
        Ok(applied)
    }
}
