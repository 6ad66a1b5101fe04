//! Encrypted media (Marmot "encrypted-media-v2"): the keys of a file, its encryption, and the `imeta` tag that announces it.
//! It fetches and uploads nothing, and decides on no server.

mod attachment;
mod picture;
#[cfg(test)]
mod tests;

use chacha20poly1305::{
    AeadCore, ChaCha20Poly1305, Key, KeyInit, Nonce,
    aead::{Aead, OsRng, Payload},
};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::Fault;

pub use attachment::{Attachment, MAX_LOCATORS, MediaDescription, SealedMedia};

/// The version that stands in tags, keys and authenticated data.
pub const MEDIA_VERSION: &str = "encrypted-media-v2";
/// Largest encrypted file that is opened or made, in bytes: what MDK's clients take.
pub const MAX_MEDIA: usize = 512 * 1024 * 1024;
/// Length of a nonce in bytes.
pub const MEDIA_NONCE: usize = 12;

/// Why an encrypted file or picture cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaRefused {
    /// Larger than [`MAX_MEDIA`].
    #[error("The file is too large.")]
    TooLarge,
    /// The bytes are not those that were announced.
    #[error("The server delivered another file than the one that was sent.")]
    OtherFile,
    /// No key of this epoch opens it.
    #[error("The file cannot be decrypted.")]
    Unreadable,
}

/// What of a file goes into its key and its authenticated data.
pub(crate) struct Binding<'a> {
    pub plaintext_hash: &'a [u8; 32],
    pub mime: &'a str,
    pub file_name: &'a str,
}

impl Binding<'_> {
    /// Version, hash, media type and file name, separated by zero bytes.
    pub fn authenticated(&self) -> Vec<u8> {
        [MEDIA_VERSION.as_bytes(), self.plaintext_hash, self.mime.as_bytes(), self.file_name.as_bytes()].join(&0)
    }

    /// HKDF-Expand over the epoch's media secret: the file's own key.
    pub fn key(&self, secret: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let info = [self.authenticated().as_slice(), b"key"].join(&0);
        expand(secret, &info)
    }
}

fn expand(secret: &[u8; 32], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::from_prk(secret).map_err(Fault::mls)?.expand(info, key.as_mut_slice()).map_err(Fault::mls)?;
    Ok(key)
}

/// SHA-256 of a file.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A fresh nonce and the ciphertext with its tag.
pub(crate) fn encrypt(key: &[u8; 32], aad: &[u8], plain: &[u8]) -> Result<([u8; MEDIA_NONCE], Vec<u8>), Fault> {
    let nonce = ChaCha20Poly1305::generate_nonce(&mut OsRng);
    let sealed = ChaCha20Poly1305::new(Key::from_slice(key)).encrypt(&nonce, Payload { msg: plain, aad });
    Ok((nonce.into(), sealed.map_err(|_| Fault::mls("media encryption"))?))
}

/// The plaintext of a file whose hash was announced as `expected`.
pub(crate) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; MEDIA_NONCE],
    aad: &[u8],
    blob: &[u8],
    expected: &[u8; 32],
) -> Result<Vec<u8>, MediaRefused> {
    if blob.len() > MAX_MEDIA {
        return Err(MediaRefused::TooLarge);
    }
    if hash(blob) != *expected {
        return Err(MediaRefused::OtherFile);
    }
    ChaCha20Poly1305::new(Key::from_slice(key))
        .decrypt(Nonce::from_slice(nonce), Payload { msg: blob, aad })
        .map_err(|_| MediaRefused::Unreadable)
}
