//! Programs that `cargo install` builds under the target folder, pinned to one version each.
//! Never touches what the person has in `~/.cargo/bin`.

use std::path::PathBuf;

use anyhow::Context;

use crate::house::House;
use crate::{program, say};

/// A program that cargo installs, in one version.
pub struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Checks licences, sources and bans.
pub const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Builds programs for libFuzzer.
pub const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };
/// Speaks WebDriver for the app's window.
pub const TAURI_DRIVER: Tool = Tool { name: "tauri-driver", version: "2.0.6" };

impl Tool {
    /// Builds the tool unless this version is there; returns where it is.
    pub fn ensure(&self, house: &House) -> anyhow::Result<PathBuf> {
        let path = house.tool(&format!("{}{}", self.name, std::env::consts::EXE_SUFFIX));
        let record = house.target.join("tools").join(".crates.toml");
        let installed = std::fs::read_to_string(record).unwrap_or_default();
        if path.is_file() && self.is_recorded(&installed) {
            say::line(&format!("{} {} is here", self.name, self.version));
            return Ok(path);
        }
        // A debug build: half the time to compile, and these tools have little to do.
        let mut command = program::cargo();
        command.args(["install", self.name, "--version", self.version, "--locked", "--debug", "--root"]);
        command.arg(house.target.join("tools")).arg("--target-dir").arg(house.target.join("tools").join("build"));
        program::run(&mut command).with_context(|| format!("installing {} {}", self.name, self.version))?;
        Ok(path)
    }

    /// cargo's own record of what it installed has lines like `"cargo-deny 0.20.2 (registry+…)" = ["cargo-deny"]`.
    fn is_recorded(&self, record: &str) -> bool {
        let start = format!("\"{} {} ", self.name, self.version);
        record.lines().any(|line| line.trim_start().starts_with(&start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_tool_counts_only_in_its_pinned_version() {
        let tool = Tool { name: "cargo-deny", version: "0.20.2" };
        assert!(tool.is_recorded("[v1]\n\"cargo-deny 0.20.2 (registry+https://example)\" = [\"cargo-deny\"]\n"));
        assert!(!tool.is_recorded("[v1]\n\"cargo-deny 0.20.20 (registry+https://example)\" = [\"cargo-deny\"]\n"));
        assert!(!tool.is_recorded("[v1]\n\"tauri-driver 0.20.2 (registry+https://example)\" = [\"tauri-driver\"]\n"));
    }
}
