//! The one ordered stream of events, and who reads it.
//! It never blocks the writer: a reader that falls behind is dropped.

use std::sync::{Arc, Mutex, PoisonError};

use murmel_ipc::{Event, EventKind, Snapshot};
use tokio::sync::{Notify, mpsc};

/// Events a reader may be behind before it is dropped.
pub(crate) const EVENT_QUEUE: usize = 4_096;
/// Readers at a time; the oldest is dropped for one more.
pub(crate) const MAX_READERS: usize = 16;

/// The state, and the events that follow it.
pub struct Subscription {
    /// The state now; the first event carries a `seq` greater than its own. Events may repeat what it already shows.
    pub snapshot: Snapshot,
    /// The events, in order. Closes when the reader was too slow, or the profile is closed.
    pub events: mpsc::Receiver<Event>,
}

/// Numbers events and hands them to every reader.
#[derive(Default)]
pub(crate) struct Bus {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seq: u64,
    readers: Vec<mpsc::Sender<Event>>,
}

impl Bus {
    /// Sends an event to every reader. `account` is the npub that it is about; `None` for the profile.
    pub(crate) fn emit(&self, account: Option<&str>, kind: EventKind) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seq += 1;
        let event = Event { seq: state.seq, account: account.map(str::to_owned), kind };
        state.readers.retain(|reader| reader.try_send(event.clone()).is_ok());
    }

    /// A new reader and the number of the last event it does not get. Read the state after this call: then nothing is missed.
    pub(crate) fn read(&self) -> (u64, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(EVENT_QUEUE);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.readers.len() >= MAX_READERS {
            state.readers.remove(0);
        }
        state.readers.push(sender);
        (state.seq, receiver)
    }

    /// Drops every reader.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).readers.clear();
    }
}

/// The way to the bus for one account: each of its events says whose it is.
pub(crate) struct Feed {
    bus: Arc<Bus>,
    account: String,
    /// A chat changed, and with it perhaps the number of unread messages.
    pub(crate) chats: Notify,
}

impl Feed {
    /// `account`: the npub.
    pub(crate) fn new(bus: Arc<Bus>, account: String) -> Self {
        Self { bus, account, chats: Notify::new() }
    }

    /// Sends an event of this account.
    pub(crate) fn emit(&self, kind: EventKind) {
        let chats = matches!(kind, EventKind::Chat { .. } | EventKind::ChatRemoved { .. });
        self.bus.emit(Some(&self.account), kind);
        if chats {
            self.chats.notify_one();
        }
    }
}
