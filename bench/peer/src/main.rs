//! Sends and reads messages with mdk-core 0.8 and its encrypted SQLite storage, and writes how long each took.
//! It knows nothing of Murmel; the two meet in a JSON file.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use mdk_core::MDK;
use mdk_core::groups::NostrGroupConfigData;
use mdk_core::messages::MessageProcessingResult;
use mdk_sqlite_storage::{EncryptionConfig, MdkSqliteStorage};
use nostr::{Event, EventBuilder, EventId, Keys, Kind, RelayUrl};

const MEMBERS: usize = 10;

struct Person {
    keys: Keys,
    mdk: MDK<MdkSqliteStorage>,
}

impl Person {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let keys = Keys::generate();
        let path = folder.join(format!("{}.db", keys.public_key().to_hex()));
        let storage = MdkSqliteStorage::new_with_key(path, EncryptionConfig::new([7; 32]))?;
        Ok(Self { keys, mdk: MDK::new(storage) })
    }

    fn key_package(&self, relay: &RelayUrl) -> anyhow::Result<Event> {
        let data = self.mdk.create_key_package_for_event(&self.keys.public_key(), [relay.clone()])?;
        Ok(EventBuilder::new(Kind::Custom(30443), data.content).tags(data.tags_30443).sign_with_keys(&self.keys)?)
    }
}

/// `murmel-bench-peer OUT MESSAGES NAME=FOLDER …`
fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().context("where to write to")?;
    let messages: usize = arguments.next().context("how many messages")?.parse()?;
    let mut places = serde_json::Map::new();
    for place in arguments {
        let (name, folder) = place.split_once('=').context("NAME=FOLDER")?;
        let (send, receive) = measure(Path::new(folder), messages)?;
        println!("{name}: send {send:.1?} µs, receive {receive:.1?} µs per message (clock, processor), {messages} messages, {MEMBERS} members");
        places.insert(name.to_owned(), serde_json::json!({ "messages": messages, "send": send, "receive": receive }));
    }
    std::fs::write(out, serde_json::to_string_pretty(&serde_json::json!({ "places": places }))?)?;
    Ok(())
}

/// Microseconds per message: on the clock, and of the processor.
fn measure(folder: &Path, messages: usize) -> anyhow::Result<([f64; 2], [f64; 2])> {
    let folder = tempfile::tempdir_in(folder)?;
    let relay = RelayUrl::parse("wss://relay.example")?;
    let (alice, bob) = (Person::new(folder.path())?, Person::new(folder.path())?);
    let mut packages = vec![bob.key_package(&relay)?];
    while packages.len() + 1 < MEMBERS {
        packages.push(Person::new(folder.path())?.key_package(&relay)?);
    }
    let config = NostrGroupConfigData::new("Crowd".into(), String::new(), None, None, None, vec![relay], vec![alice.keys.public_key()]);
    let created = alice.mdk.create_group(&alice.keys.public_key(), packages, config)?;
    let group = created.group.mls_group_id;
    let rumor = created.welcome_rumors.first().context("no welcome")?;
    bob.mdk.process_welcome(&EventId::all_zeros(), rumor)?;
    let welcome = bob.mdk.get_pending_welcomes(None)?.pop().context("no pending welcome")?;
    bob.mdk.accept_welcome(&welcome)?;

    let mut events = Vec::with_capacity(messages);
    let before = (Instant::now(), cpu());
    for n in 0..messages {
        let text = format!("Message {n:06}: shall we meet at the allotment on Sunday at ten?");
        let rumor = EventBuilder::new(Kind::Custom(9), text).build(alice.keys.public_key());
        events.push(alice.mdk.create_message(&group, rumor, None)?);
    }
    let send = since(before, messages);
    let before = (Instant::now(), cpu());
    for event in &events {
        let MessageProcessingResult::ApplicationMessage(_) = bob.mdk.process_message(event)? else { anyhow::bail!("no message") };
    }
    let receive = since(before, messages);
    Ok((send, receive))
}

fn since(before: (Instant, Option<f64>), messages: usize) -> [f64; 2] {
    let wall = before.0.elapsed().as_secs_f64() * 1e6;
    let cpu = match (before.1, cpu()) {
        (Some(before), Some(after)) => after - before,
        _ => wall,
    };
    [wall, cpu].map(|micros| micros / messages as f64)
}

#[cfg(unix)]
fn cpu() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3)
}

#[cfg(not(unix))]
fn cpu() -> Option<f64> {
    None
}
