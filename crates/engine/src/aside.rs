//! Epochs beside the one that the group is at: each is kept with its own message keys and no other's, and read where it is kept.
//! It moves the group nowhere.

use openmls::group::{MlsGroup, PastEpochDeletion};
use openmls::prelude::{ProcessMessageError, ProcessedMessageContent, ProtocolMessage};

use crate::error::Fault;
use crate::group::{Group, mls_id};
use crate::ingest::{Ingest, Why, receive, refuse};
use crate::{Digest, Epoch, Storage, StorageFault};

impl Group {
    /// Keeps the state that the group is at under a name.
    ///
    /// INVARIANT: a snapshot holds the message keys of its own epoch only. With those of the epochs before, rows that are stolen would open
    /// messages twice as old as the window. The group itself loses them as well, which makes each message cheaper; what comes late is read
    /// from the snapshot of its epoch.
    pub(crate) fn keep(&mut self, storage: &impl Storage, name: &Digest, epoch: Epoch) -> Result<(), Fault> {
        // Writes what was held back, too.
        self.mls.delete_past_epoch_secrets(storage, PastEpochDeletion::delete_all()).map_err(StorageFault::new)?;
        Ok(storage.take_snapshot(&self.id, name, epoch)?)
    }

    /// Reads an application message with the snapshot of its epoch. Leaves nothing behind but that it was read.
    pub(crate) fn read_aside(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
    ) -> Result<Ingest, Fault> {
        let outcome = self.look_aside(storage, message, digest, source)?;
        if let Ingest::Message(received) = &outcome {
            storage.remember_message(&self.id, &digest, received.epoch)?;
        }
        Ok(outcome)
    }

    /// As [`Self::read_aside`], and leaves nothing behind at all.
    pub(crate) fn look_aside(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
    ) -> Result<Ingest, Fault> {
        // What is read in the scratch is rows, and the loaded group may be ahead of them.
        self.write_held_keys(storage)?;
        let (id, record) = (self.id.clone(), self.record(&source).cloned());
        let gone = || Ok(Ingest::Rejected(Why::KeyGone));
        storage.scratch(|| {
            if !storage.restore_snapshot(&id, &source)? {
                return gone();
            }
            let Some(mut mls) = MlsGroup::load(storage.storage(), &mls_id(&id)).map_err(StorageFault::new)? else { return gone() };
            let processed = match mls.process_message(storage, message) {
                Ok(processed) => processed,
                Err(ProcessMessageError::StorageError(error)) => return Err(StorageFault::new(error).into()),
                Err(error) => return Ok(refuse(error)),
            };
            let account = Self::account_of(&processed);
            match processed.into_content() {
                ProcessedMessageContent::ApplicationMessage(message) => Ok(receive(message, account, digest, record.as_ref())),
                _ => gone(),
            }
        })?
    }
}
