//! Changes of ours that were merged, as long as they may still lose a race: then they are wanted again.
//! It stages nothing itself.

use murmel_engine::{Digest, Epoch, GroupEvent, PAST_EPOCHS, Switched};
use murmel_store::{ChatId, ChatRecord, OutboxId, Tx};
use serde::{Deserialize, Serialize};

use super::welcome::welcome_or_tell;
use super::{commit, lost};
use crate::chores::Chore;
use crate::group::intent::{self, Intent, Staged};
use crate::group::rotation;
use crate::receive::Taking;
use crate::{Error, Result};

/// Merged changes that are remembered of one chat: as many as there are epochs in the window, and those of branches that lost.
const MADE_CAP: usize = 32;

/// A change that was merged.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Made {
    /// The epoch that it began.
    epoch: Epoch,
    staged: Staged,
}

/// Remembers a change that was merged.
pub(super) fn remember(tx: &Tx<'_>, chat: ChatId, epoch: Epoch, staged: Staged) -> Result<()> {
    let mut all = all(tx, chat)?;
    all.retain(|made| made.epoch >= epoch.back(PAST_EPOCHS) && made.staged.digest != staged.digest);
    all.push(Made { epoch, staged });
    let surplus = all.len().saturating_sub(MADE_CAP);
    all.drain(..surplus);
    let text = serde_json::to_string(&all).map_err(|_| Error::internal("a change that cannot be written"))?;
    Ok(tx.put_progress_text(&name(chat), &text)?)
}

/// The group went another way: changes of ours that do not count any more are wanted again, and those that count again are not.
/// Answers how many are wanted again.
pub(crate) fn take_back(taking: &mut Taking<'_, '_>, chat: ChatId, switched: &Switched) -> Result<u32> {
    let events: Vec<GroupEvent> = switched.entered.iter().flat_map(|commit| commit.events.clone()).collect();
    let entered: Vec<Digest> = switched.entered.iter().map(|commit| commit.digest).collect();
    let mut again = 0;
    for made in all(taking.tx, chat)? {
        let Staged { outbox, digest, intent } = made.staged;
        if entered.contains(&digest) {
            lost::forget(taking.tx, chat, outbox)?;
        } else if switched.left.iter().any(|left| left.commit == digest) && want_again(taking, chat, outbox, intent, &events)? {
            again += 1;
        }
    }
    Ok(again)
}

/// Commits of ours that were given up count after all: whom they add gets the welcome that was not sent then.
pub(crate) fn welcome_late(taking: &mut Taking<'_, '_>, chat: &ChatRecord, entered: &[Digest]) -> Result<()> {
    for digest in entered {
        let Some((group, _)) = taking.groups.get(taking.tx, &chat.group)? else { return Ok(()) };
        let invitations = group.invitations_of(taking.tx, digest)?;
        let made = all(taking.tx, chat.id)?.into_iter().find(|made| made.staged.digest == *digest);
        let Some(Staged { outbox, intent: Intent::Invite(people), .. }) = made.map(|made| made.staged) else { continue };
        for invitation in invitations {
            if let Some(inbox) = intent::inbox(&people, &invitation) {
                welcome_or_tell(taking, chat.id, &invitation, inbox, OutboxId(outbox))?;
            }
        }
    }
    Ok(())
}

/// Wants a change again that lost its place to `events`, if it still makes sense; `false` where it does not.
pub(super) fn want_again(taking: &mut Taking<'_, '_>, chat: ChatId, outbox: i64, intent: Intent, events: &[GroupEvent]) -> Result<bool> {
    if matches!(intent, Intent::Rotate) {
        rotation::undone(taking, chat)?;
        return Ok(false);
    }
    if let Some(why) = intent.overtaken(events) {
        lost::tell(taking, chat, outbox, &intent, why)?;
        return Ok(false);
    }
    lost::keep(taking, chat, outbox, intent)?;
    taking.changes.chore(Chore::Again(chat));
    Ok(true)
}

/// We are in another copy of the group now: nothing of the old one can be wanted again.
pub(crate) fn forget_made(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    commit::abandon(tx, chat)?;
    tx.remove_progress(&name(chat))?;
    lost::forget_all(tx, chat)
}

fn all(tx: &Tx<'_>, chat: ChatId) -> Result<Vec<Made>> {
    let Some(text) = tx.progress_text(&name(chat))? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|_| Error::internal("a change that cannot be read"))
}

fn name(chat: ChatId) -> String {
    format!("made/{chat}")
}
