//! An open account: its database, its network, its keys, and the background tasks that belong to it.
//! It decides nothing; the files beside it do, and they all get it as `&Arc<Account>`.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use murmel_engine::{Device, Slot};
use murmel_ipc::{self as ipc, ErrorCode, KeyPlace};
use murmel_net::{DialPolicy, Net, NetOptions, Route};
use murmel_store::{AccountRecord, Database, DatabaseKey, StoreError};
use nostr::{Keys, PublicKey};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::bus::{Bus, Feed};
use crate::clock::Clock;
use crate::group::groups::Groups;
use crate::keys::keychain::Secrets;
use crate::message::search;
use crate::network::reachability::ReachBook;
use crate::network::setup::SetupState;
use crate::network::{reachability, relay_health, relays, setup};
use crate::notices::{Attention, Desk};
use crate::pace::Pace;
use crate::people::npub;
use crate::people::profiles;
use crate::profile::accounts;
use crate::sync::SyncState;
use crate::{Error, Options, Result, outbox, sync};

/// An open account.
pub(crate) struct Account {
    /// The database, and the loaded groups beside it. What belongs together is written in one transaction.
    pub(crate) db: Database<Groups>,
    /// The relays.
    pub(crate) net: Net,
    /// The account key.
    pub(crate) keys: Keys,
    /// The time.
    pub(crate) clock: Clock,
    /// Time-outs and pauses.
    pub(crate) pace: Pace,
    /// Events for the window.
    pub(crate) bus: Feed,
    /// Where the person looks, and who shows notices.
    pub(crate) attention: Attention,
    /// Wakes the outbox: call `notify_one` after a transaction that enqueued something.
    pub(crate) outbox: Notify,
    /// Counts up whenever answers of relays were recorded.
    pub(crate) answers: watch::Sender<u64>,
    /// Relays where other people's lists are looked up, besides those they are known to use.
    pub(crate) lookup_relays: Vec<String>,
    /// Relays a new group gets where the account has none of its own.
    pub(crate) default_relays: Vec<String>,
    /// The network state that was emitted last.
    pub(crate) last_network: tokio::sync::Mutex<Option<ipc::NetworkState>>,
    /// Whether invitations are accepted without asking (the companion of the try-it conversation).
    pub(crate) auto_accept: bool,
    /// The network set-up.
    pub(crate) setup: SetupState,
    /// Whether people can reach the account, as it was found last.
    pub(crate) reach: ReachBook,
    /// Belongs to sync, receive and membership.
    pub(crate) sync: SyncState,
    /// Held while a conversation of two is begun.
    pub(crate) pairing: tokio::sync::Mutex<()>,
    /// Unread messages in all chats, as far as they were counted.
    pub(crate) unread: AtomicU32,
    view: Mutex<ipc::AccountView>,
    /// `None` once the account is closed.
    tasks: Mutex<Option<JoinSet<()>>>,
}

/// What an account is opened with.
pub(crate) struct Opening {
    pub(crate) database: PathBuf,
    pub(crate) secrets: Secrets,
    pub(crate) key_place: KeyPlace,
    pub(crate) options: Options,
    pub(crate) bus: Arc<Bus>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) try_it: bool,
    pub(crate) auto_accept: bool,
}

/// Where a key comes from: a key that was made here has no history to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Birth {
    Created,
    Imported,
}

/// Makes the database of a new account. Nothing is sent.
pub(crate) async fn create_database(path: &Path, secrets: &Secrets, name: &str, birth: Birth, options: &Options) -> Result<()> {
    let db = Database::create_with(path, DatabaseKey::new(*secrets.database), Groups::default(), options.execution()).await?;
    let (keys, name, now) = (secrets.keys.clone(), name.to_owned(), options.clock.now());
    let relays = options.default_relays.clone();
    let written = db
        .write(move |tx, _| {
            let device = Device::create(&keys, now)?;
            device.save(tx)?;
            tx.put_account(&AccountRecord {
                public_key: keys.public_key(),
                name,
                signature_key: device.signature_key().to_vec(),
                proof: device.proof().to_vec(),
                slot: *Slot::random().as_bytes(),
                created_at: now,
                other_clients: 0,
            })?;
            relays::store(tx, &relays::Relays::both(relays))?;
            setup::begin(tx, birth)?;
            Ok::<_, Error>(())
        })
        .await;
    db.close().await;
    written
}

