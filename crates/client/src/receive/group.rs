//! Events of groups (kind 445): what the engine says of each becomes rows.
//! It judges nothing itself; the engine does.

use std::collections::BTreeSet;

use murmel_engine::{Applied, Digest, Epoch, GroupEvent, GroupId, Ingest, Received, RoutingId, Why};
use murmel_ipc::SystemMessage;
use murmel_store::{
    ChatId, ChatProjection, ChatRecord, ChatState, DeferredId, DeferredRecord, KIND_CHAT, KIND_DELETE, KIND_EDIT, KIND_REACTION,
    KIND_SYSTEM, Member, MessageId, MessageRecord, Tx,
};
use nostr::{Event, EventId, JsonUtil as _, Keys, PublicKey};
use sha2::{Digest as _, Sha256};

use super::{fork, left_behind, unreadable};
use crate::changes::Changes;
use crate::chores::Chore;
use crate::group::groups::Groups;
use crate::group::{departures, ending, invitations, membership, pairs};
use crate::message::{choice, deletion, order};
use crate::{Error, Result, views};

/// Push tokens of phones (Marmot: push notifications): of no use to a desktop.
const PUSH_KINDS: std::ops::RangeInclusive<u16> = 447..=449;
/// Deletions and edits name at most this many messages.
const TARGETS_CAP: usize = 64;
/// Changes of the group after which a deferred event is given up: whatever it waited for has come or will not.
const TRIES_CAP: u32 = 50;

/// The `h` tag.
pub(crate) fn routing_of(event: &Event) -> Option<RoutingId> {
    let tag = event.tags.iter().map(nostr::Tag::as_slice).find(|tag| tag.first().is_some_and(|name| name == "h"))?;
    RoutingId::from_hex(tag.get(1)?)
}

/// One transaction's view of what arrives.
pub(crate) struct Taking<'a, 'tx> {
    pub(crate) tx: &'a Tx<'tx>,
    pub(crate) groups: &'a mut Groups,
    pub(crate) changes: &'a mut Changes,
    pub(crate) keys: &'a Keys,
    pub(crate) now: u64,
    /// Chats that moved on: what was deferred in them may be possible now.
    pub(crate) moved: BTreeSet<ChatId>,
}

/// Whether an event is done with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Yes.
    Finished,
    /// Yes, and what was deferred may be possible now.
    Moved,
    /// No: again after the next change of the group.
    Later,
    /// As [`Done::Later`], because nothing here opens it.
    Closed,
    /// No, but what was deferred may be possible now.
    MovedWithout,
}

/// What the chats made of an event.
enum Offered {
    /// One of them is done with it.
    Done,
    /// Not now, says this one.
    Later(ChatId),
    /// As [`Offered::Later`], because nothing here opens it.
    Closed(ChatId),
    /// Nobody here has its tag.
    Nobody,
}

impl<'a, 'tx> Taking<'a, 'tx> {
    pub(crate) fn new(tx: &'a Tx<'tx>, groups: &'a mut Groups, changes: &'a mut Changes, keys: &'a Keys, now: u64) -> Self {
        Self { tx, groups, changes, keys, now, moved: BTreeSet::new() }
    }

    /// Takes one event.
    pub(crate) fn event(&mut self, event: &Event) -> Result<()> {
        if self.tx.is_seen(&event.id)? {
            return Ok(());
        }
        let Some(routing) = routing_of(event) else { return self.finish(event) };
        let chat = match self.offer(&routing, event)? {
            Offered::Done => return self.finish(event),
            Offered::Later(chat) => chat,
            Offered::Closed(chat) => {
                left_behind::closed(self.tx, self.groups, chat, self.now)?;
                if !self.tx.is_deferred(&event.id)? {
                    unreadable::closed(self, chat, event.created_at.as_secs())?;
                }
                chat
            }
            // Neither kept nor remembered, because we may join later.
            Offered::Nobody => return Ok(()),
        };
        self.tx.insert_deferred(&DeferredRecord {
            id: DeferredId::NEW,
            event_id: event.id,
            routing,
            chat: Some(chat),
            event: event.as_json().into_bytes(),
            reason: String::new(),
            received_at: self.now,
            tries: 0,
        })?;
        Ok(())
    }

    /// Takes one event, and at once what waited for it: a few commits later the keys of its epoch are gone.
    pub(crate) fn event_and_what_waited(&mut self, event: &Event) -> Result<()> {
        let before = std::mem::take(&mut self.moved);
        self.event(event)?;
        for chat in self.moved.clone() {
            self.what_waited(chat)?;
        }
        self.moved.extend(before);
        Ok(())
    }

