//! Owns the commands of the accounts: which one is shown, the app lock, logging out.
//! Never deletes anything that the person was not asked about outside of the page.

use murmel_ipc::{LogOutSummary, LoggedOut, Session};
use tauri::{AppHandle, State};

use super::Answer;
use crate::ask::Native;
use crate::shell::Shell;

/// Shows another account.
#[tauri::command]
pub async fn switch_account(shell: State<'_, Shell>, account: String) -> Answer<Session> {
    Ok(shell.client().await?.switch_account(&account).await?)
}

/// What logging out would delete.
#[tauri::command]
pub async fn log_out_summary(shell: State<'_, Shell>, account: String) -> Answer<LogOutSummary> {
    Ok(shell.client().await?.named(&account)?.log_out_summary().await?)
}

/// Asks in a dialog of the system, then wipes the account.
#[tauri::command]
pub async fn log_out(app: AppHandle, shell: State<'_, Shell>, account: String, leave_groups: bool) -> Answer<LoggedOut> {
    Ok(shell.client().await?.named(&account)?.log_out(leave_groups, &Native::new(&app)).await?)
}

/// Locks every account now.
#[tauri::command]
pub async fn lock(shell: State<'_, Shell>) -> Answer<Session> {
    Ok(shell.client().await?.lock().await?)
}

/// After how many minutes without use everything is locked; 0 is never.
#[tauri::command]
pub async fn set_lock_after(shell: State<'_, Shell>, minutes: u32) -> Answer<()> {
    Ok(shell.client().await?.set_lock_after(minutes).await?)
}

/// The person does something in the window.
#[tauri::command]
pub async fn in_use(shell: State<'_, Shell>) -> Answer<()> {
    Ok(shell.client().await?.in_use().await?)
}
