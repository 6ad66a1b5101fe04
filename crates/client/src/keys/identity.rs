//! The account's key: looked at, created, imported.
//! It never starts a new identity over data of another; unlocking is [`crate::keys::unlock`].

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, KeyKind, KeyPlace, SecretText};
use nostr::nips::nip06::FromMnemonic as _;
use nostr::nips::nip19::FromBech32 as _;
use nostr::nips::nip49::EncryptedSecretKey;
use nostr::secp256k1::rand::{RngCore as _, rngs::OsRng};
use nostr::{Keys, SecretKey};
use zeroize::Zeroizing;

use crate::account::{Birth, create_database};
use crate::keys::keychain::{self, Keychain, KeychainError, Secrets};
use crate::keys::{safety, unlock};
use crate::people::npub;
use crate::profile::Profile;
use crate::profile::accounts::Standing;
use crate::profile::description::{DATABASE, Description, VAULT};
use crate::profile::home::Home;
use crate::{Error, Result};

/// Highest number of an account of seed words (BIP-32: hardened).
const MAX_INDEX: u32 = 0x7fff_ffff;
/// Longest text that is looked at as a key, in bytes.
const MAX_KEY_TEXT: usize = 1_024;
/// Longest name of an account, in bytes of UTF-8; that of a group is the same.
pub(crate) const MAX_NAME: usize = 256;
/// Most work an ncryptsec may ask for: 2^18 rounds of scrypt, 256 MiB. Other programs use 16.
const MAX_LOG_N: u8 = 18;

/// A key as it was pasted.
enum Pasted {
    Open(KeyKind, SecretKey),
    Sealed(Box<EncryptedSecretKey>),
    /// Seed words; which key they mean depends on an extra word and a number.
    Words(Zeroizing<String>),
}

/// What belongs to a pasted key.
#[derive(Default)]
pub(crate) struct Beside {
    /// Opens an ncryptsec, or is the extra word of seed words.
    pub(crate) password: Option<Zeroizing<String>>,
    /// Which account of seed words.
    pub(crate) index: u32,
}

pub(crate) async fn inspect(profile: &Arc<Profile>, key: &str, beside: Beside) -> Result<ipc::KeyPreview> {
    let pasted = read_key(key)?;
    let kind = kind(&pasted);
    let secret = match open_key(pasted, beside).await {
        Ok(secret) => Some(secret),
        Err(error) if error.code == ErrorCode::PasswordNeeded => None,
        Err(error) => return Err(error),
    };
    let npub = secret.map(|secret| npub(&Keys::new(secret).public_key()));
    Ok(ipc::KeyPreview { kind, npub, key_place: profile.key_place_for(None) })
}

pub(crate) async fn create(profile: &Arc<Profile>, args: ipc::NewIdentity) -> Result<ipc::Session> {
    let name = account_name(&args.name)?;
    establish(profile, Keys::generate(), name, args.passphrase.map(SecretText::into_inner), Birth::Created).await
}

pub(crate) async fn import(profile: &Arc<Profile>, args: ipc::ImportIdentity) -> Result<ipc::Session> {
    let beside = Beside { password: args.password.map(SecretText::into_inner), index: args.account_index.unwrap_or(0) };
    let secret = open_key(read_key(&args.key)?, beside).await?;
    establish(profile, Keys::new(secret), String::new(), args.passphrase.map(SecretText::into_inner), Birth::Imported).await
}

/// Deletes what an interrupted attempt to add an account left, in the folder and in the keychain.
pub(crate) async fn discard_unfinished(home: &Home, keychain: Option<&Arc<dyn Keychain>>) -> Result<()> {
    let item = Description::read(&home.unfinished()).and_then(|description| description.item);
    if let (Some(item), Some(keychain)) = (item, keychain)
        && let Err(error) = keychain::remove(keychain, &item).await
    {
        // Another start tries again; until then the item is only in the way of nobody.
        tracing::warn!(?error, "an item of an interrupted attempt stays in the keychain");
        return Ok(());
    }
    home.discard_new_account()
}

