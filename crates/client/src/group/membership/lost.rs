//! Changes that lost their place to somebody else's and are still wanted, until they are staged again or given up.
//! It stages nothing itself.

use murmel_ipc::{ChangeObstacle, SystemMessage};
use murmel_store::{ChatId, Tx};
use serde::{Deserialize, Serialize};

use crate::chores::Chore;
use crate::group::intent::Intent;
use crate::receive::{Taking, insert_system_row};
use crate::{Error, Result};

/// Changes of one chat that wait to be made again; the oldest gives way.
pub(crate) const LOST_CAP: usize = 8;

/// In place of an outbox row: the change was never in one.
const NO_PLACE: i64 = 0;

/// A change that lost its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lost {
    /// The outbox row in which it lost its place: its name from then on.
    pub(super) outbox: i64,
    /// What is wanted.
    pub(super) intent: Intent,
}

/// Whether changes wait to be made again.
pub(crate) fn has_lost(tx: &Tx<'_>, chat: ChatId) -> Result<bool> {
    Ok(tx.progress_text(&name(chat))?.is_some())
}

/// Keeps a change that lost its place.
pub(super) fn keep(taking: &mut Taking<'_, '_>, chat: ChatId, outbox: i64, intent: Intent) -> Result<()> {
    let mut all = all(taking.tx, chat)?;
    while all.len() >= LOST_CAP {
        let oldest = all.remove(0);
        tell(taking, chat, oldest.outbox, &oldest.intent, (ChangeObstacle::TooMany, "Too many changes of this group wait to be made."))?;
    }
    all.push(Lost { outbox, intent });
    put(taking.tx, chat, &all)
}

/// Has a change made as soon as possible, as if it had lost its place.
pub(crate) fn want(taking: &mut Taking<'_, '_>, chat: ChatId, intent: Intent) -> Result<()> {
    keep(taking, chat, NO_PLACE, intent)?;
    taking.changes.chore(Chore::Again(chat));
    Ok(())
}

/// The one that has waited longest.
pub(super) fn first(tx: &Tx<'_>, chat: ChatId) -> Result<Option<Lost>> {
    Ok(all(tx, chat)?.into_iter().next())
}

/// It is staged again, or given up.
pub(super) fn forget(tx: &Tx<'_>, chat: ChatId, outbox: i64) -> Result<()> {
    let mut all = all(tx, chat)?;
    all.retain(|lost| lost.outbox != outbox);
    put(tx, chat, &all)
}

/// None of them is wanted any more.
pub(super) fn forget_all(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    put(tx, chat, &[])
}

/// Says in the timeline that a change will not be made, where somebody asked for it and does not wait any more.
pub(super) fn tell(
    taking: &mut Taking<'_, '_>,
    chat: ChatId,
    outbox: i64,
    intent: &Intent,
    (cause, reason): (ChangeObstacle, &str),
) -> Result<()> {
    let Some(what) = intent.wanted() else { return Ok(()) };
    let row = SystemMessage::ChangeFailed { what, cause, reason: reason.to_owned() };
    let seed = format!("change failed/{chat}/{outbox}/{}", taking.now);
    insert_system_row(taking, chat, seed.as_bytes(), taking.keys.public_key(), taking.now, &row)
}

fn all(tx: &Tx<'_>, chat: ChatId) -> Result<Vec<Lost>> {
    let Some(text) = tx.progress_text(&name(chat))? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|_| Error::internal("a change that cannot be read"))
}

fn put(tx: &Tx<'_>, chat: ChatId, all: &[Lost]) -> Result<()> {
    if all.is_empty() {
        return Ok(tx.remove_progress(&name(chat))?);
    }
    let text = serde_json::to_string(all).map_err(|_| Error::internal("a change that cannot be written"))?;
    Ok(tx.put_progress_text(&name(chat), &text)?)
}

fn name(chat: ChatId) -> String {
    format!("again/{chat}")
}
