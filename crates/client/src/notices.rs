//! Notices: which new messages are announced on the desktop, and when an announcement is taken back.
//! It never shows anything itself. What is new is read from the database, so that nothing is announced twice and a kill loses nothing.

mod desk;
mod fresh;
mod quiet;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use murmel_ipc::{self as ipc, ErrorCode, EventKind, MessageKind};
use murmel_store::{ChatId, Tx};
use nostr::PublicKey;

use crate::account::Account;
use crate::profile::Profile;
use crate::{Error, Result, changes};

pub(crate) use desk::Desk;
pub(crate) use words::{is_unwanted, one_line};

/// Chats of one account whose announcement may still be on the screen; beyond them announcements are not taken back.
pub(crate) const OUTSTANDING_CAP: usize = 1_024;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announcement {
    /// Show this, in the place of what is shown of the same chat.
    Show(Notice),
    /// Take back what is shown of a chat of an account.
    Withdraw {
        /// The npub.
        account: String,
        /// As in [`Notice::chat`].
        chat: String,
    },
}

/// A desktop notification that has been decided on. Titles and bodies are capped, one line, free of control characters, not escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The npub of the account that it is for; a click shows it first.
    pub account: String,
    /// The chat to open on a click, as in `ChatRow::id`; empty for an invitation.
    pub chat: String,
    /// The message to show; 0 where it stands for several messages or for an invitation.
    pub message: i64,
    /// The newest message that it stands for: what "mark as read" reads. 0 for an invitation.
    pub newest: i64,
    /// At most 60 characters.
    pub title: String,
    /// At most 200 characters.
    pub body: String,
    /// The language of its words, and of the buttons under them.
    pub language: ipc::Language,
    /// Whether it may be answered where it stands.
    pub answerable: bool,
    /// Nobody has to be disturbed by it.
    pub quiet: bool,
    /// Whether it makes a sound.
    pub sound: bool,
    /// Whether the entry in the task bar calls for attention.
    pub attention: bool,
}

/// What is new in a chat, as far as a notice is concerned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrival {
    pub chat: String,
    pub chat_name: String,
    /// The newest message.
    pub message: i64,
    pub sender: String,
    pub text: String,
    /// Expiring messages never show their text.
    pub expires: bool,
    /// It names the account, or answers it.
    pub mention: bool,
    /// The chat is silent.
    pub muted: bool,
    /// The account may write there.
    pub answerable: bool,
    /// Messages that are new since the last announcement.
    pub count: u32,
    /// Messages that are unread.
    pub unread: u32,
}

/// Where a chat stands with its backlog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backlog {
    /// Caught up: what arrives is new.
    #[default]
    Live,
    /// Catching up after an absence: one notice for the whole chat, at the end.
    CatchingUp,
    /// The first fetch after joining or on a new computer: no notice at all.
    First,
}

/// What is to be announced of a chat in which something arrived, inside the transaction in which it did.
pub(crate) fn arrived(tx: &Tx<'_>, me: PublicKey, chat: ChatId, backlog: Backlog, now: u64) -> Result<Option<Arrival>> {
    match backlog {
        Backlog::Live => fresh::take(tx, me, chat, now),
        Backlog::CatchingUp => Ok(None),
        Backlog::First => fresh::pass_over(tx, chat).map(|()| None),
    }
}

/// A chat has caught up: what arrived meanwhile becomes one notice.
pub(crate) async fn caught_up(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    if account.db.read(move |tx, _| fresh::is_any(tx, chat)).await? {
        let announced = changes::write(account, move |_, _, changes| {
            changes.arrived_in(chat);
            Ok(())
        });
        announced.await?;
    }
    Ok(())
}

/// Decides on the notices of one account and hands them over.
pub(crate) struct Attention {
    desk: Arc<Desk>,
    account: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open_chat: Option<String>,
    /// The message whose text may be on the screen, by chat; 0 where it is none.
    outstanding: HashMap<String, i64>,
}

impl Attention {
    /// `account`: the npub.
    pub(crate) fn new(desk: Arc<Desk>, account: String) -> Self {
        Self { desk, account, state: Mutex::default() }
    }

    /// Which chat of this account is on the screen.
    pub(crate) fn set_open_chat(&self, chat: Option<String>) {
        self.state().open_chat = chat;
    }

    /// The chat that the person is looking at.
    pub(crate) fn looked_at(&self) -> Option<String> {
        self.state().open_chat.clone().filter(|_| self.desk.focused())
    }

