use nostr::{EventBuilder, Keys, Timestamp};

use super::*;

fn profile(keys: &Keys, content: &str, at: u64) -> Event {
    EventBuilder::new(Kind::Metadata, content).custom_created_at(Timestamp::from_secs(at)).sign_with_keys(keys).unwrap()
}

fn said_in(content: &str) -> ProfileFields {
    fields(&content_of(content))
}

fn content_of(text: &str) -> Map<String, Value> {
    content(&profile(&Keys::generate(), text, 1))
}

#[test]
fn a_name_is_one_line_that_is_seen_and_passes_for_no_key() {
    for (content, name) in [
        (r#"{"name":"anna"}"#, "anna"),
        (r#"{"name":"anna","display_name":"Anna B."}"#, "Anna B."),
        (r#"{"name":"anna","display_name":" \n "}"#, "anna"),
        (r#"{"name":"a\n b\tc\u202e"}"#, "a b c"),
        (r#"{"name":"\u200b\u2060\u3164"}"#, ""),
        (r#"{"name":"NPUB1xyz…abc"}"#, ""),
        (r#"{"name":7,"display_name":null}"#, ""),
        (r#"["name","anna"]"#, ""),
        ("no json", ""),
        ("", ""),
    ] {
        assert_eq!(said_in(content).name, name, "{content}");
    }
    let long = said_in(&format!(r#"{{"name":"{}"}}"#, "x".repeat(10_000))).name;
    assert_eq!(long.chars().count(), NAME_CAP);
}

#[test]
fn what_is_no_https_address_or_too_long_is_left_out() {
    for (url, kept) in [
        ("https://a.example/b.png", "https://a.example/b.png"),
        ("http://a.example/b.png", ""),
        ("javascript:alert(1)", ""),
        ("https://me:word@a.example/", ""),
        ("data:image/png;base64,AAAA", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
    ] {
        let content = Value::from_iter([("picture", url), ("website", url)]).to_string();
        let said = said_in(&content);
        assert_eq!((said.picture.as_str(), said.website.as_str()), (kept, kept), "{url}");
    }
    assert_eq!(said_in(&format!(r#"{{"picture":"https://a.example/{}"}}"#, "x".repeat(MAX_URL))).picture, "");
    assert_eq!(said_in(&format!(r#"{{"about":"{}"}}"#, "é".repeat(50_000))).about.chars().count(), MAX_ABOUT);
    assert_eq!(said_in(r#"{"about":"two\nlines\u202e","nip05":"Anna@A.example"}"#).about, "two\nlines");
    assert_eq!(said_in(r#"{"nip05":"Anna@A.example"}"#).address, "anna@a.example");
    assert_eq!(said_in(r#"{"nip05":"https://a.example"}"#).address, "");
}

#[test]
fn an_older_profile_changes_nothing_and_another_address_has_to_be_verified_anew() {
    let keys = Keys::generate();
    let unknown = PersonRecord::unknown(keys.public_key());
    let new = profile(&keys, r#"{"name":"new","nip05":"a@a.example"}"#, 20);
    let old = profile(&keys, r#"{"name":"old"}"#, 10);
    let known = merged(&unknown, &[old.clone(), new.clone()]);
    assert_eq!((known.name.as_str(), known.published_at), ("new", 20));
    assert_eq!(merged(&known, &[old]), known);
    assert_eq!(merged(&known, &[]), known);

    let verified = PersonRecord { address_state: AddressState::Verified, address_at: 5, ..known };
    assert_eq!(merged(&verified, &[new]), verified);
    let moved = merged(&verified, &[profile(&keys, r#"{"name":"new","nip05":"b@a.example"}"#, 30)]);
    assert_eq!((moved.address_state, moved.address_at), (AddressState::Unknown, 0));
}
