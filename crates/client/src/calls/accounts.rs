//! The calls about accounts and their keys.

use std::sync::Arc;

use murmel_ipc as ipc;

use crate::confirm::Confirm;
use crate::keys::{app_lock, safety};
use crate::profile::log_out;
use crate::{Client, Result, profile};

/// The accounts of the profile.
impl Client {
    /// Every account of the profile, in the order in which they were added.
    pub fn accounts(&self) -> Vec<ipc::AccountEntry> {
        self.profile.entries()
    }

    /// The same profile, with calls that go to this account instead of the one that is shown.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn named(&self, npub: &str) -> Result<Client> {
        let npub = self.profile.npub(Some(npub))?;
        Ok(Client { profile: Arc::clone(&self.profile), account: Some(npub.into()) })
    }

    /// Shows another account from now on, also after a restart. Calls that name none go to it.
    ///
    /// # Errors
    /// `NotFound`; `AccountExists` while the try-it conversation is open.
    pub async fn switch_account(&self, npub: &str) -> Result<ipc::Session> {
        profile::switch(&self.profile, npub).await
    }

    /// What [`Client::log_out`] would delete.
    ///
    /// # Errors
    /// `NoAccount`, `Storage`.
    pub async fn log_out_summary(&self) -> Result<ipc::LogOutSummary> {
        log_out::summary(&self.profile, self.named_account()).await
    }

    /// Asks the person, then deletes everything of the account from this computer: database, vault, recovery file and the keychain's
    /// item. With `leave` the groups are left first. Interrupted half-way, it is finished at the next start.
    ///
    /// # Errors
    /// `NoAccount`; `Storage` where nothing could be deleted, the account is still there then.
    pub async fn log_out(&self, leave: bool, ask: &dyn Confirm) -> Result<ipc::LoggedOut> {
        log_out::log_out(&self.profile, self.named_account(), leave, ask).await
    }
}

/// Keys of an account.
impl Client {
    /// The key sealed with a password, as an ncryptsec (NIP-49): for a file, never for the page or the clipboard.
    ///
    /// # Errors
    /// `InvalidInput` without a password, `NoAccount` where the account is not open.
    pub async fn export_key(&self, password: ipc::SecretText) -> Result<String> {
        safety::export(&self.profile, self.named_account(), password.into_inner()).await
    }

    /// As [`Client::export_key`], into a file that only its owner can read.
    ///
    /// # Errors
    /// As [`Client::export_key`], and `DiskFull`, `Storage`.
    pub async fn export_key_to(&self, path: &std::path::Path, password: ipc::SecretText) -> Result<()> {
        let text = self.export_key(password).await? + "\n";
        crate::profile::home::write_private(path, text.as_bytes())
    }

    /// Where the key is kept, and what else opens the account.
    ///
    /// # Errors
    /// `NoAccount`, `Storage`.
    pub fn key_safety(&self) -> Result<ipc::KeySafety> {
        safety::safety(&self.profile, self.named_account())
    }

    /// Seals the vault with another passphrase.
    ///
    /// # Errors
    /// `WrongPassword`, `InvalidInput` where the key is in the keychain or the new passphrase is empty, `DiskFull`, `Storage`.
    pub async fn change_passphrase(&self, args: ipc::ChangePassphrase) -> Result<()> {
        safety::change_passphrase(&self.profile, self.named_account(), args).await
    }

    /// Moves the key between keychain and vault: the new place is written and read back before the old one is cleared. `passphrase` is
    /// the one that seals the vault from now on, or the one that opens it now.
    ///
    /// # Errors
    /// `PasswordNeeded`, `WrongPassword`, those of the keychain, `DiskFull`, `Storage`.
    pub async fn move_key(&self, to: ipc::KeyPlace, passphrase: Option<ipc::SecretText>) -> Result<()> {
        safety::move_key(&self.profile, self.named_account(), to, passphrase.map(ipc::SecretText::into_inner)).await
    }

    /// Makes a recovery code that opens the account where keychain or passphrase are lost; one that was made before opens nothing
    /// any more. It is kept nowhere: show it once, outside of the page. `passphrase` opens the vault, where the key is in one.
    ///
    /// # Errors
    /// `PasswordNeeded`, `WrongPassword`, those of the keychain, `DiskFull`, `Storage`.
    pub async fn make_recovery_code(&self, passphrase: Option<ipc::SecretText>) -> Result<ipc::SecretText> {
        safety::make_recovery(&self.profile, self.named_account(), passphrase.map(ipc::SecretText::into_inner)).await
    }

    /// Makes the recovery code open nothing any more.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub async fn remove_recovery_code(&self) -> Result<()> {
        safety::remove_recovery(&self.profile, self.named_account()).await
    }

    /// Opens an account with its recovery code, and keeps its key anew, in the keychain or in a vault.
    ///
    /// # Errors
    /// `InvalidInput` for a typing error, `WrongPassword` for a code that does not open it, `NotFound` where none was made, those of
    /// the keychain.
    pub async fn recover(&self, args: ipc::Recover) -> Result<ipc::Session> {
        safety::recover(&self.profile, self.named_account(), args).await
    }
}

/// The app lock.
impl Client {
    /// Locks every account now: databases and connections are closed, nothing is received.
    ///
    /// # Errors
    /// `NoAccount` once the profile is closed.
    pub async fn lock(&self) -> Result<ipc::Session> {
        app_lock::lock(&self.profile).await
    }

    /// After how many minutes without use everything is locked; 0 is never.
    pub fn lock_after(&self) -> u32 {
        self.profile.lock_after()
    }

    /// Sets [`Client::lock_after`].
    ///
    /// # Errors
    /// `InvalidInput` for more than a day, `DiskFull`, `Storage`.
    pub async fn set_lock_after(&self, minutes: u32) -> Result<()> {
        app_lock::set_after(&self.profile, minutes)
    }

    /// The person does something: the time without use begins anew.
    ///
    /// # Errors
    /// `NoAccount` once the profile is closed.
    pub async fn in_use(&self) -> Result<()> {
        app_lock::used(&self.profile).await
    }
}
