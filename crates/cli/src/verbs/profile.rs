//! Owns the way from the command line to an open profile, and the waiting for the network.
//! Never creates an account.

use std::sync::Arc;
use std::time::Duration;

use murmel_client::{Client, Housekeeping, Options, Settled};
use murmel_ipc::{AccountView, ErrorCode, GroupDetails, Session};
use zeroize::Zeroizing;

use crate::answer::Failure;
use crate::args::Common;

/// Characters of an id that are enough to name something, where only one thing begins with them.
const SHORTEST_PREFIX: usize = 4;

/// Characters of an npub that are enough to name an account: "npub1" and a few more.
const SHORTEST_NPUB: usize = 9;

/// An open profile.
pub struct Open {
    /// The profile.
    pub client: Client,
    /// How long the network is waited for; `None` not at all.
    pub patience: Option<Duration>,
}

impl Open {
    /// Opens the profile, and goes to the account that `--account` names.
    ///
    /// # Errors
    /// No folder was named, or it cannot be opened; no account or several are meant.
    pub async fn profile(common: &Common, housekeeping: Housekeeping) -> Result<Open, Failure> {
        let open = Self::opened(common, housekeeping, common.account.clone()).await?;
        let Some(text) = &common.account else { return Ok(open) };
        match open.account_named(text).and_then(|npub| Ok(open.client.named(&npub)?)) {
            Ok(client) => Ok(Open { client, ..open }),
            Err(failure) => {
                open.client.close().await;
                Err(failure)
            }
        }
    }

    /// Opens the profile with all of its accounts, or none.
    ///
    /// # Errors
    /// No folder was named, or it cannot be opened.
    pub async fn every(common: &Common) -> Result<Open, Failure> {
        Self::opened(common, Housekeeping::default(), None).await
    }

    async fn opened(common: &Common, housekeeping: Housekeeping, account: Option<String>) -> Result<Open, Failure> {
        let Some(home) = &common.home else {
            return Err(Failure::usage("Name the folder of the profile with --home DIR, or set MURMEL_HOME."));
        };
        let mut options = Options::new(home);
        options.account = account;
        options.housekeeping = housekeeping;
        options.allow_loopback = common.allow_loopback || common.relay.iter().any(|url| is_loopback(url));
        if !common.relay.is_empty() {
            options.default_relays = common.relay.clone();
        }
        options.pace.publish = Duration::from_secs(common.relay_timeout);
        options.pace.keychain = Duration::from_secs(60);
        options.passphrase = secret("MURMEL_PASSPHRASE").map(|text| Arc::new(text.into()));
        let client = Client::open(options).await?;
        let patience = (!common.offline).then(|| Duration::from_secs(common.timeout));
        Ok(Open { client, patience })
    }

    /// The npub of the account that a name, an npub or the beginning of one means.
    ///
    /// # Errors
    /// `NotFound` for none, `InvalidInput` for several.
    pub fn account_named(&self, text: &str) -> Result<String, Failure> {
        let begins = |npub: &str| text.len() >= SHORTEST_NPUB && npub.starts_with(text);
        let all = self.client.accounts().into_iter();
        let mut meant = all.filter(|entry| begins(&entry.npub) || (!text.is_empty() && entry.name == text));
        match (meant.next(), meant.next()) {
            (Some(entry), None) => Ok(entry.npub),
            (Some(_), Some(_)) => {
                Err(Failure::new(ErrorCode::InvalidInput, format!("More than one account is meant by {text:?}; give the whole npub.")))
            }
            (None, _) => {
                let words = format!("There is no open account {text:?} in this profile. `identity list` shows all of them.");
                Err(Failure::new(ErrorCode::NotFound, words))
            }
        }
    }

    /// Opens the profile and its account.
    ///
    /// # Errors
    /// There is no account, or its key cannot be had.
    pub async fn ready(common: &Common, housekeeping: Housekeeping) -> Result<Open, Failure> {
        let open = Open::profile(common, housekeeping).await?;
        let outcome = match open.account() {
            Ok(_) => open.adopt_relays(&common.relay).await,
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(()) => Ok(open),
            Err(failure) => {
                open.client.close().await;
                Err(failure)
            }
        }
    }

    /// The account.
    ///
    /// # Errors
    /// There is none, or its key cannot be had: in words that say what to do.
    pub fn account(&self) -> Result<AccountView, Failure> {
        match self.client.session() {
            Session::Ready { account } => Ok(account),
            Session::FirstRun { .. } => {
                let words =
                    "This profile has no identity yet. Make one with `identity new`, or use an existing one with `identity import`.";
                Err(Failure::new(ErrorCode::NoAccount, words))
            }
            Session::Locked { .. } => {
                let words = match secret("MURMEL_PASSPHRASE") {
                    Some(_) => "The passphrase in MURMEL_PASSPHRASE does not open the keys of this profile.",
                    None => "The keys of this profile are sealed by a passphrase. Set MURMEL_PASSPHRASE to it.",
                };
                Err(Failure::new(ErrorCode::WrongPassword, words))
            }
            Session::KeyUnavailable { retryable, message, .. } => {
                Err(Failure::new(if retryable { ErrorCode::KeychainLocked } else { ErrorCode::KeyMissing }, message))
            }
        }
    }

