use crate::encoding::Malformed;

/// Component 0x800c: whether a group still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// In use.
    Active,
    /// Ended for good.
    Disbanded,
}

impl Lifecycle {
    /// From canonical bytes (1).
    pub const fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        match bytes {
            [0] => Ok(Self::Active),
            [1] => Ok(Self::Disbanded),
            _ => Err(Malformed),
        }
    }

    /// To canonical bytes (1).
    pub fn encode(self) -> Vec<u8> {
        vec![match self {
            Self::Active => 0,
            Self::Disbanded => 1,
        }]
    }
}
