//! A member whose program breaks the rules on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::by_hand::ByHand;
use common::{Person, members, relay};
use murmel_engine::{InnerEvent, kind};
use murmel_ipc as ipc;
use nostr::PublicKey;

#[tokio::test(flavor = "multi_thread")]
async fn author_and_id_are_bound_to_the_mls_leaf() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let eve = ByHand::new(relay.url()).await;
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    assert_eq!(anna.client().invite(&chat, vec![eve.npub()]).await.unwrap(), []);
    ben.sees(&chat, "sees three members", |group| members(group) == 3).await;
    anna.client().settle(common::DEADLINE).await.unwrap();
    eve.join().await;

    let anna_key = PublicKey::parse(&anna.npub).unwrap();
    let eve_key = eve.keys.public_key();
    let said = anna.say(&chat, "my own words").await;
    ben.hears(&chat, "my own words").await;
    // Below what it is about: one second stands in the order of the ids.
    let now = said.at + 1;
    let id = anna.client().records(&chat, 10).await.unwrap()[0].id.clone();
    let about = |author, kind, content: &str| InnerEvent::new(author, now, kind, vec![vec!["e".into(), id.clone()]], content.into());
    // In Anna's name, and about Anna's message without the right to it.
    eve.send(&chat, InnerEvent::text(anna_key, now, "forged words".into(), &[])).await;
    eve.send(&chat, about(anna_key, kind::EDIT, "forged edit")).await;
    eve.send(&chat, about(eve_key, kind::EDIT, "foreign edit")).await;
    eve.send(&chat, about(eve_key, kind::DELETE, "")).await;
    eve.send(&chat, InnerEvent::new(eve_key, now, kind::SYSTEM, vec![], r#"{"event":"created"}"#.into())).await;
    eve.send(&chat, InnerEvent::text(eve_key, now, "in my own name".into(), &[])).await;

    for person in [&anna, &ben] {
        let honest = person.hears(&chat, "in my own name").await;
        assert_eq!(honest.sender, eve_key.to_hex());
        assert_eq!(person.texts(&chat).await, ["my own words", "in my own name"]);
        let message = common::find(&common::messages(person.client(), &chat).await, "my own words").unwrap();
        let ipc::MessageKind::Text { edited, deleted, .. } = message.kind else { panic!("not a text") };
        assert!(!edited && !deleted);
    }
    assert!(said.mine);
    let created = |event: &ipc::SystemMessage| *event == ipc::SystemMessage::Created;
    assert_eq!(anna.system(&chat).await.iter().filter(|event| created(event)).count(), 1);
    assert!(!ben.system(&chat).await.iter().any(created));
    eve.net.close().await;
}
