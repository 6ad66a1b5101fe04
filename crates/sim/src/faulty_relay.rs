//! A relay on loopback whose answers follow a script: it accepts, refuses, stays silent, or hangs up.
//! Never checks what it is given: signatures and shapes are the business of whoever reads from it.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{SinkExt, StreamExt};
use nostr::filter::MatchEventOptions;
use nostr::{Event, EventId, Filter, JsonUtil};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// Most frames that are remembered as heard.
pub const HEARD_CAP: usize = 100_000;

/// What the relay does with one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Store it and say so.
    Ok,
    /// Refuse it with this reason; nothing is stored.
    OkFalse(String),
    /// Store it and never answer.
    Silent,
    /// Forget it and never answer.
    SilentDrop,
    /// Forget it and close the connection without an answer.
    Disconnect,
    /// Store it and close the connection without an answer.
    DisconnectAfterStore,
}

type Choose = Box<dyn Fn(&Event, usize) -> Fault + Send + Sync>;
type Compare = Box<dyn Fn(&str) -> String + Send + Sync>;
type Lie = Box<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// A relay that speaks NIP-01 over a real socket and fails on purpose.
///
/// Events are kept in memory and survive [`FaultyRelay::restart`]. An event that is already stored is answered as the
/// script says, and stored once.
pub struct FaultyRelay {
    shared: Arc<Shared>,
    address: SocketAddr,
    listening: tokio::sync::Mutex<Option<Listening>>,
}

struct Listening {
    accepting: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

struct Shared {
    choose: Choose,
    store: Mutex<Store>,
}

#[derive(Default)]
struct Store {
    events: Vec<Event>,
    known: HashSet<EventId>,
    answers: Vec<(EventId, Fault)>,
    heard: Vec<String>,
    connections: HashMap<u64, Connection>,
    next_connection: u64,
    page: Option<usize>,
    page_all: Option<usize>,
    requests: Option<usize>,
    demands_auth: bool,
    lie: Option<Lie>,
    compare: Option<Compare>,
}

struct Connection {
    out: mpsc::UnboundedSender<Out>,
    subscriptions: HashMap<String, Vec<Filter>>,
    authenticated: bool,
    requests: usize,
}

enum Out {
    Frame(String),
    HangUp,
}

impl FaultyRelay {
    /// A relay that accepts everything, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> io::Result<Self> {
        Self::with_choice(|_, _| Fault::Ok).await
    }

