//! What the accounts of a profile share of notifications: who shows them, whether somebody looks at the window, what the person chose.
//! It decides about no message.

use std::sync::{Mutex, MutexGuard, PoisonError};

use murmel_ipc::{Language, NotificationChoices, NotificationServer, Notifications};
use tokio::sync::mpsc;

use super::{Announcement, quiet};

/// Announcements that wait for the shell; when it does not read, further ones are dropped: the messages themselves are in the database.
pub(crate) const QUEUE_CAP: usize = 64;

/// Belongs to the profile.
pub(crate) struct Desk {
    state: Mutex<State>,
}

struct State {
    sender: mpsc::Sender<Announcement>,
    /// The shell's end, until it is asked for.
    taken: Option<mpsc::Receiver<Announcement>>,
    focused: bool,
    language: Language,
    notifications: Notifications,
}

impl Default for Desk {
    fn default() -> Self {
        let (sender, taken) = mpsc::channel(QUEUE_CAP);
        let state =
            State { sender, taken: Some(taken), focused: false, language: Language::default(), notifications: Notifications::default() };
        Self { state: Mutex::new(state) }
    }
}

impl Desk {
    /// The receiving end. Who asks later replaces who asked before.
    pub(crate) fn listen(&self) -> mpsc::Receiver<Announcement> {
        let mut state = self.state();
        if let Some(receiver) = state.taken.take() {
            return receiver;
        }
        let (sender, receiver) = mpsc::channel(QUEUE_CAP);
        state.sender = sender;
        receiver
    }

    /// Whether the window has the focus.
    pub(crate) fn set_focused(&self, focused: bool) {
        self.state().focused = focused;
    }

    pub(super) fn focused(&self) -> bool {
        self.state().focused
    }

    /// Which language the window speaks.
    pub(crate) fn set_language(&self, language: Language) {
        self.state().language = language;
    }

    pub(crate) fn language(&self) -> Language {
        self.state().language
    }

    /// How notifications stand at `now`.
    pub(crate) fn notifications(&self, now: u64) -> Notifications {
        let mut notifications = self.state().notifications.clone();
        notifications.paused_until = notifications.paused_until.filter(|until| *until > now);
        notifications
    }

    pub(crate) fn choose(&self, choices: NotificationChoices) {
        self.state().notifications.choices = choices;
    }

    pub(crate) fn pause(&self, until: Option<u64>) {
        self.state().notifications.paused_until = until;
    }

    /// Says whether that is something new.
    pub(crate) fn set_server(&self, server: NotificationServer) -> bool {
        std::mem::replace(&mut self.state().notifications.server, server) != server
    }

    /// What was chosen, unless this is a time without notifications.
    pub(super) fn disturb(&self, now: u64) -> Option<NotificationChoices> {
        let Notifications { choices, paused_until, .. } = self.notifications(now);
        let quiet = choices.quiet.as_ref().is_some_and(|hours| quiet::is_quiet(hours, now));
        (paused_until.is_none() && !quiet).then_some(choices)
    }

    pub(super) fn hand_over(&self, announcement: Announcement) {
        if self.state().sender.try_send(announcement).is_err() {
            tracing::debug!("nobody takes notices");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
