//! What a leaf of the ratchet tree says about its owner, and whether it is fit for a group.
//! Every leaf that is ever accepted passes [`Leaf::read`]: key packages, joined trees, adds, updates, commit paths.

use nostr::PublicKey;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, BasicCredential, Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType,
    Extensions, LeafNode, ProposalType, ProtocolVersion, RequiredCapabilitiesExtension,
};

use crate::components::{ACCOUNT_PROOF, APP_COMPONENTS, AgentStream, ComponentId, ComponentList, SAFE_AAD, SUPPORTED};
use crate::identity::{self, AccountProof};

/// The only ciphersuite in use: X25519, AES-128-GCM, SHA-256, Ed25519.
pub const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// Leaves of the profile before the current one carried the proof in this extension.
pub const LEGACY_PROOF: u16 = 0xf2f1;
/// What every leaf has to understand: the extension that holds components, and the proposals that change them and that leave a group.
const APP_DATA_DICTIONARY: u16 = 0x0006;
const PROPOSALS: [u16; 2] = [0x0008, 0x000a];
/// Capability markers of agent text streams, in the order of the role bits: receive, send, fan-out.
const AGENT_ROLES: [u16; 3] = [0xf2d1, 0xf2d2, 0xf2d4];

/// Why a leaf is not accepted. The texts are wire terms; they name no one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafFlaw {
    /// The credential is not a Nostr key.
    #[error("the credential is not a Nostr key")]
    Credential,
    /// The leaf carries the proof of an older profile.
    #[error("the leaf is of an older profile")]
    Legacy,
    /// The list of supported components is missing or malformed.
    #[error("the list of supported components is missing or malformed")]
    Components,
    /// The account proof is missing, malformed or false.
    #[error("the account proof is missing, malformed or false")]
    Proof,
    /// The reserved components of a leaf have unexpected content.
    #[error("a reserved component has unexpected content")]
    Reserved,
}

/// An accepted leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Whose leaf it is.
    pub account: PublicKey,
    /// The components it supports.
    pub components: ComponentList,
    /// The extension types it supports, GREASE left out.
    pub extensions: Vec<u16>,
    /// The proposal types it supports, GREASE left out.
    pub proposals: Vec<u16>,
}

impl Leaf {
    /// Checks identity and account proof (Marmot identity rules; RFC 9420 checks are OpenMLS's).
    pub fn read(node: &LeafNode) -> Result<Self, LeafFlaw> {
        let credential = BasicCredential::try_from(node.credential().clone()).map_err(|_| LeafFlaw::Credential)?;
        let account = identity::account(credential.identity()).ok_or(LeafFlaw::Credential)?;
        if node.extensions().contains(ExtensionType::Unknown(LEGACY_PROOF)) {
            return Err(LeafFlaw::Legacy);
        }
        let dictionary = node.extensions().app_data_dictionary().ok_or(LeafFlaw::Components)?.dictionary();
        let components = dictionary.get(&APP_COMPONENTS).ok_or(LeafFlaw::Components)?;
        let components = ComponentList::decode(components).map_err(|_| LeafFlaw::Components)?;
        if !components.contains(APP_COMPONENTS) || !components.contains(ACCOUNT_PROOF) {
            return Err(LeafFlaw::Components);
        }
        if dictionary.get(&SAFE_AAD).is_some_and(|data| ComponentList::decode(data).is_err()) {
            return Err(LeafFlaw::Reserved);
        }
        let proof = dictionary.get(&ACCOUNT_PROOF).ok_or(LeafFlaw::Proof)?;
        let proof = AccountProof::decode(proof).map_err(|_| LeafFlaw::Proof)?;
        if !proof.vouches_for(&account, node.signature_key().as_slice()) {
            return Err(LeafFlaw::Proof);
        }
        let capabilities = node.capabilities();
        Ok(Self {
            account,
            components,
            extensions: capabilities
                .extensions()
                .iter()
                .filter(|kind| !is_grease(u16::from(**kind)))
                .map(|kind| u16::from(*kind))
                .collect(),
            proposals: capabilities.proposals().iter().filter(|kind| !is_grease(u16::from(**kind))).map(|kind| u16::from(*kind)).collect(),
        })
    }

    /// The first thing that a group requires and this leaf does not offer, as a wire name.
    pub fn lacks(&self, required: &[ComponentId], agent: Option<AgentStream>) -> Option<String> {
        if !self.extensions.contains(&APP_DATA_DICTIONARY) {
            return Some(format!("extension {APP_DATA_DICTIONARY:#06x}"));
        }
        if let Some(kind) = PROPOSALS.iter().find(|kind| !self.proposals.contains(kind)) {
            return Some(format!("proposal {kind:#06x}"));
        }
        if let Some(id) = required.iter().find(|id| !self.components.contains(**id)) {
            return Some(format!("component {id:#06x}"));
        }
        let roles = agent.map_or(0, AgentStream::required_roles);
        let role = AGENT_ROLES.iter().enumerate().find(|(bit, kind)| roles & (1 << bit) != 0 && !self.extensions.contains(kind));
        role.map(|(_, kind)| format!("extension {kind:#06x}"))
    }
}

/// Whether a leaf supports what a group context requires (RFC 9420 §11.1). Types below the limits are supported by everybody.
pub fn supports(node: &LeafNode, required: &RequiredCapabilitiesExtension) -> bool {
    const DEFAULT_EXTENSIONS: u16 = 5;
    const DEFAULT_PROPOSALS: u16 = 7;
    let own = node.capabilities();
    let extension = |kind: &ExtensionType| u16::from(*kind) <= DEFAULT_EXTENSIONS || own.extensions().contains(kind);
    let proposal = |kind: &ProposalType| u16::from(*kind) <= DEFAULT_PROPOSALS || own.proposals().contains(kind);
    required.extension_types().iter().all(extension)
        && required.proposal_types().iter().all(proposal)
        && required.credential_types().iter().all(|kind| own.credentials().contains(kind))
}

/// RFC 9420 §13.5: values of the form 0x?A?A are for testing tolerance.
pub const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff && value != 0xfafa
}

/// The capabilities of our own leaves: MDK's, so that White Noise can invite us.
pub fn own_capabilities() -> Capabilities {
    let mut extensions = vec![ExtensionType::RequiredCapabilities, ExtensionType::AppDataDictionary];
    extensions.extend(AGENT_ROLES.map(ExtensionType::Unknown));
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(vec![CIPHERSUITE])
        .extensions(extensions)
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
        .credentials(vec![CredentialType::Basic])
        .build()
}

/// The extensions of our own leaves.
pub fn own_extensions(proof: &AccountProof) -> Option<Extensions<LeafNode>> {
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(APP_COMPONENTS, ComponentList::new(SUPPORTED).encode());
    dictionary.insert(SAFE_AAD, ComponentList::new([]).encode());
    dictionary.insert(ACCOUNT_PROOF, proof.encode());
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))).ok()
}

#[cfg(test)]
mod tests {
    use super::is_grease;

    #[test]
    fn grease_is_recognised() {
        assert!([0x0a0a, 0x1a1a, 0xeaea].into_iter().all(is_grease));
        assert!(![0x0006, 0x000a, 0x0a1a, 0xf2d1, 0xfafa].into_iter().any(is_grease));
    }
}
