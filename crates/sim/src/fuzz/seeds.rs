//! Real inputs for each target, made by the code that makes them in earnest.
//! Never anything that was thought up: altering them is what `Edit` does.

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use murmel_engine::components::{
    ADMINS, AGENT_STREAM, APP_COMPONENTS, AVATAR, Admins, AgentStream, ComponentList, GroupImage, IMAGE, LIFECYCLE, Lifecycle, MEDIA_V2,
    MediaPolicy, PROFILE, Profile, RETENTION, ROUTING, Retention, Routing, SUPPORTED, encode_dictionary,
};
use murmel_engine::{AccountProof, Attachment, InnerEvent, RoutingId, kind};
use nostr::nips::nip44;
use nostr::{Event, EventBuilder, JsonUtil as _, Keys, Kind, Tag};
use serde_json::json;

use super::room::{Room, now};
use super::window;

/// Anna's account, the same in every process.
pub(super) fn anna() -> Keys {
    Keys::parse("0000000000000000000000000000000000000000000000000000000000000003").expect("a key")
}

/// Ben's account, the same in every process.
pub(super) fn ben() -> Keys {
    Keys::parse("0000000000000000000000000000000000000000000000000000000000000005").expect("a key")
}

/// Real inputs for the target of this name.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "relay_frame" => frames(),
        "envelope" | "ingest" => events(target),
        "key_package_event" => KEY_PACKAGES.iter().map(|event| event.as_json().into_bytes()).collect(),
        "key_package" => KEY_PACKAGES.iter().map(|event| STANDARD.decode(&event.content).expect("base64")).collect(),
        "welcome_rumor" => rumors().into_iter().map(String::into_bytes).collect(),
        "gift_wrap" => gift_wraps(),
        "component" => components().into_iter().map(|(id, data)| [id.to_be_bytes().as_slice(), &data].concat()).collect(),
        "dictionary" => vec![encode_dictionary(components()), encode_dictionary([(4, Vec::new())])],
        "account_proof" => proofs(),
        "inner_event" => inner_events(),
        "attachment" => attachments(),
        "address" => ["wss://relay.example", "ws://127.0.0.1:7799/", "wss://relay.example:444/path?x=1#top", "wss://[2606:4700::1111]/"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
        "welcome" => Room::with(|room| {
            let real = STANDARD.decode(&room.inputs.rumor.content).expect("base64");
            let half = real.len() / 2;
            vec![real.clone(), real.into_iter().take(half).collect()]
        }),
        "mls_message" => messages(),
        "ipc" => window::seeds(),
        _ => Vec::new(),
    }
}

/// Writes the seeds of a target, one file each.
pub fn write(target: &str, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let all = seeds(target);
    for (index, seed) in all.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:03}")), seed)?;
    }
    Ok(all.len())
}

/// Key packages of Ben's: made with the engine, their private keys forgotten.
static KEY_PACKAGES: LazyLock<Vec<Event>> = LazyLock::new(|| (0..2).map(|_| super::room::published_key_package(&ben())).collect());

pub(super) fn key_package_tags() -> Vec<Tag> {
    KEY_PACKAGES.first().map(|event| event.tags.iter().cloned().collect()).unwrap_or_default()
}

fn proofs() -> Vec<Vec<u8>> {
    let proof =
        |keys: &Keys, leaf: [u8; 32]| [AccountProof::sign(keys, &leaf, 1_700_000_000).expect("a proof").encode(), leaf.to_vec()].concat();
    vec![proof(&anna(), [0x22; 32]), proof(&ben(), [7; 32])]
}

fn room_events() -> Vec<Event> {
    Room::with(|room| room.inputs.events.clone())
}

/// The MLS messages inside the room's events, behind a byte that chooses the current epoch.
fn messages() -> Vec<Vec<u8>> {
    Room::with(|room| {
        let events = room.inputs.events.clone();
        let opened = room.attempt(move |_, group, _| {
            let epochs = group.epochs().to_vec();
            let open = |event: &Event| {
                let envelope = murmel_engine::Envelope::read(event)?;
                epochs.iter().enumerate().find_map(|(index, record)| Some((index, envelope.open(&record.keys.as_ref()?.group_event)?)))
            };
            let all: Vec<_> = events.iter().filter_map(open).collect();
            (true, all)
        });
        opened.unwrap_or_default().into_iter().map(|(index, message)| [&[index as u8], message.as_slice()].concat()).collect()
    })
}

fn events(target: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = room_events().iter().map(|event| event.as_json().into_bytes()).collect();
    if target == "ingest" {
        // Once more with the message in the clear, so that what is edited is inside.
        let inside = room_events().into_iter().zip(messages()).map(|(mut event, message)| {
            event.content = STANDARD.encode(message.get(1..).unwrap_or_default());
            let mut value = json!(event);
            if let (Some(fields), Some(back)) = (value.as_object_mut(), message.first()) {
                fields.insert("epoch".to_owned(), json!(back));
            }
            value.to_string().into_bytes()
        });
        all.extend(inside);
    }
    all
}

