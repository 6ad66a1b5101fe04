//! People who were away: offline, restarted, killed, or flooded with nonsense.
//!
//! `MURMEL_MISSED_MESSAGES` asks for so many messages that were missed, in place of the few of the short form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod common;

use std::time::{Duration, Instant};

use common::{Person, members, messages, relay, relay_at, text_of};
use murmel_ipc as ipc;
use murmel_net::{Answer, DialPolicy, Lane, Net, NetOptions, RelayAddress};
use murmel_sim::faulty_relay::FaultyRelay;
use murmel_store::Purpose;
use nostr::{EventBuilder, Filter, Keys, Kind, Tag, Timestamp};

async fn pair() -> (murmel_net::EmbeddedRelay, Person, Person, String) {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    anna.say(&chat, "first").await;
    ben.hears(&chat, "first").await;
    (relay, anna, ben, chat)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_offline_reads_everything_in_order_after_a_restart() {
    let (_relay, anna, mut ben, chat) = pair().await;
    ben.stop().await;
    // More than a ratchet can be ahead: newest first, as relays send it, this backlog could not be read.
    let missed = std::env::var("MURMEL_MISSED_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_100);
    let texts: Vec<String> = (0..missed).map(|number| format!("message {number}")).collect();
    let patience = common::DEADLINE.max(Duration::from_millis(20) * missed);
    let begun = Instant::now();
    for (number, text) in texts.iter().enumerate() {
        anna.say(&chat, text).await;
        if number == 1_050 {
            anna.client().rename(&chat, "Orchard").await.unwrap();
        }
        if number % 5_000 == 4_999 {
            // An outbox does not hold any number.
            anna.client().settle(patience).await.unwrap();
        }
    }
    anna.sent(&chat, texts.last().unwrap()).await;
    anna.client().settle(patience).await.unwrap();

    let (said, begun) = (begun.elapsed(), Instant::now());
    ben.start().await;
    let settled = ben.client().settle(patience).await.unwrap();
    println!("{missed} messages: said after {said:.1?}, caught up after {:.1?}", begun.elapsed());
    assert!(settled.caught_up);
    assert_eq!(ben.texts(&chat).await.len(), texts.len() + 1);
    // Sent within a few seconds, so the order inside a second is that of arrival; nothing is missing and nothing is there twice.
    let mut got = ben.texts(&chat).await;
    got.sort();
    let mut expected: Vec<String> = texts.clone();
    expected.push("first".into());
    expected.sort();
    assert_eq!(got, expected);
    assert_eq!(ben.client().group(&chat).await.unwrap().name, "Orchard");
    // And the conversation goes on.
    ben.say(&chat, "I am back").await;
    anna.hears(&chat, "I am back").await;
}

/// Ben misses more than a ratchet can be ahead, said over hours, on this relay, and reads at most a hundred events at once.
async fn catches_up_slice_by_slice(relay: String) {
    let (anna, mut ben) = (Person::new("Anna", std::slice::from_ref(&relay)).await, Person::new("Ben", &[relay]).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    anna.say(&chat, "first").await;
    ben.hears(&chat, "first").await;
    ben.stop().await;
    let texts: Vec<String> = (0..1_300).map(|number| format!("message {number}")).collect();
    for (number, text) in texts.iter().enumerate() {
        anna.clock.shift(if number % 300 == 0 { 3_600 } else { 10 });
        anna.say(&chat, text).await;
    }
    anna.sent(&chat, texts.last().unwrap()).await;
    anna.client().settle(common::DEADLINE).await.unwrap();

    ben.clock.shift(i64::try_from(anna.clock.now() - ben.clock.now()).unwrap());
    ben.housekeeping.slice = 100;
    ben.start().await;
    assert!(ben.client().settle(common::DEADLINE).await.unwrap().caught_up);
    let mut expected = texts;
    expected.insert(0, "first".into());
    assert_eq!(ben.texts(&chat).await, expected);
    ben.say(&chat, "I am back").await;
    anna.hears(&chat, "I am back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_absence_is_caught_up_with_slice_by_slice_where_a_relay_compares_sets() {
    let relay = relay().await;
    catches_up_slice_by_slice(relay.url().to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_absence_is_caught_up_with_slice_by_slice_where_a_relay_compares_none_and_sends_short_pages() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.page(30);
    catches_up_slice_by_slice(relay.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hangs_up_again_and_again_is_read_to_the_end() {
    let relay = FaultyRelay::start().await.unwrap();
    let relays = [relay.url()];
    let (anna, mut ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    anna.say(&chat, "first").await;
    ben.hears(&chat, "first").await;
    ben.stop().await;
    let texts: Vec<String> = (0..300).map(|number| format!("message {number}")).collect();
    for text in &texts {
        anna.clock.shift(600);
        anna.say(&chat, text).await;
    }
    anna.client().settle(common::DEADLINE).await.unwrap();

    // All of it takes fifteen pages, and a connection lives for eight.
    relay.page(20);
    relay.hang_up_after(8);
    ben.clock.shift(i64::try_from(anna.clock.now() - ben.clock.now()).unwrap());
    ben.housekeeping.slice = 100;
    ben.start().await;
    ben.until("everything has arrived", async |_| (ben.texts(&chat).await.len() == 301).then_some(())).await;
    assert_eq!(ben.texts(&chat).await[1..], texts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_dropped_without_a_close_goes_on_where_it_was() {
    let (_relay, mut anna, ben, chat) = pair().await;
    anna.say(&chat, "before").await;
    anna.kill();
    anna.start().await;
    ben.hears(&chat, "before").await;
    assert_eq!(anna.texts(&chat).await, ["first", "before"]);
    anna.say(&chat, "after").await;
    ben.hears(&chat, "after").await;
    ben.say(&chat, "answer").await;
    anna.hears(&chat, "answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_stage_and_confirm_finishes_the_change_after_the_restart() {
    let (relay, mut anna, ben, chat) = pair().await;
    let address = relay.url().as_str().trim_start_matches("ws://").trim_end_matches('/').parse().unwrap();
    relay.stop().await;
    let waiting = {
        let (client, chat) = (anna.client().clone(), chat.clone());
        tokio::spawn(async move { client.rename(&chat, "Orchard").await })
    };
    anna.until("the change waits for a relay", async |client| {
        let network = client.subscribe().await.unwrap().snapshot.network;
        (network.outbox > 0).then_some(())
    })
    .await;
    assert_eq!(anna.client().group(&chat).await.unwrap().name, "Garden");
    waiting.abort();
    let _ = waiting.await;
    anna.kill();

    let _relay = relay_at(address).await;
    anna.start().await;
    anna.sees(&chat, "has renamed the group", |group| group.name == "Orchard").await;
    ben.sees(&chat, "sees the new name", |group| group.name == "Orchard").await;
    anna.say(&chat, "still here").await;
    ben.hears(&chat, "still here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_relays_answer_and_the_merge_merges_after_the_restart() {
    let (relay, mut anna, _ben, chat) = pair().await;
    relay.stop().await;
    let waiting = {
        let (client, chat) = (anna.client().clone(), chat.clone());
        tokio::spawn(async move { client.rename(&chat, "Orchard").await })
    };
    anna.until("the change waits for a relay", async |client| {
        (client.subscribe().await.unwrap().snapshot.network.outbox > 0).then_some(())
    })
    .await;
    waiting.abort();
    let _ = waiting.await;
    anna.kill();
    // The answer is recorded, and then the program dies.
    let db = anna.database().await;
    let recorded = db.write(|tx, ()| {
        let due = tx.due(u64::MAX / 2, 100)?;
        let commit = due.iter().find(|due| tx.outbox(due.outbox).unwrap().unwrap().purpose == Purpose::Commit).unwrap();
        tx.record_answer(commit.outbox, &commit.relay, murmel_store::Answer::Accepted, "", 1, None)
    });
    assert!(recorded.await.unwrap().changed);
    db.close().await;

    anna.start().await;
    anna.sees(&chat, "has renamed the group", |group| group.name == "Orchard").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_written_without_a_relay_go_out_when_one_is_back() {
    let (relay, anna, ben, chat) = pair().await;
    let address = relay.url().as_str().trim_start_matches("ws://").trim_end_matches('/').parse().unwrap();
    relay.stop().await;
    let queued = anna.say(&chat, "into the void").await;
    assert_eq!(queued.state, ipc::MessageState::Queued);
    let _relay = relay_at(address).await;
    ben.hears(&chat, "into the void").await;
    anna.sent(&chat, "into the void").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_never_starves_what_follows() {
    let (relay, anna, ben, chat) = pair().await;
    let (net, _incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, ..NetOptions::default() });
    let address: RelayAddress = relay.url().clone();
    let all = Filter::new().kind(Kind::MlsGroupMessage);
    let seen = net.fetch(Lane::Group, std::slice::from_ref(&address), all, Duration::from_secs(10)).await;
    let real = seen.events.first().unwrap().clone();
    let routing = real.tags.iter().find(|tag| tag.as_slice()[0] == "h").unwrap().as_slice()[1].clone();

    let h = Tag::parse(["h", &routing]).unwrap();
    let now = Timestamp::now();
    let build = |content: &str, tags: Vec<Tag>, at: Timestamp| {
        EventBuilder::new(Kind::MlsGroupMessage, content).tags(tags).custom_created_at(at).sign_with_keys(&Keys::generate()).unwrap()
    };
    let mut garbage = vec![
        build("", vec![h.clone()], now),
        build("not base64 at all", vec![h.clone()], now),
        build("AAAA", vec![h.clone()], now),
        build(&"A".repeat(60_000), vec![h.clone()], now),
        build(&real.content, vec![h.clone(), Tag::parse(["x", "y"]).unwrap()], now),
        // The same MLS bytes in another envelope.
        build(&real.content, vec![h.clone()], now),
        build("AAAA", vec![h.clone()], Timestamp::from_secs(now.as_secs() + 600)),
    ];
    garbage.extend((0..300).map(|number| build(&format!("{number:0>64}AAAAAAAAAAAAAAAAAAAA"), vec![h.clone()], now)));
    for event in &garbage {
        let answer = net.publish(Lane::Group, &address, event, Duration::from_secs(10)).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    }
    // Gift wraps that hold nothing.
    let ben_key = nostr::PublicKey::parse(&ben.npub).unwrap();
    for _ in 0..20 {
        let wrap = EventBuilder::new(Kind::GiftWrap, "garbage").tag(Tag::public_key(ben_key)).sign_with_keys(&Keys::generate()).unwrap();
        net.publish(Lane::Group, &address, &wrap, Duration::from_secs(10)).await;
    }
    anna.say(&chat, "after the garbage").await;
    ben.hears(&chat, "after the garbage").await;
    anna.client().rename(&chat, "Orchard").await.unwrap();
    ben.sees(&chat, "sees the new name", |group| group.name == "Orchard").await;
    ben.say(&chat, "heard").await;
    anna.hears(&chat, "heard").await;
    assert_eq!(ben.texts(&chat).await, ["first", "after the garbage", "heard"]);
    assert_eq!(ben.client().requests().await.unwrap(), []);
    net.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_timestamp_cannot_deafen() {
    let (relay, anna, mut ben, chat) = pair().await;
    let (net, _incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, ..NetOptions::default() });
    let address: RelayAddress = relay.url().clone();
    let all = Filter::new().kind(Kind::MlsGroupMessage);
    let seen = net.fetch(Lane::Group, std::slice::from_ref(&address), all, Duration::from_secs(10)).await;
    let h = seen.events[0].tags.iter().find(|tag| tag.as_slice()[0] == "h").unwrap().clone();
    let ben_key = nostr::PublicKey::parse(&ben.npub).unwrap();
    let future = Timestamp::from_secs(Timestamp::now().as_secs() + 50 * 365 * 24 * 3600);
    for (kind, tag) in [(Kind::MlsGroupMessage, h), (Kind::GiftWrap, Tag::public_key(ben_key))] {
        let event = EventBuilder::new(kind, "AAAA").tag(tag).custom_created_at(future).sign_with_keys(&Keys::generate()).unwrap();
        let answer = net.publish(Lane::Group, &address, &event, Duration::from_secs(10)).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    }
    anna.say(&chat, "behind the future").await;
    ben.hears(&chat, "behind the future").await;
    ben.stop().await;
    anna.say(&chat, "while you were away").await;
    anna.create_group("Second", &[&ben]).await;
    anna.client().settle(common::DEADLINE).await.unwrap();
    ben.start().await;
    ben.hears(&chat, "while you were away").await;
    ben.accept("Second").await;
    net.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_capped_and_a_place_that_becomes_free_is_used() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, mut ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    for number in 0..53 {
        anna.create_group(&format!("Group {number}"), &[&ben]).await;
    }
    anna.client().settle(common::DEADLINE).await.unwrap();
    ben.until("the list is full", async |client| (client.requests().await.unwrap().len() == 50).then_some(())).await;
    // What did not fit comes again once there is room.
    for request in ben.client().requests().await.unwrap().iter().take(10) {
        ben.client().decline(&request.id).await.unwrap();
    }
    ben.stop().await;
    ben.start().await;
    ben.until("the rest arrives", async |client| (client.requests().await.unwrap().len() == 43).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_late_catches_up_and_sees_nothing_from_before() {
    let (_relay, anna, ben, chat) = pair().await;
    let relays = anna.relays.clone();
    let mut cleo = Person::new("Cleo", &relays).await;
    cleo.stop().await;
    anna.client().invite(&chat, vec![cleo.npub.clone()]).await.unwrap();
    anna.say(&chat, "hello Cleo").await;
    ben.sees(&chat, "sees three members", |group| members(group) == 3).await;
    ben.say(&chat, "hello from Ben").await;
    ben.sent(&chat, "hello from Ben").await;
    anna.client().rename(&chat, "Orchard").await.unwrap();
    anna.say(&chat, "renamed").await;
    anna.sent(&chat, "renamed").await;

    cleo.start().await;
    assert_eq!(cleo.accept("Garden").await, chat);
    cleo.hears(&chat, "renamed").await;
    cleo.hears(&chat, "hello from Ben").await;
    cleo.hears(&chat, "hello Cleo").await;
    let texts = cleo.texts(&chat).await;
    assert!(!texts.contains(&"first".to_owned()));
    cleo.sees(&chat, "sees the new name", |group| group.name == "Orchard").await;
    let all = messages(cleo.client(), &chat).await;
    assert!(all.is_sorted_by_key(|message| (message.cursor.at, message.cursor.tie)));
    assert_eq!(all.iter().filter(|message| text_of(message).is_some()).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_waited_for_days_still_leads_into_the_group() {
    const THREE_DAYS: i64 = 3 * 24 * 60 * 60;
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (mut anna, mut ben) = (Person::named("Anna", &relays), Person::named("Ben", &relays));
    for person in [&mut anna, &mut ben] {
        person.clock.shift(-THREE_DAYS);
        person.begin().await;
        person.set_up().await;
    }
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.request("Garden").await;
    // What he needs in order to read anything that is said today was published when he was invited.
    anna.client().rename(&chat, "Orchard").await.unwrap();
    for person in [&anna, &ben] {
        person.clock.shift(THREE_DAYS);
    }
    assert_eq!(ben.accept("Garden").await, chat);
    ben.sees(&chat, "sees the new name", |group| group.name == "Orchard").await;
    anna.say(&chat, "You took your time").await;
    ben.hears(&chat, "You took your time").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_and_invited_again_while_away_comes_back() {
    let (_relay, anna, mut ben, chat) = pair().await;
    ben.stop().await;
    anna.client().remove_member(&chat, &ben.npub).await.unwrap();
    assert_eq!(anna.client().invite(&chat, vec![ben.npub.clone()]).await.unwrap(), []);
    anna.client().settle(common::DEADLINE).await.unwrap();
    ben.start().await;
    assert_eq!(ben.accept("Garden").await, chat);
    anna.say(&chat, "Welcome back").await;
    ben.hears(&chat, "Welcome back").await;
}
