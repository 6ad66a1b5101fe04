//! The rows of the keys of messages: one for the current epoch and one for each past one, so that a message rewrites only its own.
//! It never changes a row that a snapshot shares: that snapshot keeps the old one, and the group gets a new one.

mod split;

use std::collections::BTreeSet;

use murmel_engine::GroupId;
use openmls_sqlite_storage::Codec as _;
use openmls_traits::storage::CURRENT_VERSION;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::split::{Pieces, split};
use crate::openmls_rows::row_key;
use crate::tx::register;
use crate::{CodecError, MixedCodec, StoreError, Tx};

/// First byte of a value whose past epochs are rows of their own; next after those of [`MixedCodec`].
const IN_PIECES: u8 = 3;
/// Enough for the list of past epochs, which comes before the keys.
const LIST_BYTES: u32 = 1024;

/// Where the keys of past epochs are, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    head: Vec<u8>,
    past: Vec<(u64, i64)>,
}

impl List {
    fn row_of(&self, epoch: u64) -> Option<i64> {
        self.past.iter().find(|(other, _)| *other == epoch).map(|(_, row)| *row)
    }
}

/// Writes the value. `changed`: the past epochs whose keys may differ from their rows; `None` where nobody knows.
///
/// # Errors
/// The store's.
pub(crate) fn write(
    connection: &Connection,
    group: &[u8],
    value: &impl Serialize,
    changed: Option<&BTreeSet<u64>>,
) -> Result<(), StoreError> {
    let before = list(connection, group)?;
    let wanted = |epoch| changed.is_none_or(|changed| changed.contains(&epoch)) || before.row_of(epoch).is_none();
    let Ok(Pieces { head, past, current }) = split(value, &wanted) else {
        put(connection, group, &encoded(MixedCodec::to_vec(value))?)?;
        return drop_unused(connection, group);
    };
    let mut after = List { head, past: Vec::with_capacity(past.len()) };
    for (epoch, keys) in past {
        let row = match (before.row_of(epoch), keys) {
            (Some(row), None) => row,
            (Some(row), Some(keys)) if keys_in(connection, row)?.is_some_and(|kept| kept == keys) => row,
            (Some(row), Some(keys)) if !is_shared(connection, row)? => {
                run(connection, "UPDATE message_keys SET keys = ?2 WHERE id = ?1", params![row, keys])?;
                row
            }
            (_, keys) => insert(connection, group, &keys.unwrap_or_default())?,
        };
        after.past.push((epoch, row));
    }
    let bytes = encoded(postcard::to_extend(&(&after, &current), vec![IN_PIECES]).map_err(CodecError::from))?;
    put(connection, group, &bytes)?;
    if before.past.iter().any(|kept| !after.past.contains(kept)) { drop_unused(connection, group) } else { Ok(()) }
}

/// Reads the value; `None` where the group has none.
///
/// # Errors
/// The store's.
pub(crate) fn read<T: DeserializeOwned>(connection: &Connection, group: &[u8]) -> Result<Option<T>, StoreError> {
    let sql = "SELECT group_data FROM openmls_group_data WHERE group_id = ?1 AND data_type = 'message_secrets'";
    let Some(bytes) = one(connection, sql, params![group], |row| row.get::<_, Vec<u8>>(0))? else { return Ok(None) };
    let Some(body) = bytes.strip_prefix(&[IN_PIECES]) else { return decoded(MixedCodec::from_slice(&bytes)).map(Some) };
    let (list, current): (List, Vec<u8>) = decoded(postcard::from_bytes(body).map_err(CodecError::from))?;
    let mut whole = list.head;
    whole = decoded(postcard::to_extend(&list.past.len(), whole).map_err(CodecError::from))?;
    for (_, row) in list.past {
        whole.extend(keys_in(connection, row)?.ok_or(StoreError::NotFound("the keys of a past epoch"))?);
    }
    whole.extend(current);
    decoded(postcard::from_bytes(&whole).map_err(CodecError::from)).map(Some)
}

