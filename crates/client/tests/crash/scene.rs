//! Two people, a program that ends early, and what is there afterwards.
//! It decides nothing about when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use murmel_sim::faulty_relay::FaultyRelay;

use crate::child::{self, Order, Outcome, Script};
use crate::common::{self, Person};
use crate::observer::Observer;

/// Two people in a group on one relay: Alice's program is the one that crashes, Bob's stays.
pub struct Scene {
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
    ledger: Ledger,
}

impl Scene {
    pub async fn set() -> Self {
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
        Self { relay, alice, bob, chat, observer, told, tried, said_by_bob: Vec::new(), names, ledger: Ledger::default() }
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
    pub async fn round(&mut self, round: u64, script: Script, end: End<'_>) -> Outcome {
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
        self.ledger.rounds += 1;
        self.ledger.killed += u64::from(outcome.crashed);
        self.ledger.slowest = self.ledger.slowest.max(rest.opened_after);
        self.check(round, &rest).await;
        outcome
    }

    /// What came of all rounds.
    pub fn close(mut self) -> Ledger {
        self.ledger.acknowledged = self.told.len();
        self.ledger.observed = self.observer.count();
        self.ledger
    }

    /// Enters into the ledger what is not as it should be.
    async fn check(&mut self, round: u64, rest: &Outcome) {
        self.observer.take(self.relay.events()).await;
        let mut texts = BTreeMap::<&str, usize>::new();
        for text in &rest.timeline {
            *texts.entry(text).or_default() += 1;
        }
        for (text, count) in &texts {
            if *count > 1 {
                self.ledger.duplicated.push(format!("round {round}: Alice has {text:?} {count} times"));
            }
            if !self.tried.contains(*text) && !self.said_by_bob.iter().any(|said| said == text) {
                self.ledger.other.push(format!("round {round}: who said {text:?}?"));
            }
        }
        for text in self.told.iter().chain(&self.said_by_bob).filter(|text| !texts.contains_key(text.as_str())) {
            self.ledger.lost.push(format!("round {round}: {text:?} is lost on Alice's side"));
        }
        let known: BTreeSet<String> = self.bob.texts(&self.chat).await.into_iter().collect();
        for text in texts.keys().filter(|text| self.tried.contains(**text) && !known.contains(**text)) {
            self.bob.hears(&self.chat, text).await;
        }
        let heard = self.bob.texts(&self.chat).await;
        let distinct: BTreeSet<_> = heard.iter().collect();
        if distinct.len() != heard.len() {
            self.ledger.duplicated.push(format!("round {round}: Bob has something twice"));
        }
        if !self.names.contains(&rest.name) {
            self.ledger.other.push(format!("round {round}: the group is called {:?}", rest.name));
        }
        self.bob.sees(&self.chat, "sees the group's name", |group| group.name == rest.name).await;
        let database = self.alice.database().await;
        if !database.read(|tx, ()| tx.is_sound()).await.unwrap() {
            self.ledger.damaged.push(format!("round {round}: SQLite finds the database damaged"));
        }
        database.close().await;
    }
}

/// What came of the rounds so far.
#[derive(Default)]
pub struct Ledger {
    pub rounds: u64,
    pub killed: u64,
    /// Texts of which Alice was told that they are sent.
    pub acknowledged: usize,
    /// Events of the group that the observer could open.
    pub observed: usize,
    /// Longest way to an open profile after a kill.
    pub slowest: Duration,
    pub lost: Vec<String>,
    pub duplicated: Vec<String>,
    pub damaged: Vec<String>,
    pub other: Vec<String>,
}

impl Ledger {
    /// One line that `cargo xtask crash` reads, then the judgement.
    pub fn settle(&self, points: usize, never_reached: &[&str]) {
        let report = serde_json::json!({
            "rounds": self.rounds,
            "killed": self.killed,
            "points": points,
            "points_reached": points - never_reached.len(),
            "points_never_reached": never_reached,
            "acknowledged": self.acknowledged,
            "observed": self.observed,
            "lost": self.lost.len(),
            "duplicated": self.duplicated.len(),
            "damaged": self.damaged.len(),
            "other": self.other.len(),
            "slowest_reopening_ms": u64::try_from(self.slowest.as_millis()).unwrap(),
        });
        println!("\nCRASH {report}");
        assert_eq!(never_reached, [""; 0], "never reached");
        assert_eq!([&self.lost, &self.duplicated, &self.damaged, &self.other], [&Vec::<String>::new(); 4]);
    }
}

pub enum End<'a> {
    /// At the nth time that a place is reached.
    At(&'a str, usize),
    /// Killed so long after its start.
    After(Duration),
}
