//! Our key packages: private parts, publication, replacement.
//! It never builds or validates one.

use murmel_engine::{KeyPackageRecord, KeyPackageRef};
use nostr::EventId;
use rusqlite::{Row, params};
use zeroize::Zeroizing;

use crate::column::{int, key_package_ref, maybe_event_id, maybe_uint, uint};
use crate::{StoreError, Tx};

/// A key package of ours and where it stands.
#[derive(Clone)]
pub struct OwnKeyPackage {
    /// What the engine keeps.
    pub record: KeyPackageRecord,
    /// The event that carries it, once there is one.
    pub event_id: Option<EventId>,
    /// When it was enqueued or published first, Unix seconds; 0 before.
    pub created_at: u64,
    /// Whether a relay is known to hold it.
    pub published: bool,
    /// When a newer one took its place, Unix seconds.
    pub replaced_at: Option<u64>,
}

macro_rules! select_key_package {
    ($rest:literal) => {
        concat!("SELECT reference, bundle, not_after, event_id, created_at, published, replaced_at FROM key_packages ", $rest)
    };
}

impl Tx<'_> {
    /// Every key package of ours, newest first.
    pub fn own_key_packages(&self) -> Result<Vec<OwnKeyPackage>, StoreError> {
        self.many(select_key_package!("ORDER BY created_at DESC, rowid DESC"), [], key_package_row)
    }

    /// The newest key package that nothing has replaced.
    pub fn newest_key_package(&self) -> Result<Option<OwnKeyPackage>, StoreError> {
        self.one(select_key_package!("WHERE replaced_at IS NULL ORDER BY created_at DESC, rowid DESC LIMIT 1"), [], key_package_row)
    }

    /// Names the event that carries a key package, signed at `at`, Unix seconds; not published yet.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn set_key_package_event(&self, reference: &KeyPackageRef, event: &EventId, at: u64) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE key_packages SET event_id = ?2, created_at = ?3, published = 0 WHERE reference = ?1",
            params![reference.as_bytes(), event.as_bytes(), int(at)],
        )?;
        found(changed)
    }

    /// A relay was seen to hold the key package.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn mark_key_package_published(&self, reference: &KeyPackageRef) -> Result<(), StoreError> {
        let changed = self.run("UPDATE key_packages SET published = 1 WHERE reference = ?1", params![reference.as_bytes()])?;
        found(changed)
    }

    /// Every other key package counts as replaced since `at`, Unix seconds; those replaced earlier keep their time.
    pub fn replace_key_packages_with(&self, reference: &KeyPackageRef, at: u64) -> Result<(), StoreError> {
        self.run(
            "UPDATE key_packages SET replaced_at = ?2 WHERE reference <> ?1 AND replaced_at IS NULL",
            params![reference.as_bytes(), int(at)],
        )?;
        Ok(())
    }

    /// Deletes one key package with its private keys.
    pub fn delete_key_package_row(&self, reference: &KeyPackageRef) -> Result<(), StoreError> {
        self.run("DELETE FROM key_packages WHERE reference = ?1", params![reference.as_bytes()])?;
        Ok(())
    }

    /// Deletes those whose lifetime ended before `now` and those replaced before `replaced_before`, both Unix seconds; answers how many.
    /// The newest one that nothing has replaced stays: without it nobody could invite us.
    pub fn delete_expired_key_packages(&self, now: u64, replaced_before: u64) -> Result<usize, StoreError> {
        self.run(
            "DELETE FROM key_packages WHERE (not_after < ?1 AND replaced_at IS NOT NULL) OR replaced_at < ?2",
            params![int(now), int(replaced_before)],
        )
    }

    pub(crate) fn put_key_package_row(&self, record: &KeyPackageRecord) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO key_packages (reference, bundle, not_after) VALUES (?1, ?2, ?3)
             ON CONFLICT (reference) DO UPDATE SET bundle = excluded.bundle, not_after = excluded.not_after",
            params![record.reference.as_bytes(), record.bundle.as_slice(), int(record.not_after)],
        )?;
        Ok(())
    }

    pub(crate) fn key_package_row(&self, reference: &KeyPackageRef) -> Result<Option<OwnKeyPackage>, StoreError> {
        self.one(select_key_package!("WHERE reference = ?1"), params![reference.as_bytes()], key_package_row)
    }
}

fn found(changed: usize) -> Result<(), StoreError> {
    if changed == 0 { Err(StoreError::NotFound("this key package")) } else { Ok(()) }
}

fn key_package_row(row: &Row<'_>) -> rusqlite::Result<OwnKeyPackage> {
    Ok(OwnKeyPackage {
        record: KeyPackageRecord { reference: key_package_ref(row, 0)?, bundle: Zeroizing::new(row.get(1)?), not_after: uint(row, 2)? },
        event_id: maybe_event_id(row, 3)?,
        created_at: uint(row, 4)?,
        published: row.get(5)?,
        replaced_at: maybe_uint(row, 6)?,
    })
}
