//! Owns the desktop notifications: what the client decided to say is shown or taken back, and what the person does with it is done.
//! Never decides whether or what to notify.

#[cfg(not(target_os = "linux"))]
#[path = "notify/each.rs"]
mod screen;
#[cfg(target_os = "linux")]
#[path = "notify/bus.rs"]
mod screen;

use murmel_client::{Announcement, Client, Notice};
use murmel_ipc::{Draft, IpcError, NotificationServer, SendMessage, Session};
use tauri::{AppHandle, Manager};

use self::screen::Screen;
use crate::{shell::Shell, window};

/// Longest answer that is taken from a notification, bytes; the client's own limit for a message is the same.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux tells what was done with a notification beyond the click"))]
const REPLY_CAP: usize = 64 * 1024;

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Goal {
    account: String,
    chat: String,
    message: i64,
    newest: i64,
}

impl Goal {
    fn of(notice: &Notice) -> Goal {
        Goal { account: notice.account.clone(), chat: notice.chat.clone(), message: notice.message, newest: notice.newest }
    }

    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux tells what was done with a notification beyond the click"))]
    fn is_of(&self, account: &str, chat: &str) -> bool {
        self.account == account && self.chat == chat
    }
}

/// What the person did with a notification, or the system with the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux tells what was done with a notification beyond the click"))]
enum Reaction {
    Open(Goal),
    Read(Goal),
    Reply(Goal, String),
    /// Whether anything shows notifications has changed.
    Server(NotificationServer),
}

/// Shows the client's notices until the client closes.
pub fn start(app: &AppHandle, client: &Client) {
    let mut announcements = client.notices();
    let (app, client) = (app.clone(), client.clone());
    let thread = std::thread::Builder::new().name("notices".to_owned()).spawn(move || {
        let (reacting, reacting_client) = (app.clone(), client.clone());
        let screen = match Screen::open(move |reaction| react(&reacting, &reacting_client, reaction)) {
            Ok(screen) => screen,
            Err(error) => {
                tracing::info!(%error, "this computer shows no notifications");
                return client.set_notification_server(NotificationServer::Missing);
            }
        };
        while let Some(announcement) = announcements.blocking_recv() {
            let outcome = match announcement {
                Announcement::Show(notice) => {
                    window::call_for_attention(&app, notice.attention);
                    screen.show(&notice)
                }
                Announcement::Withdraw { account, chat } => screen.withdraw(&account, &chat),
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, "a notification could not be shown");
            }
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "no notifications will be shown");
    }
}

fn react(app: &AppHandle, client: &Client, reaction: Reaction) {
    let (app, client) = (app.clone(), client.clone());
    match reaction {
        Reaction::Open(goal) => open(&app, goal),
        Reaction::Server(server) => client.set_notification_server(server),
        Reaction::Read(goal) => drop(tauri::async_runtime::spawn(async move {
            if let Err(error) = read(&client, &goal).await {
                tracing::warn!(code = ?error.code, "a chat could not be marked as read from its notification");
            }
        })),
        Reaction::Reply(goal, text) => drop(tauri::async_runtime::spawn(async move {
            if let Err(error) = reply(&client, &goal, text.clone()).await {
                tracing::warn!(code = ?error.code, "an answer from a notification was not sent");
                // What was typed is kept, and the person sees that it was not sent.
                keep(&client, &goal, text).await;
                open(&app, goal);
            }
        })),
    }
}

async fn read(client: &Client, goal: &Goal) -> Result<(), IpcError> {
    Ok(client.named(&goal.account)?.mark_read(&goal.chat, goal.newest).await?)
}

async fn reply(client: &Client, goal: &Goal, text: String) -> Result<(), IpcError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    client.named(&goal.account)?.send(SendMessage { chat: goal.chat.clone(), text, reply_to: None }).await?;
    read(client, goal).await
}

async fn keep(client: &Client, goal: &Goal, text: String) {
    let Ok(client) = client.named(&goal.account) else { return };
    if client.draft(&goal.chat).await.is_ok_and(|draft| draft == Draft::default()) {
        drop(client.set_draft(&goal.chat, Draft { text, ..Draft::default() }).await);
    }
}

fn open(app: &AppHandle, goal: Goal) {
    window::show(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        let Ok(client) = shell.client().await else { return };
        // An invitation's notice names no chat, and one for several messages names no message.
        let Goal { account, chat, message, .. } = goal;
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
