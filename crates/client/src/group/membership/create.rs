//! A new group, with those people in it that can be invited.
//! It needs no relay for the group itself; invitations go out as relays can be reached.

use std::sync::Arc;

use murmel_engine::{Group, NewGroup};
use murmel_ipc::{self as ipc, SystemMessage};
use murmel_store::{ChatId, ChatRecord, ChatState, MessageId};

use super::parse;
use super::welcome::welcome;
use crate::account::Account;
use crate::group::intent::{Invitee, crowded, inbox, offers};
use crate::group::{invitees, pairs, rotation};
use crate::network::relays;
use crate::network::relays::{MAX_RELAYS, union};
use crate::people::Person;
use crate::receive::{Taking, insert_system_row, project};
use crate::{Error, Result, changes};

/// Creates a group.
pub(crate) async fn create(account: &Arc<Account>, args: ipc::NewGroup) -> Result<ipc::GroupCreated> {
    let people = parse(account, &args.people)?;
    let (invited, not_invited) = invitable(account, people).await?;
    let chat = create_with(account, args.name.trim().to_owned(), args.description.trim().to_owned(), invited).await?;
    Ok(ipc::GroupCreated { chat, not_invited })
}

/// Looks people up: those who can be invited into a new group, and the others with the reason.
pub(crate) async fn invitable(account: &Arc<Account>, people: Vec<Person>) -> Result<(Vec<Invitee>, Vec<ipc::NotInvited>)> {
    let (found, mut not_invited) = invitees::look_up(account, people).await?;
    let now = account.clock.now();
    let mut invited = Vec::new();
    for person in found {
        match offers(std::slice::from_ref(&person), now)?.iter().find_map(murmel_engine::Offer::lacks_for_new_group) {
            Some(what) => not_invited.push(invitees::refused(
                &person.offer.pubkey,
                ipc::Obstacle::Unusable,
                format!("This person's app lacks something that the group requires ({what})."),
            )),
            None => invited.push(person),
        }
    }
    Ok((invited, not_invited))
}

/// Creates a group of people who were looked up; returns the chat.
pub(crate) async fn create_with(account: &Arc<Account>, name: String, description: String, invited: Vec<Invitee>) -> Result<String> {
    let now = account.clock.now();
    let new = NewGroup { name, description, relays: group_relays(account).await? };
    let keys = account.keys.clone();
    changes::write(account, move |tx, groups, changes| {
        let (group, invitations) = Group::create(tx, groups.device()?, new, &offers(&invited, now)?, now).map_err(crowded)?;
        let (id, view, epoch) = (group.id().clone(), group.view(), group.epoch());
        groups.insert(group);
        let chat = tx.insert_chat(&ChatRecord {
            id: ChatId::NEW,
            group: id.clone(),
            state: ChatState::Active,
            name: view.name,
            description: view.description,
            epoch,
            relays: view.relays,
            routing: view.routing,
            retention: 0,
            avatar: String::new(),
            created_at: now,
            joined_at: now,
            last_activity: now,
            read: MessageId(0),
            inviter: None,
            needs_self_update_at: Some(rotation::next_after(now)),
        })?;
        project(tx, groups, chat, &id)?;
        pairs::note(tx, keys.public_key(), chat)?;
        for person in &invited {
            tx.meet(&person.offer.pubkey)?;
        }
        let mut taking = Taking::new(tx, groups, changes, &keys, now);
        insert_system_row(&mut taking, chat, id.as_bytes(), keys.public_key(), now, &SystemMessage::Created)?;
        for invitation in &invitations {
            if let Some(inbox) = inbox(&invited, invitation) {
                welcome(&mut taking, chat, invitation, inbox, now)?;
            }
        }
        changes.group(chat);
        changes.refollow();
        Ok(id.to_string())
    })
    .await
}

/// The account's own relays, or the built-in ones where it has none.
async fn group_relays(account: &Arc<Account>) -> Result<Vec<String>> {
    let own = relays::current(account).await?;
    let mut all = union(&[&own.outbox, &own.inbox]);
    if all.is_empty() {
        all.clone_from(&account.default_relays);
    }
    all.retain(|relay| murmel_net::RelayAddress::parse(relay).is_ok());
    all.truncate(MAX_RELAYS);
    if all.is_empty() {
        return Err(Error::new(ipc::ErrorCode::InvalidInput, "A group needs a relay. Name one in the settings first."));
    }
    Ok(all)
}
