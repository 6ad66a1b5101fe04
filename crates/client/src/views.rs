//! The projections: what the window and the terminal see of the stored rows.
//! One function per view; nobody else computes one.

mod annotations;
mod message;
mod person;

use std::sync::Arc;

use murmel_engine::GroupId;
use murmel_ipc as ipc;
use murmel_store::{ChatId, ChatRecord, ChatState, RequestRecord, Tx};
use nostr::PublicKey;

pub(crate) use annotations::{is_deleted, is_reaction, revisions};
pub(crate) use message::{cursor, deliveries, is_shown, mentioned, message, messages, state};
pub(crate) use person::person;

use crate::account::Account;
use crate::group::{invitations, pairs};
use crate::message::choice::MENTIONS_COUNTED;
use crate::message::mentions;
use crate::notices::one_line;
use crate::people::contacts;
pub(crate) use crate::people::names::Names;
use crate::people::npub;
use crate::{Error, Result};

/// Longest preview in the chat list, in characters.
const PREVIEW_CAP: usize = 120;
/// Members named where a group has no name.
const NAMED_MEMBERS: usize = 3;
/// Group names are shown on one line of at most this many characters.
const NAME_CAP: usize = 256;

/// A row of the chat list.
pub(crate) fn chat(tx: &Tx<'_>, me: PublicKey, chat: &ChatRecord) -> Result<ipc::ChatRow> {
    let names = Names::new(tx, me);
    let newest = tx.newest_message(chat.id)?.map(|newest| message(tx, me, &newest)).transpose()?;
    let (preview, preview_sender) = newest.map(preview).unzip();
    let choice = tx.choice(chat.id)?;
    Ok(ipc::ChatRow {
        id: chat.group.to_string(),
        name: chat_name(tx, &names, chat)?,
        state: group_state(chat.state),
        preview,
        preview_sender: preview_sender.unwrap_or_default(),
        last_activity: chat.last_activity,
        unread: u32::try_from(tx.unread_count(chat.id)?).unwrap_or(u32::MAX),
        mentions: u32::try_from(tx.unread_mentions(chat.id, MENTIONS_COUNTED)?.len()).unwrap_or(u32::MAX),
        marked_unread: choice.marked_unread,
        draft: one_line(&tx.draft(chat.id)?.unwrap_or_default().text, PREVIEW_CAP),
        pinned: choice.place,
        archived: choice.archived,
        muted: crate::message::choice::muted(&choice),
        direct: pairs::with(tx, me, chat)?.map(|who| who.to_hex()),
        failed: message::failed(tx, chat.id)?,
        members: u32::try_from(tx.members(chat.id)?.len()).unwrap_or(u32::MAX),
    })
}

/// Everything that the details of a group show.
pub(crate) fn group_details(tx: &Tx<'_>, me: PublicKey, chat: &ChatRecord) -> Result<ipc::GroupDetails> {
    let names = Names::new(tx, me);
    let mut members = Vec::new();
    for member in tx.members(chat.id)? {
        members.push(ipc::MemberView {
            pubkey: member.public_key.to_hex(),
            npub: npub(&member.public_key),
            name: names.plain(&member.public_key)?,
            is_admin: member.is_admin,
            is_me: member.public_key == me,
            invitation: invitations::state(tx, chat.id, &member.public_key)?,
        });
    }
    members.sort_by(|a, b| (!a.is_me, &a.name, &a.pubkey).cmp(&(!b.is_me, &b.name, &b.pubkey)));
    Ok(ipc::GroupDetails {
        id: chat.group.to_string(),
        name: chat.name.clone(),
        description: chat.description.clone(),
        state: group_state(chat.state),
        epoch: chat.epoch.0,
        relays: chat.relays.clone(),
        i_am_admin: members.iter().any(|member| member.is_me && member.is_admin),
        retention: chat.retention,
        avatar: Some(chat.avatar.clone()).filter(|url| !url.is_empty()),
        members,
    })
}

