//! The npm packages of a folder, as its lock file names them.
//! Never installs again what the lock file has not changed.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::house::House;
use crate::{program, say};

/// `npm ci` in the folder, unless that was done with this very lock file.
pub fn install(house: &House, folder: &Path) -> anyhow::Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let stamp = stamp(house, folder);
    if is_done(&wanted, std::fs::read(&stamp).ok().as_deref(), folder.join("node_modules").is_dir()) {
        say::line("nothing changed");
        return Ok(());
    }
    program::run(program::npm(house, folder)?.args(["ci", "--no-audit", "--no-fund"]))?;
    if let Some(parent) = stamp.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    }
    std::fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

fn is_done(wanted: &[u8], stamp: Option<&[u8]>, has_packages: bool) -> bool {
    has_packages && stamp == Some(wanted)
}

fn stamp(house: &House, folder: &Path) -> PathBuf {
    let name = folder.strip_prefix(&house.root).unwrap_or(folder).to_string_lossy().replace(['/', '\\'], "-");
    house.target.join("stamps").join(format!("{name}-package-lock.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_again_only_when_the_lock_file_changed_or_they_are_gone() {
        assert!(is_done(b"a", Some(b"a"), true));
        assert!(!is_done(b"b", Some(b"a"), true));
        assert!(!is_done(b"a", None, true));
        assert!(!is_done(b"a", Some(b"a"), false));
    }

    #[test]
    fn each_folder_has_a_stamp_of_its_own() {
        let house = House { root: "/house".into(), target: "/house/target".into() };
        assert_eq!(stamp(&house, &house.desktop_tests()), PathBuf::from("/house/target/stamps/tests-desktop-package-lock.json"));
        assert_ne!(stamp(&house, &house.desktop_tests()), stamp(&house, &house.ui()));
    }
}
