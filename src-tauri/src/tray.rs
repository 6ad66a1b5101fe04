//! Owns the icon in the tray: its menu, its number, and whether there is a tray at all.
//! Never holds more of a chat than how many messages are unread.

#[cfg(target_os = "linux")]
#[path = "tray/item.rs"]
mod icon;
#[cfg(not(target_os = "linux"))]
#[path = "tray/system.rs"]
mod icon;

use murmel_ipc::PauseFor;
use tauri::{AppHandle, Manager};

use self::icon::Icon;
use crate::{quit, shell::Shell, window};

/// What the person chose in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Show,
    /// No notifications for an hour, or again.
    Pause,
    Quit,
}

/// What the icon shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Face {
    unread: u32,
    paused: bool,
}

impl Face {
    /// What a pointer over the icon reads.
    fn title(self) -> String {
        match self.unread {
            0 => "Murmel".to_owned(),
            1 => "Murmel: 1 unread message".to_owned(),
            many => format!("Murmel: {many} unread messages"),
        }
    }

    fn pause_label(self) -> &'static str {
        if self.paused { "Notify again" } else { "No notifications for an hour" }
    }
}

/// The icon, where the desktop has a place for it.
pub struct Tray {
    icon: Option<Icon>,
}

impl Tray {
    /// Puts the icon into the tray.
    pub fn start(app: &AppHandle) -> Tray {
        let granting = app.clone();
        match Icon::start(app, move |wish| grant(&granting, wish)) {
            Ok(icon) => Tray { icon: Some(icon) },
            Err(error) => {
                tracing::info!(%error, "this desktop has no tray");
                Tray { icon: None }
            }
        }
    }

    /// Whether the icon can be seen: a window that is hidden comes back only from there.
    pub fn is_there(&self) -> bool {
        self.icon.as_ref().is_some_and(Icon::is_there)
    }

    /// Shows how many messages are unread, and whether notifications are paused.
    pub fn show(&self, unread: u32, paused: bool) {
        if let Some(icon) = &self.icon {
            icon.show(Face { unread, paused });
        }
    }
}

fn grant(app: &AppHandle, wish: Wish) {
    match wish {
        Wish::Show => window::show(app),
        Wish::Quit => quit::ask(app),
        Wish::Pause => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                let Ok(client) = app.state::<Shell>().client().await else { return };
                let how_long = client.notifications().paused_until.is_none().then_some(PauseFor::Hour);
                if let Err(error) = client.pause_notifications(how_long).await {
                    tracing::warn!(code = ?error.code, "notifications could not be paused");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_says_how_many_messages_wait() {
        assert_eq!(Face { unread: 0, paused: false }.title(), "Murmel");
        assert_eq!(Face { unread: 1, paused: false }.title(), "Murmel: 1 unread message");
        assert_eq!(Face { unread: 2, paused: false }.title(), "Murmel: 2 unread messages");
    }
}
