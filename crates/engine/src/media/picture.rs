//! A group's encrypted picture: how component 0x8002 and the bytes on a server belong together.
//! It fetches nothing.

use super::{MEDIA_NONCE, MediaRefused, decrypt, encrypt, hash};
use crate::components::{GroupImage, Picture, canonical_mime};
use crate::error::Fault;
use nostr::SecretKey;
use zeroize::Zeroizing;

const LABEL: &[u8] = b"marmot-group-image-v1";

impl GroupImage {
    /// Encrypts a picture under a key and an upload key of its own. Returns the component's state and what a server stores.
    ///
    /// # Errors
    /// `Ok(None)` where `mime` is no media type; [`Fault`] when encryption fails.
    pub fn seal(mime: &str, plain: &[u8]) -> Result<Option<(Self, Vec<u8>)>, Fault> {
        let Some(mime) = canonical_mime(mime) else { return Ok(None) };
        // A secret key is 32 bytes of the operating system's randomness.
        let key = Zeroizing::new(SecretKey::generate().to_secret_bytes());
        let upload_key = Zeroizing::new(SecretKey::generate().to_secret_bytes());
        let (nonce, blob): ([u8; MEDIA_NONCE], _) = encrypt(&key, &aad(&mime), plain)?;
        let picture = Self::new(Picture { hash: hash(&blob), key, nonce, upload_key, media_type: mime });
        Ok(picture.map(|picture| (picture, blob)))
    }

    /// The picture in a fetched file; `None` where the group has no picture.
    ///
    /// # Errors
    /// [`MediaRefused`] where the bytes are not the picture's.
    pub fn open(&self, blob: &[u8]) -> Result<Option<Vec<u8>>, MediaRefused> {
        let Some(picture) = self.picture() else { return Ok(None) };
        decrypt(&picture.key, &picture.nonce, &aad(&picture.media_type), blob, &picture.hash).map(Some)
    }
}

fn aad(mime: &str) -> Vec<u8> {
    [LABEL, mime.as_bytes()].join(&0)
}
