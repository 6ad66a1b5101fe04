//! People with a client each, on relays of this process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, dead_code)]

pub mod by_hand;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use murmel_client::{Client, Clock, Housekeeping, Keychain as _, KeychainChoice, MockKeychain, Options, Pace};
use murmel_ipc as ipc;
use murmel_net::EmbeddedRelay;
use murmel_store::{Database, DatabaseKey};

/// How long a condition may take on a loaded machine before the test gives up.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A relay of this process on a free port.
pub async fn relay() -> EmbeddedRelay {
    relay_at("127.0.0.1:0".parse().unwrap()).await
}

pub async fn relay_at(address: SocketAddr) -> EmbeddedRelay {
    EmbeddedRelay::start(address).await.unwrap()
}

/// Somebody with a profile folder and a keychain, which survive the client.
pub struct Person {
    pub name: &'static str,
    pub home: tempfile::TempDir,
    /// Where the profile is instead of in [`Person::home`].
    pub place: Option<PathBuf>,
    pub keychain: MockKeychain,
    pub relays: Vec<String>,
    pub npub: String,
    pub pace: Pace,
    pub housekeeping: Housekeeping,
    pub clock: Clock,
    client: Option<Client>,
}

impl Person {
    /// Creates the identity and waits until it can be invited.
    pub async fn new(name: &'static str, relays: &[String]) -> Person {
        let mut person = Self::offline(name, relays).await;
        person.set_up().await;
        person
    }

    /// Creates the identity without waiting for the network.
    pub async fn offline(name: &'static str, relays: &[String]) -> Person {
        let mut person = Self::named(name, relays);
        person.begin().await;
        person
    }

    /// Somebody who has not begun yet.
    pub fn named(name: &'static str, relays: &[String]) -> Person {
        Person {
            name,
            home: tempfile::tempdir().unwrap(),
            place: None,
            keychain: MockKeychain::new(),
            relays: relays.to_vec(),
            npub: String::new(),
            pace: Pace::default(),
            housekeeping: Housekeeping::default(),
            clock: Clock::system(),
            client: None,
        }
    }

    /// Opens the profile and creates the identity.
    pub async fn begin(&mut self) {
        self.start().await;
        let identity = ipc::NewIdentity { name: self.name.into(), passphrase: None };
        let ipc::Session::Ready { account } = self.client().create_identity(identity).await.unwrap() else { panic!("no session") };
        self.npub = account.npub;
    }

    /// Waits until the network set-up is done.
    pub async fn set_up(&mut self) {
        self.until("the set-up is done", async |client| {
            let setup = client.subscribe().await.unwrap().snapshot.setup;
            (!setup.is_empty() && setup.iter().all(|step| step.state == ipc::StepState::Done)).then_some(())
        })
        .await;
    }

    pub async fn start(&mut self) {
        self.client = Some(Client::open(self.options()).await.unwrap());
    }

    pub fn options(&self) -> Options {
        let mut options = Options::new(self.profile());
        options.keychain = KeychainChoice::Mock(self.keychain.clone());
        options.default_relays = self.relays.clone();
        options.allow_loopback = true;
        options.pace = self.pace.clone();
        options.housekeeping = self.housekeeping.clone();
        options.clock = self.clock.clone();
        options
    }

    fn profile(&self) -> &Path {
        self.place.as_deref().unwrap_or(self.home.path())
    }

    /// Ends the client in an orderly way.
    pub async fn stop(&mut self) {
        self.client.take().unwrap().close().await;
    }

    /// Drops the client where it stands.
    pub fn kill(&mut self) {
        drop(self.client.take().unwrap());
    }

    /// The database, while no client has it open.
    pub async fn database(&self) -> Database<()> {
        Database::open(self.database_path(), self.database_key(), ()).await.unwrap()
    }

    pub fn database_key(&self) -> DatabaseKey {
        let item = self.keychain.read(&self.npub).unwrap().unwrap();
        let text = item.strip_prefix(b"murmel1:").unwrap();
        let raw = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
        DatabaseKey::new(raw[32..].try_into().unwrap())
    }

