//! Sending and receiving: the product's transaction against the sum of the primitives, batch by batch in turn.
//! What relays and the window add is not in it.

use std::path::Path;

use anyhow::Context as _;
use murmel_engine::{Ingest, InnerEvent, RoutingId, Sealed};
use murmel_store::{Answer, KIND_CHAT, Lane, MessageId, MessageRecord, OutboxId, OutboxRecord, OutboxState, Purpose, Tx};
use nostr::{Event, JsonUtil as _, PublicKey};

use crate::crowd::Crowd;
use crate::person::{Desk, Person, RELAY, now};
use crate::primitives::Primitives;
use crate::raw_rows::RawRows;
use crate::rows::Report;
use crate::time::{Samples, timed};

/// Events in one transaction, as in the product.
pub const BATCH: usize = 128;
/// Messages in the table before anything is measured.
pub const TABLE: usize = 20_000;
const WARM_UP: usize = 1;

/// A text of ordinary length.
pub fn text(n: usize) -> String {
    format!("Message {n:06}: shall we meet at the allotment on Sunday at ten?")
}

/// How long a message takes on the way in and on the way out, in microseconds.
pub struct Cost {
    /// One message of a batch.
    pub receive: f64,
}

/// Measures both for a group.
///
/// # Errors
/// The store's and the engine's.
pub fn measure(
    report: &mut Report,
    sizes: (usize, usize),
    crowd: &Crowd,
    members: usize,
    folder: &Path,
    rounds: usize,
    place: &'static str,
) -> anyhow::Result<Cost> {
    let raw = Person::new(folder)?;
    let group = crowd.bob.tx(|_, desk| Ok(desk.parts()?.0.id().as_bytes().to_vec()))?;
    let sender = crowd.alice.account();
    for who in [&crowd.bob, &crowd.alice] {
        who.tx(move |tx, desk| fill(tx, desk.chat, sender))?;
    }
    let template = crowd.bob.tx(|tx, desk| tx.chat(desk.chat)?.context("no chat"))?;
    let chat = raw.tx(move |tx, desk| {
        desk.chat = tx.insert_chat(&template)?;
        fill(tx, desk.chat, sender)?;
        Ok(desk.chat)
    })?;
    let path = raw.path.clone();
    raw.close();
    let mut raw = RawRows::open(&path, chat, &group)?;

    // Measured again for each group: what else the machine does changes over time.
    let primitives = Primitives::measure(sizes.0, sizes.1)?;
    let receive = receive(crowd, &mut raw, rounds)?;
    let limit = primitives.receive() + receive.rows.calm();
    report.fact(format!("receive/{place}/n={members}/rows alone"), receive.rows.calm(), "µs", "raw SQLCipher, per message of a batch");
    let cost = Cost { receive: receive.product.calm() };
    report.against(format!("receive/{place}/n={members}"), cost.receive, "µs", limit, Some(1.5), "per message of a batch of 128");

    report.fact(format!("receive/{place}/n={members}/on the clock"), receive.wall.calm(), "µs", "");
    let send = send(crowd, &mut raw, rounds * 16)?;
    let limit = primitives.send() + send.rows.calm();
    let target = (members <= 100).then_some(1.5);
    report.fact(format!("send/{place}/n={members}/rows alone"), send.rows.calm(), "µs", "raw SQLCipher, one transaction, one sync");
    if members <= 100 {
        report.at_most(format!("send/{place}/n={members}/processor"), send.product.calm(), "µs", 300.0, "");
    }
    report.against(format!("send/{place}/n={members}"), send.product.calm(), "µs", limit, target, "one message, one transaction, one sync");
    report.fact(format!("send/{place}/n={members}/on the clock"), send.wall.calm(), "µs", "durable when it returns");
    Ok(cost)
}

#[derive(Default)]
struct Pair {
    product: Samples,
    rows: Samples,
    wall: Samples,
}

fn receive(crowd: &Crowd, raw: &mut RawRows, rounds: usize) -> anyhow::Result<Pair> {
    let mut pair = Pair::default();
    let senders = crowd.senders();
    for round in 0..rounds + WARM_UP {
        let share = BATCH / senders.len();
        let mut batch = Vec::with_capacity(BATCH);
        for sender in &senders {
            batch.extend(say(sender, share, round)?);
        }
        let count = batch.len();
        let (outcome, rows) = timed(|| raw.receive(count, &text(round), now()));
        outcome?;
        let (outcome, product) = timed(|| take(&crowd.bob, batch));
        outcome?;
        if round >= WARM_UP {
            pair.rows.add(rows.cpu / count as f64);
            pair.product.add(product.cpu / count as f64);
            pair.wall.add(product.wall / count as f64);
        }
    }
    Ok(pair)
}

fn send(crowd: &Crowd, raw: &mut RawRows, rounds: usize) -> anyhow::Result<Pair> {
    let mut pair = Pair::default();
    let mut event = Vec::new();
    for round in 0..rounds + WARM_UP {
        let (outcome, product) = timed(|| send_one(&crowd.alice, text(round)));
        let (sent, outbox) = outcome?;
        // Open events are counted on every send, and a real outbox drains.
        crowd.alice.tx(move |tx, _| Ok(tx.record_answer(outbox, RELAY, Answer::Accepted, "", now(), None)?))?;
        event = if event.is_empty() { sent.as_json().into_bytes() } else { event };
        let (outcome, rows) = timed(|| raw.send(&text(round), &event, RELAY, now()));
        outcome?;
        if round >= WARM_UP {
            pair.rows.add(rows.cpu);
            pair.product.add(product.cpu);
            pair.wall.add(product.wall);
        }
    }
    Ok(pair)
}

