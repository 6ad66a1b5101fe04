//! Owns the commands about newer versions of the app.
//! Never fetches or installs one: that is `update`.

use murmel_ipc::Updates;
use tauri::{AppHandle, State};

use super::Answer;
use crate::shell::Shell;
use crate::update;

/// How this copy gets newer, and how far that is.
#[tauri::command]
pub async fn updates(app: AppHandle, shell: State<'_, Shell>) -> Answer<Updates> {
    Ok(update::view(&app, shell.client().await?.looks_for_updates()))
}

/// Keeps whether the app may look for newer versions by itself.
#[tauri::command]
pub async fn set_updates(app: AppHandle, shell: State<'_, Shell>, looks: bool) -> Answer<Updates> {
    let client = shell.client().await?;
    update::set(&app, &client, looks).await?;
    Ok(update::view(&app, client.looks_for_updates()))
}

/// Looks now; what comes of it is an event.
#[tauri::command]
pub async fn look_for_update(app: AppHandle, shell: State<'_, Shell>) -> Answer<Updates> {
    let client = shell.client().await?;
    update::look(&app, &client);
    Ok(update::view(&app, client.looks_for_updates()))
}

/// Downloads what was found; how far it is comes as events.
#[tauri::command]
pub async fn load_update(app: AppHandle, shell: State<'_, Shell>) -> Answer<Updates> {
    let client = shell.client().await?;
    update::load(&app, &client);
    Ok(update::view(&app, client.looks_for_updates()))
}

/// Ends the download.
#[tauri::command]
pub async fn cancel_update(app: AppHandle, shell: State<'_, Shell>) -> Answer<Updates> {
    update::cancel(&app);
    Ok(update::view(&app, shell.client().await?.looks_for_updates()))
}

/// Installs what was downloaded; the app begins anew then.
#[tauri::command]
pub async fn install_update(app: AppHandle, shell: State<'_, Shell>) -> Answer<Updates> {
    let client = shell.client().await?;
    update::install(&app, &client);
    Ok(update::view(&app, client.looks_for_updates()))
}
