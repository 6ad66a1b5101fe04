//! Owns the desktop notifications: what the client decided to say is shown, and a click leads to the chat.
//! Never decides whether or what to notify.

#[cfg(not(target_os = "linux"))]
#[path = "notify/each.rs"]
mod screen;
#[cfg(target_os = "linux")]
#[path = "notify/bus.rs"]
mod screen;

use murmel_client::{Client, Notice};
use tauri::{AppHandle, Manager};

use self::screen::Screen;
use crate::{shell::Shell, window};

/// What a click on a notification leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Goal {
    chat: String,
    message: i64,
}

impl Goal {
    fn of(notice: &Notice) -> Goal {
        Goal { chat: notice.chat.clone(), message: notice.message }
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
    // An invitation's notice names no chat, and one for several messages names no message.
    if !goal.chat.is_empty() {
        let message = Some(goal.message).filter(|message| *message != 0);
        app.state::<Shell>().bridge.open_chat(goal.chat, message);
    }
}
