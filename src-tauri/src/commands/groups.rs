//! Owns the commands of groups and their members.
//! Never judges who may do what.

use murmel_ipc::{GroupAvatar, GroupCreated, GroupDetails, GroupImage, NewGroup, NotInvited};
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

/// Leaves the group; an admin names who becomes one instead.
#[tauri::command]
pub async fn leave(shell: State<'_, Shell>, chat: String, successor: Option<String>) -> Answer<()> {
    Ok(shell.client().await?.leave(&chat, successor.as_deref()).await?)
}

/// Sets after how many seconds messages disappear; 0 is never.
#[tauri::command]
pub async fn set_retention(shell: State<'_, Shell>, chat: String, seconds: u64) -> Answer<()> {
    Ok(shell.client().await?.set_retention(&chat, seconds).await?)
}

/// Sets the picture by URL, or takes it away.
#[tauri::command]
pub async fn set_avatar(shell: State<'_, Shell>, chat: String, avatar: Option<GroupAvatar>) -> Answer<()> {
    Ok(shell.client().await?.set_avatar(&chat, avatar).await?)
}

/// Sets the encrypted picture, or takes it away.
#[tauri::command]
pub async fn set_image(shell: State<'_, Shell>, chat: String, image: Option<GroupImage>) -> Answer<()> {
    Ok(shell.client().await?.set_image(&chat, image).await?)
}

/// Moves the group to other relays.
#[tauri::command]
pub async fn move_group(shell: State<'_, Shell>, chat: String, relays: Vec<String>, new_tag: bool) -> Answer<()> {
    Ok(shell.client().await?.move_group(&chat, relays, new_tag).await?)
}

/// Requires of everybody what new groups require.
#[tauri::command]
pub async fn upgrade_group(shell: State<'_, Shell>, chat: String) -> Answer<()> {
    Ok(shell.client().await?.upgrade_group(&chat).await?)
}

/// Ends the group for good, for everybody.
#[tauri::command]
pub async fn end_group(shell: State<'_, Shell>, chat: String) -> Answer<()> {
    Ok(shell.client().await?.end_group(&chat).await?)
}
