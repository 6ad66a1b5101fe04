//! What people say about themselves (kind 0): looked up on relays, one person at a time, and kept.
//! It fetches no picture, follows no link and asks no host; a name that is found proves nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use murmel_ipc::{self as ipc, ErrorCode, ProfileFields};
use murmel_net::{Lane, RelayAddress};
use murmel_store::{AddressState, PersonRecord, Tx};
use nostr::{Event, Filter, Kind, PublicKey, Url};
use serde_json::{Map, Value};

use crate::account::Account;
use crate::group::invitees::{distinct, home, known_relays};
use crate::notices::{is_unwanted, one_line};
use crate::people::address::Address;
use crate::people::names::NAME_CAP;
use crate::people::own_profile;
use crate::people::{self, Person};
use crate::sync::addresses;
use crate::{Error, Result, changes, views};

/// How old what is known of somebody may be before it is looked up again by itself, in seconds.
const FRESH: u64 = 24 * 3600;
/// People looked up in one round; the others have their turn in the next.
const ROUND_CAP: usize = 64;
/// Longest text about somebody, in characters.
pub(crate) const MAX_ABOUT: usize = 2_000;
/// Longest URL of a picture or page, in bytes.
pub(crate) const MAX_URL: usize = 2_048;
/// Relays remembered as those where somebody publishes.
const OUTBOX_CAP: usize = 4;
/// How long until the next attempt where no relay could be asked.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Keeps what is known of people fresh until the account closes: companions, inviters, and whoever the person here knows.
pub(crate) async fn run(account: Arc<Account>) {
    let housekeeping = &account.sync.housekeeping;
    tokio::time::sleep(housekeeping.people_first).await;
    loop {
        // Before the rows are looked at: somebody who comes meanwhile has the next turn.
        let moved = account.sync.moved.notified();
        if round(&account).await.is_err() {
            tokio::time::sleep(AGAIN_AFTER).await;
            continue;
        }
        tokio::select! {
            () = moved => tokio::time::sleep(housekeeping.people_rest).await,
            () = tokio::time::sleep(housekeeping.people_every) => {}
        }
    }
}

/// Looks everybody up whose turn it is. One person at a time, with rests, so that relays are not told who belongs together.
async fn round(account: &Arc<Account>) -> Result<()> {
    let (me, now) = (account.pubkey(), account.clock.now());
    for who in account.db.read(move |tx, _| due(tx, me, now)).await? {
        look_up(account, &Person { pubkey: who, relays: Vec::new() }).await?;
        tokio::time::sleep(account.sync.housekeeping.people_rest.mul_f64(rand::random())).await;
    }
    Ok(())
}

/// Who was not looked up for long, in the order of their keys, which says nothing about groups.
fn due(tx: &Tx<'_>, me: PublicKey, now: u64) -> Result<Vec<PublicKey>> {
    let mut people: BTreeSet<PublicKey> = tx.companions()?.into_iter().collect();
    people.extend(tx.open_requests()?.into_iter().map(|request| request.inviter));
    people.extend(tx.contacts()?.into_iter().filter(|contact| contact.is_known()).map(|contact| contact.public_key));
    people.remove(&me);
    let mut due = Vec::new();
    for who in people {
        let looked_at = tx.person(&who)?.map_or(0, |known| known.looked_at);
        // A time to come is that of a clock that was wrong.
        if (looked_at > now || now - looked_at >= FRESH) && !tx.is_blocked(&who)? {
            due.push(who);
        }
        if due.len() >= ROUND_CAP {
            break;
        }
    }
    Ok(due)
}

/// Looks somebody up now, whatever is known.
///
/// # Errors
/// `InvalidPerson`, `Offline`.
pub(crate) async fn refresh(account: &Arc<Account>, text: &str) -> Result<ipc::PersonView> {
    let (person, me) = (people::parse(text)?, account.pubkey());
    if person.pubkey == me {
        own_profile::look(account).await?;
    } else {
        look_up(account, &person).await?;
    }
    account.db.read(move |tx, _| views::person(tx, me, &person.pubkey)).await
}

