//! `cargo xtask test`: every check of the house, the quick ones first.
//! Never stops at a failure: the rest still runs, and all of it is counted.

use std::process::ExitCode;

use crate::house::House;
use crate::parts::Parts;
use crate::prerequisites::{self, CARGO_DENY, Purpose};
use crate::run::SELECTION;
use crate::tally::Tally;
use crate::{installation, planted, program, run, say, window};

/// A part that is never left out: the app's build takes the pages in.
const UI_BUILD: &str = "UI build";

#[derive(clap::Args)]
pub struct Arguments {
    /// Leave the real window and the planted bugs out
    #[arg(long)]
    fast: bool,
    /// Only the parts whose name contains this, for example window
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    let mut parts = Parts::new(arguments.only.as_deref(), &[UI_BUILD]);
    let windowed = !arguments.fast && window::can_be_driven();
    let purposes: &[Purpose] = if windowed {
        &[Purpose::Build, Purpose::Checks, Purpose::Headless, Purpose::WindowTests]
    } else {
        &[Purpose::Build, Purpose::Checks]
    };
    let ready = parts.set_up(|steps| {
        prerequisites::ensure(&house, purposes, arguments.yes, steps)?;
        steps.step("Rust components", prerequisites::ensure_rust_components)?;
        steps.step("Python packages", || prerequisites::ensure_python(&house))
    });
    if !ready {
        return Ok(parts.close());
    }
    quick_checks(&house, &mut parts);
    rust_checks(&house, &mut parts);
    if !arguments.fast && cfg!(unix) {
        parts.count("Planted bugs", || planted::count(&house, None));
    }
    if windowed {
        window_checks(&house, &mut parts);
    } else if !arguments.fast {
        say::line("\nThe window is tested on Linux only: no WebDriver for this system's web view is set up here.");
    }
    Ok(parts.close())
}

fn quick_checks(house: &House, parts: &mut Parts) {
    parts.check("Formatting", || {
        program::run(program::cargo().current_dir(&house.root).args(["fmt", "--all", "--check", "--message-format", "short"]))
    });
    parts.check("UI types", || program::run(program::npm(house, &house.ui())?.args(["run", "check"])));
    parts.count("UI tests", || ui_tests(house));
    parts.check(UI_BUILD, || run::build_ui(house));
    parts.check("Licences, sources, bans", || {
        let deny = CARGO_DENY.ensure(house)?;
        let mut command = std::process::Command::new(deny);
        command.current_dir(&house.root);
        program::run(command.args(["--log-level", "error", "--all-features", "check", "--show-stats", "bans", "licenses", "sources"]))
    });
}

fn rust_checks(house: &House, parts: &mut Parts) {
    parts.check("Clippy", || {
        let mut command = program::cargo();
        command.current_dir(&house.root).args(["clippy", "--all-targets"]).args(SELECTION);
        program::run(command.args(["--", "-D", "warnings"]))
    });
    parts.count("Rust tests", || {
        let mut counted = Tally::default();
        let mut command = program::cargo();
        command.current_dir(&house.root).args(["test", "--no-fail-fast"]).args(SELECTION);
        let well = program::run_seeing(&mut command, |line| counted.see_cargo_test(line))?;
        Ok(Tally::of_runner(counted, well))
    });
}

fn window_checks(house: &House, parts: &mut Parts) {
    if !parts.check("App for the window", || run::build_app(house, false)) {
        return;
    }
    parts.count("Window tests", || {
        window::ensure(house)?;
        window::test(house)
    });
    if installation::can_be_tested() {
        parts.count("Package installed, upgraded, removed", || installation::test(house));
    } else {
        say::line("\nThe package is not installed here: that takes root on Debian, and the right to mount.");
    }
}

fn ui_tests(house: &House) -> anyhow::Result<Tally> {
    let report = house.target.join("ui-report.json");
    let _ = std::fs::remove_file(&report);
    let mut command = program::npm(house, &house.ui())?;
    command.args(["test", "--", "--reporter=default", "--reporter=json"]);
    command.arg(format!("--outputFile.json={}", report.display()));
    let well = program::run_seeing(&mut command, |_| {})?;
    let counted = std::fs::read_to_string(&report).ok().and_then(|text| Tally::of_vitest(&text)).unwrap_or_default();
    Ok(Tally::of_runner(counted, well))
}
