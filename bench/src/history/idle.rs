//! The memory of a client that waits: murmel-cli as it listens, with and without groups, on a relay of this computer.
//! Linux only: other systems do not tell it in a file.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::rows::Report;

/// Groups of the idle client.
const GROUPS: usize = 50;
/// How long it is left alone before it is looked at.
const CALM: Duration = Duration::from_secs(8);

/// A process that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures it.
///
/// # Errors
/// A command of murmel-cli fails.
pub fn measure(report: &mut Report, cli: &Path, folder: &Path) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut relay = Command::new(cli);
    let (_relay, said) = start(relay.args(["--json", "relay", "serve", "127.0.0.1:0"]))?;
    let url = said.pointer("/result/url").and_then(Value::as_str).context("the relay does not say where it listens")?.to_owned();
    let command = || {
        let mut command = Command::new(cli);
        command.arg("--home").arg(folder.join("idle")).args(["--json", "--relay", &url]).env("MURMEL_PASSPHRASE", "of the benchmark");
        command
    };
    run(command().args(["identity", "new", "--name", "Idle"]))?;
    for groups in [0, GROUPS] {
        for n in 0..groups {
            run(command().args(["group", "new", &format!("Group {n}")]))?;
        }
        let (listener, _) = start(command().arg("listen"))?;
        std::thread::sleep(CALM);
        let status = std::fs::read_to_string(format!("/proc/{}/status", listener.0.id()))?;
        report.fact(
            format!("idle/{groups} groups/memory"),
            mebibytes(&status, "VmRSS:")?,
            "MiB",
            "resident, program and libraries included",
        );
        report.fact(format!("idle/{groups} groups/own memory"), mebibytes(&status, "RssAnon:")?, "MiB", "of that, not of a file");
    }
    Ok(())
}

fn mebibytes(status: &str, name: &str) -> anyhow::Result<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name} in the status"))?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    anyhow::ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// Starts a program and waits for its first line.
fn start(command: &mut Command) -> anyhow::Result<(Running, Value)> {
    let mut child = Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut lines = BufReader::new(child.0.stdout.take().context("no output")?);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    // Whoever does not read makes the program wait.
    std::thread::spawn(move || lines.lines().map_while(Result::ok).for_each(drop));
    Ok((child, serde_json::from_str(&line)?))
}
