//! What people say about messages: reactions, edits, deletions, answers and names, over a real relay on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Person, messages, relay};
use murmel_ipc::{self as ipc, ErrorCode, MessageKind};
use murmel_net::EmbeddedRelay;

/// What a text row shows.
#[derive(Debug, PartialEq)]
struct Shown {
    text: String,
    edited: bool,
    deleted: bool,
    reactions: Vec<(String, u32, bool)>,
}

fn shown(message: &ipc::MessageView) -> Option<Shown> {
    let MessageKind::Text { text, edited, deleted, reactions, .. } = &message.kind else { return None };
    let reactions = reactions.iter().map(|one| (one.emoji.clone(), one.count, one.mine)).collect();
    Some(Shown { text: text.clone(), edited: *edited, deleted: *deleted, reactions })
}

async fn row(of: &Person, chat: &str, event: &str) -> ipc::MessageView {
    let record = of.client().record_by_event(chat, event).await.unwrap().unwrap();
    messages(of.client(), chat).await.into_iter().find(|message| message.id == record.message).unwrap()
}

/// Waits until somebody sees a message like this.
async fn sees(of: &Person, chat: &str, event: &str, what: impl Fn(&Shown) -> bool) -> ipc::MessageView {
    of.until("sees the message like this", async |_| {
        let message = row(of, chat, event).await;
        shown(&message).is_some_and(|shown| what(&shown)).then_some(message)
    })
    .await
}

async fn garden() -> (EmbeddedRelay, Person, Person, String) {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    (relay, anna, ben, chat)
}

