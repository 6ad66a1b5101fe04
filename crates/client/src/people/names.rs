//! What people are called here: the one place where a key becomes a name.
//! It fetches nothing, and a name proves nothing.

use std::cell::RefCell;
use std::collections::HashMap;

use murmel_store::Tx;
use nostr::PublicKey;

use crate::notices::one_line;
use crate::people::short_npub;
use crate::{Error, Result};

/// Longest name that is shown, in characters.
pub(crate) const NAME_CAP: usize = 100;

/// Names of people, as one account sees them; read once each.
pub(crate) struct Names<'a, 'tx> {
    tx: &'a Tx<'tx>,
    pub(crate) me: PublicKey,
    known: RefCell<HashMap<PublicKey, Known>>,
}

#[derive(Clone)]
struct Known {
    name: String,
    is_blocked: bool,
}

impl<'a, 'tx> Names<'a, 'tx> {
    pub(crate) fn new(tx: &'a Tx<'tx>, me: PublicKey) -> Self {
        Self { tx, me, known: RefCell::default() }
    }

    /// "You" for the account itself; a name, or a short form of the npub, for everybody else.
    pub(crate) fn of(&self, who: &PublicKey) -> Result<String> {
        if *who == self.me { Ok("You".into()) } else { self.plain(who) }
    }

    /// As [`Names::of`], for the account itself too.
    pub(crate) fn plain(&self, who: &PublicKey) -> Result<String> {
        Ok(self.known(who)?.name)
    }

    /// As [`Names::of`], for a public key in hex; what is no key is shown as it is.
    pub(crate) fn of_hex(&self, hex: &str) -> Result<String> {
        PublicKey::from_hex(hex).map_or_else(|_| Ok(hex.to_owned()), |who| self.of(&who))
    }

    /// Whether the person here does not want to read them.
    pub(crate) fn is_blocked(&self, who: &PublicKey) -> Result<bool> {
        Ok(self.known(who)?.is_blocked)
    }

    fn known(&self, who: &PublicKey) -> Result<Known> {
        if let Some(known) = self.known.borrow().get(who) {
            return Ok(known.clone());
        }
        let contact = self.tx.contact(who)?;
        let is_blocked = contact.as_ref().is_some_and(|contact| contact.blocked_at.is_some());
        let nickname = contact.map(|contact| one_line(&contact.nickname, NAME_CAP)).unwrap_or_default();
        let name = if nickname.is_empty() { self.published(who)? } else { nickname };
        let name = if name.is_empty() { short_npub(who) } else { name };
        let known = Known { name, is_blocked };
        self.known.borrow_mut().insert(*who, known.clone());
        Ok(known)
    }

    fn published(&self, who: &PublicKey) -> Result<String> {
        let name =
            if *who == self.me { self.tx.account()?.map(|account| account.name) } else { self.tx.person(who)?.map(|person| person.name) };
        Ok::<_, Error>(one_line(&name.unwrap_or_default(), NAME_CAP))
    }
}
