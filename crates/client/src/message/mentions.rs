//! People whom a text names (NIP-27): `nostr:npub1…` or `nostr:nprofile1…` in the text, a `p` tag beside it.
//! It looks nobody up.

use murmel_ipc as ipc;
use nostr::PublicKey;
use nostr::nips::nip19::{FromBech32 as _, Nip19};

/// People named by one message; further ones stay text.
pub(crate) const MENTIONS_CAP: usize = 32;
/// Longest bech32 text that is read, in bytes.
const MAX_BECH32: usize = 1_024;
const SCHEME: &str = "nostr:";

/// The `p` tags of a text.
pub(crate) fn tags(text: &str) -> Vec<Vec<String>> {
    named(text).into_iter().map(|who| vec!["p".to_owned(), who.to_hex()]).collect()
}

/// Whom the `p` tags of a message name, each once.
pub(crate) fn of(tags: &[Vec<String>]) -> Vec<PublicKey> {
    let named = tags.iter().filter_map(|tag| match tag.as_slice() {
        [name, who, ..] if name == "p" => PublicKey::from_hex(who).ok(),
        _ => None,
    });
    distinct(named)
}

/// A text with names in the place of keys, for one line somewhere else.
pub(crate) fn readable(text: &str, mentions: &[ipc::Mention]) -> String {
    mentions.iter().fold(text.to_owned(), |text, one| text.replace(&format!("{SCHEME}{}", one.npub), &format!("@{}", one.name)))
}

/// Whom a text names, each once.
pub(crate) fn named(text: &str) -> Vec<PublicKey> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some((_, after)) = rest.split_once(SCHEME) {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (word, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        if found.len() < MENTIONS_CAP && word.len() <= MAX_BECH32 {
            found.extend(person(word));
        }
        rest = tail;
    }
    distinct(found.into_iter())
}

fn person(word: &str) -> Option<PublicKey> {
    match Nip19::from_bech32(word).ok()? {
        Nip19::Pubkey(who) => Some(who),
        Nip19::Profile(profile) => Some(profile.public_key),
        _ => None,
    }
}

fn distinct(people: impl Iterator<Item = PublicKey>) -> Vec<PublicKey> {
    let mut distinct = Vec::new();
    for who in people {
        if distinct.len() < MENTIONS_CAP && !distinct.contains(&who) {
            distinct.push(who);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use nostr::{Keys, nips::nip19::ToBech32 as _};

    use super::*;

    #[test]
    fn whom_a_text_names_is_found_once_each() {
        let (anna, ben) = (Keys::generate().public_key(), Keys::generate().public_key());
        let (a, b) = (anna.to_bech32().unwrap(), ben.to_bech32().unwrap());
        let text = format!("nostr:{a}, see nostr:{b}! nostr:{a} npub1nobody nostr:npub1xyz nostr: {b} nostr:nsec1q nostr:");
        assert_eq!(named(&text), [anna, ben]);
        assert_eq!(of(&tags(&text)), [anna, ben]);
        assert!(named("nostr:ünpub1").is_empty());
        assert!(named(&"nostr:".repeat(10_000)).is_empty());
    }

    #[test]
    fn a_preview_shows_names_instead_of_keys() {
        let npub = Keys::generate().public_key().to_bech32().unwrap();
        let mentions = [ipc::Mention { npub: npub.clone(), name: "Ben".into(), is_me: false }];
        assert_eq!(readable(&format!("Hi nostr:{npub}, you"), &mentions), "Hi @Ben, you");
    }

    #[test]
    fn no_more_people_are_named_than_the_cap() {
        let text: String = (0..40).map(|_| format!("nostr:{} ", Keys::generate().public_key().to_bech32().unwrap())).collect();
        assert_eq!(named(&text).len(), MENTIONS_CAP);
    }
}
