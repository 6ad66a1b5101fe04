//! Owns the verbs of groups and their members.
//! Never judges who may do what.

use murmel_ipc::{ErrorCode, GroupDetails, InvitationState, MemberView, NewGroup, NotInvited, Race, RaceCommit};
use serde_json::{Value, json};

use super::profile::Open;
use super::{Outcome, group_state};
use crate::answer::{Answer, Failure};
use crate::args::Group;

/// Runs one of the verbs.
///
/// # Errors
/// Those of the client.
pub async fn run(open: &Open, verb: Group) -> Outcome {
    // Commits of others come first: a change made in an old epoch would be refused by the group.
    open.catch_up().await?;
    let client = &open.client;
    let group = match verb {
        Group::New { name, people, description } => return new(open, NewGroup { name, description, people }).await,
        Group::List => return list(open).await,
        Group::Invite { group, people } => return invite(open, &open.group(&group).await?, people).await,
        Group::Show { group } => {
            let group = open.group(&group).await?;
            return Ok(Some(Answer::new(view(&group), shown(&group))));
        }
        Group::Members { group } => {
            let members = open.group(&group).await?.members;
            let text = members.iter().map(member).collect::<Vec<_>>().join("\n");
            return Ok(Some(Answer::new(json!({ "members": members }), text)));
        }
        Group::Races { group } => {
            let races = client.races(&open.group(&group).await?.id).await?;
            let text = races.iter().map(raced).collect::<Vec<_>>().join("\n");
            let text = if text.is_empty() { "No races.".to_owned() } else { text };
            return Ok(Some(Answer::new(json!({ "races": races }), text)));
        }
        Group::Remove { group, person } => {
            let group = open.group(&group).await?;
            client.remove_member(&group.id, &pubkey(open, &person).await?).await?;
            group
        }
        Group::Promote { group, person } => {
            let group = open.group(&group).await?;
            client.promote(&group.id, &pubkey(open, &person).await?).await?;
            group
        }
        Group::Demote { group, person } => {
            let group = open.group(&group).await?;
            client.demote(&group.id, &pubkey(open, &person).await?).await?;
            group
        }
        Group::Rename { group, name } => {
            let group = open.group(&group).await?;
            client.rename(&group.id, &name).await?;
            group
        }
        Group::Describe { group, text } => {
            let group = open.group(&group).await?;
            client.describe(&group.id, &text).await?;
            group
        }
        Group::Leave { group, successor } => {
            let group = open.group(&group).await?;
            client.leave(&group.id, successor.as_deref()).await?;
            group
        }
        other => group_state::change(open, other).await?,
    };
    open.catch_up().await?;
    let group = client.group(&group.id).await?;
    Ok(Some(Answer::new(view(&group), shown(&group))))
}

async fn new(open: &Open, args: NewGroup) -> Outcome {
    let created = open.client.create_group(args).await?;
    open.catch_up().await?;
    let group = open.client.group(&created.chat).await?;
    let mut value = view(&group);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("not_invited".to_owned(), json!(created.not_invited));
    }
    let mut text = shown(&group);
    text.push_str(&refused(&created.not_invited));
    Ok(Some(Answer::new(value, text)))
}

async fn invite(open: &Open, group: &GroupDetails, people: Vec<String>) -> Outcome {
    let asked = people.len();
    let not_invited = open.client.invite(&group.id, people).await?;
    open.catch_up().await?;
    if not_invited.len() == asked {
        return Err(Failure::new(ErrorCode::NoKeyPackage, format!("Nobody was invited.{}", refused(&not_invited))));
    }
    let group = open.client.group(&group.id).await?;
    let mut value = view(&group);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("not_invited".to_owned(), json!(not_invited));
    }
    Ok(Some(Answer::new(value, shown(&group) + &refused(&not_invited))))
}

async fn list(open: &Open) -> Outcome {
    let groups = open.client.groups().await?;
    let text = if groups.is_empty() {
        "No groups.".to_owned()
    } else {
        groups.iter().map(|group| format!("{}  {:?}, {} members", group.id, group.name, group.members.len())).collect::<Vec<_>>().join("\n")
    };
    Ok(Some(Answer::new(json!({ "groups": groups.iter().map(view).collect::<Vec<_>>() }), text)))
}

fn member(member: &MemberView) -> String {
    let role = if member.is_admin { "  admin" } else { "" };
    let invitation = match &member.invitation {
        None | Some(InvitationState::Sent { .. }) => String::new(),
        Some(InvitationState::Waiting) => "  (invitation on its way)".to_owned(),
        Some(InvitationState::Failed { reason, .. }) => format!("  (invitation not delivered: {reason})"),
    };
    format!("{}  {}{role}{invitation}", member.npub, member.name)
}

async fn pubkey(open: &Open, person: &str) -> Result<String, Failure> {
    Ok(open.client.inspect_person(person).await?.pubkey)
}

/// A group as programs get it.
pub fn view(group: &GroupDetails) -> Value {
    let keys = |admins: bool| -> Vec<&str> {
        group.members.iter().filter(|member| member.is_admin || !admins).map(|member| member.pubkey.as_str()).collect()
    };
    json!({
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "state": group.state,
        "epoch": group.epoch,
        "members": keys(false),
        "admins": keys(true),
        "relays": group.relays,
        "retention": group.retention,
        "avatar": group.avatar,
    })
}

fn shown(group: &GroupDetails) -> String {
    let mut text = format!("{}  {:?}, epoch {}, {} members", group.id, group.name, group.epoch, group.members.len());
    for member in &group.members {
        text.push_str(&format!("\n  {}{}", member.npub, if member.is_admin { "  admin" } else { "" }));
    }
    text
}

fn raced(race: &Race) -> String {
    let commits = |commits: &[RaceCommit]| {
        commits.iter().map(|commit| format!("{} in epoch {}", commit.commit, commit.epoch)).collect::<Vec<_>>().join(", ")
    };
    let outcome = if race.switched { format!("went over to {}", commits(&race.kept)) } else { "stayed".to_owned() };
    let reason = race.reason.map_or_else(String::new, |reason| format!(", {reason:?}"));
    format!(
        "{}  {outcome}; does not count: {}{reason}; {} withdrawn, {} sent again, {} made again",
        race.at,
        commits(&race.left),
        race.withdrawn,
        race.resent,
        race.again
    )
}

fn refused(people: &[NotInvited]) -> String {
    people.iter().map(|person| format!("\nNot invited: {}: {}", person.npub, person.refusal.reason)).collect()
}
