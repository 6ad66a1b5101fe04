use nostr::{EventBuilder, Keys, Kind};

use super::*;

fn event(at: u64) -> Event {
    EventBuilder::new(Kind::MlsGroupMessage, "x").custom_created_at(Timestamp::from_secs(at)).sign_with_keys(&Keys::generate()).unwrap()
}

fn relay(name: &str) -> RelayAddress {
    RelayAddress::parse(&format!("wss://{name}.example")).unwrap()
}

fn followed(first: bool) -> (Feeds, Feed, RelayAddress) {
    let (feeds, feed, relay) = (Feeds::default(), Feed::Group([1; 32]), relay("a"));
    feeds.follow(std::iter::once((feed, vec![relay.clone()], first)));
    feeds.connection(Lane::Group, &relay, true);
    (feeds, feed, relay)
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_always_breaks_off_is_taken_at_what_it_has_sent() {
    let (feeds, feed, relay) = followed(false);
    let events = [event(30), event(20), event(10)];
    let again = || {
        assert!(events.iter().all(|event| feeds.keep(feed, &relay, event.clone()).is_none()));
        feeds.connection(Lane::Group, &relay, false);
        feeds.connection(Lane::Group, &relay, true);
    };
    for _ in 0..UNFINISHED.as_secs() / 5 {
        assert!(feeds.unfinished().is_empty(), "too early");
        again();
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    let taken = feeds.unfinished().pop().unwrap();
    assert_eq!(taken.events.iter().map(|event| event.created_at.as_secs()).collect::<Vec<_>>(), [10, 20, 30]);
    // It has not said that it is done: what comes next waits for that again.
    assert!(feeds.catching_up() && feeds.keep(feed, &relay, event(40)).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_no_silence() {
    let (feeds, feed, relay) = followed(false);
    assert!(feeds.keep(feed, &relay, event(1)).is_none());
    feeds.connection(Lane::Group, &relay, false);
    tokio::time::advance(UNFINISHED - Duration::from_secs(1)).await;
    assert!(feeds.unfinished().is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(feeds.unfinished().pop().unwrap().events.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_backlog_of_a_relay_that_goes_on_is_waited_for() {
    let (feeds, feed, relay) = followed(false);
    for at in (0..30).rev() {
        assert!(feeds.keep(feed, &relay, event(at)).is_none() && feeds.unfinished().is_empty());
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    assert_eq!(feeds.caught_up(feed, &relay).unwrap().events.len(), 30);
}

#[test]
fn a_backlog_is_kept_until_it_is_complete_and_comes_out_oldest_first() {
    let (feeds, feed, relay) = followed(false);
    assert!(feeds.catching_up() && !feeds.caught_up_everywhere());
    for at in [30, 20, 10] {
        assert!(feeds.keep(feed, &relay, event(at)).is_none());
    }
    let taken = feeds.caught_up(feed, &relay).unwrap();
    assert_eq!(taken.events.iter().map(|event| event.created_at.as_secs()).collect::<Vec<_>>(), [10, 20, 30]);
    assert_eq!(taken.backlog, Backlog::CatchingUp);
    assert!(!feeds.catching_up() && feeds.caught_up_everywhere());
    assert!(feeds.keep(feed, &relay, event(40)).is_some());
}

#[test]
fn a_relay_that_is_dialled_for_the_first_time_is_waited_for() {
    let (feeds, feed) = (Feeds::default(), Feed::Group([1; 32]));
    feeds.follow(std::iter::once((feed, vec![relay("fast"), relay("slow"), relay("dead")], false)));
    feeds.connection(Lane::Group, &relay("fast"), true);
    feeds.caught_up(feed, &relay("fast")).unwrap();
    assert!(feeds.caught_up_everywhere() && !feeds.was_each_tried());
    feeds.connection(Lane::Group, &relay("dead"), false);
    assert!(!feeds.was_each_tried());
    feeds.connection(Lane::Group, &relay("slow"), true);
    assert!(feeds.was_each_tried() && !feeds.caught_up_everywhere());
    feeds.caught_up(feed, &relay("slow")).unwrap();
    assert!(feeds.was_each_tried() && feeds.caught_up_everywhere());
}

#[test]
fn after_a_lost_connection_what_comes_is_a_backlog_again() {
    let (feeds, feed, relay) = followed(true);
    assert_eq!(feeds.caught_up(feed, &relay).unwrap().backlog, Backlog::First);
    feeds.connection(Lane::Group, &relay, false);
    feeds.connection(Lane::Group, &relay, true);
    assert!(feeds.catching_up());
    assert!(feeds.keep(feed, &relay, event(1)).is_none());
    assert_eq!(feeds.caught_up(feed, &relay).unwrap().backlog, Backlog::CatchingUp);
}

#[test]
fn a_backlog_beyond_the_cap_keeps_the_oldest_and_says_so() {
    let (feeds, feed, relay) = followed(false);
    let template = event(1);
    let count = BACKLOG_CAP as u64 + 10;
    for at in (1..=count).rev() {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&at.to_be_bytes());
        let mut event = template.clone();
        event.id = EventId::from_byte_array(id);
        event.created_at = Timestamp::from_secs(at);
        feeds.keep(feed, &relay, event);
    }
    let taken = feeds.caught_up(feed, &relay).unwrap();
    // Of the second of the newest that had room, some may have had none.
    assert_eq!(taken.events.len(), BACKLOG_CAP - 1);
    assert_eq!(taken.events.last().unwrap().created_at.as_secs(), BACKLOG_CAP as u64 - 1);
    assert!(feeds.catching_up());
}

#[test]
fn what_is_looked_up_is_taken_part_by_part_and_what_comes_meanwhile_waits() {
    let (feeds, feed, relay) = followed(false);
    let reading = feeds.read_on(feed, &relay).unwrap();
    for at in [50, 40, 10, 20] {
        assert!(feeds.keep(feed, &relay, event(at)).is_none());
    }
    let dates = |taken: &Taken| taken.events.iter().map(|event| event.created_at.as_secs()).collect::<Vec<_>>();
    assert_eq!(feeds.complete(feed, &relay, 40), Some(40));
    assert_eq!(dates(&feeds.take_complete(feed, &relay, 40)), [10, 20, 40]);
    assert!(feeds.catching_up() && feeds.keep(feed, &relay, event(60)).is_none());
    feeds.complete(feed, &relay, u64::MAX);
    // Another look-up at the same time has not come so far.
    feeds.complete(feed, &relay, 45);
    assert!(matches!(feeds.rest(feed, &relay, reading, false), Rest::Part(taken) if dates(&taken) == [50, 60]));
    assert!(matches!(feeds.rest(feed, &relay, reading, false), Rest::Taken { first: false }));
    // What comes before everything is called taken is not taken before its turn.
    assert!(feeds.keep(feed, &relay, event(70)).is_none());
    assert!(matches!(feeds.rest(feed, &relay, reading, true), Rest::Part(taken) if dates(&taken) == [70]));
    assert!(matches!(feeds.rest(feed, &relay, reading, true), Rest::CaughtUp));
    assert!(!feeds.catching_up() && feeds.keep(feed, &relay, event(80)).is_some());
}

#[test]
fn a_look_up_of_a_lost_connection_completes_nothing() {
    let (feeds, feed, relay) = followed(false);
    let reading = feeds.read_on(feed, &relay).unwrap();
    feeds.keep(feed, &relay, event(1));
    feeds.connection(Lane::Group, &relay, false);
    feeds.connection(Lane::Group, &relay, true);
    assert!(!feeds.reads(feed, &relay, reading) && matches!(feeds.rest(feed, &relay, reading, true), Rest::Outdated));
    let later = feeds.read_on(feed, &relay).unwrap();
    feeds.complete(feed, &relay, u64::MAX);
    assert!(feeds.reads(feed, &relay, later) && matches!(feeds.rest(feed, &relay, later, true), Rest::Part(_)));
}

#[test]
fn what_is_dropped_while_it_is_looked_up_keeps_a_feed_from_being_complete() {
    let (feeds, feed, relay) = followed(false);
    let reading = feeds.read_on(feed, &relay).unwrap();
    feeds.keep(feed, &relay, event(10));
    feeds.gap(Lane::Group, &relay);
    // Whatever is newer than what is kept may have been dropped.
    assert_eq!(feeds.complete(feed, &relay, 20), Some(9));
    assert!(feeds.take_complete(feed, &relay, 20).events.is_empty());
    assert!(matches!(feeds.rest(feed, &relay, reading, true), Rest::Overflowed));
    // It is looked up once more, and nothing is dropped.
    assert_eq!(feeds.kept(feed, &relay).len(), 1);
    assert_eq!(feeds.complete(feed, &relay, u64::MAX), Some(u64::MAX));
    assert!(matches!(feeds.rest(feed, &relay, reading, true), Rest::Part(_)));
    assert!(matches!(feeds.rest(feed, &relay, reading, true), Rest::CaughtUp));
}

#[test]
fn what_one_relay_withholds_is_taken_in_its_place_from_another_that_is_complete() {
    let (feeds, feed) = (Feeds::default(), Feed::Group([1; 32]));
    let (liar, honest, slow) = (relay("liar"), relay("honest"), relay("slow"));
    feeds.follow(std::iter::once((feed, vec![liar.clone(), honest.clone(), slow.clone()], false)));
    let all = [&liar, &honest, &slow].map(|relay| {
        feeds.connection(Lane::Group, relay, true);
        feeds.read_on(feed, relay).unwrap()
    });
    let (first, withheld, last, newest) = (event(1), event(2), event(3), event(9));
    for (relay, events) in [(&liar, vec![&first, &last]), (&honest, vec![&first, &withheld, &last]), (&slow, vec![&newest])] {
        events.into_iter().for_each(|event| drop(feeds.keep(feed, relay, event.clone())));
    }
    feeds.complete(feed, &liar, u64::MAX);
    assert!(feeds.awaits_others(feed, &liar, u64::MAX));
    feeds.complete(feed, &honest, u64::MAX);
    // What the slow one sent so far is its newest: what comes before it is still missing.
    assert!(feeds.awaits_others(feed, &liar, u64::MAX));
    let taken = feeds.take_complete(feed, &liar, u64::MAX);
    assert_eq!(taken.events, [first, withheld, last]);
    feeds.failed(feed, &slow, "no".to_owned());
    assert!(!feeds.awaits_others(feed, &liar, u64::MAX), "nobody waits for a relay that refuses");
    assert!(matches!(feeds.rest(feed, &liar, all[0], true), Rest::CaughtUp));
    assert!(matches!(feeds.rest(feed, &honest, all[1], true), Rest::CaughtUp));
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_goes_on_is_no_silence_and_one_that_keeps_failing_is_given_up() {
    let (feeds, feed, relay) = followed(false);
    feeds.keep(feed, &relay, event(1));
    feeds.read_on(feed, &relay).unwrap();
    tokio::time::advance(UNFINISHED).await;
    assert!(feeds.unfinished().is_empty(), "nothing failed");
    for _ in 0..BREAKS {
        assert!(feeds.unfinished().is_empty());
        feeds.failed(feed, &relay, "no".to_owned());
    }
    assert!(!feeds.catching_up(), "nobody waits for a relay that refuses");
    assert_eq!(feeds.unfinished().pop().unwrap().events.len(), 1);
}

#[test]
fn an_unreachable_relay_does_not_hold_up_the_others() {
    let feeds = Feeds::default();
    let feed = Feed::Inbox;
    feeds.follow(std::iter::once((feed, vec![relay("up"), relay("down")], true)));
    feeds.connection(Lane::Inbox, &relay("up"), true);
    feeds.caught_up(feed, &relay("up"));
    assert!(feeds.caught_up_everywhere());
}
