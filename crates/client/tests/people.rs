//! What people see of each other, and what they decide about chats and about each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod common;

use std::time::Duration;

use common::{Person, find, messages, relay};
use murmel_client::{Announcement, Client};
use murmel_ipc::{ChatRow, Draft, DraftEdit, ErrorCode, Excerpt, MessageKind, MuteFor, Settings, WhoMayAdd};
use tokio::sync::mpsc;

async fn row(client: &Client, chat: &str) -> ChatRow {
    client.chats().await.unwrap().into_iter().find(|row| row.id == chat).unwrap()
}

/// Anna and Ben in one group, everybody caught up.
async fn pair() -> (murmel_net::EmbeddedRelay, Person, Person, String) {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    (relay, anna, ben, chat)
}

/// Says it and waits until the other has it.
async fn tell(from: &Person, to: &Person, chat: &str, text: &str) -> i64 {
    from.say(chat, text).await;
    to.hears(chat, text).await.id
}

/// What was announced up to this text.
async fn until(notices: &mut mpsc::Receiver<Announcement>, text: &str) -> Vec<String> {
    let mut heard: Vec<String> = Vec::new();
    while !heard.last().is_some_and(|body| body.contains(text)) {
        let next = tokio::time::timeout(common::DEADLINE, notices.recv()).await;
        heard.extend(body(next.unwrap_or_else(|_| panic!("no notice of {text:?} after {heard:?}")).unwrap()));
    }
    heard
}

fn drain(notices: &mut mpsc::Receiver<Announcement>) -> Vec<String> {
    std::iter::from_fn(|| notices.try_recv().ok()).filter_map(body).collect()
}

