use nostr::{EventBuilder, Tag};

use super::*;

fn list(keys: &Keys, kind: Kind, tags: &[&[&str]], at: u64) -> Event {
    let tags = tags.iter().map(|tag| Tag::parse(tag.iter().copied()).unwrap());
    EventBuilder::new(kind, "").tags(tags).custom_created_at(Timestamp::from_secs(at)).sign_with_keys(keys).unwrap()
}

#[test]
fn the_newest_list_counts_and_a_missing_one_is_filled_in() {
    let keys = Keys::generate();
    let old = list(&keys, Kind::RelayList, &[&["r", "wss://old.example"]], 10);
    let new = list(
        &keys,
        Kind::RelayList,
        &[&["r", "wss://a.example", "write"], &["r", "wss://b.example", "read"], &["r", "wss://c.example"]],
        20,
    );
    let found = adopted(&[old, new]).unwrap();
    assert_eq!(found.outbox, ["wss://a.example", "wss://c.example"]);
    assert_eq!(found.inbox, found.outbox);
    assert_eq!(adopted(&[]), None);
}

#[test]
fn slots_of_other_clients_are_counted_once_each_and_the_own_one_is_not() {
    let keys = Keys::generate();
    let package = |slot: &str, at| {
        EventBuilder::new(KEY_PACKAGE, "x")
            .tag(Tag::identifier(slot))
            .custom_created_at(Timestamp::from_secs(at))
            .sign_with_keys(&keys)
            .unwrap()
    };
    let events = [package("one", 1), package("one", 2), package("two", 1), package("mine", 3)];
    assert_eq!(slots_besides(&events, Some("mine")), 2);
}
