//! A window on a desktop of our own: waiting until it has come to rest, typing into it, taking its picture.
//! Never looks at a person's own screen.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::display::{Desktop, Running};
use crate::{program, say};

/// How often the screen is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A screen without a change for this long has come to rest.
const AT_REST: Duration = Duration::from_secs(4);
/// Fewer colours than this is a window without text in it: smooth letters alone bring more.
const FEWEST_COLOURS: usize = 48;
/// Share of bytes that may change without being a change: a blinking caret.
const CARET: f64 = 0.0005;

/// A window on a desktop of our own, with the program that it belongs to.
pub struct Window<'a> {
    desktop: &'a Desktop,
    app: Running,
    id: String,
    limit: Duration,
}

impl<'a> Window<'a> {
    /// Waits until `app` shows a window with this name and its content has come to rest.
    ///
    /// # Errors
    /// When the app ends before, or nothing of that kind happened within `limit`.
    pub fn at_rest(desktop: &'a Desktop, mut app: Running, name: &str, limit: Duration) -> anyhow::Result<Self> {
        let started = Instant::now();
        let id = loop {
            if let Some(status) = app.ended()? {
                anyhow::bail!("the app ended with {status} before it showed a window");
            }
            anyhow::ensure!(started.elapsed() < limit, "after {} s there is still no window called {name}", limit.as_secs());
            if let Some(id) = shown_window(desktop, name) {
                break id;
            }
            std::thread::sleep(LOOK_EVERY);
        };
        let mut window = Self { desktop, app, id, limit };
        window.rest()?;
        Ok(window)
    }

    /// Presses these keys, as xdotool names them, and waits until the window has come to rest.
    pub fn press(&mut self, keys: &[&str]) -> anyhow::Result<()> {
        self.xdotool(&["windowfocus", "--sync", &self.id])?;
        self.xdotool(&[&["key", "--clearmodifiers"], keys].concat())?;
        self.rest()
    }

    /// Types a line into whatever has the focus, sends it, and waits until the window has come to rest.
    pub fn write(&mut self, line: &str) -> anyhow::Result<()> {
        self.xdotool(&["type", "--delay", "20", line])?;
        self.press(&["Return"])
    }

    /// Writes what the window shows to a file.
    pub fn save(&self, file: &Path) -> anyhow::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        program::run(self.desktop.inside(Command::new("import").args(["-window", &self.id]).arg(file)))?;
        say::line(&format!("the window is in {}", file.display()));
        Ok(())
    }

    fn xdotool(&self, words: &[&str]) -> anyhow::Result<()> {
        program::run(self.desktop.inside(Command::new("xdotool").args(words)))
    }

    fn rest(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut last = (look(self.desktop)?, Instant::now());
        loop {
            std::thread::sleep(LOOK_EVERY);
            if let Some(status) = self.app.ended()? {
                anyhow::bail!("the app ended with {status} before its window came to rest");
            }
            anyhow::ensure!(started.elapsed() < self.limit, "after {} s the window has not come to rest", self.limit.as_secs());
            let screen = look(self.desktop)?;
            if differs_by(&last.0, &screen) > CARET {
                last = (screen, Instant::now());
            } else if last.1.elapsed() >= AT_REST && colours(&screen) >= FEWEST_COLOURS {
                return Ok(());
            }
        }
    }
}

/// The number of the window with this name, once it is shown.
fn shown_window(desktop: &Desktop, name: &str) -> Option<String> {
    let found = program::answer(desktop.inside(Command::new("xdotool").args(["search", "--onlyvisible", "--name", name])))?;
    found.lines().next().map(str::to_owned)
}

/// The screen as bytes of red, green, blue.
fn look(desktop: &Desktop) -> anyhow::Result<Vec<u8>> {
    let mut import = Command::new("import");
    let output = desktop.inside(import.args(["-window", "root", "-depth", "8", "rgb:-"])).output().context("import cannot be started")?;
    anyhow::ensure!(output.status.success(), "import ended with {}", output.status);
    Ok(output.stdout)
}

fn colours(screen: &[u8]) -> usize {
    screen.chunks_exact(3).collect::<std::collections::HashSet<_>>().len()
}

fn differs_by(before: &[u8], after: &[u8]) -> f64 {
    if before.len() != after.len() || before.is_empty() {
        return 1.0;
    }
    let different = before.iter().zip(after).filter(|(one, other)| one != other).count();
    #[expect(clippy::cast_precision_loss, reason = "a share of a few million bytes")]
    let share = different as f64 / before.len() as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_screen_has_one_colour() {
        assert_eq!(colours(&[7; 300]), 1);
        assert_eq!(colours(&[1, 2, 3, 1, 2, 4]), 2);
    }

    #[test]
    fn a_caret_is_no_change_and_a_new_row_is() {
        let blank = vec![0u8; 1280 * 800 * 3];
        let mut caret = blank.clone();
        caret[..2 * 20 * 3].fill(255);
        let mut row = blank.clone();
        row[..600 * 20 * 3].fill(255);
        assert!(differs_by(&blank, &caret) <= CARET);
        assert!(differs_by(&blank, &row) > CARET);
        assert!(differs_by(&blank, &[]) > CARET);
    }
}