fn body(announcement: Announcement) -> Option<String> {
    if let Announcement::Show(notice) = announcement { Some(notice.body) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_messages_and_mentions_are_counted_and_a_mark_goes_when_the_chat_is_opened() {
    let (_relay, anna, ben, chat) = pair().await;
    let npub = &ben.npub;
    tell(&anna, &ben, &chat, "hello").await;
    let named = tell(&anna, &ben, &chat, &format!("and you, nostr:{npub}?")).await;
    ben.say(&chat, "my question").await;
    let question = anna.hears(&chat, "my question").await.id;
    let answer = murmel_ipc::SendMessage { chat: chat.clone(), text: "my answer".into(), reply_to: Some(question) };
    anna.client().send(answer).await.unwrap();
    let answered = ben.hears(&chat, "my answer").await.id;
    let now = row(ben.client(), &chat).await;
    assert_eq!((now.unread, now.mentions), (3, 2));
    assert_eq!(ben.client().unread_mentions(&chat).await.unwrap(), [named, answered]);
    let all = messages(ben.client(), &chat).await;
    assert!(all.iter().all(|message| message.mentions_me == [named, answered].contains(&message.id)));

    ben.client().mark_read(&chat, answered).await.unwrap();
    let now = row(ben.client(), &chat).await;
    assert_eq!((now.unread, now.mentions, now.marked_unread), (0, 0, false));
    ben.client().mark_unread(&chat, true).await.unwrap();
    assert!(row(ben.client(), &chat).await.marked_unread);
    ben.client().set_open_chat(Some(chat.clone())).await;
    assert!(!row(ben.client(), &chat).await.marked_unread);
}

/// N8.
#[tokio::test(flavor = "multi_thread")]
async fn a_mention_breaks_through_mute_and_nothing_else_does() {
    let (_relay, anna, ben, chat) = pair().await;
    let mut notices = ben.client().notices();
    tell(&anna, &ben, &chat, "one").await;
    ben.client().mute(&chat, Some(MuteFor::Always)).await.unwrap();
    assert_eq!(row(ben.client(), &chat).await.muted, Some(murmel_ipc::Mute { until: None }));
    tell(&anna, &ben, &chat, "two").await;
    tell(&anna, &ben, &chat, &format!("three for nostr:{}", ben.npub)).await;
    ben.client().mute(&chat, None).await.unwrap();
    tell(&anna, &ben, &chat, "four").await;
    let heard = until(&mut notices, "four").await;
    let about = |word: &str| heard.iter().filter(|body| body.contains(word)).count();
    assert_eq!(["one", "two", "three", "four"].map(about), [1, 0, 1, 1], "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_ends_by_itself() {
    let relay = relay().await;
    let mut anna = Person::named("Anna", &[relay.url().to_string()]);
    anna.housekeeping.tick = Duration::from_millis(50);
    anna.begin().await;
    anna.set_up().await;
    let chat = anna.create_group("Notes", &[]).await;
    anna.client().mute(&chat, Some(MuteFor::EightHours)).await.unwrap();
    let until = row(anna.client(), &chat).await.muted.unwrap().until.unwrap();
    assert!(until.abs_diff(anna.clock.now() + 8 * 3600) < 60);
    anna.clock.shift(7 * 3600);
    assert!(row(anna.client(), &chat).await.muted.is_some());
    anna.clock.shift(3600 + 1);
    anna.until("the silence ends", async |client| row(client, &chat).await.muted.is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_chat_comes_back_with_a_message_unless_it_is_muted() {
    let (_relay, anna, ben, chat) = pair().await;
    ben.client().pin(&chat, true).await.unwrap();
    ben.client().archive(&chat, true).await.unwrap();
    let now = row(ben.client(), &chat).await;
    assert_eq!((now.archived, now.pinned), (true, None));
    tell(&anna, &ben, &chat, "one").await;
    assert!(!row(ben.client(), &chat).await.archived);

    ben.client().archive(&chat, true).await.unwrap();
    ben.client().mute(&chat, Some(MuteFor::Week)).await.unwrap();
    tell(&anna, &ben, &chat, "two").await;
    assert!(row(ben.client(), &chat).await.archived);
    tell(&anna, &ben, &chat, &format!("nostr:{}!", ben.npub)).await;
    assert!(!row(ben.client(), &chat).await.archived);
}

#[tokio::test(flavor = "multi_thread")]
async fn pinned_chats_come_first_and_a_reaction_or_an_edit_moves_none() {
    let relay = relay().await;
    let anna = Person::new("Anna", &[relay.url().to_string()]).await;
    let client = anna.client();
    let mut chats = Vec::new();
    for name in ["a", "b", "c", "d"] {
        chats.push(anna.create_group(name, &[]).await);
        anna.say(&chats[chats.len() - 1], "hello").await;
    }
    let order = async || client.chats().await.unwrap().into_iter().map(|row| row.name).collect::<String>();
    // Of the same second, the newer chat is above.
    for chat in &chats[..2] {
        client.pin(chat, true).await.unwrap();
    }
    assert_eq!(&order().await[..2], "ab");
    client.order_pins(vec![chats[1].clone()]).await.unwrap();
    assert_eq!(&order().await[..2], "ba");
    client.pin(&chats[1], false).await.unwrap();
    assert_eq!(&order().await[..1], "a");
    assert_eq!(client.order_pins(vec![chats[3].clone()]).await.unwrap_err().code, ErrorCode::InvalidInput);

    let before = row(client, &chats[2]).await.last_activity;
    anna.clock.shift(100);
    let message = messages(client, &chats[2]).await.pop().unwrap().id;
    client.react(message, "👍").await.unwrap();
    client.edit(message, "hello, all").await.unwrap();
    assert_eq!(row(client, &chats[2]).await.last_activity, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_survives_a_kill_and_goes_with_what_is_sent() {
    let relay = relay().await;
    let mut anna = Person::new("Anna", &[relay.url().to_string()]).await;
    let chat = anna.create_group("Notes", &[]).await;
    let first = anna.say(&chat, "first").await.id;
    let draft =
        Draft { text: "half a thou".into(), reply_to: Some(first), edit: Some(DraftEdit { message: first, text: "First.".into() }) };
    anna.client().set_draft(&chat, draft.clone()).await.unwrap();
    assert_eq!(row(anna.client(), &chat).await.draft, "half a thou");
    anna.kill();
    anna.start().await;
    assert_eq!(anna.client().draft(&chat).await.unwrap(), draft);

    anna.client().edit(first, "First.").await.unwrap();
    assert_eq!(anna.client().draft(&chat).await.unwrap(), Draft { edit: None, ..draft.clone() });
    anna.say(&chat, "something else").await;
    assert_eq!(anna.client().draft(&chat).await.unwrap().text, "half a thou");
    anna.say(&chat, "half a thou").await;
    assert_eq!(anna.client().draft(&chat).await.unwrap(), Draft::default());
    // What it answers may be gone by then.
    anna.client().set_draft(&chat, Draft { text: String::new(), reply_to: Some(first), edit: None }).await.unwrap();
    anna.client().delete_message(first).await.unwrap();
    assert_eq!(anna.client().draft(&chat).await.unwrap(), Draft::default());
    let long = Draft { text: "x".repeat(70_000), ..Draft::default() };
    assert_eq!(anna.client().set_draft(&chat, long).await.unwrap_err().code, ErrorCode::TooLarge);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nickname_is_shown_wherever_somebody_is_named() {
    let (_relay, anna, ben, chat) = pair().await;
    tell(&ben, &anna, &chat, "hello").await;
    let short = find(&messages(anna.client(), &chat).await, "hello").unwrap().sender_name;
    assert!(short.starts_with("npub1") && short.contains('…'), "{short}");
    // Direction-changing characters could make the name look like another one.
    let ben_here = anna.client().set_nickname(&ben.npub, "  Ben \u{202e}the\nGardener ").await.unwrap();
    assert_eq!((ben_here.name.as_str(), ben_here.is_contact), ("Ben the Gardener", true));
    let name = "Ben the Gardener";
    assert_eq!(find(&messages(anna.client(), &chat).await, "hello").unwrap().sender_name, name);
    assert!(anna.client().group(&chat).await.unwrap().members.iter().any(|member| member.name == name));
    assert_eq!(row(anna.client(), &chat).await.preview_sender, name);
    assert_eq!(anna.client().inspect_person(&ben.npub).await.unwrap().name.as_deref(), Some(name));
    let system = anna.system(&chat).await;
    assert!(!format!("{system:?}").contains("npub1"), "{system:?}");

    let without = anna.client().set_nickname(&ben.npub, "").await.unwrap();
    assert_eq!(without.name, short);
    let refused = anna.client().set_nickname(&anna.npub, "Me").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_person_is_hidden_silent_and_cannot_invite() {
    let (_relay, anna, ben, chat) = pair().await;
    tell(&anna, &ben, &chat, "before").await;
    let waiting = anna.create_group("Second", &[&ben]).await;
    ben.request("Second").await;
    let mut notices = ben.client().notices();
    drain(&mut notices);
    ben.client().archive(&chat, true).await.unwrap();
    let blocked = ben.client().block(&anna.npub).await.unwrap();
    assert!(blocked.is_blocked);
    assert_eq!(ben.client().requests().await.unwrap(), [], "what waited is gone");

    anna.say(&waiting, "nobody hears").await;
    tell(&anna, &ben, &chat, &format!("after, nostr:{}", ben.npub)).await;
    anna.create_group("Third", &[&ben]).await;
    // Ben is sure to have had it once what was sent after it is here.
    let carla = Person::new("Carla", &anna.relays).await;
    let other = carla.create_group("Carla's", &[&ben]).await;
    ben.accept("Carla's").await;
    // What comes with the first reading of a group is not announced.
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    tell(&carla, &ben, &other, "from Carla").await;
    assert_eq!(ben.client().requests().await.unwrap(), []);

    let here = row(ben.client(), &chat).await;
    assert_eq!((here.unread, here.mentions, here.archived), (0, 0, true));
    assert_eq!(here.preview, Some(Excerpt::Hidden));
    assert!(messages(ben.client(), &chat).await.iter().all(|one| !matches!(one.kind, MessageKind::Text { .. }) || one.hidden));
    let heard = until(&mut notices, "from Carla").await;
    assert!(heard.iter().all(|body| !body.contains("after")), "{heard:?}");

    ben.client().unblock(&anna.npub).await.unwrap();
    assert!(messages(ben.client(), &chat).await.iter().all(|one| !one.hidden));
    assert_eq!(row(ben.client(), &chat).await.unread, 2);
    assert_eq!(ben.client().blocked().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_can_invite() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben, carla) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await, Person::new("Carla", &relays).await);
    let allow = async |who_may_add_me| {
        ben.client().set_settings(Settings { who_may_add_me }).await.unwrap();
        assert_eq!(ben.client().settings().await.unwrap().who_may_add_me, who_may_add_me);
    };
    allow(WhoMayAdd::Contacts).await;
    ben.client().set_nickname(&anna.npub, "Anna").await.unwrap();
    carla.create_group("From a stranger", &[&ben]).await;
    let known = anna.create_group("", &[&ben]).await;
    let request = ben.request("").await;
    assert_eq!((request.inviter_name.as_str(), request.direct, request.known), ("Anna", true, 1));
    assert_eq!(request.people.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Anna"]);
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    assert_eq!(ben.client().requests().await.unwrap().len(), 1);
    assert_eq!(ben.client().accept(&request.id).await.unwrap(), known);

    allow(WhoMayAdd::Nobody).await;
    anna.create_group("Nobody", &[&ben]).await;
    allow(WhoMayAdd::Anyone).await;
    carla.create_group("Anyone", &[&ben]).await;
    ben.request("Anyone").await;
}