/// Says something and waits until the other has it; the event id.
async fn tell(from: &Person, to: &Person, chat: &str, text: &str) -> (i64, String, i64) {
    let said = from.say(chat, text).await;
    let event = from.client().record(said.id).await.unwrap().unwrap().id;
    let heard = to.hears(chat, text).await;
    (said.id, event, heard.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_given_counted_and_taken_back() {
    let (_relay, anna, ben, chat) = garden().await;
    let (said, event, heard) = tell(&anna, &ben, &chat, "Roses").await;
    ben.client().react(heard, "🌹").await.unwrap();
    ben.client().react(heard, " 🌹 ").await.unwrap();
    anna.client().react(said, "🌹").await.unwrap();
    anna.client().react(said, "+").await.unwrap();
    let both = |shown: &Shown| shown.reactions == [("🌹".to_owned(), 2, true), ("+".to_owned(), 1, true)];
    let message = sees(&anna, &chat, &event, both).await;
    let MessageKind::Text { reactions, .. } = &message.kind else { panic!("not a text") };
    assert_eq!(reactions[0].people[0], "You");
    assert_eq!(reactions[0].people.len(), 2);
    sees(&ben, &chat, &event, |shown| shown.reactions == [("🌹".to_owned(), 2, true), ("+".to_owned(), 1, false)]).await;

    anna.client().unreact(said, "🌹").await.unwrap();
    sees(&ben, &chat, &event, |shown| shown.reactions == [("+".to_owned(), 1, false), ("🌹".to_owned(), 1, true)]).await;
    assert_eq!(anna.client().unreact(said, "🌹").await.unwrap_err().code, ErrorCode::NotFound);
    // The same again, in the same second: it is a reaction of its own.
    anna.client().react(said, "🌹").await.unwrap();
    sees(&ben, &chat, &event, |shown| shown.reactions == [("🌹".to_owned(), 2, true), ("+".to_owned(), 1, false)]).await;
    // A reaction is a chat's business, but no message: nothing is unread, nothing moves in the list.
    let before = ben.client().subscribe().await.unwrap().snapshot.chats.remove(0);
    assert_eq!((before.unread, before.preview), (1, Some(excerpt("Roses"))));
}

fn excerpt(text: &str) -> ipc::Excerpt {
    ipc::Excerpt::Text { text: text.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_reaction_is_refused() {
    let (_relay, anna, _ben, chat) = garden().await;
    let said = anna.say(&chat, "Roses").await.id;
    for text in ["", "  ", "a\nb", "\u{7}", &"x".repeat(65)] {
        assert_eq!(anna.client().react(said, text).await.unwrap_err().code, ErrorCode::InvalidInput, "{text:?}");
    }
    anna.client().react(said, &"x".repeat(64)).await.unwrap();
    let system = messages(anna.client(), &chat).await.into_iter().find(|row| matches!(row.kind, MessageKind::System { .. })).unwrap();
    assert_eq!(anna.client().react(system.id, "🌹").await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(anna.client().react(9_999, "🌹").await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_replaces_the_text_and_the_history_stays_readable() {
    let (_relay, anna, ben, chat) = garden().await;
    let (said, event, heard) = tell(&anna, &ben, &chat, "Rozes").await;
    assert_eq!(ben.client().edit(heard, "Weeds").await.unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(anna.client().edit(said, "  ").await.unwrap_err().code, ErrorCode::InvalidInput);
    anna.client().edit(said, "Roses").await.unwrap();
    anna.client().edit(said, "Roses!").await.unwrap();
    anna.client().edit(said, "Roses!").await.unwrap();
    for person in [&anna, &ben] {
        sees(person, &chat, &event, |shown| shown.text == "Roses!" && shown.edited).await;
    }
    let texts = |history: Vec<ipc::Revision>| history.into_iter().map(|one| one.text).collect::<Vec<_>>();
    // Made in one second, and yet in this order for everybody.
    for (person, id) in [(&anna, said), (&ben, heard)] {
        assert_eq!(texts(person.client().history(id).await.unwrap()), ["Rozes", "Roses", "Roses!"]);
    }

    // An answer quotes what it says now.
    let reply = ipc::SendMessage { chat: chat.clone(), text: "Red ones?".into(), reply_to: Some(heard) };
    ben.client().send(reply).await.unwrap();
    let answer = anna.hears(&chat, "Red ones?").await;
    let MessageKind::Text { quote, reply_to, .. } = answer.kind else { panic!("not a text") };
    assert_eq!((quote, reply_to), (Some(excerpt("Roses!")), Some(said)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_leaves_nothing_of_its_text_anywhere() {
    let (_relay, anna, ben, chat) = garden().await;
    let (said, event, heard) = tell(&anna, &ben, &chat, "A secret").await;
    anna.client().edit(said, "A better secret").await.unwrap();
    sees(&ben, &chat, &event, |shown| shown.edited).await;
    ben.client().react(heard, "🤫").await.unwrap();
    anna.client().delete_message(said).await.unwrap();
    for person in [&anna, &ben] {
        let gone = Shown { text: String::new(), edited: false, deleted: true, reactions: Vec::new() };
        sees(person, &chat, &event, |shown| *shown == gone).await;
        let left = person.client().records(&chat, 100).await.unwrap();
        assert!(left.iter().all(|record| !record.content.contains("secret")), "an edit keeps no text either");
        let id = person.client().record_by_event(&chat, &event).await.unwrap().unwrap().message;
        assert_eq!(person.client().history(id).await.unwrap(), []);
        assert_eq!(person.client().react(id, "+").await.unwrap_err().code, ErrorCode::NotFound);
    }
    assert_eq!(anna.client().delete_message(said).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(anna.client().edit(said, "Again").await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_deletes_messages_of_others_and_nobody_else_does() {
    let (_relay, anna, ben, chat) = garden().await;
    let (_, event, heard) = tell(&anna, &ben, &chat, "From the admin").await;
    assert_eq!(ben.client().delete_message(heard).await.unwrap_err().code, ErrorCode::NotAdmin);
    let (_, weed, at_annas) = tell(&ben, &anna, &chat, "Weeds").await;
    anna.client().delete_message(at_annas).await.unwrap();
    sees(&ben, &chat, &weed, |shown| shown.deleted).await;
    sees(&ben, &chat, &event, |shown| !shown.deleted).await;

    // A nameless group of two is a direct chat: there nobody is above the other.
    anna.client().rename(&chat, "").await.unwrap();
    ben.sees(&chat, "the group has no name", |group| group.name.is_empty()).await;
    let (_, _, at_annas) = tell(&ben, &anna, &chat, "Between us").await;
    assert_eq!(anna.client().delete_message(at_annas).await.unwrap_err().code, ErrorCode::NotAdmin);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_are_named_in_a_text_are_named_beside_it() {
    let (_relay, anna, ben, chat) = garden().await;
    let text = format!("Look, nostr:{}, nostr:{}!", ben.npub, ben.npub);
    let (said, event, _) = tell(&anna, &ben, &chat, &text).await;
    let message = row(&ben, &chat, &event).await;
    let MessageKind::Text { mentions, .. } = &message.kind else { panic!("not a text") };
    assert_eq!(mentions.iter().map(|one| (one.npub.as_str(), one.is_me)).collect::<Vec<_>>(), [(ben.npub.as_str(), true)]);
    let tags = anna.client().record(said).await.unwrap().unwrap().tags;
    assert_eq!(tags.iter().filter(|tag| tag[0] == "p").count(), 1);

    let other = format!("Not you: nostr:{}", anna.npub);
    anna.client().edit(said, &other).await.unwrap();
    let message = sees(&ben, &chat, &event, |shown| shown.edited).await;
    let MessageKind::Text { mentions, .. } = &message.kind else { panic!("not a text") };
    assert_eq!(mentions.iter().map(|one| one.is_me).collect::<Vec<_>>(), [false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_offline_arrives_in_its_order() {
    let (_relay, anna, mut ben, chat) = garden().await;
    let (said, event, _) = tell(&anna, &ben, &chat, "One").await;
    ben.stop().await;
    anna.client().edit(said, "Two").await.unwrap();
    anna.client().react(said, "2").await.unwrap();
    anna.client().settle(common::DEADLINE).await.unwrap();
    ben.start().await;
    sees(&ben, &chat, &event, |shown| shown.text == "Two" && shown.reactions == [("2".to_owned(), 1, false)]).await;
}
