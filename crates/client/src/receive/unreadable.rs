//! Notices a group that receives only what it cannot read, and says so.
//! It changes nothing in the group: what comes may be noise that anybody can send.

use murmel_ipc::Unreadable;
use murmel_store::{ChatId, ChatState, Tx};
use nostr::PublicKey;

use super::group::Taking;
use crate::{Result, views};

/// Events in a row that nothing opens, before it is said.
const EVENTS: u64 = 3;

/// Something new came that nothing here opens, made at `at`, Unix seconds. What is not newer than our invitation does not count: nobody
/// expects to read that.
pub(super) fn closed(taking: &mut Taking<'_, '_>, chat: ChatId, at: u64) -> Result<()> {
    if at <= views::found(taking.tx, chat)?.joined_at {
        return Ok(());
    }
    let (since, count) = names(chat);
    if taking.tx.progress_number(&since)?.is_none() {
        taking.tx.put_progress_number(&since, taking.now)?;
    }
    let events = taking.tx.progress_number(&count)?.unwrap_or(0).saturating_add(1);
    taking.tx.put_progress_number(&count, events)?;
    if events == EVENTS {
        // What is missing may be on a relay that was not read to its end.
        taking.changes.chore(crate::chores::Chore::ReadAgain);
    }
    Ok(())
}

/// Something by somebody else could be read.
pub(super) fn heard(taking: &mut Taking<'_, '_>, chat: ChatId, from: PublicKey) -> Result<()> {
    if from == taking.keys.public_key() { Ok(()) } else { forget(taking.tx, chat) }
}

/// We are in another copy of the group now, or it reads again.
pub(crate) fn forget(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    let (since, count) = names(chat);
    tx.remove_progress(&since)?;
    Ok(tx.remove_progress(&count)?)
}

/// The groups of which this is to be said: for `patience` seconds, nothing but what cannot be read.
pub(crate) fn all(tx: &Tx<'_>, me: PublicKey, now: u64, patience: u64) -> Result<Vec<Unreadable>> {
    let mut all = Vec::new();
    for chat in tx.chats()? {
        let (since, count) = names(chat.id);
        let (Some(since), Some(events)) = (tx.progress_number(&since)?, tx.progress_number(&count)?) else { continue };
        let over = now >= since.saturating_add(patience);
        if events < EVENTS || !over || !matches!(chat.state, ChatState::Active | ChatState::Leaving) {
            continue;
        }
        all.push(Unreadable {
            chat: chat.group.to_string(),
            name: views::chat_name(tx, &views::Names::new(tx, me), &chat)?,
            events: u32::try_from(events).unwrap_or(u32::MAX),
            since,
            words: words(events),
        });
    }
    Ok(all)
}

fn words(events: u64) -> String {
    format!(
        "{events} messages came that cannot be opened here, and none that can. Either a change of the group has not arrived, or somebody \
         sends noise. Murmel goes on asking the relays. Ask a member by another way whether your messages arrive; if they do not, an admin \
         can remove you and invite you again."
    )
}

fn names(chat: ChatId) -> (String, String) {
    (format!("unreadable/{chat}"), format!("unreadable/{chat}/events"))
}
