//! Two terminals, one relay that fails in every way it can, a thousand messages each way: nothing lost, nothing twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod terminal_kit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use nostr::EventId;
use serde_json::{Value, json};
use terminal_kit::Terminal;

const EACH: usize = 1_000;
/// Longest silence before the test gives up.
const DEADLINE: Duration = Duration::from_secs(180);

/// Every fifth event meets trouble at its first attempt, each kind of it in turn; later attempts are accepted.
fn fate(nth: usize, attempt: usize) -> Fault {
    if attempt > 0 || !nth.is_multiple_of(5) {
        return Fault::Ok;
    }
    match nth / 5 % 16 {
        0..6 => Fault::OkFalse("error: try again later".into()),
        6..10 => Fault::Silent,
        10..14 => Fault::SilentDrop,
        // A broken connection hits everything that is under way on it.
        14 => Fault::Disconnect,
        _ => Fault::DisconnectAfterStore,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_each_way_survive_a_relay_that_fails_in_every_way() {
    let faulty = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&faulty);
    let tries = std::sync::Mutex::new(BTreeMap::<EventId, (usize, usize)>::new());
    let relay = FaultyRelay::with_choice(move |event, _| {
        let mut tries = tries.lock().expect("a lock");
        let nth = tries.len();
        let (nth, attempt) = tries.entry(event.id).or_insert((nth, 0));
        let fault = if switch.load(Ordering::SeqCst) { fate(*nth, *attempt) } else { Fault::Ok };
        *attempt += 1;
        fault
    })
    .await
    .expect("a relay");

    let url = relay.url();
    let (alice, bob, group) = tokio::task::spawn_blocking(move || {
        let (alice, bob) = (Terminal::new("Alice", &url), Terminal::new("Bob", &url));
        let group = alice.run(&["group", "new", "Faults", &bob.npub])["id"].as_str().expect("an id").to_owned();
        let request = bob.run(&["requests", "list"])["requests"][0]["id"].as_str().expect("a request").to_owned();
        bob.run(&["requests", "accept", &request]);
        (alice, bob, group)
    })
    .await
    .expect("a group");

    faulty.store(true, Ordering::SeqCst);
    let before = relay.answers().len();
    let (lines, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut listeners = [alice.listen(0, lines.clone()), bob.listen(1, lines)];
    let writing = tokio::task::spawn_blocking(move || {
        for n in 0..EACH {
            for (listener, name) in listeners.iter_mut().zip(["Alice", "Bob"]) {
                listener.write(&json!({ "group": group, "text": format!("{name} {n}") }));
            }
        }
        (listeners, group)
    });
    let mut halves = [Progress::default(), Progress::default()];
    let mut restarted = false;
    while !halves.iter().all(Progress::done) {
        let line = tokio::time::timeout(DEADLINE, heard.recv()).await;
        let Ok(Some((tag, line))) = line else { panic!("stuck at {:?}", halves.map(|half| (half.heard.len(), half.accepted.len()))) };
        halves[tag].note(&line);
        if !restarted && halves[tag].heard.len() > EACH / 2 {
            relay.restart().await.expect("the relay again");
            restarted = true;
        }
    }
    assert!(restarted);
    let (listeners, group) = writing.await.expect("everything was written");
    drop(listeners);

    let answers = relay.answers().split_off(before);
    let records =
        tokio::task::spawn_blocking(move || [&alice, &bob].map(|who| who.run(&["messages", &group, "--limit", "5000", "--offline"])))
            .await
            .expect("the messages");
    check(&records, &answers);
}

#[derive(Default)]
struct Progress {
    heard: BTreeSet<String>,
    accepted: BTreeSet<String>,
}

impl Progress {
    fn note(&mut self, line: &Value) {
        assert_ne!(line["type"], "error", "{line}");
        let (Some(text), Some(state)) = (line["content"].as_str(), line["state"].as_str()) else { return };
        match state {
            "received" => drop(self.heard.insert(text.to_owned())),
            "sent" => drop(self.accepted.insert(text.to_owned())),
            _ => {}
        }
    }

    fn done(&self) -> bool {
        self.heard.len() == EACH && self.accepted.len() == EACH
    }
}

/// Everybody has everything once, and what is recorded of each message is what the relay did.
fn check(records: &[Value; 2], answers: &[(EventId, Fault)]) {
    let mut fates: BTreeMap<EventId, Vec<&Fault>> = BTreeMap::new();
    for (event, fault) in answers {
        fates.entry(*event).or_default().push(fault);
    }
    let troubled = fates.values().filter(|faults| faults.first() != Some(&&Fault::Ok)).count();
    let mut retried = 0;
    for list in records {
        let messages: Vec<_> = list["messages"].as_array().expect("messages").iter().filter(|m| m["kind"] == 9).collect();
        let texts: BTreeSet<_> = messages.iter().map(|m| m["content"].as_str().expect("a text")).collect();
        assert_eq!((messages.len(), texts.len()), (2 * EACH, 2 * EACH), "each message once");
        for message in messages.iter().filter(|m| m["mine"] == true) {
            let relays = message["relays"].as_array().expect("relays");
            assert_eq!(relays.len(), 1);
            assert_eq!(relays[0]["answer"], "accepted", "{message}");
            let attempts = relays[0]["attempts"].as_u64().expect("a number");
            assert!(attempts >= 1);
            retried += usize::from(attempts > 1);
        }
    }
    assert!(troubled >= EACH / 4, "{troubled} events met trouble");
    // An event that met trouble was tried again; a broken connection makes others be tried again too.
    assert!(retried >= troubled, "{retried} retried, {troubled} met trouble");
    assert!(fates.values().all(|faults| faults.last().is_some_and(|last| **last == Fault::Ok)), "the last answer of every event is OK");
}
