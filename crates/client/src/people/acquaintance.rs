//! Finding people: among those known here, and by what the network says a text names.
//! It changes nothing about anybody but what is known of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, Invitable};
use murmel_store::{AddressState, Tx};
use nostr::PublicKey;

use crate::account::Account;
use crate::group::{membership, pairs};
use crate::people::address::{self, Address};
use crate::people::names::Names;
use crate::people::profiles;
use crate::people::{self, npub};
use crate::{Error, Result, views};

/// People found at a time; the best known come first.
const FOUND_CAP: usize = 50;

/// People known here by name, address or the beginning of a key; for an empty text those known best. Nobody is asked.
pub(crate) async fn find(account: &Arc<Account>, text: &str) -> Result<Vec<ipc::PersonView>> {
    let (me, text) = (account.pubkey(), text.trim().to_owned());
    account.db.read(move |tx, _| found(tx, me, &text)?.iter().map(|who| views::person(tx, me, who)).collect()).await
}

fn found(tx: &Tx<'_>, me: PublicKey, text: &str) -> Result<Vec<PublicKey>> {
    let wanted = text.strip_prefix("nostr:").unwrap_or(text).to_lowercase();
    let exact = people::parse(text).ok().map(|person| person.pubkey);
    let known: BTreeSet<PublicKey> = tx.contacts()?.into_iter().filter(|one| one.is_known()).map(|one| one.public_key).collect();
    let mut all: BTreeSet<PublicKey> = tx.companions()?.into_iter().chain(known.iter().copied()).chain(exact).collect();
    if !wanted.is_empty() {
        all.extend(tx.people()?.into_iter().map(|person| person.public_key));
    }
    all.remove(&me);
    let names = Names::new(tx, me);
    let mut ranked = Vec::new();
    for who in all {
        if names.is_blocked(&who)? {
            continue;
        }
        let name = names.plain(&who)?.to_lowercase();
        let (published, address) = tx.person(&who)?.map(|person| (person.name.to_lowercase(), person.address)).unwrap_or_default();
        let begins = |word: &str| word.starts_with(&wanted);
        let key = begins(&npub(&who)) || begins(&who.to_hex());
        let rank = if Some(who) == exact {
            0
        } else if begins(&name) || begins(&published) || begins(&address) {
            1
        } else if name.split_whitespace().chain(published.split_whitespace()).any(begins) {
            2
        } else if name.contains(&wanted) || published.contains(&wanted) || address.contains(&wanted) || key {
            3
        } else {
            continue;
        };
        ranked.push((rank, !known.contains(&who), name, who));
    }
    ranked.sort();
    Ok(ranked.into_iter().take(FOUND_CAP).map(|(.., who)| who).collect())
}

/// Whom an npub, an nprofile, 64 hex digits or an address (NIP-05) names, and what they say about themselves.
///
/// # Errors
/// `InvalidPerson`; `NotFound` where the host of an address names nobody by it; `Offline`.
pub(crate) async fn find_one(account: &Arc<Account>, text: &str) -> Result<ipc::PersonView> {
    let me = account.pubkey();
    let address = Address::parse(text);
    let person = match &address {
        Some(address) => address::ask(account, address).await?.ok_or_else(|| {
            Error::new(ErrorCode::NotFound, "The host of this address names nobody by it. Check the spelling, or ask for an npub.")
        })?,
        None => people::parse(text)?,
    };
    let who = person.pubkey;
    if who != me {
        match profiles::look_up(account, &person).await {
            // Whom a key names is known without a relay.
            Err(error) if error.code != ErrorCode::Offline => return Err(error),
            _ => {}
        }
    }
    if let Some(address) = address {
        address::note(account, who, &address, AddressState::Verified).await?;
    }
    account.db.read(move |tx, _| views::person(tx, me, &who)).await
}

/// Whether each of them can be invited now.
///
/// # Errors
/// `InvalidPerson`, `TooLarge`.
pub(crate) async fn can_invite(account: &Arc<Account>, people: &[String]) -> Result<Vec<Invitable>> {
    let wanted = membership::parse(account, people)?;
    let all: Vec<PublicKey> = wanted.iter().map(|person| person.pubkey).collect();
    let (_, refused) = membership::invitable(account, wanted).await?;
    let answer = |who: &PublicKey| {
        let npub = npub(who);
        let refusal = refused.iter().find(|one| one.npub == npub).map(|one| one.refusal.clone());
        Invitable { npub, refusal }
    };
    Ok(all.iter().map(answer).collect())
}

/// The conversation with somebody alone: the one there is, or a new one.
///
/// # Errors
/// `InvalidPerson`; `InvalidInput` for the account itself; `NoKeyPackage` where they cannot be invited.
pub(crate) async fn conversation(account: &Arc<Account>, text: &str) -> Result<String> {
    let (person, me) = (people::parse(text)?, account.pubkey());
    let who = person.pubkey;
    if who == me {
        return Err(Error::new(ErrorCode::InvalidInput, "This is yourself. Name somebody else."));
    }
    // Two presses of a button must not begin two conversations.
    let _turn = account.pairing.lock().await;
    let there = account.db.read(move |tx, _| Ok::<_, Error>(pairs::conversation(tx, me, &who)?.map(|chat| chat.group.to_string())));
    if let Some(chat) = there.await? {
        return Ok(chat);
    }
    let (invited, refused) = membership::invitable(account, vec![person]).await?;
    match refused.into_iter().next() {
        Some(ipc::NotInvited { refusal, .. }) => Err(Error::new(ErrorCode::NoKeyPackage, refusal.reason)),
        None => membership::create_with(account, String::new(), String::new(), invited).await,
    }
}
