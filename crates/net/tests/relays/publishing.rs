//! Publishing: one event, one relay, one answer.
//! Never over anything but a real socket.

use super::*;

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
    for (nth, fault) in (0..).zip(&script) {
        let patience = if matches!(fault, Fault::Silent | Fault::SilentDrop) { SHORT } else { LONG };
        answers.push(net.publish(Lane::Group, &address(&relay), &group_message(nth), patience).await);
    }
    assert_eq!(answers[0], Answer::Accepted { detail: String::new() });
    assert_eq!(answers[1], Answer::Refused { detail: "blocked: not here".to_owned() });
    assert_eq!(answers[2], Answer::TimedOut);
    assert_eq!(answers[3], Answer::TimedOut);
    assert!(matches!(answers[4], Answer::Unreachable { .. }), "{:?}", answers[4]);
    assert!(matches!(answers[5], Answer::Unreachable { .. }), "{:?}", answers[5]);
    assert_eq!(answers[6], Answer::Accepted { detail: "duplicate: have it".to_owned() });
    assert_eq!(relay.answers().iter().map(|(_, fault)| fault.clone()).collect::<Vec<_>>(), script);
    assert_eq!(relay.events().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_publishings_at_once_each_get_their_own_answer() {
    let refused = || Fault::OkFalse("blocked: even".to_owned());
    let relay =
        FaultyRelay::with_choice(move |event, _| if event.created_at.as_secs() % 2 == 0 { refused() } else { Fault::Ok }).await.unwrap();
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
async fn a_connection_without_work_ends_and_comes_back_when_needed() {
    let relay = FaultyRelay::start().await.unwrap();
    let pace = Pace { idle_after: Duration::ZERO, ..Pace::default() };
    let (net, _incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, pace, ..NetOptions::default() });
    for nth in 0..2 {
        let answer = net.publish(Lane::Group, &address(&relay), &group_message(nth), LONG).await;
        assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
        while relay.connections() > 0 || net.status().await.iter().any(|status| status.phase != Phase::Idle) {
            tokio::task::yield_now().await;
        }
    }
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
async fn an_event_that_got_no_answer_is_sent_again_by_the_next_attempt() {
    let relay = FaultyRelay::with_script(vec![Fault::SilentDrop, Fault::Ok]).await.unwrap();
    let (net, _incoming) = net(None);
    let (to, event) = (address(&relay), group_message(0));
    assert_eq!(net.publish(Lane::Group, &to, &event, SHORT).await, Answer::TimedOut);
    // Shorter than the pause after which a link forgets on its own.
    assert!(matches!(net.publish(Lane::Group, &to, &event, Duration::from_secs(4)).await, Answer::Accepted { .. }));
    assert_eq!(relay.answers().len(), 2);
}
