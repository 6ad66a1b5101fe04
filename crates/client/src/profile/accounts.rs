//! The accounts of a profile: which there are, how each stands, and which one is shown.
//! It opens none of them: [`crate::keys::unlock`] does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use murmel_ipc::{AccountEntry, AccountState, ErrorCode, EventKind, Session};

use crate::account::Account;
use crate::message::choice;
use crate::{Error, Result};

/// Most accounts of one profile: each has a database thread and connections of its own.
pub const MAX_ACCOUNTS: usize = 16;

/// One account of a profile.
pub(crate) struct Slot {
    pub(crate) npub: String,
    /// As far as it is known since the start.
    name: String,
    pub(crate) standing: Standing,
    /// A keychain that was asked for its key has not answered.
    pub(crate) asking: bool,
}

/// How an account stands.
pub(crate) enum Standing {
    Open(Arc<Account>),
    /// Locked or unavailable; what to show instead.
    Shut(Session),
    /// Closed because only others were asked for; it can be unlocked as this says.
    Left(Session),
}

/// All accounts of a profile, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Accounts {
    pub(crate) slots: Vec<Slot>,
    /// Of one of the slots; `None` while there are none.
    pub(crate) current: Option<String>,
}

impl Slot {
    pub(crate) fn account(&self) -> Option<&Arc<Account>> {
        if let Standing::Open(account) = &self.standing { Some(account) } else { None }
    }

    pub(crate) fn session(&self) -> Session {
        match &self.standing {
            Standing::Open(account) => Session::Ready { account: account.view() },
            Standing::Shut(session) | Standing::Left(session) => session.clone(),
        }
    }

    fn entry(&self) -> AccountEntry {
        match &self.standing {
            Standing::Open(account) => entry(account),
            Standing::Shut(Session::Locked { .. }) => self.closed(AccountState::Locked),
            Standing::Shut(_) => self.closed(AccountState::Unavailable),
            Standing::Left(_) => self.closed(AccountState::Closed),
        }
    }

    fn closed(&self, state: AccountState) -> AccountEntry {
        AccountEntry { npub: self.npub.clone(), name: self.name.clone(), state, unread: 0 }
    }
}

impl Accounts {
    pub(crate) fn slot(&self, npub: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.npub == npub)
    }

    pub(crate) fn slot_mut(&mut self, npub: &str) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.npub == npub)
    }

    /// The account that is named, or the one that is shown.
    pub(crate) fn chosen(&self, named: Option<&str>) -> Option<&Slot> {
        self.slot(named.or(self.current.as_deref())?)
    }

    /// Notes how an account stands; one that is new comes last.
    pub(crate) fn put(&mut self, npub: &str, standing: Standing) {
        let name = if let Standing::Open(account) = &standing { Some(account.view().name) } else { None };
        match self.slot_mut(npub) {
            Some(slot) => {
                slot.name = name.unwrap_or_else(|| std::mem::take(&mut slot.name));
                slot.standing = standing;
            }
            None => self.slots.push(Slot { npub: npub.to_owned(), name: name.unwrap_or_default(), standing, asking: false }),
        }
    }

    /// Takes an account out; where it was shown, the first of the others is.
    pub(crate) fn remove(&mut self, npub: &str) {
        self.slots.retain(|slot| slot.npub != npub);
        if self.current.as_deref() == Some(npub) {
            self.current = self.slots.first().map(|slot| slot.npub.clone());
        }
    }

    pub(crate) fn entries(&self) -> Vec<AccountEntry> {
        self.slots.iter().map(Slot::entry).collect()
    }

    pub(crate) fn entry(&self, npub: &str) -> Option<AccountEntry> {
        self.slot(npub).map(Slot::entry)
    }

    /// Whether an account may be added; `npub` where it is known already which.
    pub(crate) fn expect_room(&self, npub: Option<&str>) -> Result<()> {
        match npub.and_then(|npub| self.slot(npub)) {
            Some(Slot { standing: Standing::Open(_), .. }) => {
                return Err(Error::new(ErrorCode::AccountExists, "This account is here already. Choose it in the list of accounts."));
            }
            Some(_) => {
                return Err(Error::new(
                    ErrorCode::AccountExists,
                    "This account is here already, but it is not open. Unlock it; or log out of it first, which deletes its messages from this computer.",
                ));
            }
            None => {}
        }
        if self.slots.len() < MAX_ACCOUNTS {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::TooManyAccounts,
            format!("A profile holds at most {MAX_ACCOUNTS} accounts. Log out of one first, or use another profile folder."),
        ))
    }
}

/// An open account, as a rail shows it.
pub(crate) fn entry(account: &Account) -> AccountEntry {
    let view = account.view();
    AccountEntry { npub: view.npub, name: view.name, state: AccountState::Open, unread: account.unread.load(Ordering::Relaxed) }
}

/// Counts the unread messages of all chats; in a silent one those that concern the account.
pub(crate) async fn count_unread(account: &Account) -> Result<()> {
    let now = account.clock.now();
    let unread = account.db.read(move |tx, _| {
        let mut unread = 0_u64;
        for chat in tx.chats()? {
            let counted = if choice::is_muted(&tx.choice(chat.id)?, now) {
                tx.unread_mentions(chat.id, choice::MENTIONS_COUNTED)?.len() as u64
            } else {
                tx.unread_count(chat.id)?
            };
            unread = unread.saturating_add(counted);
        }
        Ok::<_, Error>(unread)
    });
    account.unread.store(u32::try_from(unread.await?).unwrap_or(u32::MAX), Ordering::Relaxed);
    Ok(())
}

/// Counts again whenever a chat changed, and tells the window.
pub(crate) async fn watch_unread(account: Arc<Account>) {
    let mut told = account.unread.load(Ordering::Relaxed);
    loop {
        account.bus.chats.notified().await;
        if let Err(error) = count_unread(&account).await {
            tracing::warn!(code = ?error.code, "unread messages could not be counted");
        }
        let unread = account.unread.load(Ordering::Relaxed);
        if unread != told {
            told = unread;
            account.bus.emit(EventKind::Account { entry: entry(&account) });
        }
    }
}

#[cfg(test)]
mod tests {
    use murmel_ipc::KeyPlace;

    use super::*;

    fn locked(npub: &str) -> Standing {
        Standing::Shut(Session::Locked { npub: npub.to_owned(), key_place: KeyPlace::Vault, recovery: false })
    }

    #[test]
    fn one_account_more_than_the_cap_is_refused_and_none_comes_twice() {
        let mut accounts = Accounts::default();
        for nth in 0..MAX_ACCOUNTS {
            assert!(accounts.expect_room(None).is_ok());
            accounts.put(&format!("npub{nth}"), locked("a"));
        }
        assert_eq!(accounts.expect_room(None).unwrap_err().code, ErrorCode::TooManyAccounts);
        assert_eq!(accounts.expect_room(Some("npub3")).unwrap_err().code, ErrorCode::AccountExists);
        accounts.remove("npub3");
        assert!(accounts.expect_room(Some("npub3")).is_ok());
    }

    #[test]
    fn where_the_account_that_is_shown_goes_the_first_of_the_others_is_shown() {
        let mut accounts = Accounts::default();
        for npub in ["a", "b", "c"] {
            accounts.put(npub, locked(npub));
        }
        accounts.current = Some("c".to_owned());
        accounts.remove("b");
        assert_eq!(accounts.current.as_deref(), Some("c"));
        accounts.remove("c");
        assert_eq!(accounts.current.as_deref(), Some("a"));
        accounts.remove("a");
        assert_eq!(accounts.current, None);
    }
}
