//! What can be asked of a client about relays, the way that connections take, the outbox and catching up.

use murmel_ipc::{self as ipc, Proxy};

use crate::network::{awake, reachability, relay_health, relay_lists};
use crate::{Client, Result, outbox, sync};

impl Client {
    /// The account's relay lists with their earlier versions, and the relays of its groups.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn relay_lists(&self) -> Result<ipc::RelayLists> {
        relay_lists::all(&self.account()?).await
    }

    /// What an edit of a list would change, worked out against what the relays have now. Takes as long as they take to answer.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is no relay address, or none at all.
    pub async fn preview_relay_list(&self, edit: ipc::RelayListEdit) -> Result<ipc::RelayListChange> {
        relay_lists::preview(&self.account()?, edit).await
    }

    /// Edits a list. It is published in the background: read from several relays, merged, written, read back. Entries that other clients
    /// put there stay, unless they are named in `remove`.
    ///
    /// # Errors
    /// As [`Client::preview_relay_list`].
    pub async fn set_relay_list(&self, edit: ipc::RelayListEdit) -> Result<()> {
        relay_lists::set(&self.account()?, edit).await
    }

    /// Publishes an earlier version of a list again, with everything that it carried.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` where the version names no relay.
    pub async fn restore_relay_list(&self, version: i64) -> Result<()> {
        relay_lists::restore(&self.account()?, version).await
    }

    /// How each relay behaves.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn relay_health(&self) -> Result<Vec<ipc::RelayHealth>> {
        relay_health::all(&self.account()?).await
    }

    /// The way that connections take. Holds for the whole profile, and before there is an account.
    pub fn proxy(&self) -> Proxy {
        self.profile.options.routing.choice()
    }

    /// Leads every connection of every account another way from now on. Open connections are closed; nothing is dialled directly because a
    /// proxy does not answer.
    ///
    /// # Errors
    /// `InvalidInput` for a proxy that is not named by its address; `DiskFull`, `Storage`.
    pub async fn set_proxy(&self, proxy: Proxy) -> Result<()> {
        self.profile.options.routing.choose(proxy).await
    }

    /// Whether people can reach the account, as it was found last.
    ///
    /// # Errors
    /// `NoAccount`.
    pub async fn reachability(&self) -> Result<ipc::Reachability> {
        Ok(reachability::current(&*self.account()?))
    }

    /// Reads back from each relay what people need to reach the account. Takes as long as the relays take to answer.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn check_reachability(&self) -> Result<ipc::Reachability> {
        reachability::check(&self.account()?).await
    }

    /// Publishes again what people need to reach the account, and looks whether it is there.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn fix_reachability(&self) -> Result<ipc::Reachability> {
        reachability::fix(&self.account()?).await
    }

    /// Everything that no relay has accepted yet, oldest first, with what each relay said.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn outbox(&self) -> Result<Vec<ipc::OutboxItem>> {
        outbox::items(&self.account()?).await
    }

    /// Tries something in the outbox again at once, on every relay that has not accepted it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn retry_outbox(&self, item: i64) -> Result<()> {
        outbox::retry_item(&self.account()?, item).await
    }

    /// Closes every connection of every account and dials again at once.
    pub async fn reconnect(&self) {
        awake::reconnect(&self.profile).await;
    }

    /// From now on reconnects by itself when the computer has slept or is on another network, as long as the profile is open.
    pub fn stay_awake(&self) {
        drop(awake::watch(&self.profile));
    }

    /// Messages and changes of all open accounts that no relay has accepted yet.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn unsent(&self) -> Result<u64> {
        outbox::unsent(&self.profile).await
    }

    /// How far the account is behind, and what it cannot read.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn sync_state(&self) -> Result<ipc::SyncState> {
        sync::state(&self.account()?).await
    }
}
