//! One encrypted file: its announcement in a message, its encryption and decryption.
//! It never trusts what the announcement says before both hashes fit.

use super::{Binding, MEDIA_NONCE, MEDIA_VERSION, MediaRefused, decrypt, encrypt, hash};
use crate::EpochKeys;
use crate::components::canonical_mime;
use crate::encoding::Malformed;
use crate::error::Fault;

/// Most places that one attachment may name.
pub const MAX_LOCATORS: usize = 16;
/// Most elements of a tag that are looked at.
const MAX_ELEMENTS: usize = 64;
/// Longest element of a tag, in bytes.
const MAX_ELEMENT: usize = 4096;
const MAX_FILE_NAME: usize = 255;

/// One encrypted file as a message announces it (NIP-92 `imeta` in the words of encrypted media v2).
///
/// The epoch is not in the tag: it is that of the message. Not printable, because it says what was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    locators: Vec<(String, String)>,
    ciphertext_hash: [u8; 32],
    plaintext_hash: [u8; 32],
    nonce: [u8; MEDIA_NONCE],
    mime: String,
    file_name: String,
    dimensions: Option<String>,
    thumbhash: Option<String>,
}

/// What a person sends, beside the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaDescription {
    /// Media type; brought into canonical form.
    pub mime: String,
    /// 1 to 255 bytes without NUL; not trimmed.
    pub file_name: String,
}

/// An encrypted file, ready for upload.
pub struct SealedMedia {
    /// What a server stores: ciphertext and tag.
    pub blob: Vec<u8>,
    /// How it is announced, once the places are known where it was stored.
    pub attachment: Attachment,
}

impl Attachment {
    /// From a whole tag, its name included. Unknown elements are ignored; anything doubled, missing or not canonical is malformed.
    pub fn parse(tag: &[String]) -> Result<Self, Malformed> {
        let Some((name, elements)) = tag.split_first() else { return Err(Malformed) };
        if name != "imeta" || elements.len() > MAX_ELEMENTS || elements.iter().any(|element| element.len() > MAX_ELEMENT) {
            return Err(Malformed);
        }
        let mut fields = Fields::default();
        for element in elements {
            let (key, value) = element.split_once(' ').ok_or(Malformed)?;
            fields.take(key, value)?;
        }
        fields.complete()
    }

    /// The whole tag.
    pub fn tag(&self) -> Vec<String> {
        let mut tag = vec!["imeta".to_owned(), format!("v {MEDIA_VERSION}")];
        tag.extend(self.locators.iter().map(|(kind, value)| format!("locator {kind} {value}")));
        tag.push(format!("ciphertext_sha256 {}", hex::encode(self.ciphertext_hash)));
        tag.push(format!("plaintext_sha256 {}", hex::encode(self.plaintext_hash)));
        tag.push(format!("nonce {}", hex::encode(self.nonce)));
        tag.push(format!("m {}", self.mime));
        tag.push(format!("filename {}", self.file_name));
        tag.extend(self.dimensions.iter().map(|text| format!("dim {text}")));
        tag.extend(self.thumbhash.iter().map(|text| format!("thumbhash {text}")));
        tag
    }

    /// Encrypts a file under the key of an epoch: that of the message that will announce it.
    ///
    /// # Errors
    /// `Ok(None)` where the description is not acceptable; [`Fault`] when encryption fails.
    pub fn seal(epoch: &EpochKeys, description: &MediaDescription, plain: &[u8]) -> Result<Option<SealedMedia>, Fault> {
        let Some(mime) = canonical_mime(&description.mime) else { return Ok(None) };
        if !is_file_name(&description.file_name) {
            return Ok(None);
        }
        let plaintext_hash = hash(plain);
        let binding = Binding { plaintext_hash: &plaintext_hash, mime: &mime, file_name: &description.file_name };
        let key = binding.key(&epoch.media)?;
        let (nonce, blob) = encrypt(&key, &binding.authenticated(), plain)?;
        let attachment = Self {
            locators: Vec::new(),
            ciphertext_hash: hash(&blob),
            plaintext_hash,
            nonce,
            file_name: description.file_name.clone(),
            mime,
            dimensions: None,
            thumbhash: None,
        };
        Ok(Some(SealedMedia { blob, attachment }))
    }

    /// Adds a place where the file is stored; `false` where it is malformed or there are [`MAX_LOCATORS`] already.
    pub fn stored_at(&mut self, kind: &str, value: &str) -> bool {
        let valid = self.locators.len() < MAX_LOCATORS && is_locator(kind, value);
        if valid {
            self.locators.push((kind.to_owned(), value.to_owned()));
        }
        valid
    }

