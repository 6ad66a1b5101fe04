//! Sizes that no honest client sends: deep JSON, a hundred thousand tags, lengths of gibibytes, five megabytes where a line belongs.
//! Each is refused, and none makes us allocate more than a few times what arrived.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "sizes/counting.rs"]
mod counting;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use murmel_engine::components::{check_group_state, decode_dictionary};
use murmel_engine::{AccountProof, Attachment, Envelope, Ingest, InnerEvent, Offer, Welcome};
use murmel_net::{CONTENT_BYTES_CAP, RelayAddress};
use murmel_tests::{Member, NOW};
use nostr::{Event, EventBuilder, JsonUtil as _, Keys, Kind, RelayMessage, Tag, UnsignedEvent};

/// What handling one of them may allocate at a time.
const LIMIT: usize = 32 * 1024 * 1024;
const FIVE_MB: usize = 5_000_000;
const MANY: usize = 100_000;

/// A name, and what says whether it was refused. The input is there before anything is counted.
type Case<'a> = (&'static str, Box<dyn FnOnce() -> bool + 'a>);

fn case<'a>(name: &'static str, refused: impl FnOnce() -> bool + 'a) -> Case<'a> {
    (name, Box::new(refused))
}

/// A length prefix that promises `value` bytes, in eight bytes.
fn promise(value: u64) -> Vec<u8> {
    (value | 0xc000_0000_0000_0000).to_be_bytes().to_vec()
}

const GIBI: [u8; 4] = [0xbf, 0xff, 0xff, 0xff];

fn event(kind: u16, content: String, tags: Vec<Vec<String>>) -> Event {
    let tags = tags.into_iter().map(|tag| Tag::parse(tag).expect("a tag"));
    EventBuilder::new(Kind::from_u16(kind), content).tags(tags).sign_with_keys(&Keys::generate()).expect("a signature")
}

fn texts(name: &str, count: usize) -> Vec<String> {
    std::iter::once(name.to_owned()).chain((0..count).map(|n| n.to_string())).collect()
}

