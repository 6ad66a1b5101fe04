//! The relay of the relay library with a journal beside it: what it has accepted is there again after its process was killed.
//! It fails in no way of its own; whoever kills the process does that.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use nostr::util::BoxedFuture;
use nostr::{Event, JsonUtil as _};
use nostr_relay_builder::LocalRelay;
use nostr_relay_builder::builder::{PolicyResult, RateLimit, RelayBuilder, WritePolicy};
use nostr_relay_builder::prelude::{MemoryDatabase, MemoryDatabaseOptions, NostrDatabase as _};
use tokio::net::{TcpListener, TcpStream};

/// Most events that are kept.
pub const KEPT_CAP: usize = 200_000;
/// Most stored events for one filter.
const PAGE: usize = 500;

/// Everything that was accepted, line by line, written before the answer.
#[derive(Debug)]
struct Journal(Mutex<File>);

impl WritePolicy for Journal {
    fn admit_event<'a>(&'a self, event: &'a Event, _: &'a SocketAddr) -> BoxedFuture<'a, PolicyResult> {
        let line = format!("{}\n", event.as_json());
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        Box::pin(async move {
            match written {
                Ok(()) => PolicyResult::Accept,
                Err(fault) => PolicyResult::Reject(format!("error: {fault}")),
            }
        })
    }
}

/// Listens on `address` for as long as the process lives.
///
/// # Errors
/// The journal cannot be read or written, or the address cannot be listened on.
pub async fn serve(address: SocketAddr, journal: &Path) -> io::Result<()> {
    let database = MemoryDatabase::with_opts(MemoryDatabaseOptions { events: true, max_events: Some(KEPT_CAP) });
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(journal)?;
    for line in BufReader::new(&file).lines() {
        // The last line may have been cut.
        if let Ok(event) = Event::from_json(line?) {
            database.save_event(&event).await.map_err(io::Error::other)?;
        }
    }
    file.write_all(b"\n")?;
    let builder = RelayBuilder::default()
        .database(database)
        .write_policy(Journal(Mutex::new(file)))
        .rate_limit(RateLimit { max_reqs: 1_000, notes_per_minute: u32::MAX })
        .default_filter_limit(PAGE)
        .max_filter_limit(PAGE);
    let relay = LocalRelay::new(builder);
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(converse(stream, peer, relay.clone()));
    }
}

async fn converse(mut stream: TcpStream, peer: SocketAddr, relay: LocalRelay) {
    if stream.set_nodelay(true).is_ok() && tokio_tungstenite::accept_async(&mut stream).await.is_ok() {
        // How a connection ends is the other side's business.
        drop(relay.take_connection(stream, peer).await);
    }
}
