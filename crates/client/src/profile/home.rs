//! The profile folder: its layout, its permissions and its lock.
//! It reads and writes no secret.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use murmel_ipc::ErrorCode;

use crate::{Error, Result};

const LOCK: &str = "lock";
const ACCOUNTS: &str = "accounts";
const GONE: &str = "gone";
const CHOICES: &str = "profile.json";
const NEW_ACCOUNT: &str = "account.new";
const TRY_IT: &str = "try-it";

/// Most that is overwritten of a small file, in bytes.
const WIPED: usize = 64 * 1024;

/// An opened profile folder. The lock is held until this is dropped.
pub(crate) struct Home {
    path: PathBuf,
    lock: File,
}

impl Home {
    /// Creates the folder where it is missing (readable by its owner only) and takes its lock.
    ///
    /// # Errors
    /// `AlreadyRunning`, `DiskFull`, `Storage`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        private_folder(path)?;
        let lock_path = path.join(LOCK);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        owner_only(&mut options);
        let lock = options.open(&lock_path).map_err(|error| disk(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(Error::passing(
                ErrorCode::AlreadyRunning,
                "Murmel is already running with this profile. Use the window that is open, or close it first.",
            )),
            Err(TryLockError::Error(error)) => Err(disk(&error)),
        }
    }

    /// Frees the lock before the folder is dropped.
    pub(crate) fn unlock(&self) {
        // Dropping the file frees it anyway.
        drop(self.lock.unlock());
    }

    /// The npubs of all accounts, in no order. What does not look like a folder of ours is passed over.
    pub(crate) fn accounts(&self) -> Result<Vec<String>> {
        folders(&self.path.join(ACCOUNTS))
    }

    /// Folder of an account; complete where it exists.
    pub(crate) fn account(&self, npub: &str) -> PathBuf {
        self.path.join(ACCOUNTS).join(npub)
    }

    /// Where the folder is in which an account is put together.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.path.join(NEW_ACCOUNT)
    }

    /// An empty folder in which an account is put together. What an interrupted attempt left there is deleted.
    pub(crate) fn new_account(&self) -> Result<PathBuf> {
        let path = self.unfinished();
        remove_folder(&path)?;
        private_folder(&path)?;
        Ok(path)
    }

    /// Makes what was put together in [`Home::new_account`] an account, in one step.
    pub(crate) fn adopt_account(&self, npub: &str) -> Result<()> {
        let account = self.account(npub);
        if account.exists() {
            return Err(Error::new(ErrorCode::AccountExists, "This profile already has this account."));
        }
        let all = self.path.join(ACCOUNTS);
        private_folder(&all)?;
        fs::rename(self.unfinished(), &account).map_err(|error| disk(&error))?;
        sync_folder(&all);
        sync_folder(&self.path);
        Ok(())
    }

    /// Deletes what an interrupted attempt to create an account left.
    pub(crate) fn discard_new_account(&self) -> Result<()> {
        remove_folder(&self.unfinished())
    }

    /// Takes an account away, in one step; it is wiped from there, now or at the next start.
    pub(crate) fn retire_account(&self, npub: &str) -> Result<PathBuf> {
        let all = self.path.join(GONE);
        private_folder(&all)?;
        let gone = all.join(npub);
        remove_folder(&gone)?;
        fs::rename(self.account(npub), &gone).map_err(|error| disk(&error))?;
        sync_folder(&self.path.join(ACCOUNTS));
        sync_folder(&all);
        Ok(gone)
    }

    /// Accounts that were taken away and are not wiped yet.
    pub(crate) fn retired(&self) -> Result<Vec<PathBuf>> {
        let all = self.path.join(GONE);
        Ok(folders(&all)?.into_iter().map(|npub| all.join(npub)).collect())
    }

    /// Deletes an account that was taken away, and the folder of those where it was the last one.
    pub(crate) fn forget(&self, gone: &Path) -> Result<()> {
        remove_folder(gone)?;
        // Fails where there are others; so it should.
        let _ = fs::remove_dir(self.path.join(GONE));
        let _ = fs::remove_dir(self.path.join(ACCOUNTS));
        sync_folder(&self.path);
        Ok(())
    }

    /// The file of what the profile remembers outside of its accounts.
    pub(crate) fn choices(&self) -> PathBuf {
        self.path.join(CHOICES)
    }

    /// Folder of the try-it conversation.
    pub(crate) fn try_it(&self) -> PathBuf {
        self.path.join(TRY_IT)
    }

    /// Deletes the try-it conversation.
    pub(crate) fn remove_try_it(&self) -> Result<()> {
        remove_folder(&self.try_it())
    }
}

/// Creates a folder that only its owner can enter.
pub(crate) fn private_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| disk(&error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|error| disk(&error))?;
    }
    Ok(())
}

/// Writes a file that only its owner can read: complete, or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let written = write_synced(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(disk(&error));
    }
    if let Some(folder) = path.parent() {
        sync_folder(folder);
    }
    Ok(())
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    owner_only(&mut options);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_options: &mut OpenOptions) {}

/// Makes a rename durable; where folders cannot be synced (Windows) the file system does it in its own time.
fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

/// Names of the folders of accounts in a folder.
fn folders(path: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk(&error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| disk(&error))?;
        let name = entry.file_name().to_str().filter(|name| name.starts_with("npub1")).map(str::to_owned);
        names.extend(name.filter(|_| entry.path().is_dir()));
    }
    Ok(names)
}

/// Overwrites a small file and deletes it; on a disk that writes elsewhere than it is told, the seal is what protects.
pub(crate) fn wipe_file(path: &Path) -> Result<()> {
    let wiped = OpenOptions::new().write(true).open(path).and_then(|mut file| {
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(0).min(WIPED);
        file.write_all(&vec![0; length])?;
        file.sync_all()
    });
    match wiped.and_then(|()| fs::remove_file(path)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(disk(&error)),
    }
}

/// Renames a file over another one.
pub(crate) fn replace_file(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| disk(&error))?;
    to.parent().map(sync_folder);
    Ok(())
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(disk(&error)),
    }
}

/// A failure of the file system, in words.
pub(crate) fn disk(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::passing(ErrorCode::DiskFull, "The disk is full. Free some space and try again; nothing is lost.")
        }
        io::ErrorKind::PermissionDenied => Error::passing(
            ErrorCode::Storage,
            "Murmel may not write into its profile folder. Check the permissions of the folder and try again.",
        ),
        kind => Error::passing(ErrorCode::Storage, format!("The profile folder cannot be used ({kind}). Check the disk and try again.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_open_of_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::open(folder.path()).unwrap();
        let second = Home::open(folder.path()).err().unwrap();
        assert_eq!(second.code, ErrorCode::AlreadyRunning);
        drop(first);
        Home::open(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn folders_and_files_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("profile")).unwrap();
        let new = home.new_account().unwrap();
        write_private(&new.join("vault"), b"x").unwrap();
        home.adopt_account("npub1a").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("profile")), 0o700);
        assert_eq!(mode(&home.account("npub1a")), 0o700);
        assert_eq!(mode(&home.account("npub1a").join("vault")), 0o600);
        assert_eq!(mode(&folder.path().join("profile/lock")), 0o600);
    }

    #[test]
    fn an_account_is_never_put_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        home.new_account().unwrap();
        home.adopt_account("npub1a").unwrap();
        home.new_account().unwrap();
        assert_eq!(home.adopt_account("npub1a").unwrap_err().code, ErrorCode::AccountExists);
    }
}
