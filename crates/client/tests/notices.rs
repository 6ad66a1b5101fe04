//! What is announced on the desktop, decided from the database, over a relay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Person, relay};
use murmel_client::{Announcement, Notice};
use murmel_ipc::{MuteFor, NotificationChoices, NotificationPrivacy, PauseFor, QuietHours};
use tokio::sync::mpsc::Receiver;

async fn pair() -> (murmel_net::EmbeddedRelay, Person, Person, String) {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    anna.say(&chat, "first").await;
    ben.hears(&chat, "first").await;
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    (relay, anna, ben, chat)
}

/// The announcements of a person from now on.
fn from_now(person: &Person) -> Receiver<Announcement> {
    let mut announcements = person.client().notices();
    while announcements.try_recv().is_ok() {}
    announcements
}

async fn next(announcements: &mut Receiver<Announcement>) -> Announcement {
    tokio::time::timeout(common::DEADLINE, announcements.recv()).await.expect("nothing is announced").unwrap()
}

async fn notice(announcements: &mut Receiver<Announcement>) -> Notice {
    match next(announcements).await {
        Announcement::Show(notice) => notice,
        other => panic!("{other:?}"),
    }
}

async fn choose(person: &Person, choices: NotificationChoices) {
    person.client().set_notifications(choices).await.unwrap();
}

/// Says it and waits until the other has it: whatever is announced of it is announced then.
async fn tell(from: &Person, to: &Person, chat: &str, text: &str) -> i64 {
    from.say(chat, text).await;
    let id = to.hears(chat, text).await.id;
    // It is in the database a moment before it is announced.
    assert!(to.client().settle(common::DEADLINE).await.unwrap().caught_up);
    id
}

