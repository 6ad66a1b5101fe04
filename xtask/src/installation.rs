//! The Debian package: made, installed with apt, started, removed.
//! Never runs where it could touch a person's own installation.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::display::{Desktop, Running};
use crate::house::House;
use crate::picture::Window;
use crate::prerequisites::System;
use crate::{bundle, program};

/// How long the installed app may take until its first page is shown.
const WINDOW_LIMIT: Duration = Duration::from_secs(120);

/// Only as root on a Debian kind of system, and only where no Murmel is installed.
pub fn can_be_tested() -> bool {
    System::here() == System::Apt && System::is_root() && !is_installed()
}

fn is_installed() -> bool {
    System::Apt.missing(&["murmel"]).is_empty()
}

/// Bundles a debug build, installs it, opens its window, removes it, and sees that no file stayed.
pub fn test(house: &House) -> anyhow::Result<()> {
    let made = bundle::build(house, &["deb"], true)?;
    let package = made.first().context("no .deb was made")?;
    let name =
        program::answer(Command::new("dpkg-deb").args(["--field"]).arg(package).arg("Package")).context("the .deb names no package")?;
    program::run(
        Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).arg(package).env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    let files = program::answer(Command::new("dpkg").args(["--listfiles", &name])).unwrap_or_default();
    let shown = describe(&files).and_then(|()| show(&files, &house.target.join("installed.png")));
    let removed = program::run(Command::new("apt-get").args(["purge", "--yes", &name]).env("DEBIAN_FRONTEND", "noninteractive"));
    shown?;
    removed?;
    let left: Vec<&str> = files.lines().filter(|file| Path::new(file).is_file()).collect();
    anyhow::ensure!(left.is_empty(), "still there after removal: {}", left.join(" "));
    Ok(())
}

/// What menus, browsers and software centres read is there and valid.
fn describe(files: &str) -> anyhow::Result<()> {
    let ending = |ending: &str| files.lines().find(|file| file.ends_with(ending)).with_context(|| format!("the package has no {ending}"));
    program::run(Command::new("desktop-file-validate").arg(ending(".desktop")?))?;
    program::run(Command::new("appstreamcli").args(["validate", "--no-net"]).arg(ending(".metainfo.xml")?))
}

fn show(files: &str, picture: &Path) -> anyhow::Result<()> {
    let program = files.lines().find(|file| file.starts_with("/usr/bin/")).context("the package has no program in /usr/bin")?;
    let desktop = Desktop::start()?;
    let mut app = Command::new(program);
    app.current_dir(desktop.home()).env(program::MIN_STACK.0, program::MIN_STACK.1).arg("--home").arg(desktop.home().join("murmel"));
    let app = Running::start_shown(desktop.inside(&mut app))?;
    Window::at_rest(&desktop, app, "Murmel", WINDOW_LIMIT)?.save(picture)
}
