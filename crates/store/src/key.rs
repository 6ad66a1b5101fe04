//! The key of the database file.
//! It never shows its bytes and leaves no copy behind.

use std::fmt;

use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::StoreError;

/// The raw 32-byte SQLCipher key of one account; lives in the keychain or in the sealed vault.
#[derive(Clone)]
pub struct DatabaseKey(Zeroizing<[u8; 32]>);

impl DatabaseKey {
    /// From 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever seals them.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Unlocks `connection`; says nothing about whether the key is the right one.
    ///
    /// # Errors
    /// [`StoreError::NoCipher`] where the library that is linked in is not SQLCipher.
    pub(crate) fn apply(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut digits = Zeroizing::new([0_u8; 64]);
        hex::encode_to_slice(self.0.as_slice(), digits.as_mut_slice()).map_err(|_| StoreError::NoCipher)?;
        let mut statement = Zeroizing::new(String::with_capacity(96));
        statement.push_str("PRAGMA key = \"x'");
        statement.push_str(std::str::from_utf8(digits.as_slice()).map_err(|_| StoreError::NoCipher)?);
        statement.push_str("'\"");
        // SQLCipher would write its own complaints to standard error.
        connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
        connection.execute_batch(&statement)?;
        match connection.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0)) {
            Ok(version) if !version.is_empty() => Ok(()),
            _ => Err(StoreError::NoCipher),
        }
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(…)")
    }
}
