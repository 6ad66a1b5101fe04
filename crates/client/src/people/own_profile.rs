//! What the account says about itself (kind 0): read, edited, published, and every version kept.
//! It never publishes over a profile that it has not read, and keeps the fields of other apps.

use std::sync::Arc;

use murmel_ipc::{ErrorCode, OwnProfile, ProfileFields, ProfileVersion};
use murmel_net::{CONTENT_BYTES_CAP, Lane};
use murmel_store::{Cancellation, OutboxId, OutboxState, PersonRecord, Purpose, Tx};
use nostr::{Event, EventBuilder, Filter, JsonUtil as _, Kind, Tag, Timestamp};
use serde_json::{Map, Value};

use crate::account::Account;
use crate::network::lists;
use crate::network::relays::{self, addresses, union};
use crate::notices::is_unwanted;
use crate::people::address::Address;
use crate::people::names::NAME_CAP;
use crate::people::profiles::{MAX_ABOUT, content, fields, https, with_profile};
use crate::{Error, Result, changes};

/// Under which name the outbox row of the newest version is kept.
const LAST: &str = "profile.outbox";
/// The fields that are edited here, as NIP-01, NIP-05 and NIP-24 name them.
const OURS: [&str; 6] = ["name", "display_name", "about", "picture", "website", "nip05"];

/// What a profile consists of on the wire.
struct Draft {
    content: Map<String, Value>,
    tags: Vec<Tag>,
}

/// The profile as it was last seen on a relay or published from here. No relay is asked.
pub(crate) async fn get(account: &Arc<Account>) -> Result<OwnProfile> {
    account.db.read(|tx, _| view(tx)).await
}

/// Earlier versions, newest first.
pub(crate) async fn versions(account: &Arc<Account>) -> Result<Vec<ProfileVersion>> {
    let earlier = account.db.read(|tx, _| Ok::<_, Error>(kept(tx)?.into_iter().skip(1).collect::<Vec<_>>())).await?;
    let version =
        |event: Event| ProfileVersion { id: event.id.to_hex(), published_at: event.created_at.as_secs(), fields: fields(&content(&event)) };
    Ok(earlier.into_iter().map(version).collect())
}

/// Publishes what the person wrote; what other apps wrote beside it stays.
///
/// # Errors
/// `InvalidInput`, `TooLarge`; `Offline` where no relay could be read, and then nothing changed; `Offline` and `RelayRefused` also where none
/// has taken it yet, and then it is tried on.
pub(crate) async fn set(account: &Arc<Account>, wanted: ProfileFields) -> Result<OwnProfile> {
    let wanted = checked(wanted)?;
    publish(account, move |newest, _| {
        let draft = newest.map(draft).unwrap_or_else(|| Draft { content: Map::new(), tags: Vec::new() });
        Ok(edited(draft, &wanted))
    })
    .await
}

/// Publishes an earlier version again, with everything that it carried.
///
/// # Errors
/// `NotFound`, and as [`set`].
pub(crate) async fn restore(account: &Arc<Account>, version: &str) -> Result<OwnProfile> {
    let version = version.to_owned();
    publish(account, move |_, versions| {
        let event = versions.iter().find(|event| event.id.to_hex() == version);
        event.map(draft).ok_or_else(|| Error::not_found("This version"))
    })
    .await
}

/// Reads the profile from relays, and keeps what is there.
///
/// # Errors
/// `Offline` where none answered to the end.
pub(crate) async fn look(account: &Arc<Account>) -> Result<()> {
    let asked = addresses(&targets(account).await?);
    let fetched =
        account.net.fetch(Lane::Inbox, &asked, Filter::new().author(account.pubkey()).kind(Kind::Metadata), account.pace.fetch).await;
    if fetched.complete.is_empty() {
        let words = "No relay could be reached, so nothing is published: it could overwrite what another app wrote. Check the connection.";
        return Err(Error::passing(ErrorCode::Offline, words));
    }
    found(account, fetched.events).await
}

/// Keeps the versions among events of the account that were found on relays.
pub(crate) async fn found(account: &Arc<Account>, events: Vec<Event>) -> Result<()> {
    let me = account.pubkey();
    let adopted = changes::write(account, move |tx, _, changes| {
        for event in events.iter().filter(|event| event.kind == Kind::Metadata && event.pubkey == me) {
            tx.keep_own_profile(&event.id, &event.as_json(), event.created_at.as_secs())?;
        }
        let Some(newest) = kept(tx)?.into_iter().next() else { return Ok(None) };
        note(tx, &newest)?;
        changes.person(me);
        // What the account is called on this computer stays, where it has a name.
        let nameless = tx.account()?.is_some_and(|account| account.name.is_empty());
        adopt_name(tx, &newest, nameless)
    })
    .await?;
    if let Some(name) = adopted {
        account.set_name(name);
    }
    Ok(())
}

async fn publish(
    account: &Arc<Account>,
    make: impl FnOnce(Option<&Event>, &[Event]) -> Result<Draft> + Send + 'static,
) -> Result<OwnProfile> {
    look(account).await?;
    let (targets, keys, now) = (targets(account).await?, account.keys.clone(), account.clock.now());
    let (row, name) = changes::write(account, move |tx, _, changes| {
        let versions = kept(tx)?;
        let Draft { content, tags } = make(versions.first(), &versions)?;
        let content = Value::Object(content).to_string();
        if content.len() > CONTENT_BYTES_CAP {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "The profile is too long, with what other apps wrote into it. Shorten the text about you.",
            ));
        }
        let created_at = versions.first().map_or(now, |event| now.max(event.created_at.as_secs() + 1));
        let event = EventBuilder::new(Kind::Metadata, content).tags(tags).custom_created_at(Timestamp::from_secs(created_at));
        let event = event.sign_with_keys(&keys).map_err(|_| lists::unsigned())?;
        if let Some(waiting) = last(tx)? {
            tx.cancel(waiting, Cancellation::Replaced)?;
        }
        tx.keep_own_profile(&event.id, &event.as_json(), created_at)?;
        note(tx, &event)?;
        let name = adopt_name(tx, &event, true)?;
        let id = tx.enqueue(&lists::row(&event, Purpose::Other, now), &targets)?;
        tx.put_progress_number(LAST, id.0.unsigned_abs())?;
        changes.person(keys.public_key());
        changes.enqueued();
        Ok((id, name))
    })
    .await?;
    if let Some(name) = name {
        account.set_name(name);
    }
    lists::confirm(account, row).await?;
    get(account).await
}

