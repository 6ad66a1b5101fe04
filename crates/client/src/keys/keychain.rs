//! The one secret item of an account, and the keychain that keeps it.
//! It never writes a secret to a file: that is the vault's, sealed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use murmel_ipc::ErrorCode;
use nostr::{Keys, SecretKey};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::Error;

/// Under which name the items appear in the keychain.
pub(crate) const SERVICE: &str = "chat.murmel.desktop";
/// First part of an item: its version.
const PREFIX: &str = "murmel1:";
const KEY_LEN: usize = 32;
/// A keychain that asks its owner for a password answers when he has typed it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Why a keychain did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeychainError {
    /// There is none on this computer, or it does not run.
    Missing,
    /// It is locked.
    Locked,
    /// It, or its owner, said no.
    Denied,
    /// No answer in time.
    TimedOut,
    /// It failed in another way; in its own words.
    Failed(String),
}

/// A place for small secrets. Calls may block; they are made on a thread of their own.
pub trait Keychain: Send + Sync {
    /// The item of a user; `None` where there is none.
    ///
    /// # Errors
    /// See [`KeychainError`].
    fn read(&self, user: &str) -> std::result::Result<Option<Zeroizing<Vec<u8>>>, KeychainError>;
    /// Adds or replaces the item of a user.
    ///
    /// # Errors
    /// See [`KeychainError`].
    fn write(&self, user: &str, item: &[u8]) -> std::result::Result<(), KeychainError>;
    /// Deletes the item of a user, where there is one.
    ///
    /// # Errors
    /// See [`KeychainError`].
    fn remove(&self, user: &str) -> std::result::Result<(), KeychainError>;
    /// Whether calls never block, so that they need no thread of their own.
    fn is_instant(&self) -> bool {
        false
    }
}

/// Which keychain a profile uses.
#[derive(Clone)]
pub enum KeychainChoice {
    /// The operating system's: Keychain, Credential Manager, Secret Service.
    System,
    /// None: keys go into a vault that a passphrase seals.
    None,
    /// One in memory, for tests.
    Mock(MockKeychain),
}

impl KeychainChoice {
    pub(crate) fn open(&self) -> Option<Arc<dyn Keychain>> {
        match self {
            Self::System => Some(Arc::new(SystemKeychain)),
            Self::None => None,
            Self::Mock(mock) => Some(Arc::new(mock.clone())),
        }
    }
}

/// The secrets of an account. There is no `Clone`, and `Debug` shows nothing of them.
pub(crate) struct Secrets {
    /// The Nostr key. Wiped on drop by its own type.
    pub(crate) keys: Keys,
    /// Opens the database.
    pub(crate) database: Zeroizing<[u8; KEY_LEN]>,
}

impl Secrets {
    /// As one printable item of 96 bytes: version, secret key, database key.
    pub(crate) fn to_item(&self) -> Zeroizing<Vec<u8>> {
        let mut raw = Zeroizing::new(Vec::with_capacity(2 * KEY_LEN));
        raw.extend_from_slice(self.keys.secret_key().as_secret_bytes());
        raw.extend_from_slice(self.database.as_slice());
        let text = Zeroizing::new(BASE64.encode(raw.as_slice()));
        let mut item = Zeroizing::new(Vec::with_capacity(PREFIX.len() + text.len()));
        item.extend_from_slice(PREFIX.as_bytes());
        item.extend_from_slice(text.as_bytes());
        item
    }

