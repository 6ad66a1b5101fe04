//! Owns the command line: every verb, its arguments and its help.
//! Never does what a verb says.

mod group;
mod identity;
mod network;
mod notifications;
mod people;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub use group::{Group, Requests};
pub use identity::{Identity, Place, Recovery};
pub use network::{Edit, Outbox, Proxy, Reach, Relay, Relays, Role};
pub use notifications::{Notifications, Pause, Shows};
pub use people::{OwnProfile, Person};

const EXIT: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the network could not be reached.\n\
    GROUP is the id of a group, the first characters of one (at least four), or a name that only one group has.\n\
    PERSON is an npub, an nprofile or 64 hex digits.\n\
    MURMEL_PASSPHRASE keeps the keys in a file sealed by it instead of the keychain of the system.\n\
    The JSON shapes are described in crates/cli/README.md.";

/// Private group chat in the terminal.
#[derive(Debug, Parser)]
#[command(name = "murmel-cli", version, after_help = EXIT)]
pub struct Args {
    /// What holds for every verb.
    #[command(flatten)]
    pub common: Common,
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What holds for every verb.
#[derive(Clone, Debug, ClapArgs)]
pub struct Common {
    /// Folder of the profile.
    #[arg(long, env = "MURMEL_HOME", value_name = "DIR", global = true)]
    pub home: Option<PathBuf>,
    /// Which account of the profile: its name, its npub, or the beginning of its npub. Without it, the one that is shown.
    #[arg(long, value_name = "WHO", global = true)]
    pub account: Option<String>,
    /// Print one JSON object (`listen`: one for each line).
    #[arg(long, global = true)]
    pub json: bool,
    /// Relays of the account; may be repeated. Given for an existing profile, they replace those it has.
    #[arg(long, env = "MURMEL_RELAYS", value_name = "URL", value_delimiter = ',', global = true)]
    pub relay: Vec<String>,
    /// For development: relays on this computer may be used. Implied by a --relay on this computer.
    #[arg(long, env = "MURMEL_ALLOW_LOOPBACK", value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub allow_loopback: bool,
    /// How long to wait for the network, in seconds.
    #[arg(long, default_value_t = 20, value_name = "SECONDS", global = true)]
    pub timeout: u64,
    /// How long one relay may take to answer before it is asked again, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300), value_name = "SECONDS", global = true)]
    pub relay_timeout: u64,
    /// Do not wait for the network: what is sent stays queued, what is listed is what is here.
    #[arg(long, global = true)]
    pub offline: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The accounts of the profile and their keys.
    #[command(subcommand)]
    Identity(Identity),
    /// The relays on which people reach the account.
    Relays {
        /// Show or change; `show` where nothing is given.
        #[command(subcommand)]
        verb: Option<Relays>,
    },
    /// Groups and their members.
    #[command(subcommand)]
    Group(Group),
    /// Invitations that wait for an answer.
    #[command(subcommand)]
    Requests(Requests),
    /// Send a text to a group.
    Send {
        /// The group.
        group: String,
        /// The text; `-` reads it from standard input.
        text: String,
        /// The id of the message this one answers.
        #[arg(long, value_name = "ID")]
        reply: Option<String>,
    },
    /// Answer a message.
    Reply {
        /// The group.
        group: String,
        /// The id of the message.
        message: String,
        /// The text; `-` reads it from standard input.
        text: String,
    },
    /// React to a message.
    React {
        /// The group.
        group: String,
        /// The id of the message.
        message: String,
        /// An emoji or a text of at most 64 characters.
        emoji: String,
        /// Take the reaction back.
        #[arg(long)]
        remove: bool,
    },
    /// Replace the text of a message of your own.
    Edit {
        /// The group.
        group: String,
        /// The id of the message.
        message: String,
        /// The new text; `-` reads it from standard input.
        text: String,
    },
    /// Delete a message for everybody: one of your own, or as an admin anybody's.
    Delete {
        /// The group.
        group: String,
        /// The id of the message.
        message: String,
    },
    /// Take a message of your own back that no relay has accepted.
    Cancel {
        /// The group.
        group: String,
        /// The id of the message.
        message: String,
    },
    /// One message as people see it: text after edits, who reacted, whom it names, and every text that it had.
    Message {
        /// The group.
        group: String,
        /// The id of the message.
        message: String,
    },
    /// The messages of a group, oldest first.
    Messages {
        /// The group.
        group: String,
        /// How many of the newest.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Those around the message of this id instead (at most 200), each once and in the order of the timeline.
        #[arg(long, value_name = "ID")]
        around: Option<String>,
    },
    /// People: what they say about themselves, who can be invited, nicknames and blocks.
    #[command(subcommand)]
    Person(Person),
    /// What the account says about itself; `show` where nothing is given.
    Profile {
        /// Show, change or restore.
        #[command(subcommand)]
        verb: Option<OwnProfile>,
    },
    /// Find messages by their words, newest first.
    Search {
        /// Words (all of them), "phrases", beginnings*.
        text: String,
        /// In this group only.
        #[arg(long)]
        group: Option<String>,
        /// By this person only.
        #[arg(long, value_name = "NPUB")]
        person: Option<String>,
        /// How many, at most 100.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Look at every page of the database and at the search index.
    Check {
        /// Make the search index anew before.
        #[arg(long)]
        rebuild_search: bool,
    },
    /// What the desktop app of this profile announces, and when it is silent.
    Notifications(Notifications),
    /// Print what arrives, one JSON object for each line, until the program is stopped.
    Listen {
        /// Send what standard input brings: one JSON object `{"group", "text", "reply"?}` for each line.
        #[arg(long)]
        stdin: bool,
    },
    /// Whether people can reach the account; `check` where nothing is given.
    Reach {
        /// Check or fix.
        #[command(subcommand)]
        verb: Option<Reach>,
    },
    /// What no relay has accepted yet; `list` where nothing is given.
    Outbox {
        /// List or retry.
        #[command(subcommand)]
        verb: Option<Outbox>,
    },
    /// The way that connections of the profile take; `show` where nothing is given.
    Proxy {
        /// Show or set.
        #[command(subcommand)]
        verb: Option<Proxy>,
    },
    /// How far the account is behind, where something may be missing, and what cannot be read.
    Progress,
    /// Fetch what is missing, publish what is queued, and do what is due in the groups.
    Sync,
    /// A relay for trying things out.
    #[command(subcommand)]
    Relay(Relay),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_may_follow_the_verb() {
        let args = Args::try_parse_from(["murmel-cli", "group", "list", "--home", "/tmp/x", "--json"]).unwrap();
        assert!(args.common.json);
        assert_eq!(args.common.home, Some(PathBuf::from("/tmp/x")));
    }

    #[test]
    fn relays_without_a_verb_shows_them() {
        let args = Args::try_parse_from(["murmel-cli", "relays"]).unwrap();
        assert!(matches!(args.verb, Verb::Relays { verb: None }));
    }
}