fn frames() -> Vec<Vec<u8>> {
    let url = "wss://relay.example";
    let tags = |name: &str| [Tag::parse([name, url]).expect("a tag"), Tag::parse([name, url, "write"]).expect("a tag")];
    let list = |kind, name| EventBuilder::new(kind, "").tags(tags(name)).sign_with_keys(&anna()).expect("a signature");
    let mut events = vec![list(Kind::RelayList, "r"), list(Kind::InboxRelays, "relay")];
    events.extend(room_events());
    events.extend(KEY_PACKAGES.iter().cloned());
    let id = events.first().map(|event| event.id.to_hex()).unwrap_or_default();
    let mut frames: Vec<_> = events.iter().map(|event| json!(["EVENT", "sub", event]).to_string().into_bytes()).collect();
    let others = [
        json!(["OK", id, true, ""]),
        json!(["OK", id, false, "blocked: no"]),
        json!(["EOSE", "sub"]),
        json!(["CLOSED", "sub", "error: shutting down"]),
        json!(["NOTICE", "hello"]),
        json!(["AUTH", "challenge"]),
        json!(["COUNT", "sub", { "count": 7 }]),
        json!(["NEG-MSG", "sub", "6100000200"]),
    ];
    frames.extend(others.map(|frame| frame.to_string().into_bytes()));
    frames
}

fn rumors() -> Vec<String> {
    let rumor = Room::with(|room| room.inputs.rumor.clone());
    let mut short = rumor.clone();
    short.content.truncate(64);
    short.id = None;
    vec![rumor.as_json(), short.as_json()]
}

fn gift_wraps() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for rumor in rumors() {
        let rumor = rumor.replace(&Room::with(|room| room.inputs.rumor.pubkey.to_hex()), &anna().public_key().to_hex());
        let sealed = nip44::encrypt(anna().secret_key(), &ben().public_key(), &rumor, nip44::Version::V2).expect("a seal");
        let seal = EventBuilder::new(Kind::Seal, sealed).sign_with_keys(&anna()).expect("a signature");
        let wrap = EventBuilder::gift_wrap_from_seal(&ben().public_key(), &seal, []).expect("a wrap");
        all.extend([format!("0{}", wrap.as_json()), format!("1{}", seal.as_json()), format!("2{rumor}")].map(String::into_bytes));
    }
    all
}

fn components() -> Vec<(u16, Vec<u8>)> {
    let relays = ["wss://relay.example", "wss://relay-b.example"].map(str::to_owned);
    let (image, _) = GroupImage::seal("image/png", b"pixels").expect("no fault").expect("a media type");
    let vector = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let avatar = [vector("https://example.com/a.png"), vector("3x4"), vector("hash")].concat();
    vec![
        (APP_COMPONENTS, ComponentList::new(SUPPORTED).encode()),
        (PROFILE, Profile::new("Grüße", "Beds and bees").expect("a profile").encode()),
        (IMAGE, image.encode()),
        (ADMINS, Admins::new([anna().public_key(), ben().public_key()]).expect("admins").encode()),
        (ROUTING, Routing::new(RoutingId::new([0xab; 32]), relays).expect("a route").encode()),
        (RETENTION, Retention(86_400).encode()),
        (AGENT_STREAM, AgentStream::DEFAULT.encode()),
        (AVATAR, avatar),
        (MEDIA_V2, MediaPolicy::default_servers().encode()),
        (LIFECYCLE, Lifecycle::Active.encode()),
        (0x9000, vec![1, 2, 3]),
    ]
}

fn inner_events() -> Vec<Vec<u8>> {
    let me = anna().public_key();
    let first = InnerEvent::text(me, now(), "Grüße \u{1f33b} \"quoted\" \\ \n".into(), &[me]);
    let tag = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    let target = first.id().to_hex();
    let pictures = attachments().iter().filter_map(|text| serde_json::from_slice(text).ok()).collect();
    let all = [
        InnerEvent::reply(me, now(), "second".into(), first.id(), &[me]),
        InnerEvent::new(me, now(), kind::REACTION, vec![tag("e", &target)], "\u{1f44d}".into()),
        InnerEvent::new(me, now(), kind::DELETE, vec![tag("e", &target)], String::new()),
        InnerEvent::new(me, now(), kind::EDIT, vec![tag("e", &target)], "better".into()),
        InnerEvent::new(me, now(), kind::CHAT, pictures, "caption".into()),
        InnerEvent::new(me, now(), 30_000, vec![tag("d", "x")], "unknown".into()),
        first,
    ];
    all.into_iter().map(|event| event.json().as_bytes().to_vec()).collect()
}

fn attachments() -> Vec<Vec<u8>> {
    let (hash, nonce) = ("22".repeat(32), "07".repeat(12));
    let tag = [
        "imeta".to_owned(),
        "v encrypted-media-v2".to_owned(),
        format!("locator blossom-v1 https://blossom.example/{hash}.bin"),
        format!("ciphertext_sha256 {hash}"),
        format!("plaintext_sha256 {hash}"),
        format!("nonce {nonce}"),
        "m image/jpeg".to_owned(),
        "filename  Photo.JPG ".to_owned(),
    ];
    let more = tag.iter().cloned().chain(["dim 3x4".to_owned(), "thumbhash abc".to_owned()]).collect::<Vec<_>>();
    assert!(Attachment::parse(&tag).is_ok() && Attachment::parse(&more).is_ok());
    vec![json!(tag).to_string().into_bytes(), json!(more).to_string().into_bytes()]
}
