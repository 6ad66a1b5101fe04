//! Opening the accounts that a profile holds: a key is read once, from the keychain or the vault.
//! It creates nothing: where the key or the database cannot be had, it says so and leaves everything as it is.

use std::sync::{Arc, Weak};

use murmel_ipc::{self as ipc, ErrorCode, KeyFault, KeyPlace, Session};
use zeroize::Zeroizing;

use crate::account::{Account, Opening};
use crate::keys::identity::blocking;
use crate::keys::keychain::{self, Answer, Asked, KeychainError, Secrets, TIMEOUT};
use crate::keys::unavailable::Fault;
use crate::keys::{safety, vault};
use crate::people::npub;
use crate::profile::Profile;
use crate::profile::accounts::Standing;
use crate::profile::description::{DATABASE, Description, RECOVERY, VAULT};
use crate::profile::home::Home;
use crate::{Error, Result};

/// How an account stands before anybody has asked for its key.
pub(crate) fn locked(home: &Home, npub: &str) -> Session {
    let folder = home.account(npub);
    let key_place = Description::read(&folder).map_or(KeyPlace::Vault, |description| description.key_place);
    Session::Locked { npub: npub.to_owned(), key_place, recovery: folder.join(RECOVERY).exists() }
}

/// Opens an account where no question has to be asked, and notes how it stands.
pub(crate) async fn at_start(profile: &Arc<Profile>, npub: String) {
    if profile.options.account.as_deref().is_some_and(|wanted| wanted.starts_with("npub1") && !npub.starts_with(wanted)) {
        return;
    }
    let passphrase = profile.options.passphrase.as_ref().map(|text| Zeroizing::new(text.to_string()));
    // However it ends, it is noted.
    drop(try_open(profile, &npub, passphrase).await);
}

/// The person answered: with a passphrase for the vault, or with a keychain that is unlocked by now.
pub(crate) async fn unlock(profile: &Arc<Profile>, named: Option<&str>, args: ipc::Unlock) -> Result<Session> {
    let passphrase = args.passphrase.into_inner();
    let _turn = profile.turn().await?;
    if profile.account(named).is_ok() {
        return Ok(profile.session(named));
    }
    let npub = profile.npub(named)?;
    let others: Vec<String> = profile.closed_accounts().into_iter().filter(|other| *other != npub).collect();
    let again = (!others.is_empty()).then(|| Zeroizing::new(passphrase.as_str().to_owned()));
    let opened = try_open(profile, &npub, Some(passphrase)).await;
    profile.announce(&npub);
    opened?;
    profile.idle.used();
    if let Some(again) = again {
        tokio::spawn(the_others(Arc::downgrade(profile), others, again));
    }
    Ok(profile.session(named))
}

/// Who was let in is let into whatever else opens with the same passphrase, or without one.
async fn the_others(profile: Weak<Profile>, others: Vec<String>, passphrase: Zeroizing<String>) {
    for npub in others {
        let Some(profile) = profile.upgrade() else { return };
        let Ok(_turn) = profile.turn().await else { return };
        let passphrase = Zeroizing::new(passphrase.as_str().to_owned());
        if profile.account(Some(&npub)).is_err() && try_open(&profile, &npub, Some(passphrase)).await.is_ok() {
            profile.announce(&npub);
        }
    }
}

/// Opens an account and notes how it stands then. Without a passphrase a vault stays locked.
async fn try_open(profile: &Arc<Profile>, npub: &str, passphrase: Option<Zeroizing<String>>) -> Result<()> {
    let folder = profile.home().account(npub);
    let Some(description) = Description::read(&folder).filter(|description| description.npub == npub) else {
        let fault = Fault {
            message: "The file account.json that describes the data of this account is missing or damaged. \
                      Put it back from a backup; nothing was changed."
                .to_owned(),
            ..Fault::of(KeyFault::DatabaseDamaged)
        };
        return Err(unavailable(profile, npub, fault));
    };
    let secrets = match description.key_place {
        KeyPlace::Keychain => from_keychain(profile, &description).await,
        KeyPlace::Vault => match from_vault(profile, npub, passphrase).await {
            Ok(secrets) => Ok(secrets),
            Err(error) if matches!(error.code, ErrorCode::WrongPassword | ErrorCode::PasswordNeeded) => {
                profile.put(npub, Standing::Shut(locked(profile.home(), npub)));
                return Err(error);
            }
            Err(error) => Err(Fault::from_error(KeyFault::VaultDamaged, error)),
        },
    };
    let opened = match secrets {
        Ok(secrets) => open(profile, secrets, description.key_place).await,
        Err(fault) => Err(fault),
    };
    match opened {
        Ok(account) => {
            profile.put(npub, Standing::Open(account));
            safety::tidy(profile, description).await;
            Ok(())
        }
        Err(fault) => Err(unavailable(profile, npub, fault)),
    }
}

