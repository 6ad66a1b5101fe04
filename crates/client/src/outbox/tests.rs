use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use murmel_store::Lane;
use nostr::{EventBuilder, EventId, Keys, Kind, Tag, Timestamp};

use super::*;
use crate::testing::Bench;

const LONG: Duration = Duration::from_secs(60);

impl Bench {
    async fn enqueue(&self, purpose: Purpose, depends: Option<OutboxId>, relays: &[String]) -> (OutboxId, EventId) {
        self.enqueue_of(Timestamp::now(), purpose, depends, relays).await
    }

    async fn enqueue_of(&self, at: Timestamp, purpose: Purpose, depends: Option<OutboxId>, relays: &[String]) -> (OutboxId, EventId) {
        let event = EventBuilder::new(Kind::MlsGroupMessage, "x").tag(Tag::identifier("y")).custom_created_at(at);
        let event = event.sign_with_keys(&Keys::generate()).unwrap();
        let record = OutboxRecord { depends, lane: Lane::Group, ..crate::network::lists::row(&event, purpose, self.account.clock.now()) };
        let relays = relays.to_vec();
        let id = self.account.db.write(move |tx, _| Ok::<_, Error>(tx.enqueue(&record, &relays)?)).await.unwrap();
        self.account.outbox.notify_one();
        (id, event.id)
    }

    async fn settled(&self, id: OutboxId) -> OutboxRecord {
        settled(&self.account, id, LONG).await.unwrap().expect("it settles")
    }

    async fn answers(&self, id: OutboxId) -> Vec<(Answer, u32)> {
        let deliveries = self.account.db.read(move |tx, _| Ok::<_, Error>(tx.deliveries(id)?)).await.unwrap();
        deliveries.into_iter().map(|delivery| (delivery.answer, delivery.attempts)).collect()
    }

