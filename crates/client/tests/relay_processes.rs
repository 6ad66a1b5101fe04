//! Three relays, each a process of its own, that are killed and started again at random while five people talk.
//! Everybody has everything once, and in one order (decision 0012), at the latest when the relays are left to live.
//! A relay is this test itself, started again; it keeps what it has accepted in a journal.
//!
//! `MURMEL_PROCESSES_MESSAGES` asks for so many messages instead of the few of the short form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod common;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::Person;
use murmel_client::Pace;
use murmel_sim::dice::Dice;
use murmel_sim::kept_relay;

/// The address and the journal of a relay.
const RELAY: &str = "MURMEL_RELAY_PROCESS";
const RELAYS: usize = 3;
const NAMES: [&str; 5] = ["Anna", "Ben", "Cleo", "Dan", "Eva"];
/// Messages of all people together in the short form.
const MESSAGES: usize = 300;
/// How long a relay lives, and how long it is gone, in milliseconds.
const UP: (u64, u64) = (200, 2_500);
const DOWN: (u64, u64) = (50, 1_200);
/// Longest time in which nothing arrives anywhere. A relay that never lives for long enough to send what it has is left to live after the shorter
/// one: then everything has to come.
const PATIENCE: Duration = Duration::from_secs(120);
const RAGE: Duration = Duration::from_secs(60);
/// Where relays listen: below the ports that a system gives to clients, one of which could connect to itself while a relay is gone.
const PORTS: std::ops::Range<u16> = 21_000..31_000;

/// The relay; nothing where this process is none.
#[test]
fn the_relay_serves_until_it_is_killed() {
    let Ok(order) = std::env::var(RELAY) else { return };
    let (address, journal) = order.split_once(' ').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    runtime.block_on(kept_relay::serve(address.parse().unwrap(), Path::new(journal))).unwrap();
}

/// A relay that can be killed.
struct Relay {
    address: SocketAddr,
    journal: PathBuf,
    process: Child,
}

impl Relay {
    fn start(address: SocketAddr, journal: PathBuf) -> Self {
        let process = spawn(address, &journal);
        let relay = Self { address, journal, process };
        relay.wait();
        relay
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn again(&mut self) {
        self.process = spawn(self.address, &self.journal);
        self.wait();
    }

    /// Until it listens.
    fn wait(&self) {
        let since = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(since.elapsed() < common::DEADLINE, "the relay does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(address: SocketAddr, journal: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_relay_serves_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(RELAY, format!("{address} {}", journal.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn free_addresses() -> Vec<SocketAddr> {
    let first = PORTS.start + u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start - 1_000)).unwrap();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..PORTS.end).filter(free).take(RELAYS).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
}