    /// Tries what waits in a chat, from the first on again after each change of the group. No try is counted.
    pub(crate) fn what_waited(&mut self, chat: ChatId) -> Result<()> {
        'changed: loop {
            for kept in super::deferred(self.tx, chat)? {
                let before = std::mem::take(&mut self.moved);
                let waits = self.try_again(&kept)?;
                let moved = !self.moved.is_empty();
                self.moved.extend(before);
                // Whatever stays in its place cannot be what moved the group, or this would not end.
                if moved && !waits {
                    continue 'changed;
                }
            }
            return Ok(());
        }
    }

    fn finish(&mut self, event: &Event) -> Result<()> {
        murmel_store::crash_point!("receive: stored, not marked as seen");
        match routing_of(event) {
            Some(routing) => self.tx.remember_tagged(&event.id, routing.as_bytes(), event.created_at.as_secs(), self.now)?,
            None => self.tx.remember_seen(&event.id, self.now)?,
        };
        self.tx.remove_deferred(&event.id)?;
        murmel_store::crash_point!("receive: one event done");
        Ok(())
    }

    /// Tries one deferred event again, and counts that.
    pub(crate) fn again(&mut self, kept: &DeferredRecord) -> Result<()> {
        match self.try_again(kept)? {
            true if kept.tries < TRIES_CAP => Ok(self.tx.count_deferred_try(kept.id, "")?),
            true => {
                self.tx.remember_seen(&kept.event_id, self.now)?;
                Ok(self.tx.remove_deferred(&kept.event_id)?)
            }
            false => Ok(()),
        }
    }

    /// `true` where a deferred event has to go on waiting.
    fn try_again(&mut self, kept: &DeferredRecord) -> Result<bool> {
        let Ok(event) = Event::from_json(&kept.event) else { return Ok(self.tx.remove_deferred(&kept.event_id).map(|()| false)?) };
        match self.offer(&kept.routing, &event)? {
            Offered::Later(_) => return Ok(true),
            Offered::Closed(chat) => {
                // It may have come while the removal still counted that lost by now.
                left_behind::closed(self.tx, self.groups, chat, self.now)?;
                return Ok(true);
            }
            Offered::Done => self.finish(&event)?,
            Offered::Nobody => self.tx.remove_deferred(&kept.event_id)?,
        }
        Ok(false)
    }

    /// Lets every chat try that may own the tag: it is public, so that another group can carry it too.
    fn offer(&mut self, routing: &RoutingId, event: &Event) -> Result<Offered> {
        let mut offered = Offered::Nobody;
        for chat in self.tx.chats_by_routing(routing)? {
            if chat.state == ChatState::Stranded {
                // Nothing opens it in this copy of the group; in the one that another invitation leads to, something may.
                offered = Offered::Later(chat.id);
                continue;
            }
            if !fork::is_followed(self.tx, &chat, self.now)? {
                continue;
            }
            match self.ingest(&chat, event)? {
                Done::Later => offered = Offered::Later(chat.id),
                Done::Closed => offered = Offered::Closed(chat.id),
                Done::MovedWithout => {
                    self.moved.insert(chat.id);
                    offered = Offered::Later(chat.id);
                }
                Done::Finished => return Ok(Offered::Done),
                Done::Moved => {
                    self.moved.insert(chat.id);
                    return Ok(Offered::Done);
                }
            }
        }
        Ok(offered)
    }

    /// Words or a change of somebody can be read. `epoch`: the one that they belong to, or that they began.
    fn heard(&mut self, chat: &ChatRecord, from: PublicKey, epoch: Epoch, event: &Event) -> Result<()> {
        left_behind::heard(self, chat, from, epoch, event.created_at.as_secs())?;
        unreadable::heard(self, chat.id, from)?;
        if invitations::arrived(self.tx, chat.id, &from)? {
            self.changes.group(chat.id);
        }
        Ok(())
    }

    fn ingest(&mut self, chat: &ChatRecord, event: &Event) -> Result<Done> {
        let Some((group, device)) = self.groups.get(self.tx, &chat.group)? else { return Ok(Done::Finished) };
        let outcome = group.ingest(self.tx, device, event, self.now)?;
        match outcome {
            Ingest::Message(received) => {
                self.heard(chat, received.sender, received.epoch, event)?;
                self.message(chat, received).map(|()| Done::Finished)
            }
            Ingest::Commit(commit) => {
                self.heard(chat, commit.by, commit.to, event)?;
                let chat = &views::found(self.tx, chat.id)?;
                applied(self, chat, &commit, event.created_at.as_secs())?;
                if commit.superseded_own {
                    membership::superseded(self, chat.id, &commit.events)?;
                }
                membership::welcome_late(self, chat, &[commit.digest])?;
                Ok(Done::Moved)
            }
            Ingest::Proposal { .. } => {
                departures::note(self.tx, chat.id)?;
                self.changes.chore(Chore::Departures(chat.id));
                Ok(Done::Moved)
            }
            Ingest::Switched(switched) => {
                fork::switched(self, chat, &switched, event.created_at.as_secs())?;
                // What the event says may be readable on the branch that the group is now.
                let chat = views::found(self.tx, chat.id)?;
                match self.ingest(&chat, event)? {
                    Done::Later | Done::Closed => Ok(Done::MovedWithout),
                    Done::Finished | Done::Moved => Ok(Done::Moved),
                    other => Ok(other),
                }
            }
            Ingest::Rival(rival) => {
                fork::rival(self, chat, &rival)?;
                Ok(Done::Moved)
            }
            Ingest::Unrecoverable => {
                fork::stranded(self, chat)?;
                Ok(Done::Finished)
            }
            Ingest::OwnCommitReturned => {
                membership::merge(self, chat.id)?;
                Ok(Done::Moved)
            }
            Ingest::Deferred(why) => {
                tracing::debug!(%why, "deferred");
                Ok(if why == Why::NoKey { Done::Closed } else { Done::Later })
            }
            Ingest::Duplicate => Ok(Done::Finished),
            Ingest::Rejected(why) => {
                tracing::debug!(%why, "rejected");
                Ok(Done::Finished)
            }
        }
    }

    fn message(&mut self, chat: &ChatRecord, received: Received) -> Result<()> {
        murmel_store::crash_point!("receive: decrypted, not stored");
        let Received { event, sender, epoch, branch, digest, expires_at } = received;
        // System rows are made here, from commits: one that somebody sends says nothing.
        if PUSH_KINDS.contains(&event.kind()) || event.kind() == KIND_SYSTEM || expires_at.is_some_and(|at| at <= self.now) {
            return Ok(());
        }
        let targets = targets(event.kind(), event.tags());
        let record = MessageRecord {
            id: MessageId::NEW,
            chat: chat.id,
            // Of two edits the later one counts, whatever the clock says.
            at: if MessageRecord::is_shown(event.kind()) { order::placed(event.created_at(), self.now) } else { event.created_at() },
            event_id: event.id(),
            sender,
            kind: event.kind(),
            content: event.content().to_owned(),
            tags: event.tags().to_vec(),
            target: targets.first().copied(),
            epoch,
            branch: Some(branch),
            digest: Some(digest),
            mine: sender == self.keys.public_key(),
            erased: false,
            withdrawn: false,
            expires_at,
            received_at: self.now,
        };
        let Some(id) = self.tx.insert_message(&record)? else { return fork::arrived_again(self, &record) };
        match record.kind {
            KIND_CHAT => {
                choice::arrived(self, chat, id, &record)?;
                deletion::before_it_came(self, chat, id, &record)?;
            }
            KIND_DELETE => deletion::take(self, chat, &record, &targets)?,
            KIND_EDIT => {
                deletion::edit_of_deleted(self.tx, chat.id, id, &record)?;
                self.changes.message(id);
            }
            KIND_REACTION => self.changes.message(id),
            _ => {}
        }
        Ok(())
    }
}

