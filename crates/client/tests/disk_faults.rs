//! A disk on which one write or sync fails, or all from one on: every one of a script with some hundred of them, one after the other.
//!
//! A small library in C stands between the program and the system's calls, so Linux only. The program under test is this test itself, started again
//! with that library in front.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod common;
#[path = "crash/observer.rs"]
mod observer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::Person;
use murmel_client::{Client, Error};
use murmel_ipc::{self as ipc, ErrorCode};
use murmel_sim::faulty_relay::FaultyRelay;
use observer::Observer;

/// Says that this process is the one with the bad disk.
const CHILD: &str = "MURMEL_DISK_FAULTS_CHILD";
/// Texts before the group is renamed, and after it.
const TEXTS: [usize; 2] = [4, 2];
/// The script has at least so many writes and syncs.
const WRITES: usize = 300;
/// How long a person waits for a change of the group, where the disk is bad for good.
const IMPATIENCE: Duration = Duration::from_secs(2);
/// `EIO` and `ENOSPC`.
const ERRORS: [i32; 2] = [5, 28];

/// What the disk does at one write or sync.
#[derive(Clone, Copy, Debug)]
struct Fault {
    call: usize,
    errno: i32,
    /// Whether everything afterwards fails, too.
    lasts: bool,
}

#[test]
fn every_write_and_every_sync_may_fail_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let shim = folder.path().join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disk_faults/shim.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).args([&shim, &source]).arg("-ldl").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let profile = folder.path().join("profile");
    std::fs::create_dir(&profile).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_has_a_bad_disk", "--nocapture", "--test-threads=1"])
        .env(CHILD, &profile)
        .env("FAULT_FOLDER", &profile)
        .env("FAULT_CONTROL", folder.path().join("control"))
        .env("LD_PRELOAD", &shim)
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{complained}");
}

/// The child; nothing where this is not one.
#[test]
fn the_child_has_a_bad_disk() {
    let Some(profile) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut scene = Scene::set(PathBuf::from(profile)).await;
        let writes = scene.round(Fault { call: 0, errno: 0, lasts: false }).await;
        assert!(writes >= WRITES, "the script has {writes} writes only");
        for call in 1..=writes {
            // Each of the two faults once and for good, in turn: four calls further on it is the same again.
            scene.round(Fault { call, errno: ERRORS[call % 2], lasts: call / 2 % 2 == 1 }).await;
        }
        println!("{writes} writes and syncs, each failed; {} events opened by an observer; {:#?}", scene.observed, scene.told);
    });
}

/// Alice with the bad disk; a relay; somebody with the keys of Bob, who is a member and away.
struct Scene {
    relay: FaultyRelay,
    /// Events on the relay before a round.
    stored: usize,
    alice: Person,
    bob: Person,
    chat: String,
    pristine: tempfile::TempDir,
    control: PathBuf,
    /// Events that the observer could open, over all rounds.
    observed: usize,
    /// How often a person was told what.
    told: BTreeMap<String, usize>,
}

/// What Alice was told in a round.
#[derive(Default)]
struct Told {
    sent: Vec<String>,
    renamed: bool,
    errors: Vec<Error>,
}

impl Scene {
    async fn set(profile: PathBuf) -> Self {
        let relay = FaultyRelay::start().await.unwrap();
        let mut alice = Person::named("Alice", &[relay.url()]);
        alice.place = Some(profile.clone());
        alice.begin().await;
        alice.set_up().await;
        let mut bob = Person::new("Bob", &[relay.url()]).await;
        let chat = alice.create_group("Garden", &[&bob]).await;
        bob.accept("Garden").await;
        for person in [&mut alice, &mut bob] {
            person.client().settle(common::DEADLINE).await.unwrap();
            person.stop().await;
        }
        let pristine = tempfile::tempdir().unwrap();
        copy(&profile, pristine.path());
        let control = std::env::var_os("FAULT_CONTROL").unwrap().into();
        Self { stored: relay.events().len(), relay, alice, bob, chat, pristine, control, observed: 0, told: BTreeMap::new() }
    }

    /// Tells the disk what to do from now on; answers how many writes and syncs there were since it was told last.
    fn tell(&self, fault: Fault) -> usize {
        std::fs::write(&self.control, format!("{} {} {}", fault.call, fault.errno, u8::from(fault.lasts))).unwrap();
        std::fs::read_to_string(&self.control).unwrap().parse().unwrap()
    }

