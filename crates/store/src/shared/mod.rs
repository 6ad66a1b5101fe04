//! The large values of a group, in rows that its snapshots share: the ratchet tree, and the keys of messages of each past epoch.
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
/// First byte of a tree that is a row of its own; the id of the row follows.
const IN_A_ROW: u8 = 4;
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

/// Writes the keys of messages. `changed`: the past epochs whose keys may differ from their rows; `None` where nobody knows.
///
/// # Errors
/// The store's.
pub(crate) fn write_keys(
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
            (Some(row), Some(keys)) if value_in(connection, row)?.is_some_and(|kept| kept == keys) => row,
            (Some(row), Some(keys)) if !is_shared(connection, row)? => {
                run(connection, "UPDATE shared_values SET value = ?2 WHERE id = ?1", params![row, keys])?;
                row
            }
            (_, keys) => insert(connection, group, "keys", &keys.unwrap_or_default())?,
        };
        after.past.push((epoch, row));
    }
    let bytes = encoded(postcard::to_extend(&(&after, &current), vec![IN_PIECES]).map_err(CodecError::from))?;
    put(connection, group, &bytes)?;
    if before.past.iter().any(|kept| !after.past.contains(kept)) { drop_unused(connection, group) } else { Ok(()) }
}

/// Reads the keys of messages; `None` where the group has none.
///
/// # Errors
/// The store's.
pub(crate) fn read_keys<T: DeserializeOwned>(connection: &Connection, group: &[u8]) -> Result<Option<T>, StoreError> {
    let sql = "SELECT group_data FROM openmls_group_data WHERE group_id = ?1 AND data_type = 'message_secrets'";
    let Some(bytes) = one(connection, sql, params![group], |row| row.get::<_, Vec<u8>>(0))? else { return Ok(None) };
    let Some(body) = bytes.strip_prefix(&[IN_PIECES]) else { return decoded(MixedCodec::from_slice(&bytes)).map(Some) };
    let (list, current): (List, Vec<u8>) = decoded(postcard::from_bytes(body).map_err(CodecError::from))?;
    let mut whole = list.head;
    whole = decoded(postcard::to_extend(&list.past.len(), whole).map_err(CodecError::from))?;
    for (_, row) in list.past {
        whole.extend(value_in(connection, row)?.ok_or(StoreError::NotFound("the keys of a past epoch"))?);
    }
    whole.extend(current);
    decoded(postcard::from_bytes(&whole).map_err(CodecError::from)).map(Some)
}

/// Writes the ratchet tree. Most commits without a path leave it as it is: then nothing is written.
///
/// # Errors
/// The store's.
pub(crate) fn write_tree(connection: &Connection, group: &[u8], tree: &impl Serialize) -> Result<(), StoreError> {
    let bytes = encoded(MixedCodec::to_vec(tree))?;
    if let Some(row) = tree_row(connection, group)? {
        if value_in(connection, row)?.is_some_and(|kept| kept == bytes) {
            return Ok(());
        }
        if !is_shared(connection, row)? {
            return run(connection, "UPDATE shared_values SET value = ?2 WHERE id = ?1", params![row, bytes]);
        }
    }
    let mut pointer = vec![IN_A_ROW];
    pointer.extend(insert(connection, group, "tree", &bytes)?.to_le_bytes());
    let sql = "INSERT INTO openmls_group_data (group_id, data_type, group_data, provider_version) VALUES (?1, 'tree', ?2, ?3)
               ON CONFLICT (group_id, data_type) DO UPDATE SET group_data = ?2, provider_version = ?3";
    run(connection, sql, params![group, pointer, CURRENT_VERSION])
}

/// Reads the ratchet tree; `None` where the group has none.
///
/// # Errors
/// The store's.
pub(crate) fn read_tree<T: DeserializeOwned>(connection: &Connection, group: &[u8]) -> Result<Option<T>, StoreError> {
    let bytes = match tree_row(connection, group)? {
        Some(row) => Some(value_in(connection, row)?.ok_or(StoreError::NotFound("the ratchet tree"))?),
        None => one(
            connection,
            "SELECT group_data FROM openmls_group_data WHERE group_id = ?1 AND data_type = 'tree'",
            params![group],
            |row| row.get(0),
        )?,
    };
    bytes.map(|bytes: Vec<u8>| decoded(MixedCodec::from_slice(&bytes))).transpose()
}

/// The row of the group's tree.
fn tree_row(connection: &Connection, group: &[u8]) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT substr(group_data, 1, 9) FROM openmls_group_data WHERE group_id = ?1 AND data_type = 'tree'";
    let bytes = one(connection, sql, params![group], |row| row.get::<_, Vec<u8>>(0))?;
    let id = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(&[IN_A_ROW]));
    Ok(id.and_then(|id| id.try_into().ok()).map(i64::from_le_bytes))
}

/// The rows that the group itself uses.
fn live(connection: &Connection, group: &[u8]) -> Result<Vec<i64>, StoreError> {
    let mut rows: Vec<_> = list(connection, group)?.past.into_iter().map(|(_, row)| row).collect();
    rows.extend(tree_row(connection, group)?);
    Ok(rows)
}

/// Deletes the rows that neither the group nor a snapshot of it has in its list.
///
/// # Errors
/// The store's.
pub(crate) fn drop_unused(connection: &Connection, group: &[u8]) -> Result<(), StoreError> {
    let sql = "SELECT id FROM shared_values AS k WHERE k.group_id = ?1
               AND NOT EXISTS (SELECT 1 FROM snapshot_values AS s WHERE s.value = k.id)";
    register(sql);
    let unshared = connection.prepare_cached(sql)?.query_map([group], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    let live = live(connection, group)?;
    for row in unshared {
        if !live.contains(&row) {
            run(connection, "DELETE FROM shared_values WHERE id = ?1", params![row])?;
        }
    }
    Ok(())
}

impl Tx<'_> {
    /// Shares the rows of the group's past epochs with a snapshot that was just copied.
    pub(crate) fn share_values(&self, group: &GroupId, snapshot: i64) -> Result<(), StoreError> {
        for row in live(self.connection(), &row_key(group)?)? {
            self.run("INSERT INTO snapshot_values (snapshot, value) VALUES (?1, ?2)", params![snapshot, row])?;
        }
        Ok(())
    }

    /// After snapshots or the group went: the rows that were theirs alone go too.
    pub(crate) fn drop_unused_values(&self, group: &GroupId) -> Result<(), StoreError> {
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

fn insert(connection: &Connection, group: &[u8], kind: &'static str, value: &[u8]) -> Result<i64, StoreError> {
    let sql = "INSERT INTO shared_values (group_id, kind, value) VALUES (?1, ?2, ?3)";
    register(sql);
    Ok(connection.prepare_cached(sql)?.insert(params![group, kind, value])?)
}

fn value_in(connection: &Connection, row: i64) -> Result<Option<Vec<u8>>, StoreError> {
    one(connection, "SELECT value FROM shared_values WHERE id = ?1", params![row], |row| row.get(0))
}

fn is_shared(connection: &Connection, row: i64) -> Result<bool, StoreError> {
    Ok(one(connection, "SELECT 1 FROM snapshot_values WHERE value = ?1 LIMIT 1", params![row], |_| Ok(()))?.is_some())
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
