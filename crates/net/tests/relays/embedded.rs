//! The embedded relay, as the try-it conversation uses it.
//! Never on a fixed port.

use super::*;

#[tokio::test]
async fn the_embedded_relay_does_not_throttle_a_conversation() {
    let relay = EmbeddedRelay::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (net, mut incoming) = net(None);
    net.follow_groups(vec![GroupFeed { routing: ROUTING, relays: vec![relay.url().clone()], since: None }]).await;
    until(&mut incoming, |item| matches!(item, Incoming::CaughtUp { .. })).await;
    for nth in 0..150 {
        let answer = net.publish(Lane::Group, relay.url(), &group_message(nth), LONG).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{nth}: {answer:?}");
        until(&mut incoming, |item| matches!(item, Incoming::Event { .. })).await;
    }
    let wrap = EventBuilder::new(Kind::GiftWrap, "a".repeat(murmel_net::GIFT_WRAP_BYTES_CAP)).sign_with_keys(&Keys::generate()).unwrap();
    let answer = net.publish(Lane::Inbox, relay.url(), &wrap, LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    let fetched = net.fetch(Lane::Inbox, std::slice::from_ref(relay.url()), Filter::new().kind(Kind::GiftWrap), LONG).await;
    assert_eq!(fetched.events, [wrap]);
}

#[tokio::test]
async fn the_embedded_relay_says_when_its_port_is_taken() {
    let first = EmbeddedRelay::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let port = first.url().as_str().rsplit(':').next().unwrap().parse().unwrap();
    let second = EmbeddedRelay::start(std::net::SocketAddr::from(([127, 0, 0, 1], port))).await;
    assert!(second.unwrap_err().to_string().contains("choose another port"));
}
