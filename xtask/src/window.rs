//! The tests and the pictures that come from the real window, driven by `tests/desktop`.
//! Never counts a test itself: the tests write `desktop-report.json`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::house::House;
use crate::prerequisites::{self, Purpose, TAURI_DRIVER};
use crate::steps::Steps;
use crate::tally::Tally;
use crate::tree::Tree;
use crate::{program, run, say};

/// What the window is tested with: nothing here knows a WebDriver for the web views of other systems.
pub fn can_be_driven() -> bool {
    cfg!(target_os = "linux")
}

/// Installs the npm packages of the window tests and the driver.
pub fn ensure(house: &House) -> anyhow::Result<()> {
    prerequisites::install_npm_packages(house, &house.desktop_tests())?;
    TAURI_DRIVER.ensure(house)?;
    Ok(())
}

/// Runs the window tests and reads what they report. They make a screen, a session and a home of their own.
pub fn test(house: &House) -> anyhow::Result<Tally> {
    let report = house.target.join("desktop-report.json");
    count(&report, npm(house, &report)?.arg("test"))
}

/// Runs the window tests of a `program` that is installed in a tree; on the way they install the package `newer` over it, and remove it.
pub fn test_installed(house: &House, tree: &Tree, program: &str, newer: &Path) -> anyhow::Result<Tally> {
    let report = house.target.join("installed-report.json");
    let mut variables = variables(house, &report).to_vec();
    variables.extend([("MURMEL_APP", program.into()), ("MURMEL_DEB", newer.to_path_buf())]);
    let mut words: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
    words.extend(["node", "run.js", "package"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    count(&report, &mut tree.inside(&house.desktop_tests().to_string_lossy(), &words))
}

fn count(report: &Path, tests: &mut Command) -> anyhow::Result<Tally> {
    let _ = std::fs::remove_file(report);
    let well = program::run_seeing(tests, |_| {})?;
    let counted = std::fs::read_to_string(report).ok().and_then(|text| Tally::of_window(&text)).unwrap_or_default();
    Ok(Tally::of_runner(counted, well))
}

/// `cargo xtask shots DIR`.
pub fn shots(dir: &Path, yes: bool) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(can_be_driven(), "Pictures of the real window are taken on Linux only.");
    let house = House::find()?;
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let dir = std::path::absolute(dir)?;
    let mut steps = Steps::new();
    let outcome = prerequisites::ensure(&house, &[Purpose::Build, Purpose::Headless, Purpose::WindowTests], yes, &mut steps)
        .and_then(|()| steps.step("Window driver", || ensure(&house)))
        .and_then(|()| steps.step("User interface", || run::build_ui(&house)))
        .and_then(|()| steps.step("App", || run::build_app(&house, false)))
        .and_then(|()| steps.step("Pictures", || take_shots(&house, &dir)));
    say::line(&steps.table());
    outcome?;
    say::line(&format!("\nThe pictures are in {}", dir.display()));
    Ok(ExitCode::SUCCESS)
}

fn take_shots(house: &House, dir: &Path) -> anyhow::Result<()> {
    program::run(npm(house, &house.target.join("desktop-shots.json"))?.args(["run", "shots", "--"]).arg(dir))
}

/// Measures the window; of the app only where its package was built.
pub fn bench(house: &House, out: &Path, bundle: Option<&Path>, messages: u64) -> anyhow::Result<()> {
    let mut command = npm(house, &house.target.join("desktop-bench.json"))?;
    command.env_remove("MURMEL_APP");
    if let Some(bundle) = bundle {
        command.env("MURMEL_APP", house.built("murmel", true)).env("MURMEL_DEB", bundle);
        command.env("MURMEL_BENCH", house.built("murmel-bench", true)).env("MURMEL_BENCH_MESSAGES", messages.to_string());
    }
    program::run(command.args(["run", "bench", "--"]).arg(out))
}

/// npm in `tests/desktop`, told where everything is.
fn npm(house: &House, report: &Path) -> anyhow::Result<Command> {
    let mut command = program::npm(house, &house.desktop_tests())?;
    command.envs(variables(house, report));
    Ok(command)
}

fn variables(house: &House, report: &Path) -> [(&'static str, PathBuf); 5] {
    [
        ("MURMEL_APP", house.built("murmel", false)),
        ("MURMEL_CLI", house.built("murmel-cli", false)),
        ("MURMEL_TARGET", house.target.clone()),
        ("TAURI_DRIVER", house.tool("tauri-driver")),
        ("DESKTOP_REPORT", report.to_path_buf()),
    ]
}
