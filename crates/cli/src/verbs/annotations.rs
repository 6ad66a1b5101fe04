//! Owns the verbs about single messages: react, edit, delete, message.
//! Never keeps a text.

use murmel_ipc::{ErrorCode, Excerpt, MessageKind, MessageView};
use serde_json::{Value, json};

use super::Outcome;
use super::messages::from_stdin;
use super::profile::Open;
use crate::answer::{Answer, Failure};

/// Reacts to a message, or takes a reaction back.
///
/// # Errors
/// Those of the client.
pub async fn react(open: &Open, group: &str, message: &str, emoji: &str, remove: bool) -> Outcome {
    let (chat, message) = find(open, group, message).await?;
    if remove {
        open.client.unreact(message, emoji).await?;
    } else {
        open.client.react(message, emoji).await?;
    }
    answer(open, &chat, message).await
}

/// Replaces the text of a message.
///
/// # Errors
/// Those of the client.
pub async fn edit(open: &Open, group: &str, message: &str, text: String) -> Outcome {
    let text = if text == "-" { from_stdin()? } else { text };
    let (chat, message) = find(open, group, message).await?;
    open.client.edit(message, &text).await?;
    answer(open, &chat, message).await
}

/// Deletes a message.
///
/// # Errors
/// Those of the client.
pub async fn delete(open: &Open, group: &str, message: &str) -> Outcome {
    let (chat, message) = find(open, group, message).await?;
    open.client.delete_message(message).await?;
    answer(open, &chat, message).await
}

/// Takes a message back that no relay has.
///
/// # Errors
/// Those of the client.
pub async fn cancel(open: &Open, group: &str, message: &str) -> Outcome {
    let (chat, row) = find(open, group, message).await?;
    open.client.cancel_message(row).await?;
    Ok(Some(Answer::new(json!({ "group": chat, "id": message, "cancelled": true }), "The message is taken back.".to_owned())))
}

/// Shows a message.
///
/// # Errors
/// Those of the client.
pub async fn show(open: &Open, group: &str, message: &str) -> Outcome {
    let (chat, message) = find(open, group, message).await?;
    answer(open, &chat, message).await
}

async fn find(open: &Open, group: &str, message: &str) -> Result<(String, i64), Failure> {
    // Commits of others come first, and what others say about the message, too.
    open.catch_up().await?;
    let group = open.group(group).await?;
    let record = open.client.record_by_event(&group.id, message).await?;
    let record = record.ok_or_else(|| Failure::new(ErrorCode::NotFound, "This message is not here."))?;
    Ok((group.id, record.message))
}

async fn answer(open: &Open, chat: &str, message: i64) -> Outcome {
    open.catch_up().await?;
    let record = open.client.record(message).await?.ok_or_else(gone)?;
    let page = open.client.timeline_around(chat, message, 1).await?;
    let view = page.messages.into_iter().find(|view| view.id == message).ok_or_else(gone)?;
    let history = open.client.history(message).await?;
    let mut value = shown(&view);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("group".to_owned(), json!(chat));
        fields.insert("id".to_owned(), json!(record.id));
        fields.insert("history".to_owned(), json!(history));
    }
    Ok(Some(Answer::new(value, text(&view))))
}

fn gone() -> Failure {
    Failure::new(ErrorCode::NotFound, "This message is not here any more.")
}

fn shown(view: &MessageView) -> Value {
    match &view.kind {
        MessageKind::Text { text, edited, deleted, reactions, mentions, quote, .. } => json!({
            "sender": view.sender,
            "created_at": view.at,
            "mine": view.mine,
            "text": text,
            "edited": edited,
            "deleted": deleted,
            "reactions": reactions,
            "mentions": mentions,
            "quote": quote.as_ref().map(excerpt),
        }),
        MessageKind::System { event } => json!({ "created_at": view.at, "event": event }),
    }
}

fn excerpt(excerpt: &Excerpt) -> &str {
    match excerpt {
        Excerpt::Text { text } => text,
        Excerpt::Deleted => "(deleted)",
        Excerpt::Hidden => "(blocked)",
        Excerpt::System { .. } => "(system)",
    }
}

fn text(view: &MessageView) -> String {
    let MessageKind::Text { text, edited, deleted, reactions, .. } = &view.kind else { return String::new() };
    let mut line = format!("{}: {}", view.sender_name, if *deleted { "(deleted)" } else { text });
    if *edited {
        line.push_str(" (edited)");
    }
    for reaction in reactions {
        line.push_str(&format!("\n  {} {}", reaction.emoji, reaction.people.join(", ")));
    }
    line
}
