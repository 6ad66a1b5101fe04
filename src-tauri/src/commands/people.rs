//! Owns the commands about people outside of a group.
//! Never looks anybody up on the network by itself.

use murmel_ipc::PersonPreview;
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// Who an npub, an nprofile or 64 hex digits name.
#[tauri::command]
pub async fn inspect_person(shell: State<'_, Shell>, text: String) -> Answer<PersonPreview> {
    Ok(shell.client().await?.inspect_person(&text).await?)
}
