//! Join requests: welcomes of others that wait for a decision.
//! It never joins, and beyond the caller's cap it takes nothing more in.

use murmel_engine::{Digest, GroupId};
use nostr::{EventId, PublicKey};
use rusqlite::{Row, params};

use crate::column::{event_id, int, json, maybe_group_id, public_key, to_json, uint, words};
use crate::{RequestId, StoreError, Tx};

words!(
    /// What became of a request.
    RequestState {
        /// Waits for the user.
        Open = "open",
        /// Another way into a group that we are in: of use should the group turn out to have gone that way.
        Spare = "spare",
        /// Joined.
        Accepted = "accepted",
        /// Turned down.
        Declined = "declined",
    }
);

/// A welcome that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Row id; [`RequestId::NEW`] before it is inserted.
    pub id: RequestId,
    /// The gift wrap in which it came.
    pub wrap_event_id: EventId,
    /// The serialized MLSMessage with the welcome; empty once decided.
    pub welcome: Vec<u8>,
    /// The group that it leads to; `None` where that cannot be told.
    pub group: Option<GroupId>,
    /// Who sent it, as its seal proves.
    pub inviter: PublicKey,
    /// The relays that it names.
    pub relays: Vec<String>,
    /// Group name.
    pub name: String,
    /// Group description.
    pub description: String,
    /// Number of members.
    pub members: u32,
    /// Some of them, as public keys in hex.
    pub people: Vec<String>,
    /// When the inviter made it, Unix seconds: what the group did since then has to be read.
    pub invited_at: u64,
    /// Local clock, Unix seconds.
    pub received_at: u64,
    /// Why it cannot be accepted, in a sentence; empty where it can.
    pub problem: String,
    /// What became of it.
    pub state: RequestState,
}

/// What [`Tx::insert_request`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestInsert {
    /// It is a new row.
    Added(RequestId),
    /// The same wrap or the same welcome was there before.
    Known(RequestId),
    /// The cap is reached: nothing was written.
    Full,
}

macro_rules! select_request {
    ($rest:literal) => {
        concat!(
            "SELECT id, wrap_event_id, welcome, group_id, inviter, relays, name, description, members, invited_at, received_at, problem, state, people FROM requests ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Adds a request unless it is known or `cap` requests are open; its `id` is ignored.
    pub fn insert_request(&self, request: &RequestRecord, cap: usize) -> Result<RequestInsert, StoreError> {
        let digest = Digest::of(&request.welcome);
        if let Some(known) = self.request_known(&request.wrap_event_id, &digest)? {
            return Ok(RequestInsert::Known(known));
        }
        if self.open_request_count()? >= cap as u64 {
            return Ok(RequestInsert::Full);
        }
        let id = self.insert(
            "INSERT INTO requests (wrap_event_id, welcome_digest, welcome, group_id, inviter, relays, name, description, members, invited_at, received_at, problem, state, people)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                request.wrap_event_id.as_bytes(),
                digest.as_bytes(),
                request.welcome,
                request.group.as_ref().map(GroupId::as_bytes),
                request.inviter.as_bytes(),
                to_json(&request.relays)?,
                request.name,
                request.description,
                request.members,
                int(request.invited_at),
                int(request.received_at),
                request.problem,
                request.state,
                to_json(&request.people)?,
            ],
        )?;
        Ok(RequestInsert::Added(RequestId(id)))
    }

    /// The request that came in this wrap or with this welcome, whatever became of it.
    pub fn request_known(&self, wrap: &EventId, welcome: &Digest) -> Result<Option<RequestId>, StoreError> {
        self.one(
            "SELECT id FROM requests WHERE wrap_event_id = ?1 UNION ALL SELECT id FROM requests WHERE welcome_digest = ?2 LIMIT 1",
            params![wrap.as_bytes(), welcome.as_bytes()],
            |row| row.get(0),
        )
    }

    /// A request.
    pub fn request(&self, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        self.one(select_request!("WHERE id = ?1"), params![id], request_row)
    }

    /// The open requests, newest first.
    pub fn open_requests(&self) -> Result<Vec<RequestRecord>, StoreError> {
        self.many(select_request!("WHERE state = 'open' ORDER BY received_at DESC, id DESC"), [], request_row)
    }

    /// The requests of a group that are in a state, newest first.
    pub fn requests_of_group(&self, group: &GroupId, state: RequestState) -> Result<Vec<RequestRecord>, StoreError> {
        self.many(
            select_request!("WHERE group_id = ?1 AND state = ?2 ORDER BY received_at DESC, id DESC"),
            params![group.as_bytes(), state],
            request_row,
        )
    }

    /// The open requests of somebody.
    pub fn open_requests_of(&self, inviter: &PublicKey) -> Result<Vec<RequestId>, StoreError> {
        self.many("SELECT id FROM requests WHERE inviter = ?1 AND state = 'open'", params![inviter.as_bytes()], |row| row.get(0))
    }

    /// How many other ways into groups are kept.
    pub fn spare_request_count(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM requests WHERE state = 'spare'", [])
    }

    /// How many requests are open.
    pub fn open_request_count(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM requests WHERE state = 'open'", [])
    }

    /// Decides a request. A decided one keeps its ids, so that it is not asked again, but not the welcome.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn set_request_state(&self, id: RequestId, state: RequestState) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE requests SET state = ?2, welcome = iif(?2 IN ('open', 'spare'), welcome, zeroblob(0)) WHERE id = ?1",
            params![id, state],
        )?;
        if changed == 0 { Err(StoreError::NotFound("this request")) } else { Ok(()) }
    }

    /// Forgets requests that are not open received before `before`, Unix seconds; answers how many.
    pub fn prune_requests(&self, before: u64) -> Result<usize, StoreError> {
        self.run("DELETE FROM requests WHERE state IN ('spare', 'accepted', 'declined') AND received_at < ?1", params![int(before)])
    }
}

fn request_row(row: &Row<'_>) -> rusqlite::Result<RequestRecord> {
    Ok(RequestRecord {
        id: row.get(0)?,
        wrap_event_id: event_id(row, 1)?,
        welcome: row.get(2)?,
        group: maybe_group_id(row, 3)?,
        inviter: public_key(row, 4)?,
        relays: json(row, 5)?,
        name: row.get(6)?,
        description: row.get(7)?,
        members: row.get(8)?,
        invited_at: uint(row, 9)?,
        received_at: uint(row, 10)?,
        problem: row.get(11)?,
        state: row.get(12)?,
        people: json(row, 13)?,
    })
}