    /// A relay whose answers repeat the script, one step for each event.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn with_script(script: Vec<Fault>) -> io::Result<Self> {
        Self::with_choice(move |_, nth| script.get(nth % script.len().max(1)).cloned().unwrap_or(Fault::Ok)).await
    }

    /// A relay whose answer is chosen from the event and its number, counted from 0 over all events it was sent.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn with_choice(choose: impl Fn(&Event, usize) -> Fault + Send + Sync + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared { choose: Box::new(choose), store: Mutex::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let listening = tokio::sync::Mutex::new(Some(listen(listener, shared.clone())));
        Ok(Self { shared, address, listening })
    }

    /// Its address, `ws://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What was done with each event it was sent, in the order of arrival. An event sent twice is listed twice.
    pub fn answers(&self) -> Vec<(EventId, Fault)> {
        self.shared.store().answers.clone()
    }

    /// Everything that is stored, in the order of arrival.
    pub fn events(&self) -> Vec<Event> {
        self.shared.store().events.clone()
    }

    /// Forgets everything that is stored but the events that came first.
    pub fn keep_first(&self, events: usize) {
        let mut store = self.shared.store();
        store.events.truncate(events);
        store.known = store.events.iter().map(|event| event.id).collect();
    }

    /// The first words of all frames that clients have sent: `REQ`, `EVENT`, `AUTH` and so on.
    pub fn heard(&self) -> Vec<String> {
        self.shared.store().heard.clone()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.store().connections.len()
    }

    /// Stores an event as if another client had published it, and pushes it to whoever follows it.
    pub fn store(&self, event: Event) {
        self.shared.store().keep(event);
    }

    /// Sends a text frame to all connections as it is.
    pub fn say(&self, frame: &str) {
        for connection in self.shared.store().connections.values() {
            connection.say(frame.to_owned());
        }
    }

    /// Before the stored events of every subscription, also sends these frames; the argument is the subscription's id.
    pub fn lie(&self, frames: impl Fn(&str) -> Vec<String> + Send + Sync + 'static) {
        self.shared.store().lie = Some(Box::new(frames));
    }

    /// Answers every comparison of sets (NIP-77) with this frame; the argument is its id.
    pub fn compare(&self, frame: impl Fn(&str) -> String + Send + Sync + 'static) {
        self.shared.store().compare = Some(Box::new(frame));
    }

    /// Answers each filter with at most so many stored events, the newest.
    pub fn page(&self, events: usize) {
        self.shared.store().page = Some(events);
    }

    /// Answers each request with at most so many stored events over all its filters.
    pub fn page_all(&self, events: usize) {
        self.shared.store().page_all = Some(events);
    }

    /// Answers so many requests (`REQ`) on a connection, and then closes it.
    pub fn hang_up_after(&self, requests: usize) {
        self.shared.store().requests = Some(requests);
    }

    /// From now on, new connections get a challenge, and everything is refused until they have answered it (NIP-42).
    pub fn demand_auth(&self) {
        self.shared.store().demands_auth = true;
    }

    /// Closes all connections and stops listening. Stored events stay.
    pub async fn stop(&self) {
        if let Some(Listening { accepting, stop }) = self.listening.lock().await.take() {
            accepting.abort();
            // The port is free once the task, and the listener in it, is gone.
            drop(accepting.await);
            stop.send_replace(true);
            self.shared.store().connections.clear();
        }
    }

    /// Listens on the same port again after [`FaultyRelay::stop`].
    ///
    /// # Errors
    /// When another program has taken the port meanwhile.
    pub async fn resume(&self) -> io::Result<()> {
        let mut listening = self.listening.lock().await;
        if listening.is_none() {
            *listening = Some(listen(TcpListener::bind(self.address).await?, self.shared.clone()));
        }
        Ok(())
    }

    /// Drops all connections, keeps the stored events, and listens on the same port again.
    ///
    /// # Errors
    /// When another program has taken the port meanwhile.
    pub async fn restart(&self) -> io::Result<()> {
        self.stop().await;
        self.resume().await
    }
}

impl Drop for FaultyRelay {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get_mut().take() {
            listening.accepting.abort();
            listening.stop.send_replace(true);
        }
    }
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn say(&self, frame: String) {
        drop(self.out.send(Out::Frame(frame)));
    }
}

impl Store {
    /// Stores an event once and pushes it to the subscriptions it matches.
    fn keep(&mut self, event: Event) {
        if !self.known.insert(event.id) {
            return;
        }
        let json = event.as_json();
        for connection in self.connections.values() {
            for (id, filters) in &connection.subscriptions {
                if filters.iter().any(|filter| filter.match_event(&event, MatchEventOptions::new())) {
                    connection.say(format!("[\"EVENT\",{},{json}]", json!(id)));
                }
            }
        }
        self.events.push(event);
    }

    /// The stored events for a filter, newest first, as many as the filter and the page allow.
    fn stored(&self, filter: &Filter) -> Vec<&Event> {
        let matching = |event: &&Event| filter.match_event(event, MatchEventOptions::new());
        let mut found: Vec<&Event> = self.events.iter().filter(matching).collect();
        found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
        found.truncate(filter.limit.unwrap_or(usize::MAX).min(self.page.unwrap_or(usize::MAX)));
        found
    }

    fn subscribe(&mut self, number: u64, id: String, filters: Vec<Filter>) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        connection.requests += 1;
        if self.requests.is_some_and(|cap| connection.requests > cap) {
            return self.hang_up(number);
        }
        let Some(connection) = self.connections.get(&number) else { return };
        for lie in self.lie.as_ref().map(|lie| lie(&id)).unwrap_or_default() {
            connection.say(lie);
        }
        let mut sent = HashSet::new();
        for event in filters.iter().flat_map(|filter| self.stored(filter)) {
            if sent.len() < self.page_all.unwrap_or(usize::MAX) && sent.insert(event.id) {
                connection.say(format!("[\"EVENT\",{},{}]", json!(id), event.as_json()));
            }
        }
        connection.say(json!(["EOSE", id]).to_string());
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.subscriptions.insert(id, filters);
        }
    }
}

