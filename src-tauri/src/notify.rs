//! Owns the desktop notifications: what the client decided to say is shown, and a click leads to the chat.
//! Never decides whether or what to notify.

#[cfg(not(target_os = "linux"))]
#[path = "notify/each.rs"]
mod screen;
#[cfg(target_os = "linux")]
#[path = "notify/bus.rs"]
mod screen;

use murmel_client::{Client, Notice};
use murmel_ipc::Session;
use tauri::{AppHandle, Manager};

use self::screen::Screen;
use crate::{shell::Shell, window};

/// What a click on a notification leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Goal {
    account: String,
    chat: String,
    message: i64,
}

impl Goal {
    fn of(notice: &Notice) -> Goal {
        Goal { account: notice.account.clone(), chat: notice.chat.clone(), message: notice.message }
    }
}

/// Shows the client's notices until the client closes.
pub fn start(app: &AppHandle, client: &Client) {
    let mut notices = client.notices();
    let app = app.clone();
    let thread = std::thread::Builder::new().name("notices".to_owned()).spawn(move || {
        let screen = match Screen::open(move |goal| open(&app, goal)) {
            Ok(screen) => screen,
            Err(error) => return tracing::warn!(%error, "this computer shows no notifications"),
        };
        while let Some(notice) = notices.blocking_recv() {
            if let Err(error) = screen.show(&notice) {
                tracing::warn!(%error, "a notification could not be shown");
            }
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "no notifications will be shown");
    }
}

fn open(app: &AppHandle, goal: Goal) {
    window::show(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        let Ok(client) = shell.client().await else { return };
        // An invitation's notice names no chat, and one for several messages names no message.
        let Goal { account, chat, message } = goal;
        let message = Some(message).filter(|message| *message != 0);
        if shown(&client).as_deref() == Some(&account) {
            if !chat.is_empty() {
                shell.bridge.open_chat(account, chat, message);
            }
            return;
        }
        if !chat.is_empty() {
            shell.bridge.open_chat_next(account.clone(), chat, message);
        }
        if let Err(error) = client.switch_account(&account).await {
            shell.bridge.forget_next();
            tracing::warn!(code = ?error.code, "the account of a notification cannot be shown");
        }
    });
}

/// The npub of the account on the screen.
fn shown(client: &Client) -> Option<String> {
    match client.session() {
        Session::Ready { account } => Some(account.npub),
        Session::Locked { npub, .. } | Session::KeyUnavailable { npub, .. } => Some(npub),
        Session::FirstRun { .. } => None,
    }
}
