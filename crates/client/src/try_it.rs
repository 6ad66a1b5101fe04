//! Try it on this computer: an embedded relay, a throw-away account and a companion that answers.
//! It touches no account of the profile, keeps its keys in memory only, and leaves no trace.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use murmel_ipc::{self as ipc, ErrorCode, EventKind, KeyPlace, MessageKind};
use murmel_net::EmbeddedRelay;
use murmel_store::PersonRecord;
use nostr::secp256k1::rand::{RngCore as _, rngs::OsRng};
use nostr::{Keys, PublicKey};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::account::{Account, Birth, Opening, create_database};
use crate::bus::Bus;
use crate::group::membership;
use crate::keys::keychain::Secrets;
use crate::message::send;
use crate::network::setup;
use crate::notices::Desk;
use crate::people::npub;
use crate::profile::Profile;
use crate::profile::description::DATABASE;
use crate::profile::home::private_folder;
use crate::{Error, Options, Result};

/// How long the two accounts may take to find each other over the relay in this program.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest part of a message that the companion repeats, in characters.
const MAX_QUOTE: usize = 80;
const COMPANION: &str = "Companion";
const GROUP: &str = "Try it";

const HELLO: &str = "Hello! I am a small program on this computer, so nobody else reads this. Write something and I will answer.";
const ANSWERS: [&str; 4] = [
    "It reached me encrypted, through a relay that runs inside Murmel. I decrypted it with a key that only this group has.",
    "Each message gets a key of its own, which is thrown away after use. That is what MLS does.",
    "Restarting or removing this conversation deletes everything I ever said. I take it well.",
    "I am only a program and understand nothing, but the encryption is the real one. Invite a person when you are ready.",
];

/// A running try-it conversation.
pub(crate) struct TryIt {
    account: Arc<Account>,
    companion: Arc<Account>,
    relay: EmbeddedRelay,
}

impl TryIt {
    /// The throw-away account.
    pub(crate) fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Stops everything; the folder can be deleted then.
    pub(crate) async fn close(self) {
        self.account.close().await;
        self.companion.close().await;
        self.relay.stop().await;
    }

    /// Stops everything where it stands; the relay stops when it is dropped.
    pub(crate) fn abort(&self) {
        self.account.abort();
        self.companion.abort();
    }
}

pub(crate) async fn start(profile: &Arc<Profile>) -> Result<ipc::Session> {
    let _turn = profile.turn().await?;
    profile.expect_first_run()?;
    profile.home().remove_try_it()?;
    let trying = match begin(profile).await {
        Ok(trying) => trying,
        Err(error) => {
            drop(profile.home().remove_try_it());
            return Err(error);
        }
    };
    let (account, other) = (Arc::clone(&trying.account), npub(&trying.companion.pubkey()));
    profile.set_trying(trying);
    let session = profile.announce_session();
    let group = ipc::NewGroup { name: GROUP.to_owned(), description: String::new(), people: vec![other] };
    let created = membership::create(&account, group).await.and_then(|created| match created.not_invited.first() {
        Some(not) => Err(Error::internal(format!("the companion could not be invited: {}", not.refusal.reason))),
        None => Ok(()),
    });
    if let Err(error) = created {
        end(profile).await?;
        return Err(error);
    }
    Ok(session)
}

pub(crate) async fn remove(profile: &Arc<Profile>) -> Result<ipc::Session> {
    let _turn = profile.turn().await?;
    end(profile).await
}

async fn end(profile: &Arc<Profile>) -> Result<ipc::Session> {
    let trying = profile.take_trying().ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no try-it conversation to remove."))?;
    trying.close().await;
    profile.home().remove_try_it()?;
    Ok(profile.announce_session())
}

async fn begin(profile: &Arc<Profile>) -> Result<TryIt> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let relay = EmbeddedRelay::start(anywhere).await.map_err(|error| Error::internal(error.to_string()))?;
    let mut options = profile.options.clone();
    options.default_relays = vec![relay.url().as_str().to_owned()];
    options.allow_loopback = true;
    options.passphrase = None;
    options.account = None;
    let folder = profile.home().try_it();
    private_folder(&folder)?;

    let companion_bus = Arc::new(Bus::default());
    let (_, events) = companion_bus.read();
    let companion = open(&folder.join("companion"), COMPANION, true, &options, companion_bus, Arc::default()).await?;
    let opened = open(&folder.join("account"), "", false, &options, Arc::clone(&profile.bus), Arc::clone(profile.desk())).await;
    let account = match opened {
        Ok(account) => account,
        Err(error) => {
            companion.close().await;
            return Err(error);
        }
    };
    let trying = TryIt { account, companion, relay };
    let ready = async {
        introduce(&trying.account, trying.companion.pubkey(), COMPANION).await?;
        setup::done(&trying.account).await;
        setup::done(&trying.companion).await;
        Ok(())
    };
    let ready =
        tokio::time::timeout(PATIENCE, ready).await.unwrap_or_else(|_| Err(Error::internal("the relay on this computer does not answer")));
    if let Err(error) = ready {
        trying.close().await;
        return Err(error);
    }
    let companion = Arc::clone(&trying.companion);
    trying.companion.spawn(converse(companion, events));
    Ok(trying)
}

async fn open(folder: &Path, name: &str, auto_accept: bool, options: &Options, bus: Arc<Bus>, desk: Arc<Desk>) -> Result<Arc<Account>> {
    private_folder(folder)?;
    let mut key = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(key.as_mut_slice());
    let secrets = Secrets { keys: Keys::generate(), database: key };
    let database = folder.join(DATABASE);
    create_database(&database, &secrets, name, Birth::Created, options).await?;
    Account::open(Opening {
        database,
        secrets,
        // Neither: the keys of this account are nowhere but in memory.
        key_place: KeyPlace::Vault,
        options: options.clone(),
        bus,
        desk,
        try_it: true,
        auto_accept,
    })
    .await
}

/// Gives a person a name on this computer.
async fn introduce(account: &Arc<Account>, person: PublicKey, name: &str) -> Result<()> {
    let name = name.to_owned();
    account
        .db
        .write(move |tx, _| {
            let known = tx.person(&person)?;
            let known = known.unwrap_or_else(|| PersonRecord::unknown(person));
            let record = PersonRecord { name, ..known };
            Ok::<_, Error>(tx.put_person(&record)?)
        })
        .await
}

/// The companion: greets in a new chat, then answers each text.
async fn converse(companion: Arc<Account>, mut events: mpsc::Receiver<ipc::Event>) {
    let mut greeted: Option<String> = None;
    let mut answered = 0;
    let mut turns = ANSWERS.iter().cycle();
    while let Some(event) = events.recv().await {
        let (chat, text) = match event.kind {
            EventKind::Chat { chat } if greeted.is_none() => {
                greeted = Some(chat.id.clone());
                (chat.id, HELLO.to_owned())
            }
            EventKind::Message { message } if !message.mine && message.id > answered => match message.kind {
                MessageKind::Text { text, deleted: false, .. } => {
                    answered = message.id;
                    (message.chat, format!("“{}” — {}", quote(&text), turns.next().copied().unwrap_or_default()))
                }
                MessageKind::Text { .. } | MessageKind::System { .. } => continue,
            },
            _ => continue,
        };
        if let Err(error) = send::send(&companion, ipc::SendMessage { chat, text, reply_to: None }).await {
            tracing::warn!(code = ?error.code, "the companion could not answer");
        }
    }
}

fn quote(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_QUOTE { line } else { line.chars().take(MAX_QUOTE).chain(['…']).collect() }
}
