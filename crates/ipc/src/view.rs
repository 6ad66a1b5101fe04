use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where the profile stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Session {
    /// Nothing here yet: show the first run.
    FirstRun {
        /// Where a key would be kept.
        key_place: KeyPlace,
    },
    /// A vault waits for its passphrase.
    Locked {
        /// Whose vault it is.
        npub: String,
    },
    /// There is data of an account, but its key cannot be had. Nothing is created over it.
    KeyUnavailable {
        /// Whose data it is.
        npub: String,
        /// Whether the keychain merely refuses (`true`), or no longer has the key (`false`).
        retryable: bool,
        /// What happened and what to do.
        message: String,
    },
    /// Open.
    Ready {
        /// The open account.
        account: AccountView,
    },
}

/// Where a secret key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The keychain of the operating system.
    Keychain,
    /// A file sealed by a passphrase.
    Vault,
}

/// The open account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct AccountView {
    /// The public key, bech32.
    pub npub: String,
    /// The name the person chose; may be empty.
    pub name: String,
    /// Where the secret key is kept.
    pub key_place: KeyPlace,
    /// A conversation with the companion on an embedded relay; can be removed without a trace.
    pub try_it: bool,
    /// Key package slots of other clients that were found at import and left alone.
    pub other_clients: u32,
}

/// What a pasted key is, before it is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct KeyPreview {
    /// The form of the key.
    pub kind: KeyKind,
    /// The public key; `None` while an ncryptsec is closed.
    pub npub: Option<String>,
    /// Where the key will be kept.
    pub key_place: KeyPlace,
}

/// The form of a pasted key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// NIP-19 nsec.
    Nsec,
    /// 64 hex digits.
    Hex,
    /// NIP-49 ncryptsec: needs its password.
    Ncryptsec,
}

/// A person named by an npub, an nprofile or 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PersonPreview {
    /// The public key, bech32.
    pub npub: String,
    /// The public key, 64 hex digits.
    pub pubkey: String,
    /// A name, where one is known.
    pub name: Option<String>,
    /// Whether it is the account itself.
    pub is_me: bool,
}

/// How a group stands for this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// A member.
    Active,
    /// Leaving: nothing is sent any more, another member has yet to confirm.
    Leaving,
    /// Left.
    Left,
    /// Removed by an admin.
    Removed,
    /// This device cannot follow the group any more: an admin has to remove the account and invite it again.
    Stranded,
    /// Ended for good by an admin.
    Ended,
}

/// One row of the chat list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ChatRow {
    /// Names the chat in every command: the MLS group id in hex.
    pub id: String,
    /// The group's name, or the members' names where it has none.
    pub name: String,
    /// How the group stands.
    pub state: GroupState,
    /// Start of the newest message, one line; empty where there is none.
    pub preview: String,
    /// Who wrote it, as shown; empty for system rows and where there is none.
    pub preview_sender: String,
    /// Time of the last activity, Unix seconds; sorts the list, newest first.
    #[ts(type = "number")]
    pub last_activity: u64,
    /// Messages of others that were not read yet.
    pub unread: u32,
    /// Own messages that failed.
    pub failed: u32,
    /// Number of member accounts.
    pub members: u32,
}

/// Everything the details panel of a group shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GroupDetails {
    /// As in [`ChatRow::id`].
    pub id: String,
    /// The group's name; may be empty.
    pub name: String,
    /// The group's description; may be empty.
    pub description: String,
    /// How the group stands.
    pub state: GroupState,
    /// The MLS epoch.
    #[ts(type = "number")]
    pub epoch: u64,
    /// Relays that carry the group.
    pub relays: Vec<String>,
    /// All members; the account itself first, then by name.
    pub members: Vec<MemberView>,
    /// Whether the account is an admin.
    pub i_am_admin: bool,
    /// Seconds after which messages disappear; 0 is never.
    #[ts(type = "number")]
    pub retention: u64,
    /// URL of the group's picture; `None` where there is none. It is not fetched without consent.
    pub avatar: Option<String>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MemberView {
    /// The public key, 64 hex digits.
    pub pubkey: String,
    /// The public key, bech32.
    pub npub: String,
    /// The person's name, or a short form of the npub.
    pub name: String,
    /// Whether the member is an admin.
    pub is_admin: bool,
    /// Whether it is the account itself.
    pub is_me: bool,
    /// How the invitation stands with which the account added this person; `None` where somebody else did, or long ago.
    pub invitation: Option<InvitationState>,
}

/// How far an invitation got. That it was accepted by a relay says nothing about whether its reader has joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum InvitationState {
    /// On no relay yet.
    Waiting,
    /// On this many of the relays on which the person is reached.
    Sent {
        /// Relays that said OK.
        accepted: u32,
        /// Relays that are tried.
        relays: u32,
    },
    /// No relay took it. Inviting the person again sends it again.
    Failed {
        /// In plain words.
        reason: String,
    },
}

/// A place in a timeline; opaque, and only compared for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cursor {
    /// Unix seconds of the row.
    #[ts(type = "number")]
    pub at: u64,
    /// Sequence of the row.
    #[ts(type = "number")]
    pub seq: i64,
}

/// A run of messages, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct TimelinePage {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// Ask for what is older than this; `None` at the beginning of the conversation.
    pub older: Option<Cursor>,
    /// The first message that was not read when the page was made.
    #[ts(type = "number | null")]
    pub first_unread: Option<i64>,
}

