//! Owns the verb that runs until it is stopped: what arrives goes out as JSON lines, what comes in is sent.
//! Never loses a line silently: a gap is a line of its own.

use std::collections::HashMap;

use murmel_ipc::{ErrorCode, Event, EventKind, MessageKind, MessageView, RequestView};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

use super::messages::{queue, record_value};
use super::profile::Open;
use super::{Outcome, group, stop};
use crate::answer::{Failure, line};

/// Lines of standard input that wait to be sent.
const INPUT_QUEUE: usize = 64;
/// Messages whose last printed state is remembered, so that a repeated event prints nothing.
const REMEMBERED: usize = 4_096;

/// A text to send, as standard input brings it.
#[derive(Deserialize)]
struct Input {
    group: String,
    text: String,
    #[serde(default)]
    reply: Option<String>,
}

/// Prints until the program is stopped.
///
/// # Errors
/// Those of the client.
pub async fn run(open: &Open, stdin: bool) -> Outcome {
    let mut printed = Printed::default();
    let mut input = if stdin { read_lines() } else { mpsc::channel(1).1 };
    let mut input_open = stdin;
    let stopped = stop::asked();
    tokio::pin!(stopped);
    let mut subscription = open.client.subscribe().await?;
    let said = line(&json!({ "type": "ready", "npub": open.account()?.npub }));
    if said.is_err() {
        return Ok(None);
    }
    loop {
        let value = tokio::select! {
            () = &mut stopped => return Ok(None),
            event = subscription.events.recv() => match event {
                Some(event) => printed.value(open, event).await?,
                None => {
                    subscription = open.client.subscribe().await?;
                    Some(json!({ "type": "gap" }))
                }
            },
            text = input.recv(), if input_open => match text {
                Some(text) => Some(send(open, &text).await),
                None => {
                    input_open = false;
                    None
                }
            },
        };
        if value.is_some_and(|value| line(&value).is_err()) {
            return Ok(None);
        }
    }
}

#[derive(Default)]
struct Printed {
    states: HashMap<i64, Value>,
}

impl Printed {
    async fn value(&mut self, open: &Open, event: Event) -> Result<Option<Value>, Failure> {
        // The other accounts of the profile are open too; a listener has one.
        if event.account.is_some_and(|account| open.account().map_or(true, |mine| mine.npub != account)) {
            return Ok(None);
        }
        Ok(match event.kind {
            EventKind::Message { message } => self.message(open, message).await?,
            EventKind::Request { request } => Some(request_value(&request)),
            EventKind::RequestRemoved { id } => Some(json!({ "type": "request_removed", "id": id })),
            EventKind::MessagesRemoved { chat, messages } => {
                // Should one come back, that is news.
                messages.iter().for_each(|id| drop(self.states.remove(id)));
                Some(json!({ "type": "messages_removed", "group": chat, "messages": messages }))
            }
            EventKind::Group { group } => Some(typed("group", group::view(&group))),
            EventKind::ChatRemoved { id } => Some(json!({ "type": "group_removed", "id": id })),
            EventKind::Setup { setup } => Some(json!({ "type": "setup", "steps": setup })),
            EventKind::Network { network } => Some(json!({
                "type": "network",
                "connected": network.relays.iter().filter(|relay| relay.connected).count(),
                "relays": network.relays.len(),
                "outbox": network.outbox,
                "catching_up": network.catching_up,
            })),
            EventKind::Reachability { reachability } => Some(typed("reachability", json!(reachability))),
            EventKind::Sync { sync } => Some(typed("sync", json!(sync))),
            EventKind::RelayHealth { .. }
            | EventKind::Indexing { .. }
            | EventKind::Chat { .. }
            | EventKind::Person { .. }
            | EventKind::Session { .. }
            | EventKind::Account { .. }
            | EventKind::LockAfter { .. }
            | EventKind::Settings { .. }
            | EventKind::Notifications { .. }
            | EventKind::OpenChat { .. }
            | EventKind::OpenPerson { .. }
            | EventKind::Updates { .. } => None,
        })
    }

    async fn message(&mut self, open: &Open, view: MessageView) -> Result<Option<Value>, Failure> {
        let value = match (&view.kind, open.client.record(view.id).await?) {
            (MessageKind::System { event }, _) => {
                json!({ "type": "system", "group": view.chat, "created_at": view.at, "event": event })
            }
            (_, Some(record)) => typed("message", record_value(&view.chat, &record)),
            (_, None) => json!({ "type": "changed", "group": view.chat, "message": view }),
        };
        if self.states.get(&view.id) == Some(&value) {
            return Ok(None);
        }
        if self.states.len() >= REMEMBERED {
            self.states.clear();
        }
        self.states.insert(view.id, value.clone());
        Ok(Some(value))
    }
}

fn request_value(request: &RequestView) -> Value {
    typed("request", json!(request))
}

fn typed(name: &str, mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert("type".to_owned(), json!(name));
    }
    value
}

async fn send(open: &Open, text: &str) -> Value {
    let sent = async {
        let input: Input = serde_json::from_str(text)
            .map_err(|error| Failure::new(ErrorCode::InvalidInput, format!("This line is not a text to send: {error}")))?;
        let chat = open.group(&input.group).await?.id;
        let view = queue(open, &chat, input.text, input.reply.as_deref()).await?;
        Ok::<Value, Failure>(json!({ "type": "queued", "group": chat, "message": view.id }))
    };
    match sent.await {
        Ok(value) => value,
        Err(failure) => json!({ "type": "error", "error": failure.value() }),
    }
}

fn read_lines() -> mpsc::Receiver<String> {
    let (out, lines) = mpsc::channel(INPUT_QUEUE);
    tokio::spawn(async move {
        let mut input = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(text)) = input.next_line().await {
            if !text.trim().is_empty() && out.send(text).await.is_err() {
                return;
            }
        }
    });
    lines
}
