//! A member by hand: engine, store and relay, without the application's care.

use std::time::Duration;

use murmel_engine::{Change, Device, Group, Ingest, InnerEvent, Invitation, KEY_PACKAGE_KIND, Offer, OwnKeyPackage, Slot, Welcome};
use murmel_net::{Answer, DialPolicy, Lane, ListKind, Net, NetOptions, RelayAddress, RelayList, RelayUse};
use murmel_store::{Database, DatabaseKey, StoreError};
use nostr::nips::nip59::UnwrappedGift;
use nostr::{Event, EventBuilder, Filter, Keys, Kind, PublicKey, Timestamp, ToBech32 as _};

use super::Person;

const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody without an application.
pub struct ByHand {
    pub keys: Keys,
    pub net: Net,
    relay: RelayAddress,
    db: Database<()>,
    device: std::sync::Arc<Device>,
    _folder: tempfile::TempDir,
}

impl ByHand {
    /// Publishes everything that makes a person invitable.
    pub async fn new(relay: &RelayAddress) -> Self {
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

    pub async fn publish(&self, event: &Event) {
        let answer = self.net.publish(Lane::Group, &self.relay, event, PATIENCE).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    }

    /// Joins the group of the invitation that waits on the relay.
    pub async fn join(&self) {
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
    pub async fn send(&self, chat: &str, event: InnerEvent) {
        self.publish(&self.seal(chat, event).await).await;
    }

    /// Encrypts whatever it is given.
    pub async fn seal(&self, chat: &str, event: InnerEvent) -> Event {
        let (device, chat) = (std::sync::Arc::clone(&self.device), murmel_engine::GroupId::from_hex(chat).unwrap());
        let sealed = self.db.write(move |tx, ()| {
            let mut group = Group::load(tx, &chat).unwrap().unwrap();
            Ok::<_, StoreError>(group.encrypt(tx, &device, &event).unwrap())
        });
        sealed.await.unwrap().event
    }

    /// In which epoch of the group we are.
    pub async fn epoch(&self, chat: &str) -> u64 {
        let chat = murmel_engine::GroupId::from_hex(chat).unwrap();
        let epoch = self.db.read(move |tx, ()| Ok::<_, StoreError>(Group::load(tx, &chat).unwrap().unwrap().epoch().0));
        epoch.await.unwrap()
    }

    pub fn npub(&self) -> String {
        self.keys.public_key().to_bech32().unwrap()
    }

    /// Reads everything of the group that is on the relay; the texts of it that were not read before.
    pub async fn catch_up(&self, chat: &str) -> Vec<String> {
        let device = std::sync::Arc::clone(&self.device);
        let fetched = self.net.fetch(Lane::Group, std::slice::from_ref(&self.relay), Filter::new().kind(Kind::MlsGroupMessage), PATIENCE);
        let mut events = fetched.await.events;
        let chat = murmel_engine::GroupId::from_hex(chat).unwrap();
        let read = self.db.write(move |tx, ()| {
            let mut group = Group::load(tx, &chat).unwrap().unwrap();
            events.sort_by_key(|event| event.created_at);
            let mut texts = Vec::new();
            // Commits of one second come in any order.
            for _ in 0..events.len() {
                for event in &events {
                    if let Ingest::Message(received) = group.ingest(tx, &device, event, Timestamp::now().as_secs()).unwrap() {
                        texts.push(received.event.content().to_owned());
                    }
                }
            }
            Ok::<_, StoreError>(texts)
        });
        read.await.unwrap()
    }

    /// Changes the group and publishes that.
    pub async fn change(&self, chat: &str, change: Change) -> Vec<Invitation> {
        self.changed(chat, change, 0).await
    }

    /// As [`ByHand::change`], as if it had been done so many seconds ago and had been on its way since.
    pub async fn changed(&self, chat: &str, change: Change, ago: u64) -> Vec<Invitation> {
        let (device, chat) = (std::sync::Arc::clone(&self.device), murmel_engine::GroupId::from_hex(chat).unwrap());
        let now = Timestamp::now().as_secs();
        let made = self.db.write(move |tx, ()| {
            let mut group = Group::load(tx, &chat).unwrap().unwrap();
            let staged = group.stage(tx, &device, change, now).unwrap();
            Ok::<_, StoreError>((staged.event, group.confirm(tx, now).unwrap().unwrap().invitations))
        });
        let (event, invitations) = made.await.unwrap();
        self.publish(&dated(event, ago)).await;
        invitations
    }

    pub async fn say(&self, chat: &str, text: &str) {
        self.send(chat, InnerEvent::text(self.keys.public_key(), Timestamp::now().as_secs(), text.into(), &[])).await;
    }

    /// As [`ByHand::say`], as if it had been said so many seconds ago and had been on its way since.
    pub async fn said(&self, chat: &str, text: &str, ago: u64) {
        let at = Timestamp::now() - ago;
        let sealed = self.seal(chat, InnerEvent::text(self.keys.public_key(), at.as_secs(), text.into(), &[])).await;
        self.publish(&dated(sealed, ago)).await;
    }

    /// Adds somebody, and sends the welcome.
    pub async fn invite(&self, chat: &str, who: PublicKey) {
        self.invited(chat, who, 0).await;
    }

    /// As [`ByHand::invite`], as if the welcome had been made so many seconds ago.
    pub async fn invited(&self, chat: &str, who: PublicKey, ago: u64) {
        let welcome = self.add(chat, who, ago).await;
        self.publish(&welcome).await;
    }

    /// Adds somebody; the welcome as in [`ByHand::invited`], wrapped.
    pub async fn add(&self, chat: &str, who: PublicKey, ago: u64) -> Event {
        let packages = Filter::new().kind(KEY_PACKAGE_KIND).author(who);
        let fetched = self.net.fetch(Lane::Group, std::slice::from_ref(&self.relay), packages, PATIENCE).await;
        let now = Timestamp::now().as_secs();
        let offer = Offer::read(&fetched.events[0], now).unwrap();
        let invitations = self.change(chat, Change::Invite(vec![offer])).await;
        let rumor = invitations[0].rumor(self.keys.public_key(), Timestamp::now().as_secs() - ago);
        EventBuilder::gift_wrap(&self.keys, &who, rumor, []).await.unwrap()
    }
}

/// The same, made so many seconds ago.
fn dated(event: Event, ago: u64) -> Event {
    let dated = EventBuilder::new(event.kind, event.content).tags(event.tags).custom_created_at(Timestamp::now() - ago);
    dated.sign_with_keys(&Keys::generate()).unwrap()
}

/// A group of somebody with a client, in which two people by hand are admins, too; its id and the two.
pub async fn with_two_admins(creator: &Person, name: &str, relay: &RelayAddress) -> (String, ByHand, ByHand) {
    let (bert, carl) = (ByHand::new(relay).await, ByHand::new(relay).await);
    let client = creator.client();
    let chat = creator.create_group(name, &[]).await;
    assert_eq!(client.invite(&chat, vec![bert.npub(), carl.npub()]).await.unwrap(), []);
    for admin in [&bert, &carl] {
        client.promote(&chat, &admin.keys.public_key().to_hex()).await.unwrap();
    }
    client.settle(super::DEADLINE).await.unwrap();
    for admin in [&bert, &carl] {
        admin.join().await;
        admin.catch_up(&chat).await;
    }
    (chat, bert, carl)
}
