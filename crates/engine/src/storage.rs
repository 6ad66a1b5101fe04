//! What the engine keeps, beside what OpenMLS keeps through the same provider.
//! It states shapes only; the rows are written by whoever implements [`Storage`], all in one transaction.

use std::error::Error;

use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider};
use zeroize::Zeroizing;

use crate::{Digest, Epoch, GroupId, KeyPackageRef, RoutingId};

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

/// What stays of an epoch while messages of it may still arrive (Marmot: five epochs).
#[derive(Clone)]
pub struct EpochRecord {
    /// The epoch.
    pub epoch: Epoch,
    /// `MLS-Exporter("marmot", "group-event", 32)`: opens the content of kind 445 events of this epoch.
    pub group_event_key: Zeroizing<[u8; 32]>,
    /// `MLS-Exporter("marmot", "encrypted-media", 32)`.
    pub media_secret: Zeroizing<[u8; 32]>,
    /// The `h` tag in this epoch.
    pub routing: RoutingId,
    /// The relays of this epoch, as in component 0x8004, sorted.
    pub relays: Vec<String>,
    /// Seconds until messages of this epoch disappear; `None` where the component is absent, 0 is off.
    pub retention: Option<u64>,
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

/// One open transaction: OpenMLS rows and the engine's rows commit together or not at all.
///
/// Every function fails only with [`StorageFault`]; what is not there is `None`, empty or `false`.
pub trait Storage: OpenMlsProvider<StorageProvider: StorageProvider<CURRENT_VERSION, Error: Send + Sync + 'static>> {
    /// Adds or replaces the record of an epoch.
    fn put_epoch(&self, group: &GroupId, record: &EpochRecord) -> Result<(), StorageFault>;
    /// The kept epochs of a group, newest first.
    fn epochs(&self, group: &GroupId) -> Result<Vec<EpochRecord>, StorageFault>;
    /// Forgets the epochs and snapshots older than `oldest`.
    fn forget_epochs_before(&self, group: &GroupId, oldest: Epoch) -> Result<(), StorageFault>;

    /// Copies every OpenMLS row of the group under `epoch`, replacing an earlier copy of that epoch.
    fn take_snapshot(&self, group: &GroupId, epoch: Epoch) -> Result<(), StorageFault>;
    /// Puts the OpenMLS rows of the group back to the copy of `epoch`; `false` where there is none.
    fn restore_snapshot(&self, group: &GroupId, epoch: Epoch) -> Result<bool, StorageFault>;
    /// Epochs of which a snapshot is kept, oldest first.
    fn snapshots(&self, group: &GroupId) -> Result<Vec<Epoch>, StorageFault>;

    /// Remembers that an MLS message was processed in `epoch`; `false` if it was known already.
    fn remember_message(&self, group: &GroupId, digest: &Digest, epoch: Epoch) -> Result<bool, StorageFault>;
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

    /// Deletes every row of the group, OpenMLS rows, epochs, snapshots and the staged commit included; used before joining again.
    fn forget_group(&self, group: &GroupId) -> Result<(), StorageFault>;
}
