//! People, and the account's own profile.

use clap::Subcommand;

/// Verbs of people.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Everything that is known of somebody.
    Show {
        /// Who.
        person: String,
        /// Look them up on relays before.
        #[arg(long)]
        refresh: bool,
        /// Ask the host of the address that they give whether it is theirs.
        #[arg(long)]
        verify: bool,
    },
    /// People known here, by name, address or the beginning of a key; nobody is asked.
    Find {
        /// What to look for; those known best where it is empty.
        #[arg(default_value = "")]
        text: String,
    },
    /// Whom an npub, an nprofile, 64 hex digits or an address such as anna@example.org names. Asks the network.
    LookUp {
        /// The text.
        text: String,
    },
    /// Whether people can be invited now.
    CanInvite {
        /// Who.
        #[arg(required = true)]
        people: Vec<String>,
    },
    /// The conversation with somebody alone: the one there is, or a new one.
    Chat {
        /// Who.
        person: String,
    },
    /// Give somebody a name that stays on this computer; an empty one takes it away.
    Nickname {
        /// Who.
        person: String,
        /// The name.
        nickname: String,
    },
    /// Hide what somebody writes; their invitations vanish.
    Block {
        /// Who.
        person: String,
    },
    /// Take a block away.
    Unblock {
        /// Who.
        person: String,
    },
    /// Who is blocked.
    Blocked,
}

/// Verbs of the account's own profile.
#[derive(Debug, Subcommand)]
pub enum OwnProfile {
    /// As it was last seen or published.
    Show,
    /// Publish it with these fields changed; an empty text takes one away. Anybody can read it.
    Set {
        /// The name that people see.
        #[arg(long)]
        name: Option<String>,
        /// A text about yourself.
        #[arg(long)]
        about: Option<String>,
        /// The https address of a picture.
        #[arg(long, value_name = "URL")]
        picture: Option<String>,
        /// The https address of a page.
        #[arg(long, value_name = "URL")]
        website: Option<String>,
        /// An address such as anna@example.org (NIP-05).
        #[arg(long)]
        address: Option<String>,
    },
    /// Earlier versions, newest first.
    Versions,
    /// Publish an earlier version again.
    Restore {
        /// Its id, or the first characters of it (at least four).
        id: String,
    },
}
