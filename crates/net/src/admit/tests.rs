use nostr::{EventBuilder, Keys, Tag};

use super::*;

fn event(kind: Kind, content: &str, tags: Vec<Tag>) -> Event {
    EventBuilder::new(kind, content).tags(tags).sign_with_keys(&Keys::generate()).unwrap()
}

fn url() -> RelayUrl {
    RelayUrl::parse("wss://relay.example").unwrap()
}

fn asked(registry: &Registry, filter: Filter) -> (SubscriptionId, Arc<Mutex<Collected>>) {
    let id = SubscriptionId::generate();
    let collected = Arc::new(Mutex::new(Collected::new(FETCH_EVENTS_CAP)));
    let want = Want { feed: Feed::Inbox, filter, addresses: vec![RelayAddress::parse("wss://relay.example").unwrap()] };
    registry.enter(id.clone(), url(), vec![want], Sink::Collect(collected.clone()));
    (id, collected)
}

fn count(collected: &Mutex<Collected>) -> usize {
    collected.lock().unwrap().events.len()
}

#[test]
fn the_caps_are_exact() {
    assert!(fits(&event(Kind::MlsGroupMessage, &"a".repeat(CONTENT_BYTES_CAP), vec![])));
    assert!(!fits(&event(Kind::MlsGroupMessage, &"a".repeat(CONTENT_BYTES_CAP + 1), vec![])));
    assert!(fits(&event(Kind::GiftWrap, &"a".repeat(GIFT_WRAP_BYTES_CAP), vec![])));
    assert!(!fits(&event(Kind::GiftWrap, &"a".repeat(GIFT_WRAP_BYTES_CAP + 1), vec![])));
    let tags = |n| (0..n).map(|i| Tag::parse(["x".to_owned(), i.to_string()]).unwrap()).collect::<Vec<_>>();
    assert!(fits(&event(Kind::TextNote, "", tags(TAGS_CAP))));
    assert!(!fits(&event(Kind::TextNote, "", tags(TAGS_CAP + 1))));
    assert!(!fits(&event(Kind::TextNote, "", vec![Tag::parse(["x".to_owned(), "a".repeat(TAG_BYTES_CAP)]).unwrap()])));
}

#[tokio::test]
async fn an_altered_event_under_a_known_id_is_not_admitted() {
    let registry = Registry::new(Arc::new(crate::health::HealthBook::new(Arc::default())));
    let (id, collected) = asked(&registry, Filter::new().kind(Kind::TextNote));
    let honest = event(Kind::TextNote, "pay me", vec![]);
    registry.take(&url(), &id, &honest).await;
    let mut altered = honest.clone();
    altered.content = "pay the attacker".to_owned();
    registry.take(&url(), &id, &altered).await;
    let mut resigned = honest.clone();
    resigned.sig = event(Kind::TextNote, "other", vec![]).sig;
    registry.take(&url(), &id, &resigned).await;
    assert_eq!(collected.lock().unwrap().events, [honest]);
}

#[tokio::test]
async fn only_the_relay_that_was_asked_may_answer() {
    let registry = Registry::new(Arc::new(crate::health::HealthBook::new(Arc::default())));
    let (id, collected) = asked(&registry, Filter::new().kind(Kind::TextNote));
    let note = event(Kind::TextNote, "hello", vec![]);
    registry.take(&RelayUrl::parse("wss://stranger.example").unwrap(), &id, &note).await;
    registry.take(&url(), &SubscriptionId::new("guessed"), &note).await;
    assert_eq!(count(&collected), 0);
    registry.take(&url(), &id, &note).await;
    assert_eq!(count(&collected), 1);
    registry.leave(&id);
    registry.take(&url(), &id, &note).await;
    assert_eq!(count(&collected), 1);
}

#[tokio::test]
async fn an_event_outside_the_filter_is_not_admitted() {
    let registry = Registry::new(Arc::new(crate::health::HealthBook::new(Arc::default())));
    let (id, collected) = asked(&registry, Filter::new().kind(Kind::TextNote).since(Timestamp::from(2_000_000_000)));
    registry.take(&url(), &id, &event(Kind::Metadata, "", vec![])).await;
    registry.take(&url(), &id, &event(Kind::TextNote, "too old", vec![])).await;
    assert_eq!(count(&collected), 0);
}

#[test]
fn a_look_up_holds_only_so_much() {
    let mut collected = Collected { bytes: FETCH_BYTES_CAP - 1, ..Collected::new(FETCH_EVENTS_CAP) };
    collect(&mut collected, &event(Kind::TextNote, "a", vec![]));
    assert!(!collected.overflowed);
    collect(&mut collected, &event(Kind::TextNote, "b", vec![]));
    assert!(collected.overflowed);
    assert_eq!(collected.events.len(), 1);
}
