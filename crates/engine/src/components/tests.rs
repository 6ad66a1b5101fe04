use nostr::PublicKey;

use super::*;
use crate::RoutingId;

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

/// The routing id 00 01 … 1f.
fn counting() -> RoutingId {
    RoutingId::new(std::array::from_fn(|i| i as u8))
}

#[test]
fn vectors_a2_component_lists() {
    let list = ComponentList::new([0x8004, 0x8001, 0x8003, 0x8001]);
    assert_eq!(list.encode(), bytes("06800180038004"));
    assert_eq!(ComponentList::decode(&bytes("06800180038004")), Ok(list));
    for invalid in ["0480018001", "0480028001", "03800180", "068001800380", "0680018003800400"] {
        assert!(ComponentList::decode(&bytes(invalid)).is_err(), "{invalid}");
    }
}

#[test]
fn vectors_a3_profiles() {
    assert_eq!(Profile::new("", "").unwrap().encode(), bytes("0000"));
    assert_eq!(Profile::new("Test", "").unwrap().encode(), bytes("045465737400"));
    assert_eq!(Profile::decode(&bytes("045465737400")).unwrap().name(), "Test");
    assert!(Profile::new("n".repeat(257), "").is_none());
    for invalid in ["", "00", "000000", "01ff00"] {
        assert!(Profile::decode(&bytes(invalid)).is_err(), "{invalid}");
    }
}

#[test]
fn vectors_a4_routing() {
    let id = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let a = "157773733a2f2f72656c61792d612e6578616d706c65";
    let b = "157773733a2f2f72656c61792d622e6578616d706c65";
    let c = "157773733a2f2f72656c61792d632e6578616d706c65";
    let both = Routing::new(counting(), ["wss://relay-b.example".to_owned(), "wss://relay-a.example".to_owned()]).unwrap();
    assert_eq!(both.encode(), bytes(&format!("{id}2c{a}{b}")));
    assert_eq!(Routing::decode(&both.encode()), Ok(both));
    assert_eq!(Routing::new(counting(), ["wss://relay-c.example".to_owned()]).unwrap().encode(), bytes(&format!("{id}16{c}")));
    for invalid in [format!("{id}2c{a}{a}"), format!("{id}2c{b}{a}"), format!("{id}00"), id.to_owned()] {
        assert!(Routing::decode(&bytes(&invalid)).is_err(), "{invalid}");
    }
}

#[test]
fn relay_addresses_follow_the_url_profile() {
    for valid in ["wss://relay.example", "ws://127.0.0.1:7799", "wss://relay.example/path?x=1"] {
        assert!(is_relay_url(valid), "{valid}");
    }
    for invalid in ["", "https://relay.example", "wss://", "relay.example", "wss://user@relay.example", "wss://relay.example/#top"] {
        assert!(!is_relay_url(invalid), "{invalid}");
    }
    assert!(!is_relay_url(&format!("wss://relay.example/{}", "a".repeat(512))));
}

#[test]
fn vectors_a5_media_policy() {
    let one = "12656e637279707465642d6d656469612d76320b0a626c6f73736f6d2d7631270a626c6f73736f6d2d76311b68747470733a2f2f626c6f73736f6d2e7072696d616c2e6e65742f";
    let policy = MediaPolicy::decode(&bytes(one)).unwrap();
    assert_eq!(policy.endpoints(), [("blossom-v1".to_owned(), "https://blossom.primal.net/".to_owned())]);
    assert_eq!(policy.encode(), bytes(one));
    let wrapped = one.replacen("270a626c", "28270a626c", 1);
    assert!(MediaPolicy::decode(&bytes(&wrapped)).is_err(), "an endpoint has no length of its own");
    assert!(MediaPolicy::decode(&bytes(&one.replacen("7632", "7631", 1))).is_err(), "the first format is another component");
}

#[test]
fn the_default_media_policy_decodes() {
    let policy = MediaPolicy::default_servers();
    assert_eq!(MediaPolicy::decode(&policy.encode()), Ok(policy));
}

#[test]
fn vectors_a7_single_states() {
    assert_eq!(Lifecycle::Active.encode(), bytes("00"));
    assert_eq!(Lifecycle::decode(&bytes("01")), Ok(Lifecycle::Disbanded));
    assert!(Lifecycle::decode(&bytes("02")).is_err() && Lifecycle::decode(&[]).is_err());
    assert_eq!(AgentStream::DEFAULT.encode(), bytes("010300001000000000000000"));
    assert_eq!(AgentStream::decode(&bytes("010300001000000000000000")), Ok(AgentStream::DEFAULT));
    for invalid in ["000300001000000000000000", "040300001000000000000000", "010800001000000000000000", "010300000000000000000000"] {
        assert!(AgentStream::decode(&bytes(invalid)).is_err(), "{invalid}");
    }
    assert!(GroupImage::decode(&bytes("0000000000")).unwrap().hash().is_none());
    assert!(Avatar::decode(&bytes("000000")).unwrap().url().is_none());
    assert!(Avatar::decode(&bytes("000100")).is_err(), "hints without a picture");
}

#[test]
fn retention_is_eight_bytes_and_never_overflows() {
    assert_eq!(Retention::decode(&86400_u64.to_be_bytes()), Ok(Retention(86400)));
    assert!(Retention::decode(&[0; 7]).is_err());
    assert_eq!(Retention(0).expiry(1), None);
    assert_eq!(Retention(10).expiry(5), Some(15));
    assert_eq!(Retention(u64::MAX).expiry(1), None);
}

#[test]
fn admins_are_sorted_unique_and_at_least_one() {
    let (low, high) = (PublicKey::from_byte_array([1; 32]), PublicKey::from_byte_array([2; 32]));
    let both = Admins::new([high, low]).unwrap();
    assert_eq!(both.encode(), [vec![0x40, 64], vec![1; 32], vec![2; 32]].concat());
    assert_eq!(Admins::decode(&both.encode()), Ok(both));
    assert!(Admins::new([]).is_none() && Admins::decode(&[0]).is_err());
    assert!(Admins::decode(&[vec![0x40, 64], vec![2; 32], vec![1; 32]].concat()).is_err());
    assert!(Admins::decode(&[vec![0x40, 64], vec![1; 32], vec![1; 32]].concat()).is_err());
}

#[test]
fn media_types_have_one_canonical_form() {
    assert_eq!(canonical_mime(" IMAGE/JPG ; q=1").as_deref(), Some("image/jpeg"));
    assert_eq!(canonical_mime("text/plain").as_deref(), Some("text/plain"));
    for invalid in ["", "text", "text/", "/plain", "a/b/c", "te xt/plain"] {
        assert_eq!(canonical_mime(invalid), None, "{invalid}");
    }
}

#[test]
fn forbidden_components_are_no_group_state() {
    for id in [SAFE_AAD, MEDIA_V1, ACCOUNT_PROOF] {
        assert!(check_group_state(id, &[]).is_err(), "{id:#06x}");
    }
    assert!(check_group_state(0x9999, b"anything").is_ok(), "unknown components are opaque");
}
