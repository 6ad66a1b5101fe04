//! One profile folder while it is open: its accounts, its keychain, and who is told what changes.
//! It knows no protocol.

pub(crate) mod accounts;
pub(crate) mod description;
pub(crate) mod home;
pub(crate) mod log_out;
pub(crate) mod options;
pub(crate) mod proxy;
pub(crate) mod quiet;
pub(crate) mod settings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use murmel_ipc::{self as ipc, ErrorCode, KeyFault, KeyPlace, Session};

use crate::account::Account;
use crate::bus::{Bus, Subscription};
use crate::group::requests;
use crate::keys::keychain::{self, Keychain, KeychainError};
use crate::keys::unavailable::Fault;
use crate::keys::{app_lock, identity, unlock};
use crate::network::{relays, setup};
use crate::notices::Desk;
use crate::profile::accounts::{Accounts, Standing};
use crate::profile::description::{Choices, Description};
use crate::profile::home::Home;
use crate::try_it::TryIt;
use crate::{Error, Options, Result, views};

/// One open profile folder.
pub(crate) struct Profile {
    pub(crate) options: Options,
    pub(crate) bus: Arc<Bus>,
    pub(crate) idle: Arc<app_lock::Idle>,
    desk: Arc<Desk>,
    keychain: Option<Arc<dyn Keychain>>,
    /// Creating, opening, trying and closing happen one after the other.
    turn: tokio::sync::Mutex<()>,
    closed: AtomicBool,
    state: Mutex<State>,
    /// Last, so that the lock is freed when everything else is gone.
    home: Home,
}

#[derive(Default)]
struct State {
    accounts: Accounts,
    choices: Choices,
    /// Only while there is no account.
    trying: Option<TryIt>,
}

impl Profile {
    pub(crate) async fn open(options: Options) -> Result<Arc<Self>> {
        let home = Home::open(&options.home)?;
        options.routing.load(&options.home);
        home.remove_try_it()?;
        let keychain = usable_keychain(&options, &home).await?;
        identity::discard_unfinished(&home, keychain.as_ref()).await?;
        for gone in home.retired()? {
            log_out::wipe(&home, keychain.as_ref(), &gone).await;
        }
        let profile = Arc::new(Self {
            bus: Arc::default(),
            idle: app_lock::Idle::new(options.clock.clone(), options.pace.lock_minute),
            desk: Arc::default(),
            keychain,
            turn: tokio::sync::Mutex::new(()),
            closed: AtomicBool::new(false),
            state: Mutex::new(State { choices: Choices::read(&home.choices()), ..State::default() }),
            options,
            home,
        });
        profile.find_accounts()?;
        profile.restore_notifications();
        // Those whose keys are at hand are opened at the same time: one that has to be waited for does not stop the others.
        join_all(profile.closed_accounts().into_iter().map(|npub| unlock::at_start(&profile, npub))).await;
        profile.idle.set_after(profile.lock_after());
        app_lock::start(&profile);
        Ok(profile)
    }

    /// Lists what is in the folder, in the order in which it was added.
    fn find_accounts(&self) -> Result<()> {
        let mut found = Vec::new();
        for npub in self.home.accounts()? {
            found.push((self.place(&npub).unwrap_or(u32::MAX), npub));
        }
        found.sort();
        let mut state = self.state();
        for (_, npub) in found {
            let locked = unlock::locked(&self.home, &npub);
            state.accounts.put(&npub, Standing::Left(locked));
        }
        let last = state.choices.current.clone().filter(|npub| state.accounts.slot(npub).is_some());
        state.accounts.current = last.or_else(|| state.accounts.slots.first().map(|slot| slot.npub.clone()));
        Ok(())
    }

    fn place(&self, npub: &str) -> Option<u32> {
        Description::read(&self.home.account(npub)).map(|description| description.place)
    }

    /// The place of an account that comes after all others.
    pub(crate) fn next_place(&self) -> Result<u32> {
        let last = self.home.accounts()?.iter().filter_map(|npub| self.place(npub)).max();
        Ok(last.map_or(0, |last| last.saturating_add(1)))
    }

    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
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

    /// The account that is named, or the one that is shown.
    ///
    /// # Errors
    /// `NoAccount` where it is not open, or there is none.
    pub(crate) fn account(&self, named: Option<&str>) -> Result<Arc<Account>> {
        let state = self.state();
        if let (Some(trying), None) = (&state.trying, named) {
            return Ok(Arc::clone(trying.account()));
        }
        let open = state.accounts.chosen(named).and_then(|slot| slot.account());
        open.cloned().ok_or_else(Error::no_account)
    }

    /// Every account that is open.
    pub(crate) fn open_accounts(&self) -> Vec<(String, Arc<Account>)> {
        let state = self.state();
        state.accounts.slots.iter().filter_map(|slot| Some((slot.npub.clone(), Arc::clone(slot.account()?)))).collect()
    }

