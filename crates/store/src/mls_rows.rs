//! OpenMLS' storage on the open transaction. It can hold back the one value that every message rewrites, the keys of messages.
//! It never lets a transaction commit while something is held back, and never lets stale keys be read.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use murmel_engine::KeyChange;
use openmls_sqlite_storage::{Codec as _, SqliteStorageProvider};
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use rusqlite::Connection;
use serde::Serialize;

use crate::{MixedCodec, StoreError, shared};

/// Groups whose keys are held back in one transaction; those of one more are written at once.
pub const HELD_CAP: usize = 64;

/// What OpenMLS sees of the open transaction.
///
/// The keys of messages are one value of four secrets for each leaf, and as much again for each past epoch: half a megabyte at 1,000 members,
/// rewritten by every encrypt and decrypt. They are kept in rows of their own for each epoch. Where the transaction holds them back, the write
/// for a message is left out and its epoch noted; whoever has the group loaded writes them once, before the transaction commits.
pub struct MlsRows<'a> {
    connection: &'a Connection,
    rows: SqliteStorageProvider<MixedCodec, &'a Connection>,
    change: Cell<KeyChange>,
    /// Whether writes for messages may wait.
    holds: Cell<bool>,
    /// By row key: the epochs whose keys are newer in memory.
    held: RefCell<BTreeMap<Vec<u8>, BTreeSet<u64>>>,
}

impl<'a> MlsRows<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            rows: SqliteStorageProvider::new(connection),
            change: Cell::new(KeyChange::Unknown),
            holds: Cell::new(false),
            held: RefCell::default(),
        }
    }

    /// From here on the keys of messages are held back.
    pub(crate) fn hold(&self) {
        self.holds.set(true);
    }

    /// What the next writes of keys are about.
    pub(crate) fn set_change(&self, change: KeyChange) {
        self.change.set(change);
    }

    /// Whether the keys of a group are newer in memory than in their row. `row_key`: the group id as rows are keyed by it.
    pub(crate) fn is_held(&self, row_key: &[u8]) -> bool {
        self.held.borrow().contains_key(row_key)
    }

    /// Whether any group's are.
    pub(crate) fn holds_any(&self) -> bool {
        !self.held.borrow().is_empty()
    }

    /// What was held back is of no use any more: the rows of the group were replaced or deleted.
    pub(crate) fn let_go(&self, row_key: &[u8]) {
        self.held.borrow_mut().remove(row_key);
    }

    /// Notes that a write was left out; `false` where it has to take place.
    fn held_back(&self, row_key: &[u8], epoch: u64) -> bool {
        let mut held = self.held.borrow_mut();
        if !self.holds.get() || (held.len() >= HELD_CAP && !held.contains_key(row_key)) {
            return false;
        }
        held.entry(row_key.to_vec()).or_default().insert(epoch);
        crate::crash_point!("keys: held back");
        true
    }
}

/// A group id as OpenMLS' rows are keyed by it.
pub(crate) fn row_key(group: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    MixedCodec::to_vec(group).map_err(|error| StoreError::Statement(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))
}

