//! The keys of messages, held back within a transaction: written once, never forgotten, never read while they are stale.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use murmel_engine::{Change, Group, Ingest, InnerEvent, Storage as _};
use murmel_store::StoreError;
use murmel_tests::member::{Undone, assert_agree};
use murmel_tests::{Member, NOW};
use nostr::Event;

fn pair() -> (Member, Member) {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    (alice, bob)
}

/// Takes events in one transaction that holds keys back; `settle` says whether they are written at its end.
fn take(who: &Member, events: Vec<Event>, settle: bool) -> Result<Vec<String>, Undone> {
    who.try_tx(move |tx, desk| {
        tx.hold_message_keys();
        let group = desk.group.as_mut().unwrap();
        let mut heard = Vec::new();
        for event in &events {
            match group.ingest(tx, &desk.device, event, *NOW).unwrap() {
                Ingest::Message(message) => heard.push(message.event.content().to_owned()),
                Ingest::Commit(_) => {}
                other => panic!("{other:?}"),
            }
        }
        if settle {
            group.write_held_keys(tx).unwrap();
        }
        Ok(heard)
    })
}

#[test]
fn a_batch_is_on_disk_after_its_one_write() {
    let (alice, bob) = pair();
    let mut events: Vec<_> = (0..20).map(|n| alice.say(&format!("message {n}"))).collect();
    let (late, on_time) = (events.remove(3), events);
    assert_eq!(take(&bob, on_time.clone(), true).unwrap().len(), 19);
    bob.reload();
    // The ratchet on disk is where it was in memory: a used key is gone, one that was skipped is there.
    assert!(matches!(bob.read(&on_time[0]), Ingest::Duplicate));
    assert_eq!(bob.hear(&late), "message 3");
    assert_eq!(alice.hear(&bob.say("All of them")), "All of them");
}

#[test]
fn messages_around_a_commit_in_one_transaction_are_all_read() {
    let (alice, bob) = pair();
    let mut events = vec![alice.say("before")];
    let straggler = alice.say("a straggler");
    events.push(alice.change(Change::Rename("Allotment".into())).0);
    events.extend([alice.say("after"), straggler]);
    assert_eq!(take(&bob, events, true).unwrap(), ["before", "after", "a straggler"]);
    bob.reload();
    assert_agree(&[&alice, &bob]);
    assert_eq!(bob.hear(&alice.say("on")), "on");
}

#[test]
fn a_transaction_that_would_lose_keys_does_not_commit() {
    let (alice, bob) = pair();
    let id = bob.group(|_, group, _| group.id().clone());
    let (event, before) = (alice.say("once"), bob.state());
    assert!(matches!(take(&bob, vec![event.clone()], false), Err(Undone::Store(StoreError::KeysHeld))));
    assert!(bob.tx(|_, desk| desk.group.is_none()), "a rollback forgets what was loaded");
    assert_eq!(bob.state(), before);
    bob.tx(move |tx, desk| desk.group = Group::load(tx, &id).unwrap());
    assert_eq!(bob.hear(&event), "once");
}

#[test]
fn stale_keys_are_neither_loaded_nor_copied() {
    let (alice, bob) = pair();
    let event = alice.say("once");
    bob.tx(move |tx, desk| {
        tx.hold_message_keys();
        let group = desk.group.as_mut().unwrap();
        assert!(matches!(group.ingest(tx, &desk.device, &event, *NOW).unwrap(), Ingest::Message(_)));
        assert!(tx.are_message_keys_held(group.id()).unwrap());
        assert!(Group::load(tx, group.id()).is_err());
        assert!(tx.take_snapshot(group.id(), &group.tip(), group.epoch()).is_err());
        group.write_held_keys(tx).unwrap();
        assert!(!tx.are_message_keys_held(group.id()).unwrap());
        assert!(Group::load(tx, group.id()).unwrap().is_some());
        tx.take_snapshot(group.id(), &group.tip(), group.epoch()).unwrap();
    });
}

#[test]
fn going_back_to_a_snapshot_lets_go_of_what_was_held() {
    let (alice, bob) = pair();
    let event = alice.say("twice");
    let again = event.clone();
    bob.tx(move |tx, desk| {
        let mut group = desk.group.take().unwrap();
        tx.take_snapshot(group.id(), &group.tip(), group.epoch()).unwrap();
        tx.hold_message_keys();
        assert!(matches!(group.ingest(tx, &desk.device, &event, *NOW).unwrap(), Ingest::Message(_)));
        assert!(tx.restore_snapshot(group.id(), &group.tip()).unwrap());
        desk.group = Group::load(tx, group.id()).unwrap();
    });
    // The digest is remembered; the ratchet is that of the snapshot.
    assert!(matches!(bob.read(&again), Ingest::Duplicate));
    assert_eq!(bob.hear(&alice.say("on")), "on");
}

#[test]
fn several_messages_sent_in_one_transaction_use_a_key_each() {
    let (alice, bob) = pair();
    let account = alice.account();
    let events = alice.tx(move |tx, desk| {
        tx.hold_message_keys();
        let group = desk.group.as_mut().unwrap();
        let say = |n: u64| InnerEvent::text(account, *NOW, format!("message {n}"), &[]);
        let events: Vec<_> = (0..5).map(|n| group.encrypt(tx, &desk.device, &say(n)).unwrap().event).collect();
        group.write_held_keys(tx).unwrap();
        events
    });
    alice.reload();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(bob.hear(event), format!("message {n}"));
    }
    assert_eq!(bob.hear(&alice.say("the sixth")), "the sixth");
}
