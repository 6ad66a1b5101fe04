//! The commands that a person types in this house: run, test, bench, chaos, crash, fuzz, windows, bundle, shots.
//! Never part of the product: nothing here is linked into the app.

mod bench;
mod bundle;
mod chaos;
mod crash;
mod display;
mod fuzz;
mod house;
mod installation;
mod parts;
mod picture;
mod planted;
mod prerequisites;
mod program;
mod run;
mod say;
mod steps;
mod tally;
mod test;
mod tree;
mod window;
mod windows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Runs, tests and bundles Murmel, and installs what that needs")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what is missing, builds the app and opens it
    Run(run::Arguments),
    /// Installs what is missing and runs every check; the last line is `N passed, N failed`
    Test(test::Arguments),
    /// Builds installers for this system
    Bundle(bundle::Arguments),
    /// Takes a picture of each screen: from the real window, and of the others in light and dark, wide and narrow, and two languages
    Shots {
        /// Folder for the pictures; made if missing
        dir: PathBuf,
        /// Install what is missing without asking
        #[arg(long)]
        yes: bool,
    },
    /// Measures what the engine, the store and the window cost, in release builds
    Bench(bench::Arguments),
    /// Simulates conversations on relays that fail and lie; each seed decides one
    Chaos(chaos::Arguments),
    /// Kills the program at every named place and at random times, and looks at what is left
    Crash(crash::Arguments),
    /// Runs libFuzzer on one place where bytes of others come in, or on all of them
    Fuzz(fuzz::Arguments),
    /// Builds Murmel for Windows in a Debian tree of its own, and tests it under Wine
    Windows(windows::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Bundle(arguments) => bundle::run(&arguments),
        Command::Shots { dir, yes } => window::shots(&dir, yes),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
        Command::Crash(arguments) => crash::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Windows(arguments) => windows::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        say::error(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_is_for_the_app() {
        let parsed = Arguments::try_parse_from(["cargo xtask", "run", "--try", "--", "--home", "/tmp/x"]);
        assert!(matches!(parsed, Ok(Arguments { command: Command::Run(_) })));
        assert!(Arguments::try_parse_from(["cargo xtask", "run", "--home", "/tmp/x"]).is_err());
    }
}
