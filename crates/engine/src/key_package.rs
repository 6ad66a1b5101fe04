//! Key packages: ours, as events to publish (kind 30443), and those of others, as offers to invite.
//! An [`Offer`] exists only after every check of the wire passed; which relays to ask is decided elsewhere.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nostr::{Event, EventBuilder, EventId, Kind, PublicKey, SecretKey, Tag};
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, Extension, Extensions, KeyPackage, KeyPackageBundle, Lifetime, MlsMessageBodyIn,
    MlsMessageIn, MlsMessageOut, ProtocolVersion,
};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::storage::StorageProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};
use zeroize::Zeroizing;

use crate::components::{AgentStream, LAST_RESORT_KEY_PACKAGE, REQUIRED_IN_NEW_GROUPS};
use crate::device::Device;
use crate::era::Era;
use crate::error::Fault;
use crate::ids::KeyPackageRef;
use crate::leaf::{self, CIPHERSUITE, Leaf, LeafFlaw};
use crate::storage::KeyPackageRecord;
use crate::{Storage, StorageFault};

/// The Nostr kind of a published key package.
pub const KEY_PACKAGE_KIND: Kind = Kind::Custom(30443);
/// How far `not_before` lies in the past, for skewed clocks.
const MARGIN_SECS: u64 = 60 * 60;
/// How long a key package of ours can be used: 84 days, the longest that peers accept.
const LIFETIME_SECS: u64 = 84 * 24 * 60 * 60;
/// Longest content of an event that is decoded, in bytes of base64.
const MAX_CONTENT: usize = 64 * 1024;

/// The `d` tag under which one installation replaces its key package again and again. Random, made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot([u8; 32]);

