//! What is known of each relay, and which one is asked first.
//! Never leaves a relay out.

use super::*;

#[tokio::test]
async fn every_relay_has_a_state_a_latency_its_last_error_and_a_score() {
    let (good, refusing, gone) = (
        FaultyRelay::start().await.unwrap(),
        FaultyRelay::with_script(vec![Fault::OkFalse("blocked: not you".into())]).await.unwrap(),
        FaultyRelay::start().await.unwrap(),
    );
    gone.stop().await;
    let (net, _incoming) = net(None);
    let mut changes = net.changes();
    changes.borrow_and_update();
    let all = [&good, &refusing, &gone];
    for relay in all {
        net.publish(Lane::Group, &address(relay), &group_message(0), LONG).await;
    }
    assert!(changes.has_changed().unwrap());
    let status = net.status().await;
    let of = |relay: &FaultyRelay| status.iter().find(|status| status.relay == address(relay)).unwrap().clone();
    let (good_one, refused, lost) = (of(&good), of(&refusing), of(&gone));
    assert_eq!((good_one.phase, good_one.auth, good_one.fault), (Phase::Open, Auth::None, None));
    assert!(good_one.latency.is_some() && good_one.delivered.is_some() && good_one.last_fault.is_none());
    assert!(refused.last_fault.unwrap().0.starts_with("This relay has blocked"));
    assert_eq!((lost.phase, lost.connected, lost.latency), (Phase::Resting, false, None));
    assert!(lost.next_dial.is_some() && lost.fault.unwrap().starts_with("no connection"));
    assert!(good_one.score > refused.score && good_one.score > lost.score);

    // The worst comes last, and is asked all the same.
    let ordered = net.best_first(Lane::Group, vec![address(&gone), address(&refusing), address(&good)]);
    assert_eq!((ordered.len(), &ordered[0]), (3, &address(&good)));
    gone.resume().await.unwrap();
    let answer = net.publish(Lane::Group, &address(&gone), &group_message(1), LONG).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
}

#[tokio::test]
async fn pauses_between_dials_grow_and_are_not_the_same_for_everybody() {
    let gone = FaultyRelay::start().await.unwrap();
    gone.stop().await;
    let pause = async || {
        let pace = Pace { redial_first: Duration::from_secs(100), redial_cap: Duration::from_secs(1_000), ..Pace::default() };
        let (net, _incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, pace, ..NetOptions::default() });
        net.publish(Lane::Group, &address(&gone), &group_message(0), LONG).await;
        let next = net.status().await[0].next_dial.unwrap_or_default();
        net.close().await;
        next.as_millis()
    };
    let mut seen = HashSet::new();
    for _ in 0..5 {
        let pause = pause().await;
        assert!((99_000..=125_000).contains(&pause), "{pause} ms");
        seen.insert(pause);
    }
    assert!(seen.len() > 1, "every client would dial at the same moment");
}