macro_rules! forward {
    ($(fn $name:ident<$($generic:ident: $bound:ident),*>($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(
            fn $name<$($generic: traits::$bound<CURRENT_VERSION>),*>(&self, $($argument: $type),*) -> Result<$out, StoreError> {
                Ok(self.rows.$name::<$($generic),*>($($argument),*)?)
            }
        )*
    };
}

impl StorageProvider<CURRENT_VERSION> for MlsRows<'_> {
    type Error = StoreError;

    fn write_message_secrets<GroupId: traits::GroupId<CURRENT_VERSION>, MessageSecrets: traits::MessageSecrets<CURRENT_VERSION>>(
        &self,
        group_id: &GroupId,
        message_secrets: &MessageSecrets,
    ) -> Result<(), StoreError> {
        let row_key = row_key(group_id)?;
        let change = self.change.get();
        let mut changed = self.held.borrow().get(&row_key).cloned().unwrap_or_default();
        if let KeyChange::Message(epoch) = change {
            if self.held_back(&row_key, epoch.0) {
                return Ok(());
            }
            changed.insert(epoch.0);
        }
        crate::crash_point!("keys: about to be written");
        let changed = (change != KeyChange::Unknown).then_some(&changed);
        shared::write_keys(self.connection, &row_key, message_secrets, changed)?;
        crate::crash_point!("keys: written, not committed");
        self.let_go(&row_key);
        Ok(())
    }

    /// # Errors
    /// [`StoreError::KeysHeld`] where the row is older than what a loaded group holds.
    fn message_secrets<GroupId: traits::GroupId<CURRENT_VERSION>, MessageSecrets: traits::MessageSecrets<CURRENT_VERSION>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<MessageSecrets>, StoreError> {
        let row_key = row_key(group_id)?;
        if self.is_held(&row_key) {
            return Err(StoreError::KeysHeld);
        }
        shared::read_keys(self.connection, &row_key)
    }

    fn delete_message_secrets<GroupId: traits::GroupId<CURRENT_VERSION>>(&self, group_id: &GroupId) -> Result<(), StoreError> {
        let row_key = row_key(group_id)?;
        self.rows.delete_message_secrets(group_id)?;
        self.let_go(&row_key);
        shared::drop_unused(self.connection, &row_key)
    }

    fn write_tree<GroupId: traits::GroupId<CURRENT_VERSION>, TreeSync: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        group_id: &GroupId,
        tree: &TreeSync,
    ) -> Result<(), StoreError> {
        shared::write_tree(self.connection, &row_key(group_id)?, tree)
    }

    fn tree<GroupId: traits::GroupId<CURRENT_VERSION>, TreeSync: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<TreeSync>, StoreError> {
        shared::read_tree(self.connection, &row_key(group_id)?)
    }

    fn delete_tree<GroupId: traits::GroupId<CURRENT_VERSION>>(&self, group_id: &GroupId) -> Result<(), StoreError> {
        self.rows.delete_tree(group_id)?;
        shared::drop_unused(self.connection, &row_key(group_id)?)
    }

    forward! {
        fn write_mls_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(group_id: &GroupId, config: &MlsGroupJoinConfig) -> ();
        fn append_own_leaf_node<GroupId: GroupId, LeafNode: LeafNode>(group_id: &GroupId, leaf_node: &LeafNode) -> ();
        fn queue_proposal<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(group_id: &GroupId, proposal_ref: &ProposalRef, proposal: &QueuedProposal) -> ();
        fn write_interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(group_id: &GroupId, interim_transcript_hash: &InterimTranscriptHash) -> ();
        fn write_context<GroupId: GroupId, GroupContext: GroupContext>(group_id: &GroupId, group_context: &GroupContext) -> ();
        fn write_confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(group_id: &GroupId, confirmation_tag: &ConfirmationTag) -> ();
        fn write_group_state<GroupState: GroupState, GroupId: GroupId>(group_id: &GroupId, group_state: &GroupState) -> ();
        fn write_resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(group_id: &GroupId, resumption_psk_store: &ResumptionPskStore) -> ();
        fn write_own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(group_id: &GroupId, own_leaf_index: &LeafNodeIndex) -> ();
        fn write_group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(group_id: &GroupId, group_epoch_secrets: &GroupEpochSecrets) -> ();
        fn write_application_export_tree<GroupId: GroupId, ApplicationExportTree: ApplicationExportTree>(group_id: &GroupId, application_export_tree: &ApplicationExportTree) -> ();
        fn write_signature_key_pair<SignaturePublicKey: SignaturePublicKey, SignatureKeyPair: SignatureKeyPair>(public_key: &SignaturePublicKey, signature_key_pair: &SignatureKeyPair) -> ();
        fn write_encryption_key_pair<EncryptionKey: EncryptionKey, HpkeKeyPair: HpkeKeyPair>(public_key: &EncryptionKey, key_pair: &HpkeKeyPair) -> ();
        fn write_encryption_epoch_key_pairs<GroupId: GroupId, EpochKey: EpochKey, HpkeKeyPair: HpkeKeyPair>(group_id: &GroupId, epoch: &EpochKey, leaf_index: u32, key_pairs: &[HpkeKeyPair]) -> ();
        fn write_key_package<HashReference: HashReference, KeyPackage: KeyPackage>(hash_ref: &HashReference, key_package: &KeyPackage) -> ();
        fn write_psk<PskId: PskId, PskBundle: PskBundle>(psk_id: &PskId, psk: &PskBundle) -> ();

        fn mls_group_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(group_id: &GroupId) -> Option<MlsGroupJoinConfig>;
        fn own_leaf_nodes<GroupId: GroupId, LeafNode: LeafNode>(group_id: &GroupId) -> Vec<LeafNode>;
        fn queued_proposal_refs<GroupId: GroupId, ProposalRef: ProposalRef>(group_id: &GroupId) -> Vec<ProposalRef>;
        fn queued_proposals<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(group_id: &GroupId) -> Vec<(ProposalRef, QueuedProposal)>;
        fn group_context<GroupId: GroupId, GroupContext: GroupContext>(group_id: &GroupId) -> Option<GroupContext>;
        fn interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(group_id: &GroupId) -> Option<InterimTranscriptHash>;
        fn confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(group_id: &GroupId) -> Option<ConfirmationTag>;
        fn group_state<GroupState: GroupState, GroupId: GroupId>(group_id: &GroupId) -> Option<GroupState>;
        fn resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(group_id: &GroupId) -> Option<ResumptionPskStore>;
        fn own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(group_id: &GroupId) -> Option<LeafNodeIndex>;
        fn group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(group_id: &GroupId) -> Option<GroupEpochSecrets>;
        fn signature_key_pair<SignaturePublicKey: SignaturePublicKey, SignatureKeyPair: SignatureKeyPair>(public_key: &SignaturePublicKey) -> Option<SignatureKeyPair>;
        fn encryption_key_pair<HpkeKeyPair: HpkeKeyPair, EncryptionKey: EncryptionKey>(public_key: &EncryptionKey) -> Option<HpkeKeyPair>;
        fn encryption_epoch_key_pairs<GroupId: GroupId, EpochKey: EpochKey, HpkeKeyPair: HpkeKeyPair>(group_id: &GroupId, epoch: &EpochKey, leaf_index: u32) -> Vec<HpkeKeyPair>;
        fn key_package<KeyPackageRef: HashReference, KeyPackage: KeyPackage>(hash_ref: &KeyPackageRef) -> Option<KeyPackage>;
        fn psk<PskBundle: PskBundle, PskId: PskId>(psk_id: &PskId) -> Option<PskBundle>;
        fn application_export_tree<GroupId: GroupId, ApplicationExportTree: ApplicationExportTree>(group_id: &GroupId) -> Option<ApplicationExportTree>;

        fn remove_proposal<GroupId: GroupId, ProposalRef: ProposalRef>(group_id: &GroupId, proposal_ref: &ProposalRef) -> ();
        fn delete_own_leaf_nodes<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_group_config<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_confirmation_tag<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_group_state<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_context<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_interim_transcript_hash<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_all_resumption_psk_secrets<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_own_leaf_index<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn delete_group_epoch_secrets<GroupId: GroupId>(group_id: &GroupId) -> ();
        fn clear_proposal_queue<GroupId: GroupId, ProposalRef: ProposalRef>(group_id: &GroupId) -> ();
        fn delete_signature_key_pair<SignaturePublicKey: SignaturePublicKey>(public_key: &SignaturePublicKey) -> ();
        fn delete_encryption_key_pair<EncryptionKey: EncryptionKey>(public_key: &EncryptionKey) -> ();
        fn delete_encryption_epoch_key_pairs<GroupId: GroupId, EpochKey: EpochKey>(group_id: &GroupId, epoch: &EpochKey, leaf_index: u32) -> ();
        fn delete_key_package<KeyPackageRef: HashReference>(hash_ref: &KeyPackageRef) -> ();
        fn delete_psk<PskKey: PskId>(psk_id: &PskKey) -> ();
        fn delete_application_export_tree<GroupId: GroupId, ApplicationExportTree: ApplicationExportTree>(group_id: &GroupId) -> ();
    }
}
