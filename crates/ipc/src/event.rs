use serde::Serialize;
use ts_rs::TS;

use crate::{ChatRow, GroupDetails, MessageView, NetworkState, RequestView, Session, Settings, SetupStep};

/// What `subscribe` returns: the state on which the events that follow build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Snapshot {
    /// The next event carries `seq + 1`.
    #[ts(type = "number")]
    pub seq: u64,
    /// Where the profile stands.
    pub session: Session,
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
    /// What changed. Whole views, never patches.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The profile was opened, locked or removed: subscribe again.
    Session {
        /// Where it stands now.
        session: Session,
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
    /// A notification was clicked: show this chat.
    OpenChat {
        /// Which.
        chat: String,
        /// The message to show, where it is known.
        #[ts(type = "number | null")]
        message: Option<i64>,
    },
}
