//! A second implementation, a program in Python that shares nothing with ours, reads what our engine writes and what White Noise wrote.
//!
//! `cargo xtask test` makes its environment under the target folder from `tests/second/requirements.txt`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use murmel_engine::components::check_group_state;
use murmel_engine::{Attachment, Change, Digest, Ingest, InnerEvent, MediaDescription};
use murmel_tests::{Member, NOW};
use nostr::Event;
use serde_json::{Value, json};

/// Puts all questions to the program at once.
fn ask(questions: &[Value]) -> Vec<Value> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("second");
    let mut child = Command::new(python())
        .arg("-B")
        .arg(here.join("main.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Python environment: `cargo xtask test` makes it");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text = serde_json::to_vec(questions).expect("JSON");
    let feeding = std::thread::spawn(move || stdin.write_all(&text));
    let output = child.wait_with_output().expect("an answer");
    feeding.join().expect("no panic").expect("a program that reads everything");
    assert!(output.status.success());
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answers.len(), questions.len());
    answers
}

fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("python");
    target.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

fn recording(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/recordings").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("a recording")).expect("JSON")
}

fn recordings() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/recordings");
    let files = std::fs::read_dir(folder).expect("recordings").map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let mut all: Vec<_> = files.map(|name| (name.clone(), recording(&name))).filter(|(_, data)| data["events"].is_array()).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn secrets(of: &Member) -> Vec<String> {
    of.group(|_, group, _| group.epochs().iter().map(|record| hex::encode(*record.keys.as_ref().expect("keys").group_event)).collect())
}

/// What the program has to say of a live event.
struct Live {
    event: Event,
    epoch: u64,
    digest: Digest,
    content: &'static str,
}

#[test]
fn live_events_are_read_by_the_second_implementation() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let mut live = Vec::new();
    let mut said = |by: &Member, content: &'static str, event: Event| {
        let digest = Digest::of(&by.open(&event));
        live.push(Live { epoch: by.epoch().0, digest, event, content });
    };
    for text in ["hello", "Grüße, \"漢字\" 👩‍👩‍👧 \u{7} \u{7f} \u{2028} \\ /\n", ""] {
        let event = bob.say(text);
        said(&bob, "application", event.clone());
        assert_eq!(alice.hear(&event), text);
    }
    for change in [Change::Rename("Allotment".into()), Change::Rotate, Change::Promote(bob.account()), Change::Demote(bob.account())] {
        let staged = alice.stage(change).expect("a staged commit");
        said(&alice, "commit", staged.event.clone());
        alice.confirm();
        assert!(matches!(bob.read(&staged.event), Ingest::Commit(_)));
    }
    let leaving = bob.group(|tx, group, device| group.propose_leave(tx, device, *NOW)).expect("a proposal").event;
    said(&bob, "proposal", leaving);

    let keys = secrets(&alice);
    let questions: Vec<_> = live.iter().map(|one| json!({"what": "group_event", "event": one.event, "secrets": keys})).collect();
    let group = alice.group(|_, group, _| group.id().to_string());
    let route = alice.view().routing.to_string();
    for (one, answer) in live.iter().zip(ask(&questions)) {
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!((answer["group_id"].as_str(), answer["route"].as_str()), (Some(&*group), Some(&*route)));
        assert_eq!((answer["epoch"].as_u64(), answer["content_type"].as_str()), (Some(one.epoch), Some(one.content)));
        assert_eq!(answer["wire_format"], if one.content == "application" { "private" } else { "public" });
        assert_eq!(answer["sha256"], one.digest.to_string());
    }
    let other = Member::new();
    other.create_with("Another", &[]);
    let answers = ask(&[json!({"what": "group_event", "event": live[0].event, "secrets": secrets(&other)})]);
    assert_eq!(answers[0]["ok"], false, "another group's secret opens nothing");
}

#[test]
fn our_key_packages_and_their_account_proofs_are_verified_by_the_second_implementation() {
    let members: Vec<_> = (0..4).map(|_| Member::new()).collect();
    let events: Vec<_> = members.iter().map(Member::key_package).collect();
    let questions: Vec<_> = events.iter().map(|event| json!({"what": "key_package_event", "event": event, "now": *NOW})).collect();
    for (member, answer) in members.iter().zip(ask(&questions)) {
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!(answer["account"], member.account().to_hex());
        assert_eq!(answer["leaf_key"], member.tx(|_, desk| hex::encode(desk.device.signature_key())));
        assert_eq!(answer["last_resort"], true);
    }
}

