//! Look-ups and following, over restarts, short pages and overflow.
//! Never over anything but a real socket.

use super::*;

#[tokio::test]
async fn a_busy_group_does_not_crowd_out_a_quiet_one() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.page_all(60);
    for nth in 0..300 {
        relay.store(group_message_for([1; 32], 1_000 + nth));
    }
    let feeds = (0..30).map(|n| GroupFeed { routing: [n; 32], relays: vec![address(&relay)], since: None });
    for n in 2..30 {
        relay.store(group_message_for([n; 32], u64::from(n)));
    }
    let (net, mut incoming) = net(None);
    net.follow_groups(feeds.collect()).await;
    let (mut seen, mut caught_up) = (HashSet::new(), HashSet::new());
    while caught_up.len() < 30 {
        match next(&mut incoming).await {
            Incoming::Event { event, .. } => {
                seen.insert(event.id);
            }
            Incoming::CaughtUp { feed, .. } => {
                caught_up.insert(feed);
            }
            Incoming::More { feed: Feed::Group(routing), relay, .. } => {
                let part = net.fetch(Lane::Group, &[relay], of_group(routing), LONG).await;
                seen.extend(part.events.iter().map(|event| event.id));
                caught_up.insert(Feed::Group(routing));
            }
            _ => {}
        }
    }
    assert_eq!(seen.len(), 328);
}

#[tokio::test]
async fn a_look_up_asks_all_relays_and_says_which_answered() {
    let (one, two, gone) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
    gone.stop().await;
    let shared = group_message(1);
    one.store(shared.clone());
    two.store(shared.clone());
    two.store(group_message(2));
    let (net, _incoming) = net(None);
    let relays = [address(&one), address(&two), address(&gone), address(&one)];
    let fetched = net.fetch(Lane::Group, &relays, Filter::new().kind(Kind::MlsGroupMessage), LONG).await;
    assert_eq!(fetched.events.iter().map(|event| event.created_at.as_secs()).collect::<Vec<_>>(), [1_700_000_002, 1_700_000_001]);
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
    let fetched = net.fetch(Lane::Group, &[address(&relay)], Filter::new().kind(Kind::MlsGroupMessage), LONG).await;
    assert_eq!(fetched.events.len(), 333);
    let some = net.fetch(Lane::Group, &[address(&relay)], Filter::new().kind(Kind::MlsGroupMessage).limit(30), LONG).await;
    assert_eq!(some.events.len(), 30);
}

#[tokio::test]
async fn following_delivers_the_newest_that_is_stored_says_that_there_may_be_more_and_then_what_is_new() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.page(50);
    for nth in 0..420 {
        relay.store(group_message(nth));
    }
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    let mut dates = Vec::new();
    loop {
        match next(&mut incoming).await {
            Incoming::Event { event, .. } => dates.push(event.created_at),
            Incoming::More { relay: which, .. } => break assert_eq!(which, address(&relay)),
            Incoming::CaughtUp { .. } => panic!("called complete after a part"),
            _ => {}
        }
    }
    let newest: Vec<_> = (370..420).rev().map(|nth| group_message(nth).created_at).collect();
    assert_eq!(dates, newest);
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
async fn a_relay_that_cannot_be_reached_at_first_is_reported() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.stop().await;
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    assert!(matches!(next(&mut incoming).await, Incoming::Disconnected { .. }));
    relay.resume().await.unwrap();
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
}

#[tokio::test]
async fn groups_that_are_not_named_any_more_end_and_the_others_go_on() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = net(None);
    let feeds: Vec<GroupFeed> = (0..40).map(|n| GroupFeed { routing: [n; 32], relays: vec![address(&relay)], since: None }).collect();
    net.follow_groups(feeds.clone()).await;
    let mut caught_up = HashSet::new();
    while caught_up.len() < 40 {
        if let Incoming::CaughtUp { feed, .. } = next(&mut incoming).await {
            caught_up.insert(feed);
        }
    }
    let requests = relay.heard().iter().filter(|verb| *verb == "REQ").count();
    assert!(requests <= 8, "{requests} subscriptions are more than relays allow");

    net.follow_groups(feeds[20..].iter().cloned().chain([GroupFeed { routing: [99; 32], ..feeds[0].clone() }]).collect()).await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { feed: Feed::Group(routing), .. } if *routing == [99; 32])).await;
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
        EventBuilder::new(Kind::GiftWrap, "sealed").tag(Tag::public_key(to.public_key())).sign_with_keys(&Keys::generate()).unwrap()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overflow_leaves_a_gap_that_heals() {
    let relay = FaultyRelay::start().await.unwrap();
    let stored = murmel_net::INCOMING_CAP as u64 + 500;
    for nth in 0..stored {
        relay.store(group_message(nth));
    }
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    // Nobody reads until the queue has been full for longer than the patience; another publishing proves that the
    // connection is not stuck meanwhile.
    let answer = net.publish(Lane::Group, &address(&relay), &group_message_for([1; 32], 0), LONG).await;
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
    let again = net.fetch(Lane::Group, &[address(&relay)], Filter::new().kind(Kind::MlsGroupMessage), LONG).await;
    assert_eq!(again.events.len() as u64, stored + 1);
}