/// Where the profile is read and published.
async fn targets(account: &Arc<Account>) -> Result<Vec<String>> {
    let own = relays::current(account).await?;
    Ok(union(&[&own.outbox, &own.inbox, &account.lookup_relays]))
}

/// The versions that are kept, newest first.
fn kept(tx: &Tx<'_>) -> Result<Vec<Event>> {
    Ok(tx.own_profiles()?.into_iter().filter_map(|event| Event::from_json(event).ok()).collect())
}

/// The outbox row of a version that no relay has taken yet.
fn last(tx: &Tx<'_>) -> Result<Option<OutboxId>> {
    let Some(id) = tx.progress_number(LAST)? else { return Ok(None) };
    let row = tx.outbox(OutboxId(id.try_into().unwrap_or_default()))?;
    Ok(row.filter(|row| row.state == OutboxState::Open).map(|row| row.id))
}

fn view(tx: &Tx<'_>) -> Result<OwnProfile> {
    let versions = kept(tx)?;
    let Some(newest) = versions.first() else {
        let name = tx.account()?.map(|account| account.name).unwrap_or_default();
        return Ok(OwnProfile { fields: ProfileFields { name, ..ProfileFields::default() }, ..OwnProfile::default() });
    };
    let content = content(newest);
    let other_fields = content.iter().filter(|(name, value)| !OURS.contains(&name.as_str()) && !value.is_null());
    // What no relay has taken is not published.
    let published = if last(tx)?.is_some() { versions.get(1) } else { Some(newest) };
    Ok(OwnProfile {
        fields: fields(&content),
        published_at: published.map(|event| event.created_at.as_secs()),
        other_fields: other_fields.map(|(name, _)| name.clone()).collect(),
    })
}

/// The account as others see it.
fn note(tx: &Tx<'_>, event: &Event) -> Result<()> {
    let known = tx.person(&event.pubkey)?.unwrap_or_else(|| PersonRecord::unknown(event.pubkey));
    let next = with_profile(known, event);
    Ok(tx.put_person(&PersonRecord { looked_at: next.published_at, ..next })?)
}

/// Calls the account on this computer what it is called in its profile; the name where it changed.
fn adopt_name(tx: &Tx<'_>, event: &Event, wanted: bool) -> Result<Option<String>> {
    let name = fields(&content(event)).name;
    if !wanted || name.is_empty() {
        return Ok(None);
    }
    tx.set_account_name(&name)?;
    Ok(Some(name))
}

fn draft(event: &Event) -> Draft {
    Draft { content: content(event), tags: event.tags.iter().cloned().collect() }
}

/// A profile in which the fields say what the person wants; one that is as it was stays as it was written.
fn edited(mut draft: Draft, wanted: &ProfileFields) -> Draft {
    let before = fields(&draft.content);
    let longer = draft.content.get("display_name").and_then(Value::as_str).is_some_and(|name| !name.trim().is_empty());
    let name = if longer { "display_name" } else { "name" };
    let changes = [
        (name, &before.name, &wanted.name),
        ("about", &before.about, &wanted.about),
        ("picture", &before.picture, &wanted.picture),
        ("website", &before.website, &wanted.website),
        ("nip05", &before.address, &wanted.address),
    ];
    for (field, before, wanted) in changes {
        if before == wanted {
            continue;
        }
        if wanted.is_empty() {
            draft.content.remove(field);
            // Without the longer name the short one would be shown.
            if field == "display_name" {
                draft.content.remove("name");
            }
        } else {
            draft.content.insert(field.to_owned(), Value::String(wanted.clone()));
        }
    }
    draft
}

/// What the person wrote, in the form in which it is published.
fn checked(wanted: ProfileFields) -> Result<ProfileFields> {
    let wrong = |words: &str| Err(Error::new(ErrorCode::InvalidInput, words));
    let (name, about) = (wanted.name.trim(), wanted.about.trim());
    if name.chars().count() > NAME_CAP || about.chars().count() > MAX_ABOUT {
        return Err(Error::new(
            ErrorCode::TooLarge,
            format!("A name has at most {NAME_CAP} characters, the text about you at most {MAX_ABOUT}."),
        ));
    }
    if name.chars().any(is_unwanted) {
        return wrong("A name is one line, without characters that cannot be seen.");
    }
    let url = |text: &str| if text.trim().is_empty() { Some(String::new()) } else { https(text) };
    let Some(picture) = url(&wanted.picture) else { return wrong("The picture is an address that begins with https://, or empty.") };
    let Some(website) = url(&wanted.website) else { return wrong("The page is an address that begins with https://, or empty.") };
    let address = wanted.address.trim();
    let address = if address.is_empty() { Some(String::new()) } else { Address::parse(address).map(|address| address.to_string()) };
    let Some(address) = address else { return wrong("The address looks like name@example.org, or is empty.") };
    Ok(ProfileFields { name: name.to_owned(), about: about.to_owned(), picture, website, address })
}

#[cfg(test)]
mod tests;
