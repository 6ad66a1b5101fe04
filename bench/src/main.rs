//! Measures what the engine and the store cost: messages, commits, joining, rolling back.
//! It judges by ratios to what the same machine does in the same run; it is no test, and nothing of it is in the product.

mod commits;
mod crowd;
mod ghost;
mod history;
mod memory;
mod messages;
mod peer;
mod person;
mod primitives;
mod raw_rows;
mod rows;
mod time;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::crowd::Crowd;
use crate::primitives::Primitives;
use crate::rows::Report;

#[derive(Parser)]
#[command(about = "Measures what the engine and the store cost")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Messages, commits, joins and rollbacks against their primitives
    Engine(Engine),
    /// A database with many messages: reading, searching, opening, catching up
    History(history::Arguments),
    /// Fills the database of an account with messages, for whoever measures the app with it
    Fill(history::Fill),
}

#[derive(clap::Args)]
struct Engine {
    /// Where the databases are written that are meant for a disk
    #[arg(long)]
    disk: PathBuf,
    /// Where they are written that are not; left out if missing
    #[arg(long)]
    memory: Option<PathBuf>,
    /// The report, as JSON
    #[arg(long)]
    out: PathBuf,
    /// What another implementation took, as JSON
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Sizes of groups
    #[arg(long, value_delimiter = ',', default_value = "2,10,100,1000")]
    sizes: Vec<usize>,
    /// Batches of 128 messages, sixteenths of sends, commits
    #[arg(long, default_value_t = 12)]
    rounds: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().what {
        What::Engine(arguments) => engine(&arguments)?,
        What::History(arguments) => history::run(&arguments)?,
        What::Fill(arguments) => history::fill(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn engine(arguments: &Engine) -> anyhow::Result<()> {
    let mut report = Report::default();
    say(&format!("rows in the table: {}; events in a batch: {}; {}", messages::TABLE, messages::BATCH, raw_rows::PRAGMAS));
    say("Times are of the processor unless they are on the clock.");
    say(&rows::heading());
    let sizes = {
        let folder = tempfile::tempdir_in(&arguments.disk)?;
        let crowd = Crowd::gather(2, folder.path())?;
        let (inner, outer) = messages::sizes(&crowd)?;
        report.fact("size/inner event", inner as f64, "bytes", "JSON");
        report.fact("size/mls message", outer as f64, "bytes", "");
        crowd.close();
        (inner, outer)
    };
    Primitives::measure(sizes.0, sizes.1)?.print(&mut report);
    let places = [("disk", Some(&arguments.disk)), ("memory", arguments.memory.as_ref())];
    for (place, folder) in places {
        let Some(folder) = folder else { continue };
        place_by_place(&mut report, sizes, arguments, place, folder)?;
    }
    close(&report, &arguments.out)
}

fn close(report: &Report, out: &std::path::Path) -> anyhow::Result<()> {
    std::fs::write(out, report.json()?)?;
    say(&format!("{} rows missed their target; written to {}", report.missed(), out.display()));
    Ok(())
}

fn place_by_place(
    report: &mut Report,
    sizes: (usize, usize),
    arguments: &Engine,
    place: &'static str,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    let mut receive = Vec::new();
    for &members in &arguments.sizes {
        let folder = tempfile::tempdir_in(folder)?;
        let mut crowd = Crowd::gather(members, folder.path())?;
        let cost = messages::measure(report, sizes, &crowd, members, folder.path(), arguments.rounds, place)?;
        receive.push((members, cost.receive));
        if members == 10 {
            peer::compare(report, arguments.peer.as_deref(), &crowd, folder.path(), place)?;
        }
        if members > 2 {
            report.fact(
                format!("create/{place}/n={members}"),
                crowd.creation,
                "ms",
                "one commit with everybody; the Welcome built in memory",
            );
            report.fact(
                format!("create/{place}/n={members}/welcome"),
                crowd.welcome_bytes as f64,
                "bytes",
                "the wire carries about 30,000",
            );
            report.fact(format!("join/{place}/n={members}"), crowd.join, "ms", "judged, joined, synced");
            commits::measure(report, &mut crowd, members, arguments.rounds, place)?;
            commits::rollback(report, &crowd, members, arguments.rounds, place)?;
        }
        let (path, chat) = (crowd.bob.path.clone(), murmel_store::ChatId::NEW);
        crowd.close();
        let keys = raw_rows::RawRows::open(&path, chat, &[])?.key_bytes()?;
        report.fact(
            format!("size/{place}/n={members}/message keys"),
            keys as f64,
            "bytes",
            "of the current epoch: what a message rewrites",
        );
    }
    if let (Some((2, small)), Some((1000, large))) = (receive.first(), receive.last()) {
        report.against(format!("receive/{place}/n=1000 against n=2"), *large, "µs", *small, Some(1.3), "");
    }
    Ok(())
}

fn say(line: &str) {
    // A closed terminal stops no measurement.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
