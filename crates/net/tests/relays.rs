//! Real sockets on loopback: publishing, reading, following, and relays that fail or lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../sim/src/faulty_relay.rs"]
#[allow(dead_code)]
mod faulty_relay;

use std::collections::HashSet;
use std::time::Duration;

use faulty_relay::{Fault, FaultyRelay};
use murmel_net::{Answer, DialPolicy, EmbeddedRelay, Feed, GroupFeed, Incoming, Lane, Net, NetOptions, Pace, RelayAddress};
use nostr::{Alphabet, Event, EventBuilder, EventId, Filter, JsonUtil, Keys, Kind, SingleLetterTag, Tag, TagKind, Timestamp};
use tokio::sync::mpsc::Receiver;

const ROUTING: [u8; 32] = [7; 32];
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

fn net(auth: Option<Keys>) -> (Net, Receiver<Incoming>) {
    let pace = Pace {
        redial_first: Duration::from_millis(20),
        queue_patience: Duration::from_millis(20),
        ..Pace::default()
    };
    Net::new(NetOptions {
        dial: DialPolicy::AllowLoopback,
        auth,
        pace,
        ..NetOptions::default()
    })
}

fn address(relay: &FaultyRelay) -> RelayAddress {
    RelayAddress::parse(&relay.url()).unwrap()
}

fn group_message(nth: u64) -> Event {
    group_message_for(ROUTING, nth)
}

fn group_message_for(routing: [u8; 32], nth: u64) -> Event {
    let tag = Tag::custom(
        TagKind::SingleLetter(SingleLetterTag::lowercase(Alphabet::H)),
        [hex::encode(routing)],
    );
    EventBuilder::new(Kind::MlsGroupMessage, format!("message {nth}"))
        .tag(tag)
        .custom_created_at(Timestamp::from(1_700_000_000 + nth))
        .sign_with_keys(&Keys::generate())
        .unwrap()
}

fn feed(relays: &[&FaultyRelay]) -> Vec<GroupFeed> {
    vec![GroupFeed {
        routing: ROUTING,
        relays: relays.iter().map(|relay| address(relay)).collect(),
        since: None,
    }]
}

async fn next(incoming: &mut Receiver<Incoming>) -> Incoming {
    tokio::time::timeout(LONG, incoming.recv())
        .await
        .expect("nothing came in")
        .expect("the network is gone")
}

async fn until(incoming: &mut Receiver<Incoming>, wanted: impl Fn(&Incoming) -> bool) -> Incoming {
    loop {
        let item = next(incoming).await;
        if wanted(&item) {
            return item;
        }
    }
}

async fn until_caught_up(incoming: &mut Receiver<Incoming>) -> Vec<EventId> {
    let mut seen = Vec::new();
    loop {
        match next(incoming).await {
            Incoming::Event { event, .. } => seen.push(event.id),
            Incoming::CaughtUp { .. } => return seen,
            _ => {}
        }
    }
}

