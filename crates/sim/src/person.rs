//! Somebody in a simulation: a real client on a real file, with a clock and a network that can fail.
//! It decides nothing; the schedule does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use murmel_client::{Branch, Client, Clock, Error, Housekeeping, KeychainChoice, MockKeychain, Options, Pace, Standing};
use murmel_ipc as ipc;
use nostr::Keys;
use nostr::nips::nip19::ToBech32 as _;

use crate::internet::Socket;
use crate::relay::Relay;

/// Somebody.
pub struct Person {
    /// Where they stand in the list of everybody.
    pub number: usize,
    /// Their account.
    pub keys: Keys,
    /// Public key, hex.
    pub hex: String,
    /// Public key as a person writes it.
    pub npub: String,
    /// The relays that they know.
    pub relays: Vec<String>,
    /// Their clock, which may be wrong.
    pub clock: Clock,
    /// The conversation, once they are in it.
    pub chat: Option<String>,
    /// The epochs that they were in when they joined.
    pub joined: Vec<u64>,
    /// Whether they are off the network.
    pub offline: bool,
    keychain: MockKeychain,
    home: PathBuf,
    housekeeping: Housekeeping,
    internet: Arc<Vec<Arc<Relay>>>,
    socket: Option<Socket>,
    client: Option<Client>,
}

impl Person {
    /// Somebody with a profile folder below `folder`, not started yet.
    pub fn new(
        number: usize,
        keys: Keys,
        clock: Clock,
        relays: Vec<String>,
        internet: Arc<Vec<Arc<Relay>>>,
        folder: &std::path::Path,
    ) -> Self {
        Self {
            number,
            hex: keys.public_key().to_hex(),
            npub: keys.public_key().to_bech32().unwrap_or_default(),
            keys,
            relays,
            clock,
            chat: None,
            joined: Vec::new(),
            offline: false,
            keychain: MockKeychain::instant(),
            home: folder.join(format!("person-{number}")),
            housekeeping: Housekeeping::default(),
            internet,
            socket: None,
            client: None,
        }
    }

    /// Replaces the waiting times; from the next start on.
    pub fn set_housekeeping(&mut self, housekeeping: Housekeeping) {
        self.housekeeping = housekeeping;
    }

    /// Opens the client; the first time, imports the account.
    ///
    /// # Errors
    /// The client's.
    pub async fn start(&mut self) -> Result<(), Error> {
        if self.client.is_some() {
            return Ok(());
        }
        let socket = Socket::new(Arc::clone(&self.internet), self.number, !self.offline);
        let mut options = Options::new(&self.home);
        options.keychain = KeychainChoice::Mock(self.keychain.clone());
        options.default_relays = self.relays.clone();
        options.clock = self.clock.clone();
        options.pace = Pace { remaining_cap: Duration::from_secs(120), ..Pace::default() };
        options.housekeeping = self.housekeeping.clone();
        options.wire = Some(Arc::new(socket.clone()));
        let client = Client::open(options).await?;
        if matches!(client.session(), ipc::Session::FirstRun { .. }) {
            let key = self.keys.secret_key().to_secret_hex();
            client.import_identity(ipc::ImportIdentity { key: key.into(), password: None, passphrase: None, account_index: None }).await?;
        }
        self.socket = Some(socket);
        self.client = Some(client);
        Ok(())
    }

    /// Ends the client in an orderly way.
    pub async fn stop(&mut self) {
        if let Some(client) = self.client.take() {
            client.close().await;
        }
        self.cut();
    }

    /// Kills the client where it stands.
    pub fn kill(&mut self) {
        self.cut();
        drop(self.client.take());
    }

    fn cut(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.cut();
        }
    }

    /// Takes them off the network, or puts them back.
    pub fn set_online(&mut self, online: bool) {
        self.offline = !online;
        if let Some(socket) = &self.socket {
            socket.set_online(online);
        }
    }

    /// The client, while it runs.
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// The client and the conversation, while the one runs and they are in the other.
    pub fn here(&self) -> Option<(Client, String)> {
        Some((self.client.clone()?, self.chat.clone()?))
    }

    /// Where they stand in the conversation.
    pub async fn branch(&self) -> Option<Branch> {
        let (client, chat) = self.here()?;
        client.branch(&chat).await.ok().flatten()
    }

    /// Where they stand, as long as they are a member.
    pub async fn membership(&self) -> Option<Branch> {
        self.branch().await.filter(|branch| branch.state == Standing::Active)
    }

    /// Accepts every invitation that waits; how many.
    pub async fn accept_all(&mut self) -> usize {
        let Some(client) = self.client.clone() else { return 0 };
        let mut accepted = 0;
        for request in client.requests().await.unwrap_or_default() {
            let Ok(chat) = client.accept(&request.id).await else { continue };
            accepted += 1;
            let epoch = client.branch(&chat).await.ok().flatten().map_or(0, |branch| branch.epoch);
            self.joined.push(epoch);
            self.chat = Some(chat);
        }
        accepted
    }

    /// Whether the network set-up is done.
    pub async fn is_set_up(&self) -> bool {
        let Some(client) = &self.client else { return false };
        let Ok(subscription) = client.subscribe().await else { return false };
        let setup = subscription.snapshot.setup;
        !setup.is_empty() && setup.iter().all(|step| step.state == ipc::StepState::Done)
    }
}
