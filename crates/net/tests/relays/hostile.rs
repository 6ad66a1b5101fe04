//! Relays that lie, flood or ask who we are, and addresses that must not be dialled.
//! Never lets any of it through.

use super::*;

#[tokio::test]
async fn an_address_that_the_policy_forbids_is_not_dialled() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = Net::new(NetOptions::default());
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::NotDialled { .. }), "{answer:?}");
    let fetched = net.fetch(Lane::Group, &[address(&relay)], Filter::new(), LONG).await;
    assert_eq!(fetched.failed.len(), 1);
    net.follow_groups(feed(&[&relay])).await;
    assert!(matches!(next(&mut incoming).await, Incoming::Refused { feed: Feed::Group(ROUTING), .. }));
    assert_eq!((relay.connections(), relay.heard().len()), (0, 0));
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_means_no_connection_at_all() {
    let relay = FaultyRelay::start().await.unwrap();
    let gone = FaultyRelay::start().await.unwrap();
    gone.stop().await;
    let proxy = gone.url().trim_start_matches("ws://").parse().unwrap();
    let (net, _incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, route: through(proxy), ..NetOptions::default() });
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Unreachable { .. }), "{answer:?}");
    assert!(relay.heard().is_empty());
}

/// A SOCKS5 proxy (RFC 1928) that leads every connection to one place and says which host was asked for.
pub async fn proxy_to(target: String) -> (std::net::SocketAddr, Receiver<String>) {
    let (at, hosts, _) = naming_proxy(target).await;
    (at, hosts)
}

/// As [`proxy_to`]; where a name is offered (RFC 1929), it says which.
async fn naming_proxy(target: String) -> (std::net::SocketAddr, Receiver<String>, Receiver<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (asked, hosts) = tokio::sync::mpsc::channel(8);
    let (told, names) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut greeting = [0; 2];
            stream.read_exact(&mut greeting).await.unwrap();
            let mut methods = vec![0; usize::from(greeting[1])];
            stream.read_exact(&mut methods).await.unwrap();
            if methods.contains(&2) {
                stream.write_all(&[5, 2]).await.unwrap();
                let mut parts = Vec::new();
                assert_eq!(stream.read_u8().await.unwrap(), 1);
                for _ in 0..2 {
                    let mut part = vec![0; usize::from(stream.read_u8().await.unwrap())];
                    stream.read_exact(&mut part).await.unwrap();
                    parts.push(String::from_utf8(part).unwrap());
                }
                told.try_send(parts.remove(0)).unwrap();
                stream.write_all(&[1, 0]).await.unwrap();
            } else {
                stream.write_all(&[5, 0]).await.unwrap();
            }
            let mut head = [0; 5];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(head[3], 3, "the proxy was given an address and not a name");
            let mut host = vec![0; usize::from(head[4]) + 2];
            stream.read_exact(&mut host).await.unwrap();
            host.truncate(usize::from(head[4]));
            asked.send(String::from_utf8(host).unwrap()).await.unwrap();
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let mut onward = tokio::net::TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut onward).await });
        }
    });
    (at, hosts, names)
}

#[tokio::test]
async fn a_proxy_resolves_the_names_so_that_none_leaks_to_the_local_resolver() {
    let relay = FaultyRelay::start().await.unwrap();
    let (proxy, mut hosts) = proxy_to(relay.url().trim_start_matches("ws://").to_owned()).await;
    let (net, _incoming) = Net::new(NetOptions { route: through(proxy), ..NetOptions::default() });
    let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
    let to = RelayAddress::parse(&format!("ws://{onion}:7777")).unwrap();
    let answer = net.publish(Lane::Group, &to, &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    assert_eq!(hosts.recv().await.unwrap(), onion);
}

#[tokio::test]
async fn a_proxy_that_goes_down_never_means_a_direct_connection() {
    let relay = FaultyRelay::start().await.unwrap();
    let gone = FaultyRelay::start().await.unwrap();
    gone.stop().await;
    let proxy = gone.url().trim_start_matches("ws://").parse().unwrap();
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    let heard = relay.heard().len();
    // The open connection ends with the change, and no other one comes up in its place.
    net.set_route(through(proxy)).await;
    until(&mut incoming, |item| matches!(item, Incoming::Disconnected { .. })).await;
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(&answer, Answer::Unreachable { detail } if detail.contains("proxy")), "{answer:?}");
    net.set_route(Route::Closed).await;
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Unreachable { .. }), "{answer:?}");
    assert_eq!((relay.connections(), relay.heard().len()), (0, heard));
    assert!(relay.answers().is_empty());

    net.set_route(Route::Direct).await;
    let answer = net.publish(Lane::Group, &address(&relay), &group_message(0), LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
}

