//! One row of a timeline: a text with everything that was said about it since, or something that happened to the group.
//! It reads rows and never changes one.

use std::collections::HashMap;

use murmel_ipc as ipc;
use murmel_store::{Answer, ChatId, Delivery, KIND_CHAT, KIND_SYSTEM, MessageRecord, OutboxRecord, OutboxState, Tx};
use nostr::{EventId, PublicKey};

use super::annotations::Annotations;
use super::{Names, found};
use crate::message::mentions;
use crate::notices::one_line;
use crate::people::npub;
use crate::{Error, Result, outbox};

/// Longest quote of an answered message, in characters.
const QUOTE_CAP: usize = 120;
/// Newest messages among which failed ones are counted for the chat list.
const FAILED_WINDOW: u32 = 20;

/// One row.
pub(crate) fn message(tx: &Tx<'_>, me: PublicKey, record: &MessageRecord) -> Result<ipc::MessageView> {
    messages(tx, me, record.chat, std::slice::from_ref(record))?.pop().ok_or_else(|| Error::internal("a message without a view"))
}

/// Rows of one chat, in the order in which they come.
pub(crate) fn messages(tx: &Tx<'_>, me: PublicKey, chat: ChatId, records: &[MessageRecord]) -> Result<Vec<ipc::MessageView>> {
    let names = Names::new(tx, me);
    let chat_record = found(tx, chat)?;
    let parents = parents(tx, chat, records)?;
    let ids: Vec<EventId> = records.iter().chain(parents.values()).filter(|row| row.kind == KIND_CHAT).map(|row| row.event_id).collect();
    let notes = Annotations::read(tx, chat, &ids)?;
    let mut views = Vec::with_capacity(records.len());
    for record in records {
        let kind = if record.kind == KIND_SYSTEM {
            ipc::MessageKind::System { event: system(&names, &record.content)? }
        } else {
            text(&names, record, &notes, record.target.and_then(|target| parents.get(&target)))?
        };
        views.push(ipc::MessageView {
            id: record.id.0,
            cursor: cursor(record),
            chat: chat_record.group.to_string(),
            sender: record.sender.to_hex(),
            sender_name: names.of(&record.sender)?,
            mine: record.mine,
            kind,
            at: record.at,
            received_at: record.received_at,
            state: state(tx, record)?,
            mentions_me: !record.mine && tx.is_mention(chat, record.id)?,
            hidden: !record.mine && record.kind == KIND_CHAT && names.is_blocked(&record.sender)?,
        });
    }
    Ok(views)
}

/// The place of a row.
pub(crate) fn cursor(record: &MessageRecord) -> ipc::Cursor {
    let place = record.place();
    ipc::Cursor { at: place.at, tie: place.tie, seq: place.id.0 }
}

/// How far a message got.
pub(crate) fn state(tx: &Tx<'_>, record: &MessageRecord) -> Result<ipc::MessageState> {
    if !record.mine || record.kind == KIND_SYSTEM {
        return Ok(ipc::MessageState::Received);
    }
    // The last event that carries it: a message may have been sent again.
    let Some(carrier) = tx.outbox_by_message(record.id)?.pop() else {
        // Its outbox row was forgotten, which happens long after it was delivered.
        return Ok(ipc::MessageState::Sent { accepted: 1, relays: 1 });
    };
    let deliveries = tx.deliveries(carrier.id)?;
    let accepted = count(deliveries.iter().filter(|delivery| delivery.answer == Answer::Accepted).count());
    Ok(match carrier.state {
        // A relay has it, but whoever was to read it cannot.
        OutboxState::Cancelled => not_sent(&carrier),
        _ if accepted > 0 => ipc::MessageState::Sent { accepted, relays: count(deliveries.len()) },
        OutboxState::Failed => not_sent(&carrier),
        OutboxState::Open | OutboxState::Done => ipc::MessageState::Queued,
    })
}

fn not_sent(carrier: &OutboxRecord) -> ipc::MessageState {
    let (cause, reason) = outbox::why_unsent(carrier);
    ipc::MessageState::Failed { cause, reason }
}

/// Whether rows of a kind have a place of their own in the timeline.
pub(crate) const fn is_shown(kind: u16) -> bool {
    kind == KIND_CHAT || kind == KIND_SYSTEM
}

