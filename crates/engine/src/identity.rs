//! The account proof: a Nostr key's statement that an MLS leaf key speaks for it (Marmot component 0x8009).
//! It proves the binding only; whether the account may do something is decided elsewhere.

use nostr::{Event, EventBuilder, EventId, Keys, Kind, PublicKey, Tag, Timestamp, secp256k1::schnorr::Signature};

use crate::encoding::Malformed;
use crate::error::Fault;

const KIND: Kind = Kind::Custom(450);
const CONTENT: &str = "Authorize this MLS leaf key for my Marmot account";
/// `created_at` has to be exact in JSON numbers of every client.
const MAX_CREATED_AT: u64 = (1 << 53) - 1;

/// The account a credential names: 32 bytes that are a point of the curve.
pub fn account(bytes: &[u8]) -> Option<PublicKey> {
    let key = PublicKey::from_slice(bytes).ok()?;
    key.xonly().is_ok().then_some(key)
}

/// 104 bytes: account (32), `created_at` in Unix seconds (8, big-endian), BIP-340 signature (64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountProof {
    account: PublicKey,
    created_at: u64,
    signature: Signature,
}

impl AccountProof {
    /// Length in bytes.
    pub const LEN: usize = 104;

    /// Lets `account` vouch for the leaf key. The event that is signed is never published.
    pub fn sign(account: &Keys, leaf_key: &[u8], created_at: u64) -> Result<Self, Fault> {
        let event = template(leaf_key, created_at)
            .ok_or_else(|| Fault::mls("account proof time"))?
            .sign_with_keys(account)
            .map_err(|_| Fault::mls("account proof signature"))?;
        Ok(Self { account: event.pubkey, created_at, signature: event.sig })
    }

    /// From exactly 104 bytes. The signature is not checked here.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| Malformed)?;
        let (account, rest) = bytes.split_first_chunk::<32>().ok_or(Malformed)?;
        let (created_at, signature) = rest.split_first_chunk::<8>().ok_or(Malformed)?;
        Ok(Self {
            account: self::account(account).ok_or(Malformed)?,
            created_at: u64::from_be_bytes(*created_at),
            signature: Signature::from_slice(signature).map_err(|_| Malformed)?,
        })
    }

    /// To 104 bytes.
    pub fn encode(&self) -> Vec<u8> {
        [self.account.as_bytes().as_slice(), &self.created_at.to_be_bytes(), self.signature.as_ref()].concat()
    }

    /// The account that vouches.
    pub const fn account(&self) -> PublicKey {
        self.account
    }

    /// Whether the signature is `account`'s for this leaf key. The age of a proof does not matter.
    pub fn vouches_for(&self, account: &PublicKey, leaf_key: &[u8]) -> bool {
        self.account == *account && self.event(leaf_key).is_some_and(|event| event.verify().is_ok())
    }

    fn event(&self, leaf_key: &[u8]) -> Option<Event> {
        let unsigned = template(leaf_key, self.created_at)?.build(self.account);
        let id = event_id(&unsigned);
        Some(Event::new(id, self.account, unsigned.created_at, KIND, unsigned.tags, CONTENT, self.signature))
    }
}

/// The unpublished event whose id is signed; `None` for a time that is not allowed.
fn template(leaf_key: &[u8], created_at: u64) -> Option<EventBuilder> {
    let tags = [
        ("d", "marmot.account-identity-proof.v2".to_owned()),
        ("component", "0x8009".to_owned()),
        ("ciphersuite", "0x0001".to_owned()),
        ("signature_scheme", "0x0807".to_owned()),
        ("mls_signature_key", hex::encode(leaf_key)),
    ];
    let tags: Vec<Tag> = tags.into_iter().map(|(name, value)| Tag::parse([name.to_owned(), value])).collect::<Result<_, _>>().ok()?;
    (1..=MAX_CREATED_AT)
        .contains(&created_at)
        .then(|| EventBuilder::new(KIND, CONTENT).tags(tags).custom_created_at(Timestamp::from_secs(created_at)))
}

fn event_id(unsigned: &nostr::UnsignedEvent) -> EventId {
    EventId::new(&unsigned.pubkey, &unsigned.created_at, &unsigned.kind, &unsigned.tags, &unsigned.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret key 3 of the protocol's vectors.
    fn key_three() -> Keys {
        Keys::parse("0000000000000000000000000000000000000000000000000000000000000003").unwrap()
    }

    fn counting() -> Vec<u8> {
        (0..32).collect()
    }

    #[test]
    fn vectors_a6_a_recorded_proof_verifies() {
        let bytes = hex::decode(concat!(
            "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
            "000000006553f100",
            "c5315d3c85b9d4907cb03395a2a97b3ba2eab393f8e45b13a5d5233acedac60a",
            "51d2a295e1b1b5ee372d18a49bdb8041a7dba9dedce722c7c6f712f78bbdfb5d",
        ))
        .unwrap();
        let proof = AccountProof::decode(&bytes).unwrap();
        let event = proof.event(&counting()).unwrap();
        assert_eq!(event.id.to_hex(), "b7e9a15dd85990fb0f49c33db3cc9875f73986207b038404ceb6b7fec4e0af6b");
        assert!(proof.vouches_for(&key_three().public_key(), &counting()));
        assert_eq!(proof.encode(), bytes);
    }

    #[test]
    fn vectors_a13_the_event_id_of_another_leaf_key() {
        let proof = AccountProof::sign(&key_three(), &[0x22; 32], 1_700_000_000).unwrap();
        let id = proof.event(&[0x22; 32]).unwrap().id.to_hex();
        assert_eq!(id, "c2b006ca05d472ea854c9c5b52dffd8a5f6e70f53f672a0d761d5d7817c80555");
    }

    #[test]
    fn a_proof_holds_for_its_account_and_its_leaf_key_only() {
        let account = key_three();
        let proof = AccountProof::sign(&account, &counting(), 1_700_000_000).unwrap();
        assert!(proof.vouches_for(&account.public_key(), &counting()));
        assert!(!proof.vouches_for(&account.public_key(), &[0x22; 32]));
        assert!(!proof.vouches_for(&Keys::generate().public_key(), &counting()));
        let mut later = proof;
        later.created_at += 1;
        assert!(!later.vouches_for(&account.public_key(), &counting()));
    }

    #[test]
    fn times_beyond_json_numbers_and_wrong_lengths_are_refused() {
        assert!(AccountProof::sign(&key_three(), &counting(), 0).is_err());
        assert!(AccountProof::sign(&key_three(), &counting(), 1 << 53).is_err());
        assert!(AccountProof::decode(&[1; 103]).is_err());
        assert!(AccountProof::decode(&[0xff; 104]).is_err(), "an account that is no point of the curve");
    }
}
