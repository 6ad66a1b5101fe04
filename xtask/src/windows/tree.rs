//! A tree of Debian's unstable suite with a compiler for Windows and Wine: this system has neither as new as they have to be.
//! Never runs what it builds anywhere else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::house::House;
use crate::{program, tree};

/// The compiler comes with the sources of the standard library, which Debian has not compiled for Windows.
const PACKAGES: &[&str] = &[
    "ca-certificates",
    "cargo",
    "g++-mingw-w64-x86-64",
    "gcc-mingw-w64-x86-64",
    "make",
    "nasm",
    "perl",
    "pkg-config",
    "rust-src",
    "rustc",
    "wine",
    "wine64",
];
/// What programs are built for.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// The checkout is shown inside as `/work`, cargo's registry as `/cargo/registry`; `/build` has programs, `/wine` the Windows that Wine plays,
/// `/home` profiles.
pub struct Tree {
    tree: tree::Tree,
    registry: PathBuf,
}

impl Tree {
    pub fn of(house: &House) -> Self {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        let registry = home.unwrap_or_default().join("registry");
        let shown = vec![(house.root.clone(), "/work".into()), (registry.clone(), "/cargo/registry".into())];
        Self { tree: tree::Tree::new(house.target.join("windows").join("root"), shown), registry }
    }

    /// Makes the tree, where it is not complete yet.
    pub fn ensure(&self, yes: bool) -> anyhow::Result<()> {
        fs::create_dir_all(&self.registry).with_context(|| format!("creating {}", self.registry.display()))?;
        self.tree.ensure("sid", PACKAGES, yes)?;
        for folder in ["/build", "/wine", "/home"] {
            fs::create_dir_all(self.tree.inner(Path::new(folder))).with_context(|| format!("creating {folder} in the tree"))?;
        }
        Ok(())
    }

    /// cargo inside, for Windows; programs it runs are run by Wine.
    pub fn cargo(&self, verb: &[&str], selection: &[&str]) -> Command {
        let mut command = self.inside(&[
            "CARGO_HOME=/cargo",
            "CARGO_TARGET_DIR=/build",
            // The standard library is built along, which a compiler does only where it is told that it may.
            "RUSTC_BOOTSTRAP=1",
            "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc",
            "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine",
            "CARGO_PROFILE_DEV_DEBUG=0",
            // Where the loader of the web view lies, which the tests of the app are linked with.
            "WINEPATH=Z:\\build\\x86_64-pc-windows-gnu\\debug",
            "cargo",
        ]);
        command.args(verb).args(selection).args([
            "--locked",
            "--target",
            TARGET,
            "-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test",
        ]);
        command
    }

    /// A program for Windows, once built, run by Wine.
    pub fn built(&self, name: &str, environment: &[&str]) -> Command {
        let mut command = self.inside(environment);
        command.arg("wine").arg(format!("/build/{TARGET}/debug/{name}.exe"));
        command
    }

    /// The names of what lies in the Credential Manager of the Windows that Wine plays.
    pub fn credentials(&self) -> anyhow::Result<String> {
        let mut query = self.inside(&["wine", "reg", "query", "HKCU\\Software\\Wine\\Credential Manager"]);
        program::answer(&mut query).context("Wine has no Credential Manager")
    }

    fn inside(&self, words: &[&str]) -> Command {
        let stack = format!("{}={}", program::MIN_STACK.0, program::MIN_STACK.1);
        let mut command = self.tree.inside("/work", &["XDG_RUNTIME_DIR=/run", "WINEPREFIX=/wine", "WINEDEBUG=-all", &stack]);
        command.arg("CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt").args(words);
        command
    }
}
