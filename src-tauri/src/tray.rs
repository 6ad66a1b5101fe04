//! Owns the icon in the tray: its menu, its number, and whether there is a tray at all.
//! Never holds more of a chat than how many messages are unread.

#[cfg(target_os = "linux")]
#[path = "tray/item.rs"]
mod icon;
#[cfg(not(target_os = "linux"))]
#[path = "tray/system.rs"]
mod icon;

use std::sync::{Mutex, PoisonError};

use murmel_ipc::{Language, PauseFor};
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
    language: Language,
}

impl Face {
    /// What a pointer over the icon reads.
    fn title(self) -> String {
        match (self.unread, self.language) {
            (0, _) => "Murmel".to_owned(),
            (1, Language::En) => "Murmel: 1 unread message".to_owned(),
            (1, Language::Nl) => "Murmel: 1 ongelezen bericht".to_owned(),
            (many, Language::En) => format!("Murmel: {many} unread messages"),
            (many, Language::Nl) => format!("Murmel: {many} ongelezen berichten"),
        }
    }

    /// What an entry of the menu says.
    const fn label(self, wish: Wish) -> &'static str {
        match (wish, self.language) {
            (Wish::Show, Language::En) => "Show Murmel",
            (Wish::Show, Language::Nl) => "Murmel tonen",
            (Wish::Pause, Language::En) if self.paused => "Notify again",
            (Wish::Pause, Language::Nl) if self.paused => "Weer meldingen tonen",
            (Wish::Pause, Language::En) => "No notifications for an hour",
            (Wish::Pause, Language::Nl) => "Een uur geen meldingen",
            (Wish::Quit, Language::En) => "Quit",
            (Wish::Quit, Language::Nl) => "Stoppen",
        }
    }
}

/// The icon, where the desktop has a place for it.
pub struct Tray {
    icon: Option<Icon>,
    face: Mutex<Face>,
}

impl Tray {
    /// Puts the icon into the tray.
    pub fn start(app: &AppHandle) -> Tray {
        let granting = app.clone();
        match Icon::start(app, move |wish| grant(&granting, wish)) {
            Ok(icon) => Tray { icon: Some(icon), face: Mutex::default() },
            Err(error) => {
                tracing::info!(%error, "this desktop has no tray");
                Tray { icon: None, face: Mutex::default() }
            }
        }
    }

    /// Whether the icon can be seen: a window that is hidden comes back only from there.
    pub fn is_there(&self) -> bool {
        self.icon.as_ref().is_some_and(Icon::is_there)
    }

    /// Shows how many messages are unread, and whether notifications are paused.
    pub fn show(&self, unread: u32, paused: bool) {
        self.change(|face| *face = Face { unread, paused, ..*face });
    }

    /// Speaks another language.
    pub fn speak(&self, language: Language) {
        self.change(|face| face.language = language);
    }

    fn change(&self, change: impl FnOnce(&mut Face)) {
        let mut face = self.face.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut face);
        if let Some(icon) = &self.icon {
            icon.show(*face);
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
        let face = |unread| Face { unread, ..Face::default() };
        assert_eq!(face(0).title(), "Murmel");
        assert_eq!(face(1).title(), "Murmel: 1 unread message");
        assert_eq!(face(2).title(), "Murmel: 2 unread messages");
        assert_eq!(Face { language: Language::Nl, ..face(2) }.title(), "Murmel: 2 ongelezen berichten");
    }
}
