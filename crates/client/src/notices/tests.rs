use murmel_ipc::{NotificationChoices, NotificationPrivacy, QuietHours};
use tokio::sync::mpsc;

use super::*;
use crate::notices::desk::QUEUE_CAP;

const NOW: u64 = 1_800_000_000;

fn arrival(chat: &str) -> Arrival {
    Arrival {
        chat: chat.into(),
        chat_name: format!("Group {chat}"),
        message: 7,
        sender: "Anna".into(),
        text: "hello".into(),
        answerable: true,
        count: 1,
        unread: 1,
        ..Arrival::default()
    }
}

fn attention(choices: NotificationChoices) -> (Attention, mpsc::Receiver<Announcement>) {
    let desk = Arc::new(Desk::default());
    desk.choose(choices);
    let receiver = desk.listen();
    (Attention::new(desk, "npub1me".into()), receiver)
}

fn drain(receiver: &mut mpsc::Receiver<Announcement>) -> Vec<Announcement> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

fn shown(receiver: &mut mpsc::Receiver<Announcement>) -> Vec<String> {
    let chat = |announcement| if let Announcement::Show(notice) = announcement { Some(notice.chat) } else { None };
    drain(receiver).into_iter().filter_map(chat).collect()
}

#[test]
fn the_chat_that_is_open_in_a_focused_window_stays_silent_and_others_do_not() {
    let (attention, mut receiver) = attention(NotificationChoices::default());
    attention.set_open_chat(Some("a".into()));
    attention.desk.set_focused(true);
    attention.arrived(vec![arrival("a"), arrival("b")], None, NOW);
    assert_eq!(shown(&mut receiver), ["b"]);
    attention.desk.set_focused(false);
    attention.arrived(vec![arrival("a")], None, NOW);
    assert_eq!(shown(&mut receiver), ["a"]);
    attention.arrived(vec![arrival("a")], Some("a"), NOW);
    assert!(shown(&mut receiver).is_empty(), "it was looked at when it arrived");
}

#[test]
fn a_mention_comes_through_a_silent_chat_where_that_was_chosen() {
    for (mentions_through_mute, expected) in [(true, 1), (false, 0)] {
        let (attention, mut receiver) = attention(NotificationChoices { mentions_through_mute, ..NotificationChoices::default() });
        attention.arrived(vec![Arrival { muted: true, mention: true, ..arrival("a") }], None, NOW);
        assert_eq!(drain(&mut receiver).len(), expected);
    }
}

/// N10.
#[test]
fn nothing_is_shown_in_a_pause_in_quiet_hours_and_where_it_is_off() {
    let always = QuietHours { days: (0..7).collect(), from: 0, to: 0 };
    for choices in [
        NotificationChoices { quiet: Some(always), ..NotificationChoices::default() },
        NotificationChoices { shows: NotificationPrivacy::Off, ..NotificationChoices::default() },
    ] {
        let (attention, mut receiver) = attention(choices);
        attention.arrived(vec![arrival("a")], None, NOW);
        attention.invited(NOW);
        assert_eq!(drain(&mut receiver), []);
    }
    let (attention, mut receiver) = attention(NotificationChoices::default());
    attention.desk.pause(Some(NOW + 60));
    attention.arrived(vec![arrival("a")], None, NOW);
    assert_eq!(drain(&mut receiver), []);
    attention.arrived(vec![arrival("a")], None, NOW + 60);
    assert_eq!(drain(&mut receiver).len(), 1, "the pause is over");
}

#[test]
fn what_was_read_or_deleted_is_taken_back_once() {
    let (attention, mut receiver) = attention(NotificationChoices::default());
    attention.arrived(vec![arrival("a"), arrival("b")], None, NOW);
    drain(&mut receiver);
    attention.follow(&EventKind::MessagesRemoved { chat: "a".into(), messages: vec![6] });
    assert_eq!(drain(&mut receiver), [], "another message");
    for _ in 0..2 {
        attention.follow(&EventKind::MessagesRemoved { chat: "a".into(), messages: vec![6, 7] });
        attention.follow(&EventKind::ChatRemoved { id: "c".into() });
    }
    assert_eq!(drain(&mut receiver), [Announcement::Withdraw { account: "npub1me".into(), chat: "a".into() }]);
    attention.withdraw_all();
    assert_eq!(drain(&mut receiver), [Announcement::Withdraw { account: "npub1me".into(), chat: "b".into() }]);
}

#[test]
fn who_counts_only_gives_nobody_a_place_to_answer() {
    let (attention, mut receiver) = attention(NotificationChoices { shows: NotificationPrivacy::Count, ..NotificationChoices::default() });
    attention.arrived(vec![arrival("a")], None, NOW);
    let [Announcement::Show(notice)] = &drain(&mut receiver)[..] else { unreachable!() };
    assert!(!notice.answerable && !format!("{notice:?}").contains("Anna"));
}

#[test]
fn a_shell_that_does_not_read_bounds_the_queue() {
    let (attention, mut receiver) = attention(NotificationChoices::default());
    for _ in 0..(QUEUE_CAP * 2) {
        attention.arrived(vec![arrival("a")], None, NOW);
    }
    assert_eq!(drain(&mut receiver).len(), QUEUE_CAP);
}
