//! A storage for the pure cost of the protocol: it keeps the key pairs that OpenMLS reads back, and lets everything else fall unwritten.
//! A group on it lives in memory only; it can neither be loaded nor rolled back.

use std::cell::RefCell;
use std::collections::BTreeMap;

use murmel_engine::{Digest, Epoch, EpochRecord, GroupId, KeyPackageRecord, KeyPackageRef, Storage, StorageFault};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The storage and the provider around it.
#[derive(Default)]
pub struct Memory {
    crypto: RustCrypto,
    rows: Rows,
    packages: RefCell<BTreeMap<Vec<u8>, KeyPackageRecord>>,
}

/// What OpenMLS reads back.
#[derive(Default)]
pub struct Rows(RefCell<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Rows {
    fn put(&self, table: u8, key: &impl Serialize, value: &impl Serialize) -> Result<(), postcard::Error> {
        self.0.borrow_mut().insert(postcard::to_extend(key, vec![table])?, postcard::to_stdvec(value)?);
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, table: u8, key: &impl Serialize) -> Result<Option<T>, postcard::Error> {
        let key = postcard::to_extend(key, vec![table])?;
        self.0.borrow().get(&key).map(|bytes| postcard::from_bytes(bytes)).transpose()
    }

    fn remove(&self, table: u8, key: &impl Serialize) -> Result<(), postcard::Error> {
        self.0.borrow_mut().remove(&postcard::to_extend(key, vec![table])?);
        Ok(())
    }
}

impl OpenMlsProvider for Memory {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Rows;

    fn storage(&self) -> &Rows {
        &self.rows
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}

const KEY_PAIR: u8 = 1;
const EPOCH_KEY_PAIRS: u8 = 2;
const KEY_PACKAGE: u8 = 3;
const SIGNATURE: u8 = 4;

macro_rules! dropped {
    ($(fn $name:ident<$($generic:ident: $bound:ident),*>($($type:ty),*) -> $out:ty;)*) => {
        $(
            fn $name<$($generic: traits::$bound<CURRENT_VERSION>),*>(&self, $(_: $type),*) -> Result<$out, postcard::Error> {
                Ok(<$out>::default())
            }
        )*
    };
}

macro_rules! kept {
    ($table:ident: $write:ident, $delete:ident, $key:ident, $value:ident) => {
        fn $write<K: traits::$key<CURRENT_VERSION>, V: traits::$value<CURRENT_VERSION>>(
            &self,
            key: &K,
            value: &V,
        ) -> Result<(), postcard::Error> {
            self.put($table, key, value)
        }

        fn $delete<K: traits::$key<CURRENT_VERSION>>(&self, key: &K) -> Result<(), postcard::Error> {
            self.remove($table, key)
        }
    };
}

impl StorageProvider<CURRENT_VERSION> for Rows {
    type Error = postcard::Error;

    kept!(KEY_PAIR: write_encryption_key_pair, delete_encryption_key_pair, EncryptionKey, HpkeKeyPair);
    kept!(KEY_PACKAGE: write_key_package, delete_key_package, HashReference, KeyPackage);
    kept!(SIGNATURE: write_signature_key_pair, delete_signature_key_pair, SignaturePublicKey, SignatureKeyPair);

    fn encryption_key_pair<V: traits::HpkeKeyPair<CURRENT_VERSION>, K: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, postcard::Error> {
        self.get(KEY_PAIR, key)
    }

    fn key_package<K: traits::HashReference<CURRENT_VERSION>, V: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, postcard::Error> {
        self.get(KEY_PACKAGE, key)
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<CURRENT_VERSION>, V: traits::SignatureKeyPair<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, postcard::Error> {
        self.get(SIGNATURE, key)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[V],
    ) -> Result<(), postcard::Error> {
        self.put(EPOCH_KEY_PAIRS, &(group, epoch, leaf), &pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<V>, postcard::Error> {
        Ok(self.get(EPOCH_KEY_PAIRS, &(group, epoch, leaf))?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<CURRENT_VERSION>, E: traits::EpochKey<CURRENT_VERSION>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), postcard::Error> {
        self.remove(EPOCH_KEY_PAIRS, &(group, epoch, leaf))
    }

    dropped! {
        fn write_mls_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(&GroupId, &MlsGroupJoinConfig) -> ();
        fn append_own_leaf_node<GroupId: GroupId, LeafNode: LeafNode>(&GroupId, &LeafNode) -> ();
        fn queue_proposal<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(&GroupId, &ProposalRef, &QueuedProposal) -> ();
        fn write_tree<GroupId: GroupId, TreeSync: TreeSync>(&GroupId, &TreeSync) -> ();
        fn write_interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(&GroupId, &InterimTranscriptHash) -> ();
        fn write_context<GroupId: GroupId, GroupContext: GroupContext>(&GroupId, &GroupContext) -> ();
        fn write_confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(&GroupId, &ConfirmationTag) -> ();
        fn write_group_state<GroupState: GroupState, GroupId: GroupId>(&GroupId, &GroupState) -> ();
        fn write_message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets>(&GroupId, &MessageSecrets) -> ();
        fn write_resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(&GroupId, &ResumptionPskStore) -> ();
        fn write_own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(&GroupId, &LeafNodeIndex) -> ();
        fn write_group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(&GroupId, &GroupEpochSecrets) -> ();
        fn write_application_export_tree<GroupId: GroupId, ApplicationExportTree: ApplicationExportTree>(&GroupId, &ApplicationExportTree) -> ();
        fn write_psk<PskId: PskId, PskBundle: PskBundle>(&PskId, &PskBundle) -> ();
        fn mls_group_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(&GroupId) -> Option<MlsGroupJoinConfig>;
        fn own_leaf_nodes<GroupId: GroupId, LeafNode: LeafNode>(&GroupId) -> Vec<LeafNode>;
        fn queued_proposal_refs<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId) -> Vec<ProposalRef>;
        fn queued_proposals<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(&GroupId) -> Vec<(ProposalRef, QueuedProposal)>;
        fn tree<GroupId: GroupId, TreeSync: TreeSync>(&GroupId) -> Option<TreeSync>;
        fn group_context<GroupId: GroupId, GroupContext: GroupContext>(&GroupId) -> Option<GroupContext>;
        fn interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(&GroupId) -> Option<InterimTranscriptHash>;
        fn confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(&GroupId) -> Option<ConfirmationTag>;
        fn group_state<GroupState: GroupState, GroupId: GroupId>(&GroupId) -> Option<GroupState>;
        fn message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets>(&GroupId) -> Option<MessageSecrets>;
        fn resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(&GroupId) -> Option<ResumptionPskStore>;
        fn own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(&GroupId) -> Option<LeafNodeIndex>;
        fn group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(&GroupId) -> Option<GroupEpochSecrets>;
        fn psk<PskBundle: PskBundle, PskId: PskId>(&PskId) -> Option<PskBundle>;
        fn application_export_tree<GroupId: GroupId, ApplicationExportTree: ApplicationExportTree>(&GroupId) -> Option<ApplicationExportTree>;
        fn remove_proposal<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId, &ProposalRef) -> ();
        fn delete_own_leaf_nodes<GroupId: GroupId>(&GroupId) -> ();
        fn delete_group_config<GroupId: GroupId>(&GroupId) -> ();
        fn delete_tree<GroupId: GroupId>(&GroupId) -> ();
        fn delete_confirmation_tag<GroupId: GroupId>(&GroupId) -> ();
        fn delete_group_state<GroupId: GroupId>(&GroupId) -> ();
        fn delete_context<GroupId: GroupId>(&GroupId) -> ();
        fn delete_interim_transcript_hash<GroupId: GroupId>(&GroupId) -> ();
        fn delete_message_secrets<GroupId: GroupId>(&GroupId) -> ();
        fn delete_all_resumption_psk_secrets<GroupId: GroupId>(&GroupId) -> ();
        fn delete_own_leaf_index<GroupId: GroupId>(&GroupId) -> ();
        fn delete_group_epoch_secrets<GroupId: GroupId>(&GroupId) -> ();
        fn clear_proposal_queue<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId) -> ();
        fn delete_psk<PskKey: PskId>(&PskKey) -> ();
        fn delete_application_export_tree<GroupId: GroupId, ApplicationExportTree: ApplicationExportTree>(&GroupId) -> ();
    }
}

impl Storage for Memory {
    fn put_epoch(&self, _: &GroupId, _: &EpochRecord) -> Result<(), StorageFault> {
        Ok(())
    }

    fn epochs(&self, _: &GroupId) -> Result<Vec<EpochRecord>, StorageFault> {
        Ok(Vec::new())
    }

    fn forget_epoch(&self, _: &GroupId, _: &Digest) -> Result<(), StorageFault> {
        Ok(())
    }

    fn forget_epochs_before(&self, _: &GroupId, _: Epoch) -> Result<(), StorageFault> {
        Ok(())
    }

    fn put_tip(&self, _: &GroupId, _: &Digest) -> Result<(), StorageFault> {
        Ok(())
    }

    fn tip(&self, _: &GroupId) -> Result<Option<Digest>, StorageFault> {
        Ok(None)
    }

    fn take_snapshot(&self, _: &GroupId, _: &Digest, _: Epoch) -> Result<(), StorageFault> {
        Ok(())
    }

    fn restore_snapshot(&self, _: &GroupId, _: &Digest) -> Result<bool, StorageFault> {
        Ok(false)
    }

    fn snapshots(&self, _: &GroupId) -> Result<Vec<(Epoch, Digest)>, StorageFault> {
        Ok(Vec::new())
    }

    fn put_witness(&self, _: &GroupId, _: &Digest, _: &nostr::PublicKey) -> Result<(), StorageFault> {
        Ok(())
    }

    fn witnesses(&self, _: &GroupId) -> Result<Vec<(Digest, nostr::PublicKey)>, StorageFault> {
        Ok(Vec::new())
    }

    fn attempt<T>(&self, f: impl FnOnce() -> (bool, T)) -> Result<T, StorageFault> {
        Ok(f().1)
    }

    fn scratch<T>(&self, f: impl FnOnce() -> T) -> Result<T, StorageFault> {
        Ok(f())
    }

    fn remember_message(&self, _: &GroupId, _: &Digest, _: Epoch) -> Result<bool, StorageFault> {
        Ok(true)
    }

    fn remember_proposal(&self, _: &GroupId, _: &Digest, _: &[u8]) -> Result<(), StorageFault> {
        Ok(())
    }

    fn proposal_digest(&self, _: &GroupId, _: &[u8]) -> Result<Option<Digest>, StorageFault> {
        Ok(None)
    }

    fn knows_message(&self, _: &GroupId, _: &Digest) -> Result<bool, StorageFault> {
        Ok(false)
    }

    fn put_key_package(&self, record: &KeyPackageRecord) -> Result<(), StorageFault> {
        self.packages.borrow_mut().insert(record.reference.as_bytes().to_vec(), record.clone());
        Ok(())
    }

    fn key_package(&self, reference: &KeyPackageRef) -> Result<Option<KeyPackageRecord>, StorageFault> {
        Ok(self.packages.borrow().get(reference.as_bytes().as_slice()).cloned())
    }

    fn put_pending(&self, _: &GroupId, _: &[u8]) -> Result<(), StorageFault> {
        Ok(())
    }

    fn pending(&self, _: &GroupId) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(None)
    }

    fn put_given_up(&self, _: &GroupId, _: &Digest, _: Epoch, _: &[u8]) -> Result<(), StorageFault> {
        Ok(())
    }

    fn take_given_up(&self, _: &GroupId, _: &Digest) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(None)
    }

    fn clear_pending(&self, _: &GroupId) -> Result<(), StorageFault> {
        Ok(())
    }

    fn forget_group(&self, _: &GroupId) -> Result<(), StorageFault> {
        Ok(())
    }
}
