//! People, and what the person here decided about them.
//! Nothing is decided here.

use murmel_ipc as ipc;

use crate::people::{acquaintance, address, contacts, own_profile, profiles};
use crate::{Client, Result, people};

/// People. A `person` is an npub, an nprofile or 64 hex digits; all fail with `InvalidPerson` for anything else.
impl Client {
    /// Everything that is known of somebody here. Nobody is asked.
    ///
    /// # Errors
    /// `InvalidPerson`.
    pub async fn person(&self, person: &str) -> Result<ipc::PersonView> {
        people::get(&self.account()?, person).await
    }

    /// Looks up on relays what somebody says about themselves, now. It happens by itself about once a day for people in chats.
    ///
    /// # Errors
    /// `InvalidPerson`, `Offline`.
    pub async fn refresh_person(&self, person: &str) -> Result<ipc::PersonView> {
        profiles::refresh(&self.account()?, person).await
    }

    /// Asks the host of the address that somebody gives as theirs (NIP-05) whether it is. The host learns that somebody asks.
    ///
    /// # Errors
    /// `InvalidPerson`; `InvalidInput` where they give none; `Offline` where the host could not be asked.
    pub async fn verify_address(&self, person: &str) -> Result<ipc::PersonView> {
        address::verify(&self.account()?, person).await
    }

    /// People known here by name, address or the beginning of a key; for an empty text those known best. Nobody is asked.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn find_people(&self, text: &str) -> Result<Vec<ipc::PersonView>> {
        acquaintance::find(&self.account()?, text).await
    }

    /// Whom an npub, an nprofile, 64 hex digits or an address (NIP-05) names. Asks the host of an address, and relays.
    ///
    /// # Errors
    /// `InvalidPerson`; `NotFound` where a host names nobody by an address; `Offline` where it could not be asked.
    pub async fn find_person(&self, text: &str) -> Result<ipc::PersonView> {
        acquaintance::find_one(&self.account()?, text).await
    }

    /// Whether each of these people can be invited now, with the reason where not. Asks relays.
    ///
    /// # Errors
    /// `InvalidPerson`, `TooLarge`.
    pub async fn can_invite(&self, people: Vec<String>) -> Result<Vec<ipc::Invitable>> {
        acquaintance::can_invite(&self.account()?, &people).await
    }

    /// The conversation with somebody alone: the one there is, or a new one. Returns the chat.
    ///
    /// # Errors
    /// `InvalidPerson`; `InvalidInput` for the account itself; `NoKeyPackage` where they cannot be invited.
    pub async fn conversation_with(&self, person: &str) -> Result<String> {
        acquaintance::conversation(&self.account()?, person).await
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

/// What the account says about itself; published, anybody can read it.
impl Client {
    /// The profile as it was last seen on a relay or published from here.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn own_profile(&self) -> Result<ipc::OwnProfile> {
        own_profile::get(&self.account()?).await
    }

    /// Publishes the profile. It is read first, so that what other apps wrote stays.
    ///
    /// # Errors
    /// `InvalidInput`, `TooLarge`; `Offline` and `RelayRefused` with words that say whether it is tried on.
    pub async fn set_profile(&self, fields: ipc::ProfileFields) -> Result<ipc::OwnProfile> {
        own_profile::set(&self.account()?, fields).await
    }

    /// Earlier versions of the profile, newest first.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn profile_versions(&self) -> Result<Vec<ipc::ProfileVersion>> {
        own_profile::versions(&self.account()?).await
    }

    /// Publishes an earlier version again, as [`Client::set_profile`].
    ///
    /// # Errors
    /// `NotFound`, and as [`Client::set_profile`].
    pub async fn restore_profile(&self, version: &str) -> Result<ipc::OwnProfile> {
        own_profile::restore(&self.account()?, version).await
    }
}
