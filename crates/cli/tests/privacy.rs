//! What a conversation leaves behind where it may leave nothing: in the log at its most talkative, in files, and with relays that ask who reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod terminal_kit;

use std::path::Path;

use murmel_sim::faulty_relay::FaultyRelay;
use nostr::nips::nip19::ToBech32 as _;
use nostr::{Keys, Kind, SecretKey};
use serde_json::Value;
use terminal_kit::{PASSPHRASE, Terminal};

/// Texts of the conversation that are looked for in every file.
const PLANTED: usize = 200;
/// A word that is in every one of them.
const MARK: &str = "kettlebell";

/// A class of what may not be seen, and how it is written.
struct Class {
    name: &'static str,
    written: Vec<String>,
}

/// Whether any way of writing any of them is in there; which.
fn found<'a>(classes: &'a [Class], bytes: &[u8]) -> Vec<(&'a str, String)> {
    let text = String::from_utf8_lossy(bytes);
    let here = |class: &'a Class| {
        let lines = class.written.iter().filter_map(|word| text.lines().find(|line| line.contains(word.as_str())));
        lines.map(|line| (class.name, line.chars().take(400).collect())).collect::<Vec<_>>()
    };
    classes.iter().flat_map(here).collect()
}

/// Everything below a folder, with the bytes in it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

fn planted(number: usize) -> String {
    format!("{MARK}-{number:03} of a text that nobody else may read")
}