    /// The script on a disk with a fault, and what is there afterwards on one without. Answers how many writes and syncs there were.
    async fn round(&mut self, fault: Fault) -> usize {
        let profile = self.alice.place.clone().unwrap();
        std::fs::remove_dir_all(&profile).unwrap();
        copy(self.pristine.path(), &profile);
        self.relay.keep_first(self.stored);
        self.tell(fault);
        let ran = tokio::time::timeout(common::DEADLINE, self.script(fault)).await;
        let calls = self.tell(Fault { call: 0, ..fault });
        let told = ran.unwrap_or_else(|_| panic!("{fault:?}: it hangs"));
        for error in &told.errors {
            assert!(matches!(error.code, ErrorCode::Storage | ErrorCode::DiskFull | ErrorCode::NoAccount), "{fault:?}: {error:?}");
            *self.told.entry(format!("{:?}: {}", error.code, error.message)).or_default() += 1;
        }
        if !fault.lasts {
            assert!(told.errors.len() <= 1, "{fault:?}: one failure costs more than one call: {:?}", told.errors);
        }
        self.check(fault, &told).await;
        calls
    }

    async fn script(&self, fault: Fault) -> Told {
        let mut told = Told::default();
        let client = match Client::open(self.alice.options()).await {
            Ok(client) => client,
            Err(error) => {
                told.errors.push(error);
                return told;
            }
        };
        if let ipc::Session::KeyUnavailable { retryable, reason, message, .. } = client.session() {
            assert!(retryable, "a failing disk is no reason to give an account up: {reason:?} {message}");
            told.errors.push(Error::passing(ErrorCode::Storage, message));
            // What the button under these words does.
            if let Err(error) = client.unlock(ipc::Unlock { passphrase: String::new().into() }).await {
                told.errors.push(error);
            }
        }
        for number in 0..TEXTS[0] {
            self.say(&client, number, &mut told).await;
        }
        // On a disk that stays bad the answer of the relay cannot be recorded, so nobody hears of it; a person does not wait for ever.
        match tokio::time::timeout(if fault.lasts { IMPATIENCE } else { common::DEADLINE }, client.rename(&self.chat, "Orchard")).await {
            Ok(Ok(())) => told.renamed = true,
            Ok(Err(error)) => told.errors.push(error),
            Err(_) => assert!(fault.lasts, "{fault:?}: the change is never heard of"),
        }
        for number in 0..TEXTS[1] {
            self.say(&client, TEXTS[0] + number, &mut told).await;
        }
        client.close().await;
        told
    }

    async fn say(&self, client: &Client, number: usize, told: &mut Told) {
        let text = format!("text {number}");
        let said = client.send(ipc::SendMessage { chat: self.chat.clone(), text: text.clone(), reply_to: None }).await;
        match said {
            Ok(_) => told.sent.push(text),
            Err(error) => told.errors.push(error),
        }
    }

    async fn check(&mut self, fault: Fault, told: &Told) {
        self.alice.start().await;
        self.alice.say(&self.chat, "afterwards").await;
        let settled = self.alice.client().settle(common::DEADLINE).await.unwrap();
        assert!(settled.outbox_open == 0 && settled.caught_up, "{fault:?}: {settled:?}");
        let here = self.alice.texts(&self.chat).await;
        let name = self.alice.client().group(&self.chat).await.unwrap().name;
        self.alice.stop().await;
        let database = self.alice.database().await;
        assert!(database.read(|tx, ()| tx.is_sound()).await.unwrap(), "{fault:?}: the database is damaged");
        database.close().await;

        assert!(name == "Orchard" || (name == "Garden" && !told.renamed), "{fault:?}: the group is called {name}");
        // Whoever holds a member's keys can open every event: no key of the ratchet was used twice.
        let mut observer = Observer::copy_of(&self.bob, &self.chat).await;
        observer.take(self.relay.events().split_off(self.stored)).await;
        let there = observer.texts();
        self.observed += observer.count();
        for text in told.sent.iter().map(String::as_str).chain(["afterwards"]) {
            for (who, texts) in [("Alice", &here), ("somebody else", &there)] {
                let times = texts.iter().filter(|other| *other == text).count();
                assert_eq!(times, 1, "{fault:?}: {who} has {text:?} {times} times: {texts:?}");
            }
        }
        let of = |texts: &[String]| texts.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(of(&here), of(&there), "{fault:?}");
        assert_eq!(here.len(), of(&here).len(), "{fault:?}: something is there twice: {here:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
