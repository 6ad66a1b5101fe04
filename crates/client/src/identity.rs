//! The account's key: looked at, created, imported.
//! It never starts a new identity over data of another; unlocking is [`crate::unlock`].

use std::path::Path;
use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, KeyKind, KeyPlace};
use nostr::nips::nip19::FromBech32 as _;
use nostr::nips::nip49::EncryptedSecretKey;
use nostr::secp256k1::rand::{RngCore as _, rngs::OsRng};
use nostr::{Keys, SecretKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::{Birth, create_database};
use crate::home::{disk, write_private};
use crate::keychain::{self, Secrets};
use crate::people::npub;
use crate::profile::Profile;
use crate::{Error, Result, unlock, vault};

/// Longest text that is looked at as a key, in bytes.
const MAX_KEY_TEXT: usize = 1_024;
/// Longest name of an account, in bytes of UTF-8; that of a group is the same.
pub(crate) const MAX_NAME: usize = 256;
/// Most work an ncryptsec may ask for: 2^18 rounds of scrypt, 256 MiB. Other programs use 16.
const MAX_LOG_N: u8 = 18;

/// File names in the account's folder.
pub(crate) const DESCRIPTION: &str = "account.json";
pub(crate) const DATABASE: &str = "murmel.db";
pub(crate) const VAULT: &str = "vault";

/// What stands beside the database, so that a missing key is recognised. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) version: u32,
    pub(crate) npub: String,
    pub(crate) key_place: KeyPlace,
}

impl Description {
    const VERSION: u32 = 1;

    /// `None` where there is none, or none that this version reads.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(folder.join(DESCRIPTION)).ok()?;
        serde_json::from_slice(&text).ok().filter(|description: &Self| description.version == Self::VERSION)
    }

    fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|_| Error::internal("the account could not be described"))?;
        write_private(&folder.join(DESCRIPTION), &text)
    }
}

/// A key as it was pasted.
enum Pasted {
    Open(KeyKind, SecretKey),
    Sealed(Box<EncryptedSecretKey>),
}

pub(crate) async fn inspect(profile: &Arc<Profile>, key: &str, password: Option<&str>) -> Result<ipc::KeyPreview> {
    let key_place = profile.key_place_for(None);
    let preview = |kind, secret: Option<SecretKey>| ipc::KeyPreview {
        kind,
        npub: secret.map(|secret| npub(&Keys::new(secret).public_key())),
        key_place,
    };
    match read_key(key)? {
        Pasted::Open(kind, secret) => Ok(preview(kind, Some(secret))),
        Pasted::Sealed(sealed) => match password.filter(|password| !password.is_empty()) {
            Some(password) => Ok(preview(KeyKind::Ncryptsec, Some(unseal(*sealed, password.to_owned().into()).await?))),
            None => Ok(preview(KeyKind::Ncryptsec, None)),
        },
    }
}

pub(crate) async fn create(profile: &Arc<Profile>, args: ipc::NewIdentity) -> Result<ipc::Session> {
    let name = account_name(&args.name)?;
    establish(profile, Keys::generate(), name, args.passphrase.map(Zeroizing::new), Birth::Created).await
}

pub(crate) async fn import(profile: &Arc<Profile>, args: ipc::ImportIdentity) -> Result<ipc::Session> {
    let key = Zeroizing::new(args.key);
    let password = args.password.map(Zeroizing::new).filter(|password| !password.is_empty());
    let passphrase = args.passphrase.map(Zeroizing::new);
    let secret = match read_key(&key)? {
        Pasted::Open(_, secret) => secret,
        Pasted::Sealed(sealed) => {
            let password =
                password.ok_or_else(|| Error::new(ErrorCode::PasswordNeeded, "This key is sealed with a password. Enter it too."))?;
            unseal(*sealed, password).await?
        }
    };
    establish(profile, Keys::new(secret), String::new(), passphrase, Birth::Imported).await
}

