//! A text, from the composer into the outbox, in one transaction.
//! It opens no socket.

use std::sync::Arc;

use murmel_engine::components::Retention;
use murmel_engine::{Epoch, InnerEvent, MAX_INNER_EVENT, PAST_EPOCHS, Sealed};
use murmel_ipc::{self as ipc, ErrorCode};
use murmel_store::{
    Cancellation, ChatId, ChatRecord, ChatState, KIND_CHAT, KIND_SYSTEM, Lane, MessageId, MessageRecord, OUTBOX_CAP, OutboxId,
    OutboxRecord, OutboxState, Purpose, Tx,
};
use nostr::{Event, EventBuilder, EventId, JsonUtil as _, Keys, PublicKey, Timestamp};

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::group::groups::Groups;
use crate::message::{choice, drafts, mentions, order};
use crate::{Error, Result, views};

/// Makes equal texts of the same second different events.
const DISTINCT_TAG: &str = "n";

/// Encrypts and keeps a text. When it returns, the message survives a crash.
pub(crate) async fn send(account: &Arc<Account>, args: ipc::SendMessage) -> Result<ipc::MessageView> {
    let ipc::SendMessage { chat, text, reply_to } = args;
    check_text(&text)?;
    let (me, now) = (account.pubkey(), account.clock.now());
    #[cfg(murmel_bug = "publish_before_persist")]
    published_early(account, &chat, &text).await;
    let sent = changes::write(account, move |tx, groups, changes| {
        let chat = views::find(tx, &chat)?;
        sendable(&chat)?;
        let mut tags = Vec::new();
        if let Some(parent) = reply_to {
            let parent = tx.message(MessageId(parent))?.filter(|parent| parent.chat == chat.id && parent.kind == KIND_CHAT);
            let parent = parent.ok_or_else(|| Error::not_found("The message you answer"))?.event_id.to_hex();
            tags.extend(["e", "q"].map(|name| vec![name.to_owned(), parent.clone()]));
        }
        tags.extend(mentions::tags(&text));
        let record = post(tx, groups, changes, &chat, Draft { me, kind: KIND_CHAT, tags, content: text, after: 0 }, now)?;
        tx.touch_chat(chat.id, record.at)?;
        choice::stir(tx, changes, chat.id, true, now)?;
        drafts::sent(tx, changes, chat.id, &record.content)?;
        views::message(tx, me, &record)
    })
    .await;
    murmel_store::crash_point!("send: durable, caller not told");
    sent
}

/// What is to be said in a chat.
pub(crate) struct Draft {
    pub(crate) me: PublicKey,
    /// Kind of the inner event.
    pub(crate) kind: u16,
    pub(crate) tags: Vec<Vec<String>>,
    pub(crate) content: String,
    /// Its time has to be later than this, Unix seconds: of two edits, the one with the later time counts.
    pub(crate) after: u64,
}

/// Whether a text can be sent.
pub(crate) fn check_text(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "There is nothing to send: the text is empty."));
    }
    if text.len() > MAX_INNER_EVENT { Err(too_large(text.len())) } else { Ok(()) }
}

/// Encrypts, keeps and enqueues something of ours; part of a transaction.
///
/// # Errors
/// `TooLarge`; the engine's refusals, the store's.
pub(crate) fn post(
    tx: &Tx<'_>,
    groups: &mut Groups,
    changes: &mut Changes,
    chat: &ChatRecord,
    draft: Draft,
    now: u64,
) -> Result<MessageRecord> {
    let me = draft.me;
    let event = inner_event(tx, groups, chat, draft, now)?;
    let (group, device) = groups.get(tx, &chat.group)?.ok_or_else(|| Error::internal("a chat without its group"))?;
    let Sealed { event: outer, digest, epoch, branch } = group.encrypt(tx, device, &event)?;
    murmel_store::crash_point!("send: encrypted, not stored");
    let (relays, retention) = (group.relays().to_vec(), group.retention_secs());
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
        branch: Some(branch),
        digest: Some(digest),
        mine: true,
        erased: false,
        withdrawn: false,
        expires_at: retention.and_then(|seconds| Retention(seconds).expiry(event.created_at())),
        received_at: now,
    };
    let id = tx.insert_message(&record)?.ok_or_else(|| Error::internal("a message that was there before it was sent"))?;
    murmel_store::crash_point!("send: message stored, not queued");
    enqueue(tx, Purpose::Message, Some(chat.id), Some(id), &outer, Lane::Group, &relays, now)?;
    murmel_store::crash_point!("send: queued, not committed");
    changes.message(id);
    changes.enqueued();
    Ok(MessageRecord { id, ..record })
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
        cancelled: None,
        refusal: String::new(),
        depends: None,
    };
    Ok(tx.enqueue(&record, relays)?)
}

/// Epochs of a group that are over.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    /// The first of them.
    pub(crate) epoch: Epoch,
    /// When the commit that ended the last one was published, Unix seconds.
    pub(crate) at: u64,
}

