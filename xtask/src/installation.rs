//! The Debian package: made, installed with apt, used in the real window, upgraded, removed.
//! Never runs where it could touch a person's own installation.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::house::House;
use crate::prerequisites::System;
use crate::tally::Tally;
use crate::{bundle, program, window};

/// Only as root on a Debian kind of system, and only where no Murmel is installed.
pub fn can_be_tested() -> bool {
    System::here() == System::Apt && System::is_root() && !is_installed()
}

fn is_installed() -> bool {
    System::Apt.missing(&["murmel"]).is_empty()
}

/// Bundles a debug build, installs it, lets the window tests use it, upgrade it and remove it, and sees that no file of it stayed.
pub fn test(house: &House) -> anyhow::Result<Tally> {
    let made = bundle::build(house, &["deb"], true)?;
    let package = made.first().context("no .deb was made")?;
    let field = |name: &str| {
        let asked = program::answer(Command::new("dpkg-deb").arg("--field").arg(package).arg(name));
        asked.with_context(|| format!("the .deb says nothing of {name}"))
    };
    let name = field("Package")?;
    let newer = newer(package, &field("Version")?, &house.target.join("newer"))?;
    program::run(
        Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).arg(package).env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    let files = program::answer(Command::new("dpkg").args(["--listfiles", &name])).unwrap_or_default();
    let used = describe(&files).and_then(|()| window::test_installed(house, program_of(&files)?, &newer));
    // The window tests have removed it where they came that far.
    let removed = program::run(Command::new("dpkg").args(["--purge", &name]));
    let used = used?;
    removed?;
    let left: Vec<&str> = files.lines().filter(|file| Path::new(file).is_file()).collect();
    anyhow::ensure!(left.is_empty(), "still there after removal: {}", left.join(" "));
    Ok(used)
}

/// The same package with a version after its own.
fn newer(package: &Path, version: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let _ = std::fs::remove_dir_all(folder);
    program::run(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(folder))?;
    let control = folder.join("DEBIAN").join("control");
    let text = std::fs::read_to_string(&control)?;
    std::fs::write(&control, text.replace(&format!("Version: {version}"), &format!("Version: {version}+1")))?;
    let newer = folder.with_extension("deb");
    program::run(Command::new("dpkg-deb").args(["--build", "-Znone"]).arg(folder).arg(&newer))?;
    Ok(newer)
}

/// What menus, browsers and software centres read is there and valid.
fn describe(files: &str) -> anyhow::Result<()> {
    let ending = |ending: &str| files.lines().find(|file| file.ends_with(ending)).with_context(|| format!("the package has no {ending}"));
    program::run(Command::new("desktop-file-validate").arg(ending(".desktop")?))?;
    program::run(Command::new("appstreamcli").args(["validate", "--no-net"]).arg(ending(".metainfo.xml")?))
}

fn program_of(files: &str) -> anyhow::Result<&Path> {
    let program = files.lines().find(|file| file.starts_with("/usr/bin/")).context("the package has no program in /usr/bin")?;
    Ok(Path::new(program))
}
