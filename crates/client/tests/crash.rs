//! A process that ends in the middle of what it does, at every named place and at random times, and what is there afterwards.
//! The process is this test itself, started again as a child with a profile of its own.
//!
//! `MURMEL_CRASH_ROUNDS` asks for so many rounds at random times instead of the few of the short form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "crash/child.rs"]
mod child;
mod common;
#[path = "crash/observer.rs"]
mod observer;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use child::{Order, Outcome, Script};
use common::Person;
use murmel_sim::faulty_relay::FaultyRelay;
use murmel_store::crash::POINTS;
use observer::Observer;

/// Rounds at random times in the short form.
const RANDOM_ROUNDS: u64 = 60;
/// Latest random end, after the start of the child.
const LATEST: u64 = 200;

/// Two people in a group on one relay: Alice's program is the one that crashes, Bob's stays.
struct Scene {
    relay: FaultyRelay,
    alice: Person,
    bob: Person,
    chat: String,
    observer: Observer,
    /// Texts that Alice was told are sent, and those of which nobody knows.
    told: BTreeSet<String>,
    tried: BTreeSet<String>,
    said_by_bob: Vec<String>,
    names: BTreeSet<String>,
    slowest: Duration,
}

impl Scene {
    async fn set() -> Self {
        let relay = FaultyRelay::start().await.unwrap();
        let relays = [relay.url()];
        let mut alice = Person::new("Alice", &relays).await;
        let mut bob = Person::named("Bob", &relays);
        bob.housekeeping.rotation_grace = Duration::from_secs(24 * 3600);
        bob.begin().await;
        bob.set_up().await;
        let chat = alice.create_group("Round 0", &[&bob]).await;
        bob.accept("Round 0").await;
        alice.client().settle(common::DEADLINE).await.unwrap();
        alice.stop().await;
        bob.client().settle(common::DEADLINE).await.unwrap();
        bob.stop().await;
        let observer = Observer::copy_of(&bob, &chat).await;
        bob.start().await;
        let (told, tried, names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::from(["Round 0".to_owned()]));
        Self { relay, alice, bob, chat, observer, told, tried, said_by_bob: Vec::new(), names, slowest: Duration::ZERO }
    }

    fn order(&self, round: u64, script: Script, point: Option<&str>, nth: usize) -> Order {
        use murmel_client::Keychain as _;
        Order {
            home: self.alice.home.path().to_path_buf(),
            npub: self.alice.npub.clone(),
            item: hex::encode(self.alice.keychain.read(&self.alice.npub).unwrap().unwrap().as_slice()),
            relay: self.relay.url(),
            chat: self.chat.clone(),
            point: point.map(str::to_owned),
            nth,
            round,
            script,
            expected: self.said_by_bob.clone(),
        }
    }

    /// One round: a child that is to end early, then one that shows what is left.
    async fn round(&mut self, round: u64, script: Script, end: End<'_>) -> Outcome {
        if matches!(script, Script::Receive | Script::All) {
            for n in 0..2 {
                let text = format!("Bob {round}.{n}");
                self.bob.say(&self.chat, &text).await;
                self.bob.sent(&self.chat, &text).await;
                self.said_by_bob.push(text);
            }
        }
        let (point, nth, after) = match end {
            End::At(point, nth) => (Some(point), nth, None),
            End::After(after) => (None, 1, Some(after)),
        };
        self.tried.extend(child::texts(round));
        self.names.insert(child::name(round));
        let outcome = child::run(self.order(round, script, point, nth), after).await;
        self.told.extend(outcome.told.iter().cloned());
        let rest = child::run(self.order(round, Script::Rest, None, 1), None).await;
        assert!(rest.ended_well, "round {round}: the program does not come back after {:?}: {}", point, rest.output);
        self.slowest = self.slowest.max(rest.opened_after);
        self.check(round, &rest).await;
        outcome
    }

    async fn check(&mut self, round: u64, rest: &Outcome) {
        self.observer.take(self.relay.events()).await;
        let mut texts = BTreeMap::<&str, usize>::new();
        for text in &rest.timeline {
            *texts.entry(text).or_default() += 1;
        }
        for (text, count) in &texts {
            assert_eq!(*count, 1, "round {round}: {text:?} is there {count} times");
            assert!(self.tried.contains(*text) || self.said_by_bob.iter().any(|said| said == text), "round {round}: who said {text:?}?");
        }
        for text in self.told.iter().chain(&self.said_by_bob) {
            assert!(texts.contains_key(text.as_str()), "round {round}: {text:?} is lost on Alice's side");
        }
        for text in texts.keys().filter(|text| self.tried.contains(**text)) {
            self.bob.hears(&self.chat, text).await;
        }
        let heard = self.bob.texts(&self.chat).await;
        let distinct: BTreeSet<_> = heard.iter().collect();
        assert_eq!(distinct.len(), heard.len(), "round {round}: Bob has something twice");
        assert!(self.names.contains(&rest.name), "round {round}: the group is called {:?}", rest.name);
        self.bob.sees(&self.chat, "sees the group's name", |group| group.name == rest.name).await;
        let database = self.alice.database().await;
        assert!(database.read(|tx, ()| tx.is_sound()).await.unwrap(), "round {round}: the database is damaged");
        database.close().await;
    }
}

enum End<'a> {
    /// At the nth time that a place is reached.
    At(&'a str, usize),
    /// Killed so long after its start.
    After(Duration),
}

/// What has to be going on for a place to be reached.
fn script_for(point: &str) -> Script {
    match point.split_once(':').map(|(area, _)| area) {
        Some("receive") => Script::Receive,
        Some("commit" | "snapshot" | "epoch") => Script::Commit,
        _ => Script::Send,
    }
}

/// The child; nothing where this is not one.
#[test]
fn the_child_does_what_it_is_told() {
    child::main();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_survives_a_kill_at_every_named_place() {
    let mut scene = Scene::set().await;
    for (round, point) in (1..).zip(POINTS) {
        let outcome = scene.round(round, script_for(point), End::At(point, 1)).await;
        assert!(outcome.crashed, "{point:?} was never reached: {}", outcome.output);
    }
    // The keys that are held back are the ones of whatever is going on.
    for (round, point) in (1_000..).zip(POINTS.iter().filter(|point| point.starts_with("keys:") || point.starts_with("change:"))) {
        for (step, script) in [Script::Receive, Script::Commit].into_iter().enumerate() {
            scene.round(round * 10 + step as u64, script, End::At(point, 2)).await;
        }
    }
    println!(
        "{} places, slowest start afterwards {:?}, {} events read by an observer",
        POINTS.len(),
        scene.slowest,
        scene.observer.count()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_survives_a_kill_at_any_time() {
    let rounds = std::env::var("MURMEL_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(RANDOM_ROUNDS);
    let mut scene = Scene::set().await;
    let mut killed = 0;
    for round in 1..=rounds {
        // Any times do, as long as the same come again.
        let millis = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let outcome = scene.round(round, Script::All, End::After(Duration::from_millis(millis % LATEST))).await;
        killed += u64::from(outcome.crashed);
    }
    let (told, events) = (scene.told.len(), scene.observer.count());
    println!("{rounds} rounds, {killed} killed before their end, {told} texts acknowledged, {events} events read by an observer");
    println!("slowest start after a kill: {:?}", scene.slowest);
    assert!(killed > 0, "no child was killed before it was done");
}
