//! Gift wraps (NIP-59): sealing a rumor to one person and opening what was sealed to us.
//! It never decides what to do with a rumor.

use nostr::nips::nip44;
use nostr::nips::nip59::{RANGE_RANDOM_TIMESTAMP_TWEAK, UnwrappedGift};
use nostr::{Event, EventBuilder, JsonUtil, Keys, Kind, PublicKey, Tag, Timestamp, UnsignedEvent};

/// Why a rumor cannot be wrapped: NIP-44 takes at most 65,535 bytes, and the seal has to fit into the wrap as well.
#[derive(Debug, thiserror::Error)]
#[error("the invitation does not fit into a gift wrap")]
pub(crate) struct DoesNotFit;

/// Seals `rumor` with the account's key and wraps it for `to` (kind 1059 around kind 13).
///
/// Written without `async`, so that it can be part of a transaction. `now`: Unix seconds, by the account's clock; both layers are dated up to
/// two days back.
pub(crate) fn seal(keys: &Keys, to: &PublicKey, mut rumor: UnsignedEvent, now: u64) -> Result<Event, DoesNotFit> {
    rumor.ensure_id();
    let content = nip44::encrypt(keys.secret_key(), to, rumor.as_json(), nip44::Version::V2).map_err(|_| DoesNotFit)?;
    let seal = EventBuilder::new(Kind::Seal, content).custom_created_at(dated_back(now)).sign_with_keys(keys).map_err(|_| DoesNotFit)?;
    // `EventBuilder::gift_wrap_from_seal` knows the clock of the system only.
    let one_time = Keys::generate();
    let content = nip44::encrypt(one_time.secret_key(), to, seal.as_json(), nip44::Version::V2).map_err(|_| DoesNotFit)?;
    let wrap = EventBuilder::new(Kind::GiftWrap, content).tag(Tag::public_key(*to)).custom_created_at(dated_back(now));
    wrap.sign_with_keys(&one_time).map_err(|_| DoesNotFit)
}

fn dated_back(now: u64) -> Timestamp {
    Timestamp::from_secs(now.saturating_sub(rand::random_range(RANGE_RANDOM_TIMESTAMP_TWEAK)))
}

/// Opens a gift wrap that is addressed to us and to nobody else. `None` for everything that is not exactly that.
pub async fn open(keys: &Keys, wrap: &Event) -> Option<UnwrappedGift> {
    let mut recipients = wrap.tags.iter().map(nostr::Tag::as_slice).filter(|tag| tag.first().is_some_and(|name| name == "p"));
    let ours = recipients.next().and_then(|tag| tag.get(1)).is_some_and(|hex| *hex == keys.public_key().to_hex());
    if !ours || recipients.next().is_some() {
        return None;
    }
    // Checks the seal's signature, and that the rumor names the seal's signer as its author.
    UnwrappedGift::from_gift_wrap(keys, wrap).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn rumor(author: &Keys) -> UnsignedEvent {
        EventBuilder::new(Kind::MlsWelcome, "hello").build(author.public_key())
    }

    #[tokio::test]
    async fn a_wrap_opens_for_its_recipient_and_names_its_author() {
        let (anna, ben) = (Keys::generate(), Keys::generate());
        let wrap = seal(&anna, &ben.public_key(), rumor(&anna), NOW).unwrap();
        assert_ne!(wrap.pubkey, anna.public_key());
        assert!((NOW - 2 * 24 * 3600..=NOW).contains(&wrap.created_at.as_secs()));
        let gift = open(&ben, &wrap).await.unwrap();
        assert_eq!(gift.sender, anna.public_key());
        assert_eq!(gift.rumor.content, "hello");
    }

    #[tokio::test]
    async fn a_wrap_for_somebody_else_or_for_two_people_stays_closed() {
        let (anna, ben, eve) = (Keys::generate(), Keys::generate(), Keys::generate());
        let wrap = seal(&anna, &ben.public_key(), rumor(&anna), NOW).unwrap();
        assert!(open(&eve, &wrap).await.is_none());
        let two = EventBuilder::new(Kind::GiftWrap, wrap.content)
            .tags([Tag::public_key(ben.public_key()), Tag::public_key(eve.public_key())])
            .sign_with_keys(&Keys::generate())
            .unwrap();
        assert!(open(&ben, &two).await.is_none());
    }

    #[tokio::test]
    async fn a_rumor_that_names_another_author_than_the_seal_is_refused() {
        let (anna, ben, eve) = (Keys::generate(), Keys::generate(), Keys::generate());
        let wrap = seal(&eve, &ben.public_key(), rumor(&anna), NOW).unwrap();
        assert!(open(&ben, &wrap).await.is_none());
    }

    #[test]
    fn a_rumor_beyond_what_nip44_takes_is_refused() {
        let anna = Keys::generate();
        let big = EventBuilder::new(Kind::MlsWelcome, "x".repeat(50_000)).build(anna.public_key());
        assert!(seal(&anna, &anna.public_key(), big, NOW).is_err());
    }
}
