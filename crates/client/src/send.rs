//! A text, from the composer into the outbox, in one transaction.
//! It opens no socket.

use std::sync::Arc;

use murmel_engine::{InnerEvent, MAX_INNER_EVENT, Sealed};
use murmel_ipc::{self as ipc, ErrorCode};
use murmel_store::{
    ChatId, ChatRecord, ChatState, KIND_CHAT, Lane, MessageId, MessageRecord, OutboxId, OutboxRecord, OutboxState, Purpose, Tx,
};
use nostr::{Event, EventId, JsonUtil as _, PublicKey};

use crate::account::Account;
use crate::groups::Groups;
use crate::{Error, Result, changes, views};

/// Makes equal texts of the same second different events.
const DISTINCT_TAG: &str = "n";

/// Encrypts and keeps a text. When it returns, the message survives a crash.
pub(crate) async fn send(account: &Arc<Account>, args: ipc::SendMessage) -> Result<ipc::MessageView> {
    if args.text.trim().is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "There is nothing to send: the text is empty."));
    }
    if args.text.len() > MAX_INNER_EVENT {
        return Err(too_large(args.text.len()));
    }
    let (me, now) = (account.pubkey(), account.clock.now());
    changes::write(account, move |tx, groups, changes| {
        let chat = views::find(tx, &args.chat)?;
        sendable(&chat)?;
        let event = inner_event(tx, groups, &chat, &args, me, now)?;
        let (group, device) = groups.get(tx, &chat.group)?.ok_or_else(|| Error::internal("a chat without its group"))?;
        let Sealed { event: outer, digest, epoch } = group.encrypt(tx, device, &event)?;
        let view = group.view();
        let record = MessageRecord {
            id: MessageId::NEW,
            chat: chat.id,
            at: event.created_at(),
            event_id: event.id(),
            sender: me,
            kind: event.kind(),
            content: event.content().to_owned(),
            tags: event.tags().to_vec(),
            target: parent(event.tags()),
            epoch,
            digest: Some(digest),
            mine: true,
            erased: false,
            expires_at: view.retention.filter(|seconds| *seconds > 0).map(|seconds| event.created_at().saturating_add(seconds)),
            received_at: now,
        };
        let id = tx.insert_message(&record)?.ok_or_else(|| Error::internal("a message that was there before it was sent"))?;
        enqueue(tx, Purpose::Message, Some(chat.id), Some(id), &outer, Lane::Group, &view.relays, now)?;
        tx.touch_chat(chat.id, record.at)?;
        changes.message(id);
        changes.enqueued();
        views::message(tx, me, &MessageRecord { id, ..record })
    })
    .await
}

/// Puts a signed event on its way.
#[expect(clippy::too_many_arguments, reason = "one row, spelled out once")]
pub(crate) fn enqueue(
    tx: &Tx<'_>,
    purpose: Purpose,
    chat: Option<ChatId>,
    message: Option<MessageId>,
    event: &Event,
    lane: Lane,
    relays: &[String],
    now: u64,
) -> Result<OutboxId> {
    let record = OutboxRecord {
        id: OutboxId::NEW,
        purpose,
        chat,
        message,
        event_id: event.id,
        event: event.as_json().into_bytes(),
        lane,
        created_at: now,
        required: 1,
        state: OutboxState::Open,
        reason: String::new(),
        depends: None,
    };
    Ok(tx.enqueue(&record, relays)?)
}

/// Whether the group takes messages and changes of ours.
pub(crate) fn sendable(chat: &ChatRecord) -> Result<()> {
    let why = match chat.state {
        ChatState::Active => return Ok(()),
        ChatState::Leaving => "You are leaving this group.",
        ChatState::Left => "You have left this group.",
        ChatState::Removed => "You are not a member of this group any more.",
    };
    Err(Error::new(ErrorCode::GroupInactive, why))
}

fn inner_event(
    tx: &Tx<'_>,
    groups: &mut Groups,
    chat: &ChatRecord,
    args: &ipc::SendMessage,
    me: PublicKey,
    now: u64,
) -> Result<InnerEvent> {
    let mut tags = Vec::new();
    if let Some(parent) = args.reply_to {
        let parent = tx.message(MessageId(parent))?.filter(|parent| parent.chat == chat.id && parent.kind == KIND_CHAT);
        let parent = parent.ok_or_else(|| Error::not_found("The message you answer"))?.event_id.to_hex();
        tags.extend(["e", "q"].map(|name| vec![name.to_owned(), parent.clone()]));
    }
    let at = groups.stamp(chat.id, now);
    let event = InnerEvent::new(me, at, KIND_CHAT, tags.clone(), args.text.clone());
    if event.json().len() > MAX_INNER_EVENT {
        return Err(too_large(event.json().len()));
    }
    if tx.message_by_event(chat.id, &event.id())?.is_none() {
        return Ok(event);
    }
    let distinct = EventId::from_byte_array(rand::random()).to_hex();
    tags.push(vec![DISTINCT_TAG.to_owned(), distinct.chars().take(8).collect()]);
    Ok(InnerEvent::new(me, at, KIND_CHAT, tags, args.text.clone()))
}

fn parent(tags: &[Vec<String>]) -> Option<EventId> {
    tags.iter().find_map(|tag| match tag.as_slice() {
        [name, id, ..] if name == "e" => EventId::from_hex(id).ok(),
        _ => None,
    })
}

fn too_large(bytes: usize) -> Error {
    let words = format!("This text is too long to send: {bytes} bytes, about {MAX_INNER_EVENT} are possible. Send it in parts.");
    Error::new(ErrorCode::TooLarge, words)
}
