//! A member who breaks the rules: commits made with OpenMLS directly, past our engine, wrapped as the wire asks.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce, aead::Aead};
use murmel_engine::components::{ACCOUNT_PROOF, APP_COMPONENTS, ComponentList, SAFE_AAD, SUPPORTED};
use murmel_engine::{AccountProof, EpochKeys, Group, Storage as _};
use nostr::{Event, EventBuilder, Keys, Kind, Tag};
use openmls::component::ComponentData;
use openmls::group::MlsGroup;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, AppDataUpdateProposal, BasicCredential, Capabilities, Ciphersuite, CredentialWithKey,
    Extension, ExtensionType, Extensions, KeyPackage, LeafNode, LeafNodeIndex, LeafNodeParameters, MlsMessageIn, MlsMessageOut,
    ProcessedMessageContent, Proposal, ProposalType, RequiredCapabilitiesExtension, SignatureScheme,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_traits::OpenMlsProvider;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::Member;

const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// A commit that no honest client makes.
#[derive(Default)]
pub struct Forged {
    /// Key packages to add.
    pub adds: Vec<KeyPackage>,
    /// Leaves to remove.
    pub removes: Vec<u32>,
    /// Components to set, without any check.
    pub components: Vec<(u16, Vec<u8>)>,
    /// Whether waiting proposals ride along.
    pub with_proposals: bool,
    /// Forces an update path.
    pub rotate: bool,
    /// Proposal types that every member has to support from then on; the attacker's own leaf does.
    pub required_proposals: Vec<u16>,
    /// Another account, which the attacker holds too, takes over the leaf: with a proof of its own.
    pub identity: Option<Keys>,
}

