//! Owns the desktop notifications: what the client decided to say is shown, and a click leads to the chat.
//! Never decides whether or what to notify.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use murmel_client::{Client, Notice};
use notify_rust::{Notification, NotificationResponse};
use tauri::{AppHandle, Manager};

use crate::{shell::Shell, window};

/// Notifications whose click is awaited at one time, one for each chat; each takes a sleeping thread.
const AWAITED: usize = 32;

/// What is on the screen, by chat.
type Shown = Arc<Mutex<HashMap<String, Showing>>>;

/// The notification of a chat that is on the screen.
#[derive(Clone, Copy)]
struct Showing {
    id: u32,
    /// The newest message it speaks of.
    message: i64,
}

/// Shows the client's notices until the client closes.
pub fn start(app: &AppHandle, client: &Client) {
    let mut notices = client.notices();
    let app = app.clone();
    let shown = Shown::default();
    let thread = std::thread::Builder::new().name("notices".to_owned()).spawn(move || {
        let markup = body_takes_markup();
        while let Some(notice) = notices.blocking_recv() {
            if let Err(error) = show(&app, &shown, &notice, markup) {
                tracing::warn!(%error, "a notification could not be shown");
            }
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "no notifications will be shown");
    }
}

fn show(app: &AppHandle, shown: &Shown, notice: &Notice, markup: bool) -> notify_rust::error::Result<()> {
    let mut notification = Notification::new();
    notification.appname("Murmel").summary(&notice.title).action("default", "Open");
    notification.body(&if markup { escaped(&notice.body) } else { notice.body.clone() });
    let before = lock(shown).get(&notice.chat).copied();
    #[cfg(target_os = "linux")]
    {
        notification
            .icon("murmel")
            .hint(notify_rust::Hint::DesktopEntry("Murmel".to_owned()));
        if let Some(before) = before {
            // The chat's notification is replaced, so that a lively chat does not fill the screen.
            notification.id(before.id);
        }
    }
    let handle = notification.show()?;
    #[cfg(target_os = "linux")]
    let id = handle.id();
    #[cfg(not(target_os = "linux"))]
    let id = 0;
    let mut rows = lock(shown);
    let awaited = before.is_some_and(|before| before.id == id) && rows.contains_key(&notice.chat);
    if !awaited && rows.len() >= AWAITED {
        tracing::debug!("too many notifications are open to follow a click on this one");
        return Ok(());
    }
    rows.insert(
        notice.chat.clone(),
        Showing {
            id,
            message: notice.message,
        },
    );
    drop(rows);
    if !awaited {
        let (app, waiting, chat) = (app.clone(), Arc::clone(shown), notice.chat.clone());
        let thread = std::thread::Builder::new().name("notification".to_owned());
        if let Err(error) = thread.spawn(move || await_click(&app, &waiting, chat, id, handle)) {
            tracing::warn!(%error, "a click on a notification cannot be noticed");
            lock(shown).remove(&notice.chat);
        }
    }
    Ok(())
}

fn await_click(app: &AppHandle, shown: &Shown, chat: String, id: u32, handle: notify_rust::NotificationHandle) {
    let mut clicked = false;
    let outcome = handle.wait_for_response(|response: &NotificationResponse| clicked = response.is_default_action());
    if let Err(error) = outcome {
        tracing::warn!(%error, "a click on a notification cannot be noticed");
    }
    let mut rows = lock(shown);
    let showing = rows.get(&chat).copied().filter(|showing| showing.id == id);
    if showing.is_some() {
        rows.remove(&chat);
    }
    drop(rows);
    if clicked {
        window::show(app);
        // An invitation's notice names no chat, and one for several messages names no message.
        if !chat.is_empty() {
            let message = showing.map(|showing| showing.message).filter(|message| *message != 0);
            app.state::<Shell>().bridge.open_chat(chat, message);
        }
    }
}

fn lock(shown: &Shown) -> std::sync::MutexGuard<'_, HashMap<String, Showing>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the server reads markup in bodies; then what people write must not be any.
#[cfg(target_os = "linux")]
fn body_takes_markup() -> bool {
    notify_rust::get_capabilities().map_or(true, |names| names.iter().any(|name| name.starts_with("body-markup")))
}

/// Elsewhere bodies are plain text.
#[cfg(not(target_os = "linux"))]
fn body_takes_markup() -> bool {
    false
}

/// The text with the three characters that begin markup written as entities (Desktop Notifications specification, "Markup").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_message_is_shown_as_text() {
        assert_eq!(
            escaped("<b>bold</b> & <a href='x'>"),
            "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href='x'&gt;"
        );
        assert_eq!(escaped("&lt;"), "&amp;lt;");
    }
}
