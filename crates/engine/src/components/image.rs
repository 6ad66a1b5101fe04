use super::canonical_mime;
use crate::encoding::{Malformed, Reader};

/// Component 0x8002: an encrypted picture on a Blossom server. Holds the keys, so it has no debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupImage {
    hash: Option<[u8; 32]>,
}

impl GroupImage {
    const MAX_MIME: usize = 128;

    /// From canonical bytes: hash, key, nonce, upload key and media type; an absent picture is five empty vectors.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let (hash, key, nonce, upload_key) = (reader.vector()?, reader.vector()?, reader.vector()?, reader.vector()?);
        let mime = reader.text(Self::MAX_MIME)?;
        reader.finish()?;
        if [hash, key, nonce, upload_key, mime.as_bytes()].iter().all(|part| part.is_empty()) {
            return Ok(Self { hash: None });
        }
        let lengths = (key.len(), nonce.len(), upload_key.len()) == (32, 12, 32);
        let hash: [u8; 32] = hash.try_into().map_err(|_| Malformed)?;
        if lengths && canonical_mime(mime).as_deref() == Some(mime) { Ok(Self { hash: Some(hash) }) } else { Err(Malformed) }
    }

    /// SHA-256 of the encrypted picture; `None` where there is no picture.
    pub const fn hash(&self) -> Option<&[u8; 32]> {
        self.hash.as_ref()
    }
}
