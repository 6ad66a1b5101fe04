//! A relay inside this program, in memory: for the try-it conversation, for a local network and for tests.
//! Never keeps anything on disk, and never throttles a conversation.

use std::net::SocketAddr;
use std::time::Duration;

use nostr_relay_builder::LocalRelay;
use nostr_relay_builder::builder::{RateLimit, RelayBuilder};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::RelayAddress;

/// Most stored events that it returns for one filter.
pub const STORED_EVENTS_RETURNED: usize = 5_000;
/// Most connections at once.
pub const CONNECTIONS_CAP: usize = 256;
/// Most open subscriptions of one connection.
pub const SUBSCRIPTIONS_CAP: usize = 1_000;

const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A relay that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct EmbeddedRelay {
    accepting: JoinHandle<()>,
    address: RelayAddress,
}

/// Why the embedded relay did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedRelayError {
    /// The port is taken, or the address is not of this computer.
    #[error("the relay could not listen on {address}: {reason}; choose another port")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The system's words.
        reason: String,
    },
    /// The relay's own address does not fit the relay address profile.
    #[error("the relay's address could not be read")]
    Address,
}

impl EmbeddedRelay {
    /// Starts a relay on `address`; port 0 chooses a free one. Has to be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(address: SocketAddr) -> Result<Self, EmbeddedRelayError> {
        let refused = |fault: std::io::Error| EmbeddedRelayError::Listen { address, reason: fault.to_string() };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let listening = listener.local_addr().map_err(refused)?;
        let address = RelayAddress::parse(&format!("ws://{listening}")).map_err(|_| EmbeddedRelayError::Address)?;
        let builder = RelayBuilder::default()
            .rate_limit(RateLimit { max_reqs: SUBSCRIPTIONS_CAP, notes_per_minute: u32::MAX })
            .max_connections(CONNECTIONS_CAP)
            .default_filter_limit(STORED_EVENTS_RETURNED)
            .max_filter_limit(STORED_EVENTS_RETURNED);
        let accepting = tokio::spawn(accept(listener, LocalRelay::new(builder)));
        Ok(Self { accepting, address })
    }

    /// Where it listens.
    pub fn url(&self) -> &RelayAddress {
        &self.address
    }

    /// Stops listening and ends all connections. What it stored is gone.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // The port is free again once the task, and the listener in it, is gone.
        drop((&mut self.accepting).await);
    }
}

impl Drop for EmbeddedRelay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, relay: LocalRelay) {
    // Dropped with this task, and every connection with it.
    let mut sessions = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(sessions.spawn(converse(stream, peer, relay.clone()))),
            // Out of file descriptors, for example; another connection has to end first.
            Err(fault) => {
                tracing::warn!(%fault, "the embedded relay cannot take another connection now");
                if sessions.join_next().await.is_none() {
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
        while sessions.try_join_next().is_some() {}
    }
}

/// The listener of the relay library leaves Nagle's algorithm on, which costs 40 ms a message; so the handshake is here.
async fn converse(mut stream: TcpStream, peer: SocketAddr, relay: LocalRelay) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    // A client sends nothing before the handshake is answered, so the plain stream holds everything that follows.
    if tokio_tungstenite::accept_async(&mut stream).await.is_err() {
        return;
    }
    if let Err(fault) = relay.take_connection(stream, peer).await {
        tracing::debug!(%fault, "a connection to the embedded relay ended");
    }
}
