//! Owns the commands of the person's choices.
//! Never interprets them.

use murmel_ipc::Settings;
use tauri::State;

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
