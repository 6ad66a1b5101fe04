//! The accounts of the profile, their keys, and where these are kept.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// The accounts of the profile and their keys.
#[derive(Debug, Subcommand)]
pub enum Identity {
    /// Create a key.
    New {
        /// The name people see.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Use an existing key: nsec, ncryptsec, 64 hex digits or 12 or 24 seed words, read from the first line of standard input.
    ///
    /// The password of an ncryptsec, or the extra word of seed words, comes from MURMEL_KEY_PASSWORD or from the second line.
    Import {
        /// Which account of seed words.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        index: u32,
    },
    /// The public key and where the secret one is kept.
    Show,
    /// Every account of the profile.
    List,
    /// Show another account from now on: in the window, and to commands that name none.
    Use {
        /// Its name, its npub, or the beginning of its npub.
        who: String,
    },
    /// Write the key as an ncryptsec, sealed with a password.
    ///
    /// The password comes from MURMEL_KEY_PASSWORD or from the first line of standard input.
    Export {
        /// The file; standard output where none is given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Delete everything of the account from this computer. Without --yes it says what that is.
    Logout {
        /// Do it.
        #[arg(long)]
        yes: bool,
        /// Leave its groups first.
        #[arg(long)]
        leave_groups: bool,
    },
    /// Seal the vault with the passphrase in MURMEL_NEW_PASSPHRASE.
    Passphrase,
    /// Move the key: into the keychain, or into a vault sealed by the passphrase in MURMEL_NEW_PASSPHRASE.
    Move {
        /// Where to.
        #[arg(value_enum)]
        to: Place,
    },
    /// A code that opens the account where keychain or passphrase are lost.
    #[command(subcommand)]
    Recovery(Recovery),
    /// Let the window lock itself.
    LockAfter {
        /// After how many minutes without use; 0 is never.
        minutes: u32,
    },
}

/// Where a key is kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Place {
    /// The keychain of the system.
    Keychain,
    /// A file sealed by a passphrase.
    Vault,
}

/// The recovery code.
#[derive(Debug, Subcommand)]
pub enum Recovery {
    /// Make one and print it; one that was made before opens nothing any more.
    New,
    /// Take it away.
    Remove,
    /// Open the account with it, read from the first line of standard input.
    ///
    /// The key goes into a vault where MURMEL_NEW_PASSPHRASE or MURMEL_PASSPHRASE is set, otherwise into the keychain.
    Open,
}
