//! A tree of Debian's unstable suite with a compiler for Windows and Wine: this system has neither as new as they have to be.
//! Never touches the system around it; what is mounted into the tree is gone with the program that runs there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::house::House;
use crate::prerequisites;
use crate::program;

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
const MIRROR: &str = "http://deb.debian.org/debian";
/// What programs are built for.
const TARGET: &str = "x86_64-pc-windows-gnu";
/// The certificates of this system: a network of its own may need more than Debian's.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Shown inside as `/work`, `/cargo/registry`, `/build` (programs), `/wine` (the Windows that Wine plays) and `/home` (profiles).
/// `$1` is the tree, `$2` the checkout, `$3` cargo's registry, the rest what runs there.
const ENTER: &str = "#!/bin/sh
set -e
tree=$1
mount --bind \"$2\" \"$tree/work\"
mount --bind \"$3\" \"$tree/cargo/registry\"
mount -t proc proc \"$tree/proc\"
mount --rbind /dev \"$tree/dev\"
shift 3
exec chroot \"$tree\" \"$@\"";

/// Where the tree is, and what is shown in it.
pub struct Tree {
    root: PathBuf,
    checkout: PathBuf,
    registry: PathBuf,
}

impl Tree {
    pub fn of(house: &House) -> Self {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        Self {
            root: house.target.join("windows").join("root"),
            checkout: house.root.clone(),
            registry: home.unwrap_or_default().join("registry"),
        }
    }

    /// Makes the tree, where it is not complete yet.
    pub fn ensure(&self, yes: bool) -> anyhow::Result<()> {
        let complete = self.root.join("complete");
        fs::create_dir_all(&self.root).with_context(|| format!("creating {}", self.root.display()))?;
        fs::write(self.enter(), ENTER).context("writing how the tree is entered")?;
        if !complete.is_file() {
            prerequisites::need(&["debootstrap"], yes)?;
            program::run(Command::new("debootstrap").args(["--variant=minbase", "sid"]).arg(&self.root).arg(MIRROR))?;
            for folder in ["work", "cargo/registry", "build", "wine", "home"] {
                fs::create_dir_all(self.root.join(folder)).with_context(|| format!("creating {folder} in the tree"))?;
            }
            // The clock of a snapshot may be behind.
            program::run(&mut self.inside(&["apt-get", "-o", "Acquire::Check-Valid-Until=false", "update"]))?;
            let mut install = self.inside(&["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"]);
            program::run(install.args(PACKAGES))?;
            fs::write(&complete, "").context("noting that the tree is complete")?;
        }
        if Path::new(CERTIFICATES).is_file() {
            fs::copy(CERTIFICATES, self.root.join(CERTIFICATES.trim_start_matches('/'))).context("copying the certificates")?;
        }
        fs::create_dir_all(&self.registry).with_context(|| format!("creating {}", self.registry.display()))
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

    fn enter(&self) -> PathBuf {
        self.root.with_file_name("enter.sh")
    }

    /// `words` inside the tree: variables first, as for `env`, then the program.
    fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh"]);
        command.args([&self.enter(), &self.root, &self.checkout, &self.registry]);
        command.args(["/usr/bin/env", "-i", "--chdir=/work", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", "LANG=C.UTF-8"]);
        command.args(["XDG_RUNTIME_DIR=/run", "WINEPREFIX=/wine", "WINEDEBUG=-all", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"]);
        command.arg("CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt").arg(format!(
            "{}={}",
            program::MIN_STACK.0,
            program::MIN_STACK.1
        ));
        for name in ["http_proxy", "https_proxy", "no_proxy"] {
            if let Ok(value) = std::env::var(name) {
                command.arg(format!("{name}={value}"));
            }
        }
        command.args(words);
        command
    }
}
