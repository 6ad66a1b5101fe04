//! Owns what happened to a group, as rows of its timeline, and how races ended.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::message::Unsent;

/// What happened to a group. Names are as shown; "You" where it is the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SystemMessage {
    /// The account created the group.
    Created,
    /// The account joined.
    Joined {
        /// Who invited.
        by: String,
    },
    /// Somebody was added.
    MemberAdded {
        /// Who did it.
        by: String,
        /// Whom it concerns.
        who: String,
    },
    /// Somebody was removed.
    MemberRemoved {
        /// Who did it.
        by: String,
        /// Whom it concerns.
        who: String,
    },
    /// Somebody left.
    MemberLeft {
        /// Who left.
        who: String,
    },
    /// Somebody became an admin.
    AdminAdded {
        /// Who did it.
        by: String,
        /// Whom it concerns.
        who: String,
    },
    /// Somebody is no admin any more.
    AdminRemoved {
        /// Who did it.
        by: String,
        /// Whom it concerns.
        who: String,
    },
    /// The group has a new name.
    Renamed {
        /// Who did it.
        by: String,
        /// The new name.
        name: String,
    },
    /// The group has a new description.
    Described {
        /// Who did it.
        by: String,
    },
    /// The time after which messages disappear was changed.
    RetentionChanged {
        /// Who did it.
        by: String,
        /// Seconds; 0 is off.
        #[ts(type = "number")]
        seconds: u64,
    },
    /// The picture was changed.
    PictureChanged {
        /// Who did it.
        by: String,
    },
    /// An admin ended the group for good.
    Disbanded {
        /// Who did it.
        by: String,
    },
    /// The group moved to other relays.
    RelaysChanged {
        /// Who did it.
        by: String,
    },
    /// An invitation by the account reached no relay. Inviting the person again sends it again.
    InvitationFailed {
        /// Whom it concerns.
        who: String,
        /// Why.
        cause: Unsent,
        /// Why, as a sentence, in English; may carry words of a relay.
        reason: String,
    },
    /// Changes were made at the same time, and the group went another way than it had gone here.
    BranchChanged {
        /// Who made the change that counts.
        by: String,
        /// What decided.
        reason: RaceReason,
        /// Messages of others that were withdrawn; their apps send them again.
        withdrawn: u32,
        /// Own messages that were sent again.
        resent: u32,
    },
    /// A change by the account that was to be made later, and cannot be made.
    ChangeFailed {
        /// What was wanted.
        what: WantedChange,
        /// Why it cannot be made.
        cause: ChangeObstacle,
        /// Why, in sentences, in English; may carry words of a relay.
        reason: String,
    },
}

/// A change of a group that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WantedChange {
    /// To invite people.
    Invite,
    /// To remove a member.
    Remove,
    /// To rename the group.
    Rename,
    /// To change the description.
    Describe,
    /// To make a member an admin.
    Promote,
    /// To take the admin role from a member.
    Demote,
    /// To leave the group.
    Leave,
    /// To change how long messages stay.
    Retention,
    /// To change the picture.
    Picture,
    /// To move the group to other relays.
    Relays,
    /// To bring the group up to date.
    Upgrade,
    /// To end the group.
    End,
}

/// Why a change of a group cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeObstacle {
    /// No relay of the group takes it.
    Refused,
    /// Somebody else renamed the group at the same time.
    Renamed,
    /// Somebody else changed the description at the same time.
    Described,
    /// Too many changes of the group wait to be made.
    TooMany,
    /// The group is not what it was: it does not go any more.
    Impossible,
}

/// What decided a race between changes that were made at the same time (Marmot: convergence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RaceReason {
    /// More changes followed it.
    Longer,
    /// Two members had written after it.
    Witnessed,
    /// More members had written after it.
    MoreWitnesses,
    /// It changes the group, the other one only keys or a departure.
    Privileged,
    /// The key of whoever made it is the lower one, which is as good as a coin and the same for everybody.
    LowerAccount,
    /// Its digest is the lower one.
    LowerDigest,
}

/// A change in a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RaceCommit {
    /// The epoch that it began.
    #[ts(type = "number")]
    pub epoch: u64,
    /// SHA-256 of the commit, hex.
    pub commit: String,
    /// Who made it, hex; `None` where that is not known.
    pub by: Option<String>,
}

/// How a race between changes of a group ended: everything that can be said of it without a key or a word of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Race {
    /// When it was decided here, Unix seconds.
    #[ts(type = "number")]
    pub at: u64,
    /// The last epoch that both branches share; `None` where only one branch was seen.
    #[ts(type = "number | null")]
    pub fork: Option<u64>,
    /// What decided.
    pub reason: Option<RaceReason>,
    /// Whether the group went another way than it had gone here until then.
    pub switched: bool,
    /// The changes that count.
    pub kept: Vec<RaceCommit>,
    /// The changes that do not.
    pub left: Vec<RaceCommit>,
    /// Messages of others that were withdrawn with them.
    pub withdrawn: u32,
    /// Own messages that were sent again.
    pub resent: u32,
    /// Own changes that are made again.
    pub again: u32,
}
