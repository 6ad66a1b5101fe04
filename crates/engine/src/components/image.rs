use zeroize::Zeroizing;

use super::canonical_mime;
use crate::encoding::{Malformed, Reader, Writer};

/// Component 0x8002: an encrypted picture on a Blossom server. Holds keys, so it has no debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupImage(Option<Picture>);

/// What opens an encrypted picture and what proves that it may be replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// SHA-256 of the encrypted bytes.
    pub hash: [u8; 32],
    /// Opens them (ChaCha20-Poly1305).
    pub key: Zeroizing<[u8; 32]>,
    /// Goes with the key.
    pub nonce: [u8; 12],
    /// Secret Nostr key that signed the upload.
    pub upload_key: Zeroizing<[u8; 32]>,
    /// Canonical MIME type, at most 128 bytes.
    pub media_type: String,
}

impl GroupImage {
    const MAX_MIME: usize = 128;

    /// A picture; `None` unless its media type is canonical.
    pub fn new(picture: Picture) -> Option<Self> {
        let mime = &picture.media_type;
        let valid = mime.len() <= Self::MAX_MIME && canonical_mime(mime).as_deref() == Some(mime.as_str());
        valid.then_some(Self(Some(picture)))
    }

    /// No picture.
    pub const fn none() -> Self {
        Self(None)
    }

    /// From canonical bytes: hash, key, nonce, upload key and media type; an absent picture is five empty vectors.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let (hash, key, nonce, upload_key) = (reader.vector()?, reader.vector()?, reader.vector()?, reader.vector()?);
        let mime = reader.text(Self::MAX_MIME)?;
        reader.finish()?;
        if [hash, key, nonce, upload_key, mime.as_bytes()].iter().all(|part| part.is_empty()) {
            return Ok(Self::none());
        }
        Self::new(Picture {
            hash: array(hash)?,
            key: Zeroizing::new(array(key)?),
            nonce: array(nonce)?,
            upload_key: Zeroizing::new(array(upload_key)?),
            media_type: mime.to_owned(),
        })
        .ok_or(Malformed)
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let parts: [&[u8]; 5] = match &self.0 {
            None => [&[]; 5],
            Some(of) => [&of.hash, &*of.key, &of.nonce, &*of.upload_key, of.media_type.as_bytes()],
        };
        parts.into_iter().fold(Writer::new(), Writer::vector).into_bytes()
    }

    /// The picture; `None` where there is none.
    pub const fn picture(&self) -> Option<&Picture> {
        self.0.as_ref()
    }

    /// SHA-256 of the encrypted picture; `None` where there is no picture.
    pub fn hash(&self) -> Option<&[u8; 32]> {
        self.picture().map(|picture| &picture.hash)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed)
}
