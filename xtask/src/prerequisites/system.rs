//! The kind of system this is, as far as installing is concerned.
//! Never installs anything itself.

use std::process::Command;

use anyhow::bail;

use crate::{program, say};

/// How packages are installed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Debian, Ubuntu and their kin.
    Apt,
    /// Fedora and its kin.
    Dnf,
    /// macOS with Homebrew.
    Homebrew,
    /// Anything else.
    Other,
}

impl System {
    /// The system that this runs on.
    pub fn here() -> Self {
        Self::with(std::env::consts::OS, program::exists)
    }

    fn with(os: &str, exists: impl Fn(&str) -> bool) -> Self {
        match os {
            "linux" if exists("apt-get") && exists("dpkg-query") => Self::Apt,
            "linux" if exists("dnf") && exists("rpm") => Self::Dnf,
            "macos" if exists("brew") => Self::Homebrew,
            _ => Self::Other,
        }
    }

    /// The commands that install these packages, without `sudo`.
    fn commands(self, packages: &[&str]) -> Vec<Vec<String>> {
        let words = |start: &[&str]| start.iter().chain(packages).map(|&word| word.to_owned()).collect();
        match self {
            Self::Apt => {
                vec![vec!["apt-get".to_owned(), "update".to_owned()], words(&["apt-get", "install", "--yes", "--no-install-recommends"])]
            }
            Self::Dnf => vec![words(&["dnf", "install", "--assumeyes"])],
            Self::Homebrew => vec![words(&["brew", "install"])],
            Self::Other => Vec::new(),
        }
    }

    /// Installs the packages: at once as root, after a question otherwise.
    pub fn install(self, packages: &[&str], yes: bool) -> anyhow::Result<()> {
        let mut commands = self.commands(packages);
        if self != Self::Homebrew && !Self::is_root() {
            anyhow::ensure!(program::exists("sudo"), "These packages are missing. As root, run:\n  {}", typed(&commands));
            for words in &mut commands {
                words.insert(0, "sudo".to_owned());
            }
            if !yes {
                if !say::can_ask() {
                    bail!(
                        "These packages are missing, and nobody can be asked here. Run this, or start again with --yes:\n  {}",
                        typed(&commands)
                    );
                }
                say::line(&format!("To install what is missing:\n  {}", typed(&commands)));
                anyhow::ensure!(say::ask("Run this now?"), "Nothing was installed. Run the commands above and start again.");
            }
        } else if self == Self::Homebrew && !yes {
            anyhow::ensure!(say::can_ask(), "These packages are missing. Run this, or start again with --yes:\n  {}", typed(&commands));
            anyhow::ensure!(say::ask(&format!("Run `{}` now?", typed(&commands))), "Nothing was installed.");
        }
        for words in &commands {
            let Some((name, rest)) = words.split_first() else { continue };
            program::run(Command::new(name).args(rest).env("DEBIAN_FRONTEND", "noninteractive"))?;
        }
        Ok(())
    }

    /// Which of the packages are not installed.
    pub fn missing<'a>(self, packages: &[&'a str]) -> Vec<&'a str> {
        packages.iter().copied().filter(|package| !self.has(package)).collect()
    }

    /// Whether nothing has to be asked before installing.
    pub fn is_root() -> bool {
        program::answer(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
    }

    fn has(self, package: &str) -> bool {
        match self {
            Self::Apt => program::answer(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}\n", package]))
                .is_some_and(|status| is_installed(&status)),
            Self::Dnf => program::answer(Command::new("rpm").args(["--query", "--whatprovides", package])).is_some(),
            Self::Homebrew => {
                program::answer(Command::new("brew").args(["list", "--versions", package])).is_some_and(|text| !text.is_empty())
            }
            Self::Other => false,
        }
    }
}

/// dpkg's word for a package; a removed one with its configuration left says `config-files`. One line for each architecture.
fn is_installed(status: &str) -> bool {
    status.lines().any(|line| line.trim() == "installed")
}

fn typed(commands: &[Vec<String>]) -> String {
    commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_known_by_its_tools() {
        let only = |names: &'static [&'static str]| move |name: &str| names.contains(&name);
        assert_eq!(System::with("linux", only(&["apt-get", "dpkg-query"])), System::Apt);
        assert_eq!(System::with("linux", only(&["dnf", "rpm"])), System::Dnf);
        assert_eq!(System::with("linux", only(&["apt-get", "dpkg-query", "rpm"])), System::Apt);
        assert_eq!(System::with("linux", only(&["pacman"])), System::Other);
        assert_eq!(System::with("macos", only(&["brew"])), System::Homebrew);
        assert_eq!(System::with("macos", only(&[])), System::Other);
        assert_eq!(System::with("windows", only(&[])), System::Other);
    }

    #[test]
    fn only_dpkgs_word_installed_counts() {
        assert!(is_installed("installed"));
        assert!(is_installed("config-files\ninstalled"));
        assert!(!is_installed("config-files"));
        assert!(!is_installed("not-installed"));
        assert!(!is_installed(""));
    }

    #[test]
    fn apt_reads_its_lists_before_it_installs() {
        let commands = System::Apt.commands(&["xvfb", "file"]);
        assert_eq!(typed(&commands), "apt-get update\n  apt-get install --yes --no-install-recommends xvfb file");
    }
}