/// Keeps the key, makes the database, and opens the account. Whatever fails, the profile is as it was.
async fn establish(
    profile: &Arc<Profile>,
    keys: Keys,
    name: String,
    passphrase: Option<Zeroizing<String>>,
    birth: Birth,
) -> Result<ipc::Session> {
    let _turn = profile.turn().await?;
    profile.expect_first_run()?;
    let passphrase = passphrase.filter(|passphrase| !passphrase.is_empty()).or_else(|| profile.options.passphrase.clone());
    let key_place = if passphrase.is_some() { KeyPlace::Vault } else { KeyPlace::Keychain };
    let mut database = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(database.as_mut_slice());
    let mut secrets = Secrets { keys, database };
    let user = npub(&secrets.keys.public_key());

    let folder = profile.home().new_account()?;
    let mut written = None;
    match &passphrase {
        Some(passphrase) => seal_vault(&folder, &secrets, passphrase).await?,
        None => {
            let keychain = profile.keychain().cloned().ok_or(keychain::KeychainError::Missing)?;
            match keychain::read(&keychain, &user).await? {
                // Another profile of this identity: its item stays as it is, and opens this database too.
                Some(item) => secrets = Secrets::from_item(&item).filter(|kept| kept.keys == secrets.keys).ok_or_else(unknown_item)?,
                None => {
                    keychain::write(&keychain, &user, secrets.to_item()).await?;
                    written = Some(keychain);
                }
            }
        }
    }
    let made = async {
        create_database(&folder.join(DATABASE), &secrets, &name, birth, &profile.options).await?;
        Description { version: Description::VERSION, npub: user.clone(), key_place }.write(&folder)?;
        profile.home().adopt_account()
    };
    if let Err(error) = made.await {
        if let Some(keychain) = written {
            drop(keychain::remove(&keychain, &user).await);
        }
        drop(profile.home().discard_new_account());
        return Err(error);
    }
    unlock::open(profile, secrets, key_place).await?;
    Ok(profile.announce())
}

async fn seal_vault(folder: &Path, secrets: &Secrets, passphrase: &Zeroizing<String>) -> Result<()> {
    let (path, secrets, passphrase) = (folder.join(VAULT), secrets.clone(), passphrase.clone());
    blocking(move || {
        vault::write(&path, &secrets, &passphrase)?;
        let back = vault::read(&path, &passphrase)?;
        if back.keys == secrets.keys { Ok(()) } else { Err(disk(&std::io::ErrorKind::InvalidData.into())) }
    })
    .await
}

fn read_key(text: &str) -> Result<Pasted> {
    let text = text.trim();
    let text = text.strip_prefix("nostr:").unwrap_or(text);
    if text.is_empty() {
        return Err(invalid("Paste your secret key: nsec, ncryptsec or 64 hex digits."));
    }
    if text.len() > MAX_KEY_TEXT {
        return Err(invalid("This is too long for a key. Paste the key alone."));
    }
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    if lower.starts_with("npub1") || lower.starts_with("nprofile1") {
        return Err(invalid(
            "This is a public key. To use your identity here, its secret key is needed: nsec, ncryptsec or 64 hex digits.",
        ));
    }
    if lower.starts_with("ncryptsec1") {
        return EncryptedSecretKey::from_bech32(&lower)
            .map(|sealed| Pasted::Sealed(Box::new(sealed)))
            .map_err(|_| invalid("This ncryptsec is incomplete or has a typing error. Copy it again."));
    }
    if lower.starts_with("nsec1") {
        return SecretKey::from_bech32(&lower)
            .map(|secret| Pasted::Open(KeyKind::Nsec, secret))
            .map_err(|_| invalid("This nsec is incomplete or has a typing error. Copy it again."));
    }
    if lower.len() == 64 && lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return SecretKey::from_hex(&lower)
            .map(|secret| Pasted::Open(KeyKind::Hex, secret))
            .map_err(|_| invalid("These 64 hex digits are not a key. Check them."));
    }
    Err(invalid("This is not a secret key. It starts with nsec1 or ncryptsec1, or is 64 hex digits long."))
}

