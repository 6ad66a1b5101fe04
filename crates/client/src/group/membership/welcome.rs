//! Invitations on their way: gift-wrapped welcomes, those that nobody took, and sending those again.
//! It adds nobody to a group: the commit has done that.

use std::collections::BTreeMap;
use std::sync::Arc;

use murmel_engine::Invitation;
use murmel_ipc::{ErrorCode, SystemMessage, Unsent};
use murmel_store::{ChatId, Lane, OutboxId, OutboxRecord, Purpose, Tx};
use nostr::{Event, JsonUtil as _, PublicKey};

use crate::account::Account;
use crate::group::{invitations, invitees};
use crate::message::send::enqueue;
use crate::people::Person;
use crate::receive::{Taking, insert_system_row};
use crate::{Error, Result, changes, outbox, wrap};

/// Puts a welcome on its way, gift-wrapped, to where the person receives invitations. `since`: when the commit that adds them was made, Unix
/// seconds. Whoever comes reads the group from then on: others may have followed the commit long before we heard that a relay has it.
///
/// # Errors
/// `TooLarge` where it does not fit into a gift wrap; the store's.
pub(crate) fn welcome(taking: &mut Taking<'_, '_>, chat: ChatId, invitation: &Invitation, inbox: &[String], since: u64) -> Result<()> {
    let rumor = invitation.rumor(taking.keys.public_key(), since.min(taking.now));
    let event = wrap::seal(taking.keys, &invitation.to, rumor, taking.now)
        .map_err(|_| Error::new(ErrorCode::TooLarge, "The group is too large for an invitation over this network."))?;
    // Not over the account's own connections: relays need not learn who invites whom.
    let carrier = enqueue(taking.tx, Purpose::Welcome, Some(chat), None, &event, Lane::Group, inbox, taking.now)?;
    invitations::note(taking.tx, chat, &invitation.to, carrier)?;
    taking.changes.enqueued();
    Ok(())
}

/// As [`welcome`], where the commit (an outbox row) is out and stays, whatever becomes of the welcome: one that does not fit is told in the chat.
///
/// # Errors
/// The store's: then the commit has to be merged again later, because its welcomes cannot be made a second time.
pub(super) fn welcome_or_tell(
    taking: &mut Taking<'_, '_>,
    chat: ChatId,
    invitation: &Invitation,
    inbox: &[String],
    commit: OutboxId,
) -> Result<()> {
    let since = taking.tx.outbox(commit)?.map_or(taking.now, |commit| commit.created_at);
    match welcome(taking, chat, invitation, inbox, since) {
        Err(error) if error.code == ErrorCode::TooLarge => tell(
            taking,
            chat,
            invitation.rumor(invitation.to, taking.now).as_json().as_bytes(),
            &invitation.to,
            (Unsent::TooLarge, error.message),
        ),
        other => other,
    }
}

/// The outbox calls this in the transaction in which the last relay refuses an event with purpose welcome for good.
pub(crate) fn not_delivered(taking: &mut Taking<'_, '_>, row: &OutboxRecord) -> Result<()> {
    let (Some(chat), Some(who)) = (row.chat, recipient(row)) else { return Ok(()) };
    let seed = [row.event_id.as_bytes().as_slice(), &taking.now.to_be_bytes()].concat();
    tell(taking, chat, &seed, &who, outbox::why_unsent(row))
}

fn tell(taking: &mut Taking<'_, '_>, chat: ChatId, seed: &[u8], who: &PublicKey, (cause, reason): (Unsent, String)) -> Result<()> {
    let (by, at) = (taking.keys.public_key(), taking.now);
    insert_system_row(taking, chat, seed, by, at, &SystemMessage::InvitationFailed { who: who.to_hex(), cause, reason })
}

/// The person to whom a gift wrap is addressed.
fn recipient(row: &OutboxRecord) -> Option<PublicKey> {
    Event::from_json(&row.event).ok()?.tags.public_keys().next().copied()
}

/// Sends those invitations again that nobody took; answers who of `people` gets one. Where somebody is reached now is looked up before.
pub(super) async fn again(account: &Arc<Account>, chat: ChatId, people: &[Person]) -> Result<Vec<PublicKey>> {
    let failed = account.db.read(move |tx, _| failed(tx, chat)).await?;
    let people: Vec<Person> = people.iter().filter(|person| failed.contains_key(&person.pubkey)).cloned().collect();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let again: Vec<PublicKey> = people.iter().map(|person| person.pubkey).collect();
    // Whoever cannot be found is tried where the invitation went before.
    let (found, _) = invitees::look_up(account, people).await?;
    let (wanted, now) = (again.clone(), account.clock.now());
    changes::write(account, move |tx, _, changes| {
        for (who, row) in failed_among(tx, chat, &wanted)? {
            if let Some(invitee) = found.iter().find(|invitee| invitee.offer.pubkey == who) {
                tx.enqueue(&row, &invitee.inbox)?;
            }
            tx.retry(row.id, now)?;
        }
        changes.enqueued();
        Ok(())
    })
    .await?;
    Ok(again)
}

fn failed_among(tx: &Tx<'_>, chat: ChatId, wanted: &[PublicKey]) -> Result<BTreeMap<PublicKey, OutboxRecord>> {
    let mut failed = failed(tx, chat)?;
    failed.retain(|who, _| wanted.contains(who));
    Ok(failed)
}

/// The newest invitation of each person that every relay refused.
fn failed(tx: &Tx<'_>, chat: ChatId) -> Result<BTreeMap<PublicKey, OutboxRecord>> {
    Ok(tx.failed_welcomes(chat)?.into_iter().filter_map(|row| Some((recipient(&row)?, row))).collect())
}

#[cfg(test)]
mod tests;