/// Keeps the key, makes the database, opens the account and shows it. Whatever fails, the profile is as it was.
async fn establish(
    profile: &Arc<Profile>,
    keys: Keys,
    name: String,
    passphrase: Option<Zeroizing<String>>,
    birth: Birth,
) -> Result<ipc::Session> {
    let _turn = profile.turn().await?;
    let user = npub(&keys.public_key());
    profile.expect_room(Some(&user))?;
    let given = || profile.options.passphrase.as_ref().map(|text| Zeroizing::new(text.to_string()));
    let passphrase = passphrase.filter(|passphrase| !passphrase.is_empty()).or_else(given);
    let mut database = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(database.as_mut_slice());
    let secrets = Secrets { keys, database };

    let key_place = if passphrase.is_some() { KeyPlace::Vault } else { KeyPlace::Keychain };
    let made = async {
        let folder = profile.home().new_account()?;
        let mut description = Description::fresh(user.clone(), key_place, profile.next_place()?);
        match passphrase {
            Some(passphrase) => safety::seal(&folder, VAULT, secrets.to_item(), passphrase).await?,
            None => {
                let keychain = profile.keychain().ok_or(KeychainError::Missing)?;
                description.item = Some(safety::free_item(keychain, &user).await?);
                // Written before the item is: an attempt that ends here is cleared away at the next start.
                description.write(&folder)?;
                keychain::write(keychain, description.item(), secrets.to_item()).await?;
            }
        }
        create_database(&folder.join(DATABASE), &secrets, &name, birth, &profile.options).await?;
        description.write(&folder)?;
        profile.home().adopt_account(&user)
    };
    if let Err(error) = made.await {
        discard_unfinished(profile.home(), profile.keychain()).await?;
        return Err(error);
    }
    let account = unlock::open(profile, secrets, key_place).await?;
    profile.put(&user, Standing::Open(account));
    profile.show(&user);
    profile.idle.used();
    profile.announce(&user);
    Ok(profile.session(None))
}

fn kind(pasted: &Pasted) -> KeyKind {
    match pasted {
        Pasted::Open(kind, _) => *kind,
        Pasted::Sealed(_) => KeyKind::Ncryptsec,
        Pasted::Words(_) => KeyKind::Words,
    }
}

async fn open_key(pasted: Pasted, beside: Beside) -> Result<SecretKey> {
    let password = beside.password.filter(|password| !password.is_empty());
    match pasted {
        Pasted::Open(_, secret) => Ok(secret),
        Pasted::Sealed(sealed) => {
            let password =
                password.ok_or_else(|| Error::new(ErrorCode::PasswordNeeded, "This key is sealed with a password. Enter it too."))?;
            unseal(*sealed, password).await
        }
        Pasted::Words(words) => blocking(move || from_words(&words, password.as_deref().map(String::as_str), beside.index)).await,
    }
}

/// The key of seed words: m/44'/1237'/index'/0/0 (NIP-06).
fn from_words(words: &str, extra: Option<&str>, index: u32) -> Result<SecretKey> {
    if index > MAX_INDEX {
        return Err(invalid("There is no account of this number. Most people need the first one, which is 0."));
    }
    Keys::from_mnemonic_with_account(words, extra, Some(index))
        .map(|keys| keys.secret_key().clone())
        .map_err(|_| invalid("These words are not seed words: one is misspelt, missing or in another place. Check them."))
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
    let words = lower.split_whitespace().count();
    if words == 12 || words == 24 {
        return Ok(Pasted::Words(Zeroizing::new(lower.split_whitespace().collect::<Vec<_>>().join(" "))));
    }
    if words > 1 && lower.split_whitespace().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())) {
        return Err(invalid("These are not 12 or 24 seed words. Check whether one is missing."));
    }
    Err(invalid("This is not a secret key. It starts with nsec1 or ncryptsec1, is 64 hex digits long, or is 12 or 24 seed words."))
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

#[cfg(test)]
mod tests {
    use nostr::nips::nip19::ToBech32 as _;
    use nostr::nips::nip49::KeySecurity;

    use super::*;

    fn kind(text: &str) -> Result<KeyKind> {
        read_key(text).map(|pasted| super::kind(&pasted))
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
            ("leader monkey parrot".to_owned(), "missing"),
            ("ncryptsec1qq".to_owned(), "incomplete"),
            ("n".repeat(MAX_KEY_TEXT + 1), "too long"),
        ];
        for (text, hint) in cases {
            let error = kind(&text).err().unwrap();
            assert_eq!(error.code, ErrorCode::InvalidKey);
            assert!(error.message.contains(hint), "{text}: {}", error.message);
        }
    }

    /// The vectors of NIP-06.
    #[test]
    fn seed_words_give_the_keys_of_nip_06() {
        let vectors = [
            (
                "leader monkey parrot ring guide accident before fence cannon height naive bean",
                "7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a",
            ),
            (
                "what bleak badge arrange retreat wolf trade produce cricket blur garlic valid proud rude strong choose busy staff weather \
                 area salt hollow arm fade",
                "c15d739894c81a2fcfd3a2df85a0d2c0dbc47a280d092799f144d73d7ae78add",
            ),
        ];
        for (words, hex) in vectors {
            let typed = format!("  {}\n", words.to_uppercase().replace(' ', " \t "));
            let Pasted::Words(read) = read_key(&typed).unwrap() else { panic!("not words") };
            assert_eq!(from_words(&read, None, 0).unwrap().to_secret_hex(), hex);
            assert_ne!(from_words(&read, None, 1).unwrap().to_secret_hex(), hex);
            assert_ne!(from_words(&read, Some("extra"), 0).unwrap().to_secret_hex(), hex);
            let misspelt = read.replacen("ar", "ra", 1);
            assert_eq!(from_words(&misspelt, None, 0).unwrap_err().code, ErrorCode::InvalidKey);
            assert_eq!(from_words(&read, None, u32::MAX).unwrap_err().code, ErrorCode::InvalidKey);
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