/// How long a relay may take to pass a message on, in seconds.
const TRANSIT: u64 = 60;
/// How long after it was written a message is said again for a relay that takes it late, in seconds: a day.
const SAID_AGAIN_FOR: u64 = 24 * 60 * 60;

/// Encrypts own messages of a group again that nobody may be able to read any more, because the group moved on: those that
/// no relay has, and those that came out only when the others had forgotten their epoch. Who has one already knows it by its inner event.
///
/// # Errors
/// The store's. What cannot be encrypted stays as it is.
pub(crate) fn renew(tx: &Tx<'_>, groups: &mut Groups, changes: &mut Changes, chat: ChatId, ended: Ended, now: u64) -> Result<()> {
    let chat = views::found(tx, chat)?;
    let mut carriers = tx.outbox_open_in(chat.id)?;
    carriers.retain(|row| row.purpose == Purpose::Message);
    if let Some(forgotten) = chat.epoch.0.checked_sub(PAST_EPOCHS + 1) {
        let from = ended.epoch.back(PAST_EPOCHS);
        // What came out when the others had moved on, or so shortly before that it may have been on its way; what came out earlier, they had
        // in time.
        carriers.extend(tx.outbox_accepted_late(chat.id, from, Epoch(forgotten), ended.at.saturating_sub(TRANSIT))?);
        carriers.sort_by_key(|row| row.id);
    }
    for carrier in carriers {
        match renew_one(tx, groups, changes, &chat, &carrier, now) {
            Ok(_) => {}
            Err(error) if error.code == ErrorCode::Internal => {
                // One message must not keep the group from going on; nothing that was loaded is trusted after a fault.
                tracing::error!("a waiting message could not be encrypted again");
                groups.forget(&chat.group);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Puts a new event in the place of `carrier` where that is of an epoch that has ended; `false` where it stays.
pub(crate) fn renew_one(
    tx: &Tx<'_>,
    groups: &mut Groups,
    changes: &mut Changes,
    chat: &ChatRecord,
    carrier: &OutboxRecord,
    now: u64,
) -> Result<bool> {
    let Some(record) = carrier.message.map(|id| tx.message(id)).transpose()?.flatten() else { return Ok(false) };
    let Some((group, _)) = groups.get(tx, &chat.group)? else { return Ok(false) };
    if record.epoch >= group.epoch() { Ok(false) } else { send_again(tx, groups, changes, chat, &record, Some(carrier), now) }
}

/// Whether an event carries a message of an epoch that the others have forgotten by now, and that is worth saying again: a relay that takes
/// the event only now has it for nobody, and one that took it before may have lied.
///
/// # Errors
/// The store's.
pub(crate) fn is_forgotten(tx: &Tx<'_>, carrier: &OutboxRecord, now: u64) -> Result<bool> {
    let (Purpose::Message, Some(chat), Some(message)) = (carrier.purpose, carrier.chat, carrier.message) else { return Ok(false) };
    let (Some(chat), Some(message)) = (tx.chat(chat)?, tx.message(message)?) else { return Ok(false) };
    // Bounded, or a relay that is always that late would have everything said again for ever.
    let recent = now.saturating_sub(message.at) < SAID_AGAIN_FOR;
    Ok(carrier.state == OutboxState::Done && recent && chat.epoch > Epoch(message.epoch.0.saturating_add(PAST_EPOCHS)))
}

/// Says a message again that nobody can read, or finds, where a relay has it now.
pub(crate) async fn say_once_more(account: &Arc<Account>, carrier: OutboxId) {
    let now = account.clock.now();
    let said = changes::write(account, move |tx, groups, changes| {
        let Some(carrier) = tx.outbox(carrier)?.filter(|carrier| carrier.state == OutboxState::Done) else { return Ok(()) };
        let Some(chat) = carrier.chat.map(|chat| views::found(tx, chat)).transpose()? else { return Ok(()) };
        let Some(record) = carrier.message.map(|id| tx.message(id)).transpose()?.flatten() else { return Ok(()) };
        send_again(tx, groups, changes, &chat, &record, Some(&carrier), now).map(drop)
    });
    if let Err(error) = said.await {
        tracing::warn!(code = ?error.code, "a message that came out late could not be said again");
    }
}

/// Says a message that was left out where the group is now, because its author wants that.
///
/// # Errors
/// `GroupInactive`, `InvalidInput` where it cannot be said any more, and the store's.
pub(crate) fn say_anew(tx: &Tx<'_>, groups: &mut Groups, changes: &mut Changes, carrier: &OutboxRecord, now: u64) -> Result<()> {
    let chat = carrier.chat.map(|chat| views::found(tx, chat)).transpose()?.ok_or_else(|| Error::not_found("This message"))?;
    let record = carrier.message.map(|id| tx.message(id)).transpose()?.flatten().ok_or_else(|| Error::not_found("This message"))?;
    sendable(&chat)?;
    if send_again(tx, groups, changes, &chat, &record, Some(carrier), now)? {
        return Ok(());
    }
    Err(Error::new(ErrorCode::InvalidInput, "This message cannot be sent again now. Its words can be copied into a new one."))
}

/// Encrypts an own message again, in the current epoch; `false` where that is not possible or not wanted any more, and for rows about what
/// we changed, which nobody sent.
/// `carrier`: the event that carried it until now.
pub(crate) fn send_again(
    tx: &Tx<'_>,
    groups: &mut Groups,
    changes: &mut Changes,
    chat: &ChatRecord,
    record: &MessageRecord,
    carrier: Option<&OutboxRecord>,
    now: u64,
) -> Result<bool> {
    let Some((group, device)) = groups.get(tx, &chat.group)? else { return Ok(false) };
    let over = record.expires_at.is_some_and(|at| at <= now);
    let full = carrier.is_none_or(|carrier| carrier.state != OutboxState::Open) && tx.open_count()? >= OUTBOX_CAP as u64;
    if record.kind == KIND_SYSTEM || record.erased || over || full {
        return Ok(false);
    }
    let event = InnerEvent::new(record.sender, record.at, record.kind, record.tags.clone(), record.content.clone());
    if event.id() != record.event_id {
        return Err(Error::internal("a message that is not the one that was written"));
    }
    let Sealed { event: outer, digest, epoch, branch } = match group.encrypt(tx, device, &event) {
        Ok(sealed) => sealed,
        Err(murmel_engine::Error::Refused(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let relays = group.relays().to_vec();
    let at = groups.stamps.next(chat.id, now, now);
    if let Some(carrier) = carrier {
        tx.cancel(carrier.id, Cancellation::SealedAnew)?;
    }
    enqueue(tx, Purpose::Message, Some(chat.id), Some(record.id), &dated(&outer, at)?, Lane::Group, &relays, now)?;
    tx.resend_message(record.id, epoch, &branch, &digest)?;
    changes.message(record.id);
    changes.enqueued();
    Ok(true)
}

/// The same content in an envelope of `at`, Unix seconds: others read on from where they are, not from when a message was written.
pub(crate) fn dated(event: &Event, at: u64) -> Result<Event> {
    EventBuilder::new(event.kind, event.content.as_str())
        .tags(event.tags.iter().cloned())
        .custom_created_at(Timestamp::from_secs(at))
        .sign_with_keys(&Keys::generate())
        .map_err(|_| Error::internal("an envelope that cannot be signed"))
}

/// Whether the group takes messages and changes of ours.
pub(crate) fn sendable(chat: &ChatRecord) -> Result<()> {
    let why = match chat.state {
        ChatState::Active => return Ok(()),
        ChatState::Leaving => "You are leaving this group.",
        ChatState::Left => "You have left this group.",
        ChatState::Removed => "You are not a member of this group any more.",
        ChatState::Stranded => "This device cannot follow the group any more. Ask an admin to remove you and to invite you again.",
        ChatState::Ended => "This group was ended by an admin.",
    };
    Err(Error::new(ErrorCode::GroupInactive, why))
}

fn inner_event(tx: &Tx<'_>, groups: &mut Groups, chat: &ChatRecord, draft: Draft, now: u64) -> Result<InnerEvent> {
    let Draft { me, kind, mut tags, content, after } = draft;
    let from = if kind == KIND_CHAT { order::below_newest(tx, &groups.stamps, chat.id, now)? } else { now };
    let at = groups.stamps.next(chat.id, now, from).max(after.saturating_add(1));
    let event = InnerEvent::new(me, at, kind, tags.clone(), content.clone());
    if event.json().len() > MAX_INNER_EVENT {
        return Err(too_large(event.json().len()));
    }
    if tx.message_by_event(chat.id, &event.id())?.is_none() {
        return Ok(event);
    }
    let distinct = EventId::from_byte_array(rand::random()).to_hex();
    tags.push(vec![DISTINCT_TAG.to_owned(), distinct.chars().take(8).collect()]);
    Ok(InnerEvent::new(me, at, kind, tags, content))
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

/// Publishes a text of which nothing is kept yet.
#[cfg(murmel_bug = "publish_before_persist")]
async fn published_early(account: &Arc<Account>, chat: &str, text: &str) {
    let (me, now, chat, text) = (account.pubkey(), account.clock.now(), chat.to_owned(), text.to_owned());
    let sealed = account.db.write(move |tx, groups| {
        let chat = views::find(tx, &chat)?;
        let draft = Draft { me, kind: KIND_CHAT, tags: mentions::tags(&text), content: text, after: 0 };
        post(tx, groups, &mut Changes::default(), &chat, draft, now)?;
        let event = tx.outbox_open_in(chat.id)?.pop().map(|row| row.event).unwrap_or_default();
        // Not committed: the event leaves as the text of an error.
        Err::<(), _>(Error::new(ErrorCode::Internal, String::from_utf8(event).unwrap_or_default()))
    });
    let Some(event) = sealed.await.err().and_then(|error| Event::from_json(error.message).ok()) else { return };
    for relay in crate::sync::addresses(&account.default_relays) {
        account.net.publish(murmel_net::Lane::Group, &relay, &event, account.pace.publish).await;
    }
}