/// A row of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MessageView {
    /// Never reused.
    #[ts(type = "number")]
    pub id: i64,
    /// Orders the timeline together with `at`.
    pub cursor: Cursor,
    /// The chat it belongs to.
    pub chat: String,
    /// The author's public key, 64 hex digits.
    pub sender: String,
    /// The author's name as shown.
    pub sender_name: String,
    /// Whether the account wrote it.
    pub mine: bool,
    /// What the row shows.
    pub kind: MessageKind,
    /// Unix seconds, as the author states them.
    #[ts(type = "number")]
    pub at: u64,
    /// How far it got.
    pub state: MessageState,
}

/// What a row of the timeline shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MessageKind {
    /// A text.
    Text {
        /// The text; deleted messages have none.
        text: String,
        /// Whether the author replaced the text since.
        edited: bool,
        /// Whether the author deleted it.
        deleted: bool,
        /// The message it answers, where that one is here.
        #[ts(type = "number | null")]
        reply_to: Option<i64>,
        /// One line of the message it answers; `None` where that one is not here.
        quote: Option<String>,
        /// What people think of it, most chosen first.
        reactions: Vec<Reaction>,
        /// Whom it names; in the text each stands as `nostr:npub1…`.
        mentions: Vec<Mention>,
    },
    /// Something happened to the group.
    System {
        /// What happened.
        event: SystemMessage,
    },
}

/// An emoji, and who chose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Reaction {
    /// The emoji, or another short text; `+` is a like.
    pub emoji: String,
    /// How many people chose it.
    pub count: u32,
    /// Whether the account did.
    pub mine: bool,
    /// Names of those who chose it, the account first; not more than can be shown.
    pub people: Vec<String>,
}

/// Somebody whom a message names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Mention {
    /// The public key, bech32: as it stands in the text, after `nostr:`.
    pub npub: String,
    /// The name as shown.
    pub name: String,
    /// Whether it is the account itself.
    pub is_me: bool,
}

/// One text that a message had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Revision {
    /// The text.
    pub text: String,
    /// Unix seconds, as the author states them.
    #[ts(type = "number")]
    pub at: u64,
}

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
        /// Why, as a sentence; may carry words of a relay.
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
        /// What was wanted, to follow "You wanted to".
        what: String,
        /// Why, in sentences; may carry words of a relay.
        reason: String,
    },
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

/// How far a message got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// Somebody else's.
    Received,
    /// Safe on this computer, not on any relay yet.
    Queued,
    /// On `accepted` of `relays` relays.
    Sent {
        /// Relays that said OK.
        accepted: u32,
        /// Relays of the group.
        relays: u32,
    },
    /// Every relay refused, or the group takes it no more.
    Failed {
        /// In plain words.
        reason: String,
    },
}

/// What one relay said of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Delivery {
    /// The relay.
    pub relay: String,
    /// What it said last.
    pub answer: DeliveryAnswer,
    /// The relay's own words, or ours; may be empty.
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Unix seconds of the last attempt; `None` before the first.
    #[ts(type = "number | null")]
    pub at: Option<u64>,
}

/// What a relay said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryAnswer {
    /// Not tried yet.
    Waiting,
    /// `OK true`.
    Accepted,
    /// `OK false`.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The connection could not be made, or broke.
    Unreachable,
}

/// An invitation that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RequestView {
    /// Names the request in commands.
    pub id: String,
    /// The group's name; may be empty.
    pub group_name: String,
    /// The group's description; may be empty.
    pub description: String,
    /// Who invites, 64 hex digits. The only anchor of trust: it is authenticated.
    pub inviter: String,
    /// Who invites, bech32.
    pub inviter_npub: String,
    /// The inviter's name, or a short form of the npub.
    pub inviter_name: String,
    /// Number of member accounts.
    pub members: u32,
    /// Unix seconds when it arrived here.
    #[ts(type = "number")]
    pub received_at: u64,
    /// Why it cannot be accepted, in a sentence; `None` where it can.
    pub problem: Option<String>,
}

/// What creating a group, or inviting, came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GroupCreated {
    /// The chat.
    pub chat: String,
    /// People who could not be invited; the group exists without them.
    pub not_invited: Vec<NotInvited>,
}

/// Somebody who could not be invited, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct NotInvited {
    /// Who.
    pub npub: String,
    /// In plain words.
    pub reason: String,
}

/// A step of the network set-up that follows the first run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SetupStep {
    /// Which step.
    pub name: SetupName,
    /// How it stands.
    pub state: StepState,
    /// What went wrong and what to do; empty unless failed.
    pub detail: String,
}

/// The steps of the network set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SetupName {
    /// Look for what other clients of this identity have published.
    LookUp,
    /// Publish where people reach this account (kinds 10002 and 10050).
    RelayLists,
    /// Publish a key package, so that people can invite (kind 30443).
    KeyPackage,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed; it is tried again, and can be retried by hand.
    Failed,
}

/// Relays and connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct NetworkState {
    /// All relays in use.
    pub relays: Vec<RelayView>,
    /// Events that wait to be published.
    pub outbox: u32,
    /// Whether the backlog is being fetched.
    pub catching_up: bool,
}

/// One relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RelayView {
    /// Its address.
    pub url: String,
    /// Whether there is a connection.
    pub connected: bool,
    /// Whether it is one of the account's own relays, as in its lists; the others are those of groups and of people to be reached.
    pub own: bool,
}

/// The person's choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Whether notifications show who wrote and what.
    pub notification_text: bool,
}
