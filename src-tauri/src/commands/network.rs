//! Owns the commands of relays, the way that connections take, the outbox and catching up.
//! Never speaks to a relay itself.

use murmel_ipc::{OutboxItem, Proxy, Reachability, RelayHealth, RelayListChange, RelayListEdit, RelayLists, SyncState};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// The account's relay lists, and the relays of its groups.
#[tauri::command]
pub async fn relay_lists(shell: State<'_, Shell>) -> Answer<RelayLists> {
    Ok(shell.client().await?.relay_lists().await?)
}

/// What an edit of a relay list would change.
#[tauri::command]
pub async fn preview_relay_list(shell: State<'_, Shell>, edit: RelayListEdit) -> Answer<RelayListChange> {
    Ok(shell.client().await?.preview_relay_list(edit).await?)
}

/// Edits a relay list and publishes it.
#[tauri::command]
pub async fn set_relay_list(shell: State<'_, Shell>, edit: RelayListEdit) -> Answer<()> {
    Ok(shell.client().await?.set_relay_list(edit).await?)
}

/// Publishes an earlier version of a relay list again.
#[tauri::command]
pub async fn restore_relay_list(shell: State<'_, Shell>, version: i64) -> Answer<()> {
    Ok(shell.client().await?.restore_relay_list(version).await?)
}

/// How each relay behaves.
#[tauri::command]
pub async fn relay_health(shell: State<'_, Shell>) -> Answer<Vec<RelayHealth>> {
    Ok(shell.client().await?.relay_health().await?)
}

/// The way that connections take.
#[tauri::command]
pub async fn proxy(shell: State<'_, Shell>) -> Answer<Proxy> {
    Ok(shell.client().await?.proxy())
}

/// Leads every connection another way from now on.
#[tauri::command]
pub async fn set_proxy(shell: State<'_, Shell>, proxy: Proxy) -> Answer<()> {
    Ok(shell.client().await?.set_proxy(proxy).await?)
}

/// Whether people can reach the account, as it was found last.
#[tauri::command]
pub async fn reachability(shell: State<'_, Shell>) -> Answer<Reachability> {
    Ok(shell.client().await?.reachability().await?)
}

/// Reads back from each relay what people need to reach the account.
#[tauri::command]
pub async fn check_reachability(shell: State<'_, Shell>) -> Answer<Reachability> {
    Ok(shell.client().await?.check_reachability().await?)
}

/// Publishes again what people need, and looks whether it is there.
#[tauri::command]
pub async fn fix_reachability(shell: State<'_, Shell>) -> Answer<Reachability> {
    Ok(shell.client().await?.fix_reachability().await?)
}

/// Everything that no relay has accepted yet, oldest first.
#[tauri::command]
pub async fn outbox(shell: State<'_, Shell>) -> Answer<Vec<OutboxItem>> {
    Ok(shell.client().await?.outbox().await?)
}

/// Tries something in the outbox again at once.
#[tauri::command]
pub async fn retry_outbox(shell: State<'_, Shell>, item: i64) -> Answer<()> {
    Ok(shell.client().await?.retry_outbox(item).await?)
}

/// How far the account is behind, and what it cannot read.
#[tauri::command]
pub async fn sync_state(shell: State<'_, Shell>) -> Answer<SyncState> {
    Ok(shell.client().await?.sync_state().await?)
}
