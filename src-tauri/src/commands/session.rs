//! Owns the commands of the session: first run, unlocking, try-it, the subscription.
//! Never keeps a key longer than the call.

use murmel_ipc::{ErrorCode, Event, ImportIdentity, IpcError, KeyPreview, NewIdentity, SecretText, Session, Snapshot, Unlock};
use tauri::State;
use tauri::ipc::Channel;

use super::Answer;
use crate::shell::Shell;

/// The state, and from then on every change through `channel`.
#[tauri::command]
pub async fn subscribe(shell: State<'_, Shell>, channel: Channel<Event>) -> Answer<Snapshot> {
    let client = shell.client().await?;
    shell.bridge.subscribe(client, channel).await
}

/// What a pasted key is.
#[tauri::command]
pub async fn inspect_key(
    shell: State<'_, Shell>,
    key: SecretText,
    password: Option<SecretText>,
    account_index: Option<u32>,
) -> Answer<KeyPreview> {
    Ok(shell.client().await?.inspect_key(&key, password, account_index.unwrap_or(0)).await?)
}

/// Makes a fresh key an account of this profile.
#[tauri::command]
pub async fn create_identity(shell: State<'_, Shell>, args: NewIdentity) -> Answer<Session> {
    Ok(shell.client().await?.create_identity(args).await?)
}

/// Makes a key that its owner has an account of this profile.
#[tauri::command]
pub async fn import_identity(shell: State<'_, Shell>, args: ImportIdentity) -> Answer<Session> {
    Ok(shell.client().await?.import_identity(args).await?)
}

/// Opens the vault.
#[tauri::command]
pub async fn unlock(shell: State<'_, Shell>, args: Unlock) -> Answer<Session> {
    Ok(shell.client().await?.unlock(args).await?)
}

/// Opens the conversation with the companion on this computer.
#[tauri::command]
pub async fn try_it(shell: State<'_, Shell>) -> Answer<Session> {
    Ok(shell.client().await?.try_it().await?)
}

/// Removes that conversation without a trace.
#[tauri::command]
pub async fn remove_try_it(shell: State<'_, Shell>) -> Answer<Session> {
    Ok(shell.client().await?.remove_try_it().await?)
}

/// Tries the network set-up again now.
#[tauri::command]
pub async fn retry_setup(shell: State<'_, Shell>) -> Answer<()> {
    Ok(shell.client().await?.retry_setup().await?)
}

/// Puts the account's npub on the clipboard; the window itself has no access to it.
#[tauri::command]
pub async fn copy_npub(shell: State<'_, Shell>) -> Answer<()> {
    let Session::Ready { account } = shell.client().await?.session() else {
        return Err(IpcError { code: ErrorCode::NoAccount, message: "No account is open.".to_owned(), retryable: false });
    };
    shell.copy(account.npub)
}