#[test]
fn both_implementations_accept_and_refuse_the_same_key_packages() {
    let data = recording("14-key-packages.json");
    let now = data["recorded_at"].as_u64().expect("a time");
    let valid = data["valid"].as_array().expect("a list").iter().chain([&data["valid_control_of_the_mutation_base"]]);
    let entries: Vec<_> =
        valid.map(|entry| (true, entry)).chain(data["invalid"].as_array().expect("a list").iter().map(|e| (false, e))).collect();
    let questions: Vec<_> =
        entries.iter().map(|(_, entry)| json!({"what": "key_package_event", "event": entry["event_30443"], "now": now})).collect();
    let mut refused = 0;
    for ((valid, entry), answer) in entries.iter().zip(ask(&questions)) {
        // What is refused for an invitation only is a key package all the same.
        let readable = *valid || entry["refuse_when"] == "inviting";
        assert_eq!(answer["ok"], readable, "{}: {answer}", entry["name"]);
        refused += usize::from(!readable);
    }
    assert!(refused > 25, "{refused} refused");
}

#[test]
fn every_recorded_event_is_read_by_the_second_implementation() {
    let mut questions = Vec::new();
    let mut digests = Vec::new();
    for (name, data) in recordings() {
        let steps = data["expected"]["per_event"].as_array().expect("steps");
        let states = steps.iter().map(|step| &step["state"]).chain([&data["expected"]["final"]]);
        let secrets: Vec<_> = states.filter_map(|state| state["exporter_group_event"].as_str()).collect();
        for (event, step) in data["events"].as_array().expect("events").iter().zip(steps) {
            if let Some(digest) = step["mls_message_sha256"].as_str().filter(|_| event["kind"] == 445) {
                questions.push(json!({"what": "group_event", "event": event, "secrets": secrets}));
                digests.push((name.clone(), digest.to_owned(), step.clone()));
            }
        }
    }
    let answers = ask(&questions);
    for ((name, digest, step), answer) in digests.iter().zip(&answers) {
        assert_eq!(answer["ok"], true, "{name}: {answer}");
        assert_eq!((&answer["sha256"], &answer["epoch"]), (&json!(digest), &step["source_epoch"]), "{name}");
    }
    assert!(answers.len() > 90, "{} events", answers.len());
}

#[test]
fn inner_events_have_the_same_ids_in_both_implementations() {
    let alice = Member::new();
    let parent = InnerEvent::text(alice.account(), 1, "first".into(), &[]);
    let mut texts: Vec<String> = (0..=0x9f_u32).filter_map(char::from_u32).map(|c| format!("a{c}b")).collect();
    texts.extend(["\u{2028}\u{fffd}\u{10ffff}", "\"\\/", "ﬀ é e\u{301}"].map(str::to_owned));
    let mut events: Vec<_> = texts.into_iter().map(|text| InnerEvent::text(alice.account(), *NOW, text, &[])).collect();
    events.push(InnerEvent::reply(alice.account(), *NOW, "second".into(), parent.id(), &[alice.account()]));
    let mut all: Vec<_> = events.into_iter().map(|event| (event.json().to_owned(), event.id().to_hex())).collect();
    for (_, data) in recordings() {
        for step in data["expected"]["per_event"].as_array().expect("steps") {
            if let Some(text) = step["inner_json"].as_str() {
                all.push((text.to_owned(), InnerEvent::parse(text.as_bytes()).expect("an inner event").id().to_hex()));
            }
        }
    }
    let questions: Vec<_> = all.iter().map(|(text, _)| json!({"what": "inner_event", "json": text})).collect();
    for ((text, id), answer) in all.iter().zip(ask(&questions)) {
        assert_eq!((&answer["ok"], &answer["id"]), (&json!(true), &json!(id)), "{text:?}: {answer}");
    }
    let altered = all[0].0.replacen("\"kind\":9", "\"kind\":7", 1);
    assert_eq!(ask(&[json!({"what": "inner_event", "json": altered})])[0]["ok"], false);
}

