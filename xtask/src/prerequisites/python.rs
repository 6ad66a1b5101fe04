//! The Python environment of the second implementation, under the target folder.
//! Never changes the system's Python, and installs nothing that `requirements.txt` does not pin.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::house::House;
use crate::{program, say};

/// Makes the environment anew unless it was made with these very requirements.
pub fn ensure(house: &House) -> anyhow::Result<()> {
    let requirements = house.root.join("tests").join("second").join("requirements.txt");
    let wanted = std::fs::read(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let environment = house.target.join("python");
    let stamp = environment.join("requirements.txt");
    let python = python_in(&environment);
    if is_done(&wanted, std::fs::read(&stamp).ok().as_deref(), program::answer(Command::new(&python).arg("--version")).is_some()) {
        say::line("nothing changed");
        return Ok(());
    }
    let system = ["python3", "python"].into_iter().find(|name| program::exists(name)).context("There is no Python 3. Install one.")?;
    program::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--requirement"]);
    program::run(pip.arg(&requirements))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

fn python_in(environment: &Path) -> PathBuf {
    if cfg!(windows) { environment.join("Scripts").join("python.exe") } else { environment.join("bin").join("python") }
}

fn is_done(wanted: &[u8], stamp: Option<&[u8]>, runs: bool) -> bool {
    runs && stamp == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_made_again_only_when_the_requirements_changed_or_it_does_not_run() {
        assert!(is_done(b"a", Some(b"a"), true));
        assert!(!is_done(b"b", Some(b"a"), true));
        assert!(!is_done(b"a", Some(b"a"), false));
        assert!(!is_done(b"a", None, true));
    }
}
