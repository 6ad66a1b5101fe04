//! Changes of who is in a group and what it is called: staged, published, then merged.
//! It merges nothing that no relay has accepted.

mod commit;
mod create;
mod lost;
mod made;
mod welcome;

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode};
use murmel_store::{ChatRecord, Tx};
use nostr::PublicKey;

pub(crate) use commit::{Outcome, accepted, again, change, merge, refused, resume, superseded};
pub(crate) use create::{create, create_with, invitable};
pub(crate) use lost::{has_lost, want};
pub(crate) use made::{forget_made, take_back, welcome_late};
pub(crate) use welcome::not_delivered;

use crate::account::Account;
use crate::group::intent::Intent;
use crate::group::{departures, invitees};
use crate::message::send;
use crate::people::{self, Person};
use crate::{Error, Result, views};

/// People named in one call.
const PEOPLE_CAP: usize = 256;

/// Invites people; those that could not be invited come back with the reason.
pub(crate) async fn invite(account: &Arc<Account>, chat: &str, people: Vec<String>) -> Result<Vec<ipc::NotInvited>> {
    let people = parse(account, &people)?;
    let (chat, members) = read(account, chat, |tx, chat| {
        let members: Vec<PublicKey> = tx.members(chat.id)?.into_iter().map(|member| member.public_key).collect();
        Ok((chat.id, members))
    })
    .await?;
    let (here, people): (Vec<Person>, Vec<Person>) = people.into_iter().partition(|person| members.contains(&person.pubkey));
    let again = welcome::again(account, chat, &here).await?;
    let here = here.iter().filter(|person| !again.contains(&person.pubkey));
    let mut not_invited: Vec<_> = here
        .map(|person| invitees::refused(&person.pubkey, ipc::Obstacle::Member, "This person is a member of the group already."))
        .collect();
    let (invitees, unreachable) = invitees::look_up(account, people).await?;
    not_invited.extend(unreachable);
    if !invitees.is_empty() {
        let met: Vec<PublicKey> = invitees.iter().map(|invitee| invitee.offer.pubkey).collect();
        change(account, chat, Intent::Invite(invitees)).await?;
        account.db.write(move |tx, _| met.iter().try_for_each(|who| Ok::<_, crate::Error>(tx.meet(who)?))).await?;
    }
    Ok(not_invited)
}

/// Removes a member.
pub(crate) async fn remove(account: &Arc<Account>, chat: &str, person: &str) -> Result<()> {
    let who = people::parse(person)?.pubkey;
    if who == account.pubkey() {
        return Err(Error::new(ErrorCode::InvalidInput, "To go yourself, leave the group."));
    }
    by_name(account, chat, Intent::Remove(who)).await
}

/// Makes a member an admin.
pub(crate) async fn promote(account: &Arc<Account>, chat: &str, person: &str) -> Result<()> {
    by_name(account, chat, Intent::Promote(people::parse(person)?.pubkey)).await
}

/// Makes an admin an ordinary member.
pub(crate) async fn demote(account: &Arc<Account>, chat: &str, person: &str) -> Result<()> {
    by_name(account, chat, Intent::Demote(people::parse(person)?.pubkey)).await
}

/// Gives the group another name.
pub(crate) async fn rename(account: &Arc<Account>, chat: &str, name: &str) -> Result<()> {
    by_name(account, chat, Intent::Rename(name.trim().to_owned())).await
}

/// Gives the group another description.
pub(crate) async fn describe(account: &Arc<Account>, chat: &str, text: &str) -> Result<()> {
    by_name(account, chat, Intent::Describe(text.trim().to_owned())).await
}

/// Leaves the group. An admin steps down first, and leaves as soon as that is merged; the last one has to name a successor, who becomes
/// an admin in the same step.
pub(crate) async fn leave(account: &Arc<Account>, chat: &str, successor: Option<&str>) -> Result<()> {
    let me = account.pubkey();
    let successor = successor.map(people::parse).transpose()?.map(|person| person.pubkey);
    let (chat, admin, others, other_admins) = read(account, chat, move |tx, chat| {
        let members = tx.members(chat.id)?;
        let admin = members.iter().any(|member| member.public_key == me && member.is_admin);
        let others = members.iter().filter(|member| member.public_key != me).count();
        let other_admins = members.iter().filter(|member| member.public_key != me && member.is_admin).count();
        Ok((chat.id, admin, others, other_admins))
    })
    .await?;
    if others == 0 {
        return departures::leave_alone(account, chat).await;
    }
    if admin && other_admins == 0 && successor.is_none() {
        return Err(Error::new(
            ErrorCode::LastAdmin,
            "You are the only admin of this group. Name a member who becomes the admin in your place, then leave.",
        ));
    }
    if admin { change(account, chat, Intent::Leave { me, successor }).await } else { departures::leave(account, chat).await }
}

pub(crate) async fn by_name(account: &Arc<Account>, chat: &str, intent: Intent) -> Result<()> {
    let chat = read(account, chat, |_, chat| Ok(chat.id)).await?;
    change(account, chat, intent).await
}

/// Reads of a chat that takes changes.
async fn read<T: Send + 'static>(
    account: &Arc<Account>,
    chat: &str,
    f: impl FnOnce(&Tx<'_>, &ChatRecord) -> Result<T> + Send + 'static,
) -> Result<T> {
    let chat = chat.to_owned();
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            send::sendable(&chat)?;
            f(tx, &chat)
        })
        .await
}

/// The people that texts name, each once, without the account itself.
pub(crate) fn parse(account: &Account, people: &[String]) -> Result<Vec<Person>> {
    if people.len() > PEOPLE_CAP {
        return Err(Error::new(
            ErrorCode::TooLarge,
            format!("At most {PEOPLE_CAP} people can be named at a time. Invite the others later."),
        ));
    }
    let mut distinct: Vec<Person> = Vec::new();
    for text in people {
        let person = people::parse(text)?;
        if person.pubkey != account.pubkey() && !distinct.iter().any(|known| known.pubkey == person.pubkey) {
            distinct.push(person);
        }
    }
    Ok(distinct)
}

#[cfg(test)]
mod tests;