/// Deletes the rows that neither the group nor a snapshot of it has in its list.
///
/// # Errors
/// The store's.
pub(crate) fn drop_unused(connection: &Connection, group: &[u8]) -> Result<(), StoreError> {
    let sql = "SELECT id FROM message_keys AS k WHERE k.group_id = ?1
               AND NOT EXISTS (SELECT 1 FROM snapshot_message_keys AS s WHERE s.part = k.id)";
    register(sql);
    let unshared = connection.prepare_cached(sql)?.query_map([group], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    let live = list(connection, group)?;
    for row in unshared {
        if !live.past.iter().any(|(_, used)| *used == row) {
            run(connection, "DELETE FROM message_keys WHERE id = ?1", params![row])?;
        }
    }
    Ok(())
}

impl Tx<'_> {
    /// Shares the rows of the group's past epochs with a snapshot that was just copied.
    pub(crate) fn share_message_keys(&self, group: &GroupId, snapshot: i64) -> Result<(), StoreError> {
        for (_, row) in list(self.connection(), &row_key(group)?)?.past {
            self.run("INSERT INTO snapshot_message_keys (snapshot, part) VALUES (?1, ?2)", params![snapshot, row])?;
        }
        Ok(())
    }

    /// After snapshots or the group went: the rows that were theirs alone go too.
    pub(crate) fn drop_unused_message_keys(&self, group: &GroupId) -> Result<(), StoreError> {
        drop_unused(self.connection(), &row_key(group)?)
    }
}

/// The list of the group's row; empty where the value is whole or missing.
fn list(connection: &Connection, group: &[u8]) -> Result<List, StoreError> {
    let sql = "SELECT substr(group_data, 1, ?2) FROM openmls_group_data WHERE group_id = ?1 AND data_type = 'message_secrets'";
    let Some(bytes) = one(connection, sql, params![group, LIST_BYTES], |row| row.get::<_, Vec<u8>>(0))? else { return Ok(List::default()) };
    let Some(body) = bytes.strip_prefix(&[IN_PIECES]) else { return Ok(List::default()) };
    decoded(postcard::take_from_bytes(body).map_err(CodecError::from)).map(|(list, _)| list)
}

fn put(connection: &Connection, group: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO openmls_group_data (group_id, data_type, group_data, provider_version) VALUES (?1, 'message_secrets', ?2, ?3)
               ON CONFLICT (group_id, data_type) DO UPDATE SET group_data = ?2, provider_version = ?3";
    run(connection, sql, params![group, bytes, CURRENT_VERSION])
}

fn insert(connection: &Connection, group: &[u8], keys: &[u8]) -> Result<i64, StoreError> {
    let sql = "INSERT INTO message_keys (group_id, keys) VALUES (?1, ?2)";
    register(sql);
    Ok(connection.prepare_cached(sql)?.insert(params![group, keys])?)
}

fn keys_in(connection: &Connection, row: i64) -> Result<Option<Vec<u8>>, StoreError> {
    one(connection, "SELECT keys FROM message_keys WHERE id = ?1", params![row], |row| row.get(0))
}

fn is_shared(connection: &Connection, row: i64) -> Result<bool, StoreError> {
    Ok(one(connection, "SELECT 1 FROM snapshot_message_keys WHERE part = ?1 LIMIT 1", params![row], |_| Ok(()))?.is_some())
}

fn run(connection: &Connection, sql: &'static str, params: impl rusqlite::Params) -> Result<(), StoreError> {
    register(sql);
    connection.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

fn one<T>(
    connection: &Connection,
    sql: &'static str,
    params: impl rusqlite::Params,
    map: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    register(sql);
    Ok(connection.prepare_cached(sql)?.query_row(params, map).optional()?)
}

fn encoded<T>(outcome: Result<T, CodecError>) -> Result<T, StoreError> {
    outcome.map_err(|error| StoreError::Statement(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))
}

fn decoded<T>(outcome: Result<T, CodecError>) -> Result<T, StoreError> {
    outcome
        .map_err(|error| StoreError::Statement(rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))))
}
