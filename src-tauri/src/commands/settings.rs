//! Owns the commands of the person's choices.
//! Never interprets them.

use murmel_ipc::{ErrorCode, IpcError, Settings};
use tauri::{State, WebviewWindow};

use super::Answer;
use crate::shell::Shell;

/// Keeps the person's choices.
#[tauri::command]
pub async fn set_settings(shell: State<'_, Shell>, settings: Settings) -> Answer<()> {
    Ok(shell.client().await?.set_settings(settings).await?)
}

/// Keeps the account's relays and publishes them.
#[tauri::command]
pub async fn set_relays(shell: State<'_, Shell>, relays: Vec<String>) -> Answer<()> {
    Ok(shell.client().await?.set_relays(relays).await?)
}

/// Draws everything in the window larger or smaller; 1 is as the system says. Held between a half and three.
#[tauri::command]
pub fn set_zoom(window: WebviewWindow, factor: f64) -> Answer<()> {
    window.set_zoom(factor.clamp(0.5, 3.0)).map_err(|error| IpcError {
        code: ErrorCode::Internal,
        message: format!("The window could not be zoomed: {error}"),
        retryable: true,
    })
}
