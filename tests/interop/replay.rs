//! Replays a recording through engine and store, and compares every step with what the reference client recorded.

use std::collections::BTreeMap;

use murmel_engine::{Device, Digest, Group, Ingest, Welcome};
use murmel_store::{Database, DatabaseKey, Rollback, StoreError, Tx};
use nostr::nips::nip59::UnwrappedGift;
use nostr::{Event, Keys, Kind};
use serde_json::{Value, json};

use crate::clock::FixedClock;
use crate::recording::{PerEvent, Recording};

/// The state that lives on the database's thread.
struct Joined {
    group: Option<Group>,
    device: Device,
}

impl Rollback for Joined {
    fn rolled_back(&mut self) {
        self.group = None;
    }
}

/// What one event came to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a few of them live at a time")]
enum Step {
    Joined { inviter: String, state: Value },
    Ingested { outcome: Ingest, state: Option<Value> },
    NotYet,
}

/// Replays in the order of arrival; what cannot be read yet is tried again whenever something else went through.
pub fn follow(name: &str) {
    let recording = Recording::load(name);
    let _clock = FixedClock::at(recording.recorded_at);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(replay(name, &recording));
}

async fn replay(name: &str, recording: &Recording) {
    let folder = tempfile::tempdir().expect("a folder");
    let state = Joined { group: None, device: recording.device() };
    let db = Database::create(folder.path().join("client.db"), DatabaseKey::new([7; 32]), state).await.expect("a database");
    let (bundle, reference) = (recording.bundle(), recording.key_package_ref());
    db.write(move |tx, _| {
        let kept = murmel_engine::keep_key_package(tx, &bundle).expect("a kept key package");
        assert_eq!(kept, reference, "the reference of the key package");
        Ok::<_, StoreError>(())
    })
    .await
    .expect("a write");

    let mut open: Vec<usize> = (0..recording.events.len()).collect();
    let mut final_state = None;
    let mut said = BTreeMap::new();
    loop {
        let before = open.len();
        let mut still = Vec::new();
        for index in open {
            let (event, expected) = (&recording.events[index], &recording.expected.per_event[index]);
            match step(&db, recording.keys(), event.clone(), recording.recorded_at as u64).await {
                Step::NotYet => still.push(index),
                done => {
                    compare(&format!("{name}, event {index}"), expected, &done);
                    match done {
                        Step::Joined { state, .. } | Step::Ingested { state: Some(state), .. } => final_state = Some(state),
                        Step::Ingested { outcome: Ingest::Message(message), .. } => {
                            said.insert(index, message.event.json().to_owned());
                        }
                        _ => {}
                    }
                }
            }
        }
        open = still;
        if open.is_empty() || open.len() == before {
            break;
        }
    }
    for index in open {
        assert_eq!(recording.expected.per_event[index].disposition, "undecryptable", "{name}, event {index} was never read");
    }
    let expected = &recording.expected.last;
    let member = expected.get("client_is_member").and_then(Value::as_bool).unwrap_or(true);
    if member {
        compare_state(&format!("{name}, final state"), expected, &final_state.expect("a state"));
    }
    assert_eq!(said.len(), recording.expected.application_events.len(), "{name}: number of messages");
}

async fn step(db: &Database<Joined>, keys: Keys, event: Event, now: u64) -> Step {
    if event.kind == Kind::GiftWrap {
        let gift = UnwrappedGift::from_gift_wrap(&keys, &event).await.expect("a gift wrap for the client");
        return db.write(move |tx, state| Ok::<_, StoreError>(join(tx, state, &gift, now))).await.expect("a transaction");
    }
    db.write(move |tx, joined| {
        let Some(group) = joined.group.as_mut() else { return Ok(Step::NotYet) };
        let outcome = group.ingest(tx, &joined.device, &event, now).expect("no fault of ours");
        Ok::<_, StoreError>(match outcome {
            Ingest::Deferred(_) => Step::NotYet,
            outcome => {
                let stands = match &outcome {
                    Ingest::Commit(applied) => applied.still_member,
                    Ingest::Switched(switched) => switched.still_member,
                    _ => false,
                };
                let state = stands.then(|| describe(group));
                Step::Ingested { outcome, state }
            }
        })
    })
    .await
    .expect("a transaction")
}

fn join(tx: &Tx<'_>, joined: &mut Joined, gift: &UnwrappedGift, now: u64) -> Step {
    let welcome = Welcome::read(&gift.rumor, gift.sender).expect("a welcome");
    let before = tx.state_hash(&[]).expect("a hash");
    let preview = welcome.inspect(tx, &joined.device).expect("a welcome that can be inspected");
    assert_eq!(tx.state_hash(&[]).expect("a hash"), before, "inspecting leaves nothing behind");
    let group = welcome.join(tx, &joined.device, false, now).expect("a welcome that can be joined");
    assert_eq!((preview.group.clone(), preview.members), (group.id().clone(), group.view().members));
    let state = describe(&group);
    joined.group = Some(group);
    Step::Joined { inviter: preview.inviter.to_hex(), state }
}