    async fn accepted_by_all(&self, id: OutboxId) {
        let mut changed = self.account.answers.subscribe();
        let accepted = async {
            while !self.answers(id).await.iter().all(|(answer, _)| *answer == Answer::Accepted) {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LONG, accepted).await.expect("each relay is asked until it accepts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_refusal_a_silence_and_a_hang_up_are_tried_again_with_the_same_bytes() {
    let script = vec![Fault::OkFalse("error: try later".into()), Fault::SilentDrop, Fault::Disconnect, Fault::Ok];
    let relay = FaultyRelay::with_script(script).await.unwrap();
    let bench = Bench::new().await;
    let (id, event) = bench.enqueue(Purpose::Other, None, &[relay.url()]).await;
    assert_eq!(bench.settled(id).await.state, OutboxState::Done);
    assert_eq!(bench.answers(id).await.first().unwrap().0, Answer::Accepted);
    assert_eq!(relay.answers().len(), 4);
    assert!(relay.answers().iter().all(|(sent, _)| *sent == event));
    assert_eq!(relay.events().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fails_only_when_every_relay_has_refused_for_good_and_a_retry_asks_again() {
    let first =
        FaultyRelay::with_choice(|_, nth| if nth < 3 { Fault::OkFalse("blocked: not you".into()) } else { Fault::Ok }).await.unwrap();
    let second = FaultyRelay::with_script(vec![Fault::OkFalse("invalid: no".into())]).await.unwrap();
    let bench = Bench::new().await;
    let (id, _) = bench.enqueue(Purpose::Other, None, &[first.url(), second.url()]).await;
    let failed = bench.settled(id).await;
    assert_eq!(failed.state, OutboxState::Failed);
    assert!(why_unsent(&failed).1.starts_with("Every relay refused it: "), "{}", failed.refusal);
    assert!(!failed.refusal.is_empty());
    assert_eq!(first.answers().len(), 3);
    let now = bench.account.clock.now();
    bench.account.db.write(move |tx, _| Ok::<_, Error>(tx.retry(id, now)?)).await.unwrap();
    bench.account.outbox.notify_one();
    assert_eq!(bench.settled(id).await.state, OutboxState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_honest_relay_is_enough_while_another_refuses() {
    let honest = FaultyRelay::start().await.unwrap();
    let refusing = FaultyRelay::with_script(vec![Fault::OkFalse("restricted: members only".into())]).await.unwrap();
    let bench = Bench::new().await;
    let (id, event) = bench.enqueue(Purpose::Other, None, &[refusing.url(), honest.url()]).await;
    assert_eq!(bench.settled(id).await.state, OutboxState::Done);
    assert!(honest.events().iter().any(|stored| stored.id == event));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_another_event_waits_until_that_one_is_accepted() {
    let relay = FaultyRelay::with_choice(|_, nth| if nth == 0 { Fault::OkFalse("rate-limited: slow down".into()) } else { Fault::Ok })
        .await
        .unwrap();
    let bench = Bench::new().await;
    let (commit, first) = bench.enqueue(Purpose::Other, None, &[relay.url()]).await;
    let (welcome, second) = bench.enqueue(Purpose::Welcome, Some(commit), &[relay.url()]).await;
    assert_eq!(bench.settled(welcome).await.state, OutboxState::Done);
    let order: Vec<EventId> = relay.answers().into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, [first, first, second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_on_a_relay_that_fails_in_turn_and_restarts() {
    let script = vec![
        Fault::Ok,
        Fault::OkFalse("blocked: for now".into()),
        Fault::Ok,
        Fault::Silent,
        Fault::Ok,
        Fault::DisconnectAfterStore,
        Fault::OkFalse("error: busy".into()),
        Fault::Disconnect,
        Fault::Ok,
    ];
    let relay = FaultyRelay::with_script(script).await.unwrap();
    let bench = Bench::new().await;
    let mut sent = Vec::new();
    for nth in 0..40 {
        sent.push(bench.enqueue(Purpose::Other, None, &[relay.url()]).await);
        if nth == 20 {
            relay.restart().await.unwrap();
        }
    }
    for (id, event) in &sent {
        let mut row = bench.settled(*id).await;
        // A relay that names a lasting reason three times in a row is believed; the person tries again.
        while row.state == OutboxState::Failed {
            let (id, now) = (*id, bench.account.clock.now());
            bench.account.db.write(move |tx, _| Ok::<_, Error>(tx.retry(id, now)?)).await.unwrap();
            bench.account.outbox.notify_one();
            row = bench.settled(id).await;
        }
        let last = relay.answers().into_iter().rev().find(|(id, _)| id == event).unwrap().1;
        assert_eq!(bench.answers(*id).await.first().unwrap().0, Answer::Accepted);
        assert_eq!(last, Fault::Ok, "what is recorded is what the relay said");
    }
    let stored: HashSet<EventId> = relay.events().iter().map(|event| event.id).collect();
    assert_eq!(stored.len(), sent.len());
    assert_eq!(relay.events().len(), sent.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_may_not_be_dialled_is_refused_at_once_with_the_reason() {
    let bench = Bench::new().await;
    let (id, _) = bench.enqueue(Purpose::Other, None, &["ws://192.168.1.1".to_owned()]).await;
    let failed = bench.settled(id).await;
    assert_eq!(failed.state, OutboxState::Failed);
    assert_eq!(bench.answers(id).await, [(Answer::Refused, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_long_goes_out_under_a_new_date_and_stays_the_same_inside() {
    let relay = FaultyRelay::with_choice(|_, nth| if nth == 3 { Fault::SilentDrop } else { Fault::Ok }).await.unwrap();
    let bench = Bench::new().await;
    let (long_ago, now) = (Timestamp::from_secs(1_700_000_000), Timestamp::from_secs(bench.account.clock.now()));
    for purpose in [Purpose::Message, Purpose::Commit, Purpose::Proposal, Purpose::Message] {
        let (id, event) = bench.enqueue_of(long_ago, purpose, None, &[relay.url()]).await;
        assert_eq!(bench.settled(id).await.state, OutboxState::Done);
        let sent = relay.events().pop().unwrap();
        assert_ne!(sent.id, event);
        assert!(sent.created_at >= now && sent.verify().is_ok());
        assert_eq!((sent.content.as_str(), sent.tags.identifier()), ("x", Some("y")));
        // From then on the bytes are the same: the last one was lost once.
        let row = bench.account.db.read(move |tx, _| Ok::<_, Error>(tx.outbox(id)?)).await.unwrap().unwrap();
        assert_eq!((row.event_id, row.event), (sent.id, sent.as_json().into_bytes()));
    }
    let (fourth, fifth) = (relay.answers()[3].0, relay.answers()[4].0);
    assert_eq!(fourth, fifth);
    let (id, event) = bench.enqueue_of(long_ago, Purpose::Other, None, &[relay.url()]).await;
    assert_eq!(bench.settled(id).await.state, OutboxState::Done);
    assert_eq!(relay.events().pop().unwrap().id, event);
}

/// A relay was being asked when the computer fell asleep for a week, and was out of reach at the first attempt after it: what another relay took, and
/// perhaps keeps back, still comes out there.
#[tokio::test(flavor = "multi_thread")]
async fn time_asleep_is_not_time_in_which_a_relay_was_asked() {
    let asked = Arc::new(tokio::sync::Notify::new());
    let asks = Arc::clone(&asked);
    let good = FaultyRelay::start().await.unwrap();
    let away = FaultyRelay::with_choice(move |_, nth| match nth {
        0 => {
            asks.notify_one();
            Fault::SilentDrop
        }
        1 => Fault::Disconnect,
        _ => Fault::Ok,
    });
    let away = away.await.unwrap();
    let bench = Bench::new().await;
    let (id, _) = bench.enqueue(Purpose::Other, None, &[good.url()]).await;
    let taken = bench.settled(id).await;
    assert_eq!(taken.state, OutboxState::Done);
    let to = [away.url()];
    bench.account.db.write(move |tx, _| Ok::<_, Error>(tx.enqueue(&taken, &to)?)).await.unwrap();
    bench.account.outbox.notify_one();
    asked.notified().await;
    bench.account.clock.shift(7 * 24 * 3600);
    bench.accepted_by_all(id).await;
    assert!(away.answers().len() > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_relay_goes_out_when_that_can_be_reached_again() {
    let (good, away) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
    let bench = Bench::new().await;
    let (id, _) = bench.enqueue(Purpose::Other, None, &[good.url()]).await;
    let (taken, to, now) = (bench.settled(id).await, away.url(), bench.account.clock.now());
    let waits = bench.account.db.write(move |tx, _| {
        tx.enqueue(&taken, std::slice::from_ref(&to))?;
        Ok::<_, Error>(tx.record_answer(id, &to, Answer::Unreachable, "", now, Some(now + 3600))?)
    });
    waits.await.unwrap();
    let feed = murmel_net::GroupFeed { routing: [1; 32], relays: vec![RelayAddress::parse(&away.url()).unwrap()], since: None };
    bench.account.net.follow_groups(vec![feed]).await;
    bench.accepted_by_all(id).await;
}

/// Another change had come first, and then a relay took ours all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_a_relay_took_after_all_is_offered_to_the_others() {
    let bench = Bench::new().await;
    let now = bench.account.clock.now();
    for (purpose, offered) in [(Purpose::Commit, true), (Purpose::Message, false)] {
        let event = EventBuilder::new(Kind::MlsGroupMessage, "x").sign_with_keys(&Keys::generate()).unwrap();
        let record = OutboxRecord { lane: Lane::Group, ..crate::network::lists::row(&event, purpose, now + 3600) };
        let relays = ["ws://127.0.0.1:9", "ws://127.0.0.1:10"].map(str::to_owned);
        let recorded = bench.account.db.write(move |tx, _| {
            let outbox = tx.enqueue(&record, &relays)?;
            tx.cancel(outbox, Cancellation::Overtaken)?;
            let [took, other] = relays;
            let due = murmel_store::Due { outbox, relay: took, lane: Lane::Group, attempts: 0 };
            let attempt = Attempt { due, answer: Answer::Accepted, detail: String::new(), refusals: None };
            let effect = super::record(tx, attempt, now, now, None)?.unwrap();
            let due = tx.due(now, 100)?.into_iter().filter(|due| due.outbox == outbox).map(|due| due.relay);
            Ok::<_, Error>((effect.came_out, due.eq([other]), effect.changed))
        });
        assert_eq!(recorded.await.unwrap(), (offered, offered, false), "{purpose:?}");
    }
}
