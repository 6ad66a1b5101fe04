//! Somebody with an account, a database file and at most one group.
//! Nothing is faked: the codec, the engine and the database are the product's.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use anyhow::Context as _;
use murmel_engine::{Device, Group, Offer, OwnKeyPackage, Slot, Storage, Welcome};
use murmel_store::{ChatId, ChatRecord, ChatState, Database, DatabaseKey, MessageId, Rollback, Tx};
use nostr::{Event, Keys, PublicKey};

/// The key of every database here; the raw one is opened with it too.
pub const KEY: [u8; 32] = [7; 32];

/// Now, Unix seconds.
pub fn now() -> u64 {
    nostr::Timestamp::now().as_secs()
}

/// What lives on the database's thread.
pub struct Desk {
    /// Who we are.
    pub device: Device,
    /// The group, loaded.
    pub group: Option<Group>,
    /// Its conversation.
    pub chat: ChatId,
}

impl Desk {
    /// The group and the device.
    ///
    /// # Errors
    /// There is no group.
    pub fn parts(&mut self) -> anyhow::Result<(&mut Group, &Device)> {
        Ok((self.group.as_mut().context("no group")?, &self.device))
    }
}

impl Rollback for Desk {
    fn rolled_back(&mut self) {
        self.group = None;
    }
}

/// A person with one device.
pub struct Person {
    /// The account key.
    pub keys: Keys,
    /// The database file.
    pub path: PathBuf,
    db: Database<Desk>,
}

impl Person {
    /// Somebody new, with a database in `folder`.
    ///
    /// # Errors
    /// The store's and the engine's.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let keys = Keys::generate();
        let path = folder.join(format!("{}.db", keys.public_key().to_hex()));
        let device = Device::create(&keys, now())?;
        let db = wait(Database::create(&path, DatabaseKey::new(KEY), Desk { device, group: None, chat: ChatId::NEW }))?;
        let person = Self { keys, path, db };
        person.tx(|tx, desk| Ok(desk.device.save(tx)?))?;
        Ok(person)
    }

    /// The account.
    pub fn account(&self) -> PublicKey {
        self.keys.public_key()
    }

    /// One transaction.
    ///
    /// # Errors
    /// Those of `f`, and the store's.
    pub fn tx<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut Desk) -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
        wait(self.db.write(f))
    }

    /// A key package, as the event that is published.
    ///
    /// # Errors
    /// The engine's.
    pub fn key_package(&self) -> anyhow::Result<Event> {
        let event = self.tx(|tx, desk| Ok(OwnKeyPackage::create(tx, &desk.device, now())?.event(&Slot::random())))?;
        Ok(event.sign_with_keys(&self.keys)?)
    }

    /// Joins with the bytes of a welcome.
    ///
    /// # Errors
    /// The engine's.
    pub fn join(&self, welcome: &[u8], from: PublicKey) -> anyhow::Result<()> {
        let welcome = Welcome::restore(welcome.to_vec(), from, vec![RELAY.to_owned()]);
        self.tx(move |tx, desk| {
            let group = welcome.join(tx, &desk.device, false, now())?;
            desk.chat = chat_for(tx, &group)?;
            desk.group = Some(group);
            Ok(())
        })
    }

    /// Takes a commit from the wire.
    ///
    /// # Errors
    /// Anything but a merged commit.
    pub fn follow(&self, event: &Event) -> anyhow::Result<()> {
        let event = event.clone();
        self.tx(move |tx, desk| {
            let (group, device) = desk.parts()?;
            follow(tx, group, device, &event)
        })
    }

    /// Closes the file.
    pub fn close(self) {
        wait(self.db.close());
    }
}

/// The only relay of the groups here.
pub const RELAY: &str = "wss://relay.example";

/// Takes a commit from the wire, on any storage.
///
/// # Errors
/// Anything but a merged commit.
pub fn follow(storage: &impl Storage, group: &mut Group, device: &Device, event: &Event) -> anyhow::Result<()> {
    match group.ingest(storage, device, event, now())? {
        murmel_engine::Ingest::Commit(_) => Ok(()),
        other => anyhow::bail!("a commit was not merged: {other:?}"),
    }
}

/// The conversation of a group.
///
/// # Errors
/// The store's.
pub fn chat_for(tx: &Tx<'_>, group: &Group) -> anyhow::Result<ChatId> {
    let view = group.view();
    Ok(tx.insert_chat(&ChatRecord {
        id: ChatId::NEW,
        group: group.id().clone(),
        state: ChatState::Active,
        name: view.name,
        description: view.description,
        epoch: group.epoch(),
        relays: view.relays,
        routing: view.routing,
        retention: 0,
        avatar: String::new(),
        created_at: now(),
        joined_at: now(),
        last_activity: now(),
        read: MessageId(0),
        inviter: None,
        needs_self_update_at: None,
    })?)
}

/// An offer of somebody who exists in memory only, and the event it came in.
///
/// # Errors
/// The engine's.
pub fn passer_by(storage: &impl Storage) -> anyhow::Result<(Offer, Event)> {
    let keys = Keys::generate();
    let device = Device::create(&keys, now())?;
    let event = OwnKeyPackage::create(storage, &device, now())?.event(&Slot::random()).sign_with_keys(&keys)?;
    Ok((Offer::read(&event, now())?, event))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => park(),
        }
    }
}
