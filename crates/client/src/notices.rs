//! Notices: which new messages are announced on the desktop, and in which words.
//! It never shows anything itself and escapes no markup: what a notification server understands is the shell's concern.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

/// Longest title, in characters.
pub(crate) const TITLE_CAP: usize = 60;
/// Longest body, in characters.
pub(crate) const BODY_CAP: usize = 200;
/// Notices that wait for the shell; when it does not read, further ones are dropped: the messages themselves are in the database.
pub(crate) const QUEUE_CAP: usize = 64;
/// Chats whose backlog is counted for one collapsed notice at a time.
pub(crate) const BURST_CAP: usize = 1_024;

/// A desktop notification that has been decided on. Titles and bodies are capped, one line, free of control characters, not escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The npub of the account that it is for; a click shows it first.
    pub account: String,
    /// The chat to open on a click, as in `ChatRow::id`; empty for an invitation.
    pub chat: String,
    /// The message to show; 0 where it stands for several messages or for an invitation.
    pub message: i64,
    /// At most 60 characters.
    pub title: String,
    /// At most 200 characters.
    pub body: String,
}

/// A new message of somebody else, as far as a notice is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub chat: String,
    pub chat_name: String,
    pub message: i64,
    pub sender: String,
    pub text: String,
    /// Expiring messages never show their text.
    pub expires: bool,
    /// The chat's backlog is still being fetched.
    pub backlog: Backlog,
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

/// Who shows notices and whether somebody looks at the window; belongs to the profile, and its accounts share it.
pub(crate) struct Desk {
    out: Mutex<Out>,
    focused: AtomicBool,
}

struct Out {
    sender: mpsc::Sender<Notice>,
    /// The shell's end, until it is asked for.
    taken: Option<mpsc::Receiver<Notice>>,
}

impl Default for Desk {
    fn default() -> Self {
        let (sender, taken) = mpsc::channel(QUEUE_CAP);
        Self { out: Mutex::new(Out { sender, taken: Some(taken) }), focused: AtomicBool::new(false) }
    }
}

impl Desk {
    /// The receiving end. Who asks later replaces who asked before.
    pub(crate) fn listen(&self) -> mpsc::Receiver<Notice> {
        let mut out = self.out();
        if let Some(receiver) = out.taken.take() {
            return receiver;
        }
        let (sender, receiver) = mpsc::channel(QUEUE_CAP);
        out.sender = sender;
        receiver
    }

    /// Whether the window has the focus.
    pub(crate) fn set_focused(&self, focused: bool) {
        self.focused.store(focused, Ordering::Relaxed);
    }

    fn focused(&self) -> bool {
        self.focused.load(Ordering::Relaxed)
    }

    fn hand_over(&self, notice: Notice) {
        if self.out().sender.try_send(notice).is_err() {
            tracing::debug!("nobody takes notices");
        }
    }

    fn out(&self) -> std::sync::MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides on the notices of one account and hands them over.
pub(crate) struct Attention {
    desk: Arc<Desk>,
    notices: Mutex<Notices>,
}

impl Attention {
    /// `account`: the npub.
    pub(crate) fn new(desk: Arc<Desk>, account: String) -> Self {
        let notices = Mutex::new(Notices::new(Arc::clone(&desk), account));
        Self { desk, notices }
    }

    /// Which chat of this account is on the screen.
    pub(crate) fn set_open_chat(&self, chat: Option<String>) {
        self.notices().open_chat = chat;
    }

    /// The chat that the person is looking at.
    pub(crate) fn looked_at(&self) -> Option<String> {
        self.notices().open_chat.clone().filter(|_| self.desk.focused())
    }

    /// Takes the new messages of one batch. `show_text` is the person's setting; `looked_at` is what [`Attention::looked_at`] said when
    /// they arrived.
    pub(crate) fn arrived(&self, mut arrivals: Vec<Arrival>, show_text: bool, looked_at: Option<&str>) {
        arrivals.retain(|arrival| arrival.backlog != Backlog::Live || Some(arrival.chat.as_str()) != looked_at);
        self.notices().arrived(arrivals, show_text);
    }