/// Kills a relay and starts it again until it is told to stop; then the relay runs.
fn rage(mut relay: Relay, mut dice: Dice, over: &AtomicBool, killed: &AtomicU64) -> Relay {
    while !over.load(Ordering::Acquire) {
        // When it is killed is what the dice say; nothing is waited for.
        std::thread::sleep(Duration::from_millis(dice.between(UP.0, UP.1)));
        relay.kill();
        killed.fetch_add(1, Ordering::AcqRel);
        std::thread::sleep(Duration::from_millis(dice.between(DOWN.0, DOWN.1)));
        relay.again();
    }
    relay
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_while_three_relay_processes_are_killed_at_random() {
    let messages = std::env::var("MURMEL_PROCESSES_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(MESSAGES);
    let folder = tempfile::tempdir().unwrap();
    let addresses = free_addresses();
    let urls: Vec<String> = addresses.iter().map(|address| format!("ws://{address}")).collect();
    let relays: Vec<Relay> =
        addresses.iter().enumerate().map(|(n, address)| Relay::start(*address, folder.path().join(format!("{n}.journal")))).collect();

    let mut people = Vec::new();
    for name in NAMES {
        let mut person = Person::named(name, &urls);
        person.pace = Pace {
            publish: Duration::from_secs(2),
            retry_cap: Duration::from_secs(2),
            remaining_cap: Duration::from_secs(4),
            ..Pace::default()
        };
        person.begin().await;
        person.set_up().await;
        people.push(person);
    }
    let (first, others) = people.split_first().unwrap();
    let chat = first.create_group("Garden", &others.iter().collect::<Vec<_>>()).await;
    for person in others {
        person.accept("Garden").await;
    }
    let group_size = NAMES.len();
    for person in &people {
        person.sees(&chat, "sees everybody", |group| group.members.len() == group_size).await;
    }

    let (over, killed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let raging: Vec<_> = relays
        .into_iter()
        .enumerate()
        .map(|(n, relay)| {
            let (over, killed) = (Arc::clone(&over), Arc::clone(&killed));
            std::thread::spawn(move || rage(relay, Dice::new(7).fork("relay", n as u64), &over, &killed))
        })
        .collect();
    let begun = Instant::now();
    let share = messages / NAMES.len();
    let mut talking = tokio::task::JoinSet::new();
    for person in &people {
        let (client, chat, name) = (person.client().clone(), chat.clone(), person.name);
        talking.spawn(async move {
            for n in 0..share {
                let args = murmel_ipc::SendMessage { chat: chat.clone(), text: format!("{name} {n}"), reply_to: None };
                while let Err(error) = client.send(args.clone()).await {
                    // The outbox is full: what is in it goes first.
                    assert_eq!(error.code, murmel_ipc::ErrorCode::Busy, "{error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
    }
    talking.join_all().await;
    let said = begun.elapsed();
    let all = share * NAMES.len();
    let mut heard_meanwhile = 0;
    for person in &people {
        heard_meanwhile += usize::from(everything(person, &chat, all, RAGE).await == all);
    }
    over.store(true, Ordering::Release);
    let relays: Vec<Relay> = raging.into_iter().map(|raging| raging.join().unwrap()).collect();
    for person in &people {
        let there = everything(person, &chat, all, PATIENCE).await;
        assert!(
            there == all,
            "{} has {there} of {all} texts and no more come: {}",
            person.name,
            lacking(person, &people, &chat).await.join(", ")
        );
    }
    let (heard, killed) = (begun.elapsed(), killed.load(Ordering::Acquire));

    let expected: BTreeSet<String> = NAMES.iter().flat_map(|name| (0..share).map(move |n| format!("{name} {n}"))).collect();
    let mut orders = Vec::new();
    for person in &people {
        let settled = person.client().settle(PATIENCE).await.unwrap();
        assert_eq!(settled.outbox_open, 0, "{}", person.name);
        let rows = common::messages(person.client(), &chat).await;
        let texts: Vec<String> = rows.iter().filter_map(common::text_of).collect();
        assert_eq!(texts.len(), expected.len(), "{}: lost or doubled", person.name);
        assert_eq!(texts.iter().cloned().collect::<BTreeSet<_>>(), expected, "{}", person.name);
        orders.push(texts);
    }
    let same = orders.iter().filter(|order| *order == &orders[0]).count();
    println!(
        "\nPROCESSES {}",
        serde_json::json!({
            "messages": expected.len(), "people": NAMES.len(), "relays": RELAYS, "killed": killed, "lost": 0, "duplicated": 0,
            "heard_everything_meanwhile": heard_meanwhile, "same_order": same, "said_after_secs": said.as_secs(), "heard_after_secs": heard.as_secs(),
        })
    );
    assert_eq!(same, NAMES.len(), "people have the messages in different orders");
    assert!(killed >= RELAYS as u64, "no relay was killed");
    drop(relays);
}

/// Waits until so many texts are there, and for as long as more of them come within `patience`; how many there are.
async fn everything(person: &Person, chat: &str, count: usize, patience: Duration) -> usize {
    let mut subscription = person.client().subscribe().await.unwrap();
    let mut there = 0;
    let mut since = Instant::now();
    loop {
        let now = person.texts(chat).await.len();
        if now > there {
            (there, since) = (now, Instant::now());
        }
        if there >= count || since.elapsed() > patience {
            return there;
        }
        // Whatever happens next may have been what was missing.
        if let Ok(None) = tokio::time::timeout(Duration::from_secs(5), subscription.events.recv()).await {
            subscription = person.client().subscribe().await.unwrap();
        }
        while subscription.events.try_recv().is_ok() {}
    }
}

/// The own messages of the others that are not at `person`, and how far each got.
async fn lacking(person: &Person, people: &[Person], chat: &str) -> Vec<String> {
    let there: BTreeSet<String> = person.texts(chat).await.into_iter().collect();
    let mut lacking = Vec::new();
    for other in people {
        let rows = common::messages(other.client(), chat).await;
        let own = rows.iter().filter(|row| row.mine).filter_map(|row| Some((common::text_of(row)?, &row.state)));
        lacking.extend(own.filter(|(text, _)| !there.contains(text)).map(|(text, state)| format!("{text} ({state:?})")));
    }
    lacking
}
