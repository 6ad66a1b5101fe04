//! The same catch-up by another implementation, measured by a program of its own before this one.
//! It is not run from here: it brings other versions of the same libraries.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::crowd::Crowd;
use crate::messages::{BATCH, say, send_one, take, text};
use crate::rows::Report;
use crate::time::{Samples, timed};

/// Messages that we send for the comparison.
const OWN: usize = 100;

/// Microseconds on the clock for each message that the other program read in a place; `None` where it did not run there.
///
/// # Errors
/// The file cannot be read.
pub fn receive(file: &Path, place: &str) -> anyhow::Result<Option<f64>> {
    let peer: Peer = serde_json::from_slice(&std::fs::read(file)?)?;
    Ok(peer.places.get(place).map(|cost| cost.receive[0]))
}

/// What the other program wrote: microseconds per message, by place.
#[derive(Deserialize)]
struct Peer {
    places: BTreeMap<String, Cost>,
}

#[derive(Deserialize)]
struct Cost {
    messages: usize,
    /// On the clock, and of the processor.
    send: [f64; 2],
    receive: [f64; 2],
}

/// Sends and reads as many messages as the other program did, and compares.
///
/// # Errors
/// The store's and the engine's; the file cannot be read.
pub fn compare(report: &mut Report, file: Option<&Path>, crowd: &Crowd, folder: &Path, place: &'static str) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    let peer: Peer = serde_json::from_slice(&std::fs::read(file)?)?;
    let Some(other) = peer.places.get(place) else { return Ok(()) };
    let mut events = Vec::new();
    for (round, sender) in crowd.senders().iter().enumerate() {
        events.extend(say(sender, other.messages / crowd.senders().len(), 500 + round)?);
    }
    let count = events.len() as f64;
    let (outcome, read) = timed(|| events.chunks(BATCH).try_for_each(|batch| take(&crowd.bob, batch.to_vec())));
    outcome?;
    let (outcome, sent) = timed(|| (0..OWN).try_for_each(|n| send_one(&crowd.alice, text(900_000 + n)).map(drop)));
    outcome?;
    let sync = sync(folder)?;
    report.fact(format!("sync/{place}"), sync, "µs", "one fsync of a small write, on the clock");
    let [read, sent] = [(read, count), (sent, OWN as f64)].map(|(took, count)| [took.wall / count, took.cpu / count]);
    let slow = sync >= 1_000.0;
    for (which, (read, other)) in ["on the clock", "processor"].into_iter().zip(read.into_iter().zip(other.receive)) {
        // The targets are for a file system in memory, and for a disk that takes a millisecond or more.
        let target = match (place, which) {
            ("memory", "processor") => Some(15.0),
            ("disk", "on the clock") if slow => Some(100.0),
            _ => None,
        };
        report.faster(format!("catch-up/{place}/n=10/mdk-core 0.8, {which}"), read, "µs", other, target, "500 messages of theirs");
    }
    for (which, (sent, other)) in ["on the clock", "processor"].into_iter().zip(sent.into_iter().zip(other.send)) {
        report.faster(format!("send/{place}/n=10/mdk-core 0.8, {which}"), sent, "µs", other, None, "");
    }
    Ok(())
}

/// How long the disk takes to keep a small write, in microseconds.
fn sync(folder: &Path) -> anyhow::Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut samples = Samples::default();
    for _ in 0..50 {
        let (outcome, took) = timed(|| file.write_all(&[1; 4096]).and_then(|()| file.sync_data()));
        outcome?;
        samples.add(took.wall);
    }
    Ok(samples.calm())
}
