//! `cargo xtask bundle`: installers for the system that it runs on.
//! Never signs or publishes them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::house::House;
use crate::prerequisites::{self, Purpose};
use crate::steps::Steps;
use crate::{program, say};

#[derive(clap::Args)]
pub struct Arguments {
    /// Bundle a debug build: quick, large and slow
    #[arg(long)]
    debug: bool,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    let mut steps = Steps::new();
    let outcome = prerequisites::ensure(&house, &[Purpose::Build], arguments.yes, &mut steps)
        .and_then(|()| steps.step("Bundles", || build(&house, kinds(), arguments.debug)));
    say::line(&steps.table());
    for path in outcome? {
        let size = std::fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?.len();
        say::line(&format!("{} ({})", path.display(), megabytes(size)));
    }
    Ok(ExitCode::SUCCESS)
}

/// What can be made here. AppImage is left out: its tools would be downloaded while bundling.
fn kinds() -> &'static [&'static str] {
    match std::env::consts::OS {
        "macos" => &["app", "dmg"],
        "windows" => &["nsis", "msi"],
        _ => &["deb", "rpm"],
    }
}

/// Builds the app with its pages and wraps it up; returns the installers.
pub fn build(house: &House, kinds: &[&str], debug: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut command = tauri(house)?;
    command.args(["build", "--ci", "--bundles", &kinds.join(",")]);
    if debug {
        // With all that the tests need anyway: what is built of one package alone has other features.
        command.arg("--debug");
    } else {
        command.args(["--", "--package", "murmel"]);
    }
    program::run(&mut command)?;
    let folder = house.target.join(if debug { "debug" } else { "release" }).join("bundle");
    let made = installers(&folder, kinds)?;
    anyhow::ensure!(!made.is_empty(), "the Tauri CLI ended well, but there is no installer in {}", folder.display());
    Ok(made)
}

/// The Tauri CLI that comes with the UI's npm packages, in the root folder, where `tauri.conf.json` is.
fn tauri(house: &House) -> anyhow::Result<Command> {
    let name = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
    program::with_node(house, house.ui().join("node_modules").join(".bin").join(name), &house.root)
}

/// The newest file in the folder of each kind.
fn installers(folder: &Path, kinds: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for kind in kinds.iter().filter(|&&kind| kind != "app") {
        let folder = folder.join(kind);
        let mut newest: Option<(std::time::SystemTime, PathBuf)> = None;
        for entry in std::fs::read_dir(&folder).with_context(|| format!("looking into {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == extension(kind)) {
                let modified = std::fs::metadata(&path)?.modified()?;
                if newest.as_ref().is_none_or(|(other, _)| modified > *other) {
                    newest = Some((modified, path));
                }
            }
        }
        made.extend(newest.map(|(_, path)| path));
    }
    Ok(made)
}

/// A size as people read it.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

fn extension(kind: &str) -> &str {
    if kind == "nsis" { "exe" } else { kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_rounded_up_to_a_tenth_of_a_megabyte() {
        assert_eq!(megabytes(0), "0.0 MB");
        assert_eq!(megabytes(1), "0.1 MB");
        assert_eq!(megabytes(12_345_678), "12.4 MB");
    }

    #[test]
    fn the_newest_release_that_software_centres_show_is_this_version() {
        let described = include_str!("../../src-tauri/chat.murmel.desktop.metainfo.xml");
        let newest = described.split("<release version=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(newest, Some(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn the_version_stands_in_one_place() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        assert_eq!(config.get("version"), None, "Tauri takes the version of the workspace");
        let pages: serde_json::Value = serde_json::from_str(include_str!("../../ui/package.json")).unwrap();
        assert_eq!(pages.get("version"), None, "and so do the pages");
    }

    #[test]
    fn the_newest_installer_of_each_kind_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deb")).unwrap();
        std::fs::write(folder.path().join("deb").join("murmel.deb"), "x").unwrap();
        std::fs::write(folder.path().join("deb").join("murmel.txt"), "x").unwrap();
        assert_eq!(installers(folder.path(), &["deb"]).unwrap(), [folder.path().join("deb").join("murmel.deb")]);
        assert!(installers(folder.path(), &["rpm"]).is_err());
    }
}
