//! What strangers, late relays and a second way of reading could do to the application, and that they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Person, find, messages, relay, text_of};
use murmel_client::Clock;
use murmel_ipc::{MessageKind, MessageView};

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_welcome_never_joins_by_itself() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (stranger, mut ben) = (Person::new("Stranger", &relays).await, Person::new("Ben", &relays).await);
    let chat = stranger.create_group("Free money", &[&ben]).await;
    stranger.say(&chat, "read this at once").await;
    stranger.sent(&chat, "read this at once").await;
    let asked = ben.request("Free money").await;
    for _ in 0..2 {
        assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
        assert_eq!(ben.client().groups().await.unwrap(), []);
        assert_eq!(ben.client().requests().await.unwrap().iter().map(|one| &one.id).collect::<Vec<_>>(), [&asked.id]);
        assert_eq!(ben.client().timeline(&chat, None, 10).await.map_or(0, |page| page.messages.len()), 0);
        ben.stop().await;
        ben.start().await;
    }
    // Saying yes is what joins.
    let joined = ben.accept("Free money").await;
    ben.hears(&joined, "read this at once").await;
}

/// The relay gets it fifty minutes after it was written, when the reader's cursor has long moved on.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_published_message_arrives() {
    const LATE: i64 = 50 * 60;
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let mut anna = Person::named("Anna", &relays);
    anna.clock = Clock::system();
    anna.clock.shift(-LATE);
    anna.begin().await;
    anna.set_up().await;
    let mut ben = Person::new("Ben", &relays).await;
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    ben.say(&chat, "now").await;
    anna.hears(&chat, "now").await;
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    ben.stop().await;
    anna.say(&chat, "written long ago").await;
    anna.sent(&chat, "written long ago").await;
    ben.start().await;
    let late = ben.hears(&chat, "written long ago").await;
    let before = find(&messages(ben.client(), &chat).await, "now").unwrap();
    assert!(late.at + 45 * 60 < before.at, "it carries its old date");
}

/// Somebody whose clock is so many seconds behind, and who looks back for what came late all the time.
async fn long_ago(name: &'static str, relay: &murmel_net::EmbeddedRelay, seconds: i64) -> Person {
    let mut person = Person::named(name, &[relay.url().to_string()]);
    person.clock = Clock::system();
    person.clock.shift(-seconds);
    person.housekeeping.look_back_first = Duration::from_millis(500);
    person.housekeeping.look_back_every = Duration::from_millis(500);
    person.begin().await;
    person.set_up().await;
    person
}

/// Who invites has no network for days after the group has taken the change: the invitation has its old date, and no cursor reaches back so far.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_comes_days_late_arrives() {
    const LATE: i64 = 6 * 24 * 3600;
    let relay = relay().await;
    let (anna, mut ben) = (long_ago("Anna", &relay, LATE).await, long_ago("Ben", &relay, LATE).await);
    later(&mut ben, LATE).await;
    anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
}

/// Further back than what is read again: comparing the gift wraps that the relay has with those that were finished finds it.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_comes_later_still_arrives_where_the_relay_compares_sets() {
    const LATE: i64 = 12 * 24 * 3600;
    let relay = relay().await;
    let (anna, mut ben) = (long_ago("Anna", &relay, LATE).await, long_ago("Ben", &relay, LATE).await);
    anna.create_group("Shed", &[&ben]).await;
    ben.request("Shed").await;
    later(&mut ben, LATE).await;
    anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
}

/// The clock goes on, and no cursor stays where it was.
async fn later(person: &mut Person, seconds: i64) {
    person.clock.shift(seconds);
    for _ in 0..2 {
        person.stop().await;
        person.start().await;
        assert!(person.client().settle(common::DEADLINE).await.unwrap().caught_up);
    }
}