#[tokio::test]
async fn every_kind_of_answer_is_told_apart() {
    let script = vec![
        Fault::Ok,
        Fault::OkFalse("blocked: not here".to_owned()),
        Fault::Silent,
        Fault::SilentDrop,
        Fault::Disconnect,
        Fault::DisconnectAfterStore,
        Fault::OkFalse("duplicate: have it".to_owned()),
    ];
    let relay = FaultyRelay::with_script(script.clone()).await.unwrap();
    let (net, _incoming) = net(None);
    let mut answers = Vec::new();
    for nth in 0..7 {
        let patience = if matches!(script[nth], Fault::Silent | Fault::SilentDrop) {
            SHORT
        } else {
            LONG
        };
        answers.push(
            net.publish(Lane::Group, &address(&relay), &group_message(nth as u64), patience)
                .await,
        );
    }
    assert_eq!(answers[0], Answer::Accepted { detail: String::new() });
    assert_eq!(
        answers[1],
        Answer::Refused {
            detail: "blocked: not here".to_owned()
        }
    );
    assert_eq!(answers[2], Answer::TimedOut);
    assert_eq!(answers[3], Answer::TimedOut);
    assert!(matches!(answers[4], Answer::Unreachable { .. }), "{:?}", answers[4]);
    assert!(matches!(answers[5], Answer::Unreachable { .. }), "{:?}", answers[5]);
    assert_eq!(
        answers[6],
        Answer::Accepted {
            detail: "duplicate: have it".to_owned()
        }
    );
    assert_eq!(relay.answers().iter().map(|(_, fault)| fault.clone()).collect::<Vec<_>>(), script);
    assert_eq!(relay.events().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_publishings_at_once_each_get_their_own_answer() {
    let refused = || Fault::OkFalse("blocked: even".to_owned());
    let relay = FaultyRelay::with_choice(move |event, _| {
        if event.created_at.as_secs() % 2 == 0 {
            refused()
        } else {
            Fault::Ok
        }
    })
    .await
    .unwrap();
    let (net, _incoming) = net(None);
    let to = address(&relay);
    let publishing = (0..1_000).map(|nth| {
        let (net, to) = (net.clone(), to.clone());
        tokio::spawn(async move { (nth, net.publish(Lane::Group, &to, &group_message(nth), LONG).await) })
    });
    for task in publishing.collect::<Vec<_>>() {
        let (nth, answer) = task.await.unwrap();
        assert_eq!(matches!(answer, Answer::Accepted { .. }), nth % 2 == 1, "{nth}: {answer:?}");
    }
    assert_eq!(relay.events().len(), 500);
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_unreachable_and_later_found() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.stop().await;
    let (net, _incoming) = net(None);
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Unreachable { .. }), "{answer:?}");
    relay.resume().await.unwrap();
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
}

#[tokio::test]
async fn an_address_that_the_policy_forbids_is_not_dialled() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = Net::new(NetOptions::default());
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::NotDialled { .. }), "{answer:?}");
    let fetched = net.fetch(Lane::Group, &[address(&relay)], Filter::new(), LONG).await;
    assert_eq!(fetched.failed.len(), 1);
    net.follow_groups(feed(&[&relay])).await;
    assert!(matches!(
        next(&mut incoming).await,
        Incoming::Refused {
            feed: Feed::Group(ROUTING),
            ..
        }
    ));
    assert_eq!((relay.connections(), relay.heard().len()), (0, 0));
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_means_no_connection_at_all() {
    let relay = FaultyRelay::start().await.unwrap();
    let gone = FaultyRelay::start().await.unwrap();
    gone.stop().await;
    let proxy = gone.url().trim_start_matches("ws://").parse().unwrap();
    let (net, _incoming) = Net::new(NetOptions {
        dial: DialPolicy::AllowLoopback,
        proxy: Some(proxy),
        ..NetOptions::default()
    });
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Unreachable { .. }), "{answer:?}");
    assert!(relay.heard().is_empty());
}

#[tokio::test]
async fn a_look_up_asks_all_relays_and_says_which_answered() {
    let (one, two, gone) = (
        FaultyRelay::start().await.unwrap(),
        FaultyRelay::start().await.unwrap(),
        FaultyRelay::start().await.unwrap(),
    );
    gone.stop().await;
    let shared = group_message(1);
    one.store(shared.clone());
    two.store(shared.clone());
    two.store(group_message(2));
    let (net, _incoming) = net(None);
    let relays = [address(&one), address(&two), address(&gone), address(&one)];
    let fetched = net
        .fetch(Lane::Group, &relays, Filter::new().kind(Kind::MlsGroupMessage), LONG)
        .await;
    assert_eq!(
        fetched.events.iter().map(|event| event.created_at.as_secs()).collect::<Vec<_>>(),
        [1_700_000_002, 1_700_000_001]
    );
    assert_eq!(fetched.complete.len(), 2);
    assert_eq!(fetched.failed.len(), 1);
    assert_eq!(fetched.failed[0].0, address(&gone));
}