/// What a message is about: the parent of a reply, the target of a reaction or an edit, the targets of a deletion.
pub(crate) fn targets(kind: u16, tags: &[Vec<String>]) -> Vec<EventId> {
    let wanted = |name: &str| name == "e" || (kind == KIND_CHAT && name == "q");
    let named = tags.iter().filter_map(|tag| match tag.as_slice() {
        [name, id, ..] if wanted(name) => EventId::from_hex(id).ok(),
        _ => None,
    });
    named.take(TARGETS_CAP).collect()
}

/// A commit was merged, ours or somebody else's: the one place where that becomes rows.
pub(crate) fn applied(taking: &mut Taking<'_, '_>, chat: &ChatRecord, commit: &Applied, at: u64) -> Result<()> {
    if commit.events.contains(&GroupEvent::Disbanded) {
        return ending::ended(taking, chat, commit, at.min(taking.now));
    }
    let me = taking.keys.public_key();
    let moved = project(taking.tx, taking.groups, chat.id, &chat.group)?;
    let at = at.min(taking.now);
    for (index, event) in commit.events.iter().enumerate() {
        if let GroupEvent::MemberRemoved(who) | GroupEvent::MemberLeft(who) = event {
            invitations::forget(taking.tx, chat.id, who)?;
        }
        let Some(row) = system_row(commit.by, event) else { continue };
        // Our own departure or removal is told by the state of the chat, too, but stays readable in the history.
        insert_system(taking, chat.id, commit, index, at, &row)?;
    }
    if !commit.still_member {
        let left = chat.state == ChatState::Leaving || commit.events.contains(&GroupEvent::MemberLeft(me));
        fork::gone(taking, chat, if left { ChatState::Left } else { ChatState::Removed })?;
    } else if chat.state == ChatState::Leaving {
        taking.changes.chore(Chore::LeaveAgain(chat.id));
    }
    if commit.still_member {
        taking.changes.ended(chat.id, commit.from, at);
    }
    if moved || !commit.still_member {
        taking.changes.refollow();
    }
    taking.changes.group(chat.id);
    Ok(())
}

