//! The names of things: groups, epochs, messages, key packages.
//! They hold bytes and say nothing of what the bytes mean elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The MLS group id: random, private to the members, never on the wire outside MLS.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupId(Vec<u8>);

impl GroupId {
    /// Longest group id that is accepted, in bytes; MDK uses 32.
    pub const MAX_LEN: usize = 255;

    /// `None` unless 1 to [`Self::MAX_LEN`] bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (1..=Self::MAX_LEN).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// From hex, as [`fmt::Display`] writes it.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::new(hex::decode(text).ok()?)
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// Group ids are private: debug output must not carry them into a log.
impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupId(…)")
    }
}

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From its 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// `None` unless 32 bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// From 64 hex digits.
            pub fn from_hex(text: &str) -> Option<Self> {
                Self::from_slice(&hex::decode(text).ok()?)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

bytes32!(
    /// The `h` tag under which relays carry a group (Marmot component 0x8004, `nostr_group_id`).
    RoutingId
);
bytes32!(
    /// SHA-256 of a serialized MLSMessage: the id by which messages are deduplicated and commits compared.
    Digest
);
bytes32!(
    /// RFC 9420 §5.2 KeyPackageRef over the inner KeyPackage (32 bytes in ciphersuite 0x0001).
    KeyPackageRef
);

impl Digest {
    /// The digest of a serialized MLSMessage.
    pub fn of(mls_message: &[u8]) -> Self {
        Self(Sha256::digest(mls_message).into())
    }
}

/// An MLS epoch number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch(pub u64);

impl Epoch {
    /// `n` epochs earlier, or epoch 0.
    pub const fn back(self, n: u64) -> Self {
        Self(self.0.saturating_sub(n))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
