use serde::Serialize;
use ts_rs::TS;

use crate::{
    AccountEntry, ChatRow, GroupDetails, KeyPlace, MessageView, NetworkState, Notifications, PersonView, Reachability, RelayHealth,
    RequestView, Session, Settings, SetupStep, SyncState, Updates,
};

/// What `subscribe` returns: the state on which the events that follow build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Snapshot {
    /// The next event carries `seq + 1`.
    #[ts(type = "number")]
    pub seq: u64,
    /// Where the profile stands.
    pub session: Session,
    /// Every account of the profile, in the order in which they were added; all below is of the one that the session names.
    pub accounts: Vec<AccountEntry>,
    /// The npub of the account that is shown; `None` while there is none.
    pub current: Option<String>,
    /// Where the key of another account would be kept.
    pub new_key_place: KeyPlace,
    /// After how many minutes without use everything is locked; 0 is never.
    pub lock_after: u32,
    /// How notifications stand, of all accounts.
    pub notifications: Notifications,
    /// All chats, newest activity first.
    pub chats: Vec<ChatRow>,
    /// Invitations that wait, newest first.
    pub requests: Vec<RequestView>,
    /// The network set-up.
    pub setup: Vec<SetupStep>,
    /// Relays and connections.
    pub network: NetworkState,
    /// The person's choices.
    pub settings: Settings,
}

/// One change. A gap in `seq` means: subscribe again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Event {
    /// One more than that of the event before.
    #[ts(type = "number")]
    pub seq: u64,
    /// The npub of the account that it is about; `None` where it is about the profile.
    pub account: Option<String>,
    /// What changed. Whole views, never patches.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The profile was opened or locked, another account is shown, or one was added or removed: subscribe again.
    Session {
        /// Where it stands now.
        session: Session,
    },
    /// One of the accounts stands differently, or has another number of unread messages.
    Account {
        /// The whole entry.
        entry: AccountEntry,
    },
    /// After how long without use everything is locked was changed.
    LockAfter {
        /// Minutes; 0 is never.
        minutes: u32,
    },
    /// Notifications were chosen differently, paused, or the system shows them now, or no longer.
    Notifications {
        /// All of it.
        notifications: Notifications,
    },
    /// A chat is new or changed.
    Chat {
        /// The whole row.
        chat: ChatRow,
    },
    /// A chat is gone.
    ChatRemoved {
        /// Which.
        id: String,
    },
    /// A message is new or changed.
    Message {
        /// The whole message.
        message: MessageView,
    },
    /// Messages are gone: their time was over, or a change of the group took them back.
    MessagesRemoved {
        /// The chat.
        chat: String,
        /// Which, as in [`MessageView::id`].
        #[ts(type = "number[]")]
        messages: Vec<i64>,
    },
    /// A group's details changed.
    Group {
        /// The whole group.
        group: GroupDetails,
    },
    /// An invitation is new or changed.
    Request {
        /// The whole request.
        request: RequestView,
    },
    /// An invitation was answered or withdrawn.
    RequestRemoved {
        /// Which.
        id: String,
    },
    /// More is known of somebody, or something was decided about them: their name may be another one now.
    Person {
        /// All of it.
        person: PersonView,
    },
    /// The network set-up moved.
    Setup {
        /// All steps.
        setup: Vec<SetupStep>,
    },
    /// Relays or the outbox changed.
    Network {
        /// All of it.
        network: NetworkState,
    },
    /// How relays behave; at most one in two seconds.
    RelayHealth {
        /// All of them.
        relays: Vec<RelayHealth>,
    },
    /// Whether people can reach the account was looked at.
    Reachability {
        /// All of it.
        reachability: Reachability,
    },
    /// Catching up went on, or something cannot be read; at most one in half a second.
    Sync {
        /// All of it.
        sync: SyncState,
    },
    /// The person's choices changed.
    Settings {
        /// All of them.
        settings: Settings,
    },
    /// The search index is being made anew.
    Indexing {
        /// How far it is; `None` once it is complete.
        percent: Option<u32>,
    },
    /// A newer version of the app is there, or further than it was.
    Updates {
        /// All of it.
        updates: Updates,
    },
    /// A notification was clicked: show this chat, which is of the event's account.
    OpenChat {
        /// Which.
        chat: String,
        /// The message to show, where it is known.
        #[ts(type = "number | null")]
        message: Option<i64>,
    },
    /// A link of the system names somebody: show who it is. Nothing happens without the person.
    OpenPerson {
        /// The npub, or an nprofile.
        person: String,
    },
}