/// Copies the group's state into its chat; the one function that does. `true` where tag or relays changed.
pub(crate) fn project(tx: &Tx<'_>, groups: &mut Groups, chat: ChatId, id: &GroupId) -> Result<bool> {
    let (group, _) = groups.get(tx, id)?.ok_or_else(|| Error::internal("a chat without its group"))?;
    let view = group.view();
    let before = tx.chat(chat)?.ok_or_else(|| Error::not_found("This chat"))?;
    let moved = before.routing != view.routing || before.relays != view.relays;
    let members =
        view.members.iter().map(|public_key| Member { public_key: *public_key, is_admin: view.admins.contains(public_key) }).collect();
    tx.update_chat(
        chat,
        &ChatProjection {
            name: view.name,
            description: view.description,
            epoch: group.epoch(),
            relays: view.relays,
            routing: view.routing,
            retention: view.retention.unwrap_or(0),
            avatar: view.avatar.unwrap_or_default(),
            members,
        },
    )?;
    if let Some(account) = tx.account()? {
        pairs::members_changed(tx, account.public_key, chat)?;
    }
    Ok(moved)
}

pub(super) fn system_row(by: PublicKey, event: &GroupEvent) -> Option<SystemMessage> {
    let by = by.to_hex();
    Some(match event {
        GroupEvent::MemberAdded(who) => SystemMessage::MemberAdded { by, who: who.to_hex() },
        GroupEvent::MemberRemoved(who) => SystemMessage::MemberRemoved { by, who: who.to_hex() },
        GroupEvent::MemberLeft(who) => SystemMessage::MemberLeft { who: who.to_hex() },
        GroupEvent::AdminAdded(who) => SystemMessage::AdminAdded { by, who: who.to_hex() },
        GroupEvent::AdminRemoved(who) => SystemMessage::AdminRemoved { by, who: who.to_hex() },
        GroupEvent::Renamed(name) => SystemMessage::Renamed { by, name: name.clone() },
        GroupEvent::Described => SystemMessage::Described { by },
        GroupEvent::RetentionChanged(seconds) => SystemMessage::RetentionChanged { by, seconds: *seconds },
        GroupEvent::PictureChanged => SystemMessage::PictureChanged { by },
        GroupEvent::RelaysChanged => SystemMessage::RelaysChanged { by },
        GroupEvent::Disbanded => SystemMessage::Disbanded { by },
        GroupEvent::Required(_) | GroupEvent::Rotated => return None,
    })
}

/// The rows that say what a commit did; they go when its branch goes.
pub(crate) fn insert_system(
    taking: &mut Taking<'_, '_>,
    chat: ChatId,
    commit: &Applied,
    index: usize,
    at: u64,
    row: &SystemMessage,
) -> Result<()> {
    let mut seed = commit.digest.as_bytes().to_vec();
    seed.extend_from_slice(&index.to_be_bytes());
    insert_row(taking, chat, &seed, commit.by, at, row, Some(commit.digest))
}

/// Adds a row that says what happened. `seed` names the occasion: the same occasion is told once.
pub(crate) fn insert_system_row(
    taking: &mut Taking<'_, '_>,
    chat: ChatId,
    seed: &[u8],
    by: PublicKey,
    at: u64,
    row: &SystemMessage,
) -> Result<()> {
    insert_row(taking, chat, seed, by, at, row, None)
}

fn insert_row(
    taking: &mut Taking<'_, '_>,
    chat: ChatId,
    seed: &[u8],
    by: PublicKey,
    at: u64,
    row: &SystemMessage,
    branch: Option<Digest>,
) -> Result<()> {
    let content = serde_json::to_string(row).map_err(|_| Error::internal("a system row that cannot be written"))?;
    let epoch = taking.tx.chat(chat)?.map_or(murmel_engine::Epoch(0), |chat| chat.epoch);
    let inserted = taking.tx.insert_message(&MessageRecord {
        id: MessageId::NEW,
        chat,
        at,
        event_id: EventId::from_byte_array(Sha256::digest(seed).into()),
        sender: by,
        kind: KIND_SYSTEM,
        content,
        tags: Vec::new(),
        target: None,
        epoch,
        branch,
        digest: None,
        mine: by == taking.keys.public_key(),
        erased: false,
        withdrawn: false,
        expires_at: None,
        received_at: taking.now,
    })?;
    if let Some(id) = inserted {
        taking.tx.touch_chat(chat, at)?;
        taking.changes.message(id);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
