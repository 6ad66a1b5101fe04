//! Owns the start with the session on Windows (the Run key of the user) and macOS (a launch agent).
//! Never needs an administrator.

use std::io;

use auto_launch::{AutoLaunch, AutoLaunchBuilder, WindowsEnableMode};
use tauri::{AppHandle, Manager};

use super::ARGUMENT;

/// Whether the session starts the app.
///
/// # Errors
/// The system does not say.
pub fn is_on(app: &AppHandle) -> io::Result<bool> {
    entry(app)?.is_enabled().map_err(io::Error::other)
}

/// Lets the session start the app, or not.
///
/// # Errors
/// The system refuses.
pub fn set(app: &AppHandle, on: bool) -> io::Result<()> {
    let entry = entry(app)?;
    if on { entry.enable() } else { entry.disable() }.map_err(io::Error::other)
}

fn entry(app: &AppHandle) -> io::Result<AutoLaunch> {
    let program = tauri::process::current_binary(&app.env())?;
    let mut builder = AutoLaunchBuilder::new();
    builder.set_app_name("Murmel").set_app_path(&program.to_string_lossy()).set_args(&[ARGUMENT]);
    builder.set_windows_enable_mode(WindowsEnableMode::CurrentUser);
    builder.build().map_err(io::Error::other)
}
