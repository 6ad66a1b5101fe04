//! Copies of the rows that OpenMLS keeps for a group, so that a group can go back to an earlier epoch.
//! It never looks into the values; only the row key is built here, by the same codec that OpenMLS' rows were written with.

use murmel_engine::{Digest, Epoch, GroupId};
use rusqlite::params;

use crate::column::int;
use crate::{StoreError, Tx};

/// Five tables hold what a group is. Group data, own leaves, epoch key pairs and proposals are keyed by the group. Leaf key pairs of our
/// own update proposals (`openmls_encryption_keys`) are keyed by public key and deleted when a commit takes the proposal up, so all of
/// them are copied, and a restore adds the missing ones without touching those of other groups. The key pair of an own commit's
/// path is part of the pending commit, and that is group data. Signature keys and key packages are the account's, not the group's.
const COPY: [&str; 5] = [
    "INSERT INTO snapshot_group_data (snapshot, data_type, provider_version, group_data)
     SELECT ?1, data_type, provider_version, group_data FROM openmls_group_data WHERE group_id = ?2",
    "INSERT INTO snapshot_leaf_nodes (snapshot, position, provider_version, leaf_node)
     SELECT ?1, id, provider_version, leaf_node FROM openmls_own_leaf_nodes WHERE group_id = ?2",
    "INSERT INTO snapshot_epoch_keys (snapshot, epoch_id, leaf_index, provider_version, key_pairs)
     SELECT ?1, epoch_id, leaf_index, provider_version, key_pairs FROM openmls_epoch_keys_pairs WHERE group_id = ?2",
    "INSERT INTO snapshot_proposals (snapshot, position, proposal_ref, provider_version, proposal)
     SELECT ?1, rowid, proposal_ref, provider_version, proposal FROM openmls_proposals WHERE group_id = ?2",
    "INSERT INTO snapshot_encryption_keys (snapshot, public_key, provider_version, key_pair)
     SELECT ?1, public_key, provider_version, key_pair FROM openmls_encryption_keys WHERE ?2 IS NOT NULL",
];

const RESTORE: [&str; 5] = [
    "INSERT INTO openmls_group_data (group_id, data_type, provider_version, group_data)
     SELECT ?2, data_type, provider_version, group_data FROM snapshot_group_data WHERE snapshot = ?1",
    "INSERT INTO openmls_own_leaf_nodes (group_id, provider_version, leaf_node)
     SELECT ?2, provider_version, leaf_node FROM snapshot_leaf_nodes WHERE snapshot = ?1 ORDER BY position",
    "INSERT INTO openmls_epoch_keys_pairs (group_id, epoch_id, leaf_index, provider_version, key_pairs)
     SELECT ?2, epoch_id, leaf_index, provider_version, key_pairs FROM snapshot_epoch_keys WHERE snapshot = ?1",
    "INSERT INTO openmls_proposals (group_id, proposal_ref, provider_version, proposal)
     SELECT ?2, proposal_ref, provider_version, proposal FROM snapshot_proposals WHERE snapshot = ?1 ORDER BY position",
    "INSERT OR IGNORE INTO openmls_encryption_keys (public_key, provider_version, key_pair)
     SELECT public_key, provider_version, key_pair FROM snapshot_encryption_keys WHERE snapshot = ?1 AND ?2 IS NOT NULL",
];

const DELETE: [&str; 4] = [
    "DELETE FROM openmls_group_data WHERE group_id = ?1",
    "DELETE FROM openmls_own_leaf_nodes WHERE group_id = ?1",
    "DELETE FROM openmls_epoch_keys_pairs WHERE group_id = ?1",
    "DELETE FROM openmls_proposals WHERE group_id = ?1",
];

impl Tx<'_> {
    pub(crate) fn copy_openmls_rows(&self, group: &GroupId, name: &Digest, epoch: Epoch) -> Result<(), StoreError> {
        let row_key = row_key(group)?;
        if self.mls_rows().is_held(&row_key) {
            return Err(StoreError::KeysHeld);
        }
        crate::crash_point!("snapshot: about to be taken");
        self.run("DELETE FROM snapshots WHERE group_id = ?1 AND name = ?2", params![group.as_bytes(), name.as_bytes()])?;
        let snapshot = self.insert(
            "INSERT INTO snapshots (group_id, name, epoch) VALUES (?1, ?2, ?3)",
            params![group.as_bytes(), name.as_bytes(), int(epoch.0)],
        )?;
        for statement in COPY {
            self.run(statement, params![snapshot, row_key])?;
        }
        self.share_values(group, snapshot)?;
        self.drop_unused_values(group)?;
        crate::crash_point!("snapshot: taken, not merged");
        Ok(())
    }

    pub(crate) fn put_openmls_rows_back(&self, group: &GroupId, name: &Digest) -> Result<bool, StoreError> {
        let snapshot =
            self.one("SELECT id FROM snapshots WHERE group_id = ?1 AND name = ?2", params![group.as_bytes(), name.as_bytes()], |row| {
                row.get::<_, i64>(0)
            })?;
        let Some(snapshot) = snapshot else { return Ok(false) };
        self.delete_openmls_rows(group)?;
        let row_key = row_key(group)?;
        for statement in RESTORE {
            self.run(statement, params![snapshot, row_key])?;
        }
        self.drop_unused_values(group)?;
        Ok(true)
    }

    pub(crate) fn delete_openmls_rows(&self, group: &GroupId) -> Result<(), StoreError> {
        let row_key = row_key(group)?;
        self.mls_rows().let_go(&row_key);
        for statement in DELETE {
            self.run(statement, params![row_key])?;
        }
        Ok(())
    }
}

/// The group id as OpenMLS' rows are keyed by it.
pub(crate) fn row_key(group: &GroupId) -> Result<Vec<u8>, StoreError> {
    crate::mls_rows::row_key(&openmls::group::GroupId::from_slice(group.as_bytes()))
}