/// Three weeks after it was written: no cursor reaches back so far, comparing what the relay has with what is here does.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_weeks_late_arrives_where_the_relay_compares_sets() {
    const LATE: i64 = 21 * 24 * 3600;
    let relay = relay().await;
    let (anna, mut ben) = (long_ago("Anna", &relay, LATE).await, long_ago("Ben", &relay, LATE).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    ben.say(&chat, "then").await;
    anna.hears(&chat, "then").await;
    ben.clock.shift(LATE);
    ben.say(&chat, "now").await;
    anna.hears(&chat, "now").await;
    ben.stop().await;
    ben.start().await;
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    ben.stop().await;
    anna.say(&chat, "written long ago").await;
    anna.sent(&chat, "written long ago").await;
    ben.start().await;
    let late = ben.hears(&chat, "written long ago").await;
    let now = find(&messages(ben.client(), &chat).await, "now").unwrap();
    assert!(late.at + 20 * 24 * 3600 < now.at, "it carries its old date");
}

/// A row as far as everybody has to see it alike.
fn seen(row: &MessageView) -> String {
    match &row.kind {
        MessageKind::Text { edited, deleted, quote, reactions, .. } => {
            let reactions: Vec<_> = reactions.iter().map(|one| (&one.emoji, one.count)).collect();
            format!("{} {:?} {edited} {deleted} {quote:?} {reactions:?}", row.sender, text_of(row))
        }
        MessageKind::System { event } => format!("{} {event:?}", row.sender),
    }
}

async fn sees(person: &Person, chat: &str) -> (Vec<String>, Vec<String>) {
    let rows = messages(person.client(), chat).await;
    let (texts, system): (Vec<_>, Vec<_>) = rows.iter().partition(|row| matches!(row.kind, MessageKind::Text { .. }));
    // All of it happens within a second or two, in which the order is that of arrival.
    let sorted = |rows: Vec<&MessageView>| {
        let mut all: Vec<_> = rows.into_iter().map(seen).collect();
        all.sort();
        all
    };
    (sorted(texts), sorted(system))
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_and_replay_paths_project_identically() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let mut carl = Person::new("Carl", &relays).await;
    let chat = anna.create_group("Garden", &[&ben, &carl]).await;
    ben.accept("Garden").await;
    carl.accept("Garden").await;
    anna.say(&chat, "first").await;
    carl.hears(&chat, "first").await;
    carl.stop().await;

    // Everything that a row can go through, one after the other, so that Ben takes it in as it happens.
    let first = ben.hears(&chat, "first").await;
    let reply = murmel_ipc::SendMessage { chat: chat.clone(), text: "an answer".into(), reply_to: Some(first.id) };
    ben.client().send(reply).await.unwrap();
    let answer = anna.hears(&chat, "an answer").await;
    anna.client().react(answer.id, "\u{1f44d}").await.unwrap();
    anna.client().rename(&chat, "Allotment").await.unwrap();
    anna.client().describe(&chat, "Beds and bees").await.unwrap();
    let said = anna.say(&chat, "a tpyo").await;
    ben.hears(&chat, "a tpyo").await;
    anna.client().edit(said.id, "a typo").await.unwrap();
    let gone = anna.say(&chat, "said too much").await;
    ben.hears(&chat, "said too much").await;
    anna.client().delete_message(gone.id).await.unwrap();
    anna.say(&chat, "last").await;
    ben.hears(&chat, "last").await;
    anna.client().settle(common::DEADLINE).await.unwrap();

    carl.start().await;
    carl.hears(&chat, "last").await;
    assert!(carl.client().settle(common::DEADLINE).await.unwrap().caught_up);
    let live = ben.until("everything is here", async |_| {
        let (texts, system) = sees(&ben, &chat).await;
        texts.iter().any(|row| row.contains("a typo")).then_some((texts, system))
    });
    let live = live.await;
    assert_eq!(live, sees(&carl, &chat).await);
    assert_eq!(live.0.len(), 5, "{:?}", live.0);
}
