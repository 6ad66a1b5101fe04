//! The decoders on their own: bytes in, a value or a refusal out.
//! INVARIANT: what is decoded encodes to the same bytes again, where the wire has one form only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use murmel_engine::components::{
    Admins, AgentStream, Avatar, ComponentList, GroupImage, Lifecycle, MediaPolicy, Profile, Retention, Routing, check_group_state,
    decode_dictionary, encode_dictionary, is_relay_url,
};
use murmel_engine::{AccountProof, Attachment, Envelope, InnerEvent, Offer, Welcome};
use murmel_net::{GIFT_WRAP_BYTES_CAP, ListKind, RelayAddress, RelayList, TAGS_CAP};
use nostr::nips::nip44;
use nostr::{Event, EventBuilder, JsonUtil as _, Keys, Kind, RelayMessage, Tag, UnsignedEvent};

use super::room::now;
use super::seeds::{anna, ben};

/// A frame of a relay, as its text; what it carries goes on as far as admission and the relay lists.
pub(super) fn relay_frame(data: &[u8]) {
    let Some(text) = std::str::from_utf8(data).ok().filter(|text| murmel_net::frame_fits(text.as_bytes())) else { return };
    let Ok(RelayMessage::Event { event, .. }) = RelayMessage::from_json(text) else { return };
    if !murmel_net::fits(&event) {
        return;
    }
    assert!(event.content.len() <= GIFT_WRAP_BYTES_CAP && event.tags.len() <= TAGS_CAP);
    for kind in [ListKind::Relays, ListKind::Inbox] {
        if let Ok(list) = RelayList::parse(kind, &event) {
            assert!(list.entries().len() <= murmel_net::LIST_ENTRIES_CAP);
        }
    }
    drop((event.verify(), Envelope::read(&event), Offer::read(&event, now())));
}

/// An event of kind 445 as JSON, its signature taken as checked.
pub(super) fn envelope(data: &[u8]) {
    let Some(event) = std::str::from_utf8(data).ok().and_then(|text| Event::from_json(text).ok()) else { return };
    if let Some(envelope) = Envelope::read(&event) {
        assert!(event.tags.len() <= 2 && event.content.len() <= murmel_engine::MAX_ENVELOPE_CONTENT);
        assert_eq!(envelope.open(&[0xa5; 32]), None, "a key that nobody has");
    }
}

/// An event of kind 30443 as JSON, signed anew by its account.
pub(super) fn key_package_event(data: &[u8]) {
    let Some(event) = std::str::from_utf8(data).ok().and_then(|text| Event::from_json(text).ok()) else { return };
    let again = EventBuilder::new(event.kind, &event.content).tags(event.tags.iter().cloned()).sign_with_keys(&ben());
    if let Ok(offer) = Offer::read(&again.expect("a signature"), now()) {
        assert_eq!(offer.account(), ben().public_key());
    }
}

/// The bytes of an MLSMessage with a key package, in an event with the tags of a real one.
pub(super) fn key_package(data: &[u8]) {
    let tags = super::seeds::key_package_tags();
    let event = EventBuilder::new(murmel_engine::KEY_PACKAGE_KIND, STANDARD.encode(data)).tags(tags).sign_with_keys(&ben());
    if let Ok(offer) = Offer::read(&event.expect("a signature"), now()) {
        assert_eq!(offer.account(), ben().public_key());
    }
}

/// A rumor of kind 444 as JSON.
pub(super) fn welcome_rumor(data: &[u8]) {
    let Some(rumor) = std::str::from_utf8(data).ok().and_then(|text| UnsignedEvent::from_json(text).ok()) else { return };
    if let Ok(welcome) = Welcome::read(&rumor, rumor.pubkey) {
        assert!((1..=16).contains(&welcome.relays().len()));
    }
}

/// A gift wrap as JSON after a `0`; the text of its seal after a `1`; that of its rumor after anything else.
pub(super) fn gift_wrap(data: &[u8]) {
    let Some((layer, inside)) = data.split_first() else { return };
    let Ok(inside) = std::str::from_utf8(inside) else { return };
    let wrapped = match layer {
        b'0' => Event::from_json(inside).ok(),
        b'1' => wrap(inside),
        _ => encrypted(&anna(), inside)
            .and_then(|content| EventBuilder::new(Kind::Seal, content).sign_with_keys(&anna()).ok())
            .and_then(|seal| wrap(&seal.as_json())),
    };
    let Some(wrapped) = wrapped else { return };
    let runtime = super::room::runtime();
    if let Some(gift) = runtime.block_on(murmel_client::open_gift_wrap(&ben(), &wrapped)) {
        assert_eq!(gift.sender, gift.rumor.pubkey, "a rumor by somebody else than the seal's author");
        if let Ok(welcome) = Welcome::read(&gift.rumor, gift.sender) {
            assert_eq!(welcome.from(), gift.sender);
        }
    }
}

