//! A loaded group: its MLS state, its decoded context and the keys of its recent epochs.
//! It changes only inside an open transaction; after a rollback it has to be loaded again.

use std::collections::BTreeSet;

use nostr::{Event, PublicKey};
use openmls::group::{MlsGroup, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, WireFormatPolicy};
use openmls::prelude::{LeafNodeIndex, SenderRatchetConfiguration};
use tls_codec::Serialize as _;
use zeroize::Zeroizing;

use crate::authorize;
use crate::branch::{self, Witnesses};
use crate::components::{Avatar, ComponentId, Lifecycle};
use crate::context::Context;
use crate::device::Device;
use crate::envelope;
use crate::error::{Error, Fault, Refusal};
use crate::inner_event::InnerEvent;
use crate::pending::Pending;
use crate::storage::{EpochKeys, EpochRecord};
use crate::{Applied, Digest, Epoch, GroupId, KeyChange, RoutingId, Storage, StorageFault};

/// How many past epochs messages are read from, and snapshots kept of (Marmot convergence policy v1).
pub const PAST_EPOCHS: u64 = if cfg!(murmel_bug = "no_past_epochs") { 0 } else { 5 };
/// How many generations a message may arrive late within its epoch: as many as a sender may be ahead, so that no order of arrival
/// loses a message (docs/decisions/0004).
const OUT_OF_ORDER_TOLERANCE: u32 = if cfg!(murmel_bug = "tolerance_5") { 5 } else { 1000 };
/// How many generations a sender may be ahead.
const MAX_FORWARD_DISTANCE: u32 = 1000;
/// Largest JSON of an inner event, in bytes, so that the event around it fits every relay and the envelope's limit.
pub const MAX_INNER_EVENT: usize = 40 * 1024;

/// What a group shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Who may change the group.
    pub admins: BTreeSet<PublicKey>,
    /// The member accounts, ascending, each once.
    pub members: Vec<PublicKey>,
    /// The relays, sorted.
    pub relays: Vec<String>,
    /// The `h` tag.
    pub routing: RoutingId,
    /// Seconds until messages disappear; `None` where the component is absent, 0 is off.
    pub retention: Option<u64>,
    /// The picture by URL; `None` where there is none.
    pub avatar: Option<String>,
}

/// A message or proposal, encrypted and ready to be published.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The kind 445 event.
    pub event: Event,
    /// Of the MLS message inside.
    pub digest: Digest,
    /// The epoch it belongs to.
    pub epoch: Epoch,
    /// The commit that began that epoch: names its branch.
    pub branch: Digest,
}

/// A loaded group.
pub struct Group {
    pub(crate) id: GroupId,
    pub(crate) mls: MlsGroup,
    pub(crate) context: Context,
    /// Every epoch of every branch inside the window, in no order.
    pub(crate) epochs: Vec<EpochRecord>,
    /// The end of the branch that is the group.
    pub(crate) tip: Digest,
    /// INVARIANT: the epoch that `mls`, `context` and the OpenMLS rows are of. It is the tip, except while a rival branch is looked at.
    pub(crate) at: Digest,
    pub(crate) witnesses: Witnesses,
    /// The staged commit, which follows the tip.
    pub(crate) pending: Option<Pending>,
}

impl Group {
    /// Loads a group; `None` where there is none.
    pub fn load(storage: &impl Storage, id: &GroupId) -> Result<Option<Self>, Fault> {
        let Some(mls) = MlsGroup::load(storage.storage(), &mls_id(id)).map_err(StorageFault::new)? else { return Ok(None) };
        let context = Context::read(mls.extensions()).map_err(Fault::mls)?;
        let pending = storage.pending(id)?.map(|bytes| Pending::decode(&bytes)).transpose()?;
        let tip = storage.tip(id)?.ok_or_else(|| Fault::mls("a group without a tip"))?;
        let mut witnesses = Witnesses::new();
        for (commit, account) in storage.witnesses(id)? {
            witnesses.entry(commit).or_default().insert(account);
        }
        Ok(Some(Self { epochs: storage.epochs(id)?, id: id.clone(), mls, context, tip, at: tip, witnesses, pending }))
    }