/// Looks somebody up where they publish, as far as that is known, and on the account's own relays. Keeps what is newer.
///
/// # Errors
/// `Offline` where no relay answered.
pub(crate) async fn look_up(account: &Arc<Account>, person: &Person) -> Result<()> {
    let who = person.pubkey;
    let published_on = account.db.read(move |tx, _| Ok::<_, Error>(tx.person(&who)?.map(|known| known.outbox_relays))).await?;
    let named = person.relays.iter().filter_map(|relay| RelayAddress::parse(relay.as_str()).ok());
    let asked = distinct(named.chain(addresses(&published_on.unwrap_or_default())).chain(known_relays(account).await?));
    let filter = Filter::new().author(who).kinds([Kind::Metadata, Kind::RelayList]);
    let fetched = account.net.fetch(Lane::Group, &asked, filter.clone(), account.pace.fetch).await;
    if fetched.complete.is_empty() && fetched.events.is_empty() {
        return Err(Error::passing(ErrorCode::Offline, "No relay could be asked about this person. Try again when there is a connection."));
    }
    let mut events = fetched.events;
    let unasked = home(&events).into_iter().filter(|relay| !asked.iter().any(|known| known.same_relay(relay)));
    let more = distinct(unasked.take(OUTBOX_CAP));
    if !more.is_empty() {
        events.extend(account.net.fetch(Lane::Group, &more, filter, account.pace.fetch).await.events);
    }
    let now = account.clock.now();
    changes::write(account, move |tx, _, changes| {
        let known = tx.person(&who)?.unwrap_or_else(|| PersonRecord::unknown(who));
        let next = PersonRecord { looked_at: now, ..merged(&known, &events) };
        tx.put_person(&next)?;
        if said(&next) != said(&known) {
            changes.person(who);
        }
        Ok(())
    })
    .await
}

/// What is shown of somebody.
fn said(person: &PersonRecord) -> [&str; 5] {
    [&person.name, &person.about, &person.picture, &person.website, &person.address]
}

/// What is known, and what newer events say.
fn merged(known: &PersonRecord, events: &[Event]) -> PersonRecord {
    let mut next = known.clone();
    let homes: Vec<String> = home(events).iter().take(OUTBOX_CAP).map(|relay| relay.as_str().to_owned()).collect();
    if !homes.is_empty() {
        next.outbox_relays = homes;
    }
    match newest(events) {
        Some(event) if event.created_at.as_secs() >= known.published_at => with_profile(next, event),
        _ => next,
    }
}

/// Somebody with what this event says about them.
pub(crate) fn with_profile(known: PersonRecord, event: &Event) -> PersonRecord {
    let ProfileFields { name, about, picture, website, address } = fields(&content(event));
    let (address_state, address_at) =
        if address == known.address { (known.address_state, known.address_at) } else { (AddressState::Unknown, 0) };
    PersonRecord { name, about, picture, website, address, address_state, address_at, published_at: event.created_at.as_secs(), ..known }
}

/// The newest profile; of two with the same time the lower id counts (NIP-01).
pub(crate) fn newest(events: &[Event]) -> Option<&Event> {
    let profiles = events.iter().filter(|event| event.kind == Kind::Metadata);
    profiles.max_by(|a, b| a.created_at.cmp(&b.created_at).then(b.id.cmp(&a.id)))
}

/// The fields of a profile; none where it is no JSON object.
pub(crate) fn content(event: &Event) -> Map<String, Value> {
    serde_json::from_str(&event.content).unwrap_or_default()
}

/// What a profile says, made fit to be shown: what is too long is cut, what is no address is left out.
pub(crate) fn fields(content: &Map<String, Value>) -> ProfileFields {
    let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = [text("display_name"), text("name")].map(|name| one_line(name, NAME_CAP)).into_iter().find(|name| is_name(name));
    ProfileFields {
        name: name.unwrap_or_default(),
        about: lines(text("about")),
        picture: https(text("picture")).unwrap_or_default(),
        website: https(text("website")).unwrap_or_default(),
        address: Address::parse(text("nip05")).map(|address| address.to_string()).unwrap_or_default(),
    }
}

/// Whether a text can stand for somebody: something of it is seen, and it does not pass for a key.
fn is_name(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
    };
    let lower = text.to_lowercase();
    !text.chars().all(unseen) && !["npub1", "nprofile1", "nsec1"].iter().any(|key| lower.starts_with(key))
}

/// A text of several lines without what would disturb those around it.
fn lines(text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c == '\n' || !is_unwanted(*c)).take(MAX_ABOUT).collect();
    kept.trim().to_owned()
}

/// An https URL without a user, in the form in which it is asked for.
pub(crate) fn https(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > MAX_URL || text.chars().any(is_unwanted) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let fine = url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none();
    fine.then(|| url.to_string()).filter(|url| url.len() <= MAX_URL)
}

#[cfg(test)]
mod tests;
