//! What the person here decided about others: nicknames, whom they know, whom they block.
//! It never leaves this computer, and nothing is forgotten by itself.

use nostr::PublicKey;
use rusqlite::{Row, params};

use crate::column::{int, maybe_uint, public_key};
use crate::{StoreError, Tx};

/// What was decided about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRecord {
    /// The account.
    pub public_key: PublicKey,
    /// What they are called here; empty where they have no nickname.
    pub nickname: String,
    /// A conversation with them was begun or accepted.
    pub met: bool,
    /// Since when they are blocked, Unix seconds.
    pub blocked_at: Option<u64>,
}

impl ContactRecord {
    /// Somebody about whom nothing was decided.
    pub const fn new(public_key: PublicKey) -> Self {
        Self { public_key, nickname: String::new(), met: false, blocked_at: None }
    }

    /// Whether the person here knows them.
    pub fn is_known(&self) -> bool {
        self.met || !self.nickname.is_empty()
    }
}

impl Tx<'_> {
    /// What was decided about somebody.
    pub fn contact(&self, key: &PublicKey) -> Result<Option<ContactRecord>, StoreError> {
        self.one("SELECT public_key, nickname, met, blocked_at FROM contacts WHERE public_key = ?1", params![key.as_bytes()], contact_row)
    }

    /// Everybody about whom something was decided.
    pub fn contacts(&self) -> Result<Vec<ContactRecord>, StoreError> {
        self.many("SELECT public_key, nickname, met, blocked_at FROM contacts", [], contact_row)
    }

    /// Adds or replaces what was decided about somebody; forgets them where that is nothing.
    pub fn put_contact(&self, contact: &ContactRecord) -> Result<(), StoreError> {
        if *contact == ContactRecord::new(contact.public_key) {
            self.run("DELETE FROM contacts WHERE public_key = ?1", params![contact.public_key.as_bytes()])?;
            return Ok(());
        }
        self.run(
            "INSERT OR REPLACE INTO contacts (public_key, nickname, met, blocked_at) VALUES (?1, ?2, ?3, ?4)",
            params![contact.public_key.as_bytes(), contact.nickname, contact.met, contact.blocked_at.map(int)],
        )?;
        Ok(())
    }

    /// Notes that a conversation with somebody was begun or accepted.
    pub fn meet(&self, key: &PublicKey) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO contacts (public_key, met) VALUES (?1, 1) ON CONFLICT (public_key) DO UPDATE SET met = 1",
            params![key.as_bytes()],
        )?;
        Ok(())
    }

    /// Whether somebody is blocked.
    pub fn is_blocked(&self, key: &PublicKey) -> Result<bool, StoreError> {
        Ok(self.count("SELECT count(*) FROM contacts WHERE public_key = ?1 AND blocked_at IS NOT NULL", params![key.as_bytes()])? > 0)
    }

    /// Everybody who is blocked, the last one first.
    pub fn blocked(&self) -> Result<Vec<ContactRecord>, StoreError> {
        self.many(
            "SELECT public_key, nickname, met, blocked_at FROM contacts WHERE blocked_at IS NOT NULL ORDER BY blocked_at DESC",
            [],
            contact_row,
        )
    }
}

fn contact_row(row: &Row<'_>) -> rusqlite::Result<ContactRecord> {
    Ok(ContactRecord { public_key: public_key(row, 0)?, nickname: row.get(1)?, met: row.get(2)?, blocked_at: maybe_uint(row, 3)? })
}
