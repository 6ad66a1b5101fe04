//! People, as texts name them: npub, nprofile, 64 hex digits.
//! It asks no server for a name.

pub(crate) mod acquaintance;
pub(crate) mod address;
pub(crate) mod contacts;
pub(crate) mod names;
pub(crate) mod own_profile;
pub(crate) mod profiles;

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, PersonPreview};
use nostr::nips::nip19::{FromBech32 as _, Nip19Profile, ToBech32 as _};
use nostr::{PublicKey, RelayUrl};

use crate::account::Account;
use crate::people::names::Names;
use crate::{Error, Result, views};

/// Longest text that is looked at, in bytes: an nprofile with many relays.
const MAX_TEXT: usize = 4_096;
/// Relays taken from an nprofile.
pub(crate) const MAX_HINTS: usize = 8;

/// A person as a text names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// A point of the curve.
    pub(crate) pubkey: PublicKey,
    /// Where an nprofile says they can be found; unchecked.
    pub(crate) relays: Vec<RelayUrl>,
}

/// Whom a text names. White space around it and a `nostr:` in front are ignored.
///
/// # Errors
/// `InvalidPerson`.
pub(crate) fn parse(text: &str) -> Result<Person> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        return Err(invalid());
    }
    let text = text.strip_prefix("nostr:").unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("nsec1") || lower.starts_with("ncryptsec1") {
        return Err(Error::new(
            ErrorCode::InvalidPerson,
            "This is a secret key. Never give it to anybody; ask for the npub that belongs to the person.",
        ));
    }
    let person = if lower.starts_with("nprofile1") {
        let profile = Nip19Profile::from_bech32(&lower).map_err(|_| invalid())?;
        Person { pubkey: profile.public_key, relays: profile.relays.into_iter().take(MAX_HINTS).collect() }
    } else if lower.starts_with("npub1") {
        Person { pubkey: PublicKey::from_bech32(&lower).map_err(|_| invalid())?, relays: Vec::new() }
    } else {
        Person { pubkey: PublicKey::from_hex(&lower).map_err(|_| invalid())?, relays: Vec::new() }
    };
    // Any 32 bytes parse; only half of them are a key.
    person.pubkey.xonly().map_err(|_| invalid())?;
    Ok(person)
}

/// The bech32 form.
pub(crate) fn npub(pubkey: &PublicKey) -> String {
    // The encoding of 32 bytes cannot fail.
    pubkey.to_bech32().unwrap_or_else(|never| match never {})
}

/// What stands for a name where none is known: the ends of the npub, as the window shortens it too.
pub(crate) fn short_npub(pubkey: &PublicKey) -> String {
    let npub = npub(pubkey);
    match (npub.get(..12), npub.get(npub.len().saturating_sub(6)..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => npub,
    }
}

/// Everything that is known of somebody here; nobody is asked.
pub(crate) async fn get(account: &Arc<Account>, text: &str) -> Result<ipc::PersonView> {
    let (who, me) = (parse(text)?.pubkey, account.pubkey());
    account.db.read(move |tx, _| views::person(tx, me, &who)).await
}

pub(crate) async fn inspect(me: Option<&Account>, text: &str) -> Result<PersonPreview> {
    let pubkey = parse(text)?.pubkey;
    let is_me = me.is_some_and(|me| me.pubkey() == pubkey);
    let name = match me {
        Some(account) => {
            let me = account.pubkey();
            let name = account.db.read(move |tx, _| Names::new(tx, me).plain(&pubkey)).await?;
            Some(name).filter(|name| *name != short_npub(&pubkey))
        }
        None => None,
    };
    Ok(PersonPreview { npub: npub(&pubkey), pubkey: pubkey.to_hex(), name, is_me })
}

fn invalid() -> Error {
    Error::new(
        ErrorCode::InvalidPerson,
        "This names nobody. Paste an npub, an nprofile or 64 hex digits, complete and without anything else.",
    )
}

#[cfg(test)]
mod tests {
    use nostr::Keys;

    use super::*;

    #[test]
    fn the_three_forms_name_the_same_person() {
        let pubkey = Keys::generate().public_key();
        let profile = Nip19Profile::new(pubkey, [RelayUrl::parse("wss://relay.example").unwrap()]).to_bech32().unwrap();
        let npub = npub(&pubkey);
        for text in [pubkey.to_hex(), npub.clone(), format!(" nostr:{npub}\n"), npub.to_uppercase(), profile.clone()] {
            assert_eq!(parse(&text).unwrap().pubkey, pubkey, "{text}");
        }
        assert_eq!(parse(&profile).unwrap().relays.len(), 1);
    }

    #[test]
    fn texts_that_name_nobody_are_refused() {
        let good = npub(&Keys::generate().public_key());
        let not_on_the_curve = "ff".repeat(32);
        for text in [
            "",
            "npub1",
            "hello",
            good.strip_suffix(|_: char| true).unwrap(),
            &format!("{good}x"),
            &"0".repeat(64),
            &not_on_the_curve,
            &"a".repeat(100_000),
        ] {
            assert_eq!(parse(text).unwrap_err().code, ErrorCode::InvalidPerson, "{text}");
        }
    }

    #[test]
    fn a_secret_key_in_the_place_of_a_person_gets_a_warning() {
        let nsec = Keys::generate().secret_key().to_bech32().unwrap();
        assert!(parse(&nsec).unwrap_err().message.contains("secret"));
    }
}
