//! Owns the verbs of the network: relays, sync, and the relay for trying things out.
//! Never speaks to a relay itself.

use std::net::SocketAddr;
use std::time::Duration;

use murmel_client::{EmbeddedRelay, Housekeeping};
use murmel_ipc::ErrorCode;
use serde_json::json;

use super::profile::Open;
use super::{Outcome, network, stop};
use crate::answer::{Answer, Failure, line};
use crate::args::Relays;

/// How long what is due in the groups takes at most until it is queued, with the waiting times of [`at_once`].
const HOUSEKEEPING: Duration = Duration::from_millis(1_500);

/// Shows or replaces the relays of the account.
///
/// # Errors
/// Those of the client.
pub async fn run(open: &Open, verb: Option<Relays>) -> Outcome {
    match verb {
        None | Some(Relays::Show) => {}
        Some(Relays::Set { urls }) => {
            open.client.set_relays(urls).await?;
            open.catch_up().await?;
        }
        Some(verb) => return network::lists(open, verb).await,
    }
    let relays = open.client.relays().await?;
    let text = relays.join("\n");
    Ok(Some(Answer::new(json!({ "relays": relays }), text)))
}

/// The waiting times for [`sync`]: a process that ends in a moment cannot wait for a quiet minute to rotate its keys, and somebody asked
/// for it.
pub fn at_once() -> Housekeeping {
    Housekeeping {
        rotation_grace: Duration::ZERO,
        rotation_quiet: Duration::from_millis(200),
        rotation_jitter: Duration::from_millis(300),
        departure_turn: Duration::ZERO,
        ..Housekeeping::default()
    }
}

/// Fetches, publishes and does what is due.
///
/// # Errors
/// `Offline` where no relay was reached or the backlog is not complete.
pub async fn sync(open: &Open) -> Outcome {
    open.settle().await?;
    if open.connected().await? > 0 {
        // What is due, a key rotation for example, begins now and leaves something to publish.
        tokio::time::sleep(HOUSEKEEPING).await;
    }
    let settled = open.settle().await?;
    let connected = open.connected().await?;
    if connected == 0 {
        return Err(Failure::new(ErrorCode::Offline, "No relay could be reached. Nothing is lost; try again later."));
    }
    if !settled.caught_up {
        let words = "The relays did not hand over everything in time. Nothing is lost; try again, or give more time with --timeout.";
        return Err(Failure::new(ErrorCode::Offline, words));
    }
    let groups = open.client.groups().await?.len();
    let requests = open.client.requests().await?.len();
    let text = match settled.outbox_open {
        0 => format!("Up to date. {groups} groups, {requests} invitations."),
        open => format!("Up to date. {groups} groups, {requests} invitations, {open} events still wait for a relay."),
    };
    let value = json!({
        "caught_up": settled.caught_up,
        "outbox": settled.outbox_open,
        "connected": connected,
        "groups": groups,
        "requests": requests,
    });
    Ok(Some(Answer::new(value, text)))
}

/// Runs a relay until the program is stopped.
///
/// # Errors
/// The address cannot be used.
pub async fn serve(address: SocketAddr, json: bool) -> Outcome {
    let relay = EmbeddedRelay::start(address)
        .await
        .map_err(|error| Failure::new(ErrorCode::InvalidInput, format!("The relay cannot listen on {address}: {error}")))?;
    let url = relay.url().to_string();
    let said = if json {
        line(&json!({ "ok": true, "result": { "url": url } }))
    } else {
        use std::io::Write;
        writeln!(std::io::stdout(), "{url}")
    };
    if said.is_ok() {
        stop::asked().await;
    }
    relay.stop().await;
    Ok(None)
}
