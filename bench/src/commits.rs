//! Changing a group: making a commit and taking one, with the database and without any storage; going back to an earlier epoch.
//! The difference of the two is what storage costs.

use anyhow::Context as _;
use murmel_engine::{Change, Group, Storage as _};
use nostr::Event;

use crate::crowd::Crowd;
use crate::person::now;
use crate::rows::Report;
use crate::time::{Samples, timed};

#[derive(Default)]
struct Four {
    create: Samples,
    create_pure: Samples,
    process: Samples,
    process_pure: Samples,
}

/// Commits with and without a path.
///
/// # Errors
/// The store's and the engine's.
pub fn measure(report: &mut Report, crowd: &mut Crowd, members: usize, rounds: usize, place: &'static str) -> anyhow::Result<()> {
    let event = crowd.change(Change::Promote(crowd.ghost.account()))?;
    crowd.everybody_follows(&event)?;
    let names = |round: usize| Change::Rename(format!("Round {round}"));
    kind(report, crowd, members, rounds, (place, "without a path"), &names)?;
    // While the tree is cold a path has a secret for each member; 64 KiB of base64 carry about 500.
    if members <= 400 {
        kind(report, crowd, members, rounds, (place, "with a path"), &|_| Change::Rotate)?;
    }
    Ok(())
}

fn kind(
    report: &mut Report,
    crowd: &mut Crowd,
    members: usize,
    rounds: usize,
    (place, what): (&'static str, &'static str),
    change: &dyn Fn(usize) -> Change,
) -> anyhow::Result<()> {
    let mut four = Four::default();
    let mut bytes = 0;
    for round in 0..rounds {
        let (event, took) = timed(|| stage_and_merge(crowd, change(round * 2)));
        let event = event?;
        four.create.add(took.cpu);
        bytes = event.content.len();
        let (outcome, took) = timed(|| crowd.bob.follow(&event));
        outcome?;
        four.process.add(took.cpu);
        let (outcome, took) = timed(|| crowd.ghost.follow(&event));
        outcome?;
        four.process_pure.add(took.cpu);
        let (event, took) = timed(|| crowd.ghost.change(change(round * 2 + 1)));
        let event = event?;
        four.create_pure.add(took.cpu);
        crowd.alice.follow(&event)?;
        crowd.bob.follow(&event)?;
    }
    report.fact(format!("commit/{place}/n={members}/{what}/content"), bytes as f64, "bytes", "base64");
    for (verb, whole, pure) in [("create", &four.create, &four.create_pure), ("process", &four.process, &four.process_pure)] {
        let (whole, pure) = (whole.calm() / 1e3, pure.calm() / 1e3);
        report.fact(format!("commit/{place}/n={members}/{what}/{verb}"), whole, "ms", "");
        report.against(
            format!("commit/{place}/n={members}/{what}/{verb}/storage"),
            whole - pure,
            "ms",
            pure,
            Some(0.5),
            "beyond the same on a storage that keeps nothing",
        );
    }
    Ok(())
}

/// Two transactions, as in the product: one before a relay has the commit, one after.
fn stage_and_merge(crowd: &Crowd, change: Change) -> anyhow::Result<Event> {
    let event = crowd.alice.tx(move |tx, desk| {
        let (group, device) = desk.parts()?;
        Ok(group.stage(tx, device, change, now())?.event)
    })?;
    crowd.alice.tx(|tx, desk| {
        desk.parts()?.0.confirm(tx, now())?.context("nothing was staged")?;
        Ok(())
    })?;
    Ok(event)
}

/// Going back one epoch: the rows, and the group loaded from them.
///
/// # Errors
/// The store's and the engine's.
pub fn rollback(report: &mut Report, crowd: &Crowd, members: usize, rounds: usize, place: &'static str) -> anyhow::Result<()> {
    let mut samples = Samples::default();
    for _ in 0..rounds {
        let (outcome, took) = timed(|| {
            crowd.bob.tx(|tx, desk| {
                let group = desk.group.take().context("no group")?;
                let last = tx.snapshots(group.id())?.last().copied().context("no snapshot")?;
                anyhow::ensure!(tx.restore_snapshot(group.id(), &last.1)?, "no snapshot of the last epoch");
                desk.group = Group::load(tx, group.id())?;
                Ok(())
            })
        });
        outcome?;
        samples.add(took.cpu / 1e3);
    }
    let target = if members >= 1000 { 5.0 } else { f64::INFINITY };
    report.at_most(format!("rollback/{place}/n={members}"), samples.calm(), "ms", target, "rows put back, group loaded, synced");
    Ok(())
}