    /// Takes over a group that was just created or joined, and writes what the engine keeps of its epoch.
    pub(crate) fn adopt(storage: &impl Storage, mls: MlsGroup) -> Result<Self, Fault> {
        let id = GroupId::new(mls.group_id().as_slice()).ok_or_else(|| Fault::mls("group id"))?;
        let context = Context::read(mls.extensions()).map_err(Fault::mls)?;
        let tip = Digest::of(mls.public_group().group_context().confirmed_transcript_hash());
        let (epochs, witnesses) = (Vec::new(), Witnesses::new());
        let mut group = Self { id, mls, context, epochs, tip, at: tip, witnesses, pending: None };
        group.record_epoch(storage, tip, None, None)?;
        storage.put_tip(&group.id, &tip)?;
        Ok(group)
    }

    /// Its MLS group id.
    pub const fn id(&self) -> &GroupId {
        &self.id
    }

    /// The current epoch.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.mls.epoch().as_u64())
    }

    /// Whether our leaf is still in the tree.
    pub fn is_active(&self) -> bool {
        self.mls.is_active()
    }

    /// What the group shows of itself.
    pub fn view(&self) -> GroupView {
        let members: BTreeSet<_> = authorize::accounts(&self.mls).into_values().collect();
        GroupView {
            name: self.context.profile.name().to_owned(),
            description: self.context.profile.description().to_owned(),
            admins: self.context.admins.accounts().clone(),
            members: members.into_iter().collect(),
            relays: self.context.routing.relays().to_vec(),
            routing: self.context.routing.id(),
            retention: self.context.retention.map(|retention| retention.0),
            avatar: self.context.avatar.as_ref().and_then(Avatar::url).map(str::to_owned),
        }
    }

    /// The relays that carry it, sorted; as [`GroupView::relays`], without looking at all members.
    pub fn relays(&self) -> &[String] {
        self.context.routing.relays()
    }

    /// As [`GroupView::retention`], without looking at all members.
    pub fn retention_secs(&self) -> Option<u64> {
        self.context.retention.map(|retention| retention.0)
    }

    /// The bytes of every component in the group context, by ascending id.
    pub fn components(&self) -> impl Iterator<Item = (ComponentId, &[u8])> {
        self.context.components()
    }

    /// Whether everybody has to support a component.
    pub fn requires(&self, id: ComponentId) -> bool {
        self.context.required.contains(id)
    }

    /// Which leaf belongs to whom, by ascending index.
    pub fn leaves(&self) -> Vec<(u32, PublicKey)> {
        authorize::accounts(&self.mls).into_iter().map(|(index, account)| (index.u32(), account)).collect()
    }

    /// The index of our own leaf.
    pub fn own_leaf(&self) -> u32 {
        self.mls.own_leaf_index().u32()
    }

    /// RFC 9420 §8: equal for all members that agree on the epoch.
    pub fn epoch_authenticator(&self) -> &[u8] {
        self.mls.epoch_authenticator().as_slice()
    }

    /// RFC 9420 §7.8, of the current tree.
    pub fn tree_hash(&self) -> &[u8] {
        self.mls.public_group().group_context().tree_hash()
    }

    /// RFC 9420 §8.2.
    pub fn confirmed_transcript_hash(&self) -> &[u8] {
        self.mls.public_group().group_context().confirmed_transcript_hash()
    }

    /// What is kept of the epochs whose messages can still be read, newest first. Rival branches are left out.
    pub fn epochs(&self) -> Vec<&EpochRecord> {
        branch::chain(&self.epochs, &self.tip)
    }

    /// The commit that began the current epoch: names the branch that the group follows.
    pub const fn tip(&self) -> Digest {
        self.tip
    }

    /// The digest of the commit of ours that waits for a relay.
    pub fn pending(&self) -> Option<Digest> {
        self.pending.as_ref().map(|pending| pending.digest)
    }

    /// Encrypts an inner event of ours. Nothing of it can be sent a second time: publish exactly this event, again if need be.
    pub fn encrypt(&mut self, storage: &impl Storage, device: &Device, event: &InnerEvent) -> Result<Sealed, Error> {
        self.require_active()?;
        let bytes = event.json().len();
        if bytes > MAX_INNER_EVENT {
            return Err(Refusal::TooLarge { bytes, limit: MAX_INNER_EVENT }.into());
        }
        // OpenMLS sends no messages while proposals wait, but whoever proposes to leave must not silence the others.
        let waiting: Vec<_> = self.mls.pending_proposals().cloned().collect();
        if !waiting.is_empty() {
            self.mls.clear_pending_proposals(storage.storage()).map_err(StorageFault::new)?;
        }
        let epoch = self.epoch();
        let message = self
            .changing_keys(storage, KeyChange::Message(epoch), |mls, storage| {
                mls.create_message(storage, device.signer(), event.json().as_bytes())
            })
            .map_err(Fault::mls)?;
        for proposal in waiting {
            self.mls.store_pending_proposal(storage.storage(), proposal).map_err(StorageFault::new)?;
        }
        let message = message.tls_serialize_detached().map_err(Fault::mls)?;
        let expiration = self.context.retention.and_then(|retention| retention.expiry(event.created_at()));
        let sealed = self.seal(&message, event.created_at(), expiration)?;
        storage.remember_message(&self.id, &sealed.digest, sealed.epoch)?;
        self.witness(storage, sealed.branch, device.account())?;
        Ok(sealed)
    }

    /// Wraps an MLS message of the current epoch.
    pub(crate) fn seal(&self, message: &[u8], at: u64, expiration: Option<u64>) -> Result<Sealed, Error> {
        let record = self.record(&self.tip).ok_or_else(|| Fault::mls("the epoch has no record"))?;
        let keys = record.keys.as_ref().ok_or_else(|| Fault::mls("the epoch has no keys"))?;
        let event = envelope::seal(&keys.group_event, message, record.routing, at, expiration)?;
        if event.content.len() > envelope::MAX_CONTENT {
            return Err(Refusal::TooLarge { bytes: event.content.len(), limit: envelope::MAX_CONTENT }.into());
        }
        Ok(Sealed { event, digest: Digest::of(message), epoch: record.epoch, branch: record.commit })
    }

    pub(crate) fn require_active(&self) -> Result<(), Refusal> {
        match (self.is_active(), self.context.lifecycle) {
            (true, Lifecycle::Active) => Ok(()),
            (true, Lifecycle::Disbanded) => Err(Refusal::Ended),
            (false, _) => Err(Refusal::Inactive),
        }
    }

    pub(crate) fn record(&self, commit: &Digest) -> Option<&EpochRecord> {
        self.epochs.iter().find(|record| record.commit == *commit)
    }

    /// The leaves of an account.
    pub(crate) fn leaves_of(&self, account: &PublicKey) -> Vec<LeafNodeIndex> {
        authorize::accounts(&self.mls).into_iter().filter(|(_, other)| other == account).map(|(index, _)| index).collect()
    }

    /// Exports the keys of the epoch that the group is at, and keeps them under the name of the commit that began it.
    pub(crate) fn record_epoch(
        &mut self,
        storage: &impl Storage,
        commit: Digest,
        parent: Option<Digest>,
        began: Option<Applied>,
    ) -> Result<(), Fault> {
        let keys = if self.mls.is_active() {
            Some(EpochKeys { group_event: self.export(storage, b"group-event")?, media: self.export(storage, b"encrypted-media")? })
        } else {
            None
        };
        let record = EpochRecord {
            commit,
            parent,
            epoch: self.epoch(),
            keys,
            routing: self.context.routing.id(),
            relays: self.context.routing.relays().to_vec(),
            retention: self.context.retention.map(|retention| retention.0),
            began,
        };
        storage.put_epoch(&self.id, &record)?;
        self.epochs.retain(|other| other.commit != commit);
        self.epochs.insert(0, record);
        Ok(())
    }

    fn export(&self, storage: &impl Storage, context: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let secret = Zeroizing::new(self.mls.export_secret(storage.crypto(), "marmot", context, 32).map_err(Fault::mls)?);
        let secret: [u8; 32] = secret.as_slice().try_into().map_err(|_| Fault::mls("exporter length"))?;
        Ok(Zeroizing::new(secret))
    }
}

/// What OpenMLS keeps and accepts: handshakes in the clear inside the envelope, the ratchet tree in every welcome.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(WIRE_FORMATS)
        .max_past_epochs(PAST_EPOCHS as usize)
        .sender_ratchet_configuration(sender_ratchet())
        .use_ratchet_tree_extension(true)
        .build()
}

pub(crate) const WIRE_FORMATS: WireFormatPolicy = PURE_PLAINTEXT_WIRE_FORMAT_POLICY;

pub(crate) fn sender_ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER_TOLERANCE, MAX_FORWARD_DISTANCE)
}

pub(crate) fn mls_id(id: &GroupId) -> openmls::group::GroupId {
    openmls::group::GroupId::from_slice(id.as_bytes())
}
