//! An account on its own, for tests of single parts.
//! It reaches no relay but those that a test names.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use murmel_ipc::KeyPlace;
use nostr::Keys;
use zeroize::Zeroizing;

use crate::account::{Account, Birth, Opening, create_database};
use crate::keys::keychain::Secrets;
use crate::{Clock, Housekeeping, Options, Pace};

/// An account in a folder of its own.
pub(crate) struct Bench {
    pub(crate) account: Arc<Account>,
    options: Options,
    folder: tempfile::TempDir,
}

impl Bench {
    /// An account whose own lists go nowhere, so that a relay of the test sees the test's events only.
    pub(crate) async fn new() -> Self {
        Self::on(vec!["ws://127.0.0.1:9".to_owned()]).await
    }

    /// An account that publishes to these relays.
    pub(crate) async fn on(relays: Vec<String>) -> Self {
        Self::with(relays, Housekeeping::default(), Clock::system()).await
    }

    /// As [`Bench::on`], with waiting times and a clock of the test's own.
    pub(crate) async fn with(relays: Vec<String>, housekeeping: Housekeeping, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path());
        options.default_relays = relays;
        options.allow_loopback = true;
        options.housekeeping = housekeeping;
        options.clock = clock;
        let short = Duration::from_millis(20);
        options.pace = Pace {
            publish: Duration::from_millis(500),
            retry_cap: Duration::from_secs(1),
            redial_first: short,
            setup_first: short,
            setup_cap: Duration::from_millis(200),
            ..Pace::default()
        };
        let keys = Keys::generate();
        create_database(&database(&folder), &secrets(&keys), "", Birth::Created, &options).await.unwrap();
        Self::open(keys, options, folder).await
    }

    /// The program dies where it stands and is started again.
    pub(crate) async fn killed(self) -> Self {
        let Self { account, options, folder } = self;
        account.abort();
        Self::open(account.keys.clone(), options, folder).await
    }

    async fn open(keys: Keys, options: Options, folder: tempfile::TempDir) -> Self {
        let opening = Opening {
            database: database(&folder),
            secrets: secrets(&keys),
            key_place: KeyPlace::Vault,
            options: options.clone(),
            bus: Arc::default(),
            desk: Arc::default(),
            try_it: false,
            auto_accept: false,
        };
        Self { account: Account::open(opening).await.unwrap(), options, folder }
    }
}

fn database(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("murmel.db")
}

fn secrets(keys: &Keys) -> Secrets {
    Secrets { keys: keys.clone(), database: Zeroizing::new([3; 32]) }
}