    /// `None` for anything that [`Secrets::to_item`] did not write.
    pub(crate) fn from_item(item: &[u8]) -> Option<Self> {
        let text = item.strip_prefix(PREFIX.as_bytes())?;
        let raw = Zeroizing::new(BASE64.decode(text).ok()?);
        let (secret, database) = raw.split_at_checked(KEY_LEN)?;
        let database: [u8; KEY_LEN] = database.try_into().ok()?;
        let secret = SecretKey::from_slice(secret).ok()?;
        Some(Self { keys: Keys::new(secret), database: Zeroizing::new(database) })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// What a keychain says about an item; `None` where it has none.
pub(crate) type Answer = std::result::Result<Option<Zeroizing<Vec<u8>>>, KeychainError>;

/// Reads an item on a thread of its own.
pub(crate) async fn read(keychain: &Arc<dyn Keychain>, user: &str) -> Answer {
    ask(keychain, user).within(TIMEOUT).await
}

/// Asks for an item, and lets the keychain take its time.
pub(crate) fn ask(keychain: &Arc<dyn Keychain>, user: &str) -> Asked<Option<Zeroizing<Vec<u8>>>> {
    let user = user.to_owned();
    off_thread(keychain, move |keychain| keychain.read(&user))
}

/// A question that a keychain may not have answered yet.
pub(crate) enum Asked<T> {
    Answered(Option<std::result::Result<T, KeychainError>>),
    Waiting(oneshot::Receiver<std::result::Result<T, KeychainError>>),
}

impl<T> Asked<T> {
    /// The answer, or `TimedOut` where there is none yet; then it can be waited for again.
    pub(crate) async fn within(&mut self, patience: Duration) -> std::result::Result<T, KeychainError> {
        let stopped = || KeychainError::Failed("it stopped".to_owned());
        match self {
            Self::Answered(answer) => answer.take().unwrap_or_else(|| Err(stopped())),
            Self::Waiting(receiver) => match tokio::time::timeout(patience, receiver).await {
                Ok(answer) => {
                    *self = Self::Answered(None);
                    answer.unwrap_or_else(|_| Err(stopped()))
                }
                Err(_) => Err(KeychainError::TimedOut),
            },
        }
    }
}

/// Writes an item and reads it back, on a thread of its own: what is not there afterwards was not written.
pub(crate) async fn write(keychain: &Arc<dyn Keychain>, user: &str, item: Zeroizing<Vec<u8>>) -> std::result::Result<(), KeychainError> {
    let user = user.to_owned();
    off_thread(keychain, move |keychain| {
        keychain.write(&user, &item)?;
        match keychain.read(&user)? {
            Some(back) if back.as_slice() == item.as_slice() => Ok(()),
            _ => Err(KeychainError::Failed("it did not keep what was written".to_owned())),
        }
    })
    .within(TIMEOUT)
    .await
}

/// Deletes an item on a thread of its own.
pub(crate) async fn remove(keychain: &Arc<dyn Keychain>, user: &str) -> std::result::Result<(), KeychainError> {
    let user = user.to_owned();
    off_thread(keychain, move |keychain| keychain.remove(&user)).within(TIMEOUT).await
}

/// A plain thread instead of tokio's: one that hangs in a dialog must not hold up the end of the program.
fn off_thread<T: Send + 'static>(
    keychain: &Arc<dyn Keychain>,
    call: impl FnOnce(&dyn Keychain) -> std::result::Result<T, KeychainError> + Send + 'static,
) -> Asked<T> {
    if keychain.is_instant() {
        return Asked::Answered(Some(call(keychain.as_ref())));
    }
    let keychain = Arc::clone(keychain);
    let (sender, receiver) = oneshot::channel();
    let spawned = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
        let _ = sender.send(call(keychain.as_ref()));
    });
    match spawned {
        Ok(_) => Asked::Waiting(receiver),
        Err(error) => Asked::Answered(Some(Err(KeychainError::Failed(error.kind().to_string())))),
    }
}

impl From<KeychainError> for Error {
    fn from(error: KeychainError) -> Self {
        match error {
            KeychainError::Missing => Error::passing(
                ErrorCode::KeychainMissing,
                "This computer has no keychain, or it does not run. Choose a passphrase instead: it seals the key in a file.",
            ),
            KeychainError::Locked => Error::passing(ErrorCode::KeychainLocked, "The keychain is locked. Unlock it and try again."),
            KeychainError::Denied => {
                Error::passing(ErrorCode::KeychainLocked, "The keychain refused access. Allow Murmel to use it and try again.")
            }
            KeychainError::TimedOut => Error::passing(
                ErrorCode::KeychainLocked,
                "The keychain did not answer. Look for a window in which it asks for a password, then try again.",
            ),
            KeychainError::Failed(why) => {
                Error::passing(ErrorCode::KeychainLocked, format!("The keychain failed: {why}. Try again, or choose a passphrase instead."))
            }
        }
    }
}