    /// The npubs of those that are not.
    pub(crate) fn closed_accounts(&self) -> Vec<String> {
        let state = self.state();
        state.accounts.slots.iter().filter(|slot| slot.account().is_none()).map(|slot| slot.npub.clone()).collect()
    }

    /// The npub of the account that is named, or of the one that is shown.
    ///
    /// # Errors
    /// `NotFound`, `NoAccount`.
    pub(crate) fn npub(&self, named: Option<&str>) -> Result<String> {
        let state = self.state();
        let slot = state.accounts.chosen(named).map(|slot| slot.npub.clone());
        slot.ok_or_else(|| if named.is_some() { Error::not_found("This account") } else { Error::no_account() })
    }

    pub(crate) fn entries(&self) -> Vec<ipc::AccountEntry> {
        self.state().accounts.entries()
    }

    /// What an account is called, as far as it is known; may be empty.
    pub(crate) fn name(&self, npub: &str) -> String {
        self.state().accounts.entry(npub).map(|entry| entry.name).unwrap_or_default()
    }

    pub(crate) fn session(&self, named: Option<&str>) -> Session {
        if self.closed.load(Ordering::Acquire) {
            return closed();
        }
        let state = self.state();
        if let (Some(trying), None) = (&state.trying, named) {
            return Session::Ready { account: trying.account().view() };
        }
        state.accounts.chosen(named).map_or_else(|| Session::FirstRun { key_place: self.key_place_for(None) }, |slot| slot.session())
    }

