//! Owns the verbs of people and of the account's own profile.
//! Never shows a name without the key that it belongs to.

use murmel_ipc::{AddressState, OwnProfile as Shown, PersonView, ProfileFields};
use serde_json::json;

use super::Outcome;
use super::profile::{Open, pick};
use crate::answer::Answer;
use crate::args::{OwnProfile, Person};

/// Runs one of the verbs of people.
///
/// # Errors
/// Those of the client.
pub async fn run(open: &Open, verb: Person) -> Outcome {
    let client = &open.client;
    let answer = match verb {
        Person::Show { person, refresh, verify } => {
            if refresh {
                client.refresh_person(&person).await?;
            }
            if verify {
                client.verify_address(&person).await?;
            }
            card(&client.person(&person).await?)
        }
        Person::Find { text } => list(&client.find_people(&text).await?),
        Person::LookUp { text } => card(&client.find_person(&text).await?),
        Person::CanInvite { people } => {
            let answers = client.can_invite(people).await?;
            let line = |one: &murmel_ipc::Invitable| {
                format!("{}  {}", one.npub, one.refusal.as_ref().map_or("can be invited", |refusal| refusal.reason.as_str()))
            };
            let text = answers.iter().map(line).collect::<Vec<_>>().join("\n");
            Answer::new(json!({ "people": answers }), text)
        }
        Person::Chat { person } => {
            let chat = client.conversation_with(&person).await?;
            open.catch_up().await?;
            let text = format!("id {chat}");
            Answer::new(json!({ "id": chat }), text)
        }
        Person::Nickname { person, nickname } => card(&client.set_nickname(&person, &nickname).await?),
        Person::Block { person } => card(&client.block(&person).await?),
        Person::Unblock { person } => card(&client.unblock(&person).await?),
        Person::Blocked => list(&client.blocked().await?),
    };
    Ok(Some(answer))
}

/// Runs one of the verbs of the account's own profile.
///
/// # Errors
/// Those of the client.
pub async fn profile(open: &Open, verb: Option<OwnProfile>) -> Outcome {
    let client = &open.client;
    let shown = match verb.unwrap_or(OwnProfile::Show) {
        OwnProfile::Show => client.own_profile().await?,
        OwnProfile::Set { name, about, picture, website, address } => {
            let now = client.own_profile().await?.fields;
            let fields = ProfileFields {
                name: name.unwrap_or(now.name),
                about: about.unwrap_or(now.about),
                picture: picture.unwrap_or(now.picture),
                website: website.unwrap_or(now.website),
                address: address.unwrap_or(now.address),
            };
            client.set_profile(fields).await?
        }
        OwnProfile::Versions => {
            let versions = client.profile_versions().await?;
            let line = |one: &murmel_ipc::ProfileVersion| format!("{}  {}  {:?}", one.id, one.published_at, one.fields.name);
            let text = versions.iter().map(line).collect::<Vec<_>>().join("\n");
            return Ok(Some(Answer::new(json!({ "versions": versions }), text)));
        }
        OwnProfile::Restore { id } => {
            let version = pick(client.profile_versions().await?, &id, |one| &one.id, |_| false, "version")?;
            client.restore_profile(&version.id).await?
        }
    };
    Ok(Some(Answer::new(json!(shown), words(&shown))))
}

fn words(shown: &Shown) -> String {
    let ProfileFields { name, about, picture, website, address } = &shown.fields;
    let published = shown.published_at.map_or("Nothing is published.".to_owned(), |at| format!("Published at {at}."));
    format!("name     {name}\nabout    {about}\npicture  {picture}\nwebsite  {website}\naddress  {address}\n{published}")
}

fn card(person: &PersonView) -> Answer {
    Answer::new(json!(person), line(person))
}

fn list(people: &[PersonView]) -> Answer {
    let text = if people.is_empty() { "Nobody.".to_owned() } else { people.iter().map(line).collect::<Vec<_>>().join("\n") };
    Answer::new(json!({ "people": people }), text)
}

fn line(person: &PersonView) -> String {
    let address = person.address.as_deref().map_or(String::new(), |address| {
        let state = match person.address_state {
            AddressState::Unknown => "not verified",
            AddressState::Verified => "verified",
            AddressState::Refuted => "not theirs",
        };
        format!("  {address} ({state})")
    });
    let blocked = if person.is_blocked { "  blocked" } else { "" };
    format!("{}  {}{address}{blocked}", person.npub, person.name)
}
