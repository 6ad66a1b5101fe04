use crate::encoding::{Malformed, Reader};

/// Component 0x8005: after how many seconds messages disappear; 0 is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(pub u64);

impl Retention {
    /// From canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let seconds = reader.u64()?;
        reader.finish()?;
        Ok(Self(seconds))
    }

    /// To canonical bytes.
    pub fn encode(self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    /// When a message of `created_at` (Unix seconds) disappears; `None` when off or beyond what a `u64` holds.
    pub fn expiry(self, created_at: u64) -> Option<u64> {
        if self.0 == 0 { None } else { created_at.checked_add(self.0) }
    }
}