async fn unseal(sealed: EncryptedSecretKey, password: Zeroizing<String>) -> Result<SecretKey> {
    if sealed.log_n() > MAX_LOG_N {
        return Err(invalid("This ncryptsec asks for more memory than Murmel gives it. Seal the key again with a lower setting."));
    }
    blocking(move || {
        sealed
            .decrypt(&password)
            .map_err(|_| Error::new(ErrorCode::WrongPassword, "This password does not open the key. Check it and try again."))
    })
    .await
}

/// Work that keeps a core busy for a while, off the threads that serve everything else.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Error::internal("a calculation stopped")))
}

fn account_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.len() > MAX_NAME {
        return Err(Error::new(ErrorCode::TooLarge, format!("A name may have at most {MAX_NAME} bytes. Choose a shorter one.")));
    }
    Ok(name.chars().filter(|c| !c.is_control()).collect())
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::InvalidKey, message)
}

fn unknown_item() -> Error {
    Error::new(
        ErrorCode::KeychainLocked,
        "The keychain holds an item for this identity that this version of Murmel cannot read. Nothing was changed. \
         Update Murmel, or choose a passphrase instead.",
    )
}

#[cfg(test)]
mod tests {
    use nostr::nips::nip19::ToBech32 as _;
    use nostr::nips::nip49::KeySecurity;

    use super::*;

    fn kind(text: &str) -> Result<KeyKind> {
        read_key(text).map(|pasted| match pasted {
            Pasted::Open(kind, _) => kind,
            Pasted::Sealed(_) => KeyKind::Ncryptsec,
        })
    }

    #[test]
    fn the_three_forms_of_a_key_are_told_apart() {
        let keys = Keys::generate();
        let nsec = keys.secret_key().to_bech32().unwrap();
        let sealed = EncryptedSecretKey::new(keys.secret_key(), "pw", 4, KeySecurity::Unknown).unwrap().to_bech32().unwrap();
        assert_eq!(kind(&nsec).unwrap(), KeyKind::Nsec);
        assert_eq!(kind(&format!("  {}\n", nsec.to_uppercase())).unwrap(), KeyKind::Nsec);
        assert_eq!(kind(&keys.secret_key().to_secret_hex()).unwrap(), KeyKind::Hex);
        assert_eq!(kind(&sealed).unwrap(), KeyKind::Ncryptsec);
    }

    #[test]
    fn wrong_input_says_what_is_wrong_with_it() {
        let keys = Keys::generate();
        let nsec = keys.secret_key().to_bech32().unwrap();
        let mut damaged = nsec.clone();
        damaged.pop();
        let cases = [
            (String::new(), "Paste"),
            (npub(&keys.public_key()), "public key"),
            (damaged, "incomplete"),
            ("0".repeat(64), "not a key"),
            ("f".repeat(64), "not a key"),
            ("ab".repeat(31), "not a secret key"),
            ("hello".to_owned(), "not a secret key"),
            ("ncryptsec1qq".to_owned(), "incomplete"),
            ("n".repeat(MAX_KEY_TEXT + 1), "too long"),
        ];
        for (text, hint) in cases {
            let error = kind(&text).err().unwrap();
            assert_eq!(error.code, ErrorCode::InvalidKey);
            assert!(error.message.contains(hint), "{text}: {}", error.message);
        }
    }

    #[tokio::test]
    async fn an_ncryptsec_that_asks_for_too_much_memory_is_refused_before_it_is_tried() {
        let sealed = EncryptedSecretKey::new(Keys::generate().secret_key(), "pw", 4, KeySecurity::Unknown).unwrap();
        let mut bytes = sealed.as_vec();
        bytes[1] = 40;
        let greedy = EncryptedSecretKey::from_slice(&bytes).unwrap();
        let error = unseal(greedy, Zeroizing::new("pw".to_owned())).await.err().unwrap();
        assert_eq!(error.code, ErrorCode::InvalidKey);
    }
}