#[tokio::test]
async fn a_look_up_reads_on_when_a_relay_cuts_its_answers_short() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.page(50);
    for nth in 0..333 {
        relay.store(group_message(nth / 2));
    }
    let (net, _incoming) = net(None);
    let fetched = net
        .fetch(Lane::Group, &[address(&relay)], Filter::new().kind(Kind::MlsGroupMessage), LONG)
        .await;
    assert_eq!(fetched.events.len(), 333);
    let some = net
        .fetch(
            Lane::Group,
            &[address(&relay)],
            Filter::new().kind(Kind::MlsGroupMessage).limit(30),
            LONG,
        )
        .await;
    assert_eq!(some.events.len(), 30);
}

#[tokio::test]
async fn following_delivers_everything_stored_page_by_page_and_then_what_is_new() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.page(50);
    for nth in 0..420 {
        relay.store(group_message(nth));
    }
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    let seen: HashSet<EventId> = until_caught_up(&mut incoming).await.into_iter().collect();
    assert_eq!(seen.len(), 420);
    let fresh = group_message(1_000);
    relay.store(fresh.clone());
    let item = until(&mut incoming, |item| matches!(item, Incoming::Event { .. })).await;
    assert!(matches!(item, Incoming::Event { event, .. } if *event == fresh));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_restarts_of_the_relay() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    let mut missing = HashSet::new();
    for round in 0..4 {
        for id in until_caught_up(&mut incoming).await {
            missing.remove(&id);
        }
        for nth in 0..250 {
            let message = group_message(round * 1_000 + nth);
            missing.insert(message.id);
            relay.store(message);
            if nth == 120 {
                relay.restart().await.unwrap();
            }
        }
    }
    while !missing.is_empty() {
        if let Incoming::Event { event, .. } = next(&mut incoming).await {
            missing.remove(&event.id);
        }
    }
}

#[tokio::test]
async fn a_connection_that_comes_and_goes_is_reported() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    until(&mut incoming, |item| matches!(item, Incoming::Connected { .. })).await;
    relay.stop().await;
    until(&mut incoming, |item| matches!(item, Incoming::Disconnected { .. })).await;
    let status = net.status().await;
    assert_eq!((status.len(), status[0].connected, status[0].fault.is_some()), (1, false, true));
    relay.resume().await.unwrap();
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    assert!(net.status().await[0].connected);
}

#[tokio::test]
async fn groups_that_are_not_named_any_more_end_and_the_others_go_on() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = net(None);
    let feeds: Vec<GroupFeed> = (0..40)
        .map(|n| GroupFeed {
            routing: [n; 32],
            relays: vec![address(&relay)],
            since: None,
        })
        .collect();
    net.follow_groups(feeds.clone()).await;
    let mut caught_up = HashSet::new();
    while caught_up.len() < 40 {
        if let Incoming::CaughtUp { feed, .. } = next(&mut incoming).await {
            caught_up.insert(feed);
        }
    }
    let requests = relay.heard().iter().filter(|verb| *verb == "REQ").count();
    assert!(requests <= 8, "{requests} subscriptions are more than relays allow");

    net.follow_groups(
        feeds[20..]
            .iter()
            .cloned()
            .chain([GroupFeed {
                routing: [99; 32],
                ..feeds[0].clone()
            }])
            .collect(),
    )
    .await;
    until(
        &mut incoming,
        |item| matches!(item, Incoming::CaughtUp { feed: Feed::Group(routing), .. } if *routing == [99; 32]),
    )
    .await;
    relay.store(group_message_for([5; 32], 1));
    let (kept, added) = (group_message_for([30; 32], 2), group_message_for([99; 32], 3));
    relay.store(kept.clone());
    relay.store(added.clone());
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if let Incoming::Event { event, .. } = next(&mut incoming).await {
            seen.push(event.id);
        }
    }
    assert_eq!(seen, [kept.id, added.id]);
}

