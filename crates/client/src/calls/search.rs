//! Finding messages, and the state of the database.
//! Nothing is decided here.

use murmel_ipc as ipc;

use crate::message::search;
use crate::{Client, Result};

/// Search. All fail with `NoAccount` where no account is open.
impl Client {
    /// Messages by their words, newest first.
    ///
    /// # Errors
    /// `NotFound` for the chat, `InvalidPerson`. No text to look for is an error.
    pub async fn search(&self, query: ipc::SearchQuery) -> Result<ipc::SearchPage> {
        search::page(&self.account()?, query).await
    }

    /// Makes the search index anew; returns when it is complete. Everything else works meanwhile, and progress comes as
    /// [`ipc::EventKind::Indexing`]. What the end of the program interrupts goes on at the next start.
    ///
    /// # Errors
    /// `DiskFull`, `Storage`.
    pub async fn rebuild_search(&self) -> Result<()> {
        search::rebuild(&self.account()?).await
    }

    /// Looks at every page of the database and at the whole search index. Takes seconds for a long history, during which sending and
    /// receiving wait.
    ///
    /// # Errors
    /// `Storage` where the file cannot be read at all.
    pub async fn check(&self) -> Result<ipc::CheckReport> {
        search::check(&self.account()?).await
    }
}
