//! Owns the commands about people outside of a group.
//! Never looks anybody up on the network by itself.

use murmel_ipc::{PersonPreview, PersonView};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// Who an npub, an nprofile or 64 hex digits name.
#[tauri::command]
pub async fn inspect_person(shell: State<'_, Shell>, text: String) -> Answer<PersonPreview> {
    Ok(shell.client().await?.inspect_person(&text).await?)
}

/// Everything that is known of somebody here.
#[tauri::command]
pub async fn person(shell: State<'_, Shell>, person: String) -> Answer<PersonView> {
    Ok(shell.client().await?.person(&person).await?)
}

/// Gives somebody a name on this computer.
#[tauri::command]
pub async fn set_nickname(shell: State<'_, Shell>, person: String, nickname: String) -> Answer<PersonView> {
    Ok(shell.client().await?.set_nickname(&person, &nickname).await?)
}

/// Hides what somebody writes, and lets their invitations vanish.
#[tauri::command]
pub async fn block(shell: State<'_, Shell>, person: String) -> Answer<PersonView> {
    Ok(shell.client().await?.block(&person).await?)
}

/// Takes a block away.
#[tauri::command]
pub async fn unblock(shell: State<'_, Shell>, person: String) -> Answer<PersonView> {
    Ok(shell.client().await?.unblock(&person).await?)
}

/// Who is blocked.
#[tauri::command]
pub async fn blocked(shell: State<'_, Shell>) -> Answer<Vec<PersonView>> {
    Ok(shell.client().await?.blocked().await?)
}
