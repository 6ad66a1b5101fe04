//! Where an account's key is kept, what else opens it, and how it is taken along: keychain, vault, recovery code, ncryptsec.
//! It never takes an old way in away before a new one was written and read back.

use std::path::Path;
use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, KeyPlace, KeySafety, SecretText, Session};
use nostr::nips::nip19::ToBech32 as _;
use nostr::nips::nip49::{EncryptedSecretKey, KeySecurity};
use zeroize::Zeroizing;

use crate::keys::identity::blocking;
use crate::keys::keychain::{self, Keychain, KeychainError};
use crate::keys::{recovery, unlock, vault};
use crate::profile::Profile;
use crate::profile::accounts::Standing;
use crate::profile::description::{Description, RECOVERY, VAULT};
use crate::profile::home::{disk, replace_file, wipe_file};
use crate::{Error, Result};

/// Work of an exported key, 2^16 rounds of scrypt: what other programs use, 64 MiB.
const LOG_N: u8 = 16;

/// The secrets of an account as they are kept.
type Item = Zeroizing<Vec<u8>>;

/// Seals secrets into a file: written beside it, read back, and only then put in its place.
pub(crate) async fn seal(folder: &Path, name: &str, item: Item, passphrase: Zeroizing<String>) -> Result<()> {
    let (path, next) = (folder.join(name), folder.join(format!("{name}-next")));
    blocking(move || {
        vault::write(&next, &item, &passphrase)?;
        if vault::read(&next, &passphrase)?.to_item() != item {
            return Err(disk(&std::io::ErrorKind::InvalidData.into()));
        }
        replace_file(&next, &path)
    })
    .await
}

/// A name for an item that the keychain does not have yet: another profile may hold the same identity.
pub(crate) async fn free_item(keychain: &Arc<dyn Keychain>, npub: &str) -> Result<String> {
    if keychain::read(keychain, npub).await?.is_none() {
        return Ok(npub.to_owned());
    }
    Ok(format!("{npub}#{:016x}", rand::random::<u64>()))
}

/// What an interrupted move of the key left; called once the account has opened with the key from where it is.
pub(crate) async fn tidy(profile: &Profile, mut description: Description) {
    let folder = profile.home().account(&description.npub);
    if description.key_place == KeyPlace::Keychain {
        drop(wipe_file(&folder.join(VAULT)));
    }
    for name in [VAULT, RECOVERY] {
        drop(wipe_file(&folder.join(format!("{name}-next"))));
    }
    let (KeyPlace::Vault, Some(item), Some(keychain)) = (description.key_place, description.item.take(), profile.keychain()) else {
        return;
    };
    if keychain::remove(keychain, &item).await.is_ok() {
        drop(description.write(&folder));
    }
}

/// Where the key is, and what else opens the account.
pub(crate) fn safety(profile: &Profile, named: Option<&str>) -> Result<KeySafety> {
    let npub = profile.npub(named)?;
    let folder = profile.home().account(&npub);
    let key_place = described(profile, &npub)?.key_place;
    Ok(KeySafety { key_place, keychain: profile.keychain().is_some(), recovery: folder.join(RECOVERY).exists() })
}

/// Seals the vault with another passphrase.
pub(crate) async fn change_passphrase(profile: &Arc<Profile>, named: Option<&str>, args: ipc::ChangePassphrase) -> Result<()> {
    let _turn = profile.turn().await?;
    let npub = profile.npub(named)?;
    if described(profile, &npub)?.key_place != KeyPlace::Vault {
        return Err(Error::new(ErrorCode::InvalidInput, "The key of this account is in the keychain; it has no passphrase."));
    }
    let secrets = unlock::from_vault(profile, &npub, Some(args.old.into_inner())).await?;
    seal(&profile.home().account(&npub), VAULT, secrets.to_item(), args.new.into_inner()).await
}

/// Moves the key into a vault that `passphrase` seals, or out of the one that it opens into the keychain.
pub(crate) async fn move_key(
    profile: &Arc<Profile>,
    named: Option<&str>,
    to: KeyPlace,
    passphrase: Option<Zeroizing<String>>,
) -> Result<()> {
    let _turn = profile.turn().await?;
    let npub = profile.npub(named)?;
    let description = described(profile, &npub)?;
    let passphrase = passphrase.filter(|text| !text.is_empty());
    match (description.key_place, to) {
        (KeyPlace::Keychain, KeyPlace::Vault) => {
            let passphrase = passphrase.ok_or_else(|| Error::new(ErrorCode::PasswordNeeded, "Choose a passphrase that seals the key."))?;
            let secrets = unlock::from_keychain(profile, &description).await?;
            keep(profile, description, secrets.to_item(), Some(passphrase)).await?;
        }
        (KeyPlace::Vault, KeyPlace::Keychain) => {
            let secrets = unlock::from_vault(profile, &npub, passphrase).await?;
            keep(profile, description, secrets.to_item(), None).await?;
        }
        _ => return Ok(()),
    }
    tidy(profile, described(profile, &npub)?).await;
    if let Ok(account) = profile.account(Some(&npub)) {
        account.set_key_place(to);
    }
    Ok(())
}

