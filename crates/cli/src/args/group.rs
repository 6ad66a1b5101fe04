//! Groups, their members, and invitations.

use clap::Subcommand;

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
