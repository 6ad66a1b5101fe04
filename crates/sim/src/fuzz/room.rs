//! A real group of three with real databases, in which the targets that need one are tried.
//! Nothing that is tried in it stays: whatever changed the state is rolled back.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use murmel_engine::{Change, Device, Group, GroupId, InnerEvent, Invitation, NewGroup, Offer, OwnKeyPackage, Slot, Welcome};
use murmel_store::{Database, DatabaseKey, Rollback, StoreError, Tx};
use nostr::{Event, Keys, UnsignedEvent};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

/// Names the folder of a room that was kept, so that inputs fit the same group in every process.
pub const KEPT_ROOM: &str = "MURMEL_FUZZ_ROOM";

thread_local! {
    static ROOM: RefCell<Option<Room>> = const { RefCell::new(None) };
}

/// What lives beside a database.
pub(super) struct Desk {
    pub group: Option<Group>,
    pub device: Device,
}

impl Rollback for Desk {
    fn rolled_back(&mut self) {
        self.group = None;
    }
}

/// A transaction that is not to take place.
pub(super) struct Undone;

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        // The store's own failure is never what a target provokes.
        assert!(matches!(error, StoreError::ReadOnly), "the store failed: {error}");
        Self
    }
}

/// Somebody with a database.
pub(super) struct Person {
    pub keys: Keys,
    pub db: Database<Desk>,
    runtime: Runtime,
}

impl Person {
    fn new(path: &Path, keys: Keys) -> Self {
        let device = Device::create(&keys, now()).expect("a device");
        let runtime = runtime();
        let db = runtime.block_on(Database::create(path, key(), Desk { group: None, device })).expect("a database");
        let person = Self { keys, db, runtime };
        person.keep(|tx, desk| desk.device.save(tx).expect("a saved device"));
        person
    }

    /// Runs `f` in a transaction that takes place.
    pub fn keep<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Desk) -> T + Send + 'static) -> T {
        let Ok(value) = self.runtime.block_on(self.db.write(move |tx, desk| Ok::<_, Undone>(f(tx, desk)))) else {
            unreachable!("no refusal")
        };
        value
    }

    /// Runs `f` in a transaction that takes place only where `f` says so.
    pub fn attempt<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Desk) -> (bool, T) + Send + 'static) -> Option<T> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let outcome = self.runtime.block_on(self.db.write(move |tx, desk| {
            let (stays, value) = f(tx, desk);
            sender.send(value).ok();
            if stays { Ok(()) } else { Err(Undone) }
        }));
        drop(outcome);
        receiver.try_recv().ok()
    }

    pub fn group<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Group, &Device) -> T + Send + 'static) -> T {
        self.keep(move |tx, desk| f(tx, desk.group.as_mut().expect("a group"), &desk.device))
    }

    pub fn key_package(&self) -> Event {
        let builder = self.keep(|tx, desk| OwnKeyPackage::create(tx, &desk.device, now()).expect("a key package").event(&Slot::random()));
        builder.sign_with_keys(&self.keys).expect("a signature")
    }

    pub fn offer(&self) -> Offer {
        Offer::read(&self.key_package(), now()).expect("an offer")
    }

    fn join(&self, invitation: &Invitation, from: &Self) {
        let welcome = Welcome::read(&invitation.rumor(from.keys.public_key(), now()), from.keys.public_key()).expect("a welcome");
        self.keep(move |tx, desk| desk.group = Some(welcome.join(tx, &desk.device, true, now()).expect("a group")));
    }

    fn say(&self, text: &str) -> Event {
        let event = InnerEvent::text(self.keys.public_key(), now(), text.to_owned(), &[]);
        self.group(move |tx, group, device| group.encrypt(tx, device, &event)).expect("a sealed message").event
    }

    fn read(&self, event: &Event) {
        let event = event.clone();
        self.group(move |tx, group, device| group.ingest(tx, device, &event, now())).expect("no fault");
    }
}

/// What is kept of a room beside its database.
#[derive(Serialize, Deserialize)]
struct Kept {
    secret_key: String,
    leaf_key: String,
    proof: String,
    group: String,
    inputs: Inputs,
}

/// Real inputs that fit the room.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Inputs {
    /// Events of this group that Ben has not read: messages of several epochs, proposals, rival commits.
    pub events: Vec<Event>,
    /// A rumor that invites Ben to a second group.
    pub rumor: UnsignedEvent,
    /// What Ben is still able to read, whatever was tried.
    pub last: Event,
}

/// Anna's group, seen by Ben.
pub struct Room {
    pub(super) ben: Person,
    pub(super) inputs: Inputs,
    group: GroupId,
    #[expect(dead_code, reason = "held until the database is closed")]
    folder: Option<tempfile::TempDir>,
}