#[tokio::test]
async fn accounts_and_lanes_are_told_apart_to_the_proxy_and_to_nobody_else() {
    let relay = FaultyRelay::start().await.unwrap();
    let (proxy, mut hosts, mut names) = naming_proxy(relay.url().trim_start_matches("ws://").to_owned()).await;
    let route = |name: &str| Route::Proxy(Proxy { address: proxy, isolation: Some(name.to_owned()) });
    let to = RelayAddress::parse("ws://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion:7777").unwrap();
    let mut told = HashSet::new();
    for account in ["one", "two"] {
        let (net, _incoming) = Net::new(NetOptions { route: route(account), ..NetOptions::default() });
        for lane in [Lane::Inbox, Lane::Group] {
            net.publish(lane, &to, &group_message(0), LONG).await;
            hosts.recv().await.unwrap();
            told.insert(names.recv().await.unwrap());
        }
    }
    assert_eq!(told, ["one-inbox", "one-group", "two-inbox", "two-group"].map(str::to_owned).into());
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
        let tag = Tag::custom(TagKind::SingleLetter(SingleLetterTag::lowercase(Alphabet::H)), [hex::encode(ROUTING)]);
        EventBuilder::new(Kind::MlsGroupMessage, "a".repeat(70_000)).tag(tag).sign_with_keys(&Keys::generate()).unwrap()
    };
    let good = honest.clone();
    relay.lie(move |id| {
        let event = |event: &Event| format!(r#"["EVENT","{id}",{}]"#, event.as_json());
        let stranger = format!(r#"["EVENT","another",{}]"#, good.as_json());
        let garbage = ["{", "[]", r#"["EVENT"]"#, r#"["EVENT","x",{}]"#, r#"["NOTICE",7]"#].map(str::to_owned);
        let deep = format!(r#"["EVENT","{id}",{}{}]"#, "[".repeat(10_000), "]".repeat(10_000));
        let huge = format!(r#"["NOTICE","{}"]"#, "a".repeat(1_000_000));
        let lies = [event(&other_group), event(&other_kind), event(&forged), event(&too_large), stranger, deep, huge];
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
async fn a_giant_frame_costs_one_connection_and_no_message() {
    let relay = FaultyRelay::start().await.unwrap();
    let (net, mut incoming) = net(None);
    net.follow_groups(feed(&[&relay])).await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    relay.say(&format!(r#"["NOTICE","{}"]"#, "a".repeat(murmel_net::FRAME_BYTES_CAP)));
    let message = group_message(1);
    relay.store(message.clone());
    until(&mut incoming, |item| matches!(item, Incoming::Disconnected { .. })).await;
    until(&mut incoming, |item| matches!(item, Incoming::Event { event, .. } if **event == message)).await;
}

#[tokio::test]
async fn the_group_lane_never_authenticates() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.demand_auth();
    let (net, mut incoming) = net(Some(Keys::generate()));
    let to = address(&relay);
    let answer = net.publish(Lane::Group, &to, &group_message(0), LONG).await;
    assert!(matches!(&answer, Answer::Refused { detail } if detail.starts_with("auth-required")), "{answer:?}");
    let fetched = net.fetch(Lane::Group, std::slice::from_ref(&to), Filter::new(), LONG).await;
    assert!(fetched.failed[0].1.starts_with("auth-required"));
    net.follow_groups(feed(&[&relay])).await;
    until(&mut incoming, |item| matches!(item, Incoming::Refused { .. })).await;
    assert!(!relay.heard().contains(&"AUTH".to_owned()), "{:?}", relay.heard());
    let status = net.status().await.remove(0);
    assert_eq!((status.lane, status.auth), (Lane::Group, Auth::Withheld));
    assert!(status.last_fault.unwrap().0.starts_with("This relay wants to know who you are. Relays of groups are never told"));
}

#[tokio::test]
async fn the_inbox_lane_authenticates_and_then_goes_on() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.demand_auth();
    let account = Keys::generate();
    let wrap =
        EventBuilder::new(Kind::GiftWrap, "sealed").tag(Tag::public_key(account.public_key())).sign_with_keys(&Keys::generate()).unwrap();
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
    assert_eq!(net.status().await[0].auth, Auth::Given);
}