    /// Announces what is new. `looked_at` is what [`Attention::looked_at`] said when it arrived.
    pub(crate) fn arrived(&self, arrivals: Vec<Arrival>, looked_at: Option<&str>, now: u64) {
        let Some(choices) = self.desk.disturb(now) else { return };
        let (seen, language) = (self.looked_at(), self.desk.language());
        for arrival in arrivals {
            let in_sight = [looked_at, seen.as_deref()].contains(&Some(arrival.chat.as_str()));
            if in_sight || (arrival.muted && !choices.mentions_through_mute) {
                continue;
            }
            let Some((title, body)) = words::words(&arrival, choices.shows, language) else { continue };
            let named = choices.shows != ipc::NotificationPrivacy::Count;
            self.show(Notice {
                account: self.account.clone(),
                chat: arrival.chat,
                message: if arrival.count == 1 { arrival.message } else { 0 },
                newest: arrival.message,
                title,
                body,
                language,
                answerable: arrival.answerable && named,
                quiet: false,
                sound: choices.sound,
                attention: choices.attention,
            });
        }
    }

    /// One quiet notice for an invitation. Who invites and into what is shown in the window, after a look.
    pub(crate) fn invited(&self, now: u64) {
        let Some(choices) = self.desk.disturb(now) else { return };
        let language = self.desk.language();
        let Some((title, body)) = words::invitation(choices.shows, language) else { return };
        self.show(Notice {
            account: self.account.clone(),
            chat: String::new(),
            message: 0,
            newest: 0,
            title: title.into(),
            body: body.into(),
            language,
            answerable: false,
            quiet: true,
            sound: false,
            attention: false,
        });
    }

    /// Takes back what an event makes untrue: what was read or deleted, an invitation that was answered.
    pub(crate) fn follow(&self, event: &EventKind) {
        match event {
            EventKind::Chat { chat } if chat.unread == 0 => self.withdraw(&chat.id),
            EventKind::ChatRemoved { id } => self.withdraw(id),
            EventKind::Message { message } if matches!(message.kind, MessageKind::Text { deleted: true, .. }) => {
                self.withdraw_message(&message.chat, &[message.id]);
            }
            EventKind::MessagesRemoved { chat, messages } => self.withdraw_message(chat, messages),
            EventKind::RequestRemoved { .. } => self.withdraw(""),
            _ => {}
        }
    }

    /// Takes everything back: whoever looks at the screen of a locked account reads nothing of it.
    pub(crate) fn withdraw_all(&self) {
        let chats: Vec<String> = self.state().outstanding.keys().cloned().collect();
        chats.iter().for_each(|chat| self.withdraw(chat));
    }

    fn show(&self, notice: Notice) {
        let mut state = self.state();
        if state.outstanding.len() < OUTSTANDING_CAP || state.outstanding.contains_key(&notice.chat) {
            state.outstanding.insert(notice.chat.clone(), notice.message);
        }
        drop(state);
        self.desk.hand_over(Announcement::Show(notice));
    }

    fn withdraw(&self, chat: &str) {
        if self.state().outstanding.remove(chat).is_some() {
            self.desk.hand_over(Announcement::Withdraw { account: self.account.clone(), chat: chat.to_owned() });
        }
    }

    fn withdraw_message(&self, chat: &str, messages: &[i64]) {
        let shown = self.state().outstanding.get(chat).copied();
        if shown.is_some_and(|shown| messages.contains(&shown)) {
            self.withdraw(chat);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces what was chosen, for all accounts.
pub(crate) fn choose(profile: &Profile, choices: ipc::NotificationChoices) -> Result<()> {
    if choices.quiet.as_ref().is_some_and(|hours| !quiet::are_sound(hours)) {
        return Err(Error::new(ErrorCode::InvalidInput, "Quiet hours are times of a day on days of the week."));
    }
    profile.keep_notifications(choices.clone(), profile.notifications().paused_until)?;
    profile.desk().choose(choices);
    announce(profile);
    Ok(())
}

/// No notifications for a time, of any account; `None` ends that.
pub(crate) fn pause(profile: &Profile, how_long: Option<ipc::PauseFor>) -> Result<()> {
    let until = how_long.map(|how_long| quiet::until(how_long, profile.options.clock.now()));
    profile.keep_notifications(profile.notifications().choices, until)?;
    profile.desk().pause(until);
    announce(profile);
    Ok(())
}

/// The shell has found out whether the system shows notifications.
pub(crate) fn set_server(profile: &Profile, server: ipc::NotificationServer) {
    if profile.desk().set_server(server) {
        announce(profile);
    }
}

fn announce(profile: &Profile) {
    profile.bus.emit(None, EventKind::Notifications { notifications: profile.notifications() });
}

#[cfg(test)]
mod tests;