impl Account {
    /// Opens the database and starts the background tasks.
    pub(crate) async fn open(opening: Opening) -> Result<Arc<Self>> {
        let Opening { database, secrets, key_place, options, bus, desk, try_it, auto_accept } = opening;
        let db = Database::open_with(&database, DatabaseKey::new(*secrets.database), Groups::default(), options.execution())
            .await
            .map_err(at_open)?;
        let pubkey = secrets.keys.public_key();
        let loaded = db.write(move |tx, groups| {
            let record = tx.account()?.filter(|record| record.public_key == pubkey).ok_or_else(foreign)?;
            let device = Device::load(tx, pubkey, &record.signature_key, &record.proof)?.ok_or_else(foreign)?;
            groups.set_device(device);
            Ok::<_, Error>((record, setup::load(tx)?))
        });
        let (record, steps) = match loaded.await {
            Ok(loaded) => loaded,
            Err(error) => {
                db.close().await;
                return Err(error);
            }
        };
        let dial = match (try_it, options.allow_loopback) {
            // The relay of this conversation is in this program, whatever way others take.
            (true, _) => DialPolicy::OnlyLoopback,
            (false, true) => DialPolicy::AllowLoopback,
            (false, false) => DialPolicy::Public,
        };
        let pace = murmel_net::Pace { redial_first: options.pace.redial_first, ..murmel_net::Pace::default() };
        let (auth, wire) = (Some(secrets.keys.clone()), options.wire.clone());
        let connect = |route| Net::new(NetOptions { dial, route, auth, pace, wire });
        let (net, incoming) = if try_it { connect(Route::Direct) } else { options.routing.admit(connect) };
        let view = ipc::AccountView { npub: npub(&pubkey), name: record.name, key_place, try_it, other_clients: record.other_clients };
        let account = Arc::new(Self {
            db,
            net,
            keys: secrets.keys,
            lookup_relays: options.lookup_relays(),
            default_relays: options.default_relays,
            clock: options.clock,
            pace: options.pace,
            bus: Feed::new(bus, npub(&pubkey)),
            attention: Attention::new(desk, npub(&pubkey)),
            outbox: Notify::new(),
            answers: watch::Sender::new(0),
            last_network: tokio::sync::Mutex::default(),
            auto_accept,
            setup: SetupState::new(steps),
            reach: ReachBook::default(),
            sync: SyncState::new(options.housekeeping),
            pairing: tokio::sync::Mutex::default(),
            unread: AtomicU32::new(0),
            view: Mutex::new(view),
            tasks: Mutex::new(Some(JoinSet::new())),
        });
        account.spawn(outbox::run(Arc::clone(&account)));
        account.spawn(setup::run(Arc::clone(&account)));
        account.spawn(reachability::run(Arc::clone(&account)));
        account.spawn(relay_health::run(Arc::clone(&account)));
        account.spawn(search::run(Arc::clone(&account)));
        account.spawn(profiles::run(Arc::clone(&account)));
        sync::start(&account, incoming);
        accounts::count_unread(&account).await?;
        account.spawn(accounts::watch_unread(Arc::clone(&account)));
        Ok(account)
    }

    /// The account's public key.
    pub(crate) fn pubkey(&self) -> PublicKey {
        self.keys.public_key()
    }

    /// The account as the window shows it.
    pub(crate) fn view(&self) -> ipc::AccountView {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the key is somewhere else, and tells the window.
    pub(crate) fn set_key_place(&self, key_place: KeyPlace) {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).key_place = key_place;
        self.bus.emit(ipc::EventKind::Session { session: ipc::Session::Ready { account: self.view() } });
    }

    /// Notes what the account is called now, and tells the window.
    pub(crate) fn set_name(&self, name: String) {
        {
            let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
            if view.name == name {
                return;
            }
            view.name = name;
        }
        self.bus.emit(ipc::EventKind::Account { entry: accounts::entry(self) });
        self.bus.emit(ipc::EventKind::Session { session: ipc::Session::Ready { account: self.view() } });
    }

    /// Notes how many other clients were found, and tells the window.
    pub(crate) fn set_other_clients(&self, count: u32) {
        {
            let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
            if view.other_clients == count {
                return;
            }
            view.other_clients = count;
        }
        self.bus.emit(ipc::EventKind::Session { session: ipc::Session::Ready { account: self.view() } });
    }

    /// Runs a task until it ends or the account is closed.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.tasks().as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }

    /// Stops the tasks, then the network, then the database.
    pub(crate) async fn close(&self) {
        self.attention.withdraw_all();
        let tasks = self.tasks().take();
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
        self.net.close().await;
        self.db.close().await;
    }

    /// Stops everything where it stands, without waiting for the network.
    pub(crate) fn abort(&self) {
        drop(self.tasks().take());
        let db = self.db.clone();
        // The file has to be free when this returns; a runtime of its own, because this may run on a thread of the caller's.
        let closing = std::thread::spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
                runtime.block_on(db.close());
            }
        });
        drop(closing.join());
    }

    fn tasks(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn at_open(error: StoreError) -> Error {
    match error {
        StoreError::Missing => Error::new(
            ErrorCode::Storage,
            "The database of this account is missing. Put it back from a backup; nothing is created in its place.",
        ),
        error => error.into(),
    }
}

fn foreign() -> Error {
    Error::new(ErrorCode::Storage, "The database belongs to another account, or is incomplete. Put the right one back from a backup.")
}
