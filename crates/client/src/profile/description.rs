//! The files in the clear beside the databases: what an account is and where its key is, and what the profile remembers.
//! Nothing in them is secret, and no name is.

use std::path::Path;

use murmel_ipc::{KeyPlace, NotificationChoices};
use serde::{Deserialize, Serialize};

use crate::profile::home::write_private;
use crate::{Error, Result};

/// File names in an account's folder.
pub(crate) const DESCRIPTION: &str = "account.json";
pub(crate) const DATABASE: &str = "murmel.db";
pub(crate) const VAULT: &str = "vault";
/// The same secrets, sealed by the recovery code.
pub(crate) const RECOVERY: &str = "recovery";

/// What stands beside a database, so that a missing key is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) version: u32,
    pub(crate) npub: String,
    pub(crate) key_place: KeyPlace,
    /// Name of the keychain's item. With a key in the vault it is one that is to be removed, or was about to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<String>,
    /// Items that are not used any more, or were about to be written; removed together with the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) old_items: Vec<String>,
    /// Higher than that of every account that was added before.
    #[serde(default)]
    pub(crate) place: u32,
}

impl Description {
    pub(crate) const VERSION: u32 = 1;

    /// Of an account whose key is about to be kept.
    pub(crate) fn fresh(npub: String, key_place: KeyPlace, place: u32) -> Self {
        Self { version: Self::VERSION, npub, key_place, item: None, old_items: Vec::new(), place }
    }

    /// `None` where there is none, or none that this version reads.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(folder.join(DESCRIPTION)).ok()?;
        serde_json::from_slice(&text).ok().filter(|description: &Self| description.version == Self::VERSION)
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|_| Error::internal("the account could not be described"))?;
        write_private(&folder.join(DESCRIPTION), &text)
    }

    /// The keychain's item that holds the key, where it is there.
    pub(crate) fn item(&self) -> &str {
        self.item.as_deref().unwrap_or(&self.npub)
    }
}

/// What a profile remembers outside of its accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Choices {
    /// The npub of the account that was shown last.
    pub(crate) current: Option<String>,
    /// Minutes without use after which everything is locked; 0 is never.
    pub(crate) lock_after: u32,
    /// What was chosen for notifications.
    pub(crate) notifications: NotificationChoices,
    /// Until when they are paused, Unix seconds.
    pub(crate) paused_until: Option<u64>,
    /// Whether the app may look for newer versions of itself.
    pub(crate) looks_for_updates: bool,
}

impl Choices {
    /// The usual ones where there are none that can be read: they are a convenience.
    pub(crate) fn read(path: &Path) -> Self {
        std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|_| Error::internal("the choices could not be written"))?;
        write_private(path, &text)
    }
}