impl Member {
    /// Commits past the engine. The attacker's own state is left as it was.
    pub fn forge(&self, forged: Forged) -> Event {
        self.group(move |tx, group, device| {
            let mut mls = raw(tx, group);
            let signer = SignatureKeyPair::read(tx.storage(), device.signature_key(), SignatureScheme::ED25519);
            let mut updater = mls.app_data_dictionary_updater();
            for (id, data) in &forged.components {
                updater.set(ComponentData::from_parts(*id, data.clone().into()));
            }
            let dictionary = updater.changes();
            let updates = forged.components.iter().map(|(id, data)| {
                Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(*id, tls_codec::VLBytes::from(data.clone()))))
            });
            let extensions = (!forged.required_proposals.is_empty()).then(|| {
                let proposals: Vec<_> = forged.required_proposals.iter().map(|kind| ProposalType::from(*kind)).collect();
                let required = RequiredCapabilitiesExtension::new(&[ExtensionType::AppDataDictionary], &proposals, &[]);
                let mut extensions = mls.extensions().clone();
                extensions.add_or_replace(Extension::RequiredCapabilities(required)).expect("an extension of a group context");
                extensions
            });
            let own = mls.own_leaf_node().expect("an own leaf").capabilities().clone();
            let mut builder = mls
                .commit_builder()
                .consume_proposal_store(forged.with_proposals)
                .force_self_update(forged.rotate)
                .propose_adds(forged.adds)
                .propose_removals(forged.removes.into_iter().map(LeafNodeIndex::new))
                .add_proposals(updates);
            if let Some(extensions) = extensions {
                let able = Capabilities::builder()
                    .versions(own.versions().to_vec())
                    .ciphersuites(vec![CIPHERSUITE])
                    .extensions(own.extensions().to_vec())
                    .proposals(forged.required_proposals.iter().map(|kind| ProposalType::from(*kind)).collect())
                    .credentials(own.credentials().to_vec())
                    .build();
                builder = builder
                    .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(able).build())
                    .propose_group_context_extensions(extensions)
                    .expect("a proposal");
            }
            if let Some(keys) = &forged.identity {
                builder = builder.leaf_node_parameters(leaf_of(keys, device.signature_key()));
            }
            let mut builder = builder.load_psks(tx.storage()).expect("no pre-shared keys");
            builder.with_app_data_dictionary_updates(dictionary);
            let bundle = builder.build(tx.rand(), tx.crypto(), &signer.expect("a signer"), |_| true).expect("a commit that MLS allows");
            let commit = bundle.stage_commit(tx).expect("a staged commit").into_commit().tls_serialize_detached().expect("bytes");
            mls.clear_pending_commit(tx.storage()).expect("storage");
            wrap(group, &commit)
        })
    }

    /// Proposes an addition past the engine, as a message of its own. The attacker's own state is left as it was.
    pub fn propose(&self, addition: KeyPackage) -> Event {
        self.group(move |tx, group, device| {
            let mut mls = raw(tx, group);
            let signer = SignatureKeyPair::read(tx.storage(), device.signature_key(), SignatureScheme::ED25519).expect("a signer");
            let (message, _) = mls.propose_add_member(tx, &signer, &addition).expect("a proposal that MLS allows");
            mls.clear_pending_proposals(tx.storage()).expect("storage");
            wrap(group, &message.tls_serialize_detached().expect("bytes"))
        })
    }

    /// A key package that names somebody else, with a proof that only looks like theirs, in an event of our own.
    pub fn disguised_key_package(&self, as_whom: &Self) -> Event {
        let (keys, victim) = (self.keys.clone(), as_whom.account());
        let package = self.tx(move |tx, desk| {
            let signer = SignatureKeyPair::read(tx.storage(), desk.device.signature_key(), SignatureScheme::ED25519).expect("a signer");
            let own = AccountProof::sign(&keys, signer.public(), 1_700_000_000).expect("a proof").encode();
            let proof = [victim.as_bytes().as_slice(), &own[32..]].concat();
            let credential = BasicCredential::new(victim.as_bytes().to_vec()).into();
            let bundle = KeyPackage::builder()
                .leaf_node_capabilities(
                    Capabilities::builder()
                        .extensions(vec![ExtensionType::AppDataDictionary])
                        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
                        .build(),
                )
                .leaf_node_extensions(leaf_extensions(proof))
                .build(CIPHERSUITE, tx, &signer, CredentialWithKey { credential, signature_key: signer.public().into() })
                .expect("a key package that MLS allows");
            MlsMessageOut::from(bundle.key_package().clone()).tls_serialize_detached().expect("bytes")
        });
        let tags = self.key_package().tags;
        EventBuilder::new(murmel_engine::KEY_PACKAGE_KIND, STANDARD.encode(package))
            .tags(tags)
            .sign_with_keys(&self.keys)
            .expect("a signature")
    }

    /// Keeps a proposal among those that wait, without any check: as if an older version had let it in.
    pub fn plant(&self, proposal: &Event) {
        let bytes = self.open(proposal);
        self.group(move |tx, group, _| {
            let message = MlsMessageIn::tls_deserialize_exact(bytes).expect("a message").try_into_protocol_message().expect("of a group");
            let mut mls = raw(tx, group);
            match mls.process_message(tx, message).expect("valid MLS").into_content() {
                ProcessedMessageContent::ProposalMessage(queued) => mls.store_pending_proposal(tx.storage(), *queued).expect("storage"),
                _ => panic!("not a proposal"),
            }
        });
        self.reload();
    }

    /// Whether OpenMLS opens a message with the rows that are here, whatever our engine would say to it.
    pub fn decrypts(&self, message: &[u8]) -> bool {
        let message = message.to_vec();
        self.group(move |tx, group, _| {
            let message = MlsMessageIn::tls_deserialize_exact(message).expect("a message").try_into_protocol_message().expect("of a group");
            let processed = raw(tx, group).process_message(tx, message);
            processed.is_ok_and(|processed| matches!(processed.into_content(), ProcessedMessageContent::ApplicationMessage(_)))
        })
    }

    /// Proposes to leave with data of the attacker's choice beside it, so that each proposal is another one. The own state stays as it was.
    pub fn propose_leave_with(&self, data: &[u8]) -> Event {
        let data = data.to_vec();
        self.group(move |tx, group, device| {
            let signer = SignatureKeyPair::read(tx.storage(), device.signature_key(), openmls::prelude::SignatureScheme::ED25519);
            let message = tx
                .scratch(|| {
                    let id = openmls::group::GroupId::from_slice(group.id().as_bytes());
                    let mut mls = MlsGroup::load(tx.storage(), &id).expect("storage").expect("a group");
                    mls.set_aad(data);
                    mls.leave_group_via_self_remove(tx, &signer.expect("a signer")).expect("a proposal")
                })
                .expect("storage");
            wrap(group, &message.tls_serialize_detached().expect("bytes"))
        })
    }

    /// Wraps the bytes of an MLS message with the current epoch's key, as any member can.
    pub fn wrap(&self, message: Vec<u8>) -> Event {
        self.group(move |_, group, _| wrap(group, &message))
    }

    /// The same content and route under another signature, with a tag that says when it disappears: what anybody can do who sees an event.
    pub fn with_expiration(event: &Event, at: u64) -> Event {
        let tags = event.tags.iter().cloned().chain([Tag::parse(["expiration".to_owned(), at.to_string()]).expect("a tag")]);
        EventBuilder::new(event.kind, event.content.clone()).tags(tags).sign_with_keys(&Keys::generate()).expect("a signature")
    }

    /// Opens an event of the current epoch: the MLS message inside, as any member can.
    pub fn open(&self, event: &Event) -> Vec<u8> {
        let content = STANDARD.decode(&event.content).expect("base64");
        self.group(move |_, group, _| {
            let key = keys(group).group_event;
            let (nonce, ciphertext) = content.split_at(12);
            ChaCha20Poly1305::new(Key::from_slice(key.as_slice())).decrypt(Nonce::from_slice(nonce), ciphertext).expect("the epoch's key")
        })
    }
}