impl Room {
    /// Makes a room in this folder and keeps what another process needs to open it again.
    pub fn create(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let [anna, ben, carl] = ["anna", "ben", "carl"].map(|name| Person::new(&folder.join(format!("{name}.db")), Keys::generate()));
        let (ben_offer, carl_offer) = (ben.offer(), carl.offer());
        let invitations = anna.keep(move |tx, desk| {
            let (group, invitations) = Group::create(tx, &desk.device, plan("Garden"), &[ben_offer, carl_offer], now()).expect("a group");
            desk.group = Some(group);
            invitations
        });
        for (person, invitation) in [&ben, &carl].into_iter().zip(&invitations) {
            person.join(invitation, &anna);
        }
        let mut events = Vec::new();
        for round in 0..4 {
            events.push(anna.say(&format!("round {round}")));
            events.push(carl.say("Grüße \u{1f33b}"));
            events.push(commit(&anna, Change::Rename(format!("rival {round}")), false));
            let event = commit(&anna, Change::Rotate, true);
            [&ben, &carl].into_iter().for_each(|person| person.read(&event));
        }
        events.extend((0..3).map(|n| anna.say(&format!("now {n}"))));
        let last = carl.say("last");
        let leaving = carl.group(|tx, group, device| group.propose_leave(tx, device, now())).expect("a proposal").event;
        let dora = Person::new(&folder.join("dora.db"), Keys::generate());
        let rivals = [
            Change::Rename("Allotment".into()),
            Change::Describe("Beds and bees".into()),
            Change::Promote(ben.keys.public_key()),
            Change::Remove(carl.keys.public_key()),
            Change::Invite(vec![dora.offer()]),
            Change::Rotate,
        ];
        events.extend(rivals.map(|change| commit(&anna, change, false)));
        events.push(leaving);

        let offer = ben.offer();
        let second = anna.keep(move |tx, desk| Group::create(tx, &desk.device, plan("Second"), &[offer], now()).expect("a group").1);
        let rumor = second.first().expect("an invitation").rumor(anna.keys.public_key(), now());
        let group = ben.group(|_, group, _| group.id().clone());
        let (leaf_key, proof) = ben.keep(|_, desk| (hex::encode(desk.device.signature_key()), hex::encode(desk.device.proof())));
        let inputs = Inputs { events, rumor, last };
        let kept =
            Kept { secret_key: ben.keys.secret_key().to_secret_hex(), leaf_key, proof, group: group.to_string(), inputs: inputs.clone() };
        std::fs::write(folder.join("room.json"), serde_json::to_vec(&kept).expect("JSON")).expect("a file");
        Self { ben, inputs, group, folder: None }
    }

    /// Opens a copy of a room that was kept.
    fn open(kept_in: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ben.db");
        std::fs::copy(kept_in.join("ben.db"), &path).expect("a database");
        let kept: Kept = serde_json::from_slice(&std::fs::read(kept_in.join("room.json")).expect("a file")).expect("JSON");
        let keys = Keys::parse(&kept.secret_key).expect("a key");
        let (group, runtime) = (GroupId::from_hex(&kept.group).expect("a group id"), runtime());
        let (account, leaf_key) = (keys.public_key(), hex::decode(&kept.leaf_key).expect("hex"));
        let proof = hex::decode(&kept.proof).expect("hex");
        // The desk wants a device before the one on disk can be read.
        let stranger = Device::create(&Keys::generate(), now()).expect("a device");
        let db = runtime.block_on(Database::open(&path, key(), Desk { group: None, device: stranger })).expect("a database");
        let ben = Person { keys, db, runtime };
        ben.keep(move |tx, desk| desk.device = Device::load(tx, account, &leaf_key, &proof).expect("no fault").expect("a device"));
        Self { ben, inputs: kept.inputs, group, folder: Some(folder) }
    }

    /// The room of this thread: the kept one that the environment names, or a new one.
    pub(super) fn with<T>(f: impl FnOnce(&Self) -> T) -> T {
        ROOM.with_borrow_mut(|room| {
            f(room.get_or_insert_with(|| match std::env::var_os(KEPT_ROOM) {
                Some(folder) => Self::open(&PathBuf::from(folder)),
                None => {
                    let folder = tempfile::tempdir().expect("a folder");
                    let room = Self::create(folder.path());
                    Self { folder: Some(folder), ..room }
                }
            }))
        })
    }

    pub(super) fn close() {
        drop(ROOM.take());
    }

    /// Runs `f` on Ben's group in a transaction that takes place only where `f` says so.
    pub(super) fn attempt<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx<'_>, &mut Group, &Device) -> (bool, T) + Send + 'static,
    ) -> Option<T> {
        let id = self.group.clone();
        self.ben.attempt(move |tx, desk| {
            if desk.group.is_none() {
                desk.group = Group::load(tx, &id).expect("no fault");
            }
            f(tx, desk.group.as_mut().expect("a group"), &desk.device)
        })
    }
}

/// A key package event of this account, made with the engine; its private keys are forgotten.
pub(super) fn published_key_package(keys: &Keys) -> Event {
    let folder = tempfile::tempdir().expect("a folder");
    Person::new(&folder.path().join("one.db"), keys.clone()).key_package()
}

/// What an admin commits, merged or dropped again.
fn commit(by: &Person, change: Change, merged: bool) -> Event {
    by.group(move |tx, group, device| {
        let staged = group.stage(tx, device, change, now()).expect("a staged commit");
        if merged {
            drop(group.confirm(tx, now()).expect("no fault"))
        } else {
            group.discard(tx).expect("no fault")
        }
        staged.event
    })
}

fn plan(name: &str) -> NewGroup {
    NewGroup { name: name.to_owned(), description: String::new(), relays: vec!["wss://relay.example".to_owned()] }
}

/// Key packages are held against the system's clock, so the room follows it.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
