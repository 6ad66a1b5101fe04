use crate::encoding::{Malformed, Reader, Writer};

/// Component 0x8001: what a group is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    name: String,
    description: String,
}

impl Profile {
    /// Longest name, in bytes of UTF-8.
    pub const MAX_NAME: usize = 256;
    /// Longest description, in bytes of UTF-8.
    pub const MAX_DESCRIPTION: usize = 4096;

    /// `None` when one of the texts is too long.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Option<Self> {
        let profile = Self { name: name.into(), description: description.into() };
        (profile.name.len() <= Self::MAX_NAME && profile.description.len() <= Self::MAX_DESCRIPTION).then_some(profile)
    }

    /// From canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let name = reader.text(Self::MAX_NAME)?.to_owned();
        let description = reader.text(Self::MAX_DESCRIPTION)?.to_owned();
        reader.finish()?;
        Ok(Self { name, description })
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Writer::new().vector(self.name.as_bytes()).vector(self.description.as_bytes()).into_bytes()
    }

    /// The name; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The description; may be empty.
    pub fn description(&self) -> &str {
        &self.description
    }
}