fn wrap(seal: &str) -> Option<Event> {
    let once = Keys::generate();
    let to = Tag::public_key(ben().public_key());
    EventBuilder::new(Kind::GiftWrap, encrypted(&once, seal)?).tag(to).sign_with_keys(&once).ok()
}

fn encrypted(from: &Keys, text: &str) -> Option<String> {
    nip44::encrypt(from.secret_key(), &ben().public_key(), text, nip44::Version::V2).ok()
}

/// The id of a component and the bytes of its state.
pub(super) fn component(data: &[u8]) {
    let Some((id, state)) = data.split_first_chunk::<2>() else { return };
    let valid = check_group_state(u16::from_be_bytes(*id), state).is_ok();
    let again = match u16::from_be_bytes(*id) {
        0x0001 => ComponentList::decode(state).map(|value| value.encode()),
        0x8001 => Profile::decode(state).map(|value| value.encode()),
        0x8002 => GroupImage::decode(state).map(|value| value.encode()),
        0x8003 => Admins::decode(state).map(|value| value.encode()),
        0x8004 => Routing::decode(state).map(|value| value.encode()),
        0x8005 => Retention::decode(state).map(|value| value.encode()),
        0x8006 => AgentStream::decode(state).map(AgentStream::encode),
        0x800b => MediaPolicy::decode(state).map(|value| value.encode()),
        0x800c => Lifecycle::decode(state).map(Lifecycle::encode),
        0x8007 => return assert_eq!(Avatar::decode(state).is_ok(), valid),
        _ => return,
    };
    assert_eq!(again.is_ok(), valid);
    assert!(again.is_err() || again.as_deref() == Ok(state), "another form of the same state was accepted");
}

/// The bytes of an AppDataDictionary.
pub(super) fn dictionary(data: &[u8]) {
    if let Ok(entries) = decode_dictionary(data) {
        assert!(entries.iter().zip(entries.iter().skip(1)).all(|(a, b)| a.0 < b.0), "entries out of order were accepted");
        assert_eq!(encode_dictionary(entries), data, "another form of the same dictionary was accepted");
    }
}

/// The bytes of an account proof, and behind them those of a leaf key.
pub(super) fn account_proof(data: &[u8]) {
    let (proof, leaf_key) = data.split_at_checked(AccountProof::LEN).unwrap_or((data, &[]));
    if let Ok(decoded) = AccountProof::decode(proof) {
        assert_eq!(decoded.encode(), proof);
        let mut other = leaf_key.to_vec();
        other.push(0);
        assert!(
            !decoded.vouches_for(&decoded.account(), &other) || !decoded.vouches_for(&decoded.account(), leaf_key),
            "one proof, two keys"
        );
    }
}

/// The plaintext of an application message.
pub(super) fn inner_event(data: &[u8]) {
    if let Ok(event) = InnerEvent::parse(data) {
        let again = InnerEvent::new(event.author(), event.created_at(), event.kind(), event.tags().to_vec(), event.content().to_owned());
        assert_eq!(again.id(), event.id(), "an id that is not the hash of the fields");
        for tag in event.tags() {
            drop(Attachment::parse(tag));
        }
    }
}

/// An `imeta` tag as a JSON list of texts.
pub(super) fn attachment(data: &[u8]) {
    let Ok(tag) = serde_json::from_slice::<Vec<String>>(data) else { return };
    if let Ok(attachment) = Attachment::parse(&tag) {
        assert!(Attachment::parse(&attachment.tag()).is_ok_and(|again| again == attachment));
    }
}

/// The address of a relay.
pub(super) fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(address) = RelayAddress::parse(text) {
        assert!(RelayAddress::parse(address.as_str()).is_ok_and(|again| again.same_relay(&address)));
    }
    if is_relay_url(text) {
        let url = nostr::Url::parse(text).expect("a relay's address is an address");
        assert!(text.len() <= 512 && url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.has_host());
    }
}
