use zeroize::Zeroizing;

use super::canonical_mime;
use crate::encoding::{Malformed, Reader, Writer};

/// Component 0x8002: an encrypted picture on a Blossom server. Holds the keys, so it has no debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupImage(Option<ImageKeys>);

/// Everything that is needed to fetch, open and replace the picture.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ImageKeys {
    pub hash: [u8; 32],
    pub key: Zeroizing<[u8; 32]>,
    pub nonce: [u8; 12],
    pub upload_key: Zeroizing<[u8; 32]>,
    pub mime: String,
}

impl GroupImage {
    const MAX_MIME: usize = 128;

    /// No picture.
    pub const NONE: Self = Self(None);

    pub(crate) const fn new(
        hash: [u8; 32],
        key: Zeroizing<[u8; 32]>,
        nonce: [u8; 12],
        upload_key: Zeroizing<[u8; 32]>,
        mime: String,
    ) -> Self {
        Self(Some(ImageKeys { hash, key, nonce, upload_key, mime }))
    }

    /// From canonical bytes: hash, key, nonce, upload key and media type; an absent picture is five empty vectors.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let (hash, key, nonce, upload_key) = (reader.vector()?, reader.vector()?, reader.vector()?, reader.vector()?);
        let mime = reader.text(Self::MAX_MIME)?;
        reader.finish()?;
        if [hash, key, nonce, upload_key, mime.as_bytes()].iter().all(|part| part.is_empty()) {
            return Ok(Self::NONE);
        }
        if canonical_mime(mime).as_deref() != Some(mime) {
            return Err(Malformed);
        }
        Ok(Self(Some(ImageKeys {
            hash: hash.try_into().map_err(|_| Malformed)?,
            key: Zeroizing::new(key.try_into().map_err(|_| Malformed)?),
            nonce: nonce.try_into().map_err(|_| Malformed)?,
            upload_key: Zeroizing::new(upload_key.try_into().map_err(|_| Malformed)?),
            mime: mime.to_owned(),
        })))
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let Some(image) = &self.0 else { return vec![0; 5] };
        Writer::new()
            .vector(&image.hash)
            .vector(image.key.as_slice())
            .vector(&image.nonce)
            .vector(image.upload_key.as_slice())
            .vector(image.mime.as_bytes())
            .into_bytes()
    }

    /// SHA-256 of the encrypted picture; `None` where there is no picture.
    pub fn hash(&self) -> Option<&[u8; 32]> {
        self.0.as_ref().map(|image| &image.hash)
    }

    /// The media type; `None` where there is no picture.
    pub fn mime(&self) -> Option<&str> {
        self.0.as_ref().map(|image| image.mime.as_str())
    }

    /// The Nostr secret key that signs uploads of this picture; `None` where there is no picture.
    pub fn upload_key(&self) -> Option<&[u8; 32]> {
        self.0.as_ref().map(|image| &*image.upload_key)
    }

    pub(crate) const fn keys(&self) -> Option<&ImageKeys> {
        self.0.as_ref()
    }
}
