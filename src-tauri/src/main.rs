//! Murmel for the desktop: one window over the client.
//! It knows Tauri and no protocol; whatever a chat is, the client decides.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod ask;
mod autostart;
mod badge;
mod bridge;
mod commands;
mod links;
mod notify;
mod quit;
mod shell;
mod start;
mod tray;
mod update;
mod window;

use std::process::ExitCode;

use clap::Parser;
use tauri::{Manager, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use crate::shell::Shell;
use crate::start::Start;
use crate::tray::Tray;
use crate::update::Updating;
use crate::window::First;

/// Cryptography in a debug build needs deep stacks.
const STACK: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    let start = Start::parse();
    tracing_subscriber::fmt().with_env_filter(start.log_filter()).with_writer(std::io::stderr).init();
    match run(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[cfg(target_os = "linux")]
            start::begin_anew(&error);
            tracing::error!(%error, "Murmel could not start");
            ExitCode::FAILURE
        }
    }
}

fn run(start: Start) -> tauri::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let mut builder = tauri::Builder::default();
    if let Some(single) = start.single_instance() {
        // First of all plugins: a second launch must be noticed before anything else happens.
        builder = builder.plugin(single);
    }
    let app = builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(start.updater())
        // Whether the window is on the screen is decided at each start, not remembered.
        .plugin(tauri_plugin_window_state::Builder::default().with_state_flags(StateFlags::all() & !StateFlags::VISIBLE).build())
        .invoke_handler(tauri::generate_handler![
            commands::session::subscribe,
            commands::session::inspect_key,
            commands::session::create_identity,
            commands::session::import_identity,
            commands::session::unlock,
            commands::session::try_it,
            commands::session::remove_try_it,
            commands::session::retry_setup,
            commands::session::copy_npub,
            commands::accounts::switch_account,
            commands::accounts::log_out_summary,
            commands::accounts::log_out,
            commands::accounts::lock,
            commands::accounts::set_lock_after,
            commands::accounts::in_use,
            commands::keys::key_safety,
            commands::keys::export_key,
            commands::keys::change_passphrase,
            commands::keys::move_key,
            commands::keys::make_recovery_code,
            commands::keys::remove_recovery_code,
            commands::keys::recover,
            commands::people::inspect_person,
            commands::groups::create_group,
            commands::groups::group,
            commands::groups::invite,
            commands::groups::remove_member,
            commands::groups::promote,
            commands::groups::demote,
            commands::groups::rename,
            commands::groups::describe,
            commands::groups::leave,
            commands::groups::set_retention,
            commands::groups::set_avatar,
            commands::groups::set_image,
            commands::groups::move_group,
            commands::groups::upgrade_group,
            commands::groups::end_group,
            commands::requests::accept,
            commands::requests::decline,
            commands::messages::timeline,
            commands::messages::timeline_after,
            commands::messages::timeline_around,
            commands::messages::send,
            commands::messages::react,
            commands::messages::unreact,
            commands::messages::edit,
            commands::messages::delete_message,
            commands::messages::history,
            commands::messages::retry,
            commands::messages::cancel_message,
            commands::messages::delivery,
            commands::messages::mark_read,
            commands::search::search,
            commands::search::rebuild_search,
            commands::search::check,
            commands::messages::set_open_chat,
            commands::links::open_link,
            commands::links::copy_text,
            commands::settings::set_settings,
            commands::settings::set_relays,
            commands::settings::set_zoom,
            commands::desktop::set_notifications,
            commands::desktop::pause_notifications,
            commands::desktop::desktop,
            commands::desktop::set_autostart,
            commands::desktop::set_language,
            commands::choice::pin,
            commands::choice::order_pins,
            commands::choice::archive,
            commands::choice::mute,
            commands::choice::mark_unread,
            commands::choice::unread_mentions,
            commands::choice::draft,
            commands::choice::set_draft,
            commands::people::person,
            commands::people::set_nickname,
            commands::people::block,
            commands::people::unblock,
            commands::people::blocked,
            commands::people::refresh_person,
            commands::people::verify_address,
            commands::people::find_people,
            commands::people::find_person,
            commands::people::can_invite,
            commands::people::conversation_with,
            commands::people::own_profile,
            commands::people::set_profile,
            commands::people::profile_versions,
            commands::people::restore_profile,
            commands::network::relay_lists,
            commands::network::preview_relay_list,
            commands::network::set_relay_list,
            commands::network::restore_relay_list,
            commands::network::relay_health,
            commands::network::proxy,
            commands::network::set_proxy,
            commands::network::reachability,
            commands::network::check_reachability,
            commands::network::fix_reachability,
            commands::network::outbox,
            commands::network::retry_outbox,
            commands::network::sync_state,
            commands::updates::updates,
            commands::updates::set_updates,
            commands::updates::look_for_update,
            commands::updates::load_update,
            commands::updates::cancel_update,
            commands::updates::install_update,
        ])
        .setup(move |app| {
            app.manage(Shell::new());
            app.manage(Updating::new(start.updates(app.handle())));
            let tray = Tray::start(app.handle());
            let first = match (start.minimized, tray.is_there()) {
                (false, _) => First::Shown,
                (true, true) => First::Hidden,
                (true, false) => First::Minimized,
            };
            app.manage(tray);
            window::open(app, first)?;
            start::open_profile(app.handle(), start);
            Ok(())
        })
        .on_window_event(|window, event| match event {
            WindowEvent::Focused(focused) => window.state::<Shell>().set_focused(*focused),
            WindowEvent::CloseRequested { api, .. } => quit::close_requested(window.app_handle(), api),
            _ => {}
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| match event {
        RunEvent::Exit => app.state::<Shell>().close(),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => links::open_any(app, urls.iter().map(tauri::Url::as_str)),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::show(app),
        _ => {}
    });
    Ok(())
}