/// The exported keys of the current epoch.
fn keys(group: &Group) -> EpochKeys {
    group.epochs().first().and_then(|record| record.keys.clone()).expect("a member's keys")
}

/// The group as OpenMLS keeps it, past ours.
fn raw(tx: &murmel_store::Tx<'_>, group: &Group) -> MlsGroup {
    let id = openmls::group::GroupId::from_slice(group.id().as_bytes());
    MlsGroup::load(tx.storage(), &id).expect("storage").expect("a group")
}

/// A leaf with the same signature key for another account, complete with a proof that holds.
fn leaf_of(keys: &Keys, leaf_key: &[u8]) -> LeafNodeParameters {
    let proof = AccountProof::sign(keys, leaf_key, 1_700_000_000).expect("a proof").encode();
    let credential = BasicCredential::new(keys.public_key().as_bytes().to_vec()).into();
    LeafNodeParameters::builder()
        .with_credential_with_key(CredentialWithKey { credential, signature_key: leaf_key.into() })
        .with_extensions(leaf_extensions(proof))
        .build()
}

fn leaf_extensions(proof: Vec<u8>) -> Extensions<LeafNode> {
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(APP_COMPONENTS, ComponentList::new(SUPPORTED).encode());
    dictionary.insert(SAFE_AAD, ComponentList::new([]).encode());
    dictionary.insert(ACCOUNT_PROOF, proof);
    let extension = Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary));
    Extensions::single(extension).expect("an extension of a leaf")
}

fn wrap(group: &Group, message: &[u8]) -> Event {
    let epochs = group.epochs();
    let record = epochs.first().expect("an epoch");
    let nonce = [9; 12];
    let ciphertext = ChaCha20Poly1305::new(Key::from_slice(keys(group).group_event.as_slice()))
        .encrypt(&Nonce::from(nonce), message)
        .expect("encryption");
    EventBuilder::new(Kind::MlsGroupMessage, STANDARD.encode([nonce.as_slice(), &ciphertext].concat()))
        .tag(Tag::parse(["h".to_owned(), record.routing.to_string()]).expect("a tag"))
        .sign_with_keys(&Keys::generate())
        .expect("a signature")
}