    /// The plaintext of a fetched file. `epoch` is that of the message; both hashes are checked.
    ///
    /// # Errors
    /// [`MediaRefused`]; a fetched file is never a fault of ours.
    pub fn open(&self, epoch: &EpochKeys, blob: &[u8]) -> Result<Vec<u8>, MediaRefused> {
        let binding = self.binding();
        let key = binding.key(&epoch.media).map_err(|_| MediaRefused::Unreadable)?;
        let plain = decrypt(&key, &self.nonce, &binding.authenticated(), blob, &self.ciphertext_hash)?;
        if hash(&plain) == self.plaintext_hash { Ok(plain) } else { Err(MediaRefused::OtherFile) }
    }

    /// Kind and value of each place, in the sender's order. A kind that is unknown cannot be fetched; that makes nothing invalid.
    pub fn locators(&self) -> &[(String, String)] {
        &self.locators
    }

    /// SHA-256 of what the server stores.
    pub const fn ciphertext_hash(&self) -> &[u8; 32] {
        &self.ciphertext_hash
    }

    /// SHA-256 of the file.
    pub const fn plaintext_hash(&self) -> &[u8; 32] {
        &self.plaintext_hash
    }

    /// The canonical media type, as the sender states it.
    pub fn mime(&self) -> &str {
        &self.mime
    }

    /// The file name, as the sender states it: not fit for a path.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Width and height in pixels, as the sender states them; `None` where they are absent or unreadable.
    pub fn dimensions(&self) -> Option<(u32, u32)> {
        let (width, height) = self.dimensions.as_deref()?.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    }

    /// The picture's blurred preview, as the sender states it.
    pub fn thumbhash(&self) -> Option<&str> {
        self.thumbhash.as_deref()
    }

    pub(super) fn binding(&self) -> Binding<'_> {
        Binding { plaintext_hash: &self.plaintext_hash, mime: &self.mime, file_name: &self.file_name }
    }
}

#[derive(Default)]
struct Fields {
    version: bool,
    locators: Vec<(String, String)>,
    ciphertext_hash: Option<[u8; 32]>,
    plaintext_hash: Option<[u8; 32]>,
    nonce: Option<[u8; MEDIA_NONCE]>,
    mime: Option<String>,
    file_name: Option<String>,
    dimensions: Option<String>,
    thumbhash: Option<String>,
}

impl Fields {
    fn take(&mut self, key: &str, value: &str) -> Result<(), Malformed> {
        match key {
            "v" if value == MEDIA_VERSION && !self.version => {
                self.version = true;
                Ok(())
            }
            "v" | "blurhash" => Err(Malformed),
            "locator" => self.take_locator(value),
            "ciphertext_sha256" => once(&mut self.ciphertext_hash, lower_hex(value)),
            "plaintext_sha256" => once(&mut self.plaintext_hash, lower_hex(value)),
            "nonce" => once(&mut self.nonce, lower_hex(value)),
            "m" => once(&mut self.mime, canonical_mime(value).filter(|canonical| canonical == value)),
            "filename" => once(&mut self.file_name, is_file_name(value).then(|| value.to_owned())),
            "dim" => once(&mut self.dimensions, Some(value.to_owned())),
            "thumbhash" => once(&mut self.thumbhash, Some(value.to_owned())),
            _ => Ok(()),
        }
    }

    fn take_locator(&mut self, value: &str) -> Result<(), Malformed> {
        let (kind, place) = value.split_once(' ').ok_or(Malformed)?;
        if self.locators.len() == MAX_LOCATORS || !is_locator(kind, place) {
            return Err(Malformed);
        }
        self.locators.push((kind.to_owned(), place.to_owned()));
        Ok(())
    }

    fn complete(self) -> Result<Attachment, Malformed> {
        if !self.version || self.locators.is_empty() {
            return Err(Malformed);
        }
        Ok(Attachment {
            locators: self.locators,
            ciphertext_hash: self.ciphertext_hash.ok_or(Malformed)?,
            plaintext_hash: self.plaintext_hash.ok_or(Malformed)?,
            nonce: self.nonce.ok_or(Malformed)?,
            mime: self.mime.ok_or(Malformed)?,
            file_name: self.file_name.ok_or(Malformed)?,
            dimensions: self.dimensions,
            thumbhash: self.thumbhash,
        })
    }
}

fn once<T>(field: &mut Option<T>, value: Option<T>) -> Result<(), Malformed> {
    if field.is_some() {
        return Err(Malformed);
    }
    *field = Some(value.ok_or(Malformed)?);
    Ok(())
}

fn lower_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    hex::decode(text).ok()?.try_into().ok()
}

fn is_file_name(text: &str) -> bool {
    (1..=MAX_FILE_NAME).contains(&text.len()) && !text.contains('\0')
}

fn is_locator(kind: &str, value: &str) -> bool {
    const MAX_KIND: usize = 64;
    (1..=MAX_KIND).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && (1..=MAX_ELEMENT).contains(&value.len())
}