#[test]
fn components_decode_and_encode_alike_in_both_implementations() {
    let alice = Member::new();
    alice.create_with("Grüße", &[]);
    let mut states: Vec<(u16, Vec<u8>)> = alice.group(|_, group, _| group.components().map(|(id, data)| (id, data.to_vec())).collect());
    for (_, data) in recordings() {
        let steps = data["expected"]["per_event"].as_array().expect("steps").iter().map(|step| &step["state"]);
        for state in steps.chain([&data["expected"]["final"]]) {
            let entries = state["app_data_dictionary"].as_object().into_iter().flatten();
            states.extend(entries.map(|(id, data)| {
                let id = u16::from_str_radix(id.trim_start_matches("0x"), 16).expect("an id");
                (id, hex::decode(data.as_str().expect("hex")).expect("hex"))
            }));
        }
    }
    states.sort();
    states.dedup();
    let question = |(id, data): &(u16, Vec<u8>)| json!({"what": "component", "id": id, "data": hex::encode(data)});
    for (state, answer) in states.iter().zip(ask(&states.iter().map(question).collect::<Vec<_>>())) {
        assert!(check_group_state(state.0, &state.1).is_ok());
        assert_eq!((&answer["ok"], &answer["again"]), (&json!(true), &json!(hex::encode(&state.1))), "{:#06x}: {answer}", state.0);
    }
    let ids: std::collections::BTreeSet<_> = states.iter().map(|state| state.0).collect();
    assert!(ids.is_superset(&[0x0001, 0x8001, 0x8002, 0x8003, 0x8004, 0x8005, 0x8006, 0x8007, 0x800b, 0x800c].into()), "{ids:x?}");

    // Addresses are left out: the program knows only the plainest of them.
    let mut altered = Vec::new();
    for (id, data) in states.iter().filter(|(id, _)| ![0x8004, 0x8007, 0x800b].contains(id)) {
        for at in 0..data.len() {
            for change in [1_u8, 0x40, 0x80, 0xff] {
                let mut other = data.clone();
                other[at] ^= change;
                altered.push((*id, other));
            }
            altered.push((*id, data[..at].to_vec()));
            altered.push((*id, [&data[..at], &[0], &data[at..]].concat()));
        }
    }
    let mut refused = 0;
    for (state, answer) in altered.iter().zip(ask(&altered.iter().map(question).collect::<Vec<_>>())) {
        let ours = check_group_state(state.0, &state.1).is_ok();
        assert_eq!(answer["ok"], ours, "{:#06x} {}: {answer}", state.0, hex::encode(&state.1));
        refused += usize::from(!ours);
    }
    assert!(refused > 1000 && altered.len() - refused > 1000, "{refused} of {} refused", altered.len());
}

#[test]
fn media_are_opened_by_the_second_implementation() {
    let bob = Member::new();
    bob.create_with("Pictures", &[]);
    let record = bob.group(|_, group, _| group.epochs().first().and_then(|record| record.keys.clone())).expect("an epoch's keys");
    let description = MediaDescription { mime: "IMAGE/JPG; a=b".into(), file_name: " Fóto 1.JPG ".into() };
    let mut sealed = Attachment::seal(&record, &description, b"our own pixels").expect("no fault").expect("a description");
    assert!(sealed.attachment.stored_at("blossom-v1", "https://blossom.example/x"));
    let secret = hex::encode(*record.media);
    let mut questions = vec![
        json!({"what": "media", "imeta": sealed.attachment.tag(), "ciphertext": STANDARD.encode(&sealed.blob), "secret": secret}),
        json!({"what": "media_key", "plaintext_sha256": "22".repeat(32), "mime": "image/jpeg", "filename": " Photo.JPG ", "secret": "07".repeat(32)}),
        json!({"what": "proof", "account": "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9", "leaf_key": "22".repeat(32), "created_at": 1_700_000_000}),
    ];
    let data = recording("09-media-v2.json");
    let expected = data["expected"]["media"].as_array().expect("media");
    for (sent, known) in data["media"].as_array().expect("media").iter().zip(expected) {
        let (tag, blob) = (&sent["imeta"], &sent["ciphertext_base64"]);
        questions.push(json!({"what": "media", "imeta": tag, "ciphertext": blob, "secret": known["exporter_secret"]}));
    }
    let image = recording("10-group-image-and-avatar.json");
    let state = &image["expected"]["final"]["app_data_dictionary"]["0x8002"];
    questions.push(json!({"what": "group_image", "state": state, "ciphertext": image["group_image"]["ciphertext_base64"]}));

    let answers = ask(&questions);
    assert_eq!(answers[0]["plain"], hex::encode(b"our own pixels"), "{}", answers[0]);
    assert_eq!(answers[1]["key"], "5fcb5672b9cb2b3ac7915fd9c97697877837f7fb1312034486f400f601cd16b5");
    assert_eq!(answers[2]["id"], "c2b006ca05d472ea854c9c5b52dffd8a5f6e70f53f672a0d761d5d7817c80555");
    let plain = |known: &Value| hex::encode(STANDARD.decode(known["plaintext_base64"].as_str().expect("base64")).expect("base64"));
    for (known, answer) in expected.iter().zip(&answers[3..6]) {
        assert_eq!((&answer["key"], &answer["aad"]), (&known["key"], &known["aad"]));
        assert_eq!(answer["plain"], plain(known));
    }
    assert_eq!(answers[6]["plain"], plain(&image["expected"]["group_image"]));
}

#[test]
fn the_second_implementation_imports_nothing_of_ours() {
    let own = ["components", "events", "mls", "wire"];
    let allowed = ["base64", "coincurve", "cryptography", "hashlib", "json", "re", "sys"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("second");
    for name in own.iter().chain(&["main"]) {
        let text = std::fs::read_to_string(folder.join(format!("{name}.py"))).expect("a source");
        for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("from ")) {
            let module = line.split([' ', '.']).nth(1).expect("a module");
            assert!(own.contains(&module) || allowed.contains(&module), "{name}.py: {line}");
        }
    }
}