/// What the client does with a batch from a relay, admission's check of the signature included.
pub fn take(who: &Person, batch: Vec<Event>) -> anyhow::Result<()> {
    who.tx(move |tx, desk| {
        tx.hold_message_keys();
        for event in &batch {
            take_one(tx, desk, event)?;
        }
        Ok(desk.parts()?.0.write_held_keys(tx)?)
    })
}

fn take_one(tx: &Tx<'_>, desk: &mut Desk, event: &Event) -> anyhow::Result<()> {
    event.verify()?;
    if tx.is_seen(&event.id)? {
        return Ok(());
    }
    let tag = event.tags.iter().find_map(|tag| tag.as_slice().get(1)).and_then(|text| RoutingId::from_hex(text));
    let chats = tx.chats_by_routing(&tag.context("no tag")?)?;
    let chat = chats.first().context("no chat has this tag")?.id;
    let (group, device) = desk.parts()?;
    let Ingest::Message(received) = group.ingest(tx, device, event, now())? else { anyhow::bail!("no message") };
    let record = record(&received.event, chat, received.epoch, Some(received.digest), false);
    let id = tx.insert_message(&record)?.context("a message came twice")?;
    std::hint::black_box(id);
    tx.touch_chat(chat, record.at)?;
    tx.remember_seen(&event.id, now())?;
    Ok(())
}

/// What the client does with a text from the composer.
pub fn send_one(who: &Person, text: String) -> anyhow::Result<(Event, OutboxId)> {
    let me = who.account();
    who.tx(move |tx, desk| {
        tx.hold_message_keys();
        let chat = tx.chat(desk.chat)?.context("no chat")?.id;
        let (group, device) = desk.parts()?;
        let inner = InnerEvent::text(me, now(), text, &[]);
        let Sealed { event, digest, epoch, .. } = group.encrypt(tx, device, &inner)?;
        let id = tx.insert_message(&record(&inner, chat, epoch, Some(digest), true))?.context("said twice")?;
        let row = OutboxRecord {
            id: OutboxId::NEW,
            purpose: Purpose::Message,
            chat: Some(chat),
            message: Some(id),
            event_id: event.id,
            event: event.as_json().into_bytes(),
            lane: Lane::Group,
            created_at: now(),
            required: 1,
            state: OutboxState::Open,
            cancelled: None,
            refusal: String::new(),
            depends: None,
        };
        let outbox = tx.enqueue(&row, &[RELAY.to_owned()])?;
        tx.touch_chat(chat, inner.created_at())?;
        group.write_held_keys(tx)?;
        Ok((event, outbox))
    })
}

/// Encrypts texts in one transaction; what the sender's disk costs is not measured.
pub fn say(who: &Person, count: usize, round: usize) -> anyhow::Result<Vec<Event>> {
    let me = who.account();
    who.tx(move |tx, desk| {
        tx.hold_message_keys();
        let (group, device) = desk.parts()?;
        let mut events = Vec::with_capacity(count);
        for n in 0..count {
            let inner = InnerEvent::text(me, now(), text(round * 1000 + n), &[]);
            events.push(group.encrypt(tx, device, &inner)?.event);
        }
        group.write_held_keys(tx)?;
        Ok(events)
    })
}

/// The row of an inner event.
pub fn record(
    event: &InnerEvent,
    chat: murmel_store::ChatId,
    epoch: murmel_engine::Epoch,
    digest: Option<murmel_engine::Digest>,
    mine: bool,
) -> MessageRecord {
    MessageRecord {
        id: MessageId::NEW,
        chat,
        at: event.created_at(),
        event_id: event.id(),
        sender: event.author(),
        kind: event.kind(),
        content: event.content().to_owned(),
        tags: event.tags().to_vec(),
        target: None,
        epoch,
        branch: digest,
        digest,
        mine,
        erased: false,
        withdrawn: false,
        expires_at: None,
        received_at: now(),
    }
}

/// Puts [`TABLE`] older messages into a conversation.
fn fill(tx: &Tx<'_>, chat: murmel_store::ChatId, sender: PublicKey) -> anyhow::Result<()> {
    let start = now() - TABLE as u64 - 1000;
    for n in 0..TABLE {
        let event = InnerEvent::new(sender, start + n as u64, KIND_CHAT, Vec::new(), text(n));
        let digest = murmel_engine::Digest::of(event.id().as_bytes());
        tx.insert_message(&record(&event, chat, murmel_engine::Epoch(1), Some(digest), false))?;
        tx.remember_seen(&event.id(), start)?;
    }
    Ok(())
}

/// The size of an inner event and of the MLS message around it, in bytes.
pub fn sizes(crowd: &Crowd) -> anyhow::Result<(usize, usize)> {
    let inner = InnerEvent::text(crowd.alice.account(), now(), text(0), &[]).json().len();
    let event = say(&crowd.alice, 1, 0)?.pop().context("no event")?;
    // Base64 of a nonce, the message, and a tag.
    Ok((inner, (event.content.len() / 4 * 3).saturating_sub(28)))
}
