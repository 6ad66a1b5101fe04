//! A Node that is new enough for Vite: the system's, or a prebuilt one from npm under the target folder.
//! Never changes the system's Node.

use std::process::Command;

use anyhow::Context;

use super::System;
use crate::house::House;
use crate::{program, say};

/// The oldest Node that Vite 8 runs on.
const OLDEST: Version = Version { major: 20, minor: 19 };
/// What is installed where the system's is older: the npm package `node` holds prebuilt programs.
const OWN_NODE: &str = "node@22.23.3";
/// Debian's npm is older than the Node it would have to run under.
const OWN_NPM: &str = "npm@10.9.4";

/// A Node version as far as we care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// Reads `v20.19.1`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().strip_prefix('v')?.split('.');
        Some(Self { major: numbers.next()?.parse().ok()?, minor: numbers.next()?.parse().ok()? })
    }

    /// Vite skips the odd, short-lived releases; 22 is new enough from .12 on.
    fn is_new_enough(self) -> bool {
        self >= OLDEST && self.major != 21 && (self.major != 22 || self.minor >= 12)
    }
}

/// Makes sure that `House::path` leads to a Node that is new enough, with npm.
pub fn ensure(house: &House, yes: bool) -> anyhow::Result<()> {
    if let Some(version) = found(house)? {
        say::line(&format!("Node {}.{}", version.major, version.minor));
        return Ok(());
    }
    match version(&mut Command::new("node")) {
        Some(old) => {
            say::line(&format!("Node {}.{} is too old: {}.{} or newer is needed", old.major, old.minor, OLDEST.major, OLDEST.minor))
        }
        None => say::line("there is no Node here"),
    }
    if System::here() == System::Homebrew {
        return super::need(&["node"], yes);
    }
    if !program::exists(if cfg!(windows) { "npm.cmd" } else { "npm" }) {
        let packages: &[&str] = match System::here() {
            System::Apt => &["nodejs", "npm"],
            System::Dnf => &["nodejs", "nodejs-npm"],
            System::Homebrew | System::Other => anyhow::bail!("Install Node 20.19 or newer (https://nodejs.org) and start again."),
        };
        super::need(packages, yes)?;
    }
    if found(house)?.is_none() {
        install_own(house)?;
    }
    let version = found(house)?.context("npm's package `node` was installed, but gives no Node that is new enough")?;
    say::line(&format!("Node {}.{} in {}", version.major, version.minor, house.node_bin().display()));
    Ok(())
}

fn install_own(house: &House) -> anyhow::Result<()> {
    let folder = house.target.join("node");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    std::fs::write(folder.join("package.json"), "{\"private\": true}\n").context("writing the package.json for Node")?;
    // Scripts are needed: the package's own one puts the program for this processor into place.
    let mut command = program::npm(house, &folder)?;
    program::run(command.args(["install", "--no-audit", "--no-fund", "--ignore-scripts=false", OWN_NODE, OWN_NPM]))
}

/// The Node that `House::path` leads to, if it is new enough and npm is with it.
fn found(house: &House) -> anyhow::Result<Option<Version>> {
    let mut node = program::with_node(house, "node", &house.root)?;
    let mut npm = program::npm(house, &house.root)?;
    let version = version(&mut node).filter(|version| version.is_new_enough());
    Ok(version.filter(|_| program::answer(npm.arg("--version")).is_some()))
}

fn version(node: &mut Command) -> Option<Version> {
    Version::parse(&program::answer(node.arg("--version"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_enough(text: &str) -> bool {
        Version::parse(text).unwrap().is_new_enough()
    }

    #[test]
    fn node_versions_are_read() {
        assert_eq!(Version::parse("v20.19.1\n"), Some(Version { major: 20, minor: 19 }));
        assert_eq!(Version::parse("20.19.1"), None);
        assert_eq!(Version::parse("v20"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn the_oldest_node_is_the_one_that_vite_names() {
        assert!(new_enough("v20.19.0") && new_enough("v22.12.0") && new_enough("v24.0.0"));
        assert!(!new_enough("v18.20.4") && !new_enough("v20.18.3") && !new_enough("v21.7.0") && !new_enough("v22.11.0"));
    }
}
