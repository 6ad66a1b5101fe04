//! This installation as MLS sees it: the account, its Ed25519 leaf key, and the proof that binds the two.
//! It never holds the account's secret key.

use nostr::{Keys, PublicKey};
use openmls::prelude::{BasicCredential, CredentialWithKey};
use openmls_basic_credential::SignatureKeyPair;

use crate::error::Fault;
use crate::identity::AccountProof;
use crate::leaf::CIPHERSUITE;
use crate::{Storage, StorageFault};

/// One account on one installation. The leaf key is the same in every group.
pub struct Device {
    account: PublicKey,
    signer: SignatureKeyPair,
    proof: AccountProof,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device(…)")
    }
}

impl Device {
    /// Makes a leaf key and lets the account vouch for it. `now` in Unix seconds.
    pub fn create(account: &Keys, now: u64) -> Result<Self, Fault> {
        let signer = SignatureKeyPair::new(CIPHERSUITE.signature_algorithm()).map_err(|_| Fault::mls("leaf key generation"))?;
        let proof = AccountProof::sign(account, signer.public(), now)?;
        Ok(Self { account: account.public_key(), signer, proof })
    }

    /// From a leaf key that exists already; `None` unless the proof vouches for it.
    pub fn from_parts(account: PublicKey, signer: SignatureKeyPair, proof: &[u8]) -> Option<Self> {
        let proof = AccountProof::decode(proof).ok()?;
        proof.vouches_for(&account, signer.public()).then_some(Self { account, signer, proof })
    }

    /// Writes the leaf key among OpenMLS's own rows.
    pub fn save(&self, storage: &impl Storage) -> Result<(), Fault> {
        self.signer.store(storage.storage()).map_err(|e| StorageFault::new(e).into())
    }

    /// Reads the leaf key back; `None` where it is not there or the proof does not vouch for it.
    pub fn load(storage: &impl Storage, account: PublicKey, signature_key: &[u8], proof: &[u8]) -> Result<Option<Self>, Fault> {
        let signer = SignatureKeyPair::read(storage.storage(), signature_key, CIPHERSUITE.signature_algorithm());
        Ok(signer.and_then(|signer| Self::from_parts(account, signer, proof)))
    }

    /// The account.
    pub const fn account(&self) -> PublicKey {
        self.account
    }

    /// The public leaf key, 32 bytes.
    pub fn signature_key(&self) -> &[u8] {
        self.signer.public()
    }

    /// The account proof, [`AccountProof::LEN`] bytes.
    pub fn proof(&self) -> Vec<u8> {
        self.proof.encode()
    }

    pub(crate) const fn account_proof(&self) -> &AccountProof {
        &self.proof
    }

    pub(crate) const fn signer(&self) -> &SignatureKeyPair {
        &self.signer
    }

    pub(crate) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.account.as_bytes().to_vec()).into(),
            signature_key: self.signer.public().into(),
        }
    }
}
