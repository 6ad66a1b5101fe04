//! Owns the way of events from the client to the window: one ordered channel, numbered without a gap.
//! Never changes what an event says.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use murmel_client::{Client, Subscription};
use murmel_ipc::{Event, EventKind, IpcError, Session, Snapshot};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::mpsc;

/// Events of the shell itself that wait for the window.
const OWN_EVENTS: usize = 16;

/// An event of the shell, and the npub of the account that it is about, if it is about one.
type Own = (Option<String>, EventKind);

/// At most one subscription at a time; a new one, after a reload for instance, replaces the one before.
#[derive(Default)]
pub struct Bridge {
    feed: Mutex<Feed>,
    /// Held from the question to the new pump: of two subscriptions at once the later one stays.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Feed {
    own: Option<mpsc::Sender<Own>>,
    task: Option<JoinHandle<()>>,
    /// A click on a notification, or a link, before the window listens; the last one counts.
    waiting: Option<Own>,
}

impl Bridge {
    /// Subscribes the window: the state now, and every change from then on through `channel`.
    ///
    /// # Errors
    /// Those of [`Client::subscribe`].
    pub async fn subscribe(&self, client: Client, channel: Channel<Event>) -> Result<Snapshot, IpcError> {
        let asked = client.clone();
        self.attach(async move { Ok(asked.subscribe().await?) }, move || client.session(), channel).await
    }

    /// Asks, and puts what comes of it in the place of the subscription before.
    async fn attach(
        &self,
        asked: impl Future<Output = Result<Subscription, IpcError>>,
        session: impl FnOnce() -> Session + Send + 'static,
        channel: Channel<Event>,
    ) -> Result<Snapshot, IpcError> {
        let _turn = self.turn.lock().await;
        let Subscription { snapshot, events } = asked.await?;
        let (own, own_events) = mpsc::channel(OWN_EVENTS);
        let last = snapshot.seq;
        let mut feed = self.feed();
        if let Some(task) = feed.task.take() {
            task.abort();
        }
        if let Some(waiting) = feed.waiting.take() {
            // The channel is new and empty.
            let _ = own.try_send(waiting);
        }
        feed.own = Some(own);
        feed.task = Some(tauri::async_runtime::spawn(async move {
            let mut numbers = Numbers { last, added: 0 };
            pump(events, own_events, &mut numbers, |event| channel.send(event).is_ok()).await;
            // A window that reads too slowly is cut off; a visible gap makes it subscribe again.
            let _ = channel.send(numbers.gap(session()));
        }));
        Ok(snapshot)
    }

    /// Tells the window to show a chat, now or as soon as it listens.
    pub fn open_chat(&self, account: String, chat: String, message: Option<i64>) {
        self.tell((Some(account), EventKind::OpenChat { chat, message }));
    }

    /// Tells the window to show somebody, now or as soon as it listens.
    pub fn open_person(&self, person: String) {
        self.tell((None, EventKind::OpenPerson { person }));
    }

    /// Tells the window, if it listens, what it can also ask for.
    pub fn say(&self, kind: EventKind) {
        if let Some(own) = &self.feed().own {
            let _ = own.try_send((None, kind));
        }
    }

    fn tell(&self, own: Own) {
        let mut feed = self.feed();
        let listens = feed.own.as_ref().is_some_and(|sender| sender.try_send(own.clone()).is_ok());
        if !listens {
            feed.waiting = Some(own);
        }
    }

    /// Tells the window to show a chat as soon as it has subscribed again, because another account is about to be shown.
    pub fn open_chat_next(&self, account: String, chat: String, message: Option<i64>) {
        self.feed().waiting = Some((Some(account), EventKind::OpenChat { chat, message }));
    }

