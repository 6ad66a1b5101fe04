//! Two and three people in groups, over a real relay on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Person, admins, members, relay};
use murmel_ipc as ipc;

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_both_ways() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);

    let chat = anna.create_group("Garden", &[&ben]).await;
    let request = ben.request("Garden").await;
    assert_eq!((request.inviter_npub.as_str(), request.members), (anna.npub.as_str(), 2));
    assert_eq!(ben.accept("Garden").await, chat);
    assert_eq!(ben.client().requests().await.unwrap(), []);

    let sent = anna.say(&chat, "Hello Ben").await;
    assert!(sent.mine);
    let heard = ben.hears(&chat, "Hello Ben").await;
    assert!(!heard.mine);
    assert_eq!(heard.state, ipc::MessageState::Received);

    let reply = ipc::SendMessage { chat: chat.clone(), text: "Hello Anna".into(), reply_to: Some(heard.id) };
    ben.client().send(reply).await.unwrap();
    let answer = anna.hears(&chat, "Hello Anna").await;
    let ipc::MessageKind::Text { reply_to, quote, .. } = answer.kind else { panic!("not a text") };
    assert_eq!((reply_to, quote), (Some(sent.id), Some(ipc::Excerpt::Text { text: "Hello Ben".into() })));
    anna.sent(&chat, "Hello Ben").await;
    ben.sent(&chat, "Hello Anna").await;
    let delivery = anna.client().delivery(sent.id).await.unwrap();
    assert_eq!(delivery.iter().map(|one| one.answer).collect::<Vec<_>>(), [ipc::DeliveryAnswer::Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_text_twice_in_one_second_arrives_twice() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Echo", &[&ben]).await;
    ben.accept("Echo").await;
    for _ in 0..5 {
        anna.say(&chat, "hi").await;
    }
    ben.until("five equal texts arrive", async |_| (ben.texts(&chat).await == ["hi"; 5]).then_some(())).await;
    let ids: std::collections::BTreeSet<_> = ben.client().records(&chat, 100).await.unwrap().into_iter().map(|record| record.id).collect();
    assert!(ids.len() >= 5);
}

/// Decision 0012. Ben's clock is behind, then right, then ahead.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_stands_below_what_it_answers_whatever_the_clocks_say() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;

    let mut said = Vec::new();
    for (shift, clock) in [(-20, "behind"), (20, "right"), (20, "ahead")] {
        ben.clock.shift(shift);
        for text in ["Are you there?", "Hello?", "Say something!"].map(|text| format!("{text} ({clock})")) {
            anna.say(&chat, &text).await;
            said.push(text);
        }
        ben.hears(&chat, &said[said.len() - 1]).await;
        for (speaker, listener, text) in [(&ben, &anna, "Yes"), (&anna, &ben, "Good"), (&ben, &anna, "Bye")] {
            let text = format!("{text} ({clock})");
            speaker.say(&chat, &text).await;
            listener.hears(&chat, &text).await;
            said.push(text);
        }
    }
    assert_eq!((anna.texts(&chat).await, ben.texts(&chat).await), (said.clone(), said));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_right_after_a_restart_stands_below_what_was_said_before_it() {
    let mut anna = Person::offline("Anna", &["ws://127.0.0.1:9".to_owned()]).await;
    let chat = anna.create_group("Diary", &[]).await;
    let said: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    for text in &said {
        anna.say(&chat, text).await;
        anna.stop().await;
        anna.start().await;
    }
    assert_eq!(anna.texts(&chat).await, said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_person_is_added_and_removed() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben, cleo) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await, Person::new("Cleo", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;

    assert_eq!(anna.client().invite(&chat, vec![cleo.npub.clone()]).await.unwrap(), []);
    ben.sees(&chat, "sees three members", |group| members(group) == 3).await;
    cleo.accept("Garden").await;
    cleo.say(&chat, "I am here").await;
    anna.hears(&chat, "I am here").await;
    ben.hears(&chat, "I am here").await;
    anna.say(&chat, "Welcome").await;
    cleo.hears(&chat, "Welcome").await;

    anna.client().remove_member(&chat, &cleo.npub).await.unwrap();
    ben.sees(&chat, "sees two members", |group| members(group) == 2).await;
    cleo.sees(&chat, "is removed", |group| group.state == ipc::GroupState::Removed).await;
    let refused = cleo.client().send(ipc::SendMessage { chat: chat.clone(), text: "still?".into(), reply_to: None }).await.unwrap_err();
    assert_eq!(refused.code, ipc::ErrorCode::GroupInactive);

    anna.say(&chat, "Just us").await;
    ben.hears(&chat, "Just us").await;
    assert!(!cleo.texts(&chat).await.contains(&"Just us".to_owned()));
    assert!(ben.system(&chat).await.iter().any(|event| matches!(event, ipc::SystemMessage::MemberRemoved { .. })));

    // Removed people can come back with a new invitation.
    anna.client().invite(&chat, vec![cleo.npub.clone()]).await.unwrap();
    assert_eq!(cleo.accept("Garden").await, chat);
    anna.say(&chat, "Welcome back").await;
    cleo.hears(&chat, "Welcome back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_renamed_described_and_its_admins_change() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;

    let refused = ben.client().rename(&chat, "Mine").await.unwrap_err();
    assert_eq!(refused.code, ipc::ErrorCode::NotAdmin);
    anna.client().rename(&chat, "Orchard").await.unwrap();
    anna.client().describe(&chat, "Apples").await.unwrap();
    ben.sees(&chat, "sees the new name", |group| group.name == "Orchard" && group.description == "Apples").await;

    anna.client().promote(&chat, &ben.npub).await.unwrap();
    ben.sees(&chat, "is an admin", |group| group.i_am_admin && admins(group) == 2).await;
    ben.client().demote(&chat, &anna.npub).await.unwrap();
    anna.sees(&chat, "is no admin any more", |group| !group.i_am_admin).await;
    assert_eq!(anna.client().rename(&chat, "Again").await.unwrap_err().code, ipc::ErrorCode::NotAdmin);
    assert_eq!(ben.client().demote(&chat, &ben.npub).await.unwrap_err().code, ipc::ErrorCode::LastAdmin);
    let events = anna.system(&chat).await;
    assert!(events.iter().any(|event| matches!(event, ipc::SystemMessage::AdminRemoved { .. })), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_leaves_and_the_last_admin_cannot() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben, cleo) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await, Person::new("Cleo", &relays).await);
    let chat = anna.create_group("Garden", &[&ben, &cleo]).await;
    ben.accept("Garden").await;
    cleo.accept("Garden").await;
    anna.say(&chat, "all here").await;
    ben.hears(&chat, "all here").await;
    cleo.hears(&chat, "all here").await;

    assert_eq!(anna.client().leave(&chat, None).await.unwrap_err().code, ipc::ErrorCode::LastAdmin);
    ben.client().leave(&chat, None).await.unwrap();
    ben.sees(&chat, "has left", |group| group.state == ipc::GroupState::Left).await;
    anna.sees(&chat, "sees two members", |group| members(group) == 2).await;
    cleo.sees(&chat, "sees two members", |group| members(group) == 2).await;
    assert!(anna.system(&chat).await.iter().any(|event| matches!(event, ipc::SystemMessage::MemberLeft { .. })));

    // An admin hands over before leaving.
    anna.client().promote(&chat, &cleo.npub).await.unwrap();
    cleo.sees(&chat, "is an admin", |group| group.i_am_admin).await;
    anna.client().leave(&chat, None).await.unwrap();
    anna.sees(&chat, "has left", |group| group.state == ipc::GroupState::Left).await;
    cleo.sees(&chat, "is alone", |group| members(group) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_anybody_else_works_and_bad_people_are_named() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let anna = Person::new("Anna", &relays).await;
    let nobody = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6";
    let group = ipc::NewGroup { name: "Diary".into(), description: String::new(), people: vec![nobody.into()] };
    let created = anna.client().create_group(group).await.unwrap();
    assert_eq!(created.not_invited.iter().map(|one| one.npub.as_str()).collect::<Vec<_>>(), [nobody]);
    anna.say(&created.chat, "Dear diary").await;
    anna.sent(&created.chat, "Dear diary").await;
    let bad = ipc::NewGroup { name: "x".into(), description: String::new(), people: vec!["npub1nonsense".into()] };
    assert_eq!(anna.client().create_group(bad).await.unwrap_err().code, ipc::ErrorCode::InvalidPerson);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_request_is_gone_and_joins_nothing() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, mut ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    anna.create_group("Spam", &[&ben]).await;
    let request = ben.request("Spam").await;
    ben.client().decline(&request.id).await.unwrap();
    assert_eq!(ben.client().requests().await.unwrap(), []);
    // The same gift wrap is still on the relay after a restart.
    ben.stop().await;
    ben.start().await;
    let settled = ben.client().settle(common::DEADLINE).await.unwrap();
    assert!(settled.caught_up);
    assert_eq!(ben.client().requests().await.unwrap(), []);
    assert_eq!(ben.client().groups().await.unwrap(), []);
    assert_eq!(ben.client().accept(&request.id).await.unwrap_err().code, ipc::ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_count_goes_up_and_is_marked_read() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    for text in ["one", "two", "three"] {
        anna.say(&chat, text).await;
    }
    for text in ["one", "two", "three"] {
        ben.hears(&chat, text).await;
    }
    let row = ben.client().subscribe().await.unwrap().snapshot.chats.remove(0);
    assert_eq!((row.unread, row.name.as_str(), row.members), (3, "Garden", 2));
    let page = ben.client().timeline(&chat, None, 50).await.unwrap();
    let first = page.messages.iter().find(|message| common::text_of(message).is_some()).unwrap();
    assert_eq!(page.first_unread, Some(first.id));
    ben.client().mark_read(&chat, page.messages.last().unwrap().id).await.unwrap();
    assert_eq!(ben.client().subscribe().await.unwrap().snapshot.chats.remove(0).unread, 0);
    assert_eq!(ben.client().timeline(&chat, None, 50).await.unwrap().first_unread, None);
}
