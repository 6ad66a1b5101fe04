//! Owns the way of events from the client to the window: one ordered channel, numbered without a gap.
//! Never changes what an event says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use murmel_client::{Client, Subscription};
use murmel_ipc::{Event, EventKind, IpcError, Session, Snapshot};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::mpsc;

/// Events of the shell itself that wait for the window.
const OWN_EVENTS: usize = 16;

/// At most one subscription at a time; a new one, after a reload for instance, replaces the one before.
#[derive(Default)]
pub struct Bridge {
    feed: Mutex<Feed>,
}

#[derive(Default)]
struct Feed {
    own: Option<mpsc::Sender<EventKind>>,
    task: Option<JoinHandle<()>>,
    /// A click on a notification before the window listens; the last one counts.
    waiting: Option<EventKind>,
}

impl Bridge {
    /// Subscribes the window: the state now, and every change from then on through `channel`.
    ///
    /// # Errors
    /// Those of [`Client::subscribe`].
    pub async fn subscribe(&self, client: Client, channel: Channel<Event>) -> Result<Snapshot, IpcError> {
        let Subscription { snapshot, events } = client.subscribe().await?;
        let (own, own_events) = mpsc::channel(OWN_EVENTS);
        let last = snapshot.seq;
        let mut feed = self.feed();
        if let Some(task) = feed.task.take() {
            task.abort();
        }
        if let Some(kind) = feed.waiting.take() {
            // The channel is new and empty.
            let _ = own.try_send(kind);
        }
        feed.own = Some(own);
        feed.task = Some(tauri::async_runtime::spawn(async move {
            let mut numbers = Numbers { last, added: 0 };
            pump(events, own_events, &mut numbers, |event| channel.send(event).is_ok()).await;
            // A window that reads too slowly is cut off; a visible gap makes it subscribe again.
            let _ = channel.send(numbers.gap(client.session()));
        }));
        Ok(snapshot)
    }

    /// Tells the window to show a chat, now or as soon as it listens.
    pub fn open_chat(&self, chat: String, message: Option<i64>) {
        let kind = EventKind::OpenChat { chat, message };
        let mut feed = self.feed();
        let listens = feed.own.as_ref().is_some_and(|own| own.try_send(kind.clone()).is_ok());
        if !listens {
            feed.waiting = Some(kind);
        }
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes events on, the client's and our own, until the client's end or the window is gone.
async fn pump(
    mut events: mpsc::Receiver<Event>,
    mut own: mpsc::Receiver<EventKind>,
    numbers: &mut Numbers,
    mut send: impl FnMut(Event) -> bool,
) {
    loop {
        let event = tokio::select! {
            event = events.recv() => match event {
                Some(event) => numbers.pass(event),
                None => return,
            },
            Some(kind) = own.recv() => numbers.add(kind),
        };
        if !send(event) {
            return;
        }
    }
}

/// The numbers of a subscription: events of the client move up by one for each of ours between them, and a gap of theirs stays a gap.
struct Numbers {
    last: u64,
    added: u64,
}

impl Numbers {
    fn pass(&mut self, mut event: Event) -> Event {
        event.seq = event.seq.saturating_add(self.added);
        self.last = event.seq;
        event
    }

    fn add(&mut self, kind: EventKind) -> Event {
        self.added = self.added.saturating_add(1);
        self.last = self.last.saturating_add(1);
        Event { seq: self.last, kind }
    }

    fn gap(&self, session: Session) -> Event {
        Event { seq: self.last.saturating_add(2), kind: EventKind::Session { session } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(seq: u64) -> Event {
        Event { seq, kind: EventKind::ChatRemoved { id: seq.to_string() } }
    }

    fn click() -> EventKind {
        EventKind::OpenChat { chat: "ab".to_owned(), message: None }
    }

    async fn numbers_of(events: Vec<Event>, clicks: usize) -> Vec<u64> {
        let (client, client_events) = mpsc::channel(16);
        let (own, own_events) = mpsc::channel(16);
        for _ in 0..clicks {
            own.send(click()).await.unwrap();
        }
        for event in events {
            client.send(event).await.unwrap();
        }
        drop(client);
        let mut seen = Vec::new();
        pump(client_events, own_events, &mut Numbers { last: 7, added: 0 }, |event| {
            seen.push(event.seq);
            true
        })
        .await;
        seen
    }

    #[tokio::test]
    async fn events_of_the_shell_leave_no_gap() {
        let seen = numbers_of(vec![removed(8), removed(9), removed(10)], 0).await;
        assert_eq!(seen, [8, 9, 10]);
        let mut numbers = Numbers { last: 7, added: 0 };
        let seen = [numbers.pass(removed(8)).seq, numbers.add(click()).seq, numbers.add(click()).seq, numbers.pass(removed(9)).seq];
        assert_eq!(seen, [8, 9, 10, 11]);
    }

    #[tokio::test]
    async fn a_gap_of_the_client_stays_a_gap() {
        assert_eq!(numbers_of(vec![removed(8), removed(10)], 0).await, [8, 10]);
    }

    #[tokio::test]
    async fn a_window_that_was_cut_off_sees_a_gap() {
        let numbers = Numbers { last: 7, added: 0 };
        let event = numbers.gap(Session::Locked { npub: String::new() });
        assert_eq!(event.seq, 9);
    }
}