    /// What [`Bridge::open_chat_next`] announced does not happen.
    pub fn forget_next(&self) {
        self.feed().waiting = None;
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes events on, the client's and our own, until the client's end or the window is gone.
async fn pump(mut events: mpsc::Receiver<Event>, mut own: mpsc::Receiver<Own>, numbers: &mut Numbers, mut send: impl FnMut(Event) -> bool) {
    loop {
        let event = tokio::select! {
            event = events.recv() => match event {
                Some(event) => numbers.pass(event),
                None => return,
            },
            Some(own) = own.recv() => numbers.add(own),
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

    fn add(&mut self, (account, kind): Own) -> Event {
        self.added = self.added.saturating_add(1);
        self.last = self.last.saturating_add(1);
        Event { seq: self.last, account, kind }
    }

    fn gap(&self, session: Session) -> Event {
        Event { seq: self.last.saturating_add(2), account: None, kind: EventKind::Session { session } }
    }
}

#[cfg(test)]
mod tests {
    use murmel_ipc::{KeyPlace, NetworkState, Settings};
    use tauri::ipc::InvokeResponseBody;

    use super::*;

    fn removed(seq: u64) -> Event {
        Event { seq, account: None, kind: EventKind::ChatRemoved { id: seq.to_string() } }
    }

    fn click() -> Own {
        (Some("npub1a".to_owned()), EventKind::OpenChat { chat: "ab".to_owned(), message: None })
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

    fn locked() -> Session {
        Session::Locked { npub: String::new(), key_place: KeyPlace::Vault, recovery: false }
    }

    fn subscription(seq: u64) -> (mpsc::Sender<Event>, Subscription) {
        let (client, events) = mpsc::channel(1);
        let snapshot = Snapshot {
            seq,
            session: locked(),
            accounts: Vec::new(),
            current: None,
            new_key_place: KeyPlace::Vault,
            lock_after: 0,
            notifications: murmel_ipc::Notifications::default(),
            chats: Vec::new(),
            requests: Vec::new(),
            setup: Vec::new(),
            network: NetworkState::default(),
            settings: Settings { who_may_add_me: murmel_ipc::WhoMayAdd::Anyone },
        };
        (client, Subscription { snapshot, events })
    }

    /// A window's end of the channel, and what arrives there.
    fn window() -> (Channel<Event>, mpsc::UnboundedReceiver<String>) {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let channel = Channel::new(move |body| {
            if let InvokeResponseBody::Json(text) = body {
                let _ = arrived.send(text);
            }
            Ok(())
        });
        (channel, arrivals)
    }

    #[tokio::test]
    async fn of_two_subscriptions_at_once_the_later_one_gets_the_events() {
        let bridge = Bridge::default();
        let ((_first, one), (_second, two)) = (subscription(7), subscription(9));
        let ((old, mut old_sees), (new, mut new_sees)) = (window(), window());
        let (go_on, may_go_on) = tokio::sync::oneshot::channel();
        let slow = bridge.attach(async move { may_go_on.await.map(|()| one).map_err(|_| unreachable!()) }, locked, old);
        let quick = bridge.attach(async move { Ok(two) }, locked, new);
        // In this order: the first waits for its answer, the second is asked for meanwhile, then the first goes on.
        let (slow, quick, ()) = tokio::join!(biased; slow, quick, async move { go_on.send(()).unwrap() });
        assert_eq!((slow.unwrap().seq, quick.unwrap().seq), (7, 9));
        bridge.open_chat("npub1a".to_owned(), "ab".to_owned(), None);
        assert!(new_sees.recv().await.is_some_and(|text| text.contains("open_chat")), "the newer channel is the window's");
        // The older pump was put away, and its channel with it.
        assert_eq!(old_sees.recv().await, None);
    }

    #[tokio::test]
    async fn a_click_for_another_account_waits_for_the_next_subscription() {
        let bridge = Bridge::default();
        let ((_first, one), (_second, two)) = (subscription(7), subscription(9));
        let ((old, mut old_sees), (new, mut new_sees)) = (window(), window());
        bridge.attach(async move { Ok(one) }, locked, old).await.unwrap();
        bridge.open_chat_next("npub1b".to_owned(), "cd".to_owned(), None);
        bridge.attach(async move { Ok(two) }, locked, new).await.unwrap();
        assert!(new_sees.recv().await.is_some_and(|text| text.contains("npub1b") && text.contains("open_chat")));
        assert_eq!(old_sees.recv().await, None);
    }

    #[tokio::test]
    async fn a_link_that_started_the_app_waits_for_the_window() {
        let bridge = Bridge::default();
        bridge.open_person("npub1c".to_owned());
        let (_client, one) = subscription(7);
        let (channel, mut sees) = window();
        bridge.attach(async move { Ok(one) }, locked, channel).await.unwrap();
        assert!(sees.recv().await.is_some_and(|text| text.contains("npub1c") && text.contains("open_person")));
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
        let event = numbers.gap(locked());
        assert_eq!(event.seq, 9);
    }
}
