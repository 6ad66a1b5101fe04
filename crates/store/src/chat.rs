//! Conversations: the projection of an MLS group that views read, and its members.
//! It decides nothing: name, members and admins are copies of what the engine found in the group context.

use murmel_engine::{Epoch, GroupId, RoutingId};
use nostr::PublicKey;
use rusqlite::{Row, params};

use crate::column::{epoch, group_id, int, json, maybe_public_key, maybe_uint, public_key, routing, to_json, uint, words};
use crate::{ChatId, MessageId, StoreError, Tx};

words!(
    /// How we stand in a conversation.
    ChatState {
        /// Member.
        Active = "active",
        /// Our proposal to leave is on its way.
        Leaving = "leaving",
        /// We left; the history stays.
        Left = "left",
        /// Somebody removed us; the history stays.
        Removed = "removed",
        /// The group cannot be followed any more from here: only a new invitation helps.
        Stranded = "stranded",
        /// An admin ended the group for good; the history stays, and nobody joins it again.
        Ended = "ended",
    }
);

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRecord {
    /// Row id; [`ChatId::NEW`] before it is inserted.
    pub id: ChatId,
    /// The MLS group.
    pub group: GroupId,
    /// How we stand in it.
    pub state: ChatState,
    /// Group name.
    pub name: String,
    /// Group description.
    pub description: String,
    /// Current epoch.
    pub epoch: Epoch,
    /// Group relays, sorted.
    pub relays: Vec<String>,
    /// Current `h` tag.
    pub routing: RoutingId,
    /// Seconds until messages disappear; 0 is never.
    pub retention: u64,
    /// URL of the picture; empty where there is none.
    pub avatar: String,
    /// When it was created or we first saw it, Unix seconds.
    pub created_at: u64,
    /// When we joined, Unix seconds.
    pub joined_at: u64,
    /// What the list is sorted by, Unix seconds.
    pub last_activity: u64,
    /// The newest message id that was read; later arrivals are unread. [`MessageId::NEW`] if none was.
    pub read: MessageId,
    /// Who invited us; `None` in a group of our own making.
    pub inviter: Option<PublicKey>,
    /// When our leaf has to be rotated, Unix seconds.
    pub needs_self_update_at: Option<u64>,
}

/// One member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub public_key: PublicKey,
    /// Whether the group context lists it as admin.
    pub is_admin: bool,
}

/// What a group's state says about the conversation; replaces what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatProjection {
    /// Group name.
    pub name: String,
    /// Group description.
    pub description: String,
    /// Epoch.
    pub epoch: Epoch,
    /// Group relays, sorted.
    pub relays: Vec<String>,
    /// `h` tag of the epoch.
    pub routing: RoutingId,
    /// Seconds until messages disappear; 0 is never.
    pub retention: u64,
    /// URL of the picture; empty where there is none.
    pub avatar: String,
    /// All members with their roles.
    pub members: Vec<Member>,
}

