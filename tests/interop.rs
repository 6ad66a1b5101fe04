//! Recordings of real White Noise 0.9.14 groups, followed event by event by our engine over our store.
//!
//! The recordings are data: the secrets in them belong to throw-away identities.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "interop/clock.rs"]
mod clock;
#[path = "interop/recording.rs"]
mod recording;
#[path = "interop/replay.rs"]
mod replay;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use murmel_engine::components::{GroupImage, IMAGE};
use murmel_engine::{Attachment, EpochKeys, Offer};
use nostr::Event;
use serde_json::Value;

macro_rules! followed {
    ($($test:ident: $file:literal,)*) => {
        $(#[test] fn $test() { replay::follow($file); })*
    };
}

followed! {
    a_client_joins_and_reads_the_chat: "01-join-and-chat.json",
    a_client_follows_renames_and_descriptions: "02-rename-and-description.json",
    a_client_follows_an_added_member: "03-add-member.json",
    a_client_follows_a_removed_member: "04-remove-member.json",
    a_client_follows_promotion_and_demotion: "05-promote-demote.json",
    a_client_follows_a_departure: "06-self-remove.json",
    a_client_follows_rotations: "07-self-update.json",
    a_client_follows_disappearing_messages: "08-retention.json",
    a_client_follows_a_group_with_media: "09-media-v2.json",
    a_client_follows_pictures: "10-group-image-and-avatar.json",
    a_client_reads_a_chat_out_of_order: "11a-out-of-order-chat.json",
    a_client_applies_commits_out_of_order: "11b-out-of-order-commits.json",
    a_client_follows_an_addition_out_of_order: "11c-out-of-order-add.json",
    a_client_settles_races_of_two_admins: "12a-fork-two-admins.json",
    a_client_settles_a_race_of_an_admin_and_a_rotation: "12b-fork-admin-vs-self-update.json",
    a_client_settles_races_that_arrive_the_other_way_round: "12d-fork-two-admins-swapped.json",
    a_client_notices_its_own_removal: "13-client-removed.json",
    a_client_that_joins_late_reads_from_then_on: "15-late-join.json",
}

#[test]
fn the_clients_own_key_packages_are_acceptable() {
    for name in ["01-join-and-chat.json", "07-self-update.json", "13-client-removed.json"] {
        let recording = recording::Recording::load(name);
        let _clock = clock::FixedClock::at(recording.recorded_at);
        let offer = Offer::read(recording.key_package_event(), recording.recorded_at as u64).expect("an offer");
        assert_eq!(offer.account(), recording.keys().public_key());
    }
}

#[test]
fn key_packages_of_the_reference_client_are_accepted_and_invalid_ones_refused() {
    let data: Value = serde_json::from_str(&recording::read("14-key-packages.json")).expect("a recording");
    let now = data["recorded_at"].as_u64().expect("a time");
    let _clock = clock::FixedClock::at(now as i64);
    let event = |entry: &Value| serde_json::from_value::<Event>(entry["event_30443"].clone());
    let list = |name: &str| data[name].as_array().cloned().unwrap_or_else(|| vec![data[name].clone()]);

    let valid = [list("valid"), list("valid_control_of_the_mutation_base")].concat();
    assert!(valid.len() >= 4);
    for entry in valid {
        let offer = Offer::read(&event(&entry).expect("an event"), now).expect("a valid key package");
        assert_eq!(offer.lacks_for_new_group(), None);
        if let Some(account) = entry["account"].as_str() {
            assert_eq!(offer.account().to_hex(), account);
        }
    }

    let invalid = list("invalid");
    assert_eq!(invalid.len(), 35);
    for entry in invalid {
        let (name, when) = (&entry["name"], entry["refuse_when"].as_str().expect("a moment"));
        // What is no event at all (a broken signature still is one) is refused before the offer is read.
        let Ok(event) = event(&entry) else { continue };
        match Offer::read(&event, now) {
            Err(_) => assert!(when.starts_with("reading the event"), "{name} has to be read and refused only for an invitation"),
            Ok(offer) => {
                assert_eq!(when, "inviting", "{name} was accepted");
                assert!(offer.lacks_for_new_group().is_some(), "{name} was accepted for a group");
            }
        }
    }
}

#[test]
fn media_of_the_reference_client_open_with_the_epochs_secret() {
    let data: Value = serde_json::from_str(&recording::read("09-media-v2.json")).expect("a recording");
    let bytes = |value: &Value| STANDARD.decode(value.as_str().expect("base64")).expect("base64");
    let (sent, expected) = (data["media"].as_array().expect("media"), data["expected"]["media"].as_array().expect("media"));
    assert_eq!((sent.len(), expected.len()), (3, 3));
    for (sent, expected) in sent.iter().zip(expected) {
        assert_eq!(sent["message_id"], expected["message_id"]);
        let tag: Vec<String> = serde_json::from_value(sent["imeta"].clone()).expect("a tag");
        let attachment = Attachment::parse(&tag).expect("an attachment");
        assert_eq!(attachment.tag(), tag, "the tag as it was made");
        let mut secret = [0; 32];
        hex::decode_to_slice(expected["exporter_secret"].as_str().expect("hex"), &mut secret).expect("32 bytes");
        let blob = bytes(&sent["ciphertext_base64"]);
        assert_eq!(attachment.open(&epoch(secret), &blob), Ok(bytes(&expected["plaintext_base64"])));
        secret[0] ^= 1;
        assert!(attachment.open(&epoch(secret), &blob).is_err(), "another epoch's secret opens nothing");
    }
}

#[test]
fn the_group_picture_of_the_reference_client_opens() {
    let data: Value = serde_json::from_str(&recording::read("10-group-image-and-avatar.json")).expect("a recording");
    let bytes = |value: &Value| STANDARD.decode(value.as_str().expect("base64")).expect("base64");
    let state = data["expected"]["final"]["app_data_dictionary"][format!("{IMAGE:#06x}")].as_str().expect("a component");
    let state = hex::decode(state).expect("hex");
    let image = GroupImage::decode(&state).expect("a picture");
    assert_eq!(image.encode(), state);
    assert_eq!(image.picture().map(|picture| picture.media_type.as_str()), data["expected"]["group_image"]["media_type"].as_str());
    let plain = image.open(&bytes(&data["group_image"]["ciphertext_base64"])).expect("the group's picture");
    assert_eq!(plain, Some(bytes(&data["expected"]["group_image"]["plaintext_base64"])));
}

fn epoch(secret: [u8; 32]) -> EpochKeys {
    EpochKeys { group_event: zeroize::Zeroizing::new([0; 32]), media: zeroize::Zeroizing::new(secret) }
}
