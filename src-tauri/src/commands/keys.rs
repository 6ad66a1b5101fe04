//! Owns the commands about the key of the account that is shown.
//! Never gives the page a key or a recovery code: both go through dialogs of the system.

use murmel_client::Confirm as _;
use murmel_ipc::{ChangePassphrase, KeyPlace, KeySafety, Recover, SecretText, Session};
use tauri::{AppHandle, State};

use super::Answer;
use crate::ask::{self, Native};
use crate::shell::Shell;

/// Where the key is kept, and what else opens the account.
#[tauri::command]
pub async fn key_safety(shell: State<'_, Shell>) -> Answer<KeySafety> {
    Ok(shell.client().await?.key_safety()?)
}

/// Saves the key, sealed with a password, where the person says. Whether it was saved.
#[tauri::command]
pub async fn export_key(app: AppHandle, shell: State<'_, Shell>, password: SecretText) -> Answer<bool> {
    let client = shell.client().await?;
    let Some(path) = ask::where_to_save(&app, ask::save_key(client.language()), "murmel-key.ncryptsec").await else { return Ok(false) };
    client.export_key_to(&path, password).await?;
    Ok(true)
}

/// Seals the vault with another passphrase.
#[tauri::command]
pub async fn change_passphrase(shell: State<'_, Shell>, args: ChangePassphrase) -> Answer<()> {
    Ok(shell.client().await?.change_passphrase(args).await?)
}

/// Moves the key between keychain and vault.
#[tauri::command]
pub async fn move_key(shell: State<'_, Shell>, to: KeyPlace, passphrase: Option<SecretText>) -> Answer<()> {
    Ok(shell.client().await?.move_key(to, passphrase).await?)
}

/// Makes a recovery code and shows it once, in a dialog of the system. Whether the person has it now.
#[tauri::command]
pub async fn make_recovery_code(app: AppHandle, shell: State<'_, Shell>, passphrase: Option<SecretText>) -> Answer<bool> {
    let client = shell.client().await?;
    let (native, language) = (Native::new(&app), client.language());
    if client.key_safety()?.recovery && !native.confirm(&ask::replace_recovery_code(language)).await {
        return Ok(false);
    }
    let code = client.make_recovery_code(passphrase).await?;
    if native.confirm(&ask::new_recovery_code(&code, language)).await {
        return Ok(true);
    }
    client.remove_recovery_code().await?;
    Ok(false)
}

/// Asks, then makes the recovery code open nothing any more. Whether it was done.
#[tauri::command]
pub async fn remove_recovery_code(app: AppHandle, shell: State<'_, Shell>) -> Answer<bool> {
    let client = shell.client().await?;
    if !Native::new(&app).confirm(&ask::remove_recovery_code(client.language())).await {
        return Ok(false);
    }
    client.remove_recovery_code().await?;
    Ok(true)
}

/// Opens the account with its recovery code.
#[tauri::command]
pub async fn recover(shell: State<'_, Shell>, args: Recover) -> Answer<Session> {
    Ok(shell.client().await?.recover(args).await?)
}
