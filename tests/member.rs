//! A person with one device, one database file and at most one group.

use std::path::PathBuf;

use murmel_engine::{
    Change, Confirmed, Device, Error, Group, GroupId, GroupView, Ingest, InnerEvent, Invitation, JoinError, NewGroup, Offer, OwnKeyPackage,
    Preview, Slot, Staged, Welcome,
};
use murmel_store::{Database, DatabaseKey, Rollback, StateHash, StoreError, Tx};
use nostr::{Event, Keys, PublicKey};
use tempfile::TempDir;

/// The time at which these tests begin, Unix seconds. Key packages are checked against the system clock too.
pub static NOW: std::sync::LazyLock<u64> =
    std::sync::LazyLock::new(|| std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970").as_secs());

/// What lives on the database's thread.
pub struct Desk {
    /// The group, once created or joined.
    pub group: Option<Group>,
    /// The device.
    pub device: Device,
}

impl Rollback for Desk {
    fn rolled_back(&mut self) {
        self.group = None;
    }
}

/// A person with one device.
pub struct Member {
    /// The account key.
    pub keys: Keys,
    db: Database<Desk>,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

/// A member's database file at one moment, from which the same person can go on several times.
#[derive(Clone)]
pub struct Moment {
    keys: Keys,
    file: Vec<u8>,
    group: GroupId,
    signature_key: Vec<u8>,
    proof: Vec<u8>,
}

impl Moment {
    /// The account.
    pub fn account(&self) -> PublicKey {
        self.keys.public_key()
    }

    /// Goes on from here.
    pub fn resume(&self) -> Member {
        let folder = tempfile::tempdir_in(memory()).expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let path = folder.path().join("member.db");
        std::fs::write(&path, &self.file).expect("a database file");
        let (account, signature_key, proof) = (self.keys.public_key(), self.signature_key.clone(), self.proof.clone());
        let device = Device::create(&self.keys, *NOW).expect("a device");
        let db = runtime.block_on(Database::open(path, key(), Desk { group: None, device })).expect("a database");
        let member = Member { keys: self.keys.clone(), db, folder, runtime };
        let group = self.group.clone();
        member.tx(move |tx, desk| {
            desk.device = Device::load(tx, account, &signature_key, &proof).expect("no fault").expect("the device of the file");
            desk.group = Group::load(tx, &group).expect("no fault");
        });
        member
    }
}

/// Where databases of tests lie: in memory where the system has such a place, for the tests are about what is written, not about disks.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

/// A failure inside a transaction that rolls it back.
#[derive(Debug)]
pub enum Undone {
    /// The store's.
    Store(StoreError),
    /// The engine refused or failed.
    Engine(String),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Default for Member {
    fn default() -> Self {
        Self::new()
    }
}

impl Member {
    /// Somebody new.
    pub fn new() -> Self {
        Self::with_keys(Keys::generate())
    }

    /// A device of this account.
    pub fn with_keys(keys: Keys) -> Self {
        let folder = tempfile::tempdir_in(memory()).expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let device = Device::create(&keys, *NOW).expect("a device");
        let path = folder.path().join("member.db");
        let db = runtime.block_on(Database::create(path, key(), Desk { group: None, device })).expect("a database");
        let member = Self { keys, db, folder, runtime };
        member.tx(|tx, desk| desk.device.save(tx).expect("a saved device"));
        member
    }

    /// The account.
    pub fn account(&self) -> PublicKey {
        self.keys.public_key()
    }

    /// The database file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("member.db")
    }

    /// Runs `f` in one transaction that is committed.
    pub fn tx<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Desk) -> T + Send + 'static) -> T {
        self.runtime.block_on(self.db.write(move |tx, desk| Ok::<_, StoreError>(f(tx, desk)))).expect("a transaction")
    }

    /// Runs `f` in one transaction that is rolled back on `Err`.
    pub fn try_tx<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Desk) -> Result<T, Undone> + Send + 'static) -> Result<T, Undone> {
        self.runtime.block_on(self.db.write(f))
    }

    /// Runs `f` on the group, loading it where it is not loaded.
    pub fn group<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Group, &Device) -> T + Send + 'static) -> T {
        self.tx(move |tx, desk| f(tx, desk.group.as_mut().expect("a group"), &desk.device))
    }

    /// Forgets the loaded group and loads it from the database, as after a restart.
    pub fn reload(&self) {
        self.tx(|tx, desk| {
            let id = desk.group.take().expect("a group").id().clone();
            desk.group = Group::load(tx, &id).expect("no fault");
            assert!(desk.group.is_some());
        });
    }

    /// Ends this member and keeps the database file.
    pub fn pause(self) -> Moment {
        let (group, signature_key, proof) =
            self.group(|_, group, device| (group.id().clone(), device.signature_key().to_vec(), device.proof()));
        self.runtime.block_on(self.db.close());
        let file = std::fs::read(self.path()).expect("a database file");
        Moment { keys: self.keys, file, group, signature_key, proof }
    }

    /// Loads the group after a transaction that was rolled back.
    pub fn load(&self, id: &GroupId) {
        let id = id.clone();
        self.tx(move |tx, desk| desk.group = Some(Group::load(tx, &id).expect("no fault").expect("a group")));
    }

    /// Whoever copies the database file at this moment, key included, and opens the copy: everything that is on the disk, and the group loaded.
    pub fn robbed(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("member.db");
        for end in ["", "-wal"] {
            let from = self.folder.path().join(format!("member.db{end}"));
            if from.is_file() {
                std::fs::copy(from, folder.path().join(format!("member.db{end}"))).expect("a copy");
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let account = self.account();
        let (leaf_key, proof, id) = self.tx(|_, desk| {
            let id = desk.group.as_ref().expect("a group").id().clone();
            (desk.device.signature_key().to_vec(), desk.device.proof(), id)
        });
        // The desk wants a device before the copied one can be read.
        let device = Device::create(&Keys::generate(), *NOW).expect("a device");
        let db = runtime.block_on(Database::open(path, key(), Desk { group: None, device })).expect("a copied database");
        let thief = Self { keys: self.keys.clone(), db, folder, runtime };
        thief.tx(move |tx, desk| desk.device = Device::load(tx, account, &leaf_key, &proof).expect("no fault").expect("a device"));
        thief.load(&id);
        thief
    }

    /// A fresh key package, as the event that is published.
    pub fn key_package(&self) -> Event {
        let builder = self.tx(|tx, desk| OwnKeyPackage::create(tx, &desk.device, *NOW).expect("a key package").event(&Slot::random()));
        builder.sign_with_keys(&self.keys).expect("a signature")
    }

    /// A fresh key package, as others see it.
    pub fn offer(&self) -> Offer {
        Offer::read(&self.key_package(), *NOW).expect("an offer")
    }

    /// Creates a group with others, who join it.
    pub fn create_with(&self, name: &str, others: &[&Self]) {
        let offers: Vec<_> = others.iter().map(|other| other.offer()).collect();
        let invitations = self.create(name, offers).expect("a group");
        for (other, invitation) in others.iter().zip(&invitations) {
            assert_eq!(invitation.to, other.account());
            other.join(invitation, self).expect("a welcome");
        }
    }

    /// Creates a group.
    pub fn create(&self, name: &str, offers: Vec<Offer>) -> Result<Vec<Invitation>, Undone> {
        let new = NewGroup { name: name.to_owned(), description: String::new(), relays: vec!["wss://relay.example".to_owned()] };
        self.try_tx(move |tx, desk| {
            let (group, invitations) = Group::create(tx, &desk.device, new, &offers, *NOW).map_err(|e| Undone::Engine(e.to_string()))?;
            desk.group = Some(group);
            Ok(invitations)
        })
    }

    /// The welcome in an invitation.
    pub fn welcome(invitation: &Invitation, from: &Self) -> Welcome {
        Welcome::read(&invitation.rumor(from.account(), *NOW), from.account()).expect("a welcome")
    }

    /// Looks at an invitation.
    pub fn inspect(&self, welcome: Welcome) -> Result<Preview, JoinError> {
        self.tx(move |tx, desk| welcome.inspect(tx, &desk.device))
    }

    /// Joins.
    pub fn join(&self, invitation: &Invitation, from: &Self) -> Result<(), Undone> {
        let welcome = Self::welcome(invitation, from);
        self.try_tx(move |tx, desk| {
            desk.group = Some(welcome.join(tx, &desk.device, true, *NOW).map_err(|e| Undone::Engine(e.to_string()))?);
            Ok(())
        })
    }

    /// Says something.
    pub fn say(&self, text: &str) -> Event {
        let event = InnerEvent::text(self.account(), *NOW, text.to_owned(), &[]);
        self.group(move |tx, group, device| group.encrypt(tx, device, &event)).expect("a sealed message").event
    }

    /// Takes in an event.
    pub fn read(&self, event: &Event) -> Ingest {
        let event = event.clone();
        self.group(move |tx, group, device| group.ingest(tx, device, &event, *NOW)).expect("no fault of ours")
    }

    /// What a message event says.
    pub fn hear(&self, event: &Event) -> String {
        match self.read(event) {
            Ingest::Message(message) => message.event.content().to_owned(),
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// Stages a change.
    pub fn stage(&self, change: Change) -> Result<Staged, Error> {
        self.group(move |tx, group, device| group.stage(tx, device, change, *NOW))
    }

    /// Merges the staged change.
    pub fn confirm(&self) -> Confirmed {
        self.group(|tx, group, _| group.confirm(tx, *NOW)).expect("no fault").expect("a staged commit")
    }

    /// Stages a change and merges it, as if a relay had accepted it at once.
    pub fn change(&self, change: Change) -> (Event, Confirmed) {
        let staged = self.stage(change).expect("a staged commit");
        (staged.event, self.confirm())
    }

    /// What the group shows.
    pub fn view(&self) -> GroupView {
        self.group(|_, group, _| group.view())
    }

    /// The epoch and its authenticator: equal for members that agree.
    pub fn epoch(&self) -> (u64, Vec<u8>) {
        self.group(|_, group, _| (group.epoch().0, group.epoch_authenticator().to_vec()))
    }

    /// A hash over everything in the database.
    pub fn state(&self) -> StateHash {
        self.tx(|tx, _| tx.state_hash(&[]).expect("a hash"))
    }
}

/// Asserts that all are in the same epoch and agree on it.
pub fn assert_agree(members: &[&Member]) {
    let epochs: Vec<_> = members.iter().map(|member| member.epoch()).collect();
    assert!(epochs.windows(2).all(|pair| pair[0] == pair[1]), "epochs {:?}", epochs.iter().map(|e| e.0).collect::<Vec<_>>());
}

fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}
