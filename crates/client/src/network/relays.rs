//! The relays of the account, and how the connections stand.
//! It dials nothing, and publishes no list: that is the set-up's.

use std::collections::BTreeMap;
use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, RelayView};
use murmel_net::RelayAddress;
use murmel_store::Tx;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::chores::Chore;
use crate::network::setup;
use crate::{Error, Result};

/// Relays that one account uses for one purpose; also Marmot's cap for a group.
pub(crate) const MAX_RELAYS: usize = 16;

const SETTING: &str = "relays";

/// Where an account is reached and where it publishes, as written by whoever chose them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relays {
    /// Gift wraps are received here (kind 10050).
    pub(crate) inbox: Vec<String>,
    /// Key packages and lists are published here (write-capable entries of kind 10002).
    pub(crate) outbox: Vec<String>,
}

impl Relays {
    /// The same relays for both.
    pub(crate) fn both(relays: Vec<String>) -> Self {
        Self { inbox: relays.clone(), outbox: relays }
    }

    /// Both, each address once.
    pub(crate) fn all(&self) -> Vec<String> {
        union(&[&self.inbox, &self.outbox])
    }
}

/// The relays of the account, inside a transaction.
pub(crate) fn load(tx: &Tx<'_>) -> Result<Relays> {
    Ok(tx.setting(SETTING)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Replaces the relays of the account, inside a transaction.
pub(crate) fn store(tx: &Tx<'_>, relays: &Relays) -> Result<()> {
    let text = serde_json::to_string(relays).map_err(|_| Error::internal("the relays could not be written"))?;
    Ok(tx.put_setting(SETTING, &text)?)
}

/// The relays of the account.
pub(crate) async fn current(account: &Arc<Account>) -> Result<Relays> {
    account.db.read(|tx, _| load(tx)).await
}

/// Those of the texts that are addresses, each once.
pub(crate) fn addresses(texts: &[String]) -> Vec<RelayAddress> {
    union(&[texts]).iter().filter_map(|text| RelayAddress::parse(text).ok()).collect()
}

/// All lists in their order, each address once.
pub(crate) fn union(lists: &[&[String]]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in lists.iter().flat_map(|list| list.iter()) {
        if !all.contains(text) {
            all.push(text.clone());
        }
    }
    all
}

pub(crate) async fn list(account: &Arc<Account>) -> Result<Vec<String>> {
    Ok(current(account).await?.all())
}

/// Those of the texts that are not empty, each once.
///
/// # Errors
/// `InvalidInput` where one is no relay address, there is none at all, or there are more than [`MAX_RELAYS`].
pub(crate) fn checked(relays: &[String]) -> Result<Vec<String>> {
    let trimmed: Vec<String> = relays.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
    let relays = union(&[&trimmed]);
    if relays.is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "Name at least one relay; without one nobody can reach you."));
    }
    if relays.len() > MAX_RELAYS {
        return Err(Error::new(ErrorCode::InvalidInput, format!("At most {MAX_RELAYS} relays are possible. Leave some out.")));
    }
    for text in &relays {
        RelayAddress::parse(text).map_err(|error| Error::new(ErrorCode::InvalidInput, format!("{text}: {error}.")))?;
    }
    Ok(relays)
}

pub(crate) async fn set(account: &Arc<Account>, relays: Vec<String>) -> Result<()> {
    let relays = checked(&relays)?;
    account
        .db
        .write(move |tx, _| {
            store(tx, &Relays::both(relays))?;
            setup::lists_changed(tx)
        })
        .await?;
    were_changed(account).await;
    Ok(())
}

/// After a transaction that changed the relays: publishes the lists and follows the relays.
pub(crate) async fn were_changed(account: &Arc<Account>) {
    setup::lists_changed_now(account);
    account.sync.chore(Chore::Follow);
    network_changed(account).await;
}

/// Relays, connections and the outbox, as the window shows them.
pub(crate) async fn network(account: &Arc<Account>) -> Result<ipc::NetworkState> {
    let (relays, outbox) = account.db.read(|tx, _| Ok::<_, Error>((load(tx)?.all(), tx.open_count()?))).await?;
    let links = account.net.status().await.into_iter().map(|status| (status.relay, status.connected));
    Ok(ipc::NetworkState {
        relays: views(relays, links),
        outbox: u32::try_from(outbox).unwrap_or(u32::MAX),
        catching_up: account.sync.catching_up(),
    })
}

/// The account's own relays and every other that there is a link to, sorted by address. One relay is one view, however a link spells it.
fn views(own: Vec<String>, links: impl Iterator<Item = (RelayAddress, bool)>) -> Vec<RelayView> {
    let parsed: Vec<RelayAddress> = addresses(&own);
    let mut views: BTreeMap<String, RelayView> = BTreeMap::new();
    for url in own {
        views.insert(url.clone(), RelayView { url, connected: false, own: true });
    }
    for (relay, connected) in links {
        let spelled: Vec<&RelayAddress> = parsed.iter().filter(|own| own.same_relay(&relay)).collect();
        let names = if spelled.is_empty() { vec![&relay] } else { spelled };
        for name in names {
            let url = name.as_str().to_owned();
            views.entry(url.clone()).or_insert(RelayView { url, connected: false, own: false }).connected |= connected;
        }
    }
    views.into_values().collect()
}

/// Emits the network state; call it when a connection, the outbox or the catch-up changed.
pub(crate) async fn network_changed(account: &Arc<Account>) {
    if let Ok(network) = network(account).await {
        let mut last = account.last_network.lock().await;
        if last.as_ref() != Some(&network) {
            *last = Some(network.clone());
            account.bus.emit(ipc::EventKind::Network { network });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_once_and_what_is_none_is_left_out() {
        let texts = ["wss://a.example", "wss://b.example", "wss://a.example", "https://c.example"].map(str::to_owned);
        let found: Vec<String> = addresses(&texts).iter().map(|address| address.as_str().to_owned()).collect();
        assert_eq!(found, ["wss://a.example", "wss://b.example"]);
    }

    #[test]
    fn a_relay_that_only_groups_use_is_not_one_of_the_accounts_own() {
        let own = ["wss://a.example", "wss://b.example"].map(str::to_owned).to_vec();
        // Links are spelled as they were first asked for: the second is the account's own in a group's spelling.
        let links = [("wss://group.example", true), ("wss://B.example/", true)]
            .map(|(text, connected)| (RelayAddress::parse(text).unwrap(), connected));
        let view = |url: &str, connected, own| RelayView { url: url.to_owned(), connected, own };
        assert_eq!(
            views(own, links.into_iter()),
            [view("wss://a.example", false, true), view("wss://b.example", true, true), view("wss://group.example", true, false)]
        );
    }
}