/// An invitation.
pub(crate) fn request(tx: &Tx<'_>, me: PublicKey, request: &RequestRecord) -> Result<ipc::RequestView> {
    let names = Names::new(tx, me);
    let mut people = Vec::new();
    for who in request.people.iter().filter_map(|hex| PublicKey::from_hex(hex).ok()) {
        people.push(ipc::RequestPerson { npub: npub(&who), name: names.plain(&who)?, is_contact: contacts::is_contact(tx, &who)? });
    }
    Ok(ipc::RequestView {
        id: request.id.to_string(),
        group_name: one_line(&request.name, NAME_CAP),
        description: request.description.clone(),
        inviter: request.inviter.to_hex(),
        inviter_npub: npub(&request.inviter),
        inviter_name: names.of(&request.inviter)?,
        members: request.members,
        known: u32::try_from(people.iter().filter(|person| person.is_contact).count()).unwrap_or(u32::MAX),
        direct: request.members == 2 && request.name.trim().is_empty(),
        people,
        received_at: request.received_at,
        problem: Some(request.problem.clone()).filter(|problem| !problem.is_empty()),
    })
}

/// The name under which a chat is shown: its own, or its members'.
pub(crate) fn chat_name(tx: &Tx<'_>, names: &Names<'_, '_>, chat: &ChatRecord) -> Result<String> {
    let name = one_line(&chat.name, NAME_CAP);
    if !name.is_empty() {
        return Ok(name);
    }
    let others: Vec<PublicKey> = tx.members(chat.id)?.into_iter().map(|member| member.public_key).filter(|who| *who != names.me).collect();
    let mut shown = others.iter().take(NAMED_MEMBERS).map(|who| names.of(who)).collect::<Result<Vec<_>>>()?.join(", ");
    if others.len() > NAMED_MEMBERS {
        shown.push_str(", …");
    }
    // Our own where nobody else is left: a name has no language.
    if shown.is_empty() { names.plain(&names.me) } else { Ok(shown) }
}

/// One line of a message, and who wrote it.
fn preview(newest: ipc::MessageView) -> (ipc::Excerpt, String) {
    if newest.hidden {
        return (ipc::Excerpt::Hidden, String::new());
    }
    match newest.kind {
        ipc::MessageKind::Text { deleted: true, .. } => (ipc::Excerpt::Deleted, newest.sender_name),
        ipc::MessageKind::Text { text, mentions, .. } => {
            (ipc::Excerpt::Text { text: one_line(&mentions::readable(&text, &mentions), PREVIEW_CAP) }, newest.sender_name)
        }
        ipc::MessageKind::System { event } => (ipc::Excerpt::System { event }, String::new()),
    }
}

const fn group_state(state: ChatState) -> ipc::GroupState {
    match state {
        ChatState::Active => ipc::GroupState::Active,
        ChatState::Leaving => ipc::GroupState::Leaving,
        ChatState::Left => ipc::GroupState::Left,
        ChatState::Removed => ipc::GroupState::Removed,
        ChatState::Stranded => ipc::GroupState::Stranded,
        ChatState::Ended => ipc::GroupState::Ended,
    }
}

/// The chat of an [`ipc::ChatRow::id`].
pub(crate) fn find(tx: &Tx<'_>, chat: &str) -> Result<ChatRecord> {
    let group = GroupId::from_hex(chat).ok_or_else(|| Error::not_found("This chat"))?;
    tx.chat_by_group(&group)?.ok_or_else(|| Error::not_found("This chat"))
}

/// The chat of a row id.
pub(crate) fn found(tx: &Tx<'_>, chat: ChatId) -> Result<ChatRecord> {
    tx.chat(chat)?.ok_or_else(|| Error::not_found("This chat"))
}

/// All groups, newest activity first.
pub(crate) async fn groups(account: &Arc<Account>) -> Result<Vec<ipc::GroupDetails>> {
    let me = account.pubkey();
    account.db.read(move |tx, _| tx.chats()?.iter().map(|chat| group_details(tx, me, chat)).collect()).await
}

/// One group.
pub(crate) async fn group(account: &Arc<Account>, chat: &str) -> Result<ipc::GroupDetails> {
    let (me, chat) = (account.pubkey(), chat.to_owned());
    account.db.read(move |tx, _| group_details(tx, me, &find(tx, &chat)?)).await
}

/// All chat rows: pinned ones first, then by their last message.
pub(crate) async fn chats(account: &Arc<Account>) -> Result<Vec<ipc::ChatRow>> {
    let me = account.pubkey();
    account
        .db
        .read(move |tx, _| {
            let mut rows = tx.chats()?.iter().map(|record| chat(tx, me, record)).collect::<Result<Vec<_>>>()?;
            // Stable: those that are not pinned stay in the order of the store.
            rows.sort_by_key(|row| row.pinned.unwrap_or(u32::MAX));
            Ok(rows)
        })
        .await
}
