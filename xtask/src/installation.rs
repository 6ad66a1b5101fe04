//! The Debian package: made, installed with apt in a clean tree, used in the real window, upgraded, removed.
//! Never touches what is installed on this system.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::house::House;
use crate::prerequisites::System;
use crate::tally::Tally;
use crate::tree::Tree;
use crate::{bundle, program, window};

/// What drives the window inside the tree; whatever the app needs comes with its package.
const TOOLS: &[&str] = &["dbus", "fonts-dejavu-core", "gnome-keyring", "webkit2gtk-driver", "xauth", "xdg-utils", "xvfb"];

/// Only as root on Debian, whose suite the tree is made of: what is built here runs there.
pub fn can_be_tested() -> bool {
    System::here() == System::Apt && System::is_root() && suite().is_some() && Tree::can_be_entered()
}

/// The name of this system's Debian suite, as `bookworm`.
fn suite() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    named(&text, "ID").filter(|id| *id == "debian").and_then(|_| named(&text, "VERSION_CODENAME")).map(str::to_owned)
}

fn named<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(|value| value.trim_matches('"'))
}

/// Bundles a debug build, installs it in a clean tree, lets the window tests use it, upgrade it and remove it, and sees that no file of it stayed.
pub fn test(house: &House) -> anyhow::Result<Tally> {
    let made = bundle::build(house, &["deb"], true)?;
    let package = made.first().context("no .deb was made")?;
    let field = |name: &str| {
        let asked = program::answer(Command::new("dpkg-deb").arg("--field").arg(package).arg(name));
        asked.with_context(|| format!("the .deb says nothing of {name}"))
    };
    let name = field("Package")?;
    let newer = newer(package, &field("Version")?, &house.target.join("newer"))?;

    let tree = clean_tree(house)?;
    tree.install(&[&package.to_string_lossy()])?;
    let files = program::answer(&mut tree.inside("/", &["dpkg", "--listfiles", &name])).context("the package has no files")?;
    let program = files.lines().find(|file| file.starts_with("/usr/bin/")).context("the package has no program in /usr/bin")?;
    // Before anything else is installed: what the package asks for is enough.
    let libraries = program::answer(&mut tree.inside("/", &["ldd", program])).context("the program names no libraries")?;
    anyhow::ensure!(!libraries.contains("not found"), "the package does not ask for all that its program needs:\n{libraries}");
    describe(&tree, &files)?;

    tree.install(TOOLS)?;
    let used = window::test_installed(house, &tree, program, &newer)?;
    // The window tests have removed it where they came that far.
    program::run(&mut tree.inside("/", &["dpkg", "--purge", &name]))?;
    let left: Vec<&str> = files.lines().filter(|file| tree.inner(Path::new(file)).is_file()).collect();
    anyhow::ensure!(left.is_empty(), "still there after removal: {}", left.join(" "));
    Ok(used)
}

/// A tree in which nothing was installed before; it sees the checkout, what was built, and Node.
fn clean_tree(house: &House) -> anyhow::Result<Tree> {
    let node = std::env::split_paths(&house.path()?).map(|folder| folder.join("node")).find(|path| path.is_file());
    let node = node.and_then(|path| path.canonicalize().ok()).context("there is no Node")?;
    let mut shown = vec![(house.root.clone(), house.root.clone()), (node, "/usr/local/bin/node".into())];
    if !house.target.starts_with(&house.root) {
        shown.push((house.target.clone(), house.target.clone()));
    }
    let folder = house.target.join("debian");
    let base = Tree::new(folder.join("base"), shown);
    base.ensure(&suite().context("this is no Debian")?, &[], true)?;
    base.copy(folder.join("clean"))
}

/// The same package with a version after its own.
fn newer(package: &Path, version: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let _ = std::fs::remove_dir_all(folder);
    program::run(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(folder))?;
    let control = folder.join("DEBIAN").join("control");
    let text = std::fs::read_to_string(&control)?;
    std::fs::write(&control, text.replace(&format!("Version: {version}"), &format!("Version: {version}+1")))?;
    let newer = folder.with_extension("deb");
    program::run(Command::new("dpkg-deb").args(["--build", "-Znone"]).arg(folder).arg(&newer))?;
    Ok(newer)
}

/// What menus, browsers and software centres read is there and valid.
fn describe(tree: &Tree, files: &str) -> anyhow::Result<()> {
    let ending = |ending: &str| {
        let found = files.lines().find(|file| file.ends_with(ending)).with_context(|| format!("the package has no {ending}"));
        found.map(|file| tree.inner(Path::new(file)))
    };
    program::run(Command::new("desktop-file-validate").arg(ending(".desktop")?))?;
    program::run(Command::new("appstreamcli").args(["validate", "--no-net"]).arg(ending(".metainfo.xml")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_is_read_from_what_the_system_says_of_itself() {
        let text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!((named(text, "ID"), named(text, "VERSION_CODENAME")), (Some("debian"), Some("bookworm")));
        assert_eq!(named("ID=\"debian\"", "ID"), Some("debian"));
        assert_eq!(named(text, "NAME"), None);
    }
}