    async fn adopt_relays(&self, wanted: &[String]) -> Result<(), Failure> {
        if wanted.is_empty() {
            return Ok(());
        }
        let have: Vec<String> = self.client.relays().await?.iter().map(|url| bare(url)).collect();
        if wanted.iter().map(|url| bare(url)).eq(have) {
            return Ok(());
        }
        Ok(self.client.set_relays(wanted.to_vec()).await?)
    }

    /// Waits until the set-up is done, the backlog is fetched and what is queued is on a relay, or the patience is over.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn settle(&self) -> Result<Settled, Failure> {
        let patience = self.patience.unwrap_or(Duration::ZERO);
        Ok(self.client.settle(patience).await?)
    }

    /// Fetches what is missing; nothing with `--offline`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn catch_up(&self) -> Result<(), Failure> {
        if self.patience.is_some() {
            self.settle().await?;
        }
        Ok(())
    }

    /// Relays to which there is a connection.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn connected(&self) -> Result<usize, Failure> {
        let state = self.client.subscribe().await?.snapshot.network;
        Ok(state.relays.iter().filter(|relay| relay.connected).count())
    }

    /// The group that an id, the beginning of one, or a name means.
    ///
    /// # Errors
    /// `NotFound` for none, `InvalidInput` for several.
    pub async fn group(&self, text: &str) -> Result<GroupDetails, Failure> {
        let groups = self.client.groups().await?;
        let named = |group: &GroupDetails| group.name == text;
        pick(groups, text, |group| &group.id, named, "group")
    }
}

/// The one thing that a text means.
///
/// # Errors
/// `NotFound` for none, `InvalidInput` for several.
pub fn pick<T>(all: Vec<T>, text: &str, id: impl Fn(&T) -> &str, named: impl Fn(&T) -> bool, what: &str) -> Result<T, Failure> {
    let begins = |item: &T| text.len() >= SHORTEST_PREFIX && id(item).starts_with(text);
    let mut exact = Vec::new();
    let mut close = Vec::new();
    for item in all {
        if id(&item) == text {
            exact.push(item);
        } else if begins(&item) || named(&item) {
            close.push(item);
        }
    }
    let found = if exact.is_empty() { close } else { exact };
    let several = found.len() > 1;
    match found.into_iter().next() {
        Some(_) if several => {
            Err(Failure::new(ErrorCode::InvalidInput, format!("More than one {what} is meant by {text:?}; give the whole id.")))
        }
        Some(item) => Ok(item),
        None => Err(Failure::new(ErrorCode::NotFound, format!("There is no {what} {text:?} here."))),
    }
}

/// A secret from the environment; empty counts as none.
pub fn secret(name: &str) -> Option<Zeroizing<String>> {
    std::env::var(name).ok().map(Zeroizing::new).filter(|text| !text.is_empty())
}

fn bare(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// Whether a relay is on this computer, spelt in one of the usual ways.
fn is_loopback(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.starts_with("127.") || authority.starts_with("[::1]") || authority == "localhost" || authority.starts_with("localhost:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(text: &str) -> Result<(&'static str, &'static str), Failure> {
        pick(vec![("abcdef", "one"), ("abcd00", "two"), ("ffff", "two")], text, |item| item.0, |item| item.1 == text, "group")
    }

    #[test]
    fn an_id_its_beginning_or_a_name_finds_a_group() {
        assert_eq!(picked("abcdef").unwrap().0, "abcdef");
        assert_eq!(picked("abcde").unwrap().0, "abcdef");
        assert_eq!(picked("one").unwrap().0, "abcdef");
    }

    #[test]
    fn what_several_groups_match_is_refused() {
        assert_eq!(picked("abcd").unwrap_err().value()["code"], "invalid_input");
        assert_eq!(picked("two").unwrap_err().value()["code"], "invalid_input");
    }

    #[test]
    fn too_few_characters_find_nothing() {
        assert_eq!(picked("abc").unwrap_err().value()["code"], "not_found");
    }

    #[test]
    fn relays_on_this_computer_are_recognised() {
        for url in ["ws://127.0.0.1:7777", "ws://localhost", "ws://localhost:80/x", "ws://[::1]:1"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["wss://relay.example.org", "ws://localhost.example.org", "127.0.0.1:80"] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
