//! `cargo xtask windows`: Murmel for Windows, cross-compiled and tested under Wine, on Linux.
//! Never part of the test command: it takes a Debian tree of its own and about an hour. What it cannot show is in `docs/platforms.md`.

mod talk;
mod tree;

use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::house::House;
use crate::parts::Parts;
use crate::prerequisites::{self, Purpose, System};
use crate::tally::Tally;
use crate::{program, run, say};
use tree::Tree;

#[derive(clap::Args)]
pub struct Arguments {
    /// Only the parts whose name contains this, for example talk
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

/// What is built for Windows: everything but this program and the measurements, which are for whoever develops Murmel.
const SELECTION: &[&str] = &["--workspace", "--exclude", "xtask", "--exclude", "murmel-bench", "--features", "tauri/custom-protocol"];

/// A part that is never left out: the tests need the programs.
const PROGRAMS: &str = "Programs for Windows";

/// Parts of the names of tests that cannot hold there, and why.
const NOT_UNDER_WINE: &[(&str, &str)] = &[
    ("second_implementation", "it is a Python program of this system"),
    ("both_implementations", "it is a Python program of this system"),
    ("storms", "a seed decides everything on Linux only"),
    ("whatever_lie_the_others_tell", "a seed decides everything on Linux only"),
    ("a_seed_runs_the_same_way", "a seed decides everything on Linux only"),
    ("nothing_is_lost_over_restarts_of_the_relay", "the relay of the test cannot listen again at once on the port that it has left"),
    ("a_relay_that_fails_in_turn_and_restarts", "the relay of the test cannot listen again at once on the port that it has left"),
    ("edges::", "they ask cargo, which is a program of this system"),
    ("survive_a_relay_that_fails_in_every_way", "two thousand messages were not through after three minutes"),
];

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ensure!(
        System::here() == System::Apt && System::is_root(),
        "This takes root on a Debian kind of Linux: it makes a Debian tree and enters it."
    );
    let house = House::find()?;
    let tree = Tree::of(&house);
    let mut parts = Parts::new(arguments.only.as_deref(), &[PROGRAMS]);
    let ready = parts.set_up(|steps| {
        prerequisites::ensure(&house, &[Purpose::Build], arguments.yes, steps)?;
        steps.step("UI build", || run::build_ui(&house))?;
        steps.step("Murmel for this system", || run::build_app(&house, false))?;
        steps.step("Debian's unstable suite, a compiler for Windows, Wine", || tree.ensure(arguments.yes))
    });
    if !ready || !parts.check(PROGRAMS, || program::run(&mut tree.cargo(&["build", "--bins"], SELECTION))) {
        return Ok(parts.close());
    }
    parts.count("Tests under Wine", || test(&tree));
    parts.check("Keys in the Credential Manager", || talk::keys(&tree));
    parts.check("Linux and Windows talk", || talk::talk(&house, &tree));
    Ok(parts.close())
}

fn test(tree: &Tree) -> anyhow::Result<Tally> {
    let mut counted = Tally::default();
    let mut command = tree.cargo(&["test", "--no-fail-fast"], SELECTION);
    command.arg("--");
    for (name, why) in NOT_UNDER_WINE {
        say::line(&format!("left out: {name} ({why})"));
        command.args(["--skip", name]);
    }
    let well = program::run_seeing(&mut command, |line| counted.see_cargo_test(line)).context("running the tests")?;
    Ok(Tally::of_runner(counted, well))
}
