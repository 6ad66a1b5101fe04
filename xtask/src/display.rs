//! A desktop of our own for a window that nobody watches: Xvfb, a D-Bus session, an unlocked keyring, and a temporary home.
//! Never touches the person's own session, keyring or home.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;

use crate::say;

/// Size of the screen, in pixels.
const SCREEN: &str = "1280x800x24";

/// The processes and the home; they end with it.
pub struct Desktop {
    // In this order: what uses the bus ends before the bus, and the home goes last.
    _bus: Running,
    _screen: Running,
    home: TempDir,
    variables: Vec<(&'static str, OsString)>,
}

impl Desktop {
    /// Starts all of it.
    pub fn start() -> anyhow::Result<Self> {
        anyhow::ensure!(cfg!(target_os = "linux"), "A window without a display needs Linux.");
        let home = tempfile::Builder::new().prefix("murmel-home-").tempdir().context("making a temporary home")?;
        let runtime = home.path().join("run");
        std::fs::create_dir(&runtime).context("making the run folder of the temporary home")?;
        make_private(&runtime)?;
        let mut screen = Running::start(Command::new("Xvfb").args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]))?;
        let number = screen.first_line().context("Xvfb gave no display number")?;
        let mut variables = vec![
            ("DISPLAY", OsString::from(format!(":{number}"))),
            ("HOME", home.path().into()),
            ("XDG_RUNTIME_DIR", runtime.into()),
            // No portal, no accessibility bus: nobody is there to serve them.
            ("GTK_USE_PORTAL", "0".into()),
            ("NO_AT_BRIDGE", "1".into()),
            ("GDK_BACKEND", "x11".into()),
        ];
        variables.extend(real_homes());
        let mut bus = Running::start(apply(
            Command::new("dbus-daemon").args(["--session", "--nofork", "--nopidfile", "--print-address=1"]),
            &variables,
        ))?;
        let address = bus.first_line().context("dbus-daemon gave no address")?;
        variables.push(("DBUS_SESSION_BUS_ADDRESS", address.into()));
        let desktop = Self { _bus: bus, _screen: screen, home, variables };
        desktop.unlock_keyring()?;
        say::line(&format!("a screen of its own: DISPLAY=:{number}, home {}", desktop.home.path().display()));
        Ok(desktop)
    }

    /// The program, inside this desktop.
    pub fn inside<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        apply(command, &self.variables)
    }

    /// The temporary home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The daemon comes back to us once it serves secrets, and ends with the bus.
    fn unlock_keyring(&self) -> anyhow::Result<()> {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--unlock", "--components=secrets", "--daemonize"]);
        let mut child = self
            .inside(&mut daemon)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("gnome-keyring-daemon cannot be started")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(b"pw\n").context("giving gnome-keyring-daemon a password")?;
        }
        let status = child.wait().context("waiting for gnome-keyring-daemon")?;
        anyhow::ensure!(status.success(), "gnome-keyring-daemon ended with {status}");
        Ok(())
    }
}

/// cargo and rustup keep their things in the real home.
fn real_homes() -> Vec<(&'static str, OsString)> {
    let Some(home) = std::env::home_dir() else { return Vec::new() };
    [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")]
        .into_iter()
        .map(|(name, folder)| (name, std::env::var_os(name).unwrap_or_else(|| home.join(folder).into())))
        .collect()
}

fn apply<'a>(command: &'a mut Command, variables: &[(&'static str, OsString)]) -> &'a mut Command {
    for name in ["WAYLAND_DISPLAY", "XAUTHORITY", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "MURMEL_HOME"] {
        command.env_remove(name);
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    command
}

#[cfg(unix)]
fn make_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).with_context(|| format!("making {} private", folder.display()))
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Whether a window can be shown to somebody.
pub fn is_there() -> bool {
    has_display(std::env::consts::OS, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn has_display(os: &str, is_set: impl Fn(&str) -> bool) -> bool {
    os != "linux" || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// A child process that ends when this is dropped.
pub struct Running(Child);

impl Running {
    /// Starts the program with its standard output in a pipe and nothing to read.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let shown = crate::program::shown(command);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Ok(Self(child.with_context(|| format!("`{shown}` cannot be started"))?))
    }

    /// Starts the program with its output where ours goes.
    pub fn start_shown(command: &mut Command) -> anyhow::Result<Self> {
        let shown = crate::program::shown(command);
        say::line(&format!("$ {shown}"));
        Ok(Self(command.stdin(Stdio::null()).spawn().with_context(|| format!("`{shown}` cannot be started"))?))
    }

    /// The exit code and reason, if it has ended by itself.
    pub fn ended(&mut self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        self.0.try_wait().context("asking for a child process")
    }

    fn first_line(&mut self) -> anyhow::Result<String> {
        let stdout = self.0.stdout.as_mut().context("no pipe to read from")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let line = line.trim().to_owned();
        anyhow::ensure!(!line.is_empty(), "it ended without a word");
        Ok(line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_linux_can_be_without_a_display() {
        assert!(has_display("macos", |_| false));
        assert!(has_display("windows", |_| false));
        assert!(has_display("linux", |name| name == "DISPLAY"));
        assert!(has_display("linux", |name| name == "WAYLAND_DISPLAY"));
        assert!(!has_display("linux", |_| false));
    }

    #[cfg(unix)]
    #[test]
    fn a_child_that_ends_silently_is_an_error() {
        let mut child = Running::start(&mut Command::new("true")).unwrap();
        assert!(child.first_line().is_err());
    }
}
