//! What the outbox is made of: an event on its way, and what each relay said of it.
//! It asks the database nothing.

use nostr::EventId;

use crate::column::words;
use crate::{ChatId, MessageId, OutboxId};

words!(
    /// What an event is for.
    Purpose {
        /// An application message of a group (kind 445).
        Message = "message",
        /// A commit (kind 445).
        Commit = "commit",
        /// A proposal (kind 445).
        Proposal = "proposal",
        /// A gift wrap with a welcome (kind 1059).
        Welcome = "welcome",
        /// Our key package.
        KeyPackage = "key_package",
        /// Our relay list (NIP-65).
        RelayList = "relay_list",
        /// Our inbox relays (NIP-17).
        InboxList = "inbox_list",
        /// Anything else.
        Other = "other",
    }
);

words!(
    /// Which pool of connections: one that may authenticate as the account, and one that never does.
    Lane {
        /// Inbox relays and public lists.
        Inbox = "inbox",
        /// Group relays.
        Group = "group",
    }
);

words!(
    /// How an event stands.
    OutboxState {
        /// Its policy is not met yet.
        Open = "open",
        /// Enough relays accepted it.
        Done = "done",
        /// Every relay was given up before enough had accepted it.
        Failed = "failed",
        /// It is not wanted any more.
        Cancelled = "cancelled",
    }
);

words!(
    /// Why an event is not wanted any more.
    Cancellation {
        /// The person took it back.
        ByUser = "by_user",
        /// A change of somebody else took its place.
        Overtaken = "overtaken",
        /// It belongs to a branch of the group that lost, and could not be sent again.
        OtherBranch = "other_branch",
        /// The group went on without us.
        LeftOut = "left_out",
        /// The group was ended before any relay had it.
        Ended = "ended",
        /// A newer version took its place.
        Replaced = "replaced",
        /// The group was joined anew.
        Rejoined = "rejoined",
        /// The same message was encrypted once more, and that is on its way.
        SealedAnew = "sealed_anew",
    }
);

words!(
    /// What a relay said about an event.
    Answer {
        /// Nothing yet.
        Waiting = "waiting",
        /// OK true.
        Accepted = "accepted",
        /// OK false.
        Refused = "refused",
        /// No answer in time.
        TimedOut = "timed_out",
        /// No connection.
        Unreachable = "unreachable",
    }
);

/// An event on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRecord {
    /// Row id; [`OutboxId::NEW`] before it is enqueued.
    pub id: OutboxId,
    /// What it is for.
    pub purpose: Purpose,
    /// The conversation, if it belongs to one.
    pub chat: Option<ChatId>,
    /// The timeline row, if it carries one.
    pub message: Option<MessageId>,
    /// Id of the outer event.
    pub event_id: EventId,
    /// The signed outer event as JSON: what goes over the wire.
    pub event: Vec<u8>,
    /// Which pool sends it.
    pub lane: Lane,
    /// Unix seconds.
    pub created_at: u64,
    /// How many relays have to accept it, at least 1.
    pub required: u32,
    /// How it stands; enqueue with [`OutboxState::Open`].
    pub state: OutboxState,
    /// Why it was cancelled; `None` where it was not.
    pub cancelled: Option<Cancellation>,
    /// What the last relay said that refused it, where it failed; may be empty.
    pub refusal: String,
    /// An event that has to be done first.
    pub depends: Option<OutboxId>,
}

/// One attempt that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The event.
    pub outbox: OutboxId,
    /// The relay to send it to.
    pub relay: String,
    /// Which pool sends it.
    pub lane: Lane,
    /// Attempts made on this relay before.
    pub attempts: u32,
}

/// How an event stands with one relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub outbox: OutboxId,
    /// The relay.
    pub relay: String,
    /// Its last answer.
    pub answer: Answer,
    /// Its last words, as they came: untrusted text.
    pub detail: String,
    /// Attempts made.
    pub attempts: u32,
    /// Last attempt, Unix seconds.
    pub last_at: Option<u64>,
    /// Next attempt, Unix seconds; `None` if there will be none.
    pub next_at: Option<u64>,
}

/// How an event stands over all of its relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its state now.
    pub state: OutboxState,
    /// Whether the answer that was just recorded changed the state.
    pub changed: bool,
    /// Relays that accepted it.
    pub accepted: u32,
    /// Relays that will be tried again.
    pub waiting: u32,
}
