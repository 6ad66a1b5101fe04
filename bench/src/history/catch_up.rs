//! Many messages that came while one was away: how long it takes until all of them are in the database and in the index.
//! Relays are not in it: the events are there already.

use std::path::Path;

use crate::crowd::Crowd;
use crate::messages::{BATCH, say, take};
use crate::rows::Report;
use crate::time::timed;

/// Members of the group.
const MEMBERS: usize = 10;
/// Messages that one sender encrypts in one transaction.
const SHARE: usize = 250;

/// Measures it, and compares with another implementation.
///
/// # Errors
/// The store's and the engine's; the file of the other one cannot be read.
pub fn measure(report: &mut Report, folder: &Path, missed: usize, peer: Option<&Path>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    let crowd = Crowd::gather(MEMBERS, folder.path())?;
    let senders = crowd.senders();
    let mut events = Vec::with_capacity(missed);
    let mut round = 0;
    while events.len() < missed {
        for sender in &senders {
            events.extend(say(sender, SHARE.min(missed - events.len()), round)?);
            round += 1;
        }
    }
    let count = events.len() as f64;
    let (outcome, took) = timed(|| events.chunks(BATCH).try_for_each(|batch| take(&crowd.bob, batch.to_vec())));
    outcome?;
    crowd.close();
    report.fact("catch-up/messages", count, "rows", "n = 10, batches of 128, signatures checked");
    report.fact("catch-up/rate", count / (took.wall / 1e6), "rows/s", "");
    report.fact("catch-up/seconds", took.wall / 1e6, "s", "");
    if let Some(other) = peer.map(|file| crate::peer::receive(file, "disk")).transpose()?.flatten() {
        let extrapolated = other * count / 1e6;
        report.faster(
            "catch-up/seconds against mdk-core 0.8",
            took.wall / 1e6,
            "s",
            extrapolated,
            Some(15.0),
            "theirs extrapolated from 500",
        );
    }
    Ok(())
}