impl Slot {
    /// From its 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh one.
    pub fn random() -> Self {
        // A secret key is 32 bytes of the operating system's randomness.
        Self(SecretKey::generate().to_secret_bytes())
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As it stands in the tag: 64 hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// A key package of ours, kept in the storage and ready to be published.
pub struct OwnKeyPackage {
    /// Names it in welcomes.
    pub reference: KeyPackageRef,
    /// End of its lifetime, Unix seconds.
    pub not_after: u64,
    content: String,
    tags: Vec<Vec<String>>,
}

impl OwnKeyPackage {
    /// Makes and keeps a key package. `now` in Unix seconds.
    pub fn create(storage: &impl Storage, device: &Device, now: u64) -> Result<Self, Fault> {
        let mut marker = AppDataDictionary::new();
        marker.insert(LAST_RESORT_KEY_PACKAGE, Vec::new());
        let marker = Extension::AppDataDictionary(AppDataDictionaryExtension::new(marker));
        let not_after = now + LIFETIME_SECS;
        let bundle = KeyPackage::builder()
            .key_package_lifetime(Lifetime::init(now.saturating_sub(MARGIN_SECS), not_after))
            .key_package_extensions(Extensions::single(marker).map_err(Fault::mls)?)
            .leaf_node_capabilities(leaf::own_capabilities())
            .leaf_node_extensions(leaf::own_extensions(device.account_proof()).ok_or_else(|| Fault::mls("leaf extensions"))?)
            .build(CIPHERSUITE, storage, device.signer(), device.credential())
            .map_err(Fault::mls)?;
        let reference = keep(storage, &bundle)?;
        // One copy only: ours, which stays when a welcome uses it.
        withdraw(storage, &reference)?;
        let package = bundle.key_package();
        let content = MlsMessageOut::from(package.clone()).tls_serialize_detached().map_err(Fault::mls)?;
        Ok(Self { reference, not_after, content: STANDARD.encode(content), tags: content_tags(package, &reference)? })
    }

    /// The event to sign with the account's key and to publish.
    pub fn event(&self, slot: &Slot) -> EventBuilder {
        let tags = std::iter::once(vec!["d".to_owned(), slot.hex()]).chain(self.tags.iter().cloned());
        EventBuilder::new(KEY_PACKAGE_KIND, self.content.clone()).tags(tags.filter_map(|tag| Tag::parse(tag).ok()))
    }
}

/// Keeps a bundle with its private keys, so that welcomes can use it more than once.
///
/// # Errors
/// [`Fault`] when the storage fails.
pub fn keep(storage: &impl Storage, bundle: &KeyPackageBundle) -> Result<KeyPackageRef, Fault> {
    let package = bundle.key_package();
    let reference = reference_of(package)?;
    let serialized = serde_json::to_vec(bundle).map(Zeroizing::new).map_err(Fault::mls)?;
    storage.put_key_package(&KeyPackageRecord { reference, bundle: serialized, not_after: package.life_time().not_after() })?;
    Ok(reference)
}

/// Puts the bundle back where OpenMLS looks for it; `false` if the package is not ours.
pub(crate) fn restore(storage: &impl Storage, reference: &KeyPackageRef) -> Result<bool, Fault> {
    let Some(record) = storage.key_package(reference)? else { return Ok(false) };
    let bundle: KeyPackageBundle = serde_json::from_slice(&record.bundle).map_err(|_| Fault::mls("kept key package"))?;
    let hash_ref = bundle.key_package().hash_ref(storage.crypto()).map_err(Fault::mls)?;
    storage.storage().write_key_package(&hash_ref, &bundle).map_err(StorageFault::new)?;
    Ok(true)
}

/// Takes the bundle away from where OpenMLS looks for it; our own copy stays.
pub(crate) fn withdraw(storage: &impl Storage, reference: &KeyPackageRef) -> Result<(), Fault> {
    let Some(record) = storage.key_package(reference)? else { return Ok(()) };
    let bundle: KeyPackageBundle = serde_json::from_slice(&record.bundle).map_err(|_| Fault::mls("kept key package"))?;
    let hash_ref = bundle.key_package().hash_ref(storage.crypto()).map_err(Fault::mls)?;
    storage.storage().delete_key_package(&hash_ref).map_err(StorageFault::new)?;
    Ok(())
}

/// Why somebody's key package cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferRefused {
    /// No event was given.
    #[error("no key package was published")]
    None,
    /// Not a kind 30443 event whose id and signature hold.
    #[error("the event is not a valid key package event")]
    Event,
    /// A tag is missing, doubled, or differs from the content.
    #[error("the tag {0} is missing, doubled or wrong")]
    Tag(&'static str),
    /// The content is not base64 of an MLSMessage with a key package.
    #[error("the content is not a key package")]
    Content,
    /// The key package of an older app.
    #[error("{0}")]
    Older(Era),
    /// RFC 9420 validation failed.
    #[error("the key package is not valid")]
    Invalid,
    /// Expired, not valid yet, or valid for too long.
    #[error("the key package has expired or is not valid yet")]
    Lifetime,
    /// The author is not the account in the credential.
    #[error("the key package belongs to another account")]
    Author,
    /// The leaf is not acceptable.
    #[error(transparent)]
    Leaf(#[from] LeafFlaw),
}

/// Somebody's key package, verified: the person can be invited with it.
#[derive(Clone)]
pub struct Offer {
    pub(crate) package: KeyPackage,
    pub(crate) leaf: Leaf,
    event: EventId,
    created_at: u64,
}

impl Offer {
    /// Verifies a kind 30443 event: id and signature, each tag, the MLS key package, its lifetime at `now` (Unix seconds) and the account proof.
    pub fn read(event: &Event, now: u64) -> Result<Self, OfferRefused> {
        if event.kind != KEY_PACKAGE_KIND || event.content.len() > MAX_CONTENT || event.verify().is_err() {
            return Err(OfferRefused::Event);
        }
        let tags = Tags::read(event)?;
        let package = decode(&event.content)?;
        let life_time = package.life_time();
        if !life_time.has_acceptable_range() || now >= life_time.not_after() || now < life_time.not_before() {
            return Err(OfferRefused::Lifetime);
        }
        let leaf = Leaf::read(package.leaf_node()).map_err(|flaw| match flaw {
            LeafFlaw::Legacy => OfferRefused::Older(Era::EarlyV2),
            other => other.into(),
        })?;
        if leaf.account != event.pubkey {
            return Err(OfferRefused::Author);
        }
        let marker = package.extensions().app_data_dictionary().and_then(|dict| dict.dictionary().get(&LAST_RESORT_KEY_PACKAGE));
        if marker.is_some_and(|data| !data.is_empty()) || package.ciphersuite() != CIPHERSUITE {
            return Err(OfferRefused::Invalid);
        }
        tags.check(&package, &leaf)?;
        Ok(Self { package, leaf, event: event.id, created_at: event.created_at.as_secs() })
    }

    /// The newest valid one of an author's events. When none is valid, the reason of the newest.
    pub fn newest(events: &[Event], now: u64) -> Result<Self, OfferRefused> {
        let mut events: Vec<_> = events.iter().collect();
        events.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
        let mut first_reason = None;
        for event in events {
            match Self::read(event, now) {
                Ok(offer) => return Ok(offer),
                Err(reason) => first_reason = first_reason.or(Some(reason)),
            }
        }
        Err(first_reason.unwrap_or(OfferRefused::None))
    }

    /// Whose it is.
    pub const fn account(&self) -> PublicKey {
        self.leaf.account
    }

    /// The event that carried it.
    pub const fn event_id(&self) -> EventId {
        self.event
    }

    /// Unix seconds, as the event states them.
    pub const fn created_at(&self) -> u64 {
        self.created_at
    }

    /// The first component or capability that a group of White Noise's profile requires and this one lacks, as a wire name.
    pub fn lacks_for_new_group(&self) -> Option<String> {
        self.leaf.lacks(&REQUIRED_IN_NEW_GROUPS, Some(AgentStream::DEFAULT))
    }
}

fn decode(content: &str) -> Result<KeyPackage, OfferRefused> {
    let bytes = STANDARD.decode(content).map_err(|_| OfferRefused::Content)?;
    let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| OfferRefused::Content)?;
    let MlsMessageBodyIn::KeyPackage(package) = message.extract() else { return Err(OfferRefused::Content) };
    // The lifetime is checked here against the system clock, and by the caller against its own.
    package.validate(&RustCrypto::default(), ProtocolVersion::Mls10).map_err(|error| match error {
        openmls::prelude::KeyPackageVerifyError::LifetimeError(_) => OfferRefused::Lifetime,
        _ => OfferRefused::Invalid,
    })
}

pub(crate) fn reference_of(package: &KeyPackage) -> Result<KeyPackageRef, Fault> {
    let hash_ref = package.hash_ref(&RustCrypto::default()).map_err(Fault::mls)?;
    KeyPackageRef::from_slice(hash_ref.as_slice()).ok_or_else(|| Fault::mls("key package reference"))
}

fn hex_ids(ids: impl IntoIterator<Item = u16>) -> impl Iterator<Item = String> {
    ids.into_iter().map(|id| format!("{id:#06x}"))
}

fn content_tags(package: &KeyPackage, reference: &KeyPackageRef) -> Result<Vec<Vec<String>>, Fault> {
    let leaf = Leaf::read(package.leaf_node()).map_err(Fault::mls)?;
    let tag = |name: &str, values: &mut dyn Iterator<Item = String>| std::iter::once(name.to_owned()).chain(values).collect();
    Ok(vec![
        tag("mls_protocol_version", &mut std::iter::once("1.0".to_owned())),
        tag("i", &mut std::iter::once(reference.to_string())),
        tag("mls_ciphersuite", &mut hex_ids([u16::from(CIPHERSUITE)])),
        tag("mls_extensions", &mut hex_ids(leaf.extensions.iter().copied())),
        tag("mls_proposals", &mut hex_ids(leaf.proposals.iter().copied())),
        tag("app_components", &mut hex_ids(published_components(&leaf))),
    ])
}

fn published_components(leaf: &Leaf) -> impl Iterator<Item = u16> {
    leaf.components.ids().iter().copied().filter(|id| *id >= 0x8000)
}

/// The tags of a kind 30443 event, each present exactly once.
struct Tags<'a> {
    reference: &'a str,
    extensions: BTreeSet<u16>,
    proposals: BTreeSet<u16>,
    components: BTreeSet<u16>,
}

impl<'a> Tags<'a> {
    fn read(event: &'a Event) -> Result<Self, OfferRefused> {
        let slot = value(event, "d")?;
        if slot.len() != 64 || !slot.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(OfferRefused::Tag("d"));
        }
        let extensions = values(event, "mls_extensions")?;
        if let Some(era) = Era::of_extensions(extensions) {
            return Err(OfferRefused::Older(era));
        }
        if value(event, "mls_protocol_version")? != "1.0" {
            return Err(OfferRefused::Tag("mls_protocol_version"));
        }
        if value(event, "mls_ciphersuite")? != "0x0001" {
            return Err(OfferRefused::Tag("mls_ciphersuite"));
        }
        Ok(Self {
            reference: value(event, "i")?,
            extensions: ids(extensions).ok_or(OfferRefused::Tag("mls_extensions"))?,
            proposals: ids(values(event, "mls_proposals")?).ok_or(OfferRefused::Tag("mls_proposals"))?,
            components: ids(values(event, "app_components")?).ok_or(OfferRefused::Tag("app_components"))?,
        })
    }

