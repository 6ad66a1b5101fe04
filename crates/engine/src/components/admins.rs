use std::collections::BTreeSet;

use nostr::PublicKey;

use crate::encoding::{Malformed, Reader, Writer, strictly_ascending};

/// Component 0x8003: the accounts that may change the group. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admins(BTreeSet<PublicKey>);

impl Admins {
    /// Most admins that are accepted.
    const MAX: usize = 4096;

    /// `None` when empty.
    pub fn new(accounts: impl IntoIterator<Item = PublicKey>) -> Option<Self> {
        let accounts: BTreeSet<_> = accounts.into_iter().collect();
        (!accounts.is_empty()).then_some(Self(accounts))
    }

    /// From canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let keys = reader.list(Self::MAX, Reader::array::<32>)?;
        reader.finish()?;
        if !strictly_ascending(&keys) {
            return Err(Malformed);
        }
        Self::new(keys.into_iter().map(PublicKey::from_byte_array)).ok_or(Malformed)
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut keys: Vec<_> = self.0.iter().map(|key| *key.as_bytes()).collect();
        keys.sort_unstable();
        Writer::new().list(keys, |w, key| w.raw(&key)).into_bytes()
    }

    /// Whether the account is an admin.
    pub fn contains(&self, account: &PublicKey) -> bool {
        self.0.contains(account)
    }

    /// The accounts.
    pub fn accounts(&self) -> &BTreeSet<PublicKey> {
        &self.0
    }
}
