//! The secrets of an account in a file, sealed by a passphrase: Argon2id and XChaCha20-Poly1305.
//! It never holds the passphrase longer than a call, and never writes anything unsealed.
//!
//! Layout, 165 bytes: magic `MURMELVAULT`, version `0x01`, memory in KiB, passes and lanes (u32 big-endian each), salt (16), nonce (24),
//! sealed item (96 + 16). Everything before the sealed item is authenticated with it.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use murmel_ipc::ErrorCode;
use nostr::secp256k1::rand::{RngCore as _, rngs::OsRng};
use zeroize::Zeroizing;

use crate::keys::keychain::Secrets;
use crate::profile::home::{disk, write_private};
use crate::{Error, Result};

const MAGIC: &[u8; 11] = b"MURMELVAULT";
const VERSION: u8 = 1;
const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 24;
const HEADER_LEN: usize = MAGIC.len() + 1 + 3 * 4 + SALT_LEN + NONCE_LEN;
/// A vault that is larger is none.
const MAX_LEN: u64 = 4_096;
/// Most memory an existing file may ask for, in KiB.
const MAX_MEMORY: u32 = 1024 * 1024;
/// Most passes and lanes an existing file may ask for.
const MAX_PASSES: u32 = 64;

/// What sealing costs; written into the file, so that it can be raised later.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// The second recommended setting of RFC 9106 §4: 64 MiB, 3 passes, 4 lanes.
    pub(crate) const RECOMMENDED: Self = Self { memory: 64 * 1024, passes: 3, lanes: 4 };
}

/// Seals the item of an account and writes them to a file that only its owner can read.
pub(crate) fn write(path: &Path, item: &[u8], passphrase: &str) -> Result<()> {
    write_private(path, &seal(item, passphrase, Cost::RECOMMENDED)?)
}

/// Reads and opens a vault.
///
/// # Errors
/// `KeyMissing` where there is no vault or it is damaged, `WrongPassword`.
pub(crate) fn read(path: &Path, passphrase: &str) -> Result<Secrets> {
    let mut sealed = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(MAX_LEN).read_to_end(&mut sealed)) {
        Ok(_) => open(&sealed, passphrase),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::new(ErrorCode::KeyMissing, "The vault file of this account is missing. Put it back from a backup."))
        }
        Err(error) => Err(disk(&error)),
    }
}

fn seal(item: &[u8], passphrase: &str, cost: Cost) -> Result<Vec<u8>> {
    if passphrase.is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "The passphrase is empty. Choose one."));
    }
    let mut salt = [0; SALT_LEN];
    let mut nonce = [0; NONCE_LEN];
    OsRng.fill_bytes(&mut salt);
    OsRng.fill_bytes(&mut nonce);
    let mut file = Vec::with_capacity(HEADER_LEN + 128);
    file.extend_from_slice(MAGIC);
    file.push(VERSION);
    for number in [cost.memory, cost.passes, cost.lanes] {
        file.extend_from_slice(&number.to_be_bytes());
    }
    file.extend_from_slice(&salt);
    file.extend_from_slice(&nonce);
    let cipher = cipher(passphrase, &salt, cost)?;
    let sealed = cipher
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: item, aad: &file })
        .map_err(|_| Error::internal("the vault could not be sealed"))?;
    file.extend_from_slice(&sealed);
    Ok(file)
}

fn open(file: &[u8], passphrase: &str) -> Result<Secrets> {
    let (header, sealed) = file.split_at_checked(HEADER_LEN).ok_or_else(damaged)?;
    let rest = header.strip_prefix(MAGIC.as_slice()).ok_or_else(damaged)?;
    let (version, rest) = rest.split_first().ok_or_else(damaged)?;
    if *version != VERSION {
        return Err(Error::new(ErrorCode::KeyMissing, "The vault was written by a newer Murmel. Update Murmel to open it."));
    }
    let (memory, rest) = number(rest)?;
    let (passes, rest) = number(rest)?;
    let (lanes, rest) = number(rest)?;
    if memory > MAX_MEMORY || passes > MAX_PASSES || lanes > MAX_PASSES {
        return Err(damaged());
    }
    let (salt, nonce) = rest.split_at_checked(SALT_LEN).ok_or_else(damaged)?;
    let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| damaged())?;
    let cipher = cipher(passphrase, salt, Cost { memory, passes, lanes })?;
    let item = cipher
        .decrypt(XNonce::from_slice(&nonce), Payload { msg: sealed, aad: header })
        .map(Zeroizing::new)
        .map_err(|_| Error::new(ErrorCode::WrongPassword, "This passphrase does not open the vault. Check it and try again."))?;
    Secrets::from_item(&item).ok_or_else(damaged)
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    Ok((u32::from_be_bytes(*number), rest))
}

fn cipher(passphrase: &str, salt: &[u8], cost: Cost) -> Result<XChaCha20Poly1305> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(|_| damaged())?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| Error::internal("the passphrase could not be stretched"))?;
    Ok(XChaCha20Poly1305::new(key.as_slice().into()))
}

fn damaged() -> Error {
    Error::new(ErrorCode::KeyMissing, "The vault file of this account is damaged. Put it back from a backup.")
}

#[cfg(test)]
mod tests {
    use nostr::Keys;

    use super::*;

    const CHEAP: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

    fn secrets() -> Secrets {
        Secrets { keys: Keys::generate(), database: Zeroizing::new([9; 32]) }
    }

    #[test]
    fn a_vault_opens_with_its_passphrase_and_with_no_other() {
        let secrets = secrets();
        let file = seal(&secrets.to_item(), "correct horse", CHEAP).unwrap();
        assert_eq!(open(&file, "correct horse").unwrap().keys.public_key(), secrets.keys.public_key());
        assert_eq!(open(&file, "correct horse").unwrap().database, secrets.database);
        assert_eq!(open(&file, "Correct horse").err().unwrap().code, ErrorCode::WrongPassword);
        assert_eq!(open(&file, "").err().unwrap().code, ErrorCode::WrongPassword);
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let file = seal(&secrets().to_item(), "p", CHEAP).unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(open(&changed, "p").is_err(), "byte {at}");
        }
        for len in 0..file.len() {
            assert!(open(&file[..len], "p").is_err(), "length {len}");
        }
    }

    #[test]
    fn a_file_cannot_ask_for_more_memory_than_the_cap() {
        let mut file = seal(&secrets().to_item(), "p", CHEAP).unwrap();
        file[MAGIC.len() + 1..MAGIC.len() + 5].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(open(&file, "p").err().unwrap().code, ErrorCode::KeyMissing);
    }

    #[test]
    fn the_file_holds_neither_key_nor_item() {
        let secrets = secrets();
        let file = seal(&secrets.to_item(), "p", CHEAP).unwrap();
        let raw = secrets.keys.secret_key().as_secret_bytes();
        assert!(!file.windows(raw.len()).any(|window| window == raw));
        assert!(!file.windows(16).any(|window| window == &secrets.to_item()[..16]));
    }
}
