//! A founder whose app is older than ours: a group made with OpenMLS directly, past our engine.
//! It stays a leaf that nobody asks anything of.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use murmel_engine::components::{
    ACCOUNT_PROOF, ADMINS, APP_COMPONENTS, Admins, ComponentId, ComponentList, PROFILE, Profile, ROUTING, Routing, SAFE_AAD, SUPPORTED,
};
use murmel_engine::{RoutingId, Welcome};
use nostr::{EventBuilder, Kind, Tag};
use openmls::group::{MlsGroup, PURE_PLAINTEXT_WIRE_FORMAT_POLICY};
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey,
    Extension, ExtensionType, Extensions, GroupContext, KeyPackage, MlsMessageBodyIn, MlsMessageIn, ProposalType, ProtocolVersion,
    RequiredCapabilitiesExtension, SignatureScheme,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_traits::OpenMlsProvider;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::{Member, NOW};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// A fresh key package of somebody, as OpenMLS has it.
pub fn key_package(of: &Member) -> KeyPackage {
    let bytes = STANDARD.decode(of.key_package().content).expect("base64");
    let MlsMessageBodyIn::KeyPackage(package) = MlsMessageIn::tls_deserialize_exact(bytes).expect("a message").extract() else {
        panic!("a key package")
    };
    package.validate(&openmls_rust_crypto::RustCrypto::default(), ProtocolVersion::Mls10).expect("a valid key package")
}

/// A mark of an older wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Group data in extension 0xf2ee.
    GroupData,
    /// Account proofs in extension 0xf2f1.
    Proof,
}

impl Member {
    /// A welcome to a group of an older wire, made with a key package of ours that claims to understand it.
    pub fn invited_by_an_older_app(&self, mark: Mark) -> Welcome {
        let founder = Self::new();
        let kind = ExtensionType::Unknown(if mark == Mark::GroupData { 0xf2ee } else { 0xf2f1 });
        let able = |tx: &murmel_store::Tx<'_>, device: &murmel_engine::Device| {
            let signer = SignatureKeyPair::read(tx.storage(), device.signature_key(), SignatureScheme::ED25519).expect("a signer");
            let credential = CredentialWithKey {
                credential: BasicCredential::new(device.account().as_bytes().to_vec()).into(),
                signature_key: device.signature_key().into(),
            };
            (signer, credential)
        };
        let package = self.tx(move |tx, desk| {
            let (signer, credential) = able(tx, &desk.device);
            let bundle = KeyPackage::builder()
                .leaf_node_capabilities(capabilities_with(Some(kind)))
                .leaf_node_extensions(leaf(&desk.device.proof(), None))
                .build(SUITE, tx, &signer, credential)
                .expect("a key package");
            murmel_engine::keep_key_package(tx, &bundle).expect("a kept key package");
            bundle.key_package().clone()
        });
        let (from, welcome) = founder.tx(move |tx, desk| {
            let (signer, credential) = able(tx, &desk.device);
            let extensions = if mark == Mark::GroupData {
                Extensions::single(Extension::Unknown(0xf2ee, openmls::extensions::UnknownExtension(vec![1, 2, 3]))).expect("extensions")
            } else {
                let required = RequiredCapabilitiesExtension::new(&[kind], &[], &[]);
                Extensions::single(Extension::RequiredCapabilities(required)).expect("extensions")
            };
            let mut mls = MlsGroup::builder()
                .ciphersuite(SUITE)
                .use_ratchet_tree_extension(true)
                .with_capabilities(capabilities_with(Some(kind)))
                .with_group_context_extensions(extensions)
                .build(tx, &signer, credential)
                .expect("a group");
            let (_, welcome, _) = mls.add_members(tx, &signer, &[package]).expect("a commit");
            (desk.device.account(), welcome.tls_serialize_detached().expect("bytes"))
        });
        Welcome::restore(welcome, from, vec!["wss://relay.example".to_owned()])
    }

    /// Founds a group that requires nothing but what every Marmot group has to, with `admin` as its second admin. All others join it.
    /// `lacking`: what the founder's own app does not support.
    pub fn found_older_group(&self, lacking: Option<ComponentId>, admin: &Self, others: &[&Self]) {
        let joining: Vec<&Self> = std::iter::once(admin).chain(others.iter().copied()).collect();
        let packages: Vec<KeyPackage> = joining.iter().map(|one| key_package(one)).collect();
        let admins = Admins::new([self.account(), admin.account()]).expect("admins");
        let welcome = self.tx(move |tx, desk| {
            let device = &desk.device;
            let signer = SignatureKeyPair::read(tx.storage(), device.signature_key(), SignatureScheme::ED25519).expect("a signer");
            let credential = CredentialWithKey {
                credential: BasicCredential::new(device.account().as_bytes().to_vec()).into(),
                signature_key: device.signature_key().into(),
            };
            let mut mls = MlsGroup::builder()
                .ciphersuite(SUITE)
                .with_wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
                .use_ratchet_tree_extension(true)
                .with_capabilities(capabilities())
                .with_leaf_node_extensions(leaf(&device.proof(), lacking))
                .expect("leaf extensions")
                .with_group_context_extensions(context(&admins))
                .build(tx, &signer, credential)
                .expect("a group");
            let bundle = mls
                .commit_builder()
                .propose_adds(packages)
                .load_psks(tx.storage())
                .expect("no pre-shared keys")
                .build(tx.rand(), tx.crypto(), &signer, |_| true)
                .expect("a commit")
                .stage_commit(tx)
                .expect("a staged commit");
            let welcome = bundle.to_welcome_msg().expect("a welcome").tls_serialize_detached().expect("bytes");
            mls.merge_pending_commit(tx).expect("a merged commit");
            welcome
        });
        let rumor = EventBuilder::new(Kind::MlsWelcome, STANDARD.encode(welcome))
            .tags([["e", &"0".repeat(64)], ["relays", "wss://relay.example"]].map(|tag| Tag::parse(tag).expect("a tag")))
            .custom_created_at((*NOW).into())
            .build(self.account());
        for one in joining {
            let welcome = Welcome::read(&rumor, self.account()).expect("a welcome");
            one.tx(move |tx, desk| desk.group = Some(welcome.join(tx, &desk.device, true, *NOW).expect("a group")));
        }
    }
}

