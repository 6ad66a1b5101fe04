//! What is known about other accounts: their name and relays, as they published them.
//! It is a cache: anything in it can be fetched again, and a name never stands for an identity.

use nostr::PublicKey;
use rusqlite::params;

use crate::column::{int, json, public_key, to_json, uint};
use crate::{StoreError, Tx};

/// Accounts that are kept; the one fetched longest ago goes first.
pub const PEOPLE_CAP: usize = 10_000;

/// What an account published about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    /// The account.
    pub public_key: PublicKey,
    /// Name, empty if none is known. Untrusted text.
    pub name: String,
    /// Where it receives gift wraps (NIP-17).
    pub inbox_relays: Vec<String>,
    /// Where it publishes (NIP-65).
    pub outbox_relays: Vec<String>,
    /// Local clock, Unix seconds.
    pub fetched_at: u64,
}

impl Tx<'_> {
    /// What is known of an account.
    pub fn person(&self, key: &PublicKey) -> Result<Option<PersonRecord>, StoreError> {
        self.one(
            "SELECT public_key, name, inbox_relays, outbox_relays, fetched_at FROM people WHERE public_key = ?1",
            params![key.as_bytes()],
            |row| {
                Ok(PersonRecord {
                    public_key: public_key(row, 0)?,
                    name: row.get(1)?,
                    inbox_relays: json(row, 2)?,
                    outbox_relays: json(row, 3)?,
                    fetched_at: uint(row, 4)?,
                })
            },
        )
    }

    /// Adds or replaces what is known of an account.
    pub fn put_person(&self, person: &PersonRecord) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO people (public_key, name, inbox_relays, outbox_relays, fetched_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                person.public_key.as_bytes(),
                person.name,
                to_json(&person.inbox_relays)?,
                to_json(&person.outbox_relays)?,
                int(person.fetched_at)
            ],
        )?;
        if self.count("SELECT count(*) FROM people", [])? > PEOPLE_CAP as u64 {
            self.run(
                "DELETE FROM people WHERE public_key = (SELECT public_key FROM people WHERE public_key <> ?1 ORDER BY fetched_at LIMIT 1)",
                params![person.public_key.as_bytes()],
            )?;
        }
        Ok(())
    }
}
