//! Owns the talk with the notification server of a Linux desktop, on one connection to the session bus.
//! Never misses a click: it listens before it shows anything, on the connection that the server answers to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use murmel_client::Notice;
use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::{Message, Type};
use zbus::zvariant::Value;

use super::Goal;

/// Bus name and interface (Desktop Notifications specification 1.2, "D-BUS Protocol").
const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The action of a click on the notification itself.
const DEFAULT: &str = "default";
/// Notifications whose click is awaited; the oldest give way.
const SHOWN: usize = 256;
/// Signals that wait to be read.
const SIGNALS: usize = 64;

/// What is shown, by the server's number. One for each chat.
type Shown = Arc<Mutex<BTreeMap<u32, Goal>>>;

/// The way to the notification server.
pub struct Screen {
    bus: Connection,
    shown: Shown,
    markup: bool,
}

impl Screen {
    /// Connects and listens.
    ///
    /// # Errors
    /// There is no session bus.
    pub fn open(clicked: impl Fn(Goal) + Send + Sync + 'static) -> zbus::Result<Screen> {
        let bus = Connection::session()?;
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(SERVER)?.path(PATH)?.build();
        let signals = MessageIterator::for_match_rule(rule, &bus, Some(SIGNALS))?;
        let shown = Shown::default();
        let listening = Arc::clone(&shown);
        std::thread::Builder::new().name("notification clicks".to_owned()).spawn(move || {
            for signal in signals.flatten() {
                if let Some(goal) = heard(&signal, &mut lock(&listening)) {
                    clicked(goal);
                }
            }
        })?;
        // A server that cannot be asked yet is taken for one that reads markup: the safe side.
        let markup = capabilities(&bus).map_or(true, |names| names.iter().any(|name| name.starts_with("body-markup")));
        Ok(Screen { bus, shown, markup })
    }

    /// Shows a notice; one of the same chat is replaced, so that a lively chat does not fill the screen.
    ///
    /// # Errors
    /// There is no notification server, or it refuses.
    pub fn show(&self, notice: &Notice) -> zbus::Result<()> {
        let body = if self.markup { escaped(&notice.body) } else { notice.body.clone() };
        let hints = HashMap::from([("desktop-entry", Value::from("Murmel"))]);
        // Held until the number is known, so that a click on it finds it.
        let mut shown = lock(&self.shown);
        let before = shown.iter().find(|(_, goal)| goal.chat == notice.chat && goal.account == notice.account).map_or(0, |(id, _)| *id);
        let arguments = ("Murmel", before, "murmel", notice.title.as_str(), body, vec![DEFAULT, "Open"], hints, -1_i32);
        let id: u32 = self.bus.call_method(Some(SERVER), PATH, Some(SERVER), "Notify", &arguments)?.body().deserialize()?;
        shown.remove(&before);
        if shown.len() >= SHOWN {
            shown.pop_first();
        }
        shown.insert(id, Goal::of(notice));
        Ok(())
    }
}

/// What a signal of the server means for what is shown; a goal where somebody clicked.
fn heard(signal: &Message, shown: &mut BTreeMap<u32, Goal>) -> Option<Goal> {
    match signal.header().member()?.as_str() {
        "ActionInvoked" => {
            let (id, action) = signal.body().deserialize::<(u32, String)>().ok()?;
            if action == DEFAULT { shown.remove(&id) } else { None }
        }
        "NotificationClosed" => {
            let (id, _reason) = signal.body().deserialize::<(u32, u32)>().ok()?;
            shown.remove(&id);
            None
        }
        _ => None,
    }
}

fn capabilities(bus: &Connection) -> zbus::Result<Vec<String>> {
    bus.call_method(Some(SERVER), PATH, Some(SERVER), "GetCapabilities", &())?.body().deserialize()
}

fn lock(shown: &Shown) -> MutexGuard<'_, BTreeMap<u32, Goal>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text with the three characters that begin markup written as entities (same specification, "Markup").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal() -> Goal {
        Goal { account: "npub1a".to_owned(), chat: "ab".to_owned(), message: 7 }
    }

    fn signal<B: serde::Serialize + zbus::zvariant::DynamicType>(name: &str, body: &B) -> Message {
        Message::signal(PATH, SERVER, name).unwrap().build(body).unwrap()
    }

    #[test]
    fn markup_in_a_message_is_shown_as_text() {
        assert_eq!(escaped("<b>bold</b> & <a href='x'>"), "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href='x'&gt;");
        assert_eq!(escaped("&lt;"), "&amp;lt;");
    }

    #[test]
    fn a_click_leads_to_the_chat_once() {
        let mut shown = BTreeMap::from([(3, goal())]);
        assert_eq!(heard(&signal("ActionInvoked", &(3_u32, DEFAULT)), &mut shown), Some(goal()));
        assert_eq!(heard(&signal("ActionInvoked", &(3_u32, DEFAULT)), &mut shown), None);
    }

    #[test]
    fn notifications_of_other_programs_and_other_actions_lead_nowhere() {
        let mut shown = BTreeMap::from([(3, goal())]);
        assert_eq!(heard(&signal("ActionInvoked", &(4_u32, DEFAULT)), &mut shown), None);
        assert_eq!(heard(&signal("ActionInvoked", &(3_u32, "snooze")), &mut shown), None);
        assert_eq!(heard(&signal("NotificationClosed", &(3_u32, 2_u32)), &mut shown), None);
        assert!(shown.is_empty());
    }
}
