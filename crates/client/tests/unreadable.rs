//! A group receives only what it cannot read: the person is told, and is not told of what was said before they came.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::by_hand::{ByHand, with_two_admins};
use common::{Person, relay};
use murmel_client::Housekeeping;
use murmel_engine::InnerEvent;
use murmel_ipc::Unreadable;
use nostr::{EventBuilder, Keys, PublicKey, Timestamp};

/// Is told at once.
async fn impatient(name: &'static str, relay: &murmel_net::EmbeddedRelay) -> Person {
    let mut person = Person::named(name, &[relay.url().to_string()]);
    person.housekeeping = Housekeeping { left_behind: Duration::ZERO, ..Housekeeping::default() };
    person.begin().await;
    person.set_up().await;
    person
}

/// Three events that carry the tag of the group, and that nothing opens.
async fn make_noise(bert: &ByHand, chat: &str) {
    let like = bert.seal(chat, InnerEvent::text(bert.keys.public_key(), 0, "not sent".into(), &[])).await;
    for turn in 0..3 {
        // As long as a message, and sealed with nobody's key.
        let turned = like.content.chars().rev().filter(|c| *c != '=').skip(turn);
        let content: String = turned.chain(std::iter::repeat('A')).take(like.content.len()).collect();
        // After everything that the group has done until now.
        let noise = EventBuilder::new(like.kind, content).tags(like.tags.clone()).custom_created_at(Timestamp::now() + 2_u64);
        bert.publish(&noise.sign_with_keys(&Keys::generate()).unwrap()).await;
    }
}

async fn is_told(person: &Person) -> Unreadable {
    person.until("is told", async |client| client.sync_state().await.unwrap().unreadable.pop()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_receives_only_what_it_cannot_read_says_so_until_somebody_is_heard() {
    let relay = relay().await;
    let anna = impatient("Anna", &relay).await;
    let (chat, bert, _carl) = with_two_admins(&anna, "Garden", relay.url()).await;
    make_noise(&bert, &chat).await;
    let told = is_told(&anna).await;
    assert_eq!((told.chat.as_str(), told.name.as_str(), told.events), (chat.as_str(), "Garden", 3));
    bert.say(&chat, "can you read this?").await;
    anna.hears(&chat, "can you read this?").await;
    assert_eq!(anna.client().sync_state().await.unwrap().unreadable, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_is_not_told_of_what_was_said_before() {
    let relay = relay().await;
    let anna = Person::new("Anna", &[relay.url().to_string()]).await;
    let dora = impatient("Dora", &relay).await;
    let (chat, bert, _carl) = with_two_admins(&anna, "Garden", relay.url()).await;
    for text in ["one", "two", "three", "four"] {
        bert.said(&chat, text, 3600).await;
    }
    bert.invite(&chat, PublicKey::parse(&dora.npub).unwrap()).await;
    dora.accept("Garden").await;
    make_noise(&bert, &chat).await;
    assert_eq!(is_told(&dora).await.events, 3);
}
