//! `cargo xtask crash`: ends the program at every named place and at random times, and looks at what is left.
//! Never a second way of doing so: it runs the test of the same name with more rounds.

use std::process::ExitCode;

use crate::house::House;
use crate::program;

/// Read by the test.
const ROUNDS: &str = "MURMEL_CRASH_ROUNDS";

#[derive(clap::Args)]
pub struct Arguments {
    /// How often the program is killed at a random time
    #[arg(long, default_value_t = 1000)]
    rounds: u64,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    let mut command = program::cargo();
    command.current_dir(&house.root).env(ROUNDS, arguments.rounds.to_string());
    program::run(command.args(["test", "--package", "murmel-client", "--test", "crash", "--", "--nocapture"]))?;
    Ok(ExitCode::SUCCESS)
}
