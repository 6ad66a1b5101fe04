//! Owns the command line: every verb, its arguments and its help.
//! Never does what a verb says.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

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

/// What the desktop app announces; what is not given stays as it is.
#[derive(Debug, Default, clap::Args)]
pub struct Notifications {
    /// How much a notification gives away.
    #[arg(long, value_name = "LEVEL")]
    pub shows: Option<Shows>,
    /// Whether a message that concerns the account is announced from a silent chat.
    #[arg(long, value_name = "BOOL")]
    pub mentions_through_mute: Option<bool>,
    /// Whether they make a sound.
    #[arg(long, value_name = "BOOL")]
    pub sound: Option<bool>,
    /// Silent every day between two times, such as 22:00-07:00; `off` ends that.
    #[arg(long, value_name = "FROM-TO")]
    pub quiet: Option<String>,
    /// Silent for a time.
    #[arg(long, value_name = "TIME")]
    pub pause: Option<Pause>,
}

/// How much a notification gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shows {
    /// There are none.
    Off,
    /// How many messages wait.
    Count,
    /// The chat and who wrote.
    Name,
    /// What was written, too.
    Text,
}

/// For how long notifications are paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Pause {
    /// An hour.
    Hour,
    /// Until eight in the morning.
    Tomorrow,
    /// Not any longer.
    End,
}

/// Which relay list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
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

/// Groups and their members.
#[derive(Debug, Subcommand)]
pub enum Group {
    /// Create a group.
    New {
        /// Its name.
        name: String,
        /// People to invite.
        #[arg(value_name = "PERSON")]
        people: Vec<String>,
        /// Its description.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// All groups.
    List,
    /// One group.
    Show {
        /// The group.
        group: String,
    },
    /// The members of a group.
    Members {
        /// The group.
        group: String,
    },
    /// Invite people.
    Invite {
        /// The group.
        group: String,
        /// Whom.
        #[arg(required = true, value_name = "PERSON")]
        people: Vec<String>,
    },
    /// Remove a member.
    Remove {
        /// The group.
        group: String,
        /// Whom.
        person: String,
    },
    /// Give the group another name.
    Rename {
        /// The group.
        group: String,
        /// The new name.
        name: String,
    },
    /// Give the group another description.
    Describe {
        /// The group.
        group: String,
        /// The new description.
        text: String,
    },
    /// Make a member an admin.
    Promote {
        /// The group.
        group: String,
        /// Whom.
        person: String,
    },
    /// Make an admin an ordinary member.
    Demote {
        /// The group.
        group: String,
        /// Whom.
        person: String,
    },
    /// How races between changes of the group ended, newest first.
    Races {
        /// The group.
        group: String,
    },
    /// Leave the group. The last admin has to name a successor.
    Leave {
        /// The group.
        group: String,
        /// The member who becomes an admin in your place.
        #[arg(long, value_name = "PERSON")]
        successor: Option<String>,
    },
    /// Let messages disappear.
    Retention {
        /// The group.
        group: String,
        /// After how many seconds; 0 is never.
        seconds: u64,
    },
    /// Set the picture by URL, or take it away.
    Avatar {
        /// The group.
        group: String,
        /// An https URL; leave it out to take the picture away.
        url: Option<String>,
        /// Width and height, such as 640x480.
        #[arg(long, default_value = "", requires = "url")]
        dimension: String,
        /// A thumbhash.
        #[arg(long, default_value = "", requires = "url")]
        thumbhash: String,
    },
    /// Set the encrypted picture, or take it away.
    ///
    /// Reads one JSON object from the first line of standard input: hash, key, nonce, upload_key (hex) and media_type.
    Image {
        /// The group.
        group: String,
        /// Take the picture away; nothing is read.
        #[arg(long)]
        remove: bool,
    },
    /// Move the group to these relays and no others.
    Move {
        /// The group.
        group: String,
        /// All of its relays from now on.
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
        /// Under another tag, too, so that relays cannot tell that it is the same group.
        #[arg(long)]
        new_tag: bool,
    },
    /// Require of everybody what new groups require.
    Upgrade {
        /// The group.
        group: String,
    },
    /// End the group for good: everybody is removed, and nobody can join it again.
    End {
        /// The group.
        group: String,
        /// Without this nothing happens.
        #[arg(long)]
        yes: bool,
    },
}

/// Invitations.
#[derive(Debug, Subcommand)]
pub enum Requests {
    /// Those that wait, newest first.
    List,
    /// Join the group of one.
    Accept {
        /// Its id, or the first characters of it (at least four).
        id: String,
    },
    /// Put one aside; nobody is told.
    Decline {
        /// Its id, or the first characters of it (at least four).
        id: String,
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
