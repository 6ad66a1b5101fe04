//! A member whose group lives in memory only: what a commit costs without any storage.
//! It takes part in the same group as everybody else, over the same events.

use anyhow::Context as _;
use murmel_engine::{Change, Device, Group, OwnKeyPackage, Slot, Welcome};
use nostr::{Event, Keys, PublicKey};

use crate::memory::Memory;
use crate::person::{RELAY, follow, now};

/// The member.
pub struct Ghost {
    keys: Keys,
    device: Device,
    storage: Memory,
    group: Option<Group>,
}

impl Ghost {
    /// Somebody new.
    ///
    /// # Errors
    /// The engine's.
    pub fn new() -> anyhow::Result<Self> {
        let keys = Keys::generate();
        let device = Device::create(&keys, now())?;
        let storage = Memory::default();
        device.save(&storage)?;
        Ok(Self { keys, device, storage, group: None })
    }

    /// The account.
    pub fn account(&self) -> PublicKey {
        self.keys.public_key()
    }

    /// A key package, as the event that is published.
    ///
    /// # Errors
    /// The engine's.
    pub fn key_package(&self) -> anyhow::Result<Event> {
        Ok(OwnKeyPackage::create(&self.storage, &self.device, now())?.event(&Slot::random()).sign_with_keys(&self.keys)?)
    }

    /// Joins.
    ///
    /// # Errors
    /// The engine's.
    pub fn join(&mut self, welcome: &[u8], from: PublicKey) -> anyhow::Result<()> {
        let welcome = Welcome::restore(welcome.to_vec(), from, vec![RELAY.to_owned()]);
        self.group = Some(welcome.join(&self.storage, &self.device, false, now())?);
        Ok(())
    }

    /// Takes a commit from the wire.
    ///
    /// # Errors
    /// It was not merged.
    pub fn follow(&mut self, event: &Event) -> anyhow::Result<()> {
        follow(&self.storage, self.group.as_mut().context("no group")?, &self.device, event)
    }

    /// Stages and merges a change.
    ///
    /// # Errors
    /// The engine's.
    pub fn change(&mut self, change: Change) -> anyhow::Result<Event> {
        let group = self.group.as_mut().context("no group")?;
        let staged = group.stage(&self.storage, &self.device, change, now())?;
        group.confirm(&self.storage, now())?.context("nothing was staged")?;
        Ok(staged.event)
    }
}