/// N1.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_announced_once_and_not_while_it_is_on_the_screen() {
    let (_relay, anna, ben, chat) = pair().await;
    let mut announcements = from_now(&ben);
    ben.client().set_open_chat(Some(chat.clone())).await;
    ben.client().set_focused(true).await;
    tell(&anna, &ben, &chat, "on the screen").await;
    ben.client().set_focused(false).await;
    let id = tell(&anna, &ben, &chat, "in the <b>background</b>").await;
    let notice = notice(&mut announcements).await;
    assert_eq!((notice.chat.as_str(), notice.title.as_str()), (chat.as_str(), "Garden"));
    assert!(notice.body.ends_with(": in the <b>background</b>"), "{}", notice.body);
    assert_eq!((notice.message, notice.newest, notice.answerable), (id, id, true));
    // Of oneself nothing is announced, and of the other nothing twice.
    ben.say(&chat, "an answer").await;
    anna.hears(&chat, "an answer").await;
    assert!(announcements.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_and_what_was_deleted_is_taken_back() {
    let (_relay, anna, ben, chat) = pair().await;
    let mut announcements = from_now(&ben);
    let id = tell(&anna, &ben, &chat, "read me").await;
    notice(&mut announcements).await;
    ben.client().mark_read(&chat, id).await.unwrap();
    assert!(matches!(next(&mut announcements).await, Announcement::Withdraw { chat: of, .. } if of == chat));

    let said = anna.say(&chat, "a mistake").await;
    notice(&mut announcements).await;
    anna.client().delete_message(said.id).await.unwrap();
    assert!(matches!(next(&mut announcements).await, Announcement::Withdraw { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_screen_keeps_nothing_of_the_account() {
    let (_relay, anna, ben, chat) = pair().await;
    let mut announcements = from_now(&ben);
    tell(&anna, &ben, &chat, "secret").await;
    notice(&mut announcements).await;
    ben.client().lock().await.unwrap();
    assert!(matches!(next(&mut announcements).await, Announcement::Withdraw { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_shows_what_it_says_and_it_is_kept() {
    let (_relay, anna, mut ben, chat) = pair().await;
    for (shows, expected) in [
        (NotificationPrivacy::Count, "Murmel | "),
        (NotificationPrivacy::Name, "Garden | "),
        (NotificationPrivacy::NameAndText, "Garden | "),
    ] {
        let mut announcements = from_now(&ben);
        choose(&ben, NotificationChoices { shows, ..NotificationChoices::default() }).await;
        tell(&anna, &ben, &chat, &format!("secret {shows:?}")).await;
        let notice = notice(&mut announcements).await;
        let said = format!("{} | {}", notice.title, notice.body);
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(said.contains("secret"), shows == NotificationPrivacy::NameAndText, "{said}");
        assert_eq!(notice.answerable, shows != NotificationPrivacy::Count);
    }
    let mut announcements = from_now(&ben);
    choose(&ben, NotificationChoices { shows: NotificationPrivacy::Off, ..NotificationChoices::default() }).await;
    tell(&anna, &ben, &chat, "unheard").await;
    assert!(announcements.try_recv().is_err());
    ben.stop().await;
    ben.start().await;
    assert_eq!(ben.client().notifications().choices.shows, NotificationPrivacy::Off);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_quiet_hours_and_a_silent_chat_are_silent() {
    let (_relay, anna, ben, chat) = pair().await;
    let mut announcements = from_now(&ben);
    ben.client().pause_notifications(Some(PauseFor::Hour)).await.unwrap();
    assert!(ben.client().notifications().paused_until.is_some());
    tell(&anna, &ben, &chat, "in the pause").await;
    ben.client().pause_notifications(None).await.unwrap();

    let always = QuietHours { days: (0..7).collect(), from: 0, to: 0 };
    choose(&ben, NotificationChoices { quiet: Some(always), ..NotificationChoices::default() }).await;
    tell(&anna, &ben, &chat, "in the night").await;
    let never = QuietHours { days: vec![7], from: 0, to: 0 };
    let refused = ben.client().set_notifications(NotificationChoices { quiet: Some(never), ..NotificationChoices::default() }).await;
    assert_eq!(refused.unwrap_err().code, murmel_ipc::ErrorCode::InvalidInput);

    choose(&ben, NotificationChoices::default()).await;
    ben.client().mute(&chat, Some(MuteFor::Always)).await.unwrap();
    tell(&anna, &ben, &chat, "in a silent chat").await;
    assert!(announcements.try_recv().is_err());
    let npub = ben.client().accounts()[0].npub.clone();
    let id = tell(&anna, &ben, &chat, &format!("look, nostr:{npub}")).await;
    assert_eq!(notice(&mut announcements).await.message, id, "a mention comes through");
    choose(&ben, NotificationChoices { mentions_through_mute: false, ..NotificationChoices::default() }).await;
    tell(&anna, &ben, &chat, &format!("again, nostr:{npub}")).await;
    assert!(announcements.try_recv().is_err());
}

/// N4.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_absence_there_is_one_notice_for_a_chat_and_a_restart_repeats_nothing() {
    let (_relay, anna, mut ben, chat) = pair().await;
    let read = ben.hears(&chat, "first").await.id;
    ben.client().mark_read(&chat, read).await.unwrap();
    ben.stop().await;
    for number in 0..5 {
        anna.say(&chat, &format!("meanwhile {number}")).await;
    }
    anna.client().settle(common::DEADLINE).await.unwrap();
    ben.start().await;
    let mut announcements = ben.client().notices();
    let summary = notice(&mut announcements).await;
    assert_eq!((summary.body.as_str(), summary.message), ("5 new messages", 0));
    let newest = common::messages(ben.client(), &chat).await.iter().map(|message| message.id).max();
    assert_eq!(newest, Some(summary.newest));
    assert!(announcements.try_recv().is_err());

    ben.kill();
    ben.start().await;
    let mut announcements = ben.client().notices();
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    assert!(announcements.try_recv().is_err(), "what was announced is announced again");
    tell(&anna, &ben, &chat, "something new").await;
    assert!(notice(&mut announcements).await.body.ends_with("something new"));
}

/// N11.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_is_not_told_of_what_was_said_before() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let mut announcements = from_now(&ben);
    let chat = anna.create_group("Garden", &[&ben]).await;
    for number in 0..3 {
        anna.say(&chat, &format!("backlog {number}")).await;
    }
    anna.client().settle(common::DEADLINE).await.unwrap();
    let invitation = notice(&mut announcements).await;
    assert!(invitation.quiet && invitation.chat.is_empty() && !invitation.body.contains("Garden"));
    ben.accept("Garden").await;
    ben.hears(&chat, "backlog 2").await;
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    let left: Vec<_> = std::iter::from_fn(|| announcements.try_recv().ok()).filter(|one| matches!(one, Announcement::Show(_))).collect();
    assert_eq!(left, []);
}
