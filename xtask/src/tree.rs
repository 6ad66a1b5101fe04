//! A Debian tree of its own, made by debootstrap, in which programs run apart from the system around it.
//! Never touches the system around it: what is mounted into the tree is gone with the program that runs there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{prerequisites, program};

const MIRROR: &str = "http://deb.debian.org/debian";
/// The certificates of this system: a network of its own may need more than Debian's.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// `$1` is the tree; then what is shown in it, each with its place, up to `--`; the rest is what runs there.
const ENTER: &str = "#!/bin/sh
set -e
tree=$1
shift
while [ \"$1\" != -- ]; do
  mount --bind \"$1\" \"$tree$2\"
  shift 2
done
shift
mount -t proc proc \"$tree/proc\"
mount --rbind /dev \"$tree/dev\"
exec chroot \"$tree\" \"$@\"";

/// Where the tree is, and what of the system around it is shown inside.
pub struct Tree {
    root: PathBuf,
    shown: Vec<(PathBuf, PathBuf)>,
}

impl Tree {
    /// `shown`: files and folders of the system around it, each with its absolute place inside.
    pub fn new(root: PathBuf, shown: Vec<(PathBuf, PathBuf)>) -> Self {
        Self { root, shown }
    }

    /// Whether this system lets us mount; some containers do not.
    pub fn can_be_entered() -> bool {
        let mount = ["--mount", "--propagation", "private", "mount", "-t", "proc", "proc", "/proc"];
        program::answer(Command::new("unshare").args(mount)).is_some()
    }

    /// Makes the tree of a suite (`bookworm`) with these packages, where it is not complete yet.
    pub fn ensure(&self, suite: &str, packages: &[&str], yes: bool) -> anyhow::Result<()> {
        let complete = self.root.join("complete");
        fs::create_dir_all(&self.root).with_context(|| format!("creating {}", self.root.display()))?;
        fs::write(self.enter(), ENTER).context("writing how the tree is entered")?;
        if !complete.is_file() {
            prerequisites::need(&["debootstrap"], yes)?;
            program::run(Command::new("debootstrap").args(["--variant=minbase", suite]).arg(&self.root).arg(MIRROR))?;
            self.make_places()?;
            // The clock of a snapshot may be behind.
            program::run(&mut self.inside("/", &["apt-get", "-o", "Acquire::Check-Valid-Until=false", "update"]))?;
            if !packages.is_empty() {
                self.install(packages)?;
            }
            fs::write(&complete, "").context("noting that the tree is complete")?;
        }
        self.make_places()?;
        let inside = self.inner(Path::new(CERTIFICATES));
        if Path::new(CERTIFICATES).is_file() && inside.parent().is_some_and(Path::is_dir) {
            fs::copy(CERTIFICATES, inside).context("copying the certificates")?;
        }
        Ok(())
    }

    /// Another tree that begins as this one is.
    pub fn copy(&self, root: PathBuf) -> anyhow::Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("removing {}", root.display()))?;
        }
        program::run(Command::new("cp").args(["--archive", "--reflink=auto"]).args([&self.root, &root]))?;
        let copy = Self::new(root, self.shown.clone());
        fs::write(copy.enter(), ENTER).context("writing how the tree is entered")?;
        Ok(copy)
    }

    /// Installs packages of Debian, or `.deb` files that are shown inside.
    pub fn install(&self, packages: &[&str]) -> anyhow::Result<()> {
        let install = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"];
        program::run(self.inside("/", &install).args(packages))
    }

    /// Where something of the tree is for the system around it.
    pub fn inner(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// `words` inside the tree, in a folder of it: variables first, as for `env`, then the program.
    pub fn inside(&self, folder: &str, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh"]).arg(self.enter()).arg(&self.root);
        for (outside, place) in &self.shown {
            command.args([outside, place]);
        }
        command.args(["--", "/usr/bin/env", "-i", &format!("--chdir={folder}")]);
        command.args(["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", "LANG=C.UTF-8"]);
        command.arg(format!("SSL_CERT_FILE={CERTIFICATES}"));
        for name in ["http_proxy", "https_proxy", "no_proxy"] {
            if let Ok(value) = std::env::var(name) {
                command.arg(format!("{name}={value}"));
            }
        }
        command.args(words);
        command
    }

    fn enter(&self) -> PathBuf {
        self.root.with_extension("enter.sh")
    }

    /// A place to mount something on for each thing that is shown.
    fn make_places(&self) -> anyhow::Result<()> {
        for (outside, place) in &self.shown {
            let place = self.inner(place);
            let folder = if outside.is_file() { place.parent().unwrap_or(&place) } else { &place };
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
            if outside.is_file() && !place.exists() {
                fs::write(&place, "").with_context(|| format!("creating {}", place.display()))?;
            }
        }
        Ok(())
    }
}