/// A conversation with everything in it that a person would not want to be seen; what it was made of.
fn converse(alice: &Terminal, bob: &Terminal) -> (Vec<Class>, String) {
    let key = SecretKey::generate();
    let keys = Keys::new(key.clone());
    let imported = Terminal::beside(alice);
    imported.typed(&["identity", "import"], &key.to_bech32().unwrap());
    let exported = imported.typed(&["identity", "export"], "password-of-the-export");
    let code = imported.run(&["identity", "recovery", "new"])["recovery_code"].as_str().unwrap().to_owned();

    let group = alice.run(&["group", "new", "Lantern society", "--description", "Where lanterns are mended", &bob.npub]);
    let id = group["id"].as_str().unwrap().to_owned();
    let request = bob.run(&["requests", "list"])["requests"][0]["id"].as_str().unwrap().to_owned();
    bob.run(&["requests", "accept", &request]);
    let first = alice.run(&["send", &id, &planted(0)])["id"].as_str().unwrap().to_owned();
    bob.run(&["reply", &id, &first, "walnut-reply"]);
    bob.run(&["react", &id, &first, "hazelnut"]);
    alice.run(&["edit", &id, &first, "almond-edit"]);
    alice.run(&["search", "kettlebellish"]);
    alice.run(&["group", "rename", &id, "Candle society"]);
    let hex = |npub: &str| nostr::PublicKey::parse(npub).unwrap().to_hex();
    let classes = vec![
        Class { name: "texts", written: vec![format!("{MARK}-"), "walnut-reply".into(), "almond-edit".into()] },
        Class { name: "reactions", written: vec!["hazelnut".into()] },
        Class { name: "group names", written: vec!["Lantern society".into(), "Candle society".into()] },
        Class { name: "descriptions", written: vec!["Where lanterns are mended".into()] },
        Class { name: "own names", written: vec!["Aubergine".into(), "Broccoli".into()] },
        Class { name: "secret keys", written: vec![key.to_secret_hex(), key.to_bech32().unwrap()] },
        Class { name: "passphrases", written: vec![PASSPHRASE.into()] },
        Class { name: "passwords", written: vec!["password-of-the-export".into()] },
        Class { name: "sealed keys", written: vec![exported["ncryptsec"].as_str().unwrap().into()] },
        Class { name: "recovery codes", written: vec![code] },
        Class { name: "search words", written: vec!["kettlebellish".into()] },
        Class {
            name: "people",
            written: [&alice.npub, &bob.npub, &keys.public_key().to_bech32().unwrap()]
                .iter()
                .flat_map(|npub| [npub.to_string(), hex(npub)])
                .collect(),
        },
        Class { name: "groups", written: vec![id.clone()] },
    ];
    (classes, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_log_at_trace_nor_any_file_has_anything_of_a_conversation() {
    let relay = FaultyRelay::start().await.unwrap();
    let url = relay.url();
    let ended = tokio::task::spawn_blocking(move || {
        let (alice, bob) = (Terminal::logging("Aubergine", &url), Terminal::logging("Broccoli", &url));
        let (classes, id) = converse(&alice, &bob);
        let (lines, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let (mut talking, listening) = (alice.listen(0, lines.clone()), bob.listen(1, lines));
        for number in 1..PLANTED {
            talking.write(&serde_json::json!({ "group": id, "text": planted(number) }));
        }
        let mut missing = PLANTED - 1;
        while missing > 0 {
            let (who, line) = heard.blocking_recv().unwrap();
            missing -= usize::from(who == 1 && is_planted(&line));
        }
        // While the program runs, its write-ahead log is there as well.
        let open: Vec<_> = [&alice, &bob].iter().flat_map(|who| files(who.home())).collect();
        drop((talking, listening));
        let closed: Vec<_> = [&alice, &bob].iter().flat_map(|who| files(who.home())).collect();
        (classes, open, closed, alice.log() + &bob.log())
    })
    .await
    .unwrap();
    let (mut classes, open, closed, log) = ended;
    let tags = relay.events().into_iter().filter(|event| event.kind == Kind::MlsGroupMessage);
    let tags = tags.filter_map(|event| event.tags.iter().find(|tag| tag.kind().to_string() == "h")?.content().map(str::to_owned));
    classes.push(Class { name: "tags of groups", written: tags.take(1).collect() });

    assert!(log.contains("murmel_client") && log.lines().count() > 20, "the log says nothing, so this shows nothing");
    let in_log = found(&classes, log.as_bytes());
    assert!(in_log.is_empty(), "{in_log:#?}");
    assert!(open.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()), "no write-ahead log");
    assert!(closed.iter().any(|(name, _)| name.ends_with(".db")));
    // Whose account it is has to be on the disk: folders are named after it.
    let secret: Vec<Class> = classes.into_iter().filter(|class| class.name != "people" && class.name != "own names").collect();
    for (name, bytes) in open.iter().chain(&closed) {
        let in_file = found(&secret, bytes);
        assert!(in_file.is_empty(), "{name}: {in_file:#?}");
    }
}

fn is_planted(line: &Value) -> bool {
    line["state"] == "received" && line["content"].as_str().is_some_and(|text| text.starts_with(MARK))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relays_of_a_group_are_never_told_who_reads() {
    let (inbox, group) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
    let urls = (inbox.url(), group.url());
    let (alice, bob, id) = tokio::task::spawn_blocking(move || {
        let (alice, bob) = (Terminal::new("Alice", &urls.0), Terminal::new("Bob", &urls.0));
        let id = alice.run(&["group", "new", "Reading", &bob.npub])["id"].as_str().unwrap().to_owned();
        let request = bob.run(&["requests", "list"])["requests"][0]["id"].as_str().unwrap().to_owned();
        bob.run(&["requests", "accept", &request]);
        alice.run(&["group", "move", &id, &urls.1]);
        bob.run(&["sync"]);
        (alice, bob, id)
    })
    .await
    .unwrap();
    // From now on both ask who is there; the one of the group serves everybody all the same.
    inbox.demand_auth();
    group.lie(|_| vec!["[\"AUTH\",\"who reads this?\"]".to_owned()]);
    let said = tokio::task::spawn_blocking(move || {
        alice.run(&["send", &id, "Hello"]);
        let heard = bob.run(&["messages", &id]);
        bob.run(&["send", &id, "Hello yourself"]);
        alice.run(&["sync"]);
        heard["messages"].as_array().unwrap().iter().any(|message| message["content"] == "Hello")
    })
    .await
    .unwrap();
    assert!(said, "the message went through the group's relay");
    assert!(inbox.heard().iter().any(|verb| verb == "AUTH"), "the relay of the inbox is told");
    assert!(!group.heard().iter().any(|verb| verb == "AUTH"), "the relay of the group was told");
}