fn capabilities() -> Capabilities {
    capabilities_with(None)
}

fn capabilities_with(more: Option<ExtensionType>) -> Capabilities {
    let extensions: Vec<_> = [0x0003, 0x0006, 0xf2d1, 0xf2d2, 0xf2d4].map(ExtensionType::from).into_iter().chain(more).collect();
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(vec![SUITE])
        .extensions(extensions)
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
        .credentials(vec![CredentialType::Basic])
        .build()
}

fn leaf(proof: &[u8], lacking: Option<ComponentId>) -> Extensions<openmls::prelude::LeafNode> {
    let mut dictionary = AppDataDictionary::new();
    let supported = ComponentList::new(SUPPORTED.into_iter().filter(|id| Some(*id) != lacking));
    dictionary.insert(APP_COMPONENTS, supported.encode());
    dictionary.insert(SAFE_AAD, ComponentList::new([]).encode());
    dictionary.insert(ACCOUNT_PROOF, proof.to_vec());
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))).expect("extensions")
}

fn context(admins: &Admins) -> Extensions<GroupContext> {
    let mut dictionary = AppDataDictionary::new();
    let routing = Routing::new(RoutingId::new([6; 32]), ["wss://relay.example".to_owned()]).expect("a route");
    dictionary.insert(APP_COMPONENTS, ComponentList::new([PROFILE, ADMINS, ROUTING, ACCOUNT_PROOF]).encode());
    dictionary.insert(PROFILE, Profile::new("Old", "").expect("a profile").encode());
    dictionary.insert(ADMINS, admins.encode());
    dictionary.insert(ROUTING, routing.encode());
    let required = RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[],
    );
    let dictionary = Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary));
    Extensions::from_vec(vec![Extension::RequiredCapabilities(required), dictionary]).expect("extensions")
}
