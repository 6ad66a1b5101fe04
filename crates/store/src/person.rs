//! What is known about other accounts, as they published it: names, addresses, where they publish.
//! It is a cache: anything in it can be fetched again, and a name never stands for an identity.

use nostr::PublicKey;
use rusqlite::{Row, params};

use crate::column::{int, json, public_key, to_json, uint, words};
use crate::{StoreError, Tx};

/// Accounts that are kept; the one looked up longest ago goes first.
pub const PEOPLE_CAP: usize = 10_000;

words!(
    /// What is known of the address (NIP-05) that somebody gives as theirs.
    AddressState {
        /// Not asked yet, or the host did not answer.
        Unknown = "unknown",
        /// The host names this key.
        Verified = "verified",
        /// The host names another key, or none.
        Refuted = "refuted",
    }
);

/// What an account published about itself. All texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    /// The account.
    pub public_key: PublicKey,
    /// Name, empty if none is known.
    pub name: String,
    /// What they say about themselves.
    pub about: String,
    /// URL of a picture.
    pub picture: String,
    /// URL of a page.
    pub website: String,
    /// The address that they give as theirs (NIP-05).
    pub address: String,
    /// Whether it is.
    pub address_state: AddressState,
    /// When that was found out, Unix seconds; 0 never.
    pub address_at: u64,
    /// Where they publish (NIP-65).
    pub outbox_relays: Vec<String>,
    /// `created_at` of the profile, Unix seconds; 0 where none was found.
    pub published_at: u64,
    /// When they were looked up last: local clock, Unix seconds; 0 never.
    pub looked_at: u64,
}

impl PersonRecord {
    /// Somebody of whom nothing is known.
    pub const fn unknown(public_key: PublicKey) -> Self {
        Self {
            public_key,
            name: String::new(),
            about: String::new(),
            picture: String::new(),
            website: String::new(),
            address: String::new(),
            address_state: AddressState::Unknown,
            address_at: 0,
            outbox_relays: Vec::new(),
            published_at: 0,
            looked_at: 0,
        }
    }
}

macro_rules! select_person {
    ($rest:literal) => {
        concat!(
            "SELECT public_key, name, about, picture, website, address, address_state, address_at, outbox_relays, published_at, looked_at \
             FROM people ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// What is known of an account.
    pub fn person(&self, key: &PublicKey) -> Result<Option<PersonRecord>, StoreError> {
        self.one(select_person!("WHERE public_key = ?1"), params![key.as_bytes()], person_row)
    }

    /// Everybody of whom something is known; at most [`PEOPLE_CAP`].
    pub fn people(&self) -> Result<Vec<PersonRecord>, StoreError> {
        self.many(select_person!(""), [], person_row)
    }

    /// Adds or replaces what is known of an account.
    pub fn put_person(&self, person: &PersonRecord) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO people (public_key, name, about, picture, website, address, address_state, address_at, outbox_relays,
                                            published_at, looked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                person.public_key.as_bytes(),
                person.name,
                person.about,
                person.picture,
                person.website,
                person.address,
                person.address_state,
                int(person.address_at),
                to_json(&person.outbox_relays)?,
                int(person.published_at),
                int(person.looked_at)
            ],
        )?;
        if self.count("SELECT count(*) FROM people", [])? > PEOPLE_CAP as u64 {
            self.run(
                "DELETE FROM people WHERE public_key = (SELECT public_key FROM people WHERE public_key <> ?1 ORDER BY looked_at LIMIT 1)",
                params![person.public_key.as_bytes()],
            )?;
        }
        Ok(())
    }

    /// Everybody who is in a conversation with us, each once, without the account itself.
    pub fn companions(&self) -> Result<Vec<PublicKey>, StoreError> {
        self.many(
            "SELECT DISTINCT m.public_key FROM chats CROSS JOIN members AS m ON m.chat = chats.id
             WHERE chats.state IN ('active', 'leaving') AND m.public_key NOT IN (SELECT public_key FROM account)",
            [],
            |row| public_key(row, 0),
        )
    }

    /// The conversations somebody is in.
    pub fn chats_of(&self, key: &PublicKey) -> Result<Vec<crate::ChatId>, StoreError> {
        self.many(
            "SELECT chats.id FROM chats CROSS JOIN members AS m ON m.chat = chats.id AND m.public_key = ?1",
            params![key.as_bytes()],
            |row| row.get(0),
        )
    }
}

fn person_row(row: &Row<'_>) -> rusqlite::Result<PersonRecord> {
    Ok(PersonRecord {
        public_key: public_key(row, 0)?,
        name: row.get(1)?,
        about: row.get(2)?,
        picture: row.get(3)?,
        website: row.get(4)?,
        address: row.get(5)?,
        address_state: row.get(6)?,
        address_at: uint(row, 7)?,
        outbox_relays: json(row, 8)?,
        published_at: uint(row, 9)?,
        looked_at: uint(row, 10)?,
    })
}
