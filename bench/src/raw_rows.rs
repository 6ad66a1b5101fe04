//! SQLCipher without the product above it: the rows of a message, written by hand into tables of the same shape, size and settings.
//! It reads nothing and checks nothing; that is the point.

use std::path::Path;

use anyhow::Context as _;
use murmel_store::ChatId;
use rusqlite::{Connection, OpenFlags, Transaction, params};

use crate::person::KEY;

/// What the product sets on every connection.
pub const PRAGMAS: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; \
     PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA journal_size_limit = 16777216;";

const SEEN: &str = "INSERT INTO seen (event_id, at) VALUES (?1, ?2)";
const PROCESSED: &str = "INSERT INTO processed (group_id, digest, epoch) VALUES (?1, ?2, 6)";
const ID: &str = "INSERT INTO message_ids (chat, shown, at, tie) VALUES (?1, 1, ?2, ?3)";
const MESSAGE: &str = "INSERT INTO messages (chat, shown, at, tie, id, event_id, sender, kind, content, tags, target, epoch, digest, mine, erased, \
     expires_at, received_at, branch) VALUES (?1, 1, ?2, ?9, ?3, ?4, ?5, 9, ?6, '[]', NULL, 6, ?7, ?8, 0, NULL, ?2, ?7)";
const OUTBOX: &str = "INSERT INTO outbox (purpose, chat, message, event_id, event, lane, created_at, required, state, refusal, depends) \
     VALUES ('message', ?1, ?2, ?3, ?4, 'group', ?5, 1, 'open', '', NULL)";
const RELAY: &str = "INSERT INTO outbox_relays (outbox, relay, answer, next_at) VALUES (?1, ?2, 'waiting', ?3)";

/// A database of the product, opened past it.
pub struct RawRows {
    connection: Connection,
    chat: ChatId,
    group: Vec<u8>,
    sender: [u8; 32],
    count: u64,
}

impl RawRows {
    /// Opens a closed database in which `chat` and its `group` are.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open(path: &Path, chat: ChatId, group: &[u8]) -> anyhow::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", hex::encode(KEY)))?;
        connection.execute_batch(PRAGMAS)?;
        Ok(Self { connection, chat, group: group.to_vec(), sender: [5; 32], count: 0 })
    }

    /// The rows of `count` received messages in one transaction: seen, processed, id, message, with all of their indexes.
    ///
    /// # Errors
    /// SQLite's.
    pub fn receive(&mut self, count: usize, content: &str, at: u64) -> anyhow::Result<()> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for _ in 0..count {
            self.count += 1;
            let (event, digest, inner) = (blob(self.count, 1), blob(self.count, 2), blob(self.count, 3));
            transaction.prepare_cached(SEEN)?.execute(params![event, at])?;
            transaction.prepare_cached(PROCESSED)?.execute(params![self.group, digest])?;
            message(&transaction, self.chat, at, inner, self.sender, content, digest, false)?;
        }
        Ok(transaction.commit()?)
    }

    /// The rows of one sent message in a transaction of its own: processed, id, message, outbox, one relay.
    ///
    /// # Errors
    /// SQLite's.
    pub fn send(&mut self, content: &str, event: &[u8], relay: &str, at: u64) -> anyhow::Result<()> {
        self.count += 1;
        let (outer, digest, inner) = (blob(self.count, 1), blob(self.count, 2), blob(self.count, 3));
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.prepare_cached(PROCESSED)?.execute(params![self.group, digest])?;
        let id = message(&transaction, self.chat, at, inner, self.sender, content, digest, true)?;
        let outbox = transaction.prepare_cached(OUTBOX)?.insert(params![self.chat, id, outer, event, at])?;
        transaction.prepare_cached(RELAY)?.execute(params![outbox, relay, at])?;
        Ok(transaction.commit()?)
    }

    /// Bytes of the value that holds the group's message keys.
    ///
    /// # Errors
    /// SQLite's, or there is none.
    pub fn key_bytes(&self) -> anyhow::Result<u64> {
        let sql = "SELECT max(length(group_data)) FROM openmls_group_data WHERE data_type = 'message_secrets'";
        self.connection.query_row(sql, [], |row| row.get::<_, Option<u64>>(0))?.context("no group")
    }
}

#[expect(clippy::too_many_arguments, reason = "one row, spelled out once")]
fn message(
    transaction: &Transaction<'_>,
    chat: ChatId,
    at: u64,
    inner: [u8; 32],
    sender: [u8; 32],
    content: &str,
    digest: [u8; 32],
    mine: bool,
) -> anyhow::Result<i64> {
    let [a, b, c, d, e, f, ..] = inner;
    let tie = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let id = transaction.prepare_cached(ID)?.insert(params![chat, at, tie])?;
    transaction.prepare_cached(MESSAGE)?.execute(params![chat, at, id, inner, sender, content, digest, mine, tie])?;
    Ok(id)
}

/// 32 bytes that look like a hash: spread over the key space as ids are.
fn blob(count: u64, kind: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut state = count.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ kind.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for chunk in bytes.chunks_exact_mut(8) {
        state ^= state >> 30;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 27;
        state = state.wrapping_mul(0x94d0_49bb_1331_11eb) ^ count;
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    bytes
}
