//! The application of Murmel: one profile folder with at most one account, and everything a window or a terminal can ask of it.
//! It knows no window, no argument parser and no environment variable; it draws nothing and prints nothing.

mod account;
mod annotate;
mod bus;
mod calls;
mod changes;
mod chores;
mod clock;
mod deletion;
mod departures;
mod ending;
mod error;
mod expiry;
mod group_state;
mod groups;
mod home;
mod housekeeping;
mod identity;
mod inspection;
mod intent;
mod invitations;
mod invitees;
mod key_package;
mod keychain;
mod lists;
mod membership;
mod mentions;
mod notices;
mod options;
mod outbox;
mod pace;
mod people;
mod profile;
mod receive;
mod records;
mod rejoining;
mod relays;
mod requests;
mod rotation;
mod search;
mod send;
mod settings;
mod setup;
mod sync;
#[cfg(test)]
mod testing;
mod timeline;
mod try_it;
mod unlock;
mod vault;
mod views;
mod wrap;

use std::sync::Arc;
use std::time::Duration;

use murmel_ipc as ipc;
use tokio::sync::mpsc;

pub use bus::Subscription;
pub use clock::Clock;
pub use error::Error;
pub use housekeeping::Housekeeping;
pub use inspection::{Branch, Carried, Standing};
pub use keychain::{Keychain, KeychainChoice, KeychainError, MockKeychain};
/// The relay inside this program, for `relay serve` and for tests.
pub use murmel_net::{EmbeddedRelay, EmbeddedRelayError};
/// What carries frames in a simulation.
pub use murmel_net::{Frame, Line, Wire};
pub use notices::Notice;
pub use options::{DEFAULT_RELAYS, LOOKUP_RELAYS, Options};
pub use pace::Pace;
pub use records::Record;
pub use sync::Settled;
pub use wrap::open as open_gift_wrap;

use profile::Profile;

/// What every call returns.
pub type Result<T> = std::result::Result<T, Error>;

/// One open profile folder. A cheap handle: clones share the profile.
///
/// Every function has to be called inside a tokio runtime.
#[derive(Clone)]
pub struct Client {
    profile: Arc<Profile>,
}

/// Life of the profile.
impl Client {
    /// Takes the profile's lock and opens the account where there is one.
    ///
    /// A missing key, a locked keychain or a vault that waits for its passphrase is not an error but a [`ipc::Session`].
    ///
    /// # Errors
    /// `AlreadyRunning` where another process (or another handle of this one) has the folder open; `DiskFull` and `Storage`
    /// where the folder cannot be used.
    pub async fn open(options: Options) -> Result<Client> {
        Ok(Client { profile: Profile::open(options).await? })
    }

    /// The state now, and every change from then on. A reader that falls behind is dropped: its channel closes, subscribe again.
    ///
    /// # Errors
    /// `Storage` where the state cannot be read.
    pub async fn subscribe(&self) -> Result<Subscription> {
        self.profile.subscribe().await
    }

    /// Where the profile stands.
    pub fn session(&self) -> ipc::Session {
        self.profile.session()
    }

    /// Notifications to show, already decided, capped and free of control characters. The newest caller gets them.
    pub fn notices(&self) -> mpsc::Receiver<Notice> {
        self.profile.attention().listen()
    }

    /// Stops the background tasks, closes the database and frees the lock. Further calls fail with `NoAccount`.
    pub async fn close(&self) {
        self.profile.close().await;
    }
}

/// Identity.
impl Client {
    /// What a pasted key is, before it is imported. Nothing is kept of it.
    ///
    /// # Errors
    /// `InvalidKey` with a hint at what is wrong with it, `WrongPassword`.
    pub async fn inspect_key(&self, key: &str, password: Option<&str>) -> Result<ipc::KeyPreview> {
        identity::inspect(&self.profile, key, password).await
    }