/// The operating system's keychain.
struct SystemKeychain;

impl SystemKeychain {
    fn entry(user: &str) -> std::result::Result<keyring::Entry, KeychainError> {
        // The store is set up once per process; a failure sticks, so it counts as missing.
        keyring::Entry::new(SERVICE, user).map_err(system_error)
    }
}

impl Keychain for SystemKeychain {
    fn read(&self, user: &str) -> std::result::Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
        match Self::entry(user)?.get_secret() {
            Ok(item) => Ok(Some(Zeroizing::new(item))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(system_error(error)),
        }
    }

    fn write(&self, user: &str, item: &[u8]) -> std::result::Result<(), KeychainError> {
        Self::entry(user)?.set_secret(item).map_err(system_error)
    }

    fn remove(&self, user: &str) -> std::result::Result<(), KeychainError> {
        match Self::entry(user)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(system_error(error)),
        }
    }
}

/// Only the kind of an error is kept: the text of some carries the item.
fn system_error(error: keyring::Error) -> KeychainError {
    use keyring::Error as E;
    match error {
        E::NoDefaultStore | E::NotSupportedByStore(_) => KeychainError::Missing,
        E::NoStorageAccess(_) => KeychainError::Locked,
        E::PlatformFailure(cause) => platform_failure(&cause.to_string()),
        E::BadEncoding(_) | E::BadDataFormat(..) | E::BadStoreFormat(_) => KeychainError::Failed("its data is damaged".to_owned()),
        E::Ambiguous(_) => KeychainError::Failed("it holds several items of this account".to_owned()),
        _ => KeychainError::Failed("it cannot keep this item".to_owned()),
    }
}

/// The Secret Service reports everything that D-Bus says as one kind.
fn platform_failure(cause: &str) -> KeychainError {
    let cause = cause.to_ascii_lowercase();
    if cause.contains("denied") || cause.contains("dismissed") {
        KeychainError::Denied
    } else if cause.contains("locked") {
        KeychainError::Locked
    } else {
        KeychainError::Missing
    }
}

/// A keychain in memory, for tests. Clones share the items.
#[derive(Clone, Default)]
pub struct MockKeychain {
    state: Arc<Mutex<MockState>>,
    /// Told when a keychain that hung goes on.
    moved: Arc<Condvar>,
}

#[derive(Default)]
struct MockState {
    items: HashMap<String, Zeroizing<Vec<u8>>>,
    fault: Option<KeychainError>,
    forgetful: bool,
    hangs: bool,
    instant: bool,
}

impl MockKeychain {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that is asked on the caller's thread, for simulations.
    pub fn instant() -> Self {
        let keychain = Self::default();
        keychain.state().instant = true;
        keychain
    }

    /// Every call fails like this from now on; `None` ends it.
    pub fn fail(&self, fault: Option<KeychainError>) {
        self.state().fault = fault;
    }

    /// Whether writes are acknowledged but not kept.
    pub fn forget_writes(&self, forgetful: bool) {
        self.state().forgetful = forgetful;
    }

    /// Whether calls wait until this is ended, as behind a dialog that nobody answers.
    pub fn hang(&self, hangs: bool) {
        self.state().hangs = hangs;
        self.moved.notify_all();
    }

    /// Gives the item of one user to another one; says whether there was one.
    pub fn copy_item(&self, from: &str, to: &str) -> bool {
        let mut state = self.state();
        let item = state.items.get(from).cloned();
        item.map(|item| state.items.insert(to.to_owned(), item)).is_some()
    }

