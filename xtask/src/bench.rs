//! `cargo xtask bench`: what engine, history and window cost, measured in release builds and written to a file.
//! Never judges by absolute times: the report compares with what the same machine did in the same run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::house::House;
use crate::prerequisites::{self, Purpose};
use crate::steps::Steps;
use crate::{bundle, program, run, say, window};

/// Messages that the other implementation sends and reads.
const PEER_MESSAGES: &str = "500";
/// A file system in memory, where there is one.
const MEMORY: &str = "/dev/shm";

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Messages, commits, joins and rollbacks against their primitives; writes target/bench/engine.json
    Engine(Engine),
    /// A million messages: inserting, pages, search, opening, catching up, memory; writes target/bench/history.json
    History(History),
    /// Start, switching, scrolling, memory and sizes of the window; writes target/bench/ui.json
    Ui(Ui),
}

#[derive(clap::Args)]
struct Engine {
    /// Do not build and run mdk-core for comparison; its rows are then missing
    #[arg(long)]
    no_peer: bool,
    /// Where the databases are put; the target folder unless given
    #[arg(long, value_name = "DIR")]
    disk: Option<PathBuf>,
    /// Sizes of groups
    #[arg(long, value_delimiter = ',', value_name = "N")]
    sizes: Vec<usize>,
    /// How often everything is repeated
    #[arg(long, default_value_t = 12)]
    rounds: usize,
}

#[derive(clap::Args)]
struct History {
    /// Do not build and run mdk-core for comparison; its row is then missing
    #[arg(long)]
    no_peer: bool,
    /// Where the databases are put; the target folder unless given
    #[arg(long, value_name = "DIR")]
    disk: Option<PathBuf>,
    /// How many messages
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
}

#[derive(clap::Args)]
struct Ui {
    /// Do not build the release app; its rows are then missing
    #[arg(long)]
    no_release: bool,
    /// How many messages are in the database with which the release app starts
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    let folder = house.target.join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    match &arguments.what {
        What::Engine(engine) => measure_engine(&house, &folder, engine),
        What::History(history) => measure_history(&house, &folder, history),
        What::Ui(ui) => measure_window(&house, &folder, ui),
    }
}

fn measure_history(house: &House, folder: &Path, history: &History) -> anyhow::Result<ExitCode> {
    let disk = history.disk.clone().unwrap_or_else(|| folder.to_path_buf());
    let peer = if history.no_peer { None } else { Some(peer(house, folder, &disk)?) };
    let mut build = program::cargo();
    program::run(build.current_dir(&house.root).args(["build", "--release", "--package", "murmel-bench", "--package", "murmel-cli"]))?;
    let out = folder.join("history.json");
    let mut measure = Command::new(house.built("murmel-bench", true));
    measure.arg("history").arg("--disk").arg(&disk).arg("--out").arg(&out).arg("--cli").arg(house.built("murmel-cli", true));
    measure.args(["--messages", &history.messages.to_string()]);
    if let Some(peer) = &peer {
        measure.arg("--peer").arg(peer);
    }
    program::run(&mut measure)?;
    Ok(done(&out))
}

fn measure_window(house: &House, folder: &Path, ui: &Ui) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(window::can_be_driven(), "The window is measured on Linux only.");
    let mut steps = Steps::new();
    prerequisites::ensure(house, &[Purpose::Build, Purpose::Headless, Purpose::WindowTests], ui.yes, &mut steps)?;
    window::ensure(house)?;
    run::build_ui(house)?;
    let bundle = if ui.no_release { None } else { bundle::build(house, &["deb"], false)?.into_iter().next() };
    // The people at terminals and the relay are no part of what is measured.
    let mut build = program::cargo();
    program::run(build.current_dir(&house.root).args(["build", "--package", "murmel-cli"]))?;
    if bundle.is_some() {
        let mut build = program::cargo();
        program::run(build.current_dir(&house.root).args(["build", "--release", "--package", "murmel-bench"]))?;
    }
    let out = folder.join("ui.json");
    window::bench(house, &out, bundle.as_deref(), ui.messages)?;
    Ok(done(&out))
}

fn done(out: &Path) -> ExitCode {
    say::line(&format!("\nThe rows are in {}. A missed target is part of the report and fails nothing.", out.display()));
    ExitCode::SUCCESS
}

fn measure_engine(house: &House, folder: &Path, engine: &Engine) -> anyhow::Result<ExitCode> {
    let disk = engine.disk.clone().unwrap_or_else(|| folder.to_path_buf());
    let peer = if engine.no_peer { None } else { Some(peer(house, folder, &disk)?) };
    let mut build = program::cargo();
    program::run(build.current_dir(&house.root).args(["build", "--release", "--package", "murmel-bench"]))?;
    let out = folder.join("engine.json");
    let mut measure = Command::new(house.built("murmel-bench", true));
    measure.arg("engine").arg("--disk").arg(&disk).arg("--out").arg(&out).arg("--rounds").arg(engine.rounds.to_string());
    if Path::new(MEMORY).is_dir() {
        measure.args(["--memory", MEMORY]);
    }
    if let Some(peer) = &peer {
        measure.arg("--peer").arg(peer);
    }
    if !engine.sizes.is_empty() {
        let sizes: Vec<String> = engine.sizes.iter().map(usize::to_string).collect();
        measure.arg("--sizes").arg(sizes.join(","));
    }
    program::run(&mut measure)?;
    Ok(done(&out))
}

/// Builds and runs the other implementation, which is a package of its own; answers where its numbers are.
fn peer(house: &House, folder: &Path, disk: &Path) -> anyhow::Result<PathBuf> {
    let package = house.root.join("bench").join("peer");
    let target = house.target.join("bench-peer");
    let mut build = program::cargo();
    program::run(build.current_dir(&package).args(["build", "--release", "--locked", "--target-dir"]).arg(&target))?;
    let out = folder.join("peer.json");
    let mut measure = Command::new(target.join("release").join(format!("murmel-bench-peer{}", std::env::consts::EXE_SUFFIX)));
    measure.arg(&out).arg(PEER_MESSAGES).arg(format!("disk={}", disk.display()));
    if Path::new(MEMORY).is_dir() {
        measure.arg(format!("memory={MEMORY}"));
    }
    program::run(&mut measure)?;
    Ok(out)
}
