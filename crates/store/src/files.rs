//! The database file on disk: its folder, its permissions, its companions.
//! It never opens the file as a database and never removes one that was in use.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// Smallest file that can be a database: one SQLite page of the smallest size.
const SMALLEST: u64 = 512;

/// Where a new database is built before it takes its name; a file there was never in use.
pub(crate) fn draft_of(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// # Errors
/// [`StoreError::Missing`], [`StoreError::Damaged`] for an emptied file, [`StoreError::Io`].
pub(crate) fn check_existing(path: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() < SMALLEST {
        return Err(StoreError::Damaged);
    }
    Ok(())
}

/// Makes the folder (0700) and an empty private file (0600) for a database that is being created.
///
/// # Errors
/// [`StoreError::Exists`] where `path` or a write-ahead log of it is there, [`StoreError::Io`], [`StoreError::DiskFull`].
pub(crate) fn prepare_new(path: &Path) -> Result<PathBuf, StoreError> {
    for name in [path.to_path_buf(), with_suffix(path, "-wal")] {
        if fs::symlink_metadata(&name).is_ok() {
            return Err(StoreError::Exists);
        }
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_private_folder(folder)?;
    }
    let draft = draft_of(path);
    for name in companions(&draft) {
        match fs::remove_file(&name) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&draft)?;
    Ok(draft)
}

/// Gives the finished draft its name, durably.
pub(crate) fn put_in_place(draft: &Path, path: &Path) -> Result<(), StoreError> {
    fs::OpenOptions::new().read(true).write(true).open(draft)?.sync_all()?;
    fs::rename(draft, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Takes away what others may do with the database and its companions.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    for name in companions(path) {
        use std::os::unix::fs::PermissionsExt as _;
        match fs::metadata(&name) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => fs::set_permissions(&name, fs::Permissions::from_mode(0o600))?,
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn make_private_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    Ok(())
}

fn companions(path: &Path) -> [PathBuf; 4] {
    [path.to_path_buf(), with_suffix(path, "-wal"), with_suffix(path, "-shm"), with_suffix(path, "-journal")]
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