macro_rules! select_chat {
    ($rest:literal) => {
        concat!(
            "SELECT id, group_id, state, name, description, epoch, relays, routing, retention, avatar, created_at, joined_at, \
             last_activity, read, inviter, needs_self_update_at FROM chats ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Adds a conversation; its `id` is ignored. The caller adds the members with [`Tx::update_chat`].
    ///
    /// # Errors
    /// [`StoreError::Statement`] if the group has a conversation already.
    pub fn insert_chat(&self, chat: &ChatRecord) -> Result<ChatId, StoreError> {
        let id = self.insert(
            "INSERT INTO chats (group_id, state, name, description, epoch, relays, routing, retention, avatar, created_at, joined_at,
                                last_activity, read, inviter, needs_self_update_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                chat.group.as_bytes(),
                chat.state,
                chat.name,
                chat.description,
                int(chat.epoch.0),
                to_json(&chat.relays)?,
                chat.routing.as_bytes(),
                int(chat.retention),
                chat.avatar,
                int(chat.created_at),
                int(chat.joined_at),
                int(chat.last_activity),
                chat.read,
                chat.inviter.as_ref().map(PublicKey::as_bytes),
                chat.needs_self_update_at.map(int),
            ],
        )?;
        Ok(ChatId(id))
    }

    /// A conversation.
    pub fn chat(&self, id: ChatId) -> Result<Option<ChatRecord>, StoreError> {
        self.one(select_chat!("WHERE id = ?1"), params![id], chat_row)
    }

    /// The conversation of a group.
    pub fn chat_by_group(&self, group: &GroupId) -> Result<Option<ChatRecord>, StoreError> {
        self.one(select_chat!("WHERE group_id = ?1"), params![group.as_bytes()], chat_row)
    }

    /// The conversations that an `h` tag may belong to, in the current or any kept epoch. More than one where a group
    /// took another's tag: the tag alone proves nothing, so the caller has to try each.
    pub fn chats_by_routing(&self, routing: &RoutingId) -> Result<Vec<ChatRecord>, StoreError> {
        self.many(
            select_chat!(
                "WHERE id IN (SELECT id FROM chats WHERE routing = ?1
                              UNION SELECT c.id FROM epochs AS e JOIN chats AS c ON c.group_id = e.group_id WHERE e.routing = ?1)
                 ORDER BY id"
            ),
            params![routing.as_bytes()],
            chat_row,
        )
    }

    /// Every conversation, the one with the latest activity first.
    pub fn chats(&self) -> Result<Vec<ChatRecord>, StoreError> {
        self.many(select_chat!("ORDER BY last_activity DESC, id DESC"), [], chat_row)
    }

    /// Copies the group's state: all of [`ChatProjection`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn update_chat(&self, id: ChatId, projection: &ChatProjection) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE chats SET name = ?2, description = ?3, epoch = ?4, relays = ?5, routing = ?6, retention = ?7, avatar = ?8 WHERE id = ?1",
            params![
                id,
                projection.name,
                projection.description,
                int(projection.epoch.0),
                to_json(&projection.relays)?,
                projection.routing.as_bytes(),
                int(projection.retention),
                projection.avatar
            ],
        )?;
        self.found(changed)?;
        self.run("DELETE FROM members WHERE chat = ?1", params![id])?;
        for member in &projection.members {
            self.run(
                "INSERT OR REPLACE INTO members (chat, public_key, is_admin) VALUES (?1, ?2, ?3)",
                params![id, member.public_key.as_bytes(), member.is_admin],
            )?;
        }
        Ok(())
    }

    /// The members of a conversation, sorted by key.
    pub fn members(&self, id: ChatId) -> Result<Vec<Member>, StoreError> {
        self.many("SELECT public_key, is_admin FROM members WHERE chat = ?1 ORDER BY public_key", params![id], |row| {
            Ok(Member { public_key: public_key(row, 0)?, is_admin: row.get(1)? })
        })
    }

    /// Changes how we stand in a conversation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn set_chat_state(&self, id: ChatId, state: ChatState) -> Result<(), StoreError> {
        let changed = self.run("UPDATE chats SET state = ?2 WHERE id = ?1", params![id, state])?;
        self.found(changed)
    }

    /// We are in the group again: active, with a new join time and inviter. The history stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn rejoin_chat(&self, id: ChatId, joined_at: u64, inviter: Option<PublicKey>) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE chats SET state = 'active', joined_at = ?2, inviter = ?3 WHERE id = ?1",
            params![id, int(joined_at), inviter.as_ref().map(PublicKey::as_bytes)],
        )?;
        self.found(changed)
    }

    /// Moves the last activity forward to `at`; an earlier time changes nothing.
    pub fn touch_chat(&self, id: ChatId, at: u64) -> Result<(), StoreError> {
        self.run("UPDATE chats SET last_activity = ?2 WHERE id = ?1 AND last_activity < ?2", params![id, int(at)])?;
        Ok(())
    }

    /// Everything up to `message` was read; an earlier id changes nothing. `true` if the mark moved.
    pub fn mark_read(&self, id: ChatId, message: MessageId) -> Result<bool, StoreError> {
        Ok(self.run("UPDATE chats SET read = ?2 WHERE id = ?1 AND read < ?2", params![id, message])? > 0)
    }

    /// Sets or clears the time at which our leaf has to be rotated.
    pub fn set_needs_self_update(&self, id: ChatId, at: Option<u64>) -> Result<(), StoreError> {
        self.run("UPDATE chats SET needs_self_update_at = ?2 WHERE id = ?1", params![id, at.map(int)])?;
        Ok(())
    }

    /// Deletes a conversation with its messages, members and unsent events. The group itself goes with
    /// [`murmel_engine::Storage::forget_group`].
    pub fn forget_chat(&self, id: ChatId) -> Result<(), StoreError> {
        self.remove_words(id)?;
        self.run("DELETE FROM messages WHERE chat = ?1", params![id])?;
        self.run("DELETE FROM chats WHERE id = ?1", params![id])?;
        Ok(())
    }

    fn found(&self, changed: usize) -> Result<(), StoreError> {
        if changed == 0 { Err(StoreError::NotFound("this conversation")) } else { Ok(()) }
    }
}

fn chat_row(row: &Row<'_>) -> rusqlite::Result<ChatRecord> {
    Ok(ChatRecord {
        id: row.get(0)?,
        group: group_id(row, 1)?,
        state: row.get(2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        epoch: epoch(row, 5)?,
        relays: json(row, 6)?,
        routing: routing(row, 7)?,
        retention: uint(row, 8)?,
        avatar: row.get(9)?,
        created_at: uint(row, 10)?,
        joined_at: uint(row, 11)?,
        last_activity: uint(row, 12)?,
        read: row.get(13)?,
        inviter: maybe_public_key(row, 14)?,
        needs_self_update_at: maybe_uint(row, 15)?,
    })
}
