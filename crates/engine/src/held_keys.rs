//! The keys of messages, which every encrypt and decrypt changes, and when they are written.
//! It never decides whether they may wait: the storage does.

use std::time::Duration;

use openmls::group::{MlsGroup, PastEpochDeletion};

use crate::error::Fault;
use crate::group::Group;
use crate::{KeyChange, Storage, StorageFault};

impl Group {
    /// Writes the keys of this group's messages if the storage has held them back; before the transaction commits, and before anybody reads
    /// or copies the group's rows.
    ///
    /// # Errors
    /// The storage's.
    pub fn write_held_keys(&mut self, storage: &impl Storage) -> Result<(), Fault> {
        if storage.are_message_keys_held(&self.id)? {
            // Nothing is as old as this: OpenMLS writes the value and deletes nothing of it.
            let nothing = PastEpochDeletion::older_than_duration(Duration::MAX);
            self.changing_keys(storage, KeyChange::Current, |mls, storage| mls.delete_past_epoch_secrets(storage, nothing))
                .map_err(StorageFault::new)?;
        }
        Ok(())
    }

    /// Runs what changes keys of messages, and tells the storage which ones.
    pub(crate) fn changing_keys<S: Storage, T>(&mut self, storage: &S, keys: KeyChange, change: impl FnOnce(&mut MlsGroup, &S) -> T) -> T {
        storage.message_keys_change(keys);
        let outcome = change(&mut self.mls, storage);
        storage.message_keys_change(KeyChange::Unknown);
        outcome
    }
}
