//! Settings: names and text values.
//! It knows neither the names nor what the values mean; the set of names is the program's.

use rusqlite::params;

use crate::{StoreError, Tx};

impl Tx<'_> {
    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.one("SELECT value FROM settings WHERE name = ?1", params![name], |row| row.get(0))
    }

    /// Adds or changes a setting.
    pub fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", params![name, value])?;
        Ok(())
    }

    /// Forgets a setting.
    pub fn remove_setting(&self, name: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM settings WHERE name = ?1", params![name])?;
        Ok(())
    }

    /// Every setting, by name.
    pub fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.many("SELECT name, value FROM settings ORDER BY name", [], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}
