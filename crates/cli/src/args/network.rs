//! Relays, how the account is reached, and the way that connections take.

use std::net::SocketAddr;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// Relays of the account.
#[derive(Debug, Subcommand)]
pub enum Relays {
    /// Show them.
    Show,
    /// Replace them, in both lists.
    Set {
        /// All of them.
        #[arg(required = true)]
        urls: Vec<String>,
    },
    /// Where people reach the account, where it publishes, the relays of its groups, and earlier versions.
    Lists,
    /// What an edit of a list would change; nothing is written.
    Preview(Edit),
    /// Edit a list.
    Edit(Edit),
    /// Publish an earlier version of a list again.
    Restore {
        /// Its number in `relays lists`.
        version: i64,
    },
    /// How each relay behaves.
    Health,
}

/// An edit of a relay list.
#[derive(Clone, Debug, ClapArgs)]
pub struct Edit {
    /// Which list.
    pub role: Role,
    /// All relays that are to be used for it.
    #[arg(required = true)]
    pub urls: Vec<String>,
    /// An entry of another app that is to go, too; may be repeated.
    #[arg(long, value_name = "URL")]
    pub remove: Vec<String>,
}

/// Which relay list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Where people reach the account.
    Reach,
    /// Where the account publishes.
    Publish,
}

/// Whether people can reach the account.
#[derive(Debug, Subcommand)]
pub enum Reach {
    /// Read it back from each relay.
    Check,
    /// Publish it again, and look whether it is there.
    Fix,
}

/// What no relay has accepted yet.
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// Show it.
    List,
    /// Try something in it again at once.
    Retry {
        /// Its number in `outbox list`.
        item: i64,
    },
}

/// The way that connections take.
#[derive(Debug, Subcommand)]
pub enum Proxy {
    /// Show it.
    Show,
    /// Choose it: `off`, `tor`, or HOST:PORT of a SOCKS5 proxy.
    Set {
        /// `off`, `tor`, or HOST:PORT.
        way: String,
    },
}

/// A relay for trying things out.
#[derive(Debug, Subcommand)]
pub enum Relay {
    /// Run a relay that keeps events in memory, until the program is stopped.
    Serve {
        /// Where it listens, for example 127.0.0.1:7777; port 0 takes a free one.
        address: SocketAddr,
    },
}