    /// The chat has caught up: its burst becomes one notice.
    pub(crate) fn caught_up(&self, chat: &str, show_text: bool) {
        self.notices().caught_up(chat, show_text);
    }

    /// One quiet notice for an invitation.
    pub(crate) fn invited(&self) {
        self.notices().invited();
    }

    fn notices(&self) -> std::sync::MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Notices {
    desk: Arc<Desk>,
    account: String,
    open_chat: Option<String>,
    burst: HashMap<String, Burst>,
}

struct Burst {
    count: u32,
    last: Arrival,
}

impl Notices {
    fn new(desk: Arc<Desk>, account: String) -> Self {
        Self { desk, account, open_chat: None, burst: HashMap::new() }
    }

    fn arrived(&mut self, arrivals: Vec<Arrival>, show_text: bool) {
        let mut live: BTreeMap<String, Burst> = BTreeMap::new();
        for arrival in arrivals {
            match arrival.backlog {
                Backlog::First => {}
                Backlog::CatchingUp => {
                    if self.burst.contains_key(&arrival.chat) || self.burst.len() < BURST_CAP {
                        count(self.burst.entry(arrival.chat.clone()), arrival);
                    }
                }
                Backlog::Live => match live.entry(arrival.chat.clone()) {
                    std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(arrival),
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        entry.insert(Burst { count: 1, last: arrival });
                    }
                },
            }
        }
        for burst in live.into_values() {
            self.announce(burst, show_text);
        }
    }

    fn caught_up(&mut self, chat: &str, show_text: bool) {
        if let Some(burst) = self.burst.remove(chat) {
            self.announce(burst, show_text);
        }
    }

    /// Who invites and into what is shown in the window, after a look.
    fn invited(&mut self) {
        self.desk.hand_over(Notice {
            account: self.account.clone(),
            chat: String::new(),
            message: 0,
            title: "Invitation".into(),
            body: "Somebody invites you to a group. Open Murmel to see who.".into(),
        });
    }

    fn announce(&mut self, burst: Burst, show_text: bool) {
        let Burst { count, last } = burst;
        if self.desk.focused() && self.open_chat.as_deref() == Some(last.chat.as_str()) {
            return;
        }
        let (title, body) = words(count, &last, show_text);
        let message = if count == 1 { last.message } else { 0 };
        self.desk.hand_over(Notice { account: self.account.clone(), chat: last.chat, message, title, body });
    }
}

impl Burst {
    fn add(&mut self, arrival: Arrival) {
        self.count = self.count.saturating_add(1);
        self.last = arrival;
    }
}

fn count(entry: std::collections::hash_map::Entry<'_, String, Burst>, arrival: Arrival) {
    match entry {
        std::collections::hash_map::Entry::Occupied(mut entry) => entry.get_mut().add(arrival),
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(Burst { count: 1, last: arrival });
        }
    }
}

fn words(count: u32, last: &Arrival, show_text: bool) -> (String, String) {
    if !show_text {
        let body = if count == 1 { "A new message".to_owned() } else { format!("{count} new messages") };
        return ("Murmel".into(), body);
    }
    let title = one_line(&last.chat_name, TITLE_CAP);
    let body = match (count, last.expires) {
        (1, false) => one_line(&format!("{}: {}", last.sender, last.text), BODY_CAP),
        (1, true) => one_line(&format!("{} sent a message", last.sender), BODY_CAP),
        (many, _) => format!("{many} new messages"),
    };
    (title, body)
}

/// `text` as one line of at most `cap` characters: control and direction-changing characters removed, runs of white space made one space.
pub(crate) fn one_line(text: &str, cap: usize) -> String {
    // What is read is bounded as well: a message of spaces must not cost more than one of words.
    let mut words = text.chars().take(cap.saturating_mul(8)).map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_unwanted(*c));
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in words.by_ref() {
        if c == ' ' {
            gap = length > 0;
            continue;
        }
        let needed = 1 + usize::from(gap);
        if length + needed > cap.saturating_sub(1) {
            line.push('…');
            return line;
        }
        if gap {
            line.push(' ');
        }
        line.push(c);
        length += needed;
        gap = false;
    }
    line
}