/// A relay that compares sets (NIP-77), with these events.
async fn comparing(events: &[Event]) -> EmbeddedRelay {
    let relay = EmbeddedRelay::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (writer, _incoming) = net(None);
    for event in events {
        assert!(matches!(writer.publish(Lane::Group, relay.url(), event, LONG).await, Answer::Accepted { .. }));
    }
    relay
}

fn of_the_group() -> Filter {
    of_group(ROUTING)
}

fn of_group(routing: [u8; 32]) -> Filter {
    Filter::new().kind(Kind::MlsGroupMessage).custom_tag(SingleLetterTag::lowercase(Alphabet::H), hex::encode(routing))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_relay_that_compares_sets_only_what_is_missing_is_read() {
    let events: Vec<Event> = (0..600).map(group_message).collect();
    let stranger = group_message_for([8; 32], 3);
    let relay = comparing(&[events.as_slice(), std::slice::from_ref(&stranger)].concat()).await;
    let (net, _incoming) = net(None);
    let have: Vec<_> = events.iter().enumerate().filter(|(nth, _)| nth % 7 != 0).map(|(_, event)| (event.id, event.created_at)).collect();
    // Nothing would come by the other way, so what comes was compared.
    let nothing = of_the_group().until(Timestamp::from(1));
    let asked = |have, at_most| net.fetch_missing(Lane::Group, relay.url(), (of_the_group(), nothing.clone()), have, at_most, LONG);
    let part = asked(have.clone(), 1_000).await;
    assert_eq!(part.ended, Ended::Whole);
    let missing: HashSet<EventId> = events.iter().step_by(7).map(|event| event.id).collect();
    assert_eq!(part.events.iter().map(|event| event.id).collect::<HashSet<_>>(), missing);

    let part = asked(have, missing.len() - 1).await;
    assert_eq!((part.events.len(), part.ended), (0, Ended::TooMuch), "more is missing than was to be held");

    let all = events.iter().map(|event| (event.id, event.created_at)).collect();
    let part = asked(all, 1_000).await;
    assert_eq!((part.events.len(), part.ended), (0, Ended::Whole), "nothing is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_compares_no_sets_is_read_page_by_page() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.page(100);
    let events: Vec<Event> = (0..350).map(group_message).collect();
    events.iter().cloned().for_each(|event| relay.store(event));
    let (net, _incoming) = net(None);
    let have = vec![(events[0].id, events[0].created_at)];
    let (filters, relay_address) = ((of_the_group(), of_the_group()), address(&relay));
    let asked = |at_most| net.fetch_missing(Lane::Group, &relay_address, filters.clone(), have.clone(), at_most, LONG);
    let part = asked(1_000).await;
    // Pages overlap by the event at their edge.
    assert_eq!(part.events.iter().map(|event| event.id).collect::<HashSet<_>>().len(), 350);
    assert_eq!(part.ended, Ended::Whole);
    let part = asked(120).await;
    assert_eq!((part.events.len(), part.ended), (120, Ended::TooMuch));
    assert_eq!(relay.heard().iter().filter(|verb| *verb == "NEG-OPEN").count(), 1, "what it does not know it is not asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_compares_nonsense_is_read_all_the_same() {
    let relay = FaultyRelay::start().await.unwrap();
    let events: Vec<Event> = (0..5).map(group_message).collect();
    events.iter().cloned().for_each(|event| relay.store(event));
    for answer in ["zz", "", "61", "ff00", &"61".repeat(50_000)] {
        let answer = answer.to_owned();
        relay.compare(move |id| format!(r#"["NEG-MSG","{id}","{answer}"]"#));
        let (net, _incoming) = net(None);
        let have = vec![(events[0].id, events[0].created_at)];
        let part = net.fetch_missing(Lane::Group, &address(&relay), (of_the_group(), of_the_group()), have, 1_000, LONG).await;
        assert!(part.events.len() == 5 || (part.events.is_empty() && part.ended == Ended::Whole));
    }
}

#[tokio::test]
async fn connections_that_may_be_dead_are_made_anew_at_once_and_nothing_is_missed() {
    let relay = FaultyRelay::start().await.unwrap();
    // A pause that the test would not outlive: what comes back has not waited for it.
    let pace = Pace { redial_first: LONG * 4, redial_cap: LONG * 4, ..Pace::default() };
    let (net, mut incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, pace, ..NetOptions::default() });
    net.follow_groups(feed(&[&relay])).await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    net.redial().await;
    until(&mut incoming, |item| matches!(item, Incoming::Disconnected { .. })).await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    let event = group_message(1);
    let answer = net.publish(Lane::Group, &address(&relay), &event, LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    until(&mut incoming, |item| matches!(item, Incoming::Event { event: came, .. } if came.id == event.id)).await;
}
