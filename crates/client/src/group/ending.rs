//! The end of a group (Marmot: group lifecycle): what is left of it is its history and a row that says so.
//! It judges nothing; a commit that ends a group was judged by the engine.

use murmel_engine::Applied;
use murmel_ipc::SystemMessage;
use murmel_store::{Cancellation, ChatRecord, ChatState, Purpose};

use crate::Result;
use crate::receive::{Taking, gone, insert_system};

/// Takes the group away and leaves the chat as its tombstone: its id is never joined again. `at`: Unix seconds.
pub(crate) fn ended(taking: &mut Taking<'_, '_>, chat: &ChatRecord, commit: &Applied, at: u64) -> Result<()> {
    let by = commit.by.to_hex();
    insert_system(taking, chat.id, commit, 0, at, &SystemMessage::Disbanded { by })?;
    // Its keys go when no rival of this commit can come any more.
    gone(taking, chat, ChatState::Ended)?;
    for row in taking.tx.outbox_open_in(chat.id)? {
        // A commit of ours is either the one that ended the group, or was dropped by it.
        if row.purpose == Purpose::Commit {
            continue;
        }
        taking.tx.cancel(row.id, Cancellation::Ended)?;
        if let Some(message) = row.message {
            taking.changes.message(message);
        }
    }
    taking.changes.group(chat.id);
    taking.changes.refollow();
    Ok(())
}
