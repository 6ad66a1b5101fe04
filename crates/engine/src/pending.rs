//! What is kept of a staged commit until a relay accepted it: its digest, its epoch, and the welcome that follows it.

use nostr::{EventBuilder, EventId, Kind, PublicKey, Tag, Timestamp, UnsignedEvent};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Refusal};
use crate::key_package::Offer;
use crate::{Digest, Epoch};

/// Largest welcome, in bytes: NIP-44 holds 65,535 bytes, and a gift wrap nests two of them in base64.
pub const MAX_WELCOME: usize = 30_000;

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
        if welcome.len() > MAX_WELCOME {
            return Err(Refusal::TooLarge { bytes: welcome.len(), limit: MAX_WELCOME });
        }
        let invite = |offer: &Offer| Self {
            to: offer.account(),
            key_package_event: offer.event_id(),
            welcome: welcome.to_vec(),
            relays: relays.to_vec(),
        };
        Ok(offers.iter().map(invite).collect())
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
