//! Owns the commands about people outside of a group, and about what the account says of itself.
//! Never looks anybody up on the network by itself.

use murmel_ipc::{Invitable, OwnProfile, PersonPreview, PersonView, ProfileFields, ProfileVersion};
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

/// Looks up on relays what somebody says about themselves.
#[tauri::command]
pub async fn refresh_person(shell: State<'_, Shell>, person: String) -> Answer<PersonView> {
    Ok(shell.client().await?.refresh_person(&person).await?)
}

/// Asks the host of the address that somebody gives whether it is theirs.
#[tauri::command]
pub async fn verify_address(shell: State<'_, Shell>, person: String) -> Answer<PersonView> {
    Ok(shell.client().await?.verify_address(&person).await?)
}

/// People known here; nobody is asked.
#[tauri::command]
pub async fn find_people(shell: State<'_, Shell>, text: String) -> Answer<Vec<PersonView>> {
    Ok(shell.client().await?.find_people(&text).await?)
}

/// Whom a text names; asks the network.
#[tauri::command]
pub async fn find_person(shell: State<'_, Shell>, text: String) -> Answer<PersonView> {
    Ok(shell.client().await?.find_person(&text).await?)
}

/// Whether each of these people can be invited now.
#[tauri::command]
pub async fn can_invite(shell: State<'_, Shell>, people: Vec<String>) -> Answer<Vec<Invitable>> {
    Ok(shell.client().await?.can_invite(people).await?)
}

/// The conversation with somebody alone, the one there is or a new one.
#[tauri::command]
pub async fn conversation_with(shell: State<'_, Shell>, person: String) -> Answer<String> {
    Ok(shell.client().await?.conversation_with(&person).await?)
}

/// What the account says about itself.
#[tauri::command]
pub async fn own_profile(shell: State<'_, Shell>) -> Answer<OwnProfile> {
    Ok(shell.client().await?.own_profile().await?)
}

/// Publishes what the account says about itself.
#[tauri::command]
pub async fn set_profile(shell: State<'_, Shell>, fields: ProfileFields) -> Answer<OwnProfile> {
    Ok(shell.client().await?.set_profile(fields).await?)
}

/// Earlier versions of that.
#[tauri::command]
pub async fn profile_versions(shell: State<'_, Shell>) -> Answer<Vec<ProfileVersion>> {
    Ok(shell.client().await?.profile_versions().await?)
}

/// Publishes an earlier version again.
#[tauri::command]
pub async fn restore_profile(shell: State<'_, Shell>, version: String) -> Answer<OwnProfile> {
    Ok(shell.client().await?.restore_profile(&version).await?)
}