    fn check(&self, package: &KeyPackage, leaf: &Leaf) -> Result<(), OfferRefused> {
        let reference = reference_of(package).map_err(|_| OfferRefused::Invalid)?;
        if self.reference != reference.to_string() {
            return Err(OfferRefused::Tag("i"));
        }
        if self.extensions != leaf.extensions.iter().copied().collect() {
            return Err(OfferRefused::Tag("mls_extensions"));
        }
        if self.proposals != leaf.proposals.iter().copied().collect() {
            return Err(OfferRefused::Tag("mls_proposals"));
        }
        if self.components != published_components(leaf).collect() {
            return Err(OfferRefused::Tag("app_components"));
        }
        Ok(())
    }
}

fn values<'a>(event: &'a Event, name: &'static str) -> Result<&'a [String], OfferRefused> {
    let mut tags = event.tags.iter().map(|tag| tag.as_slice()).filter(|tag| tag.first().is_some_and(|first| first == name));
    match (tags.next(), tags.next()) {
        (Some([_, values @ ..]), None) => Ok(values),
        _ => Err(OfferRefused::Tag(name)),
    }
}

fn value<'a>(event: &'a Event, name: &'static str) -> Result<&'a str, OfferRefused> {
    match values(event, name)? {
        [value] => Ok(value),
        _ => Err(OfferRefused::Tag(name)),
    }
}

/// Ids as `0x` and four lower-case hex digits, none twice, GREASE left out.
fn ids(texts: &[String]) -> Option<BTreeSet<u16>> {
    let mut ids = BTreeSet::new();
    for text in texts {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 4)?;
        let lower = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let id = u16::from_str_radix(digits, 16).ok().filter(|_| lower)?;
        if !ids.insert(id) {
            return None;
        }
    }
    ids.retain(|id| !leaf::is_grease(*id));
    Some(ids)
}
