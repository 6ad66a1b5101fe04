//! Owns the verbs of messages: send and messages.
//! Never keeps a text.

use std::io::Read;

use murmel_client::Record;
use murmel_ipc::{Delivery, ErrorCode, MessageState, MessageView, SendMessage};
use serde_json::{Value, json};

use super::Outcome;
use super::profile::Open;
use crate::answer::{Answer, Failure};

/// Largest text read from standard input, bytes; the client's own limit is below.
const TEXT_CAP: u64 = 256 * 1024;

/// Sends a text and waits until a relay has it, or the patience is over: then it stays queued.
///
/// # Errors
/// Those of the client.
pub async fn send(open: &Open, group: &str, text: String, reply: Option<String>) -> Outcome {
    let text = if text == "-" { from_stdin()? } else { text };
    // Commits of others come first: the text is for those who are members now.
    open.catch_up().await?;
    let group = open.group(group).await?;
    let view = queue(open, &group.id, text, reply.as_deref()).await?;
    open.catch_up().await?;
    let relays = open.client.delivery(view.id).await?;
    let mut value = match open.client.record(view.id).await? {
        Some(record) => record_value(&group.id, &record),
        None => state_value(&view.state),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.insert("relays".to_owned(), json!(relays));
    }
    let text = sentence(&relays);
    Ok(Some(Answer::new(value, text)))
}

/// Hands a text to the client; durable when this returns.
///
/// # Errors
/// Those of the client, and `NotFound` for an unknown message to answer.
pub async fn queue(open: &Open, chat: &str, text: String, reply: Option<&str>) -> Result<MessageView, Failure> {
    let reply_to = match reply {
        Some(id) => {
            let unknown = || Failure::new(ErrorCode::NotFound, "The message to answer is not here.");
            Some(open.client.record_by_event(chat, id).await?.ok_or_else(unknown)?.message)
        }
        None => None,
    };
    Ok(open.client.send(SendMessage { chat: chat.to_owned(), text, reply_to }).await?)
}

/// The newest messages of a group.
///
/// # Errors
/// Those of the client.
pub async fn list(open: &Open, group: &str, limit: u32) -> Outcome {
    open.catch_up().await?;
    let group = open.group(group).await?;
    let records = open.client.records(&group.id, limit).await?;
    Ok(Some(listed(&group.id, &records)))
}

/// The messages around one of them.
///
/// # Errors
/// Those of the client, and `NotFound` for an unknown message.
pub async fn around(open: &Open, group: &str, message: &str, limit: u32) -> Outcome {
    open.catch_up().await?;
    let group = open.group(group).await?;
    let unknown = || Failure::new(ErrorCode::NotFound, "This message is not here.");
    let middle = open.client.record_by_event(&group.id, message).await?.ok_or_else(unknown)?;
    let page = open.client.timeline_around(&group.id, middle.message, limit).await?;
    let mut records = Vec::with_capacity(page.messages.len());
    for view in page.messages {
        // What happened to the group was never on the wire.
        records.extend(open.client.record(view.id).await?);
    }
    Ok(Some(listed(&group.id, &records)))
}

fn listed(group: &str, records: &[Record]) -> Answer {
    let text = records.iter().map(|record| format!("{}  {}: {}", record.created_at, short(&record.sender), record.content));
    let text = text.collect::<Vec<_>>().join("\n");
    let messages: Vec<Value> = records.iter().map(|record| record_value(group, record)).collect();
    Answer::new(json!({ "messages": messages }), text)
}

/// A message as programs get it.
pub fn record_value(group: &str, record: &Record) -> Value {
    let mut value = json!({
        "group": group,
        "id": record.id,
        "sender": record.sender,
        "kind": record.kind,
        "content": record.content,
        "tags": record.tags,
        "created_at": record.created_at,
        "mine": record.mine,
        "relays": record.relays,
    });
    if let (Some(fields), Value::Object(state)) = (value.as_object_mut(), state_value(&record.state)) {
        fields.extend(state);
    }
    value
}

fn state_value(state: &MessageState) -> Value {
    match state {
        MessageState::Received => json!({ "state": "received" }),
        MessageState::Queued => json!({ "state": "queued" }),
        MessageState::Sent { accepted, relays } => json!({ "state": "sent", "accepted": accepted, "of": relays }),
        MessageState::Failed { cause, reason } => json!({ "state": "failed", "cause": cause, "reason": reason }),
    }
}

fn sentence(relays: &[Delivery]) -> String {
    use murmel_ipc::DeliveryAnswer::Accepted;
    match relays.iter().filter(|relay| relay.answer == Accepted).count() {
        0 => "Queued: no relay has it yet. It is sent by itself the next time a relay can be reached.".to_owned(),
        accepted => format!("Sent to {accepted} of {} relays.", relays.len()),
    }
}

pub(super) fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(TEXT_CAP).read_to_string(&mut text);
    read.map_err(|error| Failure::new(ErrorCode::InvalidInput, format!("The text cannot be read from standard input: {error}")))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn short(pubkey: &str) -> &str {
    pubkey.get(..8).unwrap_or(pubkey)
}