    pub fn database_path(&self) -> std::path::PathBuf {
        let mut folders = vec![self.profile().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else if entry.path().extension().is_some_and(|name| name == "db" || name == "sqlite") {
                    return entry.path();
                }
            }
        }
        panic!("there is no database");
    }

    pub fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    /// Waits for events until `check` gives a value.
    pub async fn until<T>(&self, what: &str, mut check: impl AsyncFnMut(&Client) -> Option<T>) -> T {
        let client = self.client();
        let waiting = async {
            loop {
                let mut subscription = client.subscribe().await.unwrap();
                loop {
                    if let Some(value) = check(client).await {
                        return value;
                    }
                    // Whatever happens next may have been what was missing; a closed channel means subscribe again.
                    if subscription.events.recv().await.is_none() {
                        break;
                    }
                    while subscription.events.try_recv().is_ok() {}
                }
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(value) => value,
            Err(_) => panic!("{}: {what}, but it never happened", self.name),
        }
    }

    pub async fn create_group(&self, name: &str, people: &[&Person]) -> String {
        let people = people.iter().map(|person| person.npub.clone()).collect();
        let created = self.client().create_group(ipc::NewGroup { name: name.into(), description: String::new(), people }).await.unwrap();
        assert_eq!(created.not_invited, []);
        created.chat
    }

    /// Waits for an invitation into the group of this name and accepts it.
    pub async fn accept(&self, group: &str) -> String {
        let request = self.request(group).await;
        self.client().accept(&request.id).await.unwrap()
    }

    pub async fn request(&self, group: &str) -> ipc::RequestView {
        self.until("an invitation arrives", async |client| {
            client.requests().await.unwrap().into_iter().find(|request| request.group_name == group)
        })
        .await
    }

    pub async fn say(&self, chat: &str, text: &str) -> ipc::MessageView {
        self.client().send(ipc::SendMessage { chat: chat.into(), text: text.into(), reply_to: None }).await.unwrap()
    }

    /// Waits until a text of somebody is in the chat.
    pub async fn hears(&self, chat: &str, text: &str) -> ipc::MessageView {
        self.until(&format!("hears {text:?}"), async |client| newest(client, chat, text).await).await
    }

    /// Texts of the chat, oldest first.
    pub async fn texts(&self, chat: &str) -> Vec<String> {
        messages(self.client(), chat).await.iter().filter_map(text_of).collect()
    }

    /// What happened to the group, oldest first.
    pub async fn system(&self, chat: &str) -> Vec<ipc::SystemMessage> {
        let rows = messages(self.client(), chat).await.into_iter();
        rows.filter_map(|row| if let ipc::MessageKind::System { event } = row.kind { Some(event) } else { None }).collect()
    }

    /// Waits until the group, as this person sees it, satisfies `check`.
    pub async fn sees(&self, chat: &str, what: &str, check: impl Fn(&ipc::GroupDetails) -> bool) -> ipc::GroupDetails {
        self.until(what, async |client| client.group(chat).await.ok().filter(|group| check(group))).await
    }

    pub async fn sent(&self, chat: &str, text: &str) {
        self.until(&format!("{text:?} is on a relay"), async |client| {
            newest(client, chat, text).await.filter(|message| matches!(message.state, ipc::MessageState::Sent { .. }))
        })
        .await;
    }
}

pub async fn messages(client: &Client, chat: &str) -> Vec<ipc::MessageView> {
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = client.timeline(chat, before, 100).await.unwrap();
        all.splice(0..0, page.messages);
        before = page.older;
        if before.is_none() {
            return all;
        }
    }
}

/// The newest message with this text; a long conversation is not read to its beginning for it.
async fn newest(client: &Client, chat: &str, text: &str) -> Option<ipc::MessageView> {
    let mut before = None;
    loop {
        let page = client.timeline(chat, before, 100).await.unwrap();
        before = page.older;
        let found = page.messages.into_iter().rev().find(|message| text_of(message).as_deref() == Some(text));
        if found.is_some() || before.is_none() {
            return found;
        }
    }
}

pub fn text_of(message: &ipc::MessageView) -> Option<String> {
    if let ipc::MessageKind::Text { text, .. } = &message.kind { Some(text.clone()) } else { None }
}

pub fn find(messages: &[ipc::MessageView], text: &str) -> Option<ipc::MessageView> {
    messages.iter().find(|message| text_of(message).as_deref() == Some(text)).cloned()
}

pub fn members(group: &ipc::GroupDetails) -> usize {
    group.members.len()
}

pub fn admins(group: &ipc::GroupDetails) -> usize {
    group.members.iter().filter(|member| member.is_admin).count()
}
