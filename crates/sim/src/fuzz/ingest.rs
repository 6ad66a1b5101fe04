//! Events and welcomes for a real member of a real group, over a real database.
//! INVARIANT: what is refused changes no row.

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use murmel_engine::{EpochRecord, Ingest, JoinError, Welcome, seal_envelope};
use nostr::{Event, JsonUtil as _};
use serde_json::Value;

use super::room::{Room, now};

/// The bytes of an MLSMessage, wrapped with the right key. The first byte chooses the epoch whose key it is.
pub(super) fn mls_message(data: &[u8]) {
    let Some((first, message)) = data.split_first() else { return };
    Room::with(|room| {
        let (first, message) = (usize::from(*first), message.to_vec());
        let sealed = room.attempt(move |_, group, _| {
            let epochs = group.epochs();
            let record = epochs.get(first % epochs.len().max(1)).copied();
            (true, record.and_then(|record| sealed(record, &message)))
        });
        if let Some(event) = sealed.flatten() {
            take(room, event);
        }
    });
}

/// An event as JSON, its signature taken as checked. Where it has a field `epoch`, its content is an MLSMessage in base64, which is wrapped with
/// the key of that epoch: so many before the current one.
pub(super) fn event(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(mut event) = Event::from_json(value.to_string()) else { return };
    Room::with(|room| {
        if let Some(back) = value.get("epoch").and_then(Value::as_u64) {
            let Ok(message) = STANDARD.decode(&event.content) else { return };
            let wrapped =
                room.attempt(move |_, group, _| (true, group.epochs().get(back as usize).and_then(|record| sealed(record, &message))));
            let Some(wrapped) = wrapped.flatten() else { return };
            event.content = wrapped.content;
        }
        take(room, event);
    });
}

fn sealed(record: &EpochRecord, message: &[u8]) -> Option<Event> {
    seal_envelope(&record.keys.as_ref()?.group_event, message, record.routing, now(), None).ok()
}

thread_local! {
    static OUTCOMES: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
}

/// What became of the events of this thread so far, by kind and reason.
pub fn outcomes() -> BTreeMap<String, u32> {
    OUTCOMES.with_borrow(Clone::clone)
}

/// The names of the variants, without what they hold.
fn name(outcome: &Ingest) -> String {
    let text = match outcome {
        Ingest::Rejected(why) => format!("Rejected {why:?}"),
        Ingest::Deferred(why) => format!("Deferred {why:?}"),
        other => format!("{other:?}"),
    };
    text.chars().take_while(|c| c.is_alphanumeric() || *c == ' ').collect::<String>().trim_end().to_owned()
}

fn take(room: &Room, event: Event) {
    let tried = room.attempt(move |tx, group, device| {
        let before = tx.state_hash(&[]).expect("a hash");
        let outcome = group.ingest(tx, device, &event, now()).expect("what others send is never a fault of ours");
        let after = tx.state_hash(&[]).expect("a hash");
        let refused = matches!(outcome, Ingest::Rejected(_) | Ingest::Duplicate);
        (refused, (refused, before == after, name(&outcome)))
    });
    let (refused, same, name) = tried.expect("ingesting must not panic");
    OUTCOMES.with_borrow_mut(|outcomes| *outcomes.entry(name).or_default() += 1);
    assert!(same || !refused, "what was refused changed a row");
}

/// The bytes of an MLSMessage with a welcome, said to come from the admin who really sent it.
pub(super) fn welcome(data: &[u8]) {
    Room::with(|room| {
        let rumor = &room.inputs.rumor;
        let (from, bytes) = (rumor.pubkey, data.to_vec());
        let outcome = room.ben.attempt(move |tx, desk| {
            let before = tx.state_hash(&[]).expect("a hash");
            let seen = Welcome::restore(bytes, from, vec!["wss://relay.example".to_owned()]).inspect(tx, &desk.device);
            assert!(!matches!(seen, Err(JoinError::Fault(_))), "what others send is never a fault of ours");
            (false, before == tx.state_hash(&[]).expect("a hash"))
        });
        assert_eq!(outcome, Some(true), "looking at a welcome changed a row, or panicked");
    });
}

/// Whether Ben can still read what was kept back for the end: nothing that was refused did harm to his loaded group.
pub fn still_reads() -> bool {
    Room::with(|room| {
        let event = room.inputs.last.clone();
        let outcome = room.attempt(move |tx, group, device| (false, group.ingest(tx, device, &event, now()).expect("no fault")));
        matches!(outcome, Some(Ingest::Message(message)) if message.event.content() == "last")
    })
}
