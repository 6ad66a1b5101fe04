//! How the field's types look in a column: ids as blobs, times and epochs as integers, lists as JSON text.
//! It holds no statement.

use std::error::Error;

use murmel_engine::{Digest, Epoch, GroupId, KeyPackageRef, RoutingId};
use nostr::{EventId, PublicKey};
use rusqlite::types::Type;
use rusqlite::{Result, Row};
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// SQLite integers are signed. Times and epochs come from strangers too, so what does not fit is cut, not refused.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn uint(row: &Row<'_>, index: usize) -> Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(index)?).unwrap_or(0))
}

pub(crate) fn maybe_uint(row: &Row<'_>, index: usize) -> Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(|value| u64::try_from(value).unwrap_or(0)))
}

pub(crate) fn epoch(row: &Row<'_>, index: usize) -> Result<Epoch> {
    uint(row, index).map(Epoch)
}

pub(crate) fn public_key(row: &Row<'_>, index: usize) -> Result<PublicKey> {
    row.get(index).map(PublicKey::from_byte_array)
}

pub(crate) fn maybe_public_key(row: &Row<'_>, index: usize) -> Result<Option<PublicKey>> {
    Ok(row.get::<_, Option<[u8; 32]>>(index)?.map(PublicKey::from_byte_array))
}

pub(crate) fn event_id(row: &Row<'_>, index: usize) -> Result<EventId> {
    row.get(index).map(EventId::from_byte_array)
}

pub(crate) fn maybe_event_id(row: &Row<'_>, index: usize) -> Result<Option<EventId>> {
    Ok(row.get::<_, Option<[u8; 32]>>(index)?.map(EventId::from_byte_array))
}

pub(crate) fn routing(row: &Row<'_>, index: usize) -> Result<RoutingId> {
    row.get(index).map(RoutingId::new)
}

pub(crate) fn digest(row: &Row<'_>, index: usize) -> Result<Digest> {
    row.get(index).map(Digest::new)
}

pub(crate) fn maybe_digest(row: &Row<'_>, index: usize) -> Result<Option<Digest>> {
    Ok(row.get::<_, Option<[u8; 32]>>(index)?.map(Digest::new))
}

pub(crate) fn key_package_ref(row: &Row<'_>, index: usize) -> Result<KeyPackageRef> {
    row.get(index).map(KeyPackageRef::new)
}

pub(crate) fn maybe_group_id(row: &Row<'_>, index: usize) -> Result<Option<GroupId>> {
    let wrong = || broken(index, Type::Blob, "group id");
    row.get::<_, Option<Vec<u8>>>(index)?.map(|bytes| GroupId::new(bytes).ok_or_else(wrong)).transpose()
}

pub(crate) fn group_id(row: &Row<'_>, index: usize) -> Result<GroupId> {
    GroupId::new(row.get::<_, Vec<u8>>(index)?).ok_or_else(|| broken(index, Type::Blob, "group id"))
}

pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    serde_json::from_str(text).map_err(|_| broken(index, Type::Text, "list"))
}

/// Lists of strings only: writing them to memory cannot fail, but the type says it might.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> std::result::Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Statement(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))
}

/// A stored value that this version cannot understand; names the column's meaning, never its content.
pub(crate) fn broken(index: usize, kind: Type, what: &'static str) -> rusqlite::Error {
    let cause: Box<dyn Error + Send + Sync> = what.into();
    rusqlite::Error::FromSqlConversionFailure(index, kind, cause)
}

/// A closed set of words that a TEXT column may hold.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word as it stands in the column.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                match value.as_str()? {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(rusqlite::types::FromSqlError::InvalidType),
                }
            }
        }
    };
}
pub(crate) use words;