fn unavailable(profile: &Profile, npub: &str, fault: Fault) -> Error {
    let recovery = profile.home().account(npub).join(RECOVERY).exists();
    profile.put(npub, Standing::Shut(fault.clone().session(npub, recovery)));
    fault.into()
}

pub(crate) async fn from_keychain(profile: &Arc<Profile>, description: &Description) -> std::result::Result<Secrets, Fault> {
    let keychain = profile.keychain().ok_or_else(|| Fault::of(KeyFault::KeychainMissing))?;
    if profile.set_asking(&description.npub, true) {
        // One thread at most hangs in it for one account.
        return Err(Fault::of(KeyFault::KeychainSilent));
    }
    let mut asked = keychain::ask(keychain, description.item());
    let answer = asked.within(profile.options.pace.keychain).await;
    if answer == Err(KeychainError::TimedOut) && matches!(asked, Asked::Waiting(_)) {
        let (profile, description) = (Arc::downgrade(profile), description.clone());
        tokio::spawn(async move {
            let answer = asked.within(TIMEOUT).await;
            let Some(profile) = profile.upgrade() else { return };
            profile.set_asking(&description.npub, false);
            late(&profile, &description, answer).await;
        });
    } else {
        profile.set_asking(&description.npub, false);
    }
    secrets_in(answer, &description.npub)
}

/// The keychain answered after all.
async fn late(profile: &Arc<Profile>, description: &Description, answer: Answer) {
    let npub = &description.npub;
    let Ok(_turn) = profile.turn().await else { return };
    let waits = matches!(profile.session(Some(npub)), Session::KeyUnavailable { reason: KeyFault::KeychainSilent, .. });
    if !waits || answer == Err(KeychainError::TimedOut) {
        return;
    }
    let opened = match secrets_in(answer, npub) {
        Ok(secrets) => open(profile, secrets, KeyPlace::Keychain).await,
        Err(fault) => Err(fault),
    };
    match opened {
        Ok(account) => profile.put(npub, Standing::Open(account)),
        Err(fault) => drop(unavailable(profile, npub, fault)),
    }
    profile.announce(npub);
}

fn secrets_in(answer: Answer, npub: &str) -> std::result::Result<Secrets, Fault> {
    let item = answer?.ok_or_else(|| Fault::of(KeyFault::KeyGone))?;
    Secrets::from_item(&item).filter(|secrets| is_of(secrets, npub)).ok_or_else(|| Fault::of(KeyFault::KeyChanged))
}

pub(crate) async fn from_vault(profile: &Arc<Profile>, npub: &str, passphrase: Option<Zeroizing<String>>) -> Result<Secrets> {
    let passphrase = passphrase.ok_or_else(|| Error::new(ErrorCode::PasswordNeeded, "Enter the passphrase of this account."))?;
    let path = profile.home().account(npub).join(VAULT);
    let secrets = blocking(move || vault::read(&path, &passphrase)).await?;
    if is_of(&secrets, npub) { Ok(secrets) } else { Err(Fault::of(KeyFault::VaultDamaged).into()) }
}

/// Opens the database and starts the account.
pub(crate) async fn open(profile: &Arc<Profile>, secrets: Secrets, key_place: KeyPlace) -> std::result::Result<Arc<Account>, Fault> {
    let database = profile.home().account(&npub(&secrets.keys.public_key())).join(DATABASE);
    if !database.exists() {
        return Err(Fault::of(KeyFault::DatabaseMissing));
    }
    let opening = Opening {
        database,
        secrets,
        key_place,
        options: profile.options.clone(),
        bus: Arc::clone(&profile.bus),
        desk: Arc::clone(profile.desk()),
        try_it: false,
        auto_accept: false,
    };
    Account::open(opening).await.map_err(|error| match error.code {
        ErrorCode::KeyMissing => Fault::of(KeyFault::KeyDoesNotFit),
        _ => Fault::from_error(KeyFault::DatabaseDamaged, error),
    })
}

/// Whether secrets are those of an account.
pub(crate) fn is_of(secrets: &Secrets, account: &str) -> bool {
    npub(&secrets.keys.public_key()) == account
}
