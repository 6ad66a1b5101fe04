//! Planted bugs: the simulator is built with each of them, and has to notice it by name.
//! Never touches the ordinary build: each bug is a `--cfg` that only this file sets, and its programs lie in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::chaos::RUNNER;
use crate::house::House;
use crate::run::SELECTION;
use crate::tally::Tally;
use crate::{program, say};

/// Seeds that a bug gets to show itself.
const SEEDS: u64 = 120;
/// Seeds that are run before it is looked whether the bug was noticed.
const AT_ONCE: u64 = 20;

/// A bug that other programs of this kind have had, and the promise that it breaks.
struct Bug {
    /// The value of `cfg(murmel_bug)`.
    name: &'static str,
    /// The simulator has to name one of these.
    breaks: &'static [&'static str],
}

const BUGS: &[Bug] = &[
    Bug { name: "no_admin_check_on_replay", breaks: &["unauthorised"] },
    Bug { name: "order_by_arrival", breaks: &["diverged"] },
    Bug { name: "cursor_from_sender_time", breaks: &["lost", "deaf"] },
    Bug { name: "no_dedupe_by_ciphertext", breaks: &["lost", "duplicated", "broken"] },
    Bug { name: "publish_before_persist", breaks: &["phantom"] },
    Bug { name: "merge_before_acknowledgement", breaks: &["diverged", "deaf"] },
    Bug { name: "no_past_epochs", breaks: &["lost"] },
    Bug { name: "tolerance_5", breaks: &["lost"] },
    Bug { name: "overflow_ignored", breaks: &["lost"] },
    Bug { name: "decrypt_error_swallowed", breaks: &["lost", "deaf"] },
];

/// Builds and runs each bug whose name contains `only`.
pub fn run(house: &House, only: Option<&str>) -> anyhow::Result<ExitCode> {
    Ok(if count(house, only)?.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As [`run`]; a bug that is noticed has passed.
pub fn count(house: &House, only: Option<&str>) -> anyhow::Result<Tally> {
    anyhow::ensure!(cfg!(unix), "planted bugs are built by way of a shell script, on Unix only");
    let chosen: Vec<&Bug> = BUGS.iter().filter(|bug| only.is_none_or(|only| bug.name.contains(only))).collect();
    anyhow::ensure!(!chosen.is_empty(), "no planted bug has such a name");
    let folder = house.target.join("planted");
    fs::create_dir_all(&folder)?;
    let mut tally = Tally::default();
    for bug in &chosen {
        let runner = build(house, &folder, bug)?;
        let noticed = notice(&runner, bug)?;
        fs::remove_file(&runner).with_context(|| format!("removing {}", runner.display()))?;
        match noticed {
            Some((seed, name)) => {
                tally.passed += 1;
                say::line(&format!("{}: noticed as {name} in seed {seed}", bug.name));
            }
            None => {
                tally.failed += 1;
                say::error(&format!("{}: NOT noticed in {SEEDS} seeds; expected {}", bug.name, bug.breaks.join(" or ")));
            }
        }
    }
    say::line(&format!("{} planted bugs, {} noticed", chosen.len(), tally.passed));
    Ok(tally)
}

/// Cargo hands a wrapper for the crates of a workspace everything that it asks of rustc, and keeps what comes of it apart from the rest.
fn build(house: &House, folder: &Path, bug: &Bug) -> anyhow::Result<PathBuf> {
    let wrapper = folder.join(format!("with-{}", bug.name));
    fs::write(&wrapper, format!("#!/bin/sh\nexec \"$@\" --cfg 'murmel_bug=\"{}\"'\n", bug.name))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    }
    let mut command = program::cargo();
    command.current_dir(&house.root).args(["build", "--quiet", "--bin", RUNNER]).args(SELECTION);
    command.env("RUSTC_WORKSPACE_WRAPPER", &wrapper).env("CARGO_INCREMENTAL", "0");
    // Dependencies are those of the ordinary build, and what comes out lies elsewhere.
    command.env("CARGO_BUILD_BUILD_DIR", &house.target).env("CARGO_TARGET_DIR", folder);
    program::run(&mut command)?;
    let built = folder.join(bug.name);
    fs::copy(folder.join("debug").join(RUNNER), &built).with_context(|| format!("copying the build with {}", bug.name))?;
    Ok(built)
}

/// The first seed that breaks one of the promises, and which; `None` where none does.
fn notice(runner: &Path, bug: &Bug) -> anyhow::Result<Option<(String, String)>> {
    for first in (0..SEEDS).step_by(usize::try_from(AT_ONCE)?) {
        let mut command = Command::new(runner);
        command.args(["--first", &first.to_string(), "--seeds", &AT_ONCE.to_string()]).stdin(Stdio::null()).stderr(Stdio::inherit());
        let said = command.output().with_context(|| format!("{} cannot be started", runner.display()))?;
        for line in String::from_utf8_lossy(&said.stdout).lines() {
            let mut parts = line.strip_prefix("seed ").unwrap_or_default().splitn(3, ": ");
            if let (Some(seed), Some(name)) = (parts.next(), parts.next())
                && bug.breaks.contains(&name)
            {
                return Ok(Some((seed.to_owned(), name.to_owned())));
            }
        }
    }
    Ok(None)
}
