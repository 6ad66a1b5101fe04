//! Opening the account that a profile holds: its key is read once, from the keychain or the vault.
//! It creates nothing: where the key or the database cannot be had, it says so and leaves everything as it is.

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, KeyPlace, Session};
use nostr::PublicKey;
use nostr::nips::nip19::FromBech32 as _;
use zeroize::Zeroizing;

use crate::account::{Account, Opening};
use crate::identity::{DATABASE, Description, VAULT, blocking};
use crate::keychain::{self, KeychainError, Secrets};
use crate::people::npub;
use crate::profile::Profile;
use crate::{Error, Result, vault};

/// How the profile stands when it is opened; opens the account where no question has to be asked.
pub(crate) async fn at_start(profile: &Arc<Profile>) -> Result<()> {
    let folder = profile.home().account();
    if !folder.exists() {
        profile.set_closed(Session::FirstRun { key_place: profile.key_place_for(None) });
        return Ok(());
    }
    let Some(description) = Description::read(&folder) else {
        profile.set_closed(Session::KeyUnavailable {
            npub: String::new(),
            retryable: false,
            message: "The profile holds data of an account, but the file account.json that describes it is missing or damaged. \
                      Put it back from a backup; nothing was changed."
                .to_owned(),
        });
        return Ok(());
    };
    match description.key_place {
        KeyPlace::Keychain => from_keychain(profile, &description).await,
        KeyPlace::Vault => {
            profile.set_closed(Session::Locked { npub: description.npub.clone() });
            match profile.options.passphrase.clone() {
                Some(passphrase) => match from_vault(profile, &description, passphrase).await {
                    Err(error) if error.code == ErrorCode::WrongPassword => Ok(()),
                    Err(error) => {
                        unavailable(profile, &description, &error);
                        Ok(())
                    }
                    Ok(()) => Ok(()),
                },
                None => Ok(()),
            }
        }
    }
}

/// The person answered: with a passphrase for the vault, or with a keychain that is unlocked by now.
pub(crate) async fn unlock(profile: &Arc<Profile>, args: ipc::Unlock) -> Result<Session> {
    let passphrase = Zeroizing::new(args.passphrase);
    let _turn = profile.turn().await?;
    if profile.account().is_ok() {
        return Ok(profile.session());
    }
    let description = Description::read(&profile.home().account()).ok_or_else(Error::no_account)?;
    match description.key_place {
        KeyPlace::Keychain => {
            from_keychain(profile, &description).await?;
            match profile.session() {
                Session::KeyUnavailable { retryable: true, message, .. } => Err(Error::passing(ErrorCode::KeychainLocked, message)),
                Session::KeyUnavailable { message, .. } => Err(Error::new(ErrorCode::KeyMissing, message)),
                _ => Ok(profile.announce()),
            }
        }
        KeyPlace::Vault => {
            from_vault(profile, &description, passphrase).await?;
            Ok(profile.announce())
        }
    }
}

async fn from_keychain(profile: &Arc<Profile>, description: &Description) -> Result<()> {
    let read = match profile.keychain() {
        Some(keychain) => keychain::read(keychain, &description.npub).await,
        None => Err(KeychainError::Missing),
    };
    let opened = match read {
        Ok(Some(item)) => match Secrets::from_item(&item).filter(|secrets| is_of(secrets, description)) {
            Some(secrets) => open(profile, secrets, KeyPlace::Keychain).await,
            None => Err(gone("The keychain's item for this account is damaged.")),
        },
        Ok(None) => Err(gone("The keychain no longer has the key of this account.")),
        Err(KeychainError::Missing) => Err(Error::passing(
            ErrorCode::KeychainMissing,
            "The keychain that holds the key of this account does not run. Start it and try again; nothing was changed.",
        )),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = opened {
        unavailable(profile, description, &error);
    }
    Ok(())
}

async fn from_vault(profile: &Arc<Profile>, description: &Description, passphrase: Zeroizing<String>) -> Result<()> {
    let path = profile.home().account().join(VAULT);
    let secrets = blocking(move || vault::read(&path, &passphrase)).await?;
    if !is_of(&secrets, description) {
        return Err(Error::new(ErrorCode::KeyMissing, "The vault belongs to another account. Put the right one back from a backup."));
    }
    open(profile, secrets, KeyPlace::Vault).await
}

/// Opens the database and starts the account.
pub(crate) async fn open(profile: &Arc<Profile>, secrets: Secrets, key_place: KeyPlace) -> Result<()> {
    let opening = Opening {
        database: profile.home().account().join(DATABASE),
        secrets,
        key_place,
        options: profile.options.clone(),
        bus: Arc::clone(&profile.bus),
        attention: Arc::clone(profile.attention()),
        try_it: false,
        auto_accept: false,
    };
    profile.set_open(Account::open(opening).await?);
    Ok(())
}

fn is_of(secrets: &Secrets, description: &Description) -> bool {
    npub(&secrets.keys.public_key()) == description.npub && PublicKey::from_bech32(&description.npub).is_ok()
}

fn unavailable(profile: &Arc<Profile>, description: &Description, error: &Error) {
    profile.set_closed(Session::KeyUnavailable {
        npub: description.npub.clone(),
        retryable: error.retryable,
        message: error.message.clone(),
    });
}

fn gone(what: &str) -> Error {
    Error::new(
        ErrorCode::KeyMissing,
        format!("{what} The messages on this computer cannot be read without it. Nothing was changed: restore the keychain from a backup."),
    )
}