/// Characters that have no place in a line that somebody else wrote: controls, and those that reorder the text around them.
pub(crate) fn is_unwanted(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(chat: &str, text: &str, backlog: Backlog) -> Arrival {
        Arrival {
            chat: chat.into(),
            chat_name: format!("Group {chat}"),
            message: 7,
            sender: "Anna".into(),
            text: text.into(),
            expires: false,
            backlog,
        }
    }

    fn notices() -> (Notices, mpsc::Receiver<Notice>) {
        let desk = Arc::new(Desk::default());
        let receiver = desk.listen();
        (Notices::new(desk, "npub1me".into()), receiver)
    }

    fn drain(receiver: &mut mpsc::Receiver<Notice>) -> Vec<Notice> {
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    #[test]
    fn a_live_message_is_announced_with_its_sender_and_text() {
        let (mut notices, mut receiver) = notices();
        notices.arrived(vec![arrival("a", "hello\n\tthere", Backlog::Live)], true);
        let expected =
            Notice { account: "npub1me".into(), chat: "a".into(), message: 7, title: "Group a".into(), body: "Anna: hello there".into() };
        assert_eq!(drain(&mut receiver), [expected]);
    }

    #[test]
    fn the_setting_hides_who_wrote_and_what() {
        let (mut notices, mut receiver) = notices();
        notices.arrived(vec![arrival("a", "secret", Backlog::Live)], false);
        let got = drain(&mut receiver);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].title.as_str(), got[0].body.as_str()), ("Murmel", "A new message"));
    }

    #[test]
    fn an_expiring_message_never_shows_its_text() {
        let (mut notices, mut receiver) = notices();
        notices.arrived(vec![Arrival { expires: true, ..arrival("a", "secret", Backlog::Live) }], true);
        assert_eq!(drain(&mut receiver)[0].body, "Anna sent a message");
    }

    #[test]
    fn the_chat_that_is_open_in_a_focused_window_stays_silent_and_others_do_not() {
        let (mut notices, mut receiver) = notices();
        notices.open_chat = Some("a".into());
        notices.desk.set_focused(true);
        notices.arrived(vec![arrival("a", "x", Backlog::Live), arrival("b", "y", Backlog::Live)], true);
        assert_eq!(drain(&mut receiver).iter().map(|notice| notice.chat.as_str()).collect::<Vec<_>>(), ["b"]);
        notices.desk.set_focused(false);
        notices.arrived(vec![arrival("a", "x", Backlog::Live)], true);
        assert_eq!(drain(&mut receiver).len(), 1);
    }

    #[test]
    fn a_catch_up_burst_becomes_one_notice_per_chat_and_a_first_sync_none() {
        let (mut notices, mut receiver) = notices();
        for _ in 0..5 {
            notices.arrived(vec![arrival("a", "x", Backlog::CatchingUp), arrival("b", "y", Backlog::First)], true);
        }
        assert!(drain(&mut receiver).is_empty());
        notices.caught_up("a", true);
        notices.caught_up("b", true);
        let got = drain(&mut receiver);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].message, got[0].body.as_str()), (0, "5 new messages"));
    }

    #[test]
    fn titles_and_bodies_are_capped_and_free_of_control_characters() {
        let (mut notices, mut receiver) = notices();
        let long = "\u{202e}a\u{7}".repeat(10_000);
        notices.arrived(vec![Arrival { chat_name: long.clone(), ..arrival("a", &long, Backlog::Live) }], true);
        let got = drain(&mut receiver);
        assert_eq!(got[0].title.chars().count(), TITLE_CAP);
        assert_eq!(got[0].body.chars().count(), BODY_CAP);
        assert!(!got[0].body.contains(['\u{202e}', '\u{7}']));
    }

    #[test]
    fn a_shell_that_does_not_read_bounds_the_queue() {
        let (mut notices, mut receiver) = notices();
        for _ in 0..(QUEUE_CAP * 2) {
            notices.arrived(vec![arrival("a", "x", Backlog::Live)], true);
        }
        assert_eq!(drain(&mut receiver).len(), QUEUE_CAP);
    }
}
