//! One open transaction: what OpenMLS, the engine and the application write through it commits together or not at all.
//! It holds no table of its own; every noun adds its functions in its own file.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use crate::StoreError;
use crate::mls_rows::MlsRows;

/// An open transaction on the database thread. It lives inside of [`crate::Database::write`] or [`crate::Database::read`] only.
///
/// Every function fails only with a [`StoreError`], after which the whole transaction has to be given up.
pub struct Tx<'a> {
    connection: &'a Connection,
    crypto: &'a RustCrypto,
    storage: MlsRows<'a>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a Connection, crypto: &'a RustCrypto) -> Self {
        Self { connection, crypto, storage: MlsRows::new(connection) }
    }

    /// From here on the keys of messages may wait for the end of the transaction: the engine holds their rows back while it encrypts and
    /// decrypts. Whoever asks for this writes every loaded group with [`murmel_engine::Group::write_held_keys`] at the end.
    pub fn hold_message_keys(&self) {
        self.storage.hold();
    }

    pub(crate) fn mls_rows(&self) -> &MlsRows<'a> {
        &self.storage
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.connection
    }

    /// Runs a statement that returns no rows; answers how many rows it changed. Statements are constants: no value ever becomes SQL.
    pub(crate) fn run(&self, sql: &'static str, params: impl Params) -> Result<usize, StoreError> {
        register(sql);
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs an INSERT and answers the id of the new row.
    pub(crate) fn insert(&self, sql: &'static str, params: impl Params) -> Result<i64, StoreError> {
        register(sql);
        Ok(self.connection.prepare_cached(sql)?.insert(params)?)
    }

    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        register(sql);
        Ok(self.connection.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    pub(crate) fn many<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        register(sql);
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, map)?.collect::<rusqlite::Result<Vec<T>>>()?;
        Ok(rows)
    }

    /// The number that an aggregate answers; 0 where it answers nothing.
    pub(crate) fn count(&self, sql: &'static str, params: impl Params) -> Result<u64, StoreError> {
        Ok(self.one(sql, params, |row| crate::column::uint(row, 0))?.unwrap_or(0))
    }
}

impl<'a> OpenMlsProvider for Tx<'a> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = MlsRows<'a>;

    fn storage(&self) -> &Self::StorageProvider {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto
    }
}

/// In tests every statement that ran is known, so that all of their query plans can be checked.
#[cfg(test)]
pub(crate) static STATEMENTS: std::sync::Mutex<std::collections::BTreeSet<&'static str>> =
    std::sync::Mutex::new(std::collections::BTreeSet::new());

#[cfg(test)]
pub(crate) fn register(sql: &'static str) {
    STATEMENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(sql);
}

#[cfg(not(test))]
pub(crate) fn register(_sql: &'static str) {}
