//! Owns the commands about invitations.
//! Never accepts one by itself.

use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// Joins the group of an invitation; answers with its chat.
#[tauri::command]
pub async fn accept(shell: State<'_, Shell>, request: String) -> Answer<String> {
    Ok(shell.client().await?.accept(&request).await?)
}

/// Declines an invitation.
#[tauri::command]
pub async fn decline(shell: State<'_, Shell>, request: String) -> Answer<()> {
    Ok(shell.client().await?.decline(&request).await?)
}
