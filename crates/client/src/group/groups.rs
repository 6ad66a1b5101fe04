//! The loaded groups of an account, bounded, and the device that speaks for it in all of them.
//! It lives on the database thread and never outlives a rollback.

use std::num::NonZeroUsize;

use lru::LruCache;
use murmel_engine::{Device, Group, GroupId, Storage};
use murmel_store::ChatId;

use crate::Error;

/// Groups that stay loaded; loading one costs 0.6 ms at 100 members.
pub(crate) const LOADED_CAP: NonZeroUsize = match NonZeroUsize::new(64) {
    Some(cap) => cap,
    None => NonZeroUsize::MIN,
};

/// Messages of ours that carry the same second; well below the out-of-order tolerance of the ratchet, which is 100.
pub(crate) const PER_SECOND: u32 = 50;

/// The loaded groups.
pub(crate) struct Groups {
    device: Option<Device>,
    loaded: LruCache<GroupId, Group>,
    /// Forgotten in the open transaction; the keys of their messages may still have to be written.
    retired: Vec<Group>,
    /// The second that the newest messages of ours carry in a chat, and how many do.
    stamps: LruCache<ChatId, (u64, u32)>,
}

impl Default for Groups {
    fn default() -> Self {
        Self { device: None, loaded: LruCache::new(LOADED_CAP), retired: Vec::new(), stamps: LruCache::new(LOADED_CAP) }
    }
}

impl Groups {
    /// Says who we are; once, after the database was opened or created.
    pub(crate) fn set_device(&mut self, device: Device) {
        self.device = Some(device);
    }

    /// The device of this account.
    pub(crate) fn device(&self) -> Result<&Device, Error> {
        self.device.as_ref().ok_or_else(|| Error::internal("the device is not loaded"))
    }

    /// A group and the device, loaded where that is needed; `None` for a group that we have no state of.
    pub(crate) fn get(&mut self, tx: &impl Storage, id: &GroupId) -> Result<Option<(&mut Group, &Device)>, Error> {
        if !self.loaded.contains(id) {
            // A row that is behind cannot be read.
            self.write_retired(tx)?;
            let Some(group) = Group::load(tx, id)? else { return Ok(None) };
            self.put(group);
        }
        let device = self.device.as_ref().ok_or_else(|| Error::internal("the device is not loaded"))?;
        Ok(self.loaded.get_mut(id).map(|group| (group, device)))
    }

    /// Keeps a group that was created or joined in this transaction.
    pub(crate) fn insert(&mut self, group: Group) {
        // Joined again: what was loaded before is of the rows that are gone.
        self.retired.retain(|other| other.id() != group.id());
        self.loaded.pop(group.id());
        self.put(group);
    }

    fn put(&mut self, group: Group) {
        self.retired.extend(self.loaded.push(group.id().clone(), group).map(|(_, oldest)| oldest));
    }

    /// Writes the keys of messages that the transaction has held back; the last thing before it commits.
    pub(crate) fn write_held_keys(&mut self, tx: &impl Storage) -> Result<(), Error> {
        self.write_retired(tx)?;
        for (_, group) in &mut self.loaded {
            group.write_held_keys(tx)?;
        }
        Ok(())
    }

    fn write_retired(&mut self, tx: &impl Storage) -> Result<(), Error> {
        for mut group in self.retired.drain(..) {
            group.write_held_keys(tx)?;
        }
        Ok(())
    }

    /// The time to put on a message that is sent `now` (Unix seconds).
    ///
    /// A backlog is put into order by these times, and a ratchet forgives only so much disorder: a burst is spread over seconds that are
    /// yet to come.
    pub(crate) fn stamp(&mut self, chat: ChatId, now: u64) -> u64 {
        let (second, count) = match self.stamps.get(&chat) {
            Some((second, count)) if *second >= now && *count < PER_SECOND => (*second, count + 1),
            Some((second, _)) if *second >= now => (second + 1, 1),
            _ => (now, 1),
        };
        self.stamps.put(chat, (second, count));
        second
    }

    /// Drops the loaded copy.
    pub(crate) fn forget(&mut self, id: &GroupId) {
        self.retired.extend(self.loaded.pop(id));
    }
}

impl murmel_store::Rollback for Groups {
    fn rolled_back(&mut self) {
        // INVARIANT: no loaded group is ahead of the database. Rollbacks are rare, loading again is cheap.
        self.loaded.clear();
        self.retired.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_spread_over_seconds_and_never_goes_back() {
        let (mut groups, chat) = (Groups::default(), ChatId(1));
        let stamps: Vec<u64> = (0..200).map(|_| groups.stamp(chat, 1_000)).collect();
        assert!(stamps.is_sorted());
        assert_eq!((stamps[0], stamps[199]), (1_000, 1_003));
        for second in 1_000..=1_003 {
            assert_eq!(stamps.iter().filter(|stamp| **stamp == second).count(), PER_SECOND as usize);
        }
        assert_eq!(groups.stamp(chat, 2_000), 2_000);
    }
}
