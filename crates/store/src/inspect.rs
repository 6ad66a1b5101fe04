//! Looks at the whole file: is it sound, and is it the same as before.
//! It changes nothing and shows no content.

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use crate::{StoreError, Tx};

/// A hash over every row of every table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHash(pub [u8; 32]);

impl Tx<'_> {
    /// Whether SQLite and SQLCipher find every page and every reference in order. Reads the whole file.
    pub fn is_sound(&self) -> Result<bool, StoreError> {
        let integrity = self.many("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?;
        let references = self.many("PRAGMA foreign_key_check", [], |_| Ok(()))?;
        Ok(integrity == ["ok"] && references.is_empty())
    }

    /// A hash over every row of every table but those in `except`; equal exactly if nothing was changed. Reads the whole file.
    pub fn state_hash(&self, except: &[&str]) -> Result<StateHash, StoreError> {
        // The index says nothing that the messages do not, and how its pages are cut depends on how it came about.
        let sql =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'search' AND substr(name, 1, 7) <> 'search_' ORDER BY name";
        let tables = self.many(sql, [], |row| row.get::<_, String>(0))?;
        let mut state = Sha256::new();
        for table in tables.iter().filter(|table| !except.contains(&table.as_str())) {
            state.update(table.as_bytes());
            state.update(self.table_hash(table)?);
        }
        Ok(StateHash(state.finalize().into()))
    }

    /// Rows are hashed one by one and the hashes sorted: the order of rows is no part of the state.
    fn table_hash(&self, table: &str) -> Result<[u8; 32], StoreError> {
        // A name cannot be a parameter; this one comes from the schema, and quotes in it are doubled.
        let sql = format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""));
        let mut statement = self.connection().prepare(&sql)?;
        let width = statement.column_count();
        let mut hashes = Vec::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut one = Sha256::new();
            for index in 0..width {
                let (kind, bytes) = match row.get_ref(index)? {
                    ValueRef::Null => (0_u8, Vec::new()),
                    ValueRef::Integer(value) => (1, value.to_le_bytes().to_vec()),
                    ValueRef::Real(value) => (2, value.to_le_bytes().to_vec()),
                    ValueRef::Text(value) => (3, value.to_vec()),
                    ValueRef::Blob(value) => (4, value.to_vec()),
                };
                one.update([kind]);
                one.update((bytes.len() as u64).to_le_bytes());
                one.update(bytes);
            }
            hashes.push(<[u8; 32]>::from(one.finalize()));
        }
        hashes.sort_unstable();
        let mut all = Sha256::new();
        for hash in hashes {
            all.update(hash);
        }
        Ok(all.finalize().into())
    }
}
