//! Somebody who sees every event that the relay ever got, in order, and holds a member's keys.
//! OpenMLS gives out the key of a generation once: an event that used one a second time cannot be opened here.

use std::collections::{BTreeMap, BTreeSet};

use murmel_engine::{Device, Group, GroupId, Ingest, Storage as _};
use murmel_store::{Database, Rollback, StoreError};
use nostr::{Event, EventId, Kind, Timestamp};

use crate::common::Person;

/// The group of a copied profile.
#[derive(Default)]
struct Copy(Option<(Group, Device)>);

impl Rollback for Copy {
    fn rolled_back(&mut self) {
        panic!("the observer's transaction was rolled back");
    }
}

/// A copy of a member's profile, which never sends.
pub struct Observer {
    database: Database<Copy>,
    _folder: tempfile::TempDir,
    seen: BTreeSet<EventId>,
    waiting: Vec<Event>,
    texts: BTreeMap<EventId, String>,
}

impl Observer {
    /// Copies the profile of somebody whose program does not run.
    pub async fn copy_of(person: &Person, chat: &str) -> Self {
        let (folder, chat) = (tempfile::tempdir().unwrap(), GroupId::from_hex(chat).unwrap());
        let path = folder.path().join("copy.db");
        std::fs::copy(person.database_path(), &path).unwrap();
        let database = Database::open(&path, person.database_key(), Copy::default()).await.unwrap();
        let loaded = database.write(move |tx, copy| {
            let account = tx.account()?.unwrap();
            let device = Device::load(tx, account.public_key, &account.signature_key, &account.proof).unwrap().unwrap();
            copy.0 = Some((Group::load(tx, &chat).unwrap().unwrap(), device));
            Ok::<_, StoreError>(())
        });
        loaded.await.unwrap();
        Self { database, _folder: folder, seen: BTreeSet::new(), waiting: Vec::new(), texts: BTreeMap::new() }
    }

    /// How many group events were read.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// The texts that were read; one that was said again in another epoch is the same.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn texts(&self) -> Vec<String> {
        self.texts.values().cloned().collect()
    }

    /// Reads what is new. Every event has to open, whatever happened to the program that sent it.
    pub async fn take(&mut self, events: Vec<Event>) {
        let new = events.into_iter().filter(|event| event.kind == Kind::MlsGroupMessage && !self.seen.contains(&event.id));
        self.waiting.extend(new);
        self.seen.extend(self.waiting.iter().map(|event| event.id));
        loop {
            let before = self.waiting.len();
            let waiting = std::mem::take(&mut self.waiting);
            let read = self.database.write(move |tx, copy| {
                let (group, device) = copy.0.as_mut().unwrap();
                let (mut later, mut texts) = (Vec::new(), Vec::new());
                for event in waiting {
                    // What was sent in an epoch that the copy forgot was checked when it came.
                    match group.ingest(tx, device, &event, Timestamp::now().as_secs()).unwrap() {
                        Ingest::Message(message) => texts.push((message.event.id(), message.event.content().to_owned())),
                        Ingest::Commit(_) | Ingest::Duplicate => {}
                        Ingest::Deferred(_) => later.push(event),
                        other => panic!("an event cannot be opened: {other:?} in epoch {:?}", tx.epochs(group.id()).unwrap().len()),
                    }
                }
                Ok::<_, StoreError>((later, texts))
            });
            let (waiting, texts) = read.await.unwrap();
            self.waiting = waiting;
            self.texts.extend(texts);
            if self.waiting.is_empty() {
                return;
            }
            assert!(self.waiting.len() < before, "{} events cannot be opened", self.waiting.len());
        }
    }
}
