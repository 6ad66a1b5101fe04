//! What the app needs to get newer: whether it may, and the way on which it is fetched.
//! It knows no version and no signature.

use murmel_ipc::ErrorCode;

use crate::{Client, Error, Result};

/// Newer versions of the app.
impl Client {
    /// Whether the app may look for newer versions of itself; not before the person agreed.
    pub fn looks_for_updates(&self) -> bool {
        self.profile.looks_for_updates()
    }

    /// Sets [`Client::looks_for_updates`].
    ///
    /// # Errors
    /// `DiskFull`, `Storage`.
    pub async fn set_looks_for_updates(&self, looks: bool) -> Result<()> {
        self.profile.set_looks_for_updates(looks)
    }

    /// What is at an https address, at most `at_most` bytes, by the way that the connections of the account take: through its proxy, where
    /// one is set, or not at all. `seen` hears how many bytes have come, and of how many where that was said.
    ///
    /// # Errors
    /// `Offline` when it did not come; `NoAccount`.
    pub async fn download(&self, url: &str, at_most: usize, seen: impl FnMut(u64, Option<u64>) + Send) -> Result<Vec<u8>> {
        let account = self.account()?;
        let downloaded = account.net.download(url, at_most, account.pace.fetch, seen).await;
        downloaded.map_err(|fault| Error::passing(ErrorCode::Offline, format!("It could not be downloaded: {fault}.")))
    }
}
