//! What is kept of a staged commit until a relay accepted it: its digest, its epoch, and the welcome that follows it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nostr::{EventBuilder, EventId, JsonUtil as _, Kind, PublicKey, Tag, Timestamp, UnsignedEvent};
use serde::{Deserialize, Serialize};

use crate::encoding::{Malformed, Reader, Writer};
use crate::error::{Fault, Refusal};
use crate::ids::KeyPackageRef;
use crate::key_package::{Offer, reference_of};
use crate::{Digest, Epoch};

/// Largest rumor with a welcome, in bytes of JSON. NIP-44 holds 65,535 bytes; it pads this length to 40,960 and the next one to 49,152, whose
/// base64 does not fit into the second of the two layers of a gift wrap.
pub const MAX_WELCOME_RUMOR: usize = 40_960;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub digest: Digest,
    pub epoch: Epoch,
    pub invitations: Vec<Invitation>,
}

impl Pending {
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        postcard::to_stdvec(self).map_err(Fault::mls)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        postcard::from_bytes(bytes).map_err(Fault::mls)
    }
}

/// A welcome for one new member, to be sent once the commit that adds the person is accepted.
#[derive(Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// Who is invited.
    pub to: PublicKey,
    key_package_event: EventId,
    welcome: Vec<u8>,
    relays: Vec<String>,
}

impl Invitation {
    pub(crate) fn for_each(offers: &[Offer], welcome: &[u8], relays: &[String]) -> Result<Vec<Self>, Refusal> {
        let unusable = || Refusal::Invalid("the welcome cannot be taken apart".to_owned());
        let invite = |offer: &Offer| {
            let package = reference_of(&offer.package).map_err(|_| unusable())?;
            let welcome = only_for(&package, welcome).map_err(|_| unusable())?;
            Ok(Self { to: offer.account(), key_package_event: offer.event_id(), welcome, relays: relays.to_vec() })
        };
        let invitations = offers.iter().map(invite).collect::<Result<Vec<_>, Refusal>>()?;
        check_size(invitations.first().map_or(0, Self::bytes))?;
        Ok(invitations)
    }

    /// Bytes of a rumor with a welcome of `len` bytes for one of these people.
    pub(crate) fn bytes_with(offers: &[Offer], len: usize, relays: &[String]) -> usize {
        let one = |offer: &Offer| Self {
            to: offer.account(),
            key_package_event: offer.event_id(),
            welcome: vec![0; len],
            relays: relays.to_vec(),
        };
        offers.first().map_or(0, |offer| one(offer).bytes())
    }

    /// Bytes of the rumor. Those of one commit are equally long: they differ in ids only, and a time never has more digits than this one.
    pub fn bytes(&self) -> usize {
        self.rumor(self.to, u64::MAX >> 11).as_json().len()
    }

    /// The rumor (kind 444) to gift-wrap to the invited person. `now` in Unix seconds.
    pub fn rumor(&self, from: PublicKey, now: u64) -> UnsignedEvent {
        let relays = std::iter::once("relays".to_owned()).chain(self.relays.iter().cloned()).collect();
        let tags: [Vec<String>; 2] = [vec!["e".to_owned(), self.key_package_event.to_hex()], relays];
        EventBuilder::new(Kind::MlsWelcome, STANDARD.encode(&self.welcome))
            .tags(tags.into_iter().filter_map(|tag| Tag::parse(tag).ok()))
            .custom_created_at(Timestamp::from_secs(now))
            .build(from)
    }
}

/// The welcome with the secrets of one new member only (RFC 9420 §12.4.3.1): those of others are of no use to anybody else, and with them
/// fewer people could be invited at once.
fn only_for(package: &KeyPackageRef, welcome: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(welcome);
    // Version, wire format and ciphersuite.
    let head: [u8; 6] = reader.array()?;
    let mut secrets = Reader::new(reader.vector()?);
    let info = reader.vector()?;
    reader.finish()?;
    while !secrets.is_empty() {
        let parts = [secrets.vector()?, secrets.vector()?, secrets.vector()?];
        if parts.first().is_some_and(|reference| *reference == package.as_bytes()) {
            let own = parts.into_iter().fold(Writer::new(), Writer::vector).into_bytes();
            return Ok(Writer::new().raw(&head).vector(&own).vector(info).into_bytes());
        }
    }
    Err(Malformed)
}

/// # Errors
/// [`Refusal::TooLarge`] for a rumor of so many bytes.
pub(crate) const fn check_size(bytes: usize) -> Result<(), Refusal> {
    if bytes > MAX_WELCOME_RUMOR { Err(Refusal::TooLarge { bytes, limit: MAX_WELCOME_RUMOR }) } else { Ok(()) }
}
