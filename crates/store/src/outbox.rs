//! Events that have to reach relays: the signed bytes, and what each relay answered.
//! It never signs or encrypts; a retry sends the same bytes again.

mod record;

use murmel_engine::Epoch;
use nostr::EventId;
use rusqlite::{Row, params};

pub use self::record::{Answer, Cancellation, Delivery, Due, Lane, OutboxRecord, OutboxState, Purpose, Standing};
use crate::column::{event_id, int, maybe_uint, uint};
use crate::{ChatId, MessageId, OutboxId, StoreError, Tx};

/// Events that may wait for relays at one time.
pub const OUTBOX_CAP: usize = 10_000;
/// How far an event of one conversation may run ahead, in events: on each relay of an earlier one that this relay still is to get, and everywhere of
/// one that no relay has.
///
/// A member's MLS ratchet forgets a key when a message arrives this often later than its successors: the tolerance is 100 generations
/// in White Noise (RFC 9420 §9.1 leaves it to the client). Half of that leaves room for relays that reorder.
pub const CHAT_WINDOW: u32 = 50;
/// Attempts after which an event that a relay refuses holds up nothing there any more: what it has against one event says nothing about the others.
pub const REFUSALS_AWAITED: u32 = 10;

macro_rules! select_outbox {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.purpose, o.chat, o.message, o.event_id, o.event, o.lane, o.created_at, o.required, o.state, o.cancelled, o.refusal, o.depends \
             FROM outbox AS o ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Puts an event on its way to `relays`, due at once; its `id` is ignored. An event that is there already keeps its
    /// row and is only given the relays that it lacks.
    ///
    /// # Errors
    /// [`StoreError::Full`] while [`OUTBOX_CAP`] events are open.
    pub fn enqueue(&self, record: &OutboxRecord, relays: &[String]) -> Result<OutboxId, StoreError> {
        let known = self.one("SELECT id FROM outbox WHERE event_id = ?1", params![record.event_id.as_bytes()], |row| row.get(0))?;
        let id = match known {
            Some(id) => id,
            None => self.insert_outbox(record)?,
        };
        for relay in relays {
            self.run(
                "INSERT OR IGNORE INTO outbox_relays (outbox, relay, answer, next_at) VALUES (?1, ?2, 'waiting', ?3)",
                params![id, relay, int(record.created_at)],
            )?;
        }
        Ok(id)
    }

    fn insert_outbox(&self, record: &OutboxRecord) -> Result<OutboxId, StoreError> {
        if self.count("SELECT count(*) FROM outbox WHERE state = 'open'", [])? >= OUTBOX_CAP as u64 {
            return Err(StoreError::Full { what: "the outbox", cap: OUTBOX_CAP });
        }
        let id = self.insert(
            "INSERT INTO outbox (purpose, chat, message, event_id, event, lane, created_at, required, state, cancelled, refusal, depends)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                record.purpose,
                record.chat,
                record.message,
                record.event_id.as_bytes(),
                record.event,
                record.lane,
                int(record.created_at),
                record.required.max(1),
                record.state,
                record.cancelled,
                record.refusal,
                record.depends,
            ],
        )?;
        Ok(OutboxId(id))
    }

    /// An event on its way.
    pub fn outbox(&self, id: OutboxId) -> Result<Option<OutboxRecord>, StoreError> {
        self.one(select_outbox!("WHERE o.id = ?1"), params![id], outbox_row)
    }

    /// The events that carry a timeline row, oldest first.
    pub fn outbox_by_message(&self, message: MessageId) -> Result<Vec<OutboxRecord>, StoreError> {
        self.many(select_outbox!("WHERE o.message = ?1 ORDER BY o.id"), params![message], outbox_row)
    }

    /// The open events of a conversation, oldest first.
    pub fn outbox_open_in(&self, chat: ChatId) -> Result<Vec<OutboxRecord>, StoreError> {
        self.many(select_outbox!("WHERE o.chat = ?1 AND o.state = 'open' ORDER BY o.id"), params![chat], outbox_row)
    }

    /// Own messages of a conversation that were encrypted in an epoch from `from` to `to` and that some relay took only after `since`, Unix
    /// seconds: whoever reads there may have forgotten that epoch by then, and a relay that had them before may have lied. Oldest first.
    pub fn outbox_accepted_late(&self, chat: ChatId, from: Epoch, to: Epoch, since: u64) -> Result<Vec<OutboxRecord>, StoreError> {
        self.many(
            select_outbox!(
                "WHERE o.state = 'done' AND o.purpose = 'message'
                   AND o.message IN (SELECT m.id FROM messages AS m WHERE m.chat = ?1 AND m.epoch BETWEEN ?2 AND ?3 AND m.mine = 1)
                   AND (SELECT max(r.last_at) FROM outbox_relays AS r WHERE r.outbox = o.id AND r.answer = 'accepted') >= ?4
                 ORDER BY o.id"
            ),
            params![chat, int(from.0), int(to.0), int(since)],
            outbox_row,
        )
    }

    /// What relays took of groups (kind 445) from `from` to `to`, Unix seconds: what it is called there, by whom it was taken and when; the
    /// newest events first.
    pub fn outbox_taken(&self, from: u64, to: u64, limit: u32) -> Result<Vec<(OutboxId, EventId, String, u64)>, StoreError> {
        self.many(
            "SELECT o.id, o.event_id, r.relay, r.last_at FROM outbox AS o CROSS JOIN outbox_relays AS r ON r.outbox = o.id
             WHERE o.state = 'done' AND o.purpose IN ('message', 'commit', 'proposal') AND r.answer = 'accepted' AND r.last_at BETWEEN ?1 AND ?2
             ORDER BY o.created_at DESC LIMIT ?3",
            params![int(from), int(to), limit],
            |row| Ok((row.get(0)?, event_id(row, 1)?, row.get(2)?, uint(row, 3)?)),
        )
    }

    /// A relay has not what it took: it is asked again at `now`, and where no other has it either, so are those that had been given up.
    /// Answers how many relays are left that took it.
    pub fn not_kept(&self, id: OutboxId, relay: &str, detail: &str, now: u64) -> Result<u64, StoreError> {
        self.run(
            "UPDATE outbox_relays SET answer = 'waiting', detail = ?3, next_at = ?4 WHERE outbox = ?1 AND relay = ?2",
            params![id, relay, detail, int(now)],
        )?;
        let left = self.count("SELECT count(*) FROM outbox_relays WHERE outbox = ?1 AND answer = 'accepted'", params![id])?;
        if left == 0 {
            self.run("UPDATE outbox_relays SET next_at = ?2 WHERE outbox = ?1", params![id, int(now)])?;
        }
        Ok(left)
    }

    /// Events that no relay has accepted yet, open or failed, oldest first.
    pub fn outbox_unsettled(&self, limit: u32) -> Result<Vec<OutboxRecord>, StoreError> {
        let mut rows = self.many(select_outbox!("WHERE o.state = 'open' ORDER BY o.id LIMIT ?1"), params![limit], outbox_row)?;
        rows.extend(self.many(select_outbox!("WHERE o.state = 'failed' ORDER BY o.id LIMIT ?1"), params![limit], outbox_row)?);
        rows.sort_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    /// Welcomes of a conversation that every relay refused, oldest first.
    pub fn failed_welcomes(&self, chat: ChatId) -> Result<Vec<OutboxRecord>, StoreError> {
        self.many(
            select_outbox!("WHERE o.chat = ?1 AND o.state = 'failed' AND o.purpose = 'welcome' ORDER BY o.id"),
            params![chat],
            outbox_row,
        )
    }

    /// Attempts that are due by `now`: not accepted, not given up, not cancelled, and what they depend on is done.
    /// Events whose policy is met stay here for their other relays until those accept or are given up. Of one conversation no event
    /// runs further ahead than [`CHAT_WINDOW`], so that each relay gets what was said in the order in which it was said; welcomes, which go to
    /// other relays, neither wait nor are waited for.
    pub fn due(&self, now: u64, limit: u32) -> Result<Vec<Due>, StoreError> {
        self.many(
            "WITH held AS MATERIALIZED (
                 SELECT r.relay, o.chat, min(r.outbox) AS first FROM outbox_relays AS r CROSS JOIN outbox AS o ON o.id = r.outbox
                 WHERE r.next_at IS NOT NULL AND o.state IN ('open', 'done') AND o.chat IS NOT NULL AND o.purpose <> 'welcome'
                   AND (r.answer <> 'refused' OR r.attempts < ?4)
                 GROUP BY r.relay, o.chat),
             bounds AS MATERIALIZED (
                 SELECT held.relay, held.chat, (
                     SELECT e.id FROM outbox AS e
                     WHERE e.chat = held.chat AND e.purpose <> 'welcome' AND e.id >= min(held.first, coalesce((
                         SELECT min(f.id) FROM outbox AS f WHERE f.chat = held.chat AND f.state = 'open' AND f.purpose <> 'welcome'), held.first))
                     ORDER BY e.id LIMIT 1 OFFSET ?3) AS beyond
                 FROM held)
             SELECT r.outbox, r.relay, o.lane, r.attempts
             FROM outbox_relays AS r CROSS JOIN outbox AS o ON o.id = r.outbox
             LEFT JOIN bounds AS b ON b.relay = r.relay AND b.chat = o.chat AND o.purpose <> 'welcome'
             WHERE r.next_at IS NOT NULL AND r.next_at <= ?1 AND o.state IN ('open', 'done')
               AND (o.depends IS NULL OR EXISTS (SELECT 1 FROM outbox AS d WHERE d.id = o.depends AND d.state = 'done'))
               AND (b.beyond IS NULL OR o.id < b.beyond)
             ORDER BY r.next_at, r.outbox LIMIT ?2",
            params![int(now), limit, CHAT_WINDOW, REFUSALS_AWAITED],
            |row| Ok(Due { outbox: row.get(0)?, relay: row.get(1)?, lane: row.get(2)?, attempts: row.get(3)? }),
        )
    }

    /// A relay is there again: what it did not answer, or was out of reach for, is due `patience` seconds after the last attempt at most, and at
    /// `now` (Unix seconds) at the earliest. Answers whether anything comes sooner by that.
    pub fn hurry(&self, relay: &str, now: u64, patience: u64) -> Result<bool, StoreError> {
        let sooner = self.run(
            "UPDATE outbox_relays SET next_at = max(?2, last_at + ?3)
             WHERE relay = ?1 AND next_at IS NOT NULL AND next_at > max(?2, last_at + ?3) AND answer IN ('timed_out', 'unreachable')",
            params![relay, int(now), int(patience)],
        )?;
        Ok(sooner > 0)
    }

    /// When the first attempt after `now` is due, both in Unix seconds.
    pub fn next_due(&self, now: u64) -> Result<Option<u64>, StoreError> {
        let next =
            self.one("SELECT min(next_at) FROM outbox_relays WHERE next_at IS NOT NULL AND next_at > ?1", params![int(now)], |row| {
                maybe_uint(row, 0)
            })?;
        Ok(next.flatten())
    }

    /// Records what a relay answered at `at`, and when to try it next (`None`: never again; an acceptance is never tried again).
    /// An open event becomes done when enough relays accepted it, and failed when no relay is left to try.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn record_answer(
        &self,
        id: OutboxId,
        relay: &str,
        answer: Answer,
        detail: &str,
        at: u64,
        next_at: Option<u64>,
    ) -> Result<Standing, StoreError> {
        let next_at = next_at.filter(|_| answer != Answer::Accepted);
        // An acceptance stands, whatever a later attempt brings.
        self.run(
            "UPDATE outbox_relays SET answer = ?3, detail = ?4, attempts = attempts + 1, last_at = ?5, next_at = ?6
             WHERE outbox = ?1 AND relay = ?2 AND answer <> 'accepted'",
            params![id, relay, answer, detail, int(at), next_at.map(int)],
        )?;
        self.settle(id, detail)
    }

    /// Works the state of an event out from its relays' answers.
    fn settle(&self, id: OutboxId, detail: &str) -> Result<Standing, StoreError> {
        let (state, required, purpose): (OutboxState, u32, Purpose) = self
            .one("SELECT state, required, purpose FROM outbox WHERE id = ?1", params![id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .ok_or(StoreError::NotFound("this event"))?;
        let (accepted, waiting): (u32, u32) = self
            .one(
                "SELECT count(*) FILTER (WHERE answer = 'accepted'), count(next_at) FROM outbox_relays WHERE outbox = ?1",
                params![id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .unwrap_or_default();
        let next = match state {
            OutboxState::Open | OutboxState::Failed if accepted >= required => OutboxState::Done,
            OutboxState::Open if waiting == 0 => OutboxState::Failed,
            // None of those that took it has it. What changed the group is merged, and stays so.
            OutboxState::Done if purpose == Purpose::Message && accepted == 0 && waiting == 0 => OutboxState::Failed,
            same => same,
        };
        if next != state {
            self.set_outbox_state(id, next, None, if next == OutboxState::Failed { detail } else { "" })?;
        }
        Ok(Standing { state: next, changed: next != state, accepted, waiting })
    }

    /// An event is not wanted any more: it is not due any more, whatever relays say.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn cancel(&self, id: OutboxId, why: Cancellation) -> Result<(), StoreError> {
        self.run("UPDATE outbox_relays SET next_at = NULL WHERE outbox = ?1", params![id])?;
        self.set_outbox_state(id, OutboxState::Cancelled, Some(why), "")
    }

    /// An event that was not wanted any more is on a relay all the same: the others are to have it, too, from `now` on (Unix seconds). Who reads
    /// only what another relay has would judge by something else.
    pub fn offer_after_all(&self, id: OutboxId, now: u64) -> Result<(), StoreError> {
        self.run("UPDATE outbox SET state = 'done', cancelled = NULL WHERE id = ?1 AND state = 'cancelled'", params![id])?;
        self.run("UPDATE outbox_relays SET next_at = ?2 WHERE outbox = ?1 AND answer <> 'accepted'", params![id, int(now)])?;
        Ok(())
    }

    pub(crate) fn set_outbox_state(
        &self,
        id: OutboxId,
        state: OutboxState,
        cancelled: Option<Cancellation>,
        refusal: &str,
    ) -> Result<(), StoreError> {
        let changed =
            self.run("UPDATE outbox SET state = ?2, cancelled = ?3, refusal = ?4 WHERE id = ?1", params![id, state, cancelled, refusal]);
        match changed? {
            0 => Err(StoreError::NotFound("this event")),
            _ => Ok(()),
        }
    }

    /// Puts another outer event around what a row carries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn replace_event(&self, id: OutboxId, event_id: &EventId, event: &[u8]) -> Result<(), StoreError> {
        match self.run("UPDATE outbox SET event_id = ?2, event = ?3 WHERE id = ?1", params![id, event_id.as_bytes(), event])? {
            0 => Err(StoreError::NotFound("this event")),
            _ => Ok(()),
        }
    }

    /// Opens an event that failed or waits, and makes every relay that has not accepted it due at `now`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn retry(&self, id: OutboxId, now: u64) -> Result<(), StoreError> {
        self.set_outbox_state(id, OutboxState::Open, None, "")?;
        self.run(
            "UPDATE outbox_relays SET answer = 'waiting', next_at = ?2 WHERE outbox = ?1 AND answer <> 'accepted'",
            params![id, int(now)],
        )?;
        self.settle(id, "")?;
        Ok(())
    }

    /// Every relay of an event, by address.
    pub fn deliveries(&self, id: OutboxId) -> Result<Vec<Delivery>, StoreError> {
        self.many(
            "SELECT outbox, relay, answer, detail, attempts, last_at, next_at FROM outbox_relays WHERE outbox = ?1 ORDER BY relay",
            params![id],
            delivery_row,
        )
    }

    /// Every relay of every event that carries a timeline row, without those that were cancelled.
    pub fn deliveries_of_message(&self, message: MessageId) -> Result<Vec<Delivery>, StoreError> {
        self.many(
            "SELECT r.outbox, r.relay, r.answer, r.detail, r.attempts, r.last_at, r.next_at
             FROM outbox AS o CROSS JOIN outbox_relays AS r ON r.outbox = o.id
             WHERE o.message = ?1 AND o.state <> 'cancelled' ORDER BY r.outbox, r.relay",
            params![message],
            delivery_row,
        )
    }

    /// How many events are open.
    pub fn open_count(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM outbox WHERE state = 'open'", [])
    }

    /// How many events of a conversation are open.
    pub fn open_count_in(&self, chat: ChatId) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM outbox WHERE chat = ?1 AND state = 'open'", params![chat])
    }

    /// Forgets events that were settled and enqueued before `before`, Unix seconds; answers how many. Failed ones that carry a
    /// timeline row stay, so that the user can still retry them.
    pub fn prune_outbox(&self, before: u64) -> Result<usize, StoreError> {
        self.run(
            "DELETE FROM outbox WHERE id IN (
                 SELECT id FROM outbox WHERE state = 'done' AND created_at < ?1
                 UNION ALL SELECT id FROM outbox WHERE state = 'cancelled' AND created_at < ?1
                 UNION ALL SELECT id FROM outbox WHERE state = 'failed' AND created_at < ?1 AND message IS NULL)
             AND NOT EXISTS (SELECT 1 FROM outbox AS later WHERE later.depends IS NOT NULL AND later.depends = outbox.id AND later.state = 'open')",
            params![int(before)],
        )
    }
}

fn outbox_row(row: &Row<'_>) -> rusqlite::Result<OutboxRecord> {
    Ok(OutboxRecord {
        id: row.get(0)?,
        purpose: row.get(1)?,
        chat: row.get(2)?,
        message: row.get(3)?,
        event_id: event_id(row, 4)?,
        event: row.get(5)?,
        lane: row.get(6)?,
        created_at: uint(row, 7)?,
        required: row.get(8)?,
        state: row.get(9)?,
        cancelled: row.get(10)?,
        refusal: row.get(11)?,
        depends: row.get(12)?,
    })
}

fn delivery_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        outbox: row.get(0)?,
        relay: row.get(1)?,
        answer: row.get(2)?,
        detail: row.get(3)?,
        attempts: row.get(4)?,
        last_at: maybe_uint(row, 5)?,
        next_at: maybe_uint(row, 6)?,
    })
}
