//! The row ids of the store; none is ever given out twice.
//! They mean nothing outside of the account's own file.

use std::fmt;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl $name {
            /// Stands in a record that has no row yet; inserting ignores it and returns the real id.
            pub const NEW: Self = Self(0);
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    };
}

row_id!(
    /// A conversation.
    ChatId
);
row_id!(
    /// A timeline row; ids grow in the order of arrival, so that the id is the sequence too.
    MessageId
);
row_id!(
    /// An event that has to reach relays.
    OutboxId
);
row_id!(
    /// Somebody's wish that we join a group.
    RequestId
);
row_id!(
    /// An event kept for a later try.
    DeferredId
);