/// What a relay sends, as text: refused if it is dropped unread, is no frame with an event, or the event is beyond the caps of admission.
fn frame(name: &'static str, event: String) -> Case<'static> {
    let text = format!(r#"["EVENT","sub",{event}]"#);
    case(name, move || !murmel_net::frame_fits(text.as_bytes()) || is_no_event_that_fits(text))
}

/// The same where the frame is small enough to be read.
fn read_frame(name: &'static str, event: String) -> Case<'static> {
    let text = format!(r#"["EVENT","sub",{event}]"#);
    assert!(murmel_net::frame_fits(text.as_bytes()), "{name}: {}", text.len());
    case(name, move || is_no_event_that_fits(text))
}

fn is_no_event_that_fits(text: String) -> bool {
    match RelayMessage::from_json(text) {
        Ok(RelayMessage::Event { event, .. }) => !murmel_net::fits(&event),
        Ok(_) => false,
        Err(_) => true,
    }
}

fn frames() -> Vec<Case<'static>> {
    let good = event(445, "content".into(), vec![vec!["h".into(), "ab".repeat(32)]]).as_json();
    let tags = r#"[["h","#;
    let deep = good.replace(tags, &format!("{}{tags}", "[".repeat(MANY)));
    vec![
        frame("five megabytes of content", event(445, "A".repeat(FIVE_MB), vec![]).as_json()),
        frame("five megabytes in a gift wrap", event(1059, "A".repeat(FIVE_MB), vec![]).as_json()),
        frame("a hundred thousand tags", event(445, String::new(), (0..MANY).map(|n| vec!["x".into(), n.to_string()]).collect()).as_json()),
        frame("a tag with a hundred thousand values", event(445, String::new(), vec![texts("x", MANY)]).as_json()),
        frame("a tag of five megabytes", event(445, String::new(), vec![vec!["x".into(), "A".repeat(FIVE_MB)]]).as_json()),
        frame("tags inside tags inside tags", deep),
        frame("objects inside objects", "{\"a\":".repeat(80_000)),
        read_frame("a number of half a million digits", good.replace("\"kind\":445", &format!("\"kind\":{}", "9".repeat(500_000)))),
        read_frame(
            "eighty thousand escapes",
            good.replace("\"content\":\"content\"", &format!("\"content\":\"{}\"", "\\u0041".repeat(80_000))),
        ),
        frame(
            "eighty thousand of the smallest tags",
            good.replace(
                tags,
                &format!("{}{tags}", "[\"x\"],".repeat(80_000)).replacen("[\"x\"]", "[[\"x\"]", 1).replace(",[[\"h", ",[\"h"),
            ),
        ),
        frame("a tag with fifty thousand values", event(445, String::new(), vec![texts("x", 50_000)]).as_json()),
        read_frame(
            "a tag with as many values as a frame may have",
            event(445, "A".repeat(CONTENT_BYTES_CAP + 1), vec![texts("x", 8_000)]).as_json(),
        ),
        read_frame("lists as deep as a frame may have", good.replace(tags, &format!("{}{tags}", "[".repeat(8_000)))),
        frame(
            "five megabytes of a key that nobody knows",
            good.replacen('{', &format!("{{\"{}\":1,\"kind\":70000,", "x".repeat(FIVE_MB)), 1),
        ),
    ]
}

fn envelopes() -> Vec<Case<'static>> {
    let h = || vec!["h".to_owned(), "ab".repeat(32)];
    let closed = |name, event: Event| case(name, move || Envelope::read(&event).is_none());
    vec![
        closed("an envelope of five megabytes", event(445, "A".repeat(FIVE_MB), vec![h()])),
        closed("an envelope one group of base64 too long", event(445, "A".repeat(64 * 1024 + 4), vec![h()])),
        closed(
            "a hundred thousand expirations",
            event(445, "A".repeat(64), (0..MANY).map(|n| vec!["expiration".into(), n.to_string()]).collect()),
        ),
        closed("a route of five megabytes", event(445, "A".repeat(64), vec![vec!["h".into(), "ab".repeat(FIVE_MB / 2)]])),
        closed(
            "an expiration of five million digits",
            event(445, "A".repeat(64), vec![h(), vec!["expiration".into(), "9".repeat(FIVE_MB)]]),
        ),
        closed("a route with a hundred thousand values", event(445, "A".repeat(64), vec![texts("h", MANY)])),
    ]
}

/// Bytes of an MLSMessage, wrapped with the group's own key.
fn mls_messages(bob: &Member) -> Vec<Case<'_>> {
    let public = |rest: &[u8]| [&[0, 1, 0, 1], rest].concat();
    let private = |rest: &[u8]| [&[0, 1, 0, 2], rest].concat();
    let id = bob.group(|_, group, _| [&[group.id().as_bytes().len() as u8], group.id().as_bytes()].concat());
    let epoch = bob.epoch().0.to_be_bytes();
    let inside = |name, message: Vec<u8>| {
        let event = bob.wrap(message);
        case(name, move || matches!(bob.read(&event), Ingest::Rejected(_)))
    };
    let member = [id.as_slice(), &epoch, &[1, 0, 0, 0, 0]].concat();
    vec![
        inside("a group id of a gibibyte", public(&GIBI)),
        inside("a group id of more than there is memory", public(&promise((1 << 62) - 1))),
        inside("authenticated data of a gibibyte", public(&[member.as_slice(), &GIBI].concat())),
        inside("a commit with a gibibyte of proposals", public(&[member.as_slice(), &[0, 3], &GIBI].concat())),
        inside("a commit with four gibibytes of proposals", public(&[member.as_slice(), &[0, 3], &promise(1 << 32)].concat())),
        inside("a ciphertext of a gibibyte", private(&[id.as_slice(), &epoch, &[1, 0, 0], &GIBI].concat())),
        inside("sender data of four gibibytes", private(&[id.as_slice(), &epoch, &[1, 0], &promise(1 << 32)].concat())),
        inside("48 kilobytes of ones", vec![0xff; 48_000]),
        inside("48 kilobytes of nothing", vec![0; 48_000]),
    ]
}

fn key_packages(ben: &Member) -> Vec<Case<'static>> {
    let real = ben.key_package();
    let (keys, now) = (ben.keys.clone(), *NOW);
    let offered = |name, content: String, tags: Vec<Tag>| {
        let event = EventBuilder::new(real.kind, content).tags(tags).sign_with_keys(&keys).expect("a signature");
        case(name, move || Offer::read(&event, now).is_err())
    };
    let tags: Vec<Tag> = real.tags.iter().cloned().collect();
    let bytes = STANDARD.decode(&real.content).expect("base64");
    let with = |at: usize, length: &[u8]| STANDARD.encode([&bytes[..at], length].concat());
    let many: Vec<Tag> = tags
        .iter()
        .map(|tag| if tag.as_slice()[0] == "mls_extensions" { Tag::parse(texts("mls_extensions", MANY)).unwrap() } else { tag.clone() })
        .collect();
    vec![
        offered("a key package of five megabytes", "A".repeat(FIVE_MB), tags.clone()),
        offered("an init key of a gibibyte", with(8, &GIBI), tags.clone()),
        offered("an encryption key of four gibibytes", with(8 + 33, &promise(1 << 32)), tags.clone()),
        offered("48 kilobytes of ones as a key package", STANDARD.encode(vec![0xff; 48_000]), tags),
        offered("a hundred thousand extensions", real.content.clone(), many),
    ]
}

