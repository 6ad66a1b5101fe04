//! The same catch-up by another implementation, measured by a program of its own before this one.
//! It is not run from here: it brings other versions of the same libraries.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::crowd::Crowd;
use crate::messages::{BATCH, say, send_one, take, text};
use crate::rows::Report;
use crate::time::timed;

/// What the other program wrote: microseconds per message, by place.
#[derive(Deserialize)]
struct Peer {
    places: BTreeMap<String, Cost>,
}

#[derive(Deserialize)]
struct Cost {
    messages: usize,
    send: f64,
    receive: f64,
}

/// Sends and reads as many messages as the other program did, and compares.
///
/// # Errors
/// The store's and the engine's; the file cannot be read.
pub fn compare(report: &mut Report, file: Option<&Path>, crowd: &Crowd, place: &'static str) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    let peer: Peer = serde_json::from_slice(&std::fs::read(file)?)?;
    let Some(other) = peer.places.get(place) else { return Ok(()) };
    let mut events = Vec::new();
    for (round, sender) in crowd.senders().iter().enumerate() {
        events.extend(say(sender, other.messages / crowd.senders().len(), 500 + round)?);
    }
    let count = events.len() as f64;
    let (outcome, micros) = timed(|| events.chunks(BATCH).try_for_each(|batch| take(&crowd.bob, batch.to_vec())));
    outcome?;
    let target = if place == "disk" { 100.0 } else { 15.0 };
    report.faster(format!("catch-up/{place}/n=10/against mdk-core 0.8"), micros / count, "µs", other.receive, Some(target), "500 messages");
    let (outcome, micros) = timed(|| (0..50).try_for_each(|n| send_one(&crowd.alice, text(900_000 + n)).map(drop)));
    outcome?;
    report.faster(format!("send/{place}/n=10/against mdk-core 0.8"), micros / 50.0, "µs", other.send, None, "50 messages of ours");
    Ok(())
}
