//! Which packages each system needs for which purpose.
//! Never knows how they are installed: that is `system`.

use anyhow::bail;

use super::{Purpose, System};
use crate::say;

/// The C compiler and the web view with what Tauri asks for, and what vendored OpenSSL builds with.
const APT_BUILD: &[&str] =
    &["build-essential", "pkg-config", "perl", "file", "patchelf", "libwebkit2gtk-4.1-dev", "libgtk-3-dev", "librsvg2-dev", "libssl-dev"];
/// The second implementation is a Python program; notifications are tested on a bus of the tests' own, and whom Murmel speaks to in a network of its own.
const APT_CHECKS: &[&str] = &["python3-venv", "iproute2", "dbus"];
const APT_HEADLESS: &[&str] = &["xvfb", "dbus", "gnome-keyring", "imagemagick", "xdotool", "fonts-dejavu-core", "fonts-noto-color-emoji"];
const APT_WINDOW_TESTS: &[&str] = &["webkit2gtk-driver", "libsecret-tools", "xauth", "desktop-file-utils", "appstream", "xdg-utils"];

const DNF_BUILD: &[&str] = &[
    "gcc",
    "gcc-c++",
    "make",
    "pkgconf-pkg-config",
    "perl-core",
    "file",
    "patchelf",
    "webkit2gtk4.1-devel",
    "gtk3-devel",
    "librsvg2-devel",
    "openssl-devel",
];
const DNF_CHECKS: &[&str] = &["python3", "iproute", "dbus-daemon"];
const DNF_HEADLESS: &[&str] = &[
    "xorg-x11-server-Xvfb",
    "dbus-daemon",
    "gnome-keyring",
    "ImageMagick",
    "xdotool",
    "dejavu-sans-fonts",
    "google-noto-color-emoji-fonts",
];
// The driver moved between packages from release to release: asked for by its path.
const DNF_WINDOW_TESTS: &[&str] = &["/usr/bin/WebKitWebDriver", "libsecret", "xorg-x11-xauth"];

/// The packages for one purpose. Homebrew needs none: macOS brings its web view, and has no driver for it.
fn packages(system: System, purpose: Purpose) -> &'static [&'static str] {
    match (system, purpose) {
        (System::Apt, Purpose::Build) => APT_BUILD,
        (System::Apt, Purpose::Checks) => APT_CHECKS,
        (System::Apt, Purpose::Headless) => APT_HEADLESS,
        (System::Apt, Purpose::WindowTests) => APT_WINDOW_TESTS,
        (System::Dnf, Purpose::Build) => DNF_BUILD,
        (System::Dnf, Purpose::Checks) => DNF_CHECKS,
        (System::Dnf, Purpose::Headless) => DNF_HEADLESS,
        (System::Dnf, Purpose::WindowTests) => DNF_WINDOW_TESTS,
        (System::Homebrew | System::Other, _) => &[],
    }
}

/// Installs what is missing for the purposes.
pub fn ensure(purposes: &[Purpose], yes: bool) -> anyhow::Result<()> {
    let system = System::here();
    if system == System::Other {
        say::line(other_system_needs(std::env::consts::OS));
        return Ok(());
    }
    let wanted: Vec<&str> = purposes.iter().flat_map(|&purpose| packages(system, purpose)).copied().collect();
    need_on(system, &wanted, yes)
}

/// Installs those of the packages that are missing.
pub fn need(wanted: &[&str], yes: bool) -> anyhow::Result<()> {
    need_on(System::here(), wanted, yes)
}

fn need_on(system: System, wanted: &[&str], yes: bool) -> anyhow::Result<()> {
    let missing = system.missing(wanted);
    if missing.is_empty() {
        say::line(&format!("nothing missing ({} checked)", wanted.len()));
        return Ok(());
    }
    say::line(&format!("missing: {}", missing.join(" ")));
    system.install(&missing, yes)?;
    let still = system.missing(&missing);
    if !still.is_empty() {
        bail!("Installing ended well, but these are still missing: {}", still.join(" "));
    }
    Ok(())
}

/// Said where we cannot look or install; the build goes on and fails in its own words if something is missing.
fn other_system_needs(os: &str) -> &'static str {
    match os {
        "windows" => {
            "On Windows nothing is installed for you. Murmel needs the Visual Studio C++ build tools, the WebView2 runtime (part of Windows 11), Perl, and Node 20.19 or newer."
        }
        "macos" => {
            "There is no Homebrew here, so nothing is installed for you. Murmel needs the Xcode command line tools (xcode-select --install) and Node 20.19 or newer."
        }
        _ => {
            "This system has neither apt nor dnf, so nothing is installed for you. Murmel needs a C compiler, make, perl, pkg-config, the development files of \
             WebKitGTK 4.1, GTK 3, librsvg and OpenSSL, and Node 20.19 or newer. Without a display also: Xvfb, dbus-daemon, \
             gnome-keyring, ImageMagick, xdotool; for the window tests WebKitWebDriver."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_linux_families_have_packages_for_every_purpose() {
        for system in [System::Apt, System::Dnf] {
            for purpose in [Purpose::Build, Purpose::Checks, Purpose::Headless, Purpose::WindowTests] {
                assert!(!packages(system, purpose).is_empty(), "{system:?} {purpose:?}");
            }
        }
    }

    #[test]
    fn an_unknown_system_is_told_what_to_install() {
        for os in ["linux", "macos", "windows", "freebsd"] {
            assert!(other_system_needs(os).contains("Node 20.19"), "{os}");
        }
    }
}