    /// Loses every item, as a reset keychain does.
    pub fn empty(&self) {
        self.state().items.clear();
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.state().items.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn state(&self) -> std::sync::MutexGuard<'_, MockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Once the keychain answers at all.
    fn answering(&self) -> std::sync::MutexGuard<'_, MockState> {
        self.moved.wait_while(self.state(), |state| state.hangs).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keychain for MockKeychain {
    fn read(&self, user: &str) -> std::result::Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
        let state = self.answering();
        state.fault.clone().map_or_else(|| Ok(state.items.get(user).cloned()), Err)
    }

    fn write(&self, user: &str, item: &[u8]) -> std::result::Result<(), KeychainError> {
        let mut state = self.answering();
        if let Some(fault) = state.fault.clone() {
            return Err(fault);
        }
        if !state.forgetful {
            state.items.insert(user.to_owned(), Zeroizing::new(item.to_vec()));
        }
        Ok(())
    }

    fn remove(&self, user: &str) -> std::result::Result<(), KeychainError> {
        let mut state = self.answering();
        if let Some(fault) = state.fault.clone() {
            return Err(fault);
        }
        state.items.remove(user);
        Ok(())
    }

    fn is_instant(&self) -> bool {
        self.state().instant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets { keys: Keys::generate(), database: Zeroizing::new([7; KEY_LEN]) }
    }

    #[test]
    fn an_item_reads_back_as_it_was_written_and_is_about_a_hundred_bytes() {
        let secrets = secrets();
        let item = secrets.to_item();
        assert_eq!(item.len(), 96);
        let back = Secrets::from_item(&item).unwrap();
        assert_eq!(back.keys.public_key(), secrets.keys.public_key());
        assert_eq!(back.database, secrets.database);
    }

    /// Every type that carries a secret key, a database key or what opens them, the library's included.
    #[test]
    fn printing_a_secret_shows_nothing_of_it() {
        let secrets = secrets();
        let key = secrets.keys.secret_key();
        let nsec = nostr::nips::nip19::ToBech32::to_bech32(key).unwrap();
        let code = crate::keys::recovery::make();
        let net = murmel_net::NetOptions { auth: Some(secrets.keys.clone()), ..murmel_net::NetOptions::default() };
        let printed = [
            format!("{secrets:?}"),
            format!("{:?} {:#?}", secrets.keys, key),
            format!("{net:#?}"),
            format!("{:?}", murmel_store::DatabaseKey::new(*secrets.database)),
            format!("{code:?}"),
        ]
        .join("\n");
        let bytes = format!("{:?}", key.as_secret_bytes());
        for secret in [key.to_secret_hex(), nsec, bytes, "7, 7, 7".to_owned(), "070707".to_owned(), code.to_string()] {
            assert!(!printed.contains(&secret), "{printed}");
        }
    }

    #[test]
    fn anything_else_is_not_an_item() {
        let item = secrets().to_item();
        for bad in [&b""[..], b"murmel1:", b"murmel2:AAAA", &item[..95], &item[1..], &[0xff; 96]] {
            assert!(Secrets::from_item(bad).is_none());
        }
    }

    #[tokio::test]
    async fn a_keychain_that_keeps_nothing_is_noticed_when_the_item_is_read_back() {
        let mock = MockKeychain::new();
        mock.forget_writes(true);
        let keychain: Arc<dyn Keychain> = Arc::new(mock);
        assert!(matches!(write(&keychain, "npub", secrets().to_item()).await, Err(KeychainError::Failed(_))));
    }

    #[test]
    fn errors_of_the_systems_keychain_are_told_apart() {
        let failure = |text: &str| keyring::Error::PlatformFailure(text.to_owned().into());
        assert_eq!(system_error(keyring::Error::NoDefaultStore), KeychainError::Missing);
        assert_eq!(system_error(failure("no session bus")), KeychainError::Missing);
        assert_eq!(system_error(keyring::Error::NoStorageAccess("locked".to_owned().into())), KeychainError::Locked);
        assert_eq!(system_error(failure("prompt was dismissed")), KeychainError::Denied);
    }
}
