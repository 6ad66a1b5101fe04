//! The application of Murmel: one profile folder with its accounts, and everything a window or a terminal can ask of it.
//! It knows no window, no argument parser and no environment variable; it draws nothing and prints nothing.

mod account;
mod bus;
mod calls;
mod changes;
mod chores;
mod clock;
mod confirm;
mod error;
mod group;
mod housekeeping;
mod inspection;
mod keys;
mod message;
mod network;
mod notices;
mod outbox;
mod pace;
mod people;
mod profile;
mod receive;
mod sync;
#[cfg(test)]
mod testing;
mod try_it;
mod views;
mod wrap;

use std::sync::Arc;
use std::time::Duration;

use murmel_ipc as ipc;

pub use bus::Subscription;
pub use clock::Clock;
pub use confirm::{Agreed, Confirm, Question};
pub use error::Error;
pub use housekeeping::Housekeeping;
pub use inspection::{Branch, Carried, Standing};
pub use keys::keychain::{Keychain, KeychainChoice, KeychainError, MockKeychain};
pub use message::records::Record;
/// The relay inside this program, for `relay serve` and for tests.
pub use murmel_net::{EmbeddedRelay, EmbeddedRelayError};
/// What carries frames in a simulation.
pub use murmel_net::{Frame, Line, Wire};
pub use notices::{Announcement, Notice};
pub use pace::Pace;
pub use profile::accounts::MAX_ACCOUNTS;
pub use profile::options::{DEFAULT_RELAYS, LOOKUP_RELAYS, Options};
pub use profile::quiet::NEVER_LOGGED;
pub use sync::Settled;
pub use wrap::open as open_gift_wrap;

use keys::{identity, unlock};
use message::choice;
use network::{relays, setup};
use profile::{Profile, settings};

/// What every call returns.
pub type Result<T> = std::result::Result<T, Error>;

/// One open profile folder. A cheap handle: clones share the profile.
///
/// Every function has to be called inside a tokio runtime.
#[derive(Clone)]
pub struct Client {
    profile: Arc<Profile>,
    /// Whose calls these are; `None` for the account that is shown.
    account: Option<Arc<str>>,
}

/// Life of the profile.
impl Client {
    /// Takes the profile's lock and opens every account whose key is at hand.
    ///
    /// A missing key, a locked keychain or a vault that waits for its passphrase is not an error but a [`ipc::Session`].
    ///
    /// # Errors
    /// `AlreadyRunning` where another process (or another handle of this one) has the folder open; `DiskFull` and `Storage`
    /// where the folder cannot be used.
    pub async fn open(options: Options) -> Result<Client> {
        Ok(Client { profile: Profile::open(options).await?, account: None })
    }

    /// The state now, and every change from then on. A reader that falls behind is dropped: its channel closes, subscribe again.
    ///
    /// # Errors
    /// `Storage` where the state cannot be read.
    pub async fn subscribe(&self) -> Result<Subscription> {
        self.profile.subscribe(self.named_account()).await
    }

    /// Where the profile stands.
    pub fn session(&self) -> ipc::Session {
        self.profile.session(self.named_account())
    }

    /// Stops the background tasks, closes the database and frees the lock. Further calls fail with `NoAccount`.
    pub async fn close(&self) {
        self.profile.close().await;
    }
}

/// Identity.
impl Client {
    /// What a pasted key is, before it is imported. Nothing is kept of it. `password` opens an ncryptsec or is the extra word of seed
    /// words, `account_index` says which account of seed words.
    ///
    /// # Errors
    /// `InvalidKey` with a hint at what is wrong with it, `WrongPassword`.
    pub async fn inspect_key(&self, key: &str, password: Option<ipc::SecretText>, account_index: u32) -> Result<ipc::KeyPreview> {
        let beside = identity::Beside { password: password.map(ipc::SecretText::into_inner), index: account_index };
        identity::inspect(&self.profile, key, beside).await
    }

    /// Whom a text names.
    ///
    /// # Errors
    /// `InvalidPerson`.
    pub async fn inspect_person(&self, text: &str) -> Result<ipc::PersonPreview> {
        people::inspect(self.account().ok().as_deref(), text).await
    }

    /// Creates a key, adds it as an account of this profile and shows it. Needs no network.
    ///
    /// # Errors
    /// `AccountExists`, `TooManyAccounts`, `KeychainMissing`, `KeychainLocked`, `DiskFull`, `Storage`.
    pub async fn create_identity(&self, args: ipc::NewIdentity) -> Result<ipc::Session> {
        identity::create(&self.profile, args).await
    }

    /// Adds an existing key as an account of this profile and shows it. Needs no network.
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
        unlock::unlock(&self.profile, self.named_account(), args).await
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

    /// Which chat is on the screen. One that was marked as unread is not any more.
    pub async fn set_open_chat(&self, chat: Option<String>) {
        let Ok(account) = self.account() else { return };
        account.attention.set_open_chat(chat.clone());
        // A mark that cannot be taken away now goes with the next look at the chat.
        if let Some(chat) = chat {
            drop(choice::opened(&account, &chat).await);
        }
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

    /// The epoch in which the account came into its copy of a group, by the last invitation that it took; `None` where it made the group.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn began(&self, chat: &str) -> Result<Option<u64>> {
        inspection::began(&self.account()?, chat).await
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
        self.profile.account(self.named_account())
    }

    fn named_account(&self) -> Option<&str> {
        self.account.as_deref()
    }
}
