//! One profile folder while it is open: which account it holds and how that stands.
//! It knows no protocol.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use murmel_ipc::{self as ipc, ErrorCode, KeyPlace, Session};

use crate::account::Account;
use crate::bus::{Bus, Subscription};
use crate::home::Home;
use crate::keychain::{self, Keychain, KeychainError};
use crate::notices::Attention;
use crate::try_it::TryIt;
use crate::{Error, Options, Result, relays, requests, settings, setup, unlock, views};

/// One open profile folder.
pub(crate) struct Profile {
    pub(crate) options: Options,
    pub(crate) bus: Arc<Bus>,
    attention: Arc<Attention>,
    keychain: Option<Arc<dyn Keychain>>,
    /// Creating, opening, trying and closing happen one after the other.
    turn: tokio::sync::Mutex<()>,
    closed: AtomicBool,
    state: Mutex<State>,
    /// Last, so that the lock is freed when everything else is gone.
    home: Home,
}

enum State {
    /// No account is open; what to show instead.
    Closed(Session),
    Open(Arc<Account>),
    Trying(TryIt),
}

impl Profile {
    pub(crate) async fn open(options: Options) -> Result<Arc<Self>> {
        let home = Home::open(&options.home)?;
        options.routing.load(&options.home);
        home.discard_new_account()?;
        home.remove_try_it()?;
        let keychain = usable_keychain(&options, &home).await;
        let first_run = Session::FirstRun { key_place: KeyPlace::Vault };
        let profile = Arc::new(Self {
            options,
            bus: Arc::default(),
            attention: Arc::default(),
            keychain,
            turn: tokio::sync::Mutex::new(()),
            closed: AtomicBool::new(false),
            state: Mutex::new(State::Closed(first_run)),
            home,
        });
        unlock::at_start(&profile).await?;
        Ok(profile)
    }

    pub(crate) fn attention(&self) -> &Arc<Attention> {
        &self.attention
    }

    pub(crate) fn keychain(&self) -> Option<&Arc<dyn Keychain>> {
        self.keychain.as_ref()
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Waits for the changes of the session before this one.
    ///
    /// # Errors
    /// `NoAccount` once the profile is closed.
    pub(crate) async fn turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>> {
        let turn = self.turn.lock().await;
        if self.closed.load(Ordering::Acquire) { Err(Error::no_account()) } else { Ok(turn) }
    }

    /// Where a key would be kept that is created with this passphrase.
    pub(crate) fn key_place_for(&self, passphrase: Option<&str>) -> KeyPlace {
        if passphrase.is_none() && self.options.passphrase.is_none() && self.keychain.is_some() {
            KeyPlace::Keychain
        } else {
            KeyPlace::Vault
        }
    }

    pub(crate) fn account(&self) -> Result<Arc<Account>> {
        match &*self.state() {
            State::Open(account) => Ok(Arc::clone(account)),
            State::Trying(trying) => Ok(Arc::clone(trying.account())),
            State::Closed(_) => Err(Error::no_account()),
        }
    }

    pub(crate) fn session(&self) -> Session {
        match &*self.state() {
            State::Open(account) => Session::Ready { account: account.view() },
            State::Trying(trying) => Session::Ready { account: trying.account().view() },
            State::Closed(session) => session.clone(),
        }
    }

    pub(crate) fn expect_first_run(&self) -> Result<()> {
        match &*self.state() {
            State::Closed(Session::FirstRun { .. }) => Ok(()),
            State::Trying(_) => {
                Err(Error::new(ErrorCode::AccountExists, "The try-it conversation is open. Remove it first; nothing of it is kept."))
            }
            _ => Err(Error::new(
                ErrorCode::AccountExists,
                "This profile already has an account. Use another profile folder for another one.",
            )),
        }
    }

    pub(crate) fn set_closed(&self, session: Session) {
        *self.state() = State::Closed(session);
    }

    pub(crate) fn set_open(&self, account: Arc<Account>) {
        *self.state() = State::Open(account);
    }

    pub(crate) fn set_trying(&self, trying: TryIt) {
        *self.state() = State::Trying(trying);
    }

    /// Takes the try-it conversation out, where there is one; the profile is at its first run then.
    pub(crate) fn take_trying(&self) -> Option<TryIt> {
        let first_run = State::Closed(Session::FirstRun { key_place: self.key_place_for(None) });
        let mut state = self.state();
        if !matches!(&*state, State::Trying(_)) {
            return None;
        }
        match std::mem::replace(&mut *state, first_run) {
            State::Trying(trying) => Some(trying),
            State::Open(_) | State::Closed(_) => None,
        }
    }

    /// Tells everybody how the session stands.
    pub(crate) fn announce(&self) -> Session {
        let session = self.session();
        self.bus.emit(ipc::EventKind::Session { session: session.clone() });
        session
    }

    pub(crate) async fn subscribe(&self) -> Result<Subscription> {
        // INVARIANT: the reader is registered before the state is read, so that no change falls between the two.
        let (seq, events) = self.bus.read();
        let session = self.session();
        let mut snapshot = ipc::Snapshot {
            seq,
            session,
            chats: Vec::new(),
            requests: Vec::new(),
            setup: Vec::new(),
            network: ipc::NetworkState::default(),
            settings: settings::DEFAULT,
        };
        if let Ok(account) = self.account() {
            snapshot.chats = views::chats(&account).await?;
            snapshot.requests = requests::list(&account).await?;
            snapshot.setup = setup::steps(&account);
            snapshot.network = relays::network(&account).await?;
            snapshot.settings = settings::get(&account).await?;
        }
        Ok(Subscription { snapshot, events })
    }

    pub(crate) async fn close(&self) {
        let _turn = self.turn.lock().await;
        self.closed.store(true, Ordering::Release);
        if let Some(trying) = self.take_trying() {
            trying.close().await;
            drop(self.home.remove_try_it());
        }
        let before = std::mem::replace(&mut *self.state(), State::Closed(closed()));
        if let State::Open(account) = before {
            account.close().await;
        }
        self.bus.close();
        self.home.unlock();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Profile {
    /// Without [`Profile::close`]: what runs is stopped where it stands, as when the process ends.
    fn drop(&mut self) {
        match &*self.state() {
            State::Open(account) => account.abort(),
            State::Trying(trying) => trying.abort(),
            State::Closed(_) => {}
        }
        drop(self.home.remove_try_it());
    }
}

fn closed() -> Session {
    Session::KeyUnavailable { npub: String::new(), retryable: false, message: "The profile was closed. Start Murmel again.".to_owned() }
}

/// Before the first run it is tried whether there is a keychain, so that the window can say where a key will be kept.
async fn usable_keychain(options: &Options, home: &Home) -> Option<Arc<dyn Keychain>> {
    let keychain = options.keychain.open()?;
    if home.account().exists() || options.passphrase.is_some() {
        return Some(keychain);
    }
    match keychain::read(&keychain, "probe").await {
        Err(KeychainError::Missing) => None,
        _ => Some(keychain),
    }
}