fn compare(at: &str, expected: &PerEvent, got: &Step) {
    match (expected.disposition.as_str(), got) {
        ("joined", Step::Joined { inviter, state }) => {
            assert_eq!(expected.inviter.as_ref(), Some(inviter), "{at}: inviter");
            compare_state(at, expected.state.as_ref().expect("a state"), state);
        }
        ("application", Step::Ingested { outcome: Ingest::Message(message), .. }) => {
            assert_eq!(expected.inner_json.as_deref(), Some(message.event.json()), "{at}: inner event");
            assert_eq!(expected.sender, Some(message.sender.to_hex()), "{at}: sender");
            assert_eq!(expected.source_epoch, Some(message.epoch.0), "{at}: epoch");
            assert_eq!(expected.expiration, message.expires_at, "{at}: expiration");
            compare_digest(at, expected, &message.digest);
        }
        ("commit", Step::Ingested { outcome: Ingest::Commit(applied), state }) => {
            assert_eq!(expected.committer, Some(applied.by.to_hex()), "{at}: committer");
            compare_digest(at, expected, &applied.digest);
            compare_state(at, expected.state.as_ref().expect("a state"), state.as_ref().expect("a state"));
        }
        // It came after its rival, which was followed until then.
        ("commit", Step::Ingested { outcome: Ingest::Switched(switched), state }) => {
            let [applied] = switched.entered.as_slice() else { panic!("{at}: one commit replaces another") };
            assert_eq!(expected.committer, Some(applied.by.to_hex()), "{at}: committer");
            compare_digest(at, expected, &applied.digest);
            compare_state(at, expected.state.as_ref().expect("a state"), state.as_ref().expect("a state"));
        }
        ("stale_commit", Step::Ingested { outcome: Ingest::Rival(rival), .. }) => compare_digest(at, expected, &rival.applied.digest),
        // It came first; the recording's next commit is the one that it lost to.
        ("stale_commit", Step::Ingested { outcome: Ingest::Commit(applied), .. }) => compare_digest(at, expected, &applied.digest),
        ("commit_removes_client", Step::Ingested { outcome: Ingest::Commit(applied), .. }) => assert!(!applied.still_member, "{at}"),
        ("proposal", Step::Ingested { outcome: Ingest::Proposal { by, digest }, .. }) => {
            assert_eq!(expected.sender, Some(by.to_hex()), "{at}: sender");
            compare_digest(at, expected, digest);
        }
        ("undecryptable", Step::Ingested { outcome: Ingest::Rejected(_), .. }) => {}
        (wanted, got) => panic!("{at}: expected {wanted}, got {got:?}"),
    }
}

fn compare_digest(at: &str, expected: &PerEvent, digest: &Digest) {
    assert_eq!(expected.mls_message_sha256, Some(digest.to_string()), "{at}: digest");
}

fn compare_state(at: &str, expected: &Value, got: &Value) {
    for (field, value) in got.as_object().expect("an object") {
        assert_eq!(expected.get(field), Some(value), "{at}: {field}");
    }
}

/// The group's state in the words of the recordings.
fn describe(group: &Group) -> Value {
    let view = group.view();
    let record = group.epochs().first().map(|record| (*record).clone()).expect("the current epoch");
    let keys = record.keys.as_ref().expect("a member's keys");
    let hex_keys = |keys: Vec<nostr::PublicKey>| {
        let mut keys: Vec<_> = keys.into_iter().map(|key| key.to_hex()).collect();
        keys.sort();
        keys
    };
    let dictionary: BTreeMap<_, _> = group.components().map(|(id, data)| (format!("{id:#06x}"), hex::encode(data))).collect();
    json!({
        "epoch": group.epoch().0,
        "mls_group_id": group.id().to_string(),
        "nostr_group_id": view.routing.to_string(),
        "name": view.name,
        "description": view.description,
        "admins": hex_keys(view.admins.into_iter().collect()),
        "members": hex_keys(view.members),
        "leaves": group.leaves().into_iter().map(|(index, account)| json!([index, account.to_hex()])).collect::<Vec<_>>(),
        "own_leaf_index": group.own_leaf(),
        "retention_secs": view.retention,
        "relays": view.relays,
        "app_data_dictionary": dictionary,
        "epoch_authenticator": hex::encode(group.epoch_authenticator()),
        "exporter_group_event": hex::encode(*keys.group_event),
        "exporter_encrypted_media": hex::encode(*keys.media),
        "tree_hash": hex::encode(group.tree_hash()),
        "confirmed_transcript_hash": hex::encode(group.confirmed_transcript_hash()),
    })
}
