//! A member whose program breaks the rules on purpose: engine, store and relay by hand, without the application's care.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Person, members, relay};
use murmel_engine::{Device, Group, InnerEvent, OwnKeyPackage, Slot, Welcome, kind};
use murmel_ipc as ipc;
use murmel_net::{Answer, DialPolicy, Lane, ListKind, Net, NetOptions, RelayAddress, RelayList, RelayUse};
use murmel_store::{Database, DatabaseKey, StoreError};
use nostr::nips::nip59::UnwrappedGift;
use nostr::{Event, Filter, Keys, Kind, PublicKey, Timestamp, ToBech32 as _};

const PATIENCE: Duration = Duration::from_secs(10);

struct Impostor {
    keys: Keys,
    net: Net,
    relay: RelayAddress,
    db: Database<()>,
    device: std::sync::Arc<Device>,
    _folder: tempfile::TempDir,
}

impl Impostor {
    /// Publishes everything that makes a person invitable.
    async fn new(relay: &RelayAddress) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::create(folder.path().join("account.db"), DatabaseKey::new([1; 32]), ()).await.unwrap();
        let keys = Keys::generate();
        let (net, _) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, ..NetOptions::default() });
        let now = Timestamp::now().as_secs();
        let account = keys.clone();
        let made = db.write(move |tx, ()| {
            let device = Device::create(&account, now).unwrap();
            device.save(tx).unwrap();
            let package = OwnKeyPackage::create(tx, &device, now).unwrap();
            Ok::<_, StoreError>((device, package.event(&Slot::random())))
        });
        let (device, package) = made.await.unwrap();
        let eve = Self { keys, net, relay: relay.clone(), db, device: std::sync::Arc::new(device), _folder: folder };
        let here = [(relay.clone(), RelayUse::Both)];
        let lists = [ListKind::Relays, ListKind::Inbox].map(|kind| RelayList::new(kind).merge(&here).to_event());
        for event in lists.into_iter().chain([package]) {
            eve.publish(&event.sign_with_keys(&eve.keys).unwrap()).await;
        }
        eve
    }

    async fn publish(&self, event: &Event) {
        let answer = self.net.publish(Lane::Group, &self.relay, event, PATIENCE).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    }

    /// Joins the group of the invitation that waits on the relay.
    async fn join(&self) {
        let wraps = Filter::new().kind(Kind::GiftWrap).pubkey(self.keys.public_key());
        let fetched = self.net.fetch(Lane::Group, std::slice::from_ref(&self.relay), wraps, PATIENCE).await;
        let gift = UnwrappedGift::from_gift_wrap(&self.keys, &fetched.events[0]).await.unwrap();
        let welcome = Welcome::read(&gift.rumor, gift.sender).unwrap();
        let device = std::sync::Arc::clone(&self.device);
        let joined = self.db.write(move |tx, ()| {
            welcome.join(tx, &device, false, Timestamp::now().as_secs()).unwrap();
            Ok::<_, StoreError>(())
        });
        joined.await.unwrap();
    }

    /// Encrypts and publishes whatever it is given.
    async fn send(&self, chat: &str, event: InnerEvent) {
        let (device, chat) = (std::sync::Arc::clone(&self.device), murmel_engine::GroupId::from_hex(chat).unwrap());
        let sealed = self.db.write(move |tx, ()| {
            let mut group = Group::load(tx, &chat).unwrap().unwrap();
            Ok::<_, StoreError>(group.encrypt(tx, &device, &event).unwrap())
        });
        self.publish(&sealed.await.unwrap().event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn author_and_id_are_bound_to_the_mls_leaf() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let eve = Impostor::new(relay.url()).await;
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    let eve_npub = eve.keys.public_key().to_bech32().unwrap();
    assert_eq!(anna.client().invite(&chat, vec![eve_npub]).await.unwrap(), []);
    ben.sees(&chat, "sees three members", |group| members(group) == 3).await;
    anna.client().settle(common::DEADLINE).await.unwrap();
    eve.join().await;

    let now = Timestamp::now().as_secs();
    let anna_key = PublicKey::parse(&anna.npub).unwrap();
    let eve_key = eve.keys.public_key();
    let said = anna.say(&chat, "my own words").await;
    ben.hears(&chat, "my own words").await;
    let id = anna.client().records(&chat, 10).await.unwrap()[0].id.clone();
    let about = |author, kind, content: &str| InnerEvent::new(author, now, kind, vec![vec!["e".into(), id.clone()]], content.into());
    // In Anna's name, and about Anna's message without the right to it.
    eve.send(&chat, InnerEvent::text(anna_key, now, "forged words".into(), &[])).await;
    eve.send(&chat, about(anna_key, kind::EDIT, "forged edit")).await;
    eve.send(&chat, about(eve_key, kind::EDIT, "foreign edit")).await;
    eve.send(&chat, about(eve_key, kind::DELETE, "")).await;
    eve.send(&chat, InnerEvent::new(eve_key, now, kind::SYSTEM, vec![], r#"{"event":"created"}"#.into())).await;
    eve.send(&chat, InnerEvent::text(eve_key, now, "in my own name".into(), &[])).await;

    for person in [&anna, &ben] {
        let honest = person.hears(&chat, "in my own name").await;
        assert_eq!(honest.sender, eve_key.to_hex());
        assert_eq!(person.texts(&chat).await, ["my own words", "in my own name"]);
        let message = common::find(&common::messages(person.client(), &chat).await, "my own words").unwrap();
        let ipc::MessageKind::Text { edited, deleted, .. } = message.kind else { panic!("not a text") };
        assert!(!edited && !deleted);
    }
    assert!(said.mine);
    let created = |event: &ipc::SystemMessage| *event == ipc::SystemMessage::Created;
    assert_eq!(anna.system(&chat).await.iter().filter(|event| created(event)).count(), 1);
    assert!(!ben.system(&chat).await.iter().any(created));
    eve.net.close().await;
}
