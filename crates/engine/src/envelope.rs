//! The kind 445 event around an MLS message: what relays and observers see of a group.
//! It authenticates nothing about members; a fresh key signs each event and is forgotten.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{AeadCore, ChaCha20Poly1305, Key, KeyInit, Nonce, aead::Aead};
use nostr::{Event, EventBuilder, Keys, Kind, Tag, Timestamp};

use crate::RoutingId;
use crate::error::Fault;

/// The Nostr kind of a group message.
pub const GROUP_MESSAGE_KIND: Kind = Kind::MlsGroupMessage;
const NONCE: usize = 12;
/// Nonce and authentication tag: no content is shorter.
const MIN_CONTENT: usize = NONCE + 16;
/// Longest content that is accepted or made, in bytes of base64.
pub const MAX_CONTENT: usize = 64 * 1024;

/// An event of the right shape, its content still closed.
pub struct Envelope {
    /// The `h` tag.
    pub routing: RoutingId,
    /// The `expiration` tag, Unix seconds.
    pub expiration: Option<u64>,
    content: Vec<u8>,
}

impl Envelope {
    /// Checks the shape: exactly one `h` tag, at most one `expiration`, no other tag, and decodable content. The signature was checked before.
    pub fn read(event: &Event) -> Option<Self> {
        if event.kind != GROUP_MESSAGE_KIND || event.content.len() > MAX_CONTENT {
            return None;
        }
        let mut routing = None;
        let mut expiration = None;
        for tag in event.tags.iter() {
            match tag.as_slice() {
                [name, value] if name == "h" && routing.is_none() => routing = Some(routing_id(value)?),
                [name, value] if name == "expiration" && expiration.is_none() => expiration = Some(decimal(value)?),
                _ => return None,
            }
        }
        let content = STANDARD.decode(&event.content).ok()?;
        if content.len() < MIN_CONTENT {
            return None;
        }
        Some(Self { routing: routing?, expiration, content })
    }

    /// The MLS message inside, if `key` is the one of its epoch.
    pub fn open(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let (nonce, ciphertext) = self.content.split_at_checked(NONCE)?;
        ChaCha20Poly1305::new(Key::from_slice(key)).decrypt(Nonce::from_slice(nonce), ciphertext).ok()
    }
}

/// Wraps a serialized MLSMessage. `created_at` and `expiration` in Unix seconds.
pub fn seal(key: &[u8; 32], mls_message: &[u8], routing: RoutingId, created_at: u64, expiration: Option<u64>) -> Result<Event, Fault> {
    let nonce = ChaCha20Poly1305::generate_nonce(&mut chacha20poly1305::aead::OsRng);
    let ciphertext =
        ChaCha20Poly1305::new(Key::from_slice(key)).encrypt(&nonce, mls_message).map_err(|_| Fault::mls("outer encryption"))?;
    let content = STANDARD.encode([nonce.as_slice(), &ciphertext].concat());
    let mut tags = vec![["h".to_owned(), routing.to_string()]];
    tags.extend(expiration.map(|at| ["expiration".to_owned(), at.to_string()]));
    EventBuilder::new(GROUP_MESSAGE_KIND, content)
        .tags(tags.into_iter().filter_map(|tag| Tag::parse(tag).ok()))
        .custom_created_at(Timestamp::from_secs(created_at))
        .sign_with_keys(&Keys::generate())
        .map_err(|_| Fault::mls("outer signature"))
}

fn routing_id(text: &str) -> Option<RoutingId> {
    let lower = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if lower { RoutingId::from_hex(text) } else { None }
}

fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn sealed(expiration: Option<u64>) -> Event {
        seal(&KEY, b"an MLS message", RoutingId::new([0xab; 32]), 1_700_000_000, expiration).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_only() {
        let envelope = Envelope::read(&sealed(Some(1_700_000_060))).unwrap();
        assert_eq!((envelope.routing, envelope.expiration), (RoutingId::new([0xab; 32]), Some(1_700_000_060)));
        assert_eq!(envelope.open(&KEY).as_deref(), Some(b"an MLS message".as_slice()));
        assert_eq!(envelope.open(&[8; 32]), None);
    }

    #[test]
    fn each_event_is_signed_by_another_key_and_shows_nothing_but_the_tag() {
        let (first, second) = (sealed(None), sealed(None));
        assert_ne!(first.pubkey, second.pubkey);
        assert!(first.verify().is_ok());
        let tags: Vec<_> = first.tags.iter().map(|tag| tag.as_slice().to_vec()).collect();
        assert_eq!(tags, [vec!["h".to_owned(), "ab".repeat(32)]]);
    }

    #[test]
    fn other_shapes_are_refused() {
        let good = sealed(None);
        let with = |tags: &[&[&str]], content: &str| {
            let tags = tags.iter().map(|tag| Tag::parse(tag.iter().copied()).unwrap());
            EventBuilder::new(GROUP_MESSAGE_KIND, content).tags(tags).sign_with_keys(&Keys::generate()).unwrap()
        };
        let h = "ab".repeat(32);
        assert!(Envelope::read(&with(&[&["h", &h]], &good.content)).is_some());
        let upper = "AB".repeat(32);
        let short = "ab".repeat(31);
        let hostile: [(&[&[&str]], &str); 10] = [
            (&[], &good.content),
            (&[&["h", &h], &["h", &h]], &good.content),
            (&[&["h", &h, "extra"]], &good.content),
            (&[&["h", &upper]], &good.content),
            (&[&["h", &short]], &good.content),
            (&[&["h", &h], &["p", &h]], &good.content),
            (&[&["h", &h], &["expiration", "+5"]], &good.content),
            (&[&["h", &h], &["expiration", "5"], &["expiration", "5"]], &good.content),
            (&[&["h", &h]], "not base64!"),
            (&[&["h", &h]], "AAAA"),
        ];
        for (tags, content) in hostile {
            assert!(Envelope::read(&with(tags, content)).is_none(), "{tags:?}");
        }
        assert!(Envelope::read(&with(&[&["h", &h]], &"A".repeat(MAX_CONTENT + 4))).is_none());
    }
}
