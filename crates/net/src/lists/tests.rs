use nostr::{Keys, Timestamp};

use super::*;

fn address(text: &str) -> RelayAddress {
    RelayAddress::parse(text).unwrap()
}

fn event(kind: Kind, tags: &[&[&str]]) -> Event {
    let tags = tags.iter().map(|tag| Tag::parse(tag.iter().copied()).unwrap());
    EventBuilder::new(kind, "kept").tags(tags).custom_created_at(Timestamp::from(1_700_000_000)).sign_with_keys(&Keys::generate()).unwrap()
}

fn tags(list: &RelayList) -> Vec<Vec<String>> {
    let event = list.to_event().sign_with_keys(&Keys::generate()).unwrap();
    event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect()
}

#[test]
fn write_capable_entries_have_no_marker_or_write() {
    let list = RelayList::parse(
        ListKind::Relays,
        &event(
            Kind::RelayList,
            &[
                &["r", "wss://both.example"],
                &["r", "wss://read.example", "read"],
                &["r", "wss://write.example", "write"],
                &["r", "wss://odd.example", "sometimes"],
                &["r", "not a relay"],
                &["relay", "wss://other-tag.example"],
            ],
        ),
    )
    .unwrap();
    assert_eq!(list.write_relays(), [address("wss://both.example"), address("wss://write.example")]);
    assert_eq!(list.read_relays(), [address("wss://both.example"), address("wss://read.example")]);
}

#[test]
fn replaceable_lists_are_never_clobbered() {
    let before: &[&[&str]] = &[
        &["r", "wss://theirs.example", "read"],
        &["r", "ftp://broken.example"],
        &["alt", "my relays"],
        &["r", "wss://odd.example", "sometimes", "more"],
        &["client", "another"],
    ];
    let list = RelayList::parse(ListKind::Relays, &event(Kind::RelayList, before)).unwrap();
    let merged = list.merge(&[(address("wss://ours.example"), RelayUse::Both)]);
    let mut expected: Vec<Vec<String>> = before.iter().map(|tag| tag.iter().map(|s| (*s).to_owned()).collect()).collect();
    expected.push(vec!["r".to_owned(), "wss://ours.example".to_owned()]);
    assert_eq!(tags(&merged), expected);
    assert_eq!(merged.to_event().sign_with_keys(&Keys::generate()).unwrap().content, "kept");
}

#[test]
fn merging_what_is_there_changes_nothing() {
    let list = RelayList::parse(
        ListKind::Relays,
        &event(Kind::RelayList, &[&["r", "wss://a.example"], &["r", "wss://b.example", "read"], &["r", "wss://b.example", "write"]]),
    )
    .unwrap();
    let wanted = [(address("wss://a.example"), RelayUse::Write), (address("wss://b.example"), RelayUse::Both)];
    assert_eq!(list.merge(&wanted), list);
}

#[test]
fn too_narrow_a_marker_is_widened_in_its_place() {
    let list = RelayList::parse(ListKind::Relays, &event(Kind::RelayList, &[&["r", "wss://a.example", "read"], &["r", "wss://b.example"]]))
        .unwrap();
    let merged = list.merge(&[(address("wss://a.example"), RelayUse::Write)]);
    assert_eq!(tags(&merged), [["r", "wss://a.example"], ["r", "wss://b.example"]]);
    assert_eq!(merged.write_relays().len(), 2);
}

#[test]
fn an_inbox_list_has_relay_tags_without_markers() {
    let list = RelayList::new(ListKind::Inbox).merge(&[(address("wss://in.example"), RelayUse::Read)]);
    assert_eq!(tags(&list), [["relay", "wss://in.example"]]);
    assert_eq!(list.write_relays(), [address("wss://in.example")]);
    assert_eq!(list.without(&[address("wss://in.example")]), RelayList::new(ListKind::Inbox));
}

#[test]
fn a_list_of_another_kind_is_refused() {
    assert_eq!(RelayList::parse(ListKind::Inbox, &event(Kind::RelayList, &[])).unwrap_err(), ListError::Kind);
}

#[test]
fn an_endless_list_is_read_up_to_the_cap() {
    let many: Vec<(RelayAddress, RelayUse)> =
        (0..LIST_ENTRIES_CAP + 10).map(|n| (address(&format!("wss://r{n}.example")), RelayUse::Both)).collect();
    let list = RelayList::new(ListKind::Relays);
    let tags = many.iter().map(|(a, _)| vec!["r".to_owned(), a.as_str().to_owned()]).collect();
    assert_eq!(RelayList { tags, ..list }.entries().len(), LIST_ENTRIES_CAP);
}
