//! Marmot's application components: their ids, and the exact bytes of each one's state.
//! Decoding accepts canonical bytes only; what a component means to a group is decided elsewhere.

mod admins;
mod agent_stream;
mod avatar;
mod image;
mod lifecycle;
mod list;
mod media;
mod profile;
mod retention;
mod routing;

pub use admins::Admins;
pub use agent_stream::AgentStream;
pub use avatar::Avatar;
pub use image::{GroupImage, Picture};
pub use lifecycle::Lifecycle;
pub use list::ComponentList;
pub use media::{MediaPolicy, canonical_mime};
pub use profile::Profile;
pub use retention::Retention;
pub use routing::{MAX_RELAY_URL, MAX_RELAYS, Routing, is_relay_url};

use std::collections::BTreeMap;

use openmls::prelude::AppDataDictionary;
use tls_codec::Deserialize as _;

use crate::encoding::{Malformed, Writer};

/// The id of a component (IANA "MLS Component Types"; 0x8000 and above are Marmot's).
pub type ComponentId = u16;

/// Support list in a leaf, requirement list in the group context.
pub const APP_COMPONENTS: ComponentId = 0x0001;
/// Understood and unused: an empty list in the leaf, forbidden in the group context.
pub const SAFE_AAD: ComponentId = 0x0002;
/// Marks a key package that may be used more than once.
pub const LAST_RESORT_KEY_PACKAGE: ComponentId = 0x0004;
/// Name and description.
pub const PROFILE: ComponentId = 0x8001;
/// Encrypted picture on a Blossom server.
pub const IMAGE: ComponentId = 0x8002;
/// The admin accounts.
pub const ADMINS: ComponentId = 0x8003;
/// The `h` tag and the relays.
pub const ROUTING: ComponentId = 0x8004;
/// After how many seconds messages disappear.
pub const RETENTION: ComponentId = 0x8005;
/// Text streams of agents over QUIC. We take part in none, but White Noise requires it of every member.
pub const AGENT_STREAM: ComponentId = 0x8006;
/// Picture by URL.
pub const AVATAR: ComponentId = 0x8007;
/// Encrypted media, first format: forbidden in groups of the current profile.
pub const MEDIA_V1: ComponentId = 0x8008;
/// Binds an MLS leaf key to a Nostr account.
pub const ACCOUNT_PROOF: ComponentId = 0x8009;
/// Encrypted media, second format.
pub const MEDIA_V2: ComponentId = 0x800b;
/// Active or disbanded.
pub const LIFECYCLE: ComponentId = 0x800c;

/// Every component this client understands, sorted: the support list of our leaves, equal to MDK's.
pub const SUPPORTED: [ComponentId; 12] =
    [APP_COMPONENTS, PROFILE, IMAGE, ADMINS, ROUTING, RETENTION, AGENT_STREAM, AVATAR, MEDIA_V1, ACCOUNT_PROOF, MEDIA_V2, LIFECYCLE];

/// What every group that we create requires of its members: MDK's list.
pub const REQUIRED_IN_NEW_GROUPS: [ComponentId; 7] = [PROFILE, ADMINS, ROUTING, AGENT_STREAM, ACCOUNT_PROOF, MEDIA_V2, LIFECYCLE];

/// The entries of an AppDataDictionary (the content of extension 0x0006), by strictly ascending id.
///
/// # Errors
/// [`Malformed`] for bytes that are not canonical or are left over.
pub fn decode_dictionary(data: &[u8]) -> Result<Vec<(ComponentId, Vec<u8>)>, Malformed> {
    let dictionary = AppDataDictionary::tls_deserialize_exact(data).map_err(|_| Malformed)?;
    Ok(dictionary.entries().map(|entry| (entry.id(), entry.data().to_vec())).collect())
}

/// The bytes of an AppDataDictionary; of two entries with one id, the later one stands.
pub fn encode_dictionary(entries: impl IntoIterator<Item = (ComponentId, Vec<u8>)>) -> Vec<u8> {
    let entries: BTreeMap<_, _> = entries.into_iter().collect();
    Writer::new().list(entries, |w, (id, data)| w.raw(&id.to_be_bytes()).vector(&data)).into_bytes()
}

/// Whether `data` is a canonical state of the component `id` in a group context. Unknown components are opaque: always valid.
pub fn check_group_state(id: ComponentId, data: &[u8]) -> Result<(), Malformed> {
    match id {
        APP_COMPONENTS => ComponentList::decode(data).map(drop),
        PROFILE => Profile::decode(data).map(drop),
        IMAGE => GroupImage::decode(data).map(drop),
        ADMINS => Admins::decode(data).map(drop),
        ROUTING => Routing::decode(data).map(drop),
        RETENTION => Retention::decode(data).map(drop),
        AGENT_STREAM => AgentStream::decode(data).map(drop),
        AVATAR => Avatar::decode(data).map(drop),
        MEDIA_V2 => MediaPolicy::decode(data).map(drop),
        LIFECYCLE => Lifecycle::decode(data).map(drop),
        SAFE_AAD | MEDIA_V1 | ACCOUNT_PROOF => Err(Malformed),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
