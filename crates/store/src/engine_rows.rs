//! The engine's own rows: epochs, processed messages, staged commits.
//! It implements [`Storage`] and adds no rule to it.

use murmel_engine::{Digest, Epoch, EpochKeys, EpochRecord, GroupId, KeyChange, KeyPackageRecord, KeyPackageRef, Storage, StorageFault};
use nostr::PublicKey;
use rusqlite::{Row, params};
use zeroize::Zeroizing;

use crate::Tx;
use crate::column::{digest, epoch, int, json, maybe_digest, maybe_uint, public_key, routing, to_json};

impl Storage for Tx<'_> {
    fn put_epoch(&self, group: &GroupId, record: &EpochRecord) -> Result<(), StorageFault> {
        crate::crash_point!("epoch: merged, not recorded");
        let applied = record.began.as_ref().map(postcard::to_stdvec).transpose().map_err(StorageFault::new)?;
        self.run(
            "INSERT OR REPLACE INTO epochs (group_id, began_by, parent, epoch, group_event_key, media_secret, routing, relays, retention, applied)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                group.as_bytes(),
                record.commit.as_bytes(),
                record.parent.as_ref().map(Digest::as_bytes),
                int(record.epoch.0),
                record.keys.as_ref().map(|keys| keys.group_event.as_slice()),
                record.keys.as_ref().map(|keys| keys.media.as_slice()),
                record.routing.as_bytes(),
                to_json(&record.relays)?,
                // More than a database integer holds is for ever, in practice as well as here.
                record.retention.map(int),
                applied
            ],
        )?;
        Ok(())
    }

    fn epochs(&self, group: &GroupId) -> Result<Vec<EpochRecord>, StorageFault> {
        Ok(self.many(
            "SELECT began_by, parent, epoch, group_event_key, media_secret, routing, relays, retention, applied FROM epochs
             WHERE group_id = ?1 ORDER BY epoch DESC",
            params![group.as_bytes()],
            epoch_row,
        )?)
    }

    fn forget_epoch(&self, group: &GroupId, commit: &Digest) -> Result<(), StorageFault> {
        let key = params![group.as_bytes(), commit.as_bytes()];
        self.run("DELETE FROM epochs WHERE group_id = ?1 AND began_by = ?2", key)?;
        self.run("DELETE FROM snapshots WHERE group_id = ?1 AND name = ?2", key)?;
        Ok(self.drop_unused_values(group)?)
    }

    /// Forgets which messages of those epochs were processed too: without the epoch's keys none of them can be opened again.
    fn forget_epochs_before(&self, group: &GroupId, oldest: Epoch) -> Result<(), StorageFault> {
        let key = params![group.as_bytes(), int(oldest.0)];
        self.run("DELETE FROM epochs WHERE group_id = ?1 AND epoch < ?2", key)?;
        self.run("DELETE FROM snapshots WHERE group_id = ?1 AND epoch < ?2", key)?;
        self.run("DELETE FROM processed WHERE group_id = ?1 AND epoch < ?2", key)?;
        self.run("DELETE FROM given_up WHERE group_id = ?1 AND epoch < ?2", key)?;
        Ok(self.drop_unused_values(group)?)
    }

    fn put_tip(&self, group: &GroupId, commit: &Digest) -> Result<(), StorageFault> {
        self.run("INSERT OR REPLACE INTO tips (group_id, began_by) VALUES (?1, ?2)", params![group.as_bytes(), commit.as_bytes()])?;
        Ok(())
    }

    fn tip(&self, group: &GroupId) -> Result<Option<Digest>, StorageFault> {
        Ok(self.one("SELECT began_by FROM tips WHERE group_id = ?1", params![group.as_bytes()], |row| digest(row, 0))?)
    }

    fn take_snapshot(&self, group: &GroupId, commit: &Digest, epoch: Epoch) -> Result<(), StorageFault> {
        Ok(self.copy_openmls_rows(group, commit, epoch)?)
    }

    fn restore_snapshot(&self, group: &GroupId, commit: &Digest) -> Result<bool, StorageFault> {
        Ok(self.put_openmls_rows_back(group, commit)?)
    }

    fn snapshots(&self, group: &GroupId) -> Result<Vec<(Epoch, Digest)>, StorageFault> {
        Ok(self.many("SELECT epoch, name FROM snapshots WHERE group_id = ?1 ORDER BY epoch, name", params![group.as_bytes()], |row| {
            Ok((epoch(row, 0)?, digest(row, 1)?))
        })?)
    }

    fn put_witness(&self, group: &GroupId, commit: &Digest, account: &PublicKey) -> Result<(), StorageFault> {
        self.run(
            "INSERT OR IGNORE INTO witnesses (group_id, began_by, account) VALUES (?1, ?2, ?3)",
            params![group.as_bytes(), commit.as_bytes(), account.as_bytes()],
        )?;
        Ok(())
    }

    fn witnesses(&self, group: &GroupId) -> Result<Vec<(Digest, PublicKey)>, StorageFault> {
        Ok(self.many("SELECT began_by, account FROM witnesses WHERE group_id = ?1", params![group.as_bytes()], |row| {
            Ok((digest(row, 0)?, public_key(row, 1)?))
        })?)
    }

    fn scratch<T>(&self, f: impl FnOnce() -> T) -> Result<T, StorageFault> {
        self.attempt(|| (false, f()))
    }

    fn attempt<T>(&self, f: impl FnOnce() -> (bool, T)) -> Result<T, StorageFault> {
        self.run("SAVEPOINT scratch", [])?;
        let (stays, result) = f();
        if !stays {
            self.run("ROLLBACK TO scratch", [])?;
        }
        self.run("RELEASE scratch", [])?;
        Ok(result)
    }

    fn remember_message(&self, group: &GroupId, digest: &Digest, epoch: Epoch) -> Result<bool, StorageFault> {
        let added = self.run(
            "INSERT OR IGNORE INTO processed (group_id, digest, epoch) VALUES (?1, ?2, ?3)",
            params![group.as_bytes(), digest.as_bytes(), int(epoch.0)],
        )?;
        Ok(added > 0)
    }

    fn remember_proposal(&self, group: &GroupId, digest: &Digest, reference: &[u8]) -> Result<(), StorageFault> {
        let proposal = params![group.as_bytes(), digest.as_bytes(), reference];
        self.run("UPDATE processed SET proposal = ?3 WHERE group_id = ?1 AND digest = ?2", proposal)?;
        Ok(())
    }

    fn proposal_digest(&self, group: &GroupId, reference: &[u8]) -> Result<Option<Digest>, StorageFault> {
        let proposal = params![group.as_bytes(), reference];
        Ok(self.one("SELECT digest FROM processed WHERE group_id = ?1 AND proposal = ?2 ORDER BY digest LIMIT 1", proposal, |row| {
            digest(row, 0)
        })?)
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

    fn put_given_up(&self, group: &GroupId, commit: &Digest, epoch: Epoch, pending: &[u8]) -> Result<(), StorageFault> {
        self.run(
            "INSERT OR REPLACE INTO given_up (group_id, began, epoch, bytes) VALUES (?1, ?2, ?3, ?4)",
            params![group.as_bytes(), commit.as_bytes(), int(epoch.0), pending],
        )?;
        Ok(())
    }

    fn take_given_up(&self, group: &GroupId, commit: &Digest) -> Result<Option<Vec<u8>>, StorageFault> {
        let key = params![group.as_bytes(), commit.as_bytes()];
        let kept = self.one("SELECT bytes FROM given_up WHERE group_id = ?1 AND began = ?2", key, |row| row.get(0))?;
        self.run("DELETE FROM given_up WHERE group_id = ?1 AND began = ?2", key)?;
        Ok(kept)
    }

    fn message_keys_change(&self, change: KeyChange) {
        self.mls_rows().set_change(change);
    }

    fn are_message_keys_held(&self, group: &GroupId) -> Result<bool, StorageFault> {
        Ok(self.mls_rows().is_held(&crate::openmls_rows::row_key(group)?))
    }

    fn forget_group(&self, group: &GroupId) -> Result<(), StorageFault> {
        self.delete_openmls_rows(group)?;
        let key = params![group.as_bytes()];
        self.run("DELETE FROM epochs WHERE group_id = ?1", key)?;
        self.run("DELETE FROM snapshots WHERE group_id = ?1", key)?;
        self.run("DELETE FROM processed WHERE group_id = ?1", key)?;
        self.run("DELETE FROM pending WHERE group_id = ?1", key)?;
        self.run("DELETE FROM given_up WHERE group_id = ?1", key)?;
        self.run("DELETE FROM tips WHERE group_id = ?1", key)?;
        Ok(self.drop_unused_values(group)?)
    }
}

fn epoch_row(row: &Row<'_>) -> rusqlite::Result<EpochRecord> {
    let keys = match (row.get::<_, Option<[u8; 32]>>(3)?, row.get::<_, Option<[u8; 32]>>(4)?) {
        (Some(group_event), Some(media)) => Some(EpochKeys { group_event: Zeroizing::new(group_event), media: Zeroizing::new(media) }),
        _ => None,
    };
    let applied = |bytes: Vec<u8>| {
        postcard::from_bytes(&bytes)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(8, rusqlite::types::Type::Blob, Box::new(error)))
    };
    Ok(EpochRecord {
        commit: digest(row, 0)?,
        parent: maybe_digest(row, 1)?,
        epoch: epoch(row, 2)?,
        keys,
        routing: routing(row, 5)?,
        relays: json(row, 6)?,
        retention: maybe_uint(row, 7)?,
        began: row.get::<_, Option<Vec<u8>>>(8)?.map(applied).transpose()?,
    })
}
