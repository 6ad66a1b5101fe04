//! `cargo xtask fuzz`: libFuzzer on every target of the simulator's `fuzz` module, or on one.
//! Never part of the test command, which throws a fixed number of altered inputs at the same functions.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, ensure};

use crate::house::House;
use crate::prerequisites::{self, CARGO_FUZZ, Purpose};
use crate::steps::Steps;
use crate::{program, say};

#[derive(clap::Args)]
pub struct Arguments {
    /// Only this target; without it, all of them, one after the other
    target: Option<String>,
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

/// Longest input that libFuzzer makes, in bytes: above every cap of a single message.
const LONGEST: u32 = 1 << 17;
/// Most memory of one program, in MiB.
const MEMORY: u32 = 2_048;

/// What libFuzzer said at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Found {
    executions: u64,
    /// Edges of the program that were reached.
    coverage: u64,
    corpus: u64,
    crashes: Vec<String>,
}

impl Found {
    fn see(&mut self, line: &str) {
        let after = |word: &str| {
            let rest = line.split_once(word)?.1.trim_start();
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        if line.starts_with('#') {
            self.coverage = after(" cov: ").unwrap_or(self.coverage).max(self.coverage);
            self.corpus = after(" corp: ").unwrap_or(self.corpus);
            self.executions = after("#").unwrap_or(self.executions).max(self.executions);
        }
        if line.contains("stat::number_of_executed_units:") {
            self.executions = after("units:").unwrap_or(self.executions);
        }
        if let Some((_, file)) = line.split_once("Test unit written to ") {
            self.crashes.push(file.trim().to_owned());
        }
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ensure!(cfg!(target_os = "linux"), "The fuzzing programs are built and run on Linux only.");
    let house = House::find()?;
    let all = targets(&house)?;
    let wanted: Vec<&String> = match &arguments.target {
        Some(name) => {
            vec![all.iter().find(|one| *one == name).with_context(|| format!("There is no target {name}. There are {}.", all.join(", ")))?]
        }
        None => all.iter().collect(),
    };
    let mut steps = Steps::new();
    prerequisites::ensure_packages(&[Purpose::Build], arguments.yes, &mut steps)?;
    let tool = steps.step("cargo-fuzz", || CARGO_FUZZ.ensure(&house))?;
    let built = house.target.join("fuzz");
    steps.step("Build", || {
        let mut command = program::around_cargo(&tool);
        command.current_dir(&house.root);
        // Coverage takes flags that only a nightly compiler takes, unless it is told that it may.
        command.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "build", "--sanitizer", "none", "--target-dir"]).arg(&built);
        command.args(arguments.target.as_slice());
        program::run(&mut command)
    })?;
    let mut rows = Vec::new();
    for name in wanted {
        rows.push((name.clone(), steps.step(name, || attack(&house, &built, name, arguments.seconds))?));
    }
    say::line(&table(&rows));
    let crashes: Vec<_> = rows.iter().flat_map(|(_, found)| &found.crashes).collect();
    for file in &crashes {
        say::error(&format!("An input that breaks an invariant: {file}"));
    }
    Ok(if crashes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The programs of the fuzz folder, by name.
fn targets(house: &House) -> anyhow::Result<Vec<String>> {
    let folder = house.root.join("fuzz").join("fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn attack(house: &House, built: &Path, name: &str, seconds: u32) -> anyhow::Result<Found> {
    let program = program_in(built, name)?;
    let (corpus, seeds, crashes) = (built.join("corpus").join(name), built.join("seeds").join(name), built.join("crashes").join(name));
    for folder in [&corpus, &seeds, &crashes] {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    let mut command = Command::new(program);
    command.current_dir(&house.root).env("MURMEL_FUZZ_ROOM", built.join("room")).env("MURMEL_FUZZ_SEEDS", &seeds);
    command.env(program::MIN_STACK.0, program::MIN_STACK.1);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}")).arg(format!("-rss_limit_mb={MEMORY}"));
    command.arg(format!("-artifact_prefix={}/", crashes.display())).args(["-print_final_stats=1", "-timeout=30"]).args([&corpus, &seeds]);
    say::line(&format!("$ {}", program::shown(&command)));
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().with_context(|| format!("{name} cannot be started"))?;
    let mut found = Found::default();
    let mut last = String::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            last = String::from_utf8_lossy(&line.context("reading what libFuzzer says")?).into_owned();
            found.see(&last);
            if !last.starts_with('#') {
                say::line(&last);
            }
        }
    }
    let status = child.wait().context("waiting for libFuzzer")?;
    ensure!(status.success() || !found.crashes.is_empty(), "{name} ended with {status}: {last}");
    Ok(found)
}

/// cargo builds it under a folder with the name of the machine.
fn program_in(built: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let machines = std::fs::read_dir(built).with_context(|| format!("reading {}", built.display()))?;
    let mut programs = machines.filter_map(Result::ok).map(|machine| machine.path().join("release").join(name));
    programs.find(|program| program.is_file()).with_context(|| format!("{name} was not built"))
}

fn table(rows: &[(String, Found)]) -> String {
    let mut text = format!("\n{:<20} {:>12} {:>9} {:>7} {:>8}", "target", "executions", "coverage", "corpus", "crashes");
    let mut sum = 0;
    for (name, found) in rows {
        let crashes = found.crashes.len();
        text.push_str(&format!("\n{name:<20} {:>12} {:>9} {:>7} {crashes:>8}", found.executions, found.coverage, found.corpus));
        sum += found.executions;
    }
    text.push_str(&format!("\n{:<20} {sum:>12}", "in all"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_own_words_are_understood() {
        let mut found = Found::default();
        for line in [
            "INFO: Running with entropic power schedule (0xFF, 100).",
            "#2\tINITED cov: 71 ft: 72 corp: 1/1b exec/s: 0 rss: 36Mb",
            "#4096\tpulse  cov: 310 ft: 900 corp: 77/12Kb lim: 43 exec/s: 2048 rss: 60Mb",
            "Test unit written to ./target/fuzz/crashes/x/crash-00",
            "stat::number_of_executed_units: 5000",
        ] {
            found.see(line);
        }
        let crashes = vec!["./target/fuzz/crashes/x/crash-00".to_owned()];
        assert_eq!(found, Found { executions: 5_000, coverage: 310, corpus: 77, crashes });
    }
}
