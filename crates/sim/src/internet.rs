//! The network between the clients and the relays of a simulation: connections whose frames take their time, or vanish.
//! It opens no socket and reads no frame.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use murmel_client::{Frame, Line, Wire};
use nostr::util::BoxedFuture;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::relay::{Relay, Said};

/// Frames that wait in a connection before whoever sends has to wait.
pub const LINE_CAP: usize = 256;
/// Frames under way in one direction of a connection; beyond it the connection is lost.
pub const UNDER_WAY_CAP: usize = 65_536;

/// The network of one life of a client: from its start to its end or its crash.
#[derive(Clone, Debug)]
pub struct Socket {
    relays: Arc<Vec<Arc<Relay>>>,
    client: usize,
    alive: Arc<AtomicBool>,
    online: Arc<AtomicBool>,
}

impl Socket {
    /// A network that leads to `relays`. `client`: the number of the client that uses it.
    pub fn new(relays: Arc<Vec<Arc<Relay>>>, client: usize, online: bool) -> Self {
        Self { relays, client, alive: Arc::new(AtomicBool::new(true)), online: Arc::new(AtomicBool::new(online)) }
    }

    /// Nothing passes any more, in either direction: the client is dead.
    pub fn cut(&self) {
        self.alive.store(false, Ordering::SeqCst);
        self.hang_up();
    }

    /// Takes the client off the network, or puts it back.
    pub fn set_online(&self, online: bool) {
        if self.online.swap(online, Ordering::SeqCst) && !online {
            self.hang_up();
        }
    }

    fn hang_up(&self) {
        for relay in self.relays.iter() {
            relay.hang_up(self.client);
        }
    }

    fn is_usable(&self) -> bool {
        self.alive.load(Ordering::SeqCst) && self.online.load(Ordering::SeqCst)
    }

    async fn dial(&self, url: &str) -> Result<Line, String> {
        let url = url.trim_end_matches('/');
        let relay = self.relays.iter().find(|relay| relay.url() == url).cloned().ok_or("no such host")?;
        tokio::time::sleep(relay.latency()).await;
        if !self.is_usable() {
            return Err("no network".to_owned());
        }
        if relay.is_blocked(self.client) {
            return pending().await;
        }
        let (number, said) = relay.connect(self.client).ok_or("connection refused")?;
        let (to_relay, from_client) = mpsc::channel(LINE_CAP);
        let (to_client, from_relay) = mpsc::channel(LINE_CAP);
        let socket = self.clone();
        tokio::spawn(async move {
            converse(&socket, &relay, number, said, from_client, to_client).await;
            relay.disconnect(number);
        });
        Ok(Line { to_relay, from_relay })
    }
}

impl Wire for Socket {
    fn connect<'a>(&'a self, relay: &'a str) -> BoxedFuture<'a, Result<Line, String>> {
        self.dial(relay).boxed()
    }
}

/// Frames in one direction, each with the time at which it arrives.
#[derive(Default)]
struct UnderWay {
    frames: BinaryHeap<Reverse<(Instant, u64)>>,
    content: std::collections::HashMap<u64, Frame>,
    last: Option<Instant>,
    count: u64,
}

impl UnderWay {
    fn add(&mut self, frame: Frame, after: Duration, overtakes: bool) {
        let mut due = Instant::now() + after;
        if !overtakes {
            due = self.last.map_or(due, |last| last.max(due));
            self.last = Some(due);
        }
        self.count += 1;
        self.frames.push(Reverse((due, self.count)));
        self.content.insert(self.count, frame);
    }

    fn is_full(&self) -> bool {
        self.frames.len() >= UNDER_WAY_CAP
    }

    /// Waits until the next frame arrives; for ever where none is under way.
    async fn next(&mut self) -> Frame {
        let Some(Reverse((due, number))) = self.frames.peek().copied() else { return pending().await };
        tokio::time::sleep_until(due).await;
        self.frames.pop();
        match self.content.remove(&number) {
            Some(frame) => ready(frame).await,
            None => pending().await,
        }
    }
}

async fn converse(
    socket: &Socket,
    relay: &Relay,
    number: u64,
    mut said: UnboundedReceiver<Said>,
    mut from_client: mpsc::Receiver<Frame>,
    mut to_client: mpsc::Sender<Frame>,
) {
    let (mut up, mut down) = (UnderWay::default(), UnderWay::default());
    loop {
        tokio::select! {
            biased;
            frame = from_client.next() => match frame {
                Some(frame) if !up.is_full() => up.add(frame, relay.latency(), false),
                _ => return,
            },
            // Ends when the relay hangs up: what is still under way is lost with the connection.
            frame = said.recv() => match frame {
                Some(Said { frame, after, overtakes }) if !down.is_full() => down.add(frame, after, overtakes),
                _ => return,
            },
            frame = up.next() => if socket.is_usable() && !relay.is_blocked(socket.client) {
                relay.hear(number, &frame);
            },
            frame = down.next() => if socket.is_usable() && !relay.is_blocked(socket.client) && to_client.send(frame).await.is_err() {
                return;
            },
        }
    }
}
