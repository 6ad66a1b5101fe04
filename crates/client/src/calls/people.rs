//! People, and what the person here decided about them.
//! Nothing is decided here.

use murmel_ipc as ipc;

use crate::{Client, Result, contacts, people};

/// People. A `person` is an npub, an nprofile or 64 hex digits; all fail with `InvalidPerson` for anything else.
impl Client {
    /// Everything that is known of somebody here. Nobody is asked.
    ///
    /// # Errors
    /// `InvalidPerson`.
    pub async fn person(&self, person: &str) -> Result<ipc::PersonView> {
        people::get(&self.account()?, person).await
    }

    /// Gives somebody a name that stays on this computer; an empty one takes it away.
    ///
    /// # Errors
    /// `InvalidPerson`; `InvalidInput` for the account itself.
    pub async fn set_nickname(&self, person: &str, nickname: &str) -> Result<ipc::PersonView> {
        contacts::set_nickname(&self.account()?, person, nickname).await
    }

    /// Hides what somebody writes, makes no notices of it, and lets their invitations vanish. They do not learn of it.
    ///
    /// # Errors
    /// As [`Client::set_nickname`].
    pub async fn block(&self, person: &str) -> Result<ipc::PersonView> {
        contacts::block(&self.account()?, person).await
    }

    /// Takes a block away: what was hidden is shown again.
    ///
    /// # Errors
    /// As [`Client::set_nickname`].
    pub async fn unblock(&self, person: &str) -> Result<ipc::PersonView> {
        contacts::unblock(&self.account()?, person).await
    }

    /// Who is blocked, the last one first.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn blocked(&self) -> Result<Vec<ipc::PersonView>> {
        contacts::blocked(&self.account()?).await
    }
}
