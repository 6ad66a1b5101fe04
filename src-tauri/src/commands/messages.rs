//! Owns the commands of the timeline and the composer.
//! Never keeps a text.

use murmel_ipc::{Cursor, Delivery, MessageView, Revision, SendMessage, TimelinePage};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// The newest messages, or those older than `before`.
#[tauri::command]
pub async fn timeline(shell: State<'_, Shell>, chat: String, before: Option<Cursor>, limit: u32) -> Answer<TimelinePage> {
    Ok(shell.client().await?.timeline(&chat, before, limit).await?)
}

/// The messages that are newer than `after`.
#[tauri::command]
pub async fn timeline_after(shell: State<'_, Shell>, chat: String, after: Cursor, limit: u32) -> Answer<TimelinePage> {
    Ok(shell.client().await?.timeline_after(&chat, after, limit).await?)
}

/// The messages around one of them.
#[tauri::command]
pub async fn timeline_around(shell: State<'_, Shell>, chat: String, message: i64, limit: u32) -> Answer<TimelinePage> {
    Ok(shell.client().await?.timeline_around(&chat, message, limit).await?)
}

/// Sends a text; the answer means that it is safe on this computer.
#[tauri::command]
pub async fn send(shell: State<'_, Shell>, args: SendMessage) -> Answer<MessageView> {
    Ok(shell.client().await?.send(args).await?)
}

/// Reacts to a message.
#[tauri::command]
pub async fn react(shell: State<'_, Shell>, message: i64, emoji: String) -> Answer<()> {
    Ok(shell.client().await?.react(message, &emoji).await?)
}

/// Takes an own reaction back.
#[tauri::command]
pub async fn unreact(shell: State<'_, Shell>, message: i64, emoji: String) -> Answer<()> {
    Ok(shell.client().await?.unreact(message, &emoji).await?)
}

/// Replaces the text of an own message.
#[tauri::command]
pub async fn edit(shell: State<'_, Shell>, message: i64, text: String) -> Answer<()> {
    Ok(shell.client().await?.edit(message, &text).await?)
}

/// Deletes a message for everybody.
#[tauri::command]
pub async fn delete_message(shell: State<'_, Shell>, message: i64) -> Answer<()> {
    Ok(shell.client().await?.delete_message(message).await?)
}

/// Every text that a message had.
#[tauri::command]
pub async fn history(shell: State<'_, Shell>, message: i64) -> Answer<Vec<Revision>> {
    Ok(shell.client().await?.history(message).await?)
}

/// Sends a message that failed once more.
#[tauri::command]
pub async fn retry(shell: State<'_, Shell>, message: i64) -> Answer<()> {
    Ok(shell.client().await?.retry(message).await?)
}

/// Takes a message back that no relay has.
#[tauri::command]
pub async fn cancel_message(shell: State<'_, Shell>, message: i64) -> Answer<()> {
    Ok(shell.client().await?.cancel_message(message).await?)
}

/// What each relay said of a message.
#[tauri::command]
pub async fn delivery(shell: State<'_, Shell>, message: i64) -> Answer<Vec<Delivery>> {
    Ok(shell.client().await?.delivery(message).await?)
}

/// Everything up to this message was seen.
#[tauri::command]
pub async fn mark_read(shell: State<'_, Shell>, chat: String, message: i64) -> Answer<()> {
    Ok(shell.client().await?.mark_read(&chat, message).await?)
}

/// Which chat is open; decides over notifications.
#[tauri::command]
pub async fn set_open_chat(shell: State<'_, Shell>, chat: Option<String>) -> Answer<()> {
    shell.client().await?.set_open_chat(chat).await;
    Ok(())
}
