//! Starting other programs: shown before they run, their failure in words.
//! Never hides what a program prints.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::say;

/// The cargo that started us, so that `cargo +toolchain xtask` stays on its toolchain.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.env(MIN_STACK.0, MIN_STACK.1);
    if std::env::var_os("CI").is_some() {
        // A checkout that is built once has no use for what makes the next build quicker, and that takes gigabytes.
        command.env("CARGO_INCREMENTAL", "0");
    }
    forget_xtask(&mut command);
    command
}

/// `cargo run` says in the environment which package it runs. Some build scripts watch these variables, and would run again each time.
fn forget_xtask(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(names_a_package)) {
        command.env_remove(name);
    }
}

fn names_a_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

/// The threads of debug builds need more stack than Rust's default of 2 MiB.
pub const MIN_STACK: (&str, &str) = ("RUST_MIN_STACK", "8388608");

/// A program that runs cargo itself, on the toolchain that runs us.
pub fn around_cargo(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    forget_xtask(&mut command);
    command
}

/// A program with the `PATH` that has the right Node in front.
pub fn with_node(house: &crate::house::House, name: impl AsRef<OsStr>, folder: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(name);
    command.current_dir(folder).env("PATH", house.path()?);
    forget_xtask(&mut command);
    Ok(command)
}

/// npm in the given folder.
pub fn npm(house: &crate::house::House, folder: &Path) -> anyhow::Result<Command> {
    // On Windows npm is a script that has to be named in full.
    with_node(house, if cfg!(windows) { "npm.cmd" } else { "npm" }, folder)
}

/// Shows and runs a program; an exit code other than 0 is an error.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    say::line(&format!("$ {shown}"));
    let status = command.status().with_context(|| format!("`{shown}` cannot be started"))?;
    anyhow::ensure!(status.success(), "`{shown}` ended with {status}");
    Ok(())
}

/// Shows and runs a program, passing each line of its standard output on and to `see`. Returns whether it ended well.
pub fn run_seeing(command: &mut Command, mut see: impl FnMut(&str)) -> anyhow::Result<bool> {
    let shown = shown(command);
    say::line(&format!("$ {shown}"));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("`{shown}` cannot be started"))?;
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if reader.read_until(b'\n', &mut bytes).with_context(|| format!("reading from `{shown}`"))? == 0 {
                break;
            }
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(&bytes);
            let _ = out.flush();
            see(String::from_utf8_lossy(&bytes).trim_end());
        }
    }
    Ok(child.wait().with_context(|| format!("waiting for `{shown}`"))?.success())
}

/// What a program prints, without showing it; `None` if it cannot be started or fails.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program of this name is in `PATH`.
pub fn exists(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).is_file())
    })
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let mut words = vec![typed(command.get_program())];
    words.extend(command.get_args().map(typed));
    words.join(" ")
}

fn typed(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=:,@+~^".contains(c));
    if plain { word.into_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("npm");
        command.args(["run", "two words", "--prefix=ui"]);
        assert_eq!(shown(&command), "npm run 'two words' --prefix=ui");
    }

    #[test]
    fn only_what_names_xtasks_package_is_forgotten() {
        assert!(names_a_package("CARGO_PKG_NAME") && names_a_package("CARGO_MANIFEST_DIR"));
        assert!(!names_a_package("CARGO_HOME") && !names_a_package("CARGO_TARGET_DIR") && !names_a_package("PATH"));
    }

    #[test]
    fn a_program_that_fails_gives_no_answer() {
        assert_eq!(answer(&mut Command::new("a-program-that-nobody-has")), None);
    }

    #[cfg(unix)]
    #[test]
    fn each_line_of_output_is_seen_and_the_exit_code_kept() {
        let mut lines = Vec::new();
        let well = run_seeing(Command::new("sh").args(["-c", "echo one; echo two; exit 3"]), |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["one", "two"]);
        assert!(!well);
    }
}
