//! Conversations of two: which chat is the one with a person alone.
//! It creates nothing.

use murmel_store::{ChatId, ChatRecord, ChatState, Tx};
use nostr::PublicKey;

use crate::Result;

/// With whom alone a chat is; `None` where it has a name, or anybody else was ever in it.
pub(crate) fn with(tx: &Tx<'_>, me: PublicKey, chat: &ChatRecord) -> Result<Option<PublicKey>> {
    if !chat.name.trim().is_empty() {
        return Ok(None);
    }
    let Some(person) = tx.pair(chat.id)? else { return Ok(None) };
    let gone = !matches!(chat.state, ChatState::Active | ChatState::Leaving);
    let both = tx.members(chat.id)?.iter().all(|member| member.public_key == me || member.public_key == person);
    Ok(Some(person).filter(|_| both || gone))
}

/// The conversation with a person alone that can be written in. Of several, that of the lowest group id: two people who begin one at the
/// same moment both go on in the same.
pub(crate) fn conversation(tx: &Tx<'_>, me: PublicKey, person: &PublicKey) -> Result<Option<ChatRecord>> {
    let mut found = Vec::new();
    for id in tx.pairs_with(person)? {
        if let Some(chat) = tx.chat(id)?
            && chat.state == ChatState::Active
            && with(tx, me, &chat)?.is_some()
            && tx.members(id)?.iter().any(|member| member.public_key == *person)
        {
            found.push(chat);
        }
    }
    found.sort_by(|a, b| a.group.as_bytes().cmp(b.group.as_bytes()));
    Ok(found.into_iter().next())
}

/// Notes that a chat, which is new here, is one with a person alone: it has no name and two members.
pub(crate) fn note(tx: &Tx<'_>, me: PublicKey, chat: ChatId) -> Result<()> {
    let unnamed = tx.chat(chat)?.is_some_and(|chat| chat.name.trim().is_empty());
    let members = tx.members(chat)?;
    let mut others = members.iter().map(|member| member.public_key).filter(|who| *who != me);
    if let (true, 2, Some(person)) = (unnamed, members.len(), others.next()) {
        tx.put_pair(chat, &person)?;
    }
    Ok(())
}

/// The members of a chat changed: a third person ends for good that it is one of two.
pub(crate) fn members_changed(tx: &Tx<'_>, me: PublicKey, chat: ChatId) -> Result<()> {
    let Some(person) = tx.pair(chat)? else { return Ok(()) };
    if tx.members(chat)?.iter().any(|member| member.public_key != me && member.public_key != person) {
        tx.remove_pair(chat)?;
    }
    Ok(())
}
