//! What was said about messages since: reactions, edits, deletions.
//! It reads rows and never changes one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use murmel_ipc as ipc;
use murmel_store::{ChatId, KIND_DELETE, KIND_EDIT, KIND_REACTION, MessageRecord, Tx, current};
use nostr::{EventId, PublicKey};

use super::Names;
use crate::Result;

/// Longest reaction, in characters (Marmot: application messages).
const REACTION_CAP: usize = 64;
/// Different reactions shown with one message.
const REACTIONS_CAP: usize = 20;
/// People named with one reaction; the others are counted.
const REACTORS_CAP: usize = 20;

/// Reactions, deletions and edits of a set of messages.
pub(super) struct Annotations {
    by_target: HashMap<EventId, Vec<MessageRecord>>,
    /// Reactions that their authors took back.
    withdrawn: BTreeSet<(EventId, PublicKey)>,
}

impl Annotations {
    pub(super) fn read(tx: &Tx<'_>, chat: ChatId, ids: &[EventId]) -> Result<Self> {
        let mut by_target: HashMap<EventId, Vec<MessageRecord>> = HashMap::new();
        for note in tx.annotations(chat, ids)? {
            if let Some(target) = note.target {
                by_target.entry(target).or_default().push(note);
            }
        }
        let reactions: Vec<EventId> =
            by_target.values().flatten().filter(|note| note.kind == KIND_REACTION).map(|note| note.event_id).collect();
        let withdrawn = tx
            .annotations(chat, &reactions)?
            .into_iter()
            .filter(|note| note.kind == KIND_DELETE)
            .filter_map(|note| Some((note.target?, note.sender)))
            .collect();
        Ok(Self { by_target, withdrawn })
    }

    fn of(&self, record: &MessageRecord) -> impl Iterator<Item = &MessageRecord> {
        self.by_target.get(&record.event_id).into_iter().flatten()
    }

    /// The row whose text a message shows now: its own, or that of its newest edit; `None` where it is deleted.
    pub(super) fn shown<'a>(&'a self, record: &'a MessageRecord) -> Option<&'a MessageRecord> {
        current(record, self.by_target.get(&record.event_id).into_iter().flatten())
    }

    /// By the author of the message; nobody else's count.
    fn edits<'a>(&'a self, record: &'a MessageRecord) -> impl Iterator<Item = &'a MessageRecord> {
        self.of(record).filter(|note| note.kind == KIND_EDIT && note.sender == record.sender && !note.erased)
    }

    /// The emoji and who chose them, most chosen first.
    pub(super) fn reactions(&self, names: &Names<'_, '_>, record: &MessageRecord) -> Result<Vec<ipc::Reaction>> {
        let mut people: BTreeMap<&str, BTreeSet<PublicKey>> = BTreeMap::new();
        for note in self.of(record).filter(|note| note.kind == KIND_REACTION && is_reaction(&note.content)) {
            if !self.withdrawn.contains(&(note.event_id, note.sender)) {
                people.entry(&note.content).or_default().insert(note.sender);
            }
        }
        let mut chosen: Vec<(&str, BTreeSet<PublicKey>)> = people.into_iter().collect();
        chosen.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
        chosen.truncate(REACTIONS_CAP);
        chosen.into_iter().map(|(emoji, people)| reaction(names, emoji, &people)).collect()
    }
}

fn reaction(names: &Names<'_, '_>, emoji: &str, people: &BTreeSet<PublicKey>) -> Result<ipc::Reaction> {
    let mine = people.contains(&names.me);
    let others = people.iter().filter(|who| **who != names.me);
    let shown = people.get(&names.me).into_iter().chain(others).take(REACTORS_CAP);
    Ok(ipc::Reaction {
        emoji: emoji.to_owned(),
        count: u32::try_from(people.len()).unwrap_or(u32::MAX),
        mine,
        people: shown.map(|who| names.of(who)).collect::<Result<_>>()?,
    })
}

/// The form of a reaction (Marmot: application messages).
pub(crate) fn is_reaction(content: &str) -> bool {
    !content.is_empty() && content.chars().count() <= REACTION_CAP && !content.chars().any(char::is_control) && content.trim() == content
}

/// Whether the author, or somebody who may, deleted a message.
pub(crate) fn is_deleted(tx: &Tx<'_>, record: &MessageRecord) -> Result<bool> {
    Ok(Annotations::read(tx, record.chat, std::slice::from_ref(&record.event_id))?.shown(record).is_none())
}

/// Every text that a message had, the first one first; empty where it is deleted.
pub(crate) fn revisions(tx: &Tx<'_>, record: &MessageRecord) -> Result<Vec<ipc::Revision>> {
    let notes = Annotations::read(tx, record.chat, std::slice::from_ref(&record.event_id))?;
    if notes.shown(record).is_none() {
        return Ok(Vec::new());
    }
    let mut edits: Vec<&MessageRecord> = notes.edits(record).collect();
    edits.sort_by_key(|edit| (edit.at, edit.event_id));
    let texts = std::iter::once(record).chain(edits);
    Ok(texts.map(|row| ipc::Revision { text: row.content.clone(), at: row.at }).collect())
}
