//! Addresses of people such as `anna@example.org` (NIP-05): whom the host names by one.
//! It asks a host only when the person here wants that, and by the way that all connections take.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode};
use murmel_net::{WEB_BYTES_CAP, WebFault};
use murmel_store::{AddressState, PersonRecord};
use nostr::{PublicKey, RelayUrl};
use serde::Deserialize;
use serde_json::Value;

use crate::account::Account;
use crate::people::{self, MAX_HINTS, Person};
use crate::{Error, Result, changes, views};

/// Longest address, in bytes.
pub(crate) const MAX_ADDRESS: usize = 320;

/// A name at a host, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    name: String,
    host: String,
}

impl Address {
    /// `None` where a text is no address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if text.len() > MAX_ADDRESS {
            return None;
        }
        let (name, host) = text.split_once('@')?;
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        // Whether it may be asked is decided by the rules of dialling; this only keeps a host a host.
        let hosted = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
        (named && hosted).then(|| Self { name: name.to_owned(), host: host.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host)
    }
}

/// What a host answers.
#[derive(Deserialize)]
struct Answer {
    names: BTreeMap<String, Value>,
    #[serde(default)]
    relays: Value,
}

/// Whom the host names by an address; `None` where it names nobody.
///
/// # Errors
/// `Offline` where it could not be asked, or answered something else.
pub(crate) async fn ask(account: &Account, address: &Address) -> Result<Option<Person>> {
    let path = format!("/.well-known/nostr.json?name={}", address.name);
    let body = match account.net.get(&address.host, &path, account.pace.fetch).await {
        Ok(body) => body,
        Err(WebFault::NotThere) => return Ok(None),
        Err(fault) => return Err(unasked(address, &fault.to_string())),
    };
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| unasked(address, "it answered something that is no list of names"))?;
    Ok(person(&answer, &address.name))
}

fn person(answer: &Answer, name: &str) -> Option<Person> {
    let hex = answer.names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1.as_str()?;
    // Hex only (NIP-05); a point of the curve only.
    let pubkey = PublicKey::from_hex(hex).ok().filter(|key| key.xonly().is_ok())?;
    let relays = answer.relays.get(pubkey.to_hex()).and_then(Value::as_array);
    let relays = relays.into_iter().flatten().filter_map(|relay| RelayUrl::parse(relay.as_str()?).ok());
    Some(Person { pubkey, relays: relays.take(MAX_HINTS).collect() })
}

/// Asks the host of the address that somebody gives as theirs whether it is.
///
/// # Errors
/// `InvalidPerson`; `InvalidInput` where they give none; `Offline`.
pub(crate) async fn verify(account: &Arc<Account>, text: &str) -> Result<ipc::PersonView> {
    let (who, me) = (people::parse(text)?.pubkey, account.pubkey());
    let given = account.db.read(move |tx, _| Ok::<_, Error>(tx.person(&who)?.map(|known| known.address))).await?.unwrap_or_default();
    let address = Address::parse(&given).ok_or_else(|| Error::new(ErrorCode::InvalidInput, "This person gives no address."))?;
    let named = ask(account, &address).await?.map(|person| person.pubkey);
    let state = if named == Some(who) { AddressState::Verified } else { AddressState::Refuted };
    note(account, who, &address, state).await?;
    account.db.read(move |tx, _| views::person(tx, me, &who)).await
}

/// Notes what a host said, where the address is still the one that the person gives.
pub(crate) async fn note(account: &Arc<Account>, who: PublicKey, address: &Address, state: AddressState) -> Result<()> {
    let (address, now) = (address.to_string(), account.clock.now());
    changes::write(account, move |tx, _, changes| {
        if let Some(known) = tx.person(&who)?.filter(|known| known.address == address) {
            tx.put_person(&PersonRecord { address_state: state, address_at: now, ..known })?;
            changes.person(who);
        }
        Ok(())
    })
    .await
}

fn unasked(address: &Address, why: &str) -> Error {
    Error::passing(ErrorCode::Offline, format!("{} could not be asked: {why}. Try again later.", address.host))
}

// What a host may answer fits into memory twice over.
const _: () = assert!(WEB_BYTES_CAP <= 1024 * 1024);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_none() {
        for text in
            ["", "@", "anna@", "@example.org", "anna", "an na@example.org", "anna@exa/mple.org", "anna@e?x", "anna@a@b", "ä@example.org"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(Address::parse(&format!("a@{}", "b".repeat(400))), None);
        assert_eq!(Address::parse(" Anna_1@Example.ORG ").unwrap().to_string(), "anna_1@example.org");
    }

    #[test]
    fn of_an_answer_only_a_key_in_hex_under_this_name_counts() {
        let key = nostr::Keys::generate().public_key();
        let hex = key.to_hex();
        let found = |body: String, name: &str| serde_json::from_str::<Answer>(&body).ok().and_then(|answer| person(&answer, name));
        let relays = format!(r#""relays":{{"{hex}":["wss://a.example","no relay",7]}}"#);
        let person = found(format!(r#"{{"names":{{"anna":"{hex}"}},{relays}}}"#), "anna").unwrap();
        assert_eq!((person.pubkey, person.relays.len()), (key, 1));
        assert_eq!(found(format!(r#"{{"names":{{"ben":"{hex}"}}}}"#), "anna"), None);
        assert_eq!(found(format!(r#"{{"names":{{"anna":"{}"}}}}"#, people::npub(&key)), "anna"), None);
        assert_eq!(found(format!(r#"{{"names":{{"anna":"{}"}}}}"#, "ff".repeat(32)), "anna"), None);
        assert_eq!(found(r#"{"names":{"anna":7},"relays":[]}"#.into(), "anna"), None);
        assert_eq!(found("[]".into(), "anna"), None);
    }
}
