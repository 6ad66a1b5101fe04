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
    /// The second that the newest messages of ours carry in a chat, and how many do.
    stamps: LruCache<ChatId, (u64, u32)>,
}

impl Default for Groups {
    fn default() -> Self {
        Self { device: None, loaded: LruCache::new(LOADED_CAP), stamps: LruCache::new(LOADED_CAP) }
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
        let device = self.device.as_ref().ok_or_else(|| Error::internal("the device is not loaded"))?;
        if !self.loaded.contains(id) {
            let Some(group) = Group::load(tx, id)? else { return Ok(None) };
            self.loaded.put(id.clone(), group);
        }
        Ok(self.loaded.get_mut(id).map(|group| (group, device)))
    }

    /// Keeps a group that was created or joined in this transaction.
    pub(crate) fn insert(&mut self, group: Group) {
        self.loaded.put(group.id().clone(), group);
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
        self.loaded.pop(id);
    }
}

impl murmel_store::Rollback for Groups {
    fn rolled_back(&mut self) {
        // INVARIANT: no loaded group is ahead of the database. Rollbacks are rare, loading again is cheap.
        self.loaded.clear();
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