#[tokio::test]
async fn the_inbox_follows_gift_wraps_for_the_account_only() {
    let relay = FaultyRelay::start().await.unwrap();
    let account = Keys::generate();
    let wrap = |to: &Keys| {
        EventBuilder::new(Kind::GiftWrap, "sealed")
            .tag(Tag::public_key(to.public_key()))
            .sign_with_keys(&Keys::generate())
            .unwrap()
    };
    let (mine, other) = (wrap(&account), wrap(&Keys::generate()));
    relay.store(other);
    relay.store(mine.clone());
    let (net, mut incoming) = net(Some(account.clone()));
    net.follow_inbox(account.public_key(), vec![address(&relay)], None).await;
    assert_eq!(until_caught_up(&mut incoming).await, [mine.id]);

    let next_account = Keys::generate();
    let theirs = wrap(&next_account);
    relay.store(theirs.clone());
    net.follow_inbox(next_account.public_key(), vec![address(&relay)], None).await;
    assert_eq!(until_caught_up(&mut incoming).await, [theirs.id]);
}

#[tokio::test]
async fn off_filter_events_never_reach_the_engine() {
    let relay = FaultyRelay::start().await.unwrap();
    let honest = group_message(1);
    let altered = {
        let mut event = honest.clone();
        event.content = "altered".to_owned();
        event
    };
    let forged = {
        let mut event = group_message(2);
        event.sig = group_message(3).sig;
        event
    };
    let other_group = group_message_for([8; 32], 4);
    let other_kind = EventBuilder::text_note("hello").sign_with_keys(&Keys::generate()).unwrap();
    let too_large = {
        let tag = Tag::custom(
            TagKind::SingleLetter(SingleLetterTag::lowercase(Alphabet::H)),
            [hex::encode(ROUTING)],
        );
        EventBuilder::new(Kind::MlsGroupMessage, "a".repeat(70_000))
            .tag(tag)
            .sign_with_keys(&Keys::generate())
            .unwrap()
    };
    let good = honest.clone();
    relay.lie(move |id| {
        let event = |event: &Event| format!(r#"["EVENT","{id}",{}]"#, event.as_json());
        let stranger = format!(r#"["EVENT","another",{}]"#, good.as_json());
        let garbage = ["{", "[]", r#"["EVENT"]"#, r#"["EVENT","x",{}]"#, r#"["NOTICE",7]"#].map(str::to_owned);
        let deep = format!(r#"["EVENT","{id}",{}{}]"#, "[".repeat(10_000), "]".repeat(10_000));
        let huge = format!(r#"["NOTICE","{}"]"#, "a".repeat(1_000_000));
        let lies = [
            event(&other_group),
            event(&other_kind),
            event(&forged),
            event(&too_large),
            stranger,
            deep,
            huge,
        ];
        // The altered one comes after the honest one, whose id is then known as verified.
        garbage.into_iter().chain(lies).chain([event(&good), event(&altered)]).collect()
    });
    let last = group_message(9);
    relay.store(last.clone());
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    let mut events = Vec::new();
    loop {
        match next(&mut incoming).await {
            Incoming::Event { event, .. } => events.push(*event),
            Incoming::CaughtUp { .. } => break,
            _ => {}
        }
    }
    assert_eq!(events, [honest, last]);
}

#[tokio::test]
async fn the_group_lane_never_authenticates() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.demand_auth();
    let (net, mut incoming) = net(Some(Keys::generate()));
    let to = address(&relay);
    let answer = net.publish(Lane::Group, &to, &group_message(0), LONG).await;
    assert!(
        matches!(&answer, Answer::Refused { detail } if detail.starts_with("auth-required")),
        "{answer:?}"
    );
    let fetched = net.fetch(Lane::Group, std::slice::from_ref(&to), Filter::new(), LONG).await;
    assert!(fetched.failed[0].1.starts_with("auth-required"));
    net.follow_groups(feed(&[&relay])).await;
    until(&mut incoming, |item| matches!(item, Incoming::Refused { .. })).await;
    assert!(!relay.heard().contains(&"AUTH".to_owned()), "{:?}", relay.heard());
}

#[tokio::test]
async fn the_inbox_lane_authenticates_and_then_goes_on() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.demand_auth();
    let account = Keys::generate();
    let wrap = EventBuilder::new(Kind::GiftWrap, "sealed")
        .tag(Tag::public_key(account.public_key()))
        .sign_with_keys(&Keys::generate())
        .unwrap();
    relay.store(wrap.clone());
    let (net, mut incoming) = net(Some(account.clone()));
    let to = address(&relay);
    net.follow_inbox(account.public_key(), vec![to.clone()], None).await;
    let message = group_message(0);
    let answers = futures_util::future::join(
        net.publish(Lane::Inbox, &to, &message, LONG),
        net.fetch(Lane::Inbox, std::slice::from_ref(&to), Filter::new().kind(Kind::GiftWrap), LONG),
    );
    let (answer, fetched) = answers.await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    assert_eq!(fetched.events, std::slice::from_ref(&wrap), "{:?}", fetched.failed);
    assert_eq!(until_caught_up(&mut incoming).await, [wrap.id]);
    assert!(relay.heard().contains(&"AUTH".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overflow_is_announced_as_a_gap_and_nothing_else_is_missing() {
    let relay = FaultyRelay::start().await.unwrap();
    let stored = murmel_net::INCOMING_CAP as u64 + 500;
    for nth in 0..stored {
        relay.store(group_message(nth));
    }
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    // Nobody reads until the queue has been full for longer than the patience; another publishing proves that the
    // connection is not stuck meanwhile.
    let answer = net
        .publish(Lane::Group, &address(&relay), &group_message_for([1; 32], 0), LONG)
        .await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    let mut seen = HashSet::new();
    loop {
        match next(&mut incoming).await {
            Incoming::Event { event, .. } => {
                seen.insert(event.id);
            }
            Incoming::Gap { relay: which, .. } => {
                assert_eq!(which, address(&relay));
                break;
            }
            Incoming::CaughtUp { .. } => panic!("called complete before the gap was announced"),
            _ => {}
        }
    }
    assert!((seen.len() as u64) < stored, "there was a gap although nothing is missing");
    // Reading again heals it.
    let again = net
        .fetch(Lane::Group, &[address(&relay)], Filter::new().kind(Kind::MlsGroupMessage), LONG)
        .await;
    assert_eq!(again.events.len() as u64, stored + 1);
}

#[tokio::test]
async fn closing_ends_what_waits() {
    let relay = FaultyRelay::with_script(vec![Fault::SilentDrop]).await.unwrap();
    let (net, _incoming) = net(None);
    let (waiting, to) = (net.clone(), address(&relay));
    let publishing = tokio::spawn(async move { waiting.publish(Lane::Group, &to, &group_message(0), LONG).await });
    while relay.answers().is_empty() {
        tokio::task::yield_now().await;
    }
    net.close().await;
    assert!(matches!(publishing.await.unwrap(), Answer::Unreachable { .. }));
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Unreachable { .. }), "{answer:?}");
}

#[tokio::test]
async fn the_embedded_relay_does_not_throttle_a_conversation() {
    let relay = EmbeddedRelay::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (net, mut incoming) = net(None);
    net.follow_groups(vec![GroupFeed {
        routing: ROUTING,
        relays: vec![relay.url().clone()],
        since: None,
    }])
    .await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    for nth in 0..150 {
        let answer = net.publish(Lane::Group, relay.url(), &group_message(nth), LONG).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{nth}: {answer:?}");
        until(&mut incoming, |item| matches!(item, Incoming::Event { .. })).await;
    }
    let wrap = EventBuilder::new(Kind::GiftWrap, "a".repeat(murmel_net::GIFT_WRAP_BYTES_CAP))
        .sign_with_keys(&Keys::generate())
        .unwrap();
    let answer = net.publish(Lane::Inbox, relay.url(), &wrap, LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    let fetched = net
        .fetch(
            Lane::Inbox,
            std::slice::from_ref(relay.url()),
            Filter::new().kind(Kind::GiftWrap),
            LONG,
        )
        .await;
    assert_eq!(fetched.events, [wrap]);
}

#[tokio::test]
async fn the_embedded_relay_says_when_its_port_is_taken() {
    let first = EmbeddedRelay::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let port = first.url().as_str().rsplit(':').next().unwrap().parse().unwrap();
    let second = EmbeddedRelay::start(std::net::SocketAddr::from(([127, 0, 0, 1], port))).await;
    assert!(second.unwrap_err().to_string().contains("choose another port"));
}
