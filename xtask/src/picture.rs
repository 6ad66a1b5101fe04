//! Pictures of a screen: taking one, and telling whether the window has come to rest.
//! Never looks at a person's own screen unless asked to by `run` without a display.

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

/// Waits until a window with this name is there and its content has come to rest, then writes the screen to `file`.
///
/// # Errors
/// When `app` ends before, or nothing of that kind happened within `limit`.
pub fn take(desktop: &Desktop, app: &mut Running, name: &str, limit: Duration, file: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut last: Option<(Vec<u8>, Instant)> = None;
    loop {
        if let Some(status) = app.ended()? {
            anyhow::bail!("the app ended with {status} before its window came to rest");
        }
        if started.elapsed() > limit {
            anyhow::bail!("after {} s there is still no window of {name} at rest", limit.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
        if !window_is_there(desktop, name) {
            continue;
        }
        let screen = look(desktop)?;
        last = match last {
            Some((before, since)) if differs_by(&before, &screen) <= CARET => {
                if since.elapsed() >= AT_REST && colours(&screen) >= FEWEST_COLOURS {
                    break;
                }
                Some((before, since))
            }
            _ => Some((screen, Instant::now())),
        };
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    program::run(desktop.inside(Command::new("import").args(["-window", "root"]).arg(file)))?;
    say::line(&format!("the window is in {}", file.display()));
    Ok(())
}

fn window_is_there(desktop: &Desktop, name: &str) -> bool {
    program::answer(desktop.inside(Command::new("xdotool").args(["search", "--onlyvisible", "--name", name])))
        .is_some_and(|ids| !ids.is_empty())
}

/// The screen as bytes of red, green, blue.
fn look(desktop: &Desktop) -> anyhow::Result<Vec<u8>> {
    let mut import = Command::new("import");
    let output = desktop
        .inside(import.args(["-window", "root", "-depth", "8", "rgb:-"]))
        .output()
        .context("import cannot be started")?;
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