impl Shared {
    /// Acts on one frame of a client.
    fn hear(&self, number: u64, frame: &str) {
        let Ok(Value::Array(parts)) = serde_json::from_str(frame) else {
            return;
        };
        let mut parts = parts.into_iter();
        let Some(Value::String(verb)) = parts.next() else { return };
        let mut store = self.store();
        if store.heard.len() < HEARD_CAP {
            store.heard.push(verb.clone());
        }
        let Some(connection) = store.connections.get(&number) else { return };
        let barred = store.demands_auth && !connection.authenticated;
        match verb.as_str() {
            "EVENT" => {
                let Some(Ok(event)) = parts.next().map(serde_json::from_value::<Event>) else {
                    return;
                };
                if barred {
                    connection.say(json!(["OK", event.id, false, "auth-required: who are you?"]).to_string());
                } else {
                    self.take(store, number, event);
                }
            }
            "REQ" => {
                let Some(Value::String(id)) = parts.next() else { return };
                let filters = parts.filter_map(|filter| serde_json::from_value(filter).ok()).collect();
                if barred {
                    connection.say(json!(["CLOSED", id, "auth-required: who are you?"]).to_string());
                } else {
                    store.subscribe(number, id, filters);
                }
            }
            "CLOSE" => {
                let Some(Value::String(id)) = parts.next() else { return };
                if let Some(connection) = store.connections.get_mut(&number) {
                    connection.subscriptions.remove(&id);
                }
            }
            "AUTH" => {
                let id = parts.next().and_then(|event| event.get("id").cloned());
                connection.say(json!(["OK", id, true, ""]).to_string());
                if let Some(connection) = store.connections.get_mut(&number) {
                    connection.authenticated = true;
                }
            }
            "NEG-OPEN" | "NEG-MSG" if store.compare.is_some() => {
                let Some(Value::String(id)) = parts.next() else { return };
                connection.say(store.compare.as_ref().map(|compare| compare(&id)).unwrap_or_default());
            }
            // As relays do that know no such verb.
            _ => connection.say(json!(["NOTICE", "could not parse command"]).to_string()),
        }
    }

    fn take(&self, mut store: MutexGuard<'_, Store>, number: u64, event: Event) {
        let id = event.id;
        let fault = (self.choose)(&event, store.answers.len());
        store.answers.push((id, fault.clone()));
        let answer = match fault {
            Fault::Ok => {
                store.keep(event);
                Some(json!(["OK", id, true, ""]))
            }
            Fault::OkFalse(reason) => Some(json!(["OK", id, false, reason])),
            Fault::Silent => {
                store.keep(event);
                None
            }
            Fault::SilentDrop => None,
            Fault::DisconnectAfterStore => {
                store.keep(event);
                store.hang_up(number);
                None
            }
            Fault::Disconnect => {
                store.hang_up(number);
                None
            }
        };
        if let (Some(answer), Some(connection)) = (answer, store.connections.get(&number)) {
            connection.say(answer.to_string());
        }
    }
}

impl Store {
    fn hang_up(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            drop(connection.out.send(Out::HangUp));
        }
    }
}

fn listen(listener: TcpListener, shared: Arc<Shared>) -> Listening {
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, shared.clone(), stopped.clone()));
        }
    });
    Listening { accepting, stop }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    drop(stream.set_nodelay(true));
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    let (mut frames_out, mut frames_in) = socket.split();
    let (out, mut outgoing) = mpsc::unbounded_channel();
    let number = {
        let mut store = shared.store();
        let number = store.next_connection;
        store.next_connection += 1;
        let connection = Connection { out, subscriptions: HashMap::new(), authenticated: false, requests: 0 };
        if store.demands_auth {
            connection.say(json!(["AUTH", "a-challenge"]).to_string());
        }
        store.connections.insert(number, connection);
        number
    };
    let hears = async {
        while let Some(Ok(frame)) = frames_in.next().await {
            if let Message::Text(text) = frame {
                shared.hear(number, text.as_str());
            }
        }
    };
    let says = async {
        while let Some(Out::Frame(frame)) = outgoing.recv().await {
            if frames_out.feed(Message::text(frame)).await.is_err() {
                break;
            }
            if outgoing.is_empty() && frames_out.flush().await.is_err() {
                break;
            }
        }
        // What was said before hanging up still goes out.
        drop(frames_out.flush().await);
    };
    tokio::select! {
        () = hears => {}
        () = says => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    shared.store().connections.remove(&number);
}
