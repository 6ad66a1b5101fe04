//! How a profile is opened.
//! It reads no environment: the window and the terminal do, and fill this in.

use std::path::PathBuf;
use std::sync::Arc;

use murmel_ipc::SecretText;
use murmel_net::Wire;
use murmel_store::Execution;

use crate::profile::proxy::Routing;
use crate::{Clock, Housekeeping, KeychainChoice, Pace};

/// Relays that a new account starts with; editable.
pub const DEFAULT_RELAYS: [&str; 5] =
    ["wss://relay.damus.io", "wss://nos.lol", "wss://relay.primal.net", "wss://relay.eu.whitenoise.chat", "wss://relay.us.whitenoise.chat"];

/// Relays that are asked for people's relay lists besides, as long as [`Options::default_relays`] are the built-in ones.
pub const LOOKUP_RELAYS: [&str; 1] = ["wss://purplepag.es"];

/// How a profile is opened. No `Debug`: it may hold a passphrase.
#[derive(Clone)]
pub struct Options {
    /// The profile folder; created where it is missing, readable by its owner only.
    pub home: PathBuf,
    /// Where keys are kept.
    pub keychain: KeychainChoice,
    /// Relays a new account starts with, and where other people's lists are looked up.
    pub default_relays: Vec<String>,
    /// Whether `ws://127.0.0.1` and the like may be dialled: a developer's switch.
    pub allow_loopback: bool,
    /// Seals the vault at creation and opens it afterwards, without asking; the terminal's way. Clones share it.
    pub passphrase: Option<Arc<SecretText>>,
    /// Opens only the accounts whose npub begins like this; without it, or where it is no beginning of an npub, all.
    pub account: Option<String>,
    /// The time.
    pub clock: Clock,
    /// Time-outs and pauses of publishing and of the set-up.
    pub pace: Pace,
    /// How long housekeeping waits.
    pub housekeeping: Housekeeping,
    /// Carries frames to relays instead of sockets. Only simulations set it, and with it everything runs on the caller's thread:
    /// transactions, and calls of the keychain.
    pub wire: Option<Arc<dyn Wire>>,
    /// The way that connections of every account take; read from the profile folder.
    pub(crate) routing: Arc<Routing>,
}

impl Options {
    /// A profile in `home` with the built-in relays and the keychain of the system.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            keychain: KeychainChoice::System,
            default_relays: DEFAULT_RELAYS.map(str::to_owned).to_vec(),
            allow_loopback: false,
            passphrase: None,
            account: None,
            clock: Clock::system(),
            pace: Pace::default(),
            housekeeping: Housekeeping::default(),
            wire: None,
            routing: Arc::default(),
        }
    }

    /// Where the database runs its transactions.
    pub(crate) fn execution(&self) -> Execution {
        if self.wire.is_some() { Execution::Inline } else { Execution::Thread }
    }

    /// Whoever brings relays of their own contacts these only.
    pub(crate) fn lookup_relays(&self) -> Vec<String> {
        let built_in = self.default_relays.iter().map(String::as_str).eq(DEFAULT_RELAYS);
        if built_in { LOOKUP_RELAYS.map(str::to_owned).to_vec() } else { Vec::new() }
    }
}
