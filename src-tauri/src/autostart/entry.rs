//! Owns the file in the autostart folder of a Linux desktop (Desktop Application Autostart Specification).
//! Never touches the file of the system, which only an administrator can change.

use std::io;
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager};

use super::ARGUMENT;

const FILE: &str = "chat.murmel.desktop.desktop";

/// Whether the session starts the app.
///
/// # Errors
/// The folder cannot be found, or the file cannot be read.
pub fn is_on(app: &AppHandle) -> io::Result<bool> {
    match std::fs::read_to_string(place(app)?) {
        Ok(entry) => Ok(starts(&entry)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets the session start the app, or not.
///
/// # Errors
/// The file cannot be written or deleted.
pub fn set(app: &AppHandle, on: bool) -> io::Result<()> {
    let place = place(app)?;
    if on {
        let program = tauri::process::current_binary(&app.env())?;
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder)?;
        }
        return std::fs::write(place, entry(&program));
    }
    match std::fs::remove_file(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn place(app: &AppHandle) -> io::Result<PathBuf> {
    Ok(app.path().config_dir().map_err(io::Error::other)?.join("autostart").join(FILE))
}

fn entry(program: &Path) -> String {
    let program = quoted(&program.to_string_lossy());
    format!(
        "[Desktop Entry]\nType=Application\nName=Murmel\nExec={program} {ARGUMENT}\nIcon=murmel\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    )
}

/// An argument of an Exec key (Desktop Entry Specification, "The Exec key"): the string's own escapes come on top of the quoting.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', c]),
            '\\' => quoted.push_str("\\\\\\\\"),
            '%' => quoted.push_str("%%"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether an entry starts anything: desktops switch one off with a key and leave the file.
fn starts(entry: &str) -> bool {
    let says = |wanted: &str, value: &str| {
        entry
            .lines()
            .filter_map(|line| line.split_once('='))
            .any(|(key, said)| key.trim() == wanted && said.trim().eq_ignore_ascii_case(value))
    };
    !says("Hidden", "true") && !says("X-GNOME-Autostart-enabled", "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_starts_the_program_minimized() {
        let written = entry(Path::new("/usr/bin/murmel"));
        assert!(starts(&written));
        assert!(written.contains("\nExec=\"/usr/bin/murmel\" --minimized\n"));
    }

    #[test]
    fn an_entry_that_the_desktop_switched_off_is_off() {
        let written = entry(Path::new("/usr/bin/murmel"));
        assert!(!starts(&format!("{written}Hidden=true\n")));
        assert!(!starts(&written.replace("enabled=true", "enabled=false")));
    }

    #[test]
    fn a_path_with_odd_characters_stays_one_argument() {
        assert_eq!(quoted("/home/a b/100%/$x"), r#""/home/a b/100%%/\\$x""#);
        assert_eq!(quoted(r"a\b"), r#""a\\\\b""#);
    }
}
