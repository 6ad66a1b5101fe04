//! Owns the commands about the desktop around the window: notifications, the tray, the start with the session.
//! Never decides over a notification.

use murmel_ipc::{Desktop, ErrorCode, IpcError, Language, NotificationChoices, PauseFor};
use tauri::{AppHandle, State};

use super::Answer;
use crate::autostart;
use crate::shell::Shell;
use crate::tray::Tray;

/// Keeps what was chosen for notifications.
#[tauri::command]
pub async fn set_notifications(shell: State<'_, Shell>, choices: NotificationChoices) -> Answer<()> {
    Ok(shell.client().await?.set_notifications(choices).await?)
}

/// No notifications for a time; `None` ends that.
#[tauri::command]
pub async fn pause_notifications(shell: State<'_, Shell>, how_long: Option<PauseFor>) -> Answer<()> {
    Ok(shell.client().await?.pause_notifications(how_long).await?)
}

/// The window speaks this language from now on: so does what is outside of it.
#[tauri::command]
pub async fn set_language(shell: State<'_, Shell>, tray: State<'_, Tray>, language: Language) -> Answer<()> {
    tray.speak(language);
    shell.client().await?.set_language(language);
    Ok(())
}

/// How the desktop around the window stands now.
#[tauri::command]
pub async fn desktop(app: AppHandle, tray: State<'_, Tray>) -> Answer<Desktop> {
    Ok(Desktop { tray: tray.is_there(), autostart: autostart::is_on(&app).ok() })
}

/// Lets the session start the app, or not; how it stands then.
#[tauri::command]
pub async fn set_autostart(app: AppHandle, tray: State<'_, Tray>, on: bool) -> Answer<Desktop> {
    autostart::set(&app, on).map_err(|error| IpcError {
        code: ErrorCode::Internal,
        message: format!("The start with the session could not be changed ({}).", error.kind()),
        retryable: true,
    })?;
    desktop(app, tray).await
}
