//! Deleted messages: who may delete what, and what goes with a message (Marmot: application messages).
//! It sends nothing.

use murmel_store::{ChatId, ChatRecord, KIND_CHAT, KIND_DELETE, KIND_SYSTEM, MessageId, MessageRecord, Tx};
use nostr::{EventId, PublicKey};

use crate::Result;
use crate::receive::Taking;

/// Takes a deletion: of own messages and reactions, and of messages of others by an admin.
pub(crate) fn take(taking: &mut Taking<'_, '_>, chat: &ChatRecord, deletion: &MessageRecord, targets: &[EventId]) -> Result<()> {
    for target in targets {
        let Some(message) = taking.tx.message_by_event(chat.id, target)? else { continue };
        if may(taking.tx, chat, &deletion.sender, &message)? {
            erase(taking.tx, &message)?;
            taking.changes.message(message.id);
        }
    }
    Ok(())
}

/// Whether `who` may delete a row. Reactions and edits are their author's alone.
pub(crate) fn may(tx: &Tx<'_>, chat: &ChatRecord, who: &PublicKey, row: &MessageRecord) -> Result<bool> {
    if row.kind == KIND_SYSTEM {
        return Ok(false);
    }
    Ok(row.sender == *who || (row.kind == KIND_CHAT && may_delete_others(tx, chat, who)?))
}

/// Takes the text of a message away, and that of its edits.
pub(crate) fn erase(tx: &Tx<'_>, message: &MessageRecord) -> Result<()> {
    tx.erase_message(message.id)?;
    Ok(tx.erase_edits(message.chat, &message.event_id)?)
}

/// A message whose deletion came first.
pub(crate) fn before_it_came(taking: &mut Taking<'_, '_>, chat: &ChatRecord, id: MessageId, message: &MessageRecord) -> Result<()> {
    let message = MessageRecord { id, ..message.clone() };
    for note in taking.tx.annotations(chat.id, std::slice::from_ref(&message.event_id))?.iter().filter(|note| note.kind == KIND_DELETE) {
        if may(taking.tx, chat, &note.sender, &message)? {
            erase(taking.tx, &message)?;
        }
    }
    Ok(())
}

/// An edit whose message was deleted before must not bring the text back into the database.
pub(crate) fn edit_of_deleted(tx: &Tx<'_>, chat: ChatId, id: MessageId, edit: &MessageRecord) -> Result<()> {
    let Some(target) = edit.target else { return Ok(()) };
    if tx.message_by_event(chat, &target)?.is_some_and(|message| message.erased) {
        tx.erase_message(id)?;
    }
    Ok(())
}

/// An admin may, except in a nameless group of two, which is a direct chat.
fn may_delete_others(tx: &Tx<'_>, chat: &ChatRecord, who: &PublicKey) -> Result<bool> {
    let members = tx.members(chat.id)?;
    let direct = chat.name.is_empty() && members.len() == 2;
    Ok(!direct && members.iter().any(|member| member.public_key == *who && member.is_admin))
}
