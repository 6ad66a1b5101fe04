//! What the network hands to the application: one bounded, ordered queue.
//! Never drops anything in silence: what does not fit is announced as a gap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nostr::Event;
use tokio::sync::{Notify, mpsc};

use crate::{Lane, RelayAddress};

/// How many items wait for the application.
pub const INCOMING_CAP: usize = 1024;
/// How many announcements (connections, gaps, end of stored events) wait behind a full queue.
pub const NOTICES_CAP: usize = 4096;

/// What a subscription follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// Gift wraps (kind 1059) for the account.
    Inbox,
    /// Messages (kind 445) of the group with this routing id, the value of the `h` tag.
    Group([u8; 32]),
}

/// One item from the network.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// An event: id and signature verified, within the caps, and inside the filter it was asked with. The same event
    /// may arrive again, from this relay or another.
    Event {
        /// The lane it came over.
        lane: Lane,
        /// The relay that sent it.
        relay: RelayAddress,
        /// The event.
        event: Box<Event>,
    },
    /// The relay says that it has delivered everything it had stored for this feed. Not a proof.
    CaughtUp {
        /// The lane.
        lane: Lane,
        /// The relay.
        relay: RelayAddress,
        /// The feed.
        feed: Feed,
    },
    /// The relay has delivered the newest of what it had stored for this feed, and may have more, which is to be looked up.
    More {
        /// The lane.
        lane: Lane,
        /// The relay.
        relay: RelayAddress,
        /// The feed.
        feed: Feed,
    },
    /// The relay ended the subscription. It is asked again later.
    Refused {
        /// The lane.
        lane: Lane,
        /// The relay.
        relay: RelayAddress,
        /// The feed.
        feed: Feed,
        /// The relay's words, shortened.
        detail: String,
    },
    /// A connection is up; subscriptions have been sent.
    Connected {
        /// The lane.
        lane: Lane,
        /// The relay.
        relay: RelayAddress,
    },
    /// A connection was lost, or none could be opened. The relay is dialled again, with growing pauses.
    Disconnected {
        /// The lane.
        lane: Lane,
        /// The relay.
        relay: RelayAddress,
    },
    /// Events of this relay were lost because the application was too slow or the relay sent too many: read again
    /// from the last cursor. Comes before anything is called complete.
    Gap {
        /// The lane.
        lane: Lane,
        /// The relay.
        relay: RelayAddress,
    },
}

/// Where announcements are put in; they are forwarded to the queue in order.
#[derive(Debug, Clone)]
pub(crate) struct Notices(mpsc::Sender<Incoming>);

impl Notices {
    /// Starts forwarding into `queue`. Ends when the application drops the queue or all links are gone.
    pub(crate) fn into_queue(queue: mpsc::Sender<Incoming>) -> Self {
        let (notices, mut waiting) = mpsc::channel(NOTICES_CAP);
        tokio::spawn(async move {
            while let Some(notice) = waiting.recv().await {
                if queue.send(notice).await.is_err() {
                    break;
                }
            }
        });
        Self(notices)
    }

    /// Whether the notice was taken; when not, the caller owes the application a gap.
    pub(crate) fn put(&self, notice: Incoming) -> bool {
        !matches!(self.0.try_send(notice), Err(mpsc::error::TrySendError::Full(_)))
    }
}

/// The way of one link's events into the queue.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    pub(crate) lane: Lane,
    pub(crate) queue: mpsc::Sender<Incoming>,
    pub(crate) patience: Duration,
    pub(crate) gap: Arc<Gap>,
    /// Set once the queue stayed full for the whole patience; then nothing waits until something fits again.
    pub(crate) stuck: Arc<AtomicBool>,
}

/// A debt to the application: events were dropped and not yet announced.
#[derive(Debug, Default)]
pub(crate) struct Gap {
    open: AtomicBool,
    opened: Notify,
}

impl Gap {
    pub(crate) fn open(&self) {
        self.owe();
        self.opened.notify_one();
    }

    /// Opens the gap without waking the link, which announces it when it next tidies up.
    pub(crate) fn owe(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Whether a gap is to be announced now; the debt is then the caller's.
    pub(crate) fn take(&self) -> bool {
        self.open.swap(false, Ordering::AcqRel)
    }

    pub(crate) async fn opened(&self) {
        self.opened.notified().await;
    }
}

impl Outlet {
    /// Puts an event into the queue. A full queue slows the relay down for `patience`, then the event is dropped and
    /// a gap is opened.
    pub(crate) async fn deliver(&self, addresses: &[RelayAddress], event: &Event) {
        let Some(relay) = addresses.first() else { return };
        let item = Incoming::Event { lane: self.lane, relay: relay.clone(), event: Box::new(event.clone()) };
        let patience = if self.stuck.load(Ordering::Acquire) { Duration::ZERO } else { self.patience };
        let full = match self.queue.try_send(item) {
            Err(mpsc::error::TrySendError::Full(item)) => {
                matches!(self.queue.send_timeout(item, patience).await, Err(mpsc::error::SendTimeoutError::Timeout(_)))
            }
            _ => false,
        };
        self.stuck.store(full, Ordering::Release);
        if full {
            tracing::warn!("the application reads too slowly; a gap is announced");
            self.gap.open();
        }
    }
}
