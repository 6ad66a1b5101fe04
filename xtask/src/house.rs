//! Where things are in the checkout.
//! Never creates or changes a file.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;

/// The folders that the commands work in.
#[derive(Clone)]
pub struct House {
    /// The checkout.
    pub root: PathBuf,
    /// Build output; `CARGO_TARGET_DIR` is respected.
    pub target: PathBuf,
}

impl House {
    /// The checkout that this program was built from.
    pub fn find() -> anyhow::Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies outside of a checkout")?.to_path_buf();
        anyhow::ensure!(
            root.join("Cargo.toml").is_file(),
            "{} has no Cargo.toml: was the checkout moved? Run cargo xtask again.",
            root.display()
        );
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) if !dir.is_empty() => root.join(dir),
            _ => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The user interface's npm project.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// The window tests' npm project.
    pub fn desktop_tests(&self) -> PathBuf {
        self.root.join("tests").join("desktop")
    }

    /// A program that `cargo install` put under the target folder.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.target.join("tools").join("bin").join(name)
    }

    /// A program of this workspace, once built.
    pub fn built(&self, name: &str, release: bool) -> PathBuf {
        let profile = if release { "release" } else { "debug" };
        self.target.join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The folder of Node's programs, if xtask had to install Node.
    pub fn node_bin(&self) -> PathBuf {
        self.target.join("node").join("node_modules").join(".bin")
    }

    /// `PATH` with our own Node before the system's, if there is one.
    pub fn path(&self) -> anyhow::Result<OsString> {
        let before = std::env::var_os("PATH").unwrap_or_default();
        let own = self.node_bin();
        if !own.is_dir() {
            return Ok(before);
        }
        let all = std::iter::once(own).chain(std::env::split_paths(&before));
        std::env::join_paths(all).context("PATH holds a folder with a colon in its name")
    }
}
