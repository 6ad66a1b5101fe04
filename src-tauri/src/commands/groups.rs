//! Owns the commands of groups and their members.
//! Never judges who may do what.

use murmel_ipc::{GroupCreated, GroupDetails, NewGroup, NotInvited};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// Creates a group and invites people.
#[tauri::command]
pub async fn create_group(shell: State<'_, Shell>, args: NewGroup) -> Answer<GroupCreated> {
    Ok(shell.client().await?.create_group(args).await?)
}

/// Everything about one group.
#[tauri::command]
pub async fn group(shell: State<'_, Shell>, chat: String) -> Answer<GroupDetails> {
    Ok(shell.client().await?.group(&chat).await?)
}

/// Invites people; answers with those who could not be.
#[tauri::command]
pub async fn invite(shell: State<'_, Shell>, chat: String, people: Vec<String>) -> Answer<Vec<NotInvited>> {
    Ok(shell.client().await?.invite(&chat, people).await?)
}

/// Removes a member.
#[tauri::command]
pub async fn remove_member(shell: State<'_, Shell>, chat: String, pubkey: String) -> Answer<()> {
    Ok(shell.client().await?.remove_member(&chat, &pubkey).await?)
}

/// Makes a member an admin.
#[tauri::command]
pub async fn promote(shell: State<'_, Shell>, chat: String, pubkey: String) -> Answer<()> {
    Ok(shell.client().await?.promote(&chat, &pubkey).await?)
}

/// Makes an admin an ordinary member.
#[tauri::command]
pub async fn demote(shell: State<'_, Shell>, chat: String, pubkey: String) -> Answer<()> {
    Ok(shell.client().await?.demote(&chat, &pubkey).await?)
}

/// Gives the group another name.
#[tauri::command]
pub async fn rename(shell: State<'_, Shell>, chat: String, name: String) -> Answer<()> {
    Ok(shell.client().await?.rename(&chat, &name).await?)
}

/// Gives the group another description.
#[tauri::command]
pub async fn describe(shell: State<'_, Shell>, chat: String, description: String) -> Answer<()> {
    Ok(shell.client().await?.describe(&chat, &description).await?)
}

/// Leaves the group.
#[tauri::command]
pub async fn leave(shell: State<'_, Shell>, chat: String) -> Answer<()> {
    Ok(shell.client().await?.leave(&chat, None).await?)
}
