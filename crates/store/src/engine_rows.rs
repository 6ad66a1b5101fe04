//! The engine's own rows: epochs, processed messages, staged commits.
//! It implements [`Storage`] and adds no rule to it.

use murmel_engine::{Digest, Epoch, EpochRecord, GroupId, KeyPackageRecord, KeyPackageRef, Storage, StorageFault};
use rusqlite::{Row, params};
use zeroize::Zeroizing;

use crate::Tx;
use crate::column::{epoch, int, json, maybe_uint, routing, to_json};

impl Storage for Tx<'_> {
    fn put_epoch(&self, group: &GroupId, record: &EpochRecord) -> Result<(), StorageFault> {
        self.run(
            "INSERT OR REPLACE INTO epochs (group_id, epoch, group_event_key, media_secret, routing, relays, retention)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                group.as_bytes(),
                int(record.epoch.0),
                record.group_event_key.as_slice(),
                record.media_secret.as_slice(),
                record.routing.as_bytes(),
                to_json(&record.relays)?,
                // More than a database integer holds is for ever, in practice as well as here.
                record.retention.map(int)
            ],
        )?;
        Ok(())
    }

    fn epochs(&self, group: &GroupId) -> Result<Vec<EpochRecord>, StorageFault> {
        Ok(self.many(
            "SELECT epoch, group_event_key, media_secret, routing, relays, retention FROM epochs WHERE group_id = ?1 ORDER BY epoch DESC",
            params![group.as_bytes()],
            epoch_row,
        )?)
    }

    /// Forgets which messages of those epochs were processed too: without the epoch's keys none of them can be opened again.
    fn forget_epochs_before(&self, group: &GroupId, oldest: Epoch) -> Result<(), StorageFault> {
        let key = params![group.as_bytes(), int(oldest.0)];
        self.run("DELETE FROM epochs WHERE group_id = ?1 AND epoch < ?2", key)?;
        self.run("DELETE FROM snapshots WHERE group_id = ?1 AND epoch < ?2", key)?;
        self.run("DELETE FROM processed WHERE group_id = ?1 AND epoch < ?2", key)?;
        Ok(())
    }

    fn take_snapshot(&self, group: &GroupId, epoch: Epoch) -> Result<(), StorageFault> {
        Ok(self.copy_openmls_rows(group, epoch)?)
    }

    fn restore_snapshot(&self, group: &GroupId, epoch: Epoch) -> Result<bool, StorageFault> {
        Ok(self.put_openmls_rows_back(group, epoch)?)
    }

    fn snapshots(&self, group: &GroupId) -> Result<Vec<Epoch>, StorageFault> {
        Ok(self.many("SELECT epoch FROM snapshots WHERE group_id = ?1 ORDER BY epoch", params![group.as_bytes()], |row| epoch(row, 0))?)
    }

    fn remember_message(&self, group: &GroupId, digest: &Digest, epoch: Epoch) -> Result<bool, StorageFault> {
        let added = self.run(
            "INSERT OR IGNORE INTO processed (group_id, digest, epoch) VALUES (?1, ?2, ?3)",
            params![group.as_bytes(), digest.as_bytes(), int(epoch.0)],
        )?;
        Ok(added > 0)
    }

    fn knows_message(&self, group: &GroupId, digest: &Digest) -> Result<bool, StorageFault> {
        let found =
            self.one("SELECT 1 FROM processed WHERE group_id = ?1 AND digest = ?2", params![group.as_bytes(), digest.as_bytes()], |_| {
                Ok(())
            })?;
        Ok(found.is_some())
    }

    fn put_key_package(&self, record: &KeyPackageRecord) -> Result<(), StorageFault> {
        Ok(self.put_key_package_row(record)?)
    }

    fn key_package(&self, reference: &KeyPackageRef) -> Result<Option<KeyPackageRecord>, StorageFault> {
        Ok(self.key_package_row(reference)?.map(|own| own.record))
    }

    fn put_pending(&self, group: &GroupId, pending: &[u8]) -> Result<(), StorageFault> {
        self.run("INSERT OR REPLACE INTO pending (group_id, bytes) VALUES (?1, ?2)", params![group.as_bytes(), pending])?;
        Ok(())
    }

    fn pending(&self, group: &GroupId) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(self.one("SELECT bytes FROM pending WHERE group_id = ?1", params![group.as_bytes()], |row| row.get(0))?)
    }

    fn clear_pending(&self, group: &GroupId) -> Result<(), StorageFault> {
        self.run("DELETE FROM pending WHERE group_id = ?1", params![group.as_bytes()])?;
        Ok(())
    }

    fn forget_group(&self, group: &GroupId) -> Result<(), StorageFault> {
        self.delete_openmls_rows(group)?;
        let key = params![group.as_bytes()];
        self.run("DELETE FROM epochs WHERE group_id = ?1", key)?;
        self.run("DELETE FROM snapshots WHERE group_id = ?1", key)?;
        self.run("DELETE FROM processed WHERE group_id = ?1", key)?;
        self.run("DELETE FROM pending WHERE group_id = ?1", key)?;
        Ok(())
    }
}

fn epoch_row(row: &Row<'_>) -> rusqlite::Result<EpochRecord> {
    Ok(EpochRecord {
        epoch: epoch(row, 0)?,
        group_event_key: Zeroizing::new(row.get(1)?),
        media_secret: Zeroizing::new(row.get(2)?),
        routing: routing(row, 3)?,
        relays: json(row, 4)?,
        retention: maybe_uint(row, 5)?,
    })
}
