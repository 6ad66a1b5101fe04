//! The account that the file belongs to: one row.
//! It never holds the Nostr secret key, which lives in the keychain or the vault.

use nostr::PublicKey;
use rusqlite::params;

use crate::column::{int, public_key, uint};
use crate::{StoreError, Tx};

/// The account and its client on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The Nostr identity.
    pub public_key: PublicKey,
    /// Display name, empty if none was chosen.
    pub name: String,
    /// MLS signature public key of this client (Ed25519, 32 bytes); the key pair is in OpenMLS' own rows.
    pub signature_key: Vec<u8>,
    /// The account identity proof, 104 bytes.
    pub proof: Vec<u8>,
    /// The `d` tag of our key package slot.
    pub slot: [u8; 32],
    /// Unix seconds.
    pub created_at: u64,
    /// Other clients of the same account that were seen to publish key packages.
    pub other_clients: u32,
}

impl Tx<'_> {
    /// The account, `None` in a file that is just being set up.
    pub fn account(&self) -> Result<Option<AccountRecord>, StoreError> {
        self.one("SELECT public_key, name, signature_key, proof, slot, created_at, other_clients FROM account WHERE id = 1", [], |row| {
            Ok(AccountRecord {
                public_key: public_key(row, 0)?,
                name: row.get(1)?,
                signature_key: row.get(2)?,
                proof: row.get(3)?,
                slot: row.get(4)?,
                created_at: uint(row, 5)?,
                other_clients: row.get(6)?,
            })
        })
    }

    /// Adds or replaces the account.
    pub fn put_account(&self, account: &AccountRecord) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO account (id, public_key, name, signature_key, proof, slot, created_at, other_clients)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                account.public_key.as_bytes(),
                account.name,
                account.signature_key,
                account.proof,
                account.slot,
                int(account.created_at),
                account.other_clients
            ],
        )?;
        Ok(())
    }

    /// Changes the display name.
    pub fn set_account_name(&self, name: &str) -> Result<(), StoreError> {
        self.run("UPDATE account SET name = ?1 WHERE id = 1", params![name])?;
        Ok(())
    }

    /// Remembers how many other clients the account has.
    pub fn set_other_clients(&self, count: u32) -> Result<(), StoreError> {
        self.run("UPDATE account SET other_clients = ?1 WHERE id = 1", params![count])?;
        Ok(())
    }
}