/// The account's key sealed with a password, as an ncryptsec (NIP-49).
pub(crate) async fn export(profile: &Profile, named: Option<&str>, password: Zeroizing<String>) -> Result<String> {
    if password.is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "The password is empty. Choose one that nobody guesses."));
    }
    let account = profile.account(named)?;
    blocking(move || {
        let sealed = EncryptedSecretKey::new(account.keys.secret_key(), password.as_str(), LOG_N, KeySecurity::Unknown);
        sealed.ok().and_then(|sealed| sealed.to_bech32().ok()).ok_or_else(|| Error::internal("the key could not be sealed"))
    })
    .await
}

/// Puts secrets into a vault, or into the keychain, and says so in the description. Whatever fails, the old place still holds.
async fn keep(profile: &Profile, mut description: Description, item: Item, passphrase: Option<Zeroizing<String>>) -> Result<()> {
    let folder = profile.home().account(&description.npub);
    match passphrase {
        Some(passphrase) => {
            seal(&folder, VAULT, item, passphrase).await?;
            if description.key_place == KeyPlace::Keychain {
                description.item = Some(description.item().to_owned());
            }
            description.key_place = KeyPlace::Vault;
        }
        None => {
            let keychain = profile.keychain().ok_or(KeychainError::Missing)?;
            let name = free_item(keychain, &description.npub).await?;
            // So that it is known as ours should this end in between.
            description.old_items.push(name.clone());
            description.write(&folder)?;
            keychain::write(keychain, &name, item).await?;
            description.old_items.pop();
            if description.key_place == KeyPlace::Keychain {
                // It may belong to a database that somebody restores from a backup; it goes when the account does.
                let old = description.item().to_owned();
                description.old_items.push(old);
            }
            description.item = Some(name);
            description.key_place = KeyPlace::Keychain;
        }
    }
    description.write(&folder)
}

/// Makes a recovery code, which replaces the one before. It is shown once and kept nowhere.
pub(crate) async fn make_recovery(
    profile: &Arc<Profile>,
    named: Option<&str>,
    passphrase: Option<Zeroizing<String>>,
) -> Result<SecretText> {
    let _turn = profile.turn().await?;
    let npub = profile.npub(named)?;
    let description = described(profile, &npub)?;
    let secrets = match description.key_place {
        KeyPlace::Keychain => unlock::from_keychain(profile, &description).await?,
        KeyPlace::Vault => unlock::from_vault(profile, &npub, passphrase).await?,
    };
    let code = recovery::make();
    seal(&profile.home().account(&npub), RECOVERY, secrets.to_item(), recovery::read(&code)?).await?;
    profile.announce(&npub);
    Ok(code)
}

/// Takes the recovery code away: it opens nothing any more.
pub(crate) async fn remove_recovery(profile: &Arc<Profile>, named: Option<&str>) -> Result<()> {
    let _turn = profile.turn().await?;
    let npub = profile.npub(named)?;
    let path = profile.home().account(&npub).join(RECOVERY);
    if !path.exists() {
        return Err(Error::new(ErrorCode::NotFound, "This account has no recovery code."));
    }
    wipe_file(&path)?;
    profile.announce(&npub);
    Ok(())
}

/// Opens an account with its recovery code, and keeps its key anew.
pub(crate) async fn recover(profile: &Arc<Profile>, named: Option<&str>, args: ipc::Recover) -> Result<Session> {
    let passphrase = args.passphrase.map(SecretText::into_inner).filter(|text| !text.is_empty());
    let code = recovery::read(&args.code)?;
    let _turn = profile.turn().await?;
    let npub = profile.npub(named)?;
    if profile.account(Some(&npub)).is_ok() {
        return Ok(profile.session(Some(&npub)));
    }
    let folder = profile.home().account(&npub);
    let path = folder.join(RECOVERY);
    if !path.exists() {
        return Err(Error::new(ErrorCode::NotFound, "No recovery code was made for this account, or it was taken away."));
    }
    let wrong = "This code does not open the account. Check it; if you made several, only the newest one opens it.";
    let secrets = blocking(move || vault::read(&path, &code)).await.map_err(|error| match error.code {
        ErrorCode::WrongPassword => Error::new(ErrorCode::WrongPassword, wrong),
        _ => error,
    })?;
    if !unlock::is_of(&secrets, &npub) {
        return Err(Error::new(
            ErrorCode::KeyMissing,
            "The recovery file belongs to another account. Put the right one back from a backup.",
        ));
    }
    let key_place = if passphrase.is_some() { KeyPlace::Vault } else { KeyPlace::Keychain };
    let item = secrets.to_item();
    // Before anything is written: a key that does not open the database replaces none.
    let account = unlock::open(profile, secrets, key_place).await?;
    let place = profile.next_place()?;
    let description = Description::read(&folder).unwrap_or_else(|| Description::fresh(npub.clone(), key_place, place));
    if let Err(error) = keep(profile, description, item, passphrase).await {
        account.close().await;
        return Err(error);
    }
    profile.put(&npub, Standing::Open(account));
    profile.idle.used();
    profile.announce(&npub);
    Ok(profile.session(Some(&npub)))
}

fn described(profile: &Profile, npub: &str) -> Result<Description> {
    let description = Description::read(&profile.home().account(npub));
    description.ok_or_else(|| Error::new(ErrorCode::Storage, "The file account.json of this account is missing or damaged."))
}