/// Own messages of a chat that failed, among the newest ones.
pub(crate) fn failed(tx: &Tx<'_>, chat: ChatId) -> Result<u32> {
    let mut failed = 0;
    for record in tx.message_page(chat, None, FAILED_WINDOW)?.iter().filter(|record| record.mine && record.kind == KIND_CHAT) {
        failed += u32::from(matches!(state(tx, record)?, ipc::MessageState::Failed { .. }));
    }
    Ok(failed)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What each relay said of a message.
pub(crate) fn deliveries(tx: &Tx<'_>, record: &MessageRecord) -> Result<Vec<ipc::Delivery>> {
    Ok(tx.deliveries_of_message(record.id)?.into_iter().map(delivery).collect())
}

fn delivery(delivery: Delivery) -> ipc::Delivery {
    use Answer as A;
    let answer = match delivery.answer {
        A::Waiting => ipc::DeliveryAnswer::Waiting,
        A::Accepted => ipc::DeliveryAnswer::Accepted,
        A::Refused => ipc::DeliveryAnswer::Refused,
        A::TimedOut => ipc::DeliveryAnswer::TimedOut,
        A::Unreachable => ipc::DeliveryAnswer::Unreachable,
    };
    ipc::Delivery { relay: delivery.relay, answer, detail: delivery.detail, attempts: delivery.attempts, at: delivery.last_at }
}

/// The messages that `records` answer, as far as they are here.
fn parents(tx: &Tx<'_>, chat: ChatId, records: &[MessageRecord]) -> Result<HashMap<EventId, MessageRecord>> {
    let mut parents = HashMap::new();
    for target in records.iter().filter(|record| record.kind == KIND_CHAT).filter_map(|record| record.target) {
        if !parents.contains_key(&target)
            && let Some(parent) = tx.message_by_event(chat, &target)?
            && parent.kind == KIND_CHAT
        {
            parents.insert(target, parent);
        }
    }
    Ok(parents)
}

fn text(names: &Names<'_, '_>, record: &MessageRecord, notes: &Annotations, parent: Option<&MessageRecord>) -> Result<ipc::MessageKind> {
    let shown = notes.shown(record);
    let deleted = shown.is_none();
    let unwanted = parent.map(|parent| names.is_blocked(&parent.sender)).transpose()?.unwrap_or(false);
    let quote = match parent.map(|parent| notes.shown(parent)) {
        None => None,
        Some(Some(_)) if unwanted => Some(ipc::Excerpt::Hidden),
        Some(None) => Some(ipc::Excerpt::Deleted),
        Some(Some(shown)) => {
            let text = one_line(&mentions::readable(&shown.content, &mentioned(names, &shown.tags)?), QUOTE_CAP);
            Some(ipc::Excerpt::Text { text })
        }
    };
    Ok(ipc::MessageKind::Text {
        text: shown.map(|shown| shown.content.clone()).unwrap_or_default(),
        edited: shown.is_some_and(|shown| shown.event_id != record.event_id),
        deleted,
        reply_to: parent.map(|parent| parent.id.0),
        quote,
        reactions: if deleted { Vec::new() } else { notes.reactions(names, record)? },
        mentions: shown.map_or(Ok(Vec::new()), |shown| mentioned(names, &shown.tags))?,
    })
}

/// The people whom the tags of a message name.
pub(crate) fn mentioned(names: &Names<'_, '_>, tags: &[Vec<String>]) -> Result<Vec<ipc::Mention>> {
    let mention = |who: PublicKey| Ok(ipc::Mention { npub: npub(&who), name: names.plain(&who)?, is_me: who == names.me });
    mentions::of(tags).into_iter().map(mention).collect()
}

/// The names in a system row are resolved when it is looked at: they may be learned later.
fn system(names: &Names<'_, '_>, content: &str) -> Result<ipc::SystemMessage> {
    use ipc::SystemMessage as S;
    let event: S = serde_json::from_str(content).map_err(|_| Error::internal("a system row that cannot be read"))?;
    Ok(match event {
        S::Created => S::Created,
        S::Joined { by } => S::Joined { by: names.of_hex(&by)? },
        S::MemberAdded { by, who } => S::MemberAdded { by: names.of_hex(&by)?, who: names.of_hex(&who)? },
        S::MemberRemoved { by, who } => S::MemberRemoved { by: names.of_hex(&by)?, who: names.of_hex(&who)? },
        S::MemberLeft { who } => S::MemberLeft { who: names.of_hex(&who)? },
        S::AdminAdded { by, who } => S::AdminAdded { by: names.of_hex(&by)?, who: names.of_hex(&who)? },
        S::AdminRemoved { by, who } => S::AdminRemoved { by: names.of_hex(&by)?, who: names.of_hex(&who)? },
        S::Renamed { by, name } => S::Renamed { by: names.of_hex(&by)?, name: one_line(&name, super::NAME_CAP) },
        S::Described { by } => S::Described { by: names.of_hex(&by)? },
        S::RetentionChanged { by, seconds } => S::RetentionChanged { by: names.of_hex(&by)?, seconds },
        S::PictureChanged { by } => S::PictureChanged { by: names.of_hex(&by)? },
        S::Disbanded { by } => S::Disbanded { by: names.of_hex(&by)? },
        S::RelaysChanged { by } => S::RelaysChanged { by: names.of_hex(&by)? },
        S::InvitationFailed { who, cause, reason } => S::InvitationFailed { who: names.of_hex(&who)?, cause, reason },
        S::BranchChanged { by, reason, withdrawn, resent } => S::BranchChanged { by: names.of_hex(&by)?, reason, withdrawn, resent },
        S::ChangeFailed { what, cause, reason } => S::ChangeFailed { what, cause, reason },
    })
}