fn welcomes(bob: &Member) -> Vec<Case<'_>> {
    let from = Keys::generate().public_key();
    let rumor = |content: String, tags: Vec<Vec<String>>| -> UnsignedEvent {
        EventBuilder::new(Kind::MlsWelcome, content).tags(tags.into_iter().map(|tag| Tag::parse(tag).unwrap())).build(from)
    };
    let relays: Vec<_> = std::iter::once("relays".to_owned()).chain((0..MANY).map(|n| format!("wss://relay-{n}.example"))).collect();
    let e = || vec!["e".to_owned(), "ab".repeat(32)];
    let read = |name, rumor: UnsignedEvent| case(name, move || Welcome::read(&rumor, from).is_err());
    let opened = |name, bytes: Vec<u8>| {
        let welcome = Welcome::restore(bytes, from, Vec::new());
        case(name, move || bob.inspect(welcome).is_err())
    };
    vec![
        read("a welcome of five megabytes", rumor("A".repeat(FIVE_MB), vec![e()])),
        read("a welcome with a hundred thousand relays", rumor("AAAA".into(), vec![e(), relays])),
        opened("a welcome with a gibibyte of secrets", [&[0, 1, 0, 3, 0, 1], GIBI.as_slice()].concat()),
        opened("190 kilobytes of ones as a welcome", vec![0xff; 190_000]),
    ]
}

fn components() -> Vec<Case<'static>> {
    let state = |name, id: u16, data: Vec<u8>| case(name, move || check_group_state(id, &data).is_err());
    let long = |bytes: &[u8]| [promise(bytes.len() as u64).as_slice(), bytes].concat();
    let four = |bytes: &[u8]| [&(bytes.len() as u32 | 0x8000_0000).to_be_bytes(), bytes].concat();
    vec![
        state("a list of four gibibytes", 0x0001, promise(1 << 32)),
        state("a list of five megabytes", 0x0001, four(&vec![0; FIVE_MB])),
        state(
            "five megabytes of admins",
            0x8003,
            four(&(0..FIVE_MB / 32).flat_map(|n| [&(n as u64).to_be_bytes()[..], &[0; 24]].concat()).collect::<Vec<_>>()),
        ),
        state("a name of five megabytes", 0x8001, [four(&vec![b'a'; FIVE_MB]), vec![0]].concat()),
        state("a hundred thousand relays in a route", 0x8004, [vec![1; 32], four(&b"\x14wss://relay.example/".repeat(MANY))].concat()),
        state(
            "a hundred thousand kinds of media",
            0x800b,
            [b"\x12encrypted-media-v2".to_vec(), four(&b"\x01a".repeat(MANY)), vec![0]].concat(),
        ),
        state("a media type of five megabytes", 0x8002, [vec![0; 4], long(&vec![b'a'; FIVE_MB])].concat()),
        case("a dictionary of four gibibytes", || decode_dictionary(&promise(1 << 32)).is_err()),
        case("an account proof of five megabytes", || AccountProof::decode(&vec![1; FIVE_MB]).is_err()),
    ]
}

fn texts_of_members() -> Vec<Case<'static>> {
    let inner = |name, text: String| case(name, move || InnerEvent::parse(text.as_bytes()).is_err());
    let good = InnerEvent::text(Keys::generate().public_key(), *NOW, "hi".into(), &[]).json().to_owned();
    let tag = |name, tag: Vec<String>| case(name, move || Attachment::parse(&tag).is_err());
    let address = "wss://".to_owned() + &"a".repeat(FIVE_MB);
    vec![
        inner("a message of lists inside lists", good.replace("\"tags\":[]", &format!("\"tags\":{}", "[".repeat(MANY)))),
        inner("a message with a million tags", good.replace("\"tags\":[]", &format!("\"tags\":[{}[\"x\"]]", "[\"x\"],".repeat(1_000_000)))),
        inner("a message of five megabytes", good.replace("hi", &"h".repeat(FIVE_MB))),
        tag("an attachment with a hundred thousand elements", texts("imeta", MANY)),
        tag("an attachment of five megabytes", vec!["imeta".into(), format!("filename {}", "a".repeat(FIVE_MB))]),
        case("an address of five megabytes", move || RelayAddress::parse(&address).is_err()),
    ]
}

#[test]
fn pathological_sizes_are_refused_before_anything_is_allocated_for_them() {
    let (admin, bob) = (Member::new(), Member::new());
    admin.create_with("Garden", &[&bob]);
    let cases = [frames(), envelopes(), mls_messages(&bob), key_packages(&bob), welcomes(&bob), components(), texts_of_members()];
    let cases: Vec<_> = cases.into_iter().flatten().collect();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let before = bob.state();
    let mut most = (0, "");
    let count = cases.len();
    for (name, refused) in cases {
        let (refused, peak) = counting::peak_of(refused);
        assert!(refused, "{name} was not refused");
        assert!(peak < LIMIT, "{name}: {peak} bytes");
        most = most.max((peak, name));
    }
    assert_eq!(bob.state(), before);
    println!("{count} cases; the most was {} KiB for {}", most.0 / 1024, most.1);
    assert_eq!(bob.hear(&admin.say("and on it goes")), "and on it goes");
}
