//! Owns the commands of the search and of the state of the database.
//! Never keeps what was looked for.

use murmel_ipc::{CheckReport, SearchPage, SearchQuery};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// Messages by their words.
#[tauri::command]
pub async fn search(shell: State<'_, Shell>, query: SearchQuery) -> Answer<SearchPage> {
    Ok(shell.client().await?.search(query).await?)
}

/// Makes the search index anew.
#[tauri::command]
pub async fn rebuild_search(shell: State<'_, Shell>) -> Answer<()> {
    Ok(shell.client().await?.rebuild_search().await?)
}

/// Looks at the whole database.
#[tauri::command]
pub async fn check(shell: State<'_, Shell>) -> Answer<CheckReport> {
    Ok(shell.client().await?.check().await?)
}
