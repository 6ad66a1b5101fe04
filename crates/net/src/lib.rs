//! The only sockets of the house: relay connections, admission of events, the dial policy, publishing and reading.
//! Never knows MLS, groups or the database: it moves verified, opaque events.
//!
//! There are two lanes, each a relay pool of its own. The inbox lane may authenticate with the account's key
//! (NIP-42), because its relays know the account anyway. The group lane has no key and never authenticates, so that
//! group relays do not learn who reads. What must not be tied to the account, gift wraps for other people and look-ups
//! of their lists among it, belongs on the group lane.

mod address;
mod admit;
mod dial;
mod embedded;
mod frame;
mod health;
mod incoming;
mod link;
mod lists;
mod net;
mod route;
mod socket;
mod way_out;
mod web;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use nostr::{Event, Keys, Timestamp};

pub use address::{ADDRESS_BYTES_CAP, RelayAddress, RelayAddressError, relay_url};
pub use admit::{CONTENT_BYTES_CAP, FETCH_BYTES_CAP, FETCH_EVENTS_CAP, GIFT_WRAP_BYTES_CAP, TAG_BYTES_CAP, TAGS_CAP, VERIFIED_CAP, fits};
pub use dial::{DialPolicy, DialRefusal};
pub use embedded::{EmbeddedRelay, EmbeddedRelayError};
pub use frame::{MESSAGE_BYTES_CAP, MESSAGE_PARTS_CAP, frame_fits};
pub use health::{Auth, HEALTH_CAP, Phase, explained};
pub use incoming::{Feed, INCOMING_CAP, Incoming, NOTICES_CAP};
pub use lists::{LIST_ENTRIES_CAP, ListError, ListKind, RelayList, RelayUse};
pub use net::{LINKS_CAP, Net};
pub use route::{Proxy, Route};
pub use socket::{ADDRESSES_TRIED_CAP, FRAME_BYTES_CAP};
pub use way_out::way_out;
pub use web::{WEB_BYTES_CAP, WEB_HEAD_BYTES_CAP, WEB_REDIRECTS_CAP, WebFault};
pub use wire::{Frame, Line, Wire};

/// How the network is used.
#[derive(Debug, Clone, Default)]
pub struct NetOptions {
    /// Which addresses may be dialled.
    pub dial: DialPolicy,
    /// The way that every connection takes.
    pub route: Route,
    /// The account's key, with which the inbox lane answers a relay's demand for authentication (NIP-42).
    pub auth: Option<Keys>,
    /// Pauses and patience.
    pub pace: Pace,
    /// Carries the frames instead of sockets; for simulations. The dial policy is asked all the same.
    pub wire: Option<Arc<dyn Wire>>,
}

/// Pauses and patience of the connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// First pause before a relay is dialled again; it doubles with every failure.
    pub redial_first: Duration,
    /// Longest pause before a relay is dialled again.
    pub redial_cap: Duration,
    /// How long one dial may take, TLS included.
    pub dial_timeout: Duration,
    /// How long a full queue slows a relay down before events are dropped and a gap is announced.
    pub queue_patience: Duration,
    /// How long a connection without work stays open.
    pub idle_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            redial_first: Duration::from_secs(1),
            redial_cap: Duration::from_secs(60),
            dial_timeout: Duration::from_secs(15),
            queue_patience: Duration::from_secs(5),
            idle_after: Duration::from_secs(60),
        }
    }
}

/// One of the two relay pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The account's own relays: gift wraps, lists, key packages. May authenticate.
    Inbox,
    /// Group relays and other people's relays. Never authenticates.
    Group,
}

/// One relay's answer to one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The relay says that it took the event, or had it already. Not a proof that it keeps it.
    Accepted {
        /// The relay's words; often empty.
        detail: String,
    },
    /// The relay says no.
    Refused {
        /// The relay's words.
        detail: String,
    },
    /// The event was sent and no answer came in time; the relay may have it.
    TimedOut,
    /// There was no connection, or it was lost before an answer came; the relay may have the event.
    Unreachable {
        /// What happened, in plain words.
        detail: String,
    },
    /// The dial policy forbids the address; nothing was sent.
    NotDialled {
        /// The rule, in plain words.
        detail: String,
    },
}

/// What a look-up brought.
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// Verified and admitted events without duplicates, newest first.
    pub events: Vec<Event>,
    /// Relays that said they had sent everything. Not a proof.
    pub complete: Vec<RelayAddress>,
    /// Relays that did not, with the reason. Their events, as far as they came, are among `events`.
    pub failed: Vec<(RelayAddress, String)>,
}

/// What one relay answered to a look-up.
#[derive(Debug, Clone)]
pub struct Part {
    /// Verified and admitted events, in any order.
    pub events: Vec<Event>,
    /// How it ended.
    pub ended: Ended,
}

/// How the answer to a look-up ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The relay said that it had sent everything. Not a proof.
    Whole,
    /// There is more than was to be held; what came of it is the newest part, or nothing.
    TooMuch,
    /// It broke off, for this reason. What came until then may be any part of it.
    Failed(String),
}

/// A group to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFeed {
    /// The group's routing id, whose lowercase hex is the value of the `h` tag (Marmot: kind 445).
    pub routing: [u8; 32],
    /// The relays that carry the group.
    pub relays: Vec<RelayAddress>,
    /// Where to begin, by the relays' `created_at`; `None` reads everything.
    pub since: Option<Timestamp>,
}

/// How a relay stands on one lane. Times are durations, because the network has no clock of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayStatus {
    /// The relay, in the spelling that was used first.
    pub relay: RelayAddress,
    /// The lane.
    pub lane: Lane,
    /// Whether the connection is open.
    pub connected: bool,
    /// Where the connection stands.
    pub phase: Phase,
    /// Why there is none, when there is none.
    pub fault: Option<String>,
    /// The last thing that went wrong, and how long ago that was.
    pub last_fault: Option<(String, Duration)>,
    /// How we stand about authentication.
    pub auth: Auth,
    /// How long it takes to answer.
    pub latency: Option<Duration>,
    /// How long ago it handed an event over or took one.
    pub delivered: Option<Duration>,
    /// How long it rests until it is dialled again.
    pub next_dial: Option<Duration>,
    /// 0 to 100: which relay is asked first. 50 for one that is not known yet.
    pub score: u8,
    /// What its clock showed, Unix seconds, and how long ago that was; many relays do not say.
    pub date: Option<(u64, Duration)>,
}
