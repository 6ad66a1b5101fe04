//! The one ordered stream of events, and who reads it.
//! It never blocks the writer: a reader that falls behind is dropped.

use std::sync::{Mutex, PoisonError};

use murmel_ipc::{Event, EventKind, Snapshot};
use tokio::sync::mpsc;

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
    /// Sends an event to every reader.
    pub(crate) fn emit(&self, kind: EventKind) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seq += 1;
        let event = Event { seq: state.seq, kind };
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
