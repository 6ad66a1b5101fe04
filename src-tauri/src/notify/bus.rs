//! Owns the talk with the notification server of a Linux desktop, on one connection to the session bus.
//! Never misses a click: it listens before it shows anything, on the connection that the server answers to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use murmel_client::Notice;
use murmel_ipc::{Language, NotificationServer};
use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator, fdo::DBusProxy};
use zbus::message::{Message, Type};
use zbus::zvariant::Value;

use self::signals::{Shown, heard};
use super::{Goal, Reaction};

#[path = "signals.rs"]
mod signals;

/// Bus name and interface (Desktop Notifications specification 1.2, "D-BUS Protocol").
const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Who gives bus names, and says when one changes hands.
const BUS: &str = "org.freedesktop.DBus";
/// The action of a click on the notification itself.
const DEFAULT: &str = "default";
const READ: &str = "mark-read";
/// Opens the chat, where the server has no place to write in.
const REPLY: &str = "reply";
/// The action that a server with a place to write in shows as one; also the name of that capability.
const INLINE_REPLY: &str = "inline-reply";
/// The name of the desktop entry that is installed with the app.
const DESKTOP_ENTRY: &str = "Murmel";

/// The way to the notification server.
#[derive(Clone)]
pub struct Screen {
    bus: Connection,
    shown: Arc<Mutex<Shown>>,
}

/// What a server can do, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Abilities {
    markup: bool,
    actions: bool,
    inline_reply: bool,
}

impl Screen {
    /// Connects, listens, and tells what it hears; first of all whether there is a server.
    ///
    /// # Errors
    /// There is no session bus.
    pub fn open(reacted: impl Fn(Reaction) + Send + Sync + 'static) -> zbus::Result<Screen> {
        Screen::on(Connection::session()?, reacted)
    }

    fn on(bus: Connection, reacted: impl Fn(Reaction) + Send + Sync + 'static) -> zbus::Result<Screen> {
        let signals = MessageIterator::from(&bus);
        let daemon = DBusProxy::new(&bus)?;
        daemon.add_match_rule(MatchRule::builder().msg_type(Type::Signal).sender(SERVER)?.interface(SERVER)?.build())?;
        let changes =
            MatchRule::builder().msg_type(Type::Signal).sender(BUS)?.interface(BUS)?.member("NameOwnerChanged")?.arg(0, SERVER)?;
        daemon.add_match_rule(changes.build())?;
        let screen = Screen { bus, shown: Arc::default() };
        let listening = screen.clone();
        std::thread::Builder::new().name("notification signals".to_owned()).spawn(move || {
            // Asked here, so that a signal about what came after the answer is heard after it.
            reacted(Reaction::Server(listening.server()));
            for signal in signals.flatten() {
                let reaction = heard(&signal, &mut lock(&listening.shown));
                if let Some(reaction) = reaction {
                    reacted(reaction);
                }
            }
        })?;
        Ok(screen)
    }

    /// Whether there is a server. Asking starts it, where the system knows how.
    fn server(&self) -> NotificationServer {
        if self.abilities(&mut lock(&self.shown)).is_ok() { NotificationServer::Ready } else { NotificationServer::Missing }
    }

    /// Shows a notice; one of the same chat is replaced, so that a lively chat does not fill the screen.
    ///
    /// # Errors
    /// There is no notification server, or it refuses.
    pub fn show(&self, notice: &Notice) -> zbus::Result<()> {
        // Held until the number is known, so that a click on it finds it.
        let mut shown = lock(&self.shown);
        let abilities = self.abilities(&mut shown)?;
        let body = if abilities.markup { escaped(&notice.body) } else { notice.body.clone() };
        let before = shown.number(&notice.account, &notice.chat).unwrap_or(0);
        let arguments =
            ("Murmel", before, "murmel", notice.title.as_str(), body, actions(notice, abilities), hints(notice, abilities), -1_i32);
        let answer = self.bus.call_method(Some(SERVER), PATH, Some(SERVER), "Notify", &arguments)?;
        let number: u32 = answer.body().deserialize()?;
        shown.server = sender(&answer);
        shown.put(before, number, Goal::of(notice));
        Ok(())
    }

    /// Takes back what is shown of a chat.
    ///
    /// # Errors
    /// There is no notification server any more.
    pub fn withdraw(&self, account: &str, chat: &str) -> zbus::Result<()> {
        let Some(number) = lock(&self.shown).take(account, chat) else { return Ok(()) };
        self.bus.call_method(Some(SERVER), PATH, Some(SERVER), "CloseNotification", &(number))?;
        Ok(())
    }

    fn abilities(&self, shown: &mut Shown) -> zbus::Result<Abilities> {
        if let Some(abilities) = shown.abilities {
            return Ok(abilities);
        }
        let answer = self.bus.call_method(Some(SERVER), PATH, Some(SERVER), "GetCapabilities", &())?;
        let names: Vec<String> = answer.body().deserialize()?;
        let has = |name: &str| names.iter().any(|one| one == name);
        let markup = names.iter().any(|name| name.starts_with("body-markup"));
        let abilities = Abilities { markup, actions: has("actions"), inline_reply: has(INLINE_REPLY) };
        shown.abilities = Some(abilities);
        shown.server = sender(&answer);
        Ok(abilities)
    }
}

/// What the buttons say that open, answer and read.
const fn buttons(language: Language) -> (&'static str, &'static str, &'static str) {
    match language {
        Language::En => ("Open", "Reply", "Mark as read"),
        Language::Nl => ("Openen", "Antwoorden", "Als gelezen markeren"),
    }
}

/// Pairs of a name and what the button says.
fn actions(notice: &Notice, abilities: Abilities) -> Vec<&'static str> {
    let mut actions = Vec::new();
    if !abilities.actions {
        return actions;
    }
    let (open, reply, read) = buttons(notice.language);
    actions.extend([DEFAULT, open]);
    if notice.answerable {
        actions.extend([if abilities.inline_reply { INLINE_REPLY } else { REPLY }, reply]);
    }
    if notice.newest != 0 {
        actions.extend([READ, read]);
    }
    actions
}

fn hints(notice: &Notice, abilities: Abilities) -> HashMap<&'static str, Value<'static>> {
    let urgency: u8 = if notice.quiet { 0 } else { 1 };
    let mut hints = HashMap::from([
        ("desktop-entry", Value::from(DESKTOP_ENTRY)),
        ("category", Value::from("im.received")),
        ("urgency", Value::from(urgency)),
    ]);
    let (sound, value) =
        if notice.sound { ("sound-name", Value::from("message-new-instant")) } else { ("suppress-sound", Value::from(true)) };
    hints.insert(sound, value);
    if notice.answerable && abilities.inline_reply {
        let (_, reply, _) = buttons(notice.language);
        hints.insert("x-kde-reply-placeholder-text", Value::from(format!("{reply}…")));
    }
    hints
}

/// Who sent a message, by the name that nobody else can have.
fn sender(message: &Message) -> Option<String> {
    message.header().sender().map(ToString::to_string)
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text with the three characters that begin markup written as entities (same specification, "Markup").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[path = "bus_tests.rs"]
mod tests;
