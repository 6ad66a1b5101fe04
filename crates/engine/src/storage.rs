//! What the engine keeps, beside what OpenMLS keeps through the same provider.
//! It states shapes only; the rows are written by whoever implements [`Storage`], all in one transaction.

use std::error::Error;

use nostr::PublicKey;
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider};
use zeroize::Zeroizing;

use crate::{Applied, Digest, Epoch, GroupId, KeyPackageRef, RoutingId};

/// The storage failed: the transaction has to be rolled back and the loaded group forgotten.
#[derive(Debug, thiserror::Error)]
#[error("storage: {0}")]
pub struct StorageFault(#[source] pub Box<dyn Error + Send + Sync>);

impl StorageFault {
    /// Wraps the storage's own error.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

/// The exported keys of an epoch.
#[derive(Clone)]
pub struct EpochKeys {
    /// `MLS-Exporter("marmot", "group-event", 32)`: opens the content of kind 445 events of this epoch.
    pub group_event: Zeroizing<[u8; 32]>,
    /// `MLS-Exporter("marmot", "encrypted-media", 32)`.
    pub media: Zeroizing<[u8; 32]>,
}

/// What stays of an epoch while messages of it, or rivals of its commits, may still arrive (Marmot: five epochs).
///
/// A race makes several epochs of one number, each on a branch of its own: what names an epoch is the commit that began it.
#[derive(Clone)]
pub struct EpochRecord {
    /// Digest of the commit that began it; of the first epoch that we know, a digest of its transcript.
    pub commit: Digest,
    /// The epoch that the commit ended, named the same way; `None` for the first one that we know.
    pub parent: Option<Digest>,
    /// Its number.
    pub epoch: Epoch,
    /// `None` where the commit removed us.
    pub keys: Option<EpochKeys>,
    /// The `h` tag in this epoch.
    pub routing: RoutingId,
    /// The relays of this epoch, as in component 0x8004, sorted.
    pub relays: Vec<String>,
    /// Seconds until messages of this epoch disappear; `None` where the component is absent, 0 is off.
    pub retention: Option<u64>,
    /// What the commit did; `None` for the first epoch that we know.
    pub began: Option<Applied>,
}

/// A key package of ours with its private keys, kept until its replacement is known to be used.
///
/// OpenMLS deletes its own copy while it processes a welcome, because it does not know the last-resort marker
/// of component 0x0004; this copy is what makes a package usable a second time.
#[derive(Clone)]
pub struct KeyPackageRecord {
    /// Names the package in welcomes.
    pub reference: KeyPackageRef,
    /// The OpenMLS `KeyPackageBundle`, serialized as JSON. Holds private keys.
    pub bundle: Zeroizing<Vec<u8>>,
    /// End of the lifetime, Unix seconds.
    pub not_after: u64,
}

/// What OpenMLS is about to write into the keys of messages, which it keeps as one value for the current and all past epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// Any of them.
    Unknown,
    /// Those of one epoch, by one message: the write may wait, because the group stays loaded and is written later.
    Message(Epoch),
    /// Those of the current epoch only; it may become a past one.
    Current,
}

/// One open transaction: OpenMLS rows and the engine's rows commit together or not at all.
///
/// Every function fails only with [`StorageFault`]; what is not there is `None`, empty or `false`.
pub trait Storage: OpenMlsProvider<StorageProvider: StorageProvider<CURRENT_VERSION, Error: Send + Sync + 'static>> {
    /// Adds or replaces the record of an epoch.
    fn put_epoch(&self, group: &GroupId, record: &EpochRecord) -> Result<(), StorageFault>;
    /// The kept epochs of every branch of a group, newest first.
    fn epochs(&self, group: &GroupId) -> Result<Vec<EpochRecord>, StorageFault>;
    /// Forgets an epoch with its snapshot and witnesses.
    fn forget_epoch(&self, group: &GroupId, commit: &Digest) -> Result<(), StorageFault>;
    /// Forgets the epochs older than `oldest`, their snapshots and witnesses, and which messages of them were processed.
    fn forget_epochs_before(&self, group: &GroupId, oldest: Epoch) -> Result<(), StorageFault>;

    /// Says which epoch the OpenMLS rows of the group are of: the tip of the branch that we follow.
    fn put_tip(&self, group: &GroupId, commit: &Digest) -> Result<(), StorageFault>;
    /// What [`Storage::put_tip`] said.
    fn tip(&self, group: &GroupId) -> Result<Option<Digest>, StorageFault>;

    /// Copies every OpenMLS row of the group under the name `commit`, replacing an earlier copy of that name.
    fn take_snapshot(&self, group: &GroupId, commit: &Digest, epoch: Epoch) -> Result<(), StorageFault>;
    /// Puts the OpenMLS rows of the group back to the copy of that name; `false` where there is none.
    fn restore_snapshot(&self, group: &GroupId, commit: &Digest) -> Result<bool, StorageFault>;
    /// What copies are kept, oldest epoch first.
    fn snapshots(&self, group: &GroupId) -> Result<Vec<(Epoch, Digest)>, StorageFault>;

    /// Remembers that an account sent an application message in an epoch.
    fn put_witness(&self, group: &GroupId, commit: &Digest, account: &PublicKey) -> Result<(), StorageFault>;
    /// Who sent application messages in which of the kept epochs.
    fn witnesses(&self, group: &GroupId) -> Result<Vec<(Digest, PublicKey)>, StorageFault>;

    /// Runs `f` and takes back everything that it wrote.
    fn scratch<T>(&self, f: impl FnOnce() -> T) -> Result<T, StorageFault>;
    /// Runs `f` and takes back everything that it wrote, unless it answers `true` with its result.
    fn attempt<T>(&self, f: impl FnOnce() -> (bool, T)) -> Result<T, StorageFault>;

    /// Remembers that an MLS message was processed in `epoch`; `false` if it was known already.
    fn remember_message(&self, group: &GroupId, digest: &Digest, epoch: Epoch) -> Result<bool, StorageFault>;
    /// Notes which proposal a remembered message carried: its reference, RFC 9420 §5.2.
    fn remember_proposal(&self, group: &GroupId, digest: &Digest, reference: &[u8]) -> Result<(), StorageFault>;
    /// The message that carried a proposal.
    fn proposal_digest(&self, group: &GroupId, reference: &[u8]) -> Result<Option<Digest>, StorageFault>;
    /// Whether an MLS message was processed already.
    fn knows_message(&self, group: &GroupId, digest: &Digest) -> Result<bool, StorageFault>;

    /// Adds or replaces a key package of ours.
    fn put_key_package(&self, record: &KeyPackageRecord) -> Result<(), StorageFault>;
    /// A key package of ours.
    fn key_package(&self, reference: &KeyPackageRef) -> Result<Option<KeyPackageRecord>, StorageFault>;

    /// Keeps the serialized commit and welcome of the staged commit until it is confirmed or discarded.
    fn put_pending(&self, group: &GroupId, pending: &[u8]) -> Result<(), StorageFault>;
    /// What [`Storage::put_pending`] kept.
    fn pending(&self, group: &GroupId) -> Result<Option<Vec<u8>>, StorageFault>;
    /// Forgets what [`Storage::put_pending`] kept.
    fn clear_pending(&self, group: &GroupId) -> Result<(), StorageFault>;

    /// Keeps what [`Storage::put_pending`] kept of a commit that was given up in `epoch`: it may win a race all the same. Goes with its epoch.
    fn put_given_up(&self, group: &GroupId, commit: &Digest, epoch: Epoch, pending: &[u8]) -> Result<(), StorageFault>;
    /// What [`Storage::put_given_up`] kept; it is forgotten.
    fn take_given_up(&self, group: &GroupId, commit: &Digest) -> Result<Option<Vec<u8>>, StorageFault>;

    /// Says what the next writes of the keys of messages are about, so that the storage need not write all of them, or may write them later.
    /// One that always writes everything needs neither this nor the next function.
    fn message_keys_change(&self, _change: KeyChange) {}
    /// Whether the keys of the group's messages were left out and are newer in the loaded group than in the storage.
    fn are_message_keys_held(&self, _group: &GroupId) -> Result<bool, StorageFault> {
        Ok(false)
    }

    /// Deletes every row of the group, OpenMLS rows, epochs of all branches, snapshots and the staged commit included; used before joining again.
    fn forget_group(&self, group: &GroupId) -> Result<(), StorageFault>;
}