    /// Whom a text names.
    ///
    /// # Errors
    /// `InvalidPerson`.
    pub async fn inspect_person(&self, text: &str) -> Result<ipc::PersonPreview> {
        people::inspect(&self.profile, text).await
    }

    /// Creates a key and makes it this profile's account. Needs no network.
    ///
    /// # Errors
    /// `AccountExists`, `KeychainMissing`, `KeychainLocked`, `DiskFull`, `Storage`.
    pub async fn create_identity(&self, args: ipc::NewIdentity) -> Result<ipc::Session> {
        identity::create(&self.profile, args).await
    }

    /// Makes an existing key this profile's account. Needs no network.
    ///
    /// # Errors
    /// As [`Client::create_identity`], and `InvalidKey`, `PasswordNeeded`, `WrongPassword`.
    pub async fn import_identity(&self, args: ipc::ImportIdentity) -> Result<ipc::Session> {
        identity::import(&self.profile, args).await
    }

    /// Opens a vault with its passphrase, or asks a keychain again that refused (the passphrase is ignored then).
    ///
    /// # Errors
    /// `WrongPassword`, `KeychainLocked`, `KeyMissing`, `NoAccount`, `Storage`.
    pub async fn unlock(&self, args: ipc::Unlock) -> Result<ipc::Session> {
        unlock::unlock(&self.profile, args).await
    }

    /// Starts a relay on this computer, a throw-away account and a companion that answers.
    ///
    /// # Errors
    /// `AccountExists` unless the profile is at its first run.
    pub async fn try_it(&self) -> Result<ipc::Session> {
        try_it::start(&self.profile).await
    }

    /// Stops what [`Client::try_it`] started and deletes every trace of it.
    ///
    /// # Errors
    /// `NotFound` where nothing was started.
    pub async fn remove_try_it(&self) -> Result<ipc::Session> {
        try_it::remove(&self.profile).await
    }
}

/// Settings, relays and the network.
impl Client {
    /// The person's choices.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn settings(&self) -> Result<ipc::Settings> {
        settings::get(&self.account()?).await
    }

    /// Replaces the person's choices.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn set_settings(&self, settings: ipc::Settings) -> Result<()> {
        settings::set(&self.account()?, settings).await
    }

    /// The relays on which people reach this account.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn relays(&self) -> Result<Vec<String>> {
        relays::list(&self.account()?).await
    }

    /// Replaces the relays on which people reach this account, and publishes the change. Entries that other clients put into the
    /// published lists stay.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is no relay address, or none at all.
    pub async fn set_relays(&self, relays: Vec<String>) -> Result<()> {
        relays::set(&self.account()?, relays).await
    }

    /// Tries the failed steps of the network set-up at once.
    ///
    /// # Errors
    /// `NoAccount`.
    pub async fn retry_setup(&self) -> Result<()> {
        setup::retry(&self.account()?);
        Ok(())
    }

    /// Which chat is on the screen.
    pub async fn set_open_chat(&self, chat: Option<String>) {
        self.profile.attention().set_open_chat(chat);
    }

    /// Whether the window has the focus.
    pub async fn set_focused(&self, focused: bool) {
        self.profile.attention().set_focused(focused);
    }

    /// Waits until the set-up is done, the backlog is fetched and everything queued is on a relay, or until `timeout` is over.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn settle(&self, timeout: Duration) -> Result<Settled> {
        sync::settle(&self.account()?, timeout).await
    }
}

/// For simulations and tests.
impl Client {
    /// Where the account stands in a group; `None` where it has no state of it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn branch(&self, chat: &str) -> Result<Option<Branch>> {
        inspection::branch(&self.account()?, chat).await
    }

    /// Every message of a chat as the database has it, in the order of arrival.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn carried(&self, chat: &str) -> Result<Vec<Carried>> {
        inspection::carried(&self.account()?, chat).await
    }
}

impl Client {
    fn account(&self) -> Result<Arc<account::Account>> {
        self.profile.account()
    }
}
