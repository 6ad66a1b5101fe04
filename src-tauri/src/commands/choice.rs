//! Owns the commands about chats that concern this computer only: pins, archive, mute, marks, drafts.
//! Never keeps a text.

use murmel_ipc::{Draft, MuteFor};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// Pins a chat, or lets it go.
#[tauri::command]
pub async fn pin(shell: State<'_, Shell>, chat: String, pinned: bool) -> Answer<()> {
    Ok(shell.client().await?.pin(&chat, pinned).await?)
}

/// Puts the pinned chats into this order.
#[tauri::command]
pub async fn order_pins(shell: State<'_, Shell>, chats: Vec<String>) -> Answer<()> {
    Ok(shell.client().await?.order_pins(chats).await?)
}

/// Puts a chat out of the way, or back.
#[tauri::command]
pub async fn archive(shell: State<'_, Shell>, chat: String, archived: bool) -> Answer<()> {
    Ok(shell.client().await?.archive(&chat, archived).await?)
}

/// Silences a chat for a time, or ends that.
#[tauri::command]
pub async fn mute(shell: State<'_, Shell>, chat: String, how_long: Option<MuteFor>) -> Answer<()> {
    Ok(shell.client().await?.mute(&chat, how_long).await?)
}

/// Shows a chat as unread, or takes that back.
#[tauri::command]
pub async fn mark_unread(shell: State<'_, Shell>, chat: String, unread: bool) -> Answer<()> {
    Ok(shell.client().await?.mark_unread(&chat, unread).await?)
}

/// The unread messages that name the account or answer it.
#[tauri::command]
pub async fn unread_mentions(shell: State<'_, Shell>, chat: String) -> Answer<Vec<i64>> {
    Ok(shell.client().await?.unread_mentions(&chat).await?)
}

/// What was written and not sent yet.
#[tauri::command]
pub async fn draft(shell: State<'_, Shell>, chat: String) -> Answer<Draft> {
    Ok(shell.client().await?.draft(&chat).await?)
}

/// Keeps what was written and not sent yet.
#[tauri::command]
pub async fn set_draft(shell: State<'_, Shell>, chat: String, draft: Draft) -> Answer<()> {
    Ok(shell.client().await?.set_draft(&chat, draft).await?)
}