    pub(crate) fn expect_first_run(&self) -> Result<()> {
        self.expect_no_trying()?;
        if self.state().accounts.slots.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorCode::AccountExists, "This profile has an account. The try-it conversation is for a profile without one."))
    }

    /// Whether an account may be added; `npub` where it is known already which.
    pub(crate) fn expect_room(&self, npub: Option<&str>) -> Result<()> {
        self.expect_no_trying()?;
        self.state().accounts.expect_room(npub)
    }

    fn expect_no_trying(&self) -> Result<()> {
        if self.state().trying.is_none() {
            return Ok(());
        }
        Err(Error::new(ErrorCode::AccountExists, "The try-it conversation is open. Remove it first; nothing of it is kept."))
    }

    /// Notes how an account stands. [`Profile::announce`] tells.
    pub(crate) fn put(&self, npub: &str, standing: Standing) {
        self.state().accounts.put(npub, standing);
    }

    /// Whether a keychain is asked for the key of an account; says whether it was before.
    pub(crate) fn set_asking(&self, npub: &str, asking: bool) -> bool {
        self.state().accounts.slot_mut(npub).is_some_and(|slot| std::mem::replace(&mut slot.asking, asking))
    }

    /// Shows an account from now on.
    pub(crate) fn show(&self, npub: &str) {
        let choices = {
            let mut state = self.state();
            let before = state.accounts.chosen(None).filter(|slot| slot.npub != npub).and_then(|slot| slot.account().cloned());
            if let Some(before) = before {
                before.attention.set_open_chat(None);
            }
            state.accounts.current = Some(npub.to_owned());
            state.choices.current = Some(npub.to_owned());
            state.choices.clone()
        };
        self.keep(&choices);
    }

    /// Takes an account out of the list; its folder is somebody else's concern.
    pub(crate) fn remove(&self, npub: &str) {
        let choices = {
            let mut state = self.state();
            state.accounts.remove(npub);
            state.choices.current = state.accounts.current.clone();
            state.choices.clone()
        };
        self.keep(&choices);
    }

    pub(crate) fn lock_after(&self) -> u32 {
        self.state().choices.lock_after
    }

    /// # Errors
    /// `DiskFull`, `Storage`: then it is as it was.
    pub(crate) fn set_lock_after(&self, minutes: u32) -> Result<()> {
        let choices = Choices { lock_after: minutes, ..self.state().choices.clone() };
        choices.write(&self.home.choices())?;
        self.state().choices.lock_after = minutes;
        Ok(())
    }

    pub(crate) fn looks_for_updates(&self) -> bool {
        self.state().choices.looks_for_updates
    }

    /// # Errors
    /// `DiskFull`, `Storage`: then it is as it was.
    pub(crate) fn set_looks_for_updates(&self, looks: bool) -> Result<()> {
        let choices = Choices { looks_for_updates: looks, ..self.state().choices.clone() };
        choices.write(&self.home.choices())?;
        self.state().choices.looks_for_updates = looks;
        Ok(())
    }

    /// How notifications stand.
    pub(crate) fn notifications(&self) -> ipc::Notifications {
        self.desk.notifications(self.options.clock.now())
    }

    fn restore_notifications(&self) {
        let state = self.state();
        self.desk.choose(state.choices.notifications.clone());
        self.desk.pause(state.choices.paused_until);
    }

    /// # Errors
    /// `DiskFull`, `Storage`: then it is as it was.
    pub(crate) fn keep_notifications(&self, notifications: ipc::NotificationChoices, paused_until: Option<u64>) -> Result<()> {
        let choices = Choices { notifications, paused_until, ..self.state().choices.clone() };
        choices.write(&self.home.choices())?;
        let mut state = self.state();
        state.choices.notifications = choices.notifications;
        state.choices.paused_until = choices.paused_until;
        Ok(())
    }

    /// Which account comes first is a convenience: a full disk does not keep anybody from looking at another one.
    fn keep(&self, choices: &Choices) {
        if let Err(error) = choices.write(&self.home.choices()) {
            tracing::warn!(code = ?error.code, "the choices of the profile could not be kept");
        }
    }

    pub(crate) fn set_trying(&self, trying: TryIt) {
        self.state().trying = Some(trying);
    }

    /// Takes the try-it conversation out, where there is one; the profile is at its first run then.
    pub(crate) fn take_trying(&self) -> Option<TryIt> {
        self.state().trying.take()
    }

    /// Tells everybody how an account stands now.
    pub(crate) fn announce(&self, npub: &str) {
        let (entry, current) = {
            let state = self.state();
            (state.accounts.entry(npub), state.accounts.current.as_deref() == Some(npub))
        };
        if let Some(entry) = entry {
            self.bus.emit(Some(npub), ipc::EventKind::Account { entry });
        }
        if current {
            self.announce_session();
        }
    }

    /// Tells everybody how the session stands: what is shown from now on is another account, or stands differently.
    pub(crate) fn announce_session(&self) -> Session {
        let session = self.session(None);
        self.bus.emit(None, ipc::EventKind::Session { session: session.clone() });
        session
    }

    pub(crate) async fn subscribe(&self, named: Option<&str>) -> Result<Subscription> {
        // INVARIANT: the reader is registered before the state is read, so that no change falls between the two.
        let (seq, events) = self.bus.read();
        let mut snapshot = self.overview(seq, named);
        if let Ok(account) = self.account(named) {
            snapshot.chats = views::chats(&account).await?;
            snapshot.requests = requests::list(&account).await?;
            snapshot.setup = setup::steps(&account);
            snapshot.network = relays::network(&account).await?;
            snapshot.settings = settings::get(&account).await?;
        }
        Ok(Subscription { snapshot, events })
    }

    fn overview(&self, seq: u64, named: Option<&str>) -> ipc::Snapshot {
        let session = self.session(named);
        let state = self.state();
        let trying = state.trying.as_ref().filter(|_| named.is_none()).map(|trying| trying.account().view().npub);
        ipc::Snapshot {
            seq,
            session,
            accounts: state.accounts.entries(),
            current: trying.or_else(|| state.accounts.chosen(named).map(|slot| slot.npub.clone())),
            new_key_place: self.key_place_for(None),
            lock_after: state.choices.lock_after,
            notifications: self.desk.notifications(self.options.clock.now()),
            chats: Vec::new(),
            requests: Vec::new(),
            setup: Vec::new(),
            network: ipc::NetworkState::default(),
            settings: settings::DEFAULT,
        }
    }

    pub(crate) async fn close(&self) {
        let _turn = self.turn.lock().await;
        self.closed.store(true, Ordering::Release);
        self.idle.stop();
        if let Some(trying) = self.take_trying() {
            trying.close().await;
            drop(self.home.remove_try_it());
        }
        let accounts = std::mem::take(&mut self.state().accounts);
        join_all(accounts.slots.iter().filter_map(|slot| slot.account()).map(|account| account.close())).await;
        self.bus.close();
        self.home.unlock();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows another account.
pub(crate) async fn switch(profile: &Profile, npub: &str) -> Result<Session> {
    let _turn = profile.turn().await?;
    profile.expect_no_trying()?;
    let npub = profile.npub(Some(npub))?;
    profile.show(&npub);
    Ok(profile.announce_session())
}

impl Drop for Profile {
    /// Without [`Profile::close`]: what runs is stopped where it stands, as when the process ends.
    fn drop(&mut self) {
        self.idle.stop();
        for (_, account) in self.open_accounts() {
            account.abort();
        }
        if let Some(trying) = self.take_trying() {
            trying.abort();
        }
        drop(self.home.remove_try_it());
    }
}

fn closed() -> Session {
    let message = "The profile was closed. Start Murmel again.".to_owned();
    Fault { reason: KeyFault::DatabaseMissing, retryable: false, message }.session("", false)
}

/// Before the first run it is tried whether there is a keychain, so that the window can say where a key will be kept.
async fn usable_keychain(options: &Options, home: &Home) -> Result<Option<Arc<dyn Keychain>>> {
    let Some(keychain) = options.keychain.open() else { return Ok(None) };
    if options.passphrase.is_some() || !home.accounts()?.is_empty() {
        return Ok(Some(keychain));
    }
    let answer = keychain::ask(&keychain, "probe").within(options.pace.keychain).await;
    Ok(if answer == Err(KeychainError::Missing) { None } else { Some(keychain) })
}
