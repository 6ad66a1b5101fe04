//! `cargo xtask chaos`: conversations in a simulated network, each decided by a seed.
//! Never judges a seed itself: the simulator does.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::house::House;
use crate::run::SELECTION;
use crate::{planted, program, say};

/// The program that runs simulations.
pub const RUNNER: &str = "murmel-chaos";

#[derive(clap::Args)]
pub struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Print the results as one JSON object in the last line
    #[arg(long)]
    json: bool,
    /// Seeds at a time
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// Print what happens in the first seed, step by step
    #[arg(long)]
    trace: bool,
    /// With --trace: which records of the log to print, for example murmel_client=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// One change of the group at a time, by one admin
    #[arg(long)]
    no_rivals: bool,
    /// Every relay but one tells this lie, again and again
    #[arg(long, value_name = "NAME", conflicts_with = "lies")]
    lie: Option<String>,
    /// All seeds once for each of the 14 lies
    #[arg(long)]
    lies: bool,
    /// Instead: five people and three relay processes that are killed at random, so many messages
    #[arg(long, value_name = "MESSAGES", num_args = 0..=1, default_missing_value = "10000")]
    processes: Option<u64>,
    /// Optimised: takes long to build, and pays off from some thousand seeds, or messages with --processes, on
    #[arg(long)]
    release: bool,
    /// Instead: build the simulator with each of the planted bugs, and see whether it notices
    #[arg(long)]
    planted: bool,
    /// With --planted: only bugs whose name contains this
    #[arg(long, value_name = "BUG")]
    only: Option<String>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    if arguments.planted {
        return planted::run(&house, arguments.only.as_deref());
    }
    if let Some(messages) = arguments.processes {
        return processes(&house, messages, arguments);
    }
    let mut build = program::cargo();
    build.current_dir(&house.root).args(["build", "--quiet", "--bin", RUNNER]).args(SELECTION);
    if arguments.release {
        build.arg("--release");
    }
    program::run(&mut build)?;
    let runner: PathBuf = house.built(RUNNER, arguments.release);
    let mut command = Command::new(&runner);
    command.current_dir(&house.root);
    command.args(["--first", &arguments.first.to_string(), "--seeds", &arguments.seeds.to_string()]);
    command.args(["--jobs", &arguments.jobs.to_string()]);
    let flags =
        [("--json", arguments.json), ("--trace", arguments.trace), ("--no-rivals", arguments.no_rivals), ("--lies", arguments.lies)];
    command.args(flags.iter().filter(|(_, set)| *set).map(|(flag, _)| flag));
    command.args(arguments.lie.iter().flat_map(|lie| ["--lie", lie]));
    command.args(arguments.log.iter().flat_map(|filter| ["--log", filter]));
    let status = command.status().with_context(|| format!("{} cannot be started", runner.display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the test of relay processes with as many messages as are wanted.
fn processes(house: &House, messages: u64, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut command = program::cargo();
    command.current_dir(&house.root).env("MURMEL_PROCESSES_MESSAGES", messages.to_string());
    command.arg("test").args(SELECTION).args(arguments.release.then_some("--release"));
    command.args(["--test", "relay_processes", "--", "--nocapture"]);
    let mut report = None;
    let passed = program::run_seeing(&mut command, |line| {
        report = line.strip_prefix("PROCESSES ").map(str::to_owned).or(report.take());
    })?;
    if let Some(report) = report.filter(|_| arguments.json) {
        say::line(&report);
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
