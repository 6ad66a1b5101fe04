//! What the tests share: a database in a fresh folder, a way to wait for it, records to fill in.
//! It asserts nothing.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use murmel_engine::{Digest, Epoch, EpochKeys, EpochRecord, GroupId, RoutingId};
use nostr::{EventId, PublicKey};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::*;

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

/// A state that counts how often it was told of a rollback.
#[derive(Clone, Default)]
pub struct Watch(pub Arc<AtomicUsize>);

impl Rollback for Watch {
    fn rolled_back(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub struct Home {
    pub folder: TempDir,
    pub path: PathBuf,
    pub watch: Watch,
}

pub const KEY: [u8; 32] = [7; 32];

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts").join("one.db");
        Self { folder, path, watch: Watch::default() }
    }

    pub fn create(&self) -> Database<Watch> {
        wait(Database::create(&self.path, DatabaseKey::new(KEY), self.watch.clone())).unwrap()
    }

    pub fn try_open(&self, key: [u8; 32]) -> Result<Database<Watch>, StoreError> {
        wait(Database::open(&self.path, DatabaseKey::new(key), self.watch.clone()))
    }

    pub fn open(&self) -> Database<Watch> {
        self.try_open(KEY).unwrap()
    }

    pub fn rollbacks(&self) -> usize {
        self.watch.0.load(Ordering::SeqCst)
    }
}

/// One committed transaction.
pub fn on<T: Send + 'static>(database: &Database<Watch>, f: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
    wait(database.write(move |tx, _| f(tx))).unwrap()
}

/// A database that lives as long as the folder.
pub fn fresh() -> (Home, Database<Watch>) {
    let home = Home::new();
    let database = home.create();
    (home, database)
}

pub fn person(n: u8) -> PublicKey {
    PublicKey::from_byte_array([n; 32])
}

pub fn event(n: u16) -> EventId {
    let mut bytes = [0xee; 32];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    EventId::from_byte_array(bytes)
}

pub fn group(n: u8) -> GroupId {
    GroupId::new(vec![n; 32]).unwrap()
}

pub fn routing(n: u8) -> RoutingId {
    RoutingId::new([n; 32])
}

pub fn relays() -> Vec<String> {
    vec!["wss://a.example".into(), "wss://b.example".into()]
}

pub fn chat(n: u8) -> ChatRecord {
    ChatRecord {
        id: ChatId::NEW,
        group: group(n),
        state: ChatState::Active,
        name: format!("chat {n}"),
        description: "about".into(),
        epoch: Epoch(3),
        relays: relays(),
        routing: routing(n),
        retention: 60,
        avatar: "https://pictures.example/a.png".into(),
        created_at: 100,
        joined_at: 200,
        last_activity: 300,
        read: MessageId::NEW,
        inviter: Some(person(9)),
        needs_self_update_at: Some(400),
    }
}

/// The only epoch of its number.
pub fn epoch(n: u64) -> EpochRecord {
    EpochRecord {
        commit: commit(n),
        parent: n.checked_sub(1).map(commit),
        epoch: Epoch(n),
        keys: Some(EpochKeys { group_event: Zeroizing::new([n as u8; 32]), media: Zeroizing::new([0x50 + n as u8; 32]) }),
        routing: routing(n as u8),
        relays: relays(),
        retention: n.checked_sub(1),
        began: None,
    }
}

/// The commit that began it.
pub fn commit(n: u64) -> Digest {
    Digest::new([0x80 + n as u8; 32])
}

pub fn message(chat: ChatId, n: u16, at: u64) -> MessageRecord {
    MessageRecord {
        id: MessageId::NEW,
        chat,
        at,
        event_id: event(n),
        sender: person(2),
        kind: KIND_CHAT,
        content: format!("message {n}"),
        tags: vec![vec!["p".into(), "x".into()]],
        target: None,
        epoch: Epoch(3),
        digest: Some(Digest::of(&n.to_be_bytes())),
        mine: false,
        erased: false,
        branch: None,
        withdrawn: false,
        expires_at: None,
        received_at: at + 1,
    }
}

pub fn annotation(chat: ChatId, n: u16, at: u64, kind: u16, target: u16) -> MessageRecord {
    MessageRecord { kind, target: Some(event(target)), content: "+".into(), ..message(chat, n, at) }
}

pub fn outgoing(n: u16, at: u64) -> OutboxRecord {
    OutboxRecord {
        id: OutboxId::NEW,
        purpose: Purpose::Message,
        chat: None,
        message: None,
        event_id: event(n),
        event: format!("{{\"n\":{n}}}").into_bytes(),
        lane: Lane::Group,
        created_at: at,
        required: 1,
        state: OutboxState::Open,
        cancelled: None,
        refusal: String::new(),
        depends: None,
    }
}

pub fn request(n: u16) -> RequestRecord {
    RequestRecord {
        id: RequestId::NEW,
        wrap_event_id: event(n),
        welcome: vec![n as u8; 90],
        group: None,
        inviter: person(4),
        relays: relays(),
        name: "a group".into(),
        description: String::new(),
        members: 5,
        people: vec!["aa".into()],
        invited_at: 900 + u64::from(n),
        received_at: 1000 + u64::from(n),
        problem: String::new(),
        state: RequestState::Open,
    }
}

pub fn deferred(n: u16, on: u8, chat: Option<ChatId>) -> DeferredRecord {
    DeferredRecord {
        id: DeferredId::NEW,
        event_id: event(n),
        routing: routing(on),
        chat,
        event: vec![1, 2, 3],
        reason: "early".into(),
        received_at: 50,
        tries: 0,
    }
}
