//! What a staged commit is meant to do, in a form that survives a crash.
//! It stages nothing itself.

use murmel_engine::components::{Avatar, GroupImage};
use murmel_engine::{Change, Digest, GroupEvent, Invitation, Offer, RoutingId};
use murmel_ipc::{ChangeObstacle, WantedChange};
use nostr::{Event, PublicKey};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A person to invite, with everything that the invitation needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Invitee {
    /// Their key package event (kind 30443).
    pub offer: Event,
    /// Where their invitations go (kind 10050).
    pub inbox: Vec<String>,
}

/// A change of a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Intent {
    Invite(Vec<Invitee>),
    Remove(PublicKey),
    Rename(String),
    Describe(String),
    Promote(PublicKey),
    Demote(PublicKey),
    /// Ourselves, an admin: step down, and say that we leave as soon as that is merged.
    Leave {
        /// Ourselves.
        me: PublicKey,
        /// Who becomes an admin in our place.
        successor: Option<PublicKey>,
    },
    /// Seconds; 0 is never.
    SetRetention(u64),
    /// Canonical bytes of the component.
    SetAvatar(Vec<u8>),
    /// Canonical bytes of the component.
    SetImage(Vec<u8>),
    Reroute {
        /// The `h` tag.
        id: RoutingId,
        relays: Vec<String>,
    },
    Require(u16),
    Disband,
    Rotate,
    ConfirmDepartures,
}

impl Intent {
    /// The engine's form of it. `now` in Unix seconds: an offer may have run out since it was fetched.
    pub(crate) fn change(&self, now: u64) -> Result<Change> {
        Ok(match self {
            Self::Invite(people) => Change::Invite(offers(people, now)?),
            Self::Remove(who) => Change::Remove(*who),
            Self::Rename(name) => Change::Rename(name.clone()),
            Self::Describe(text) => Change::Describe(text.clone()),
            Self::Promote(who) => Change::Promote(*who),
            Self::Demote(who) | Self::Leave { me: who, successor: None } => Change::Demote(*who),
            Self::Leave { successor: Some(to), .. } => Change::HandOver(*to),
            Self::SetRetention(seconds) => Change::SetRetention(*seconds),
            Self::SetAvatar(bytes) => Change::SetAvatar(Avatar::decode(bytes).map_err(|_| unreadable())?),
            Self::SetImage(bytes) => Change::SetImage(GroupImage::decode(bytes).map_err(|_| unreadable())?),
            Self::Reroute { id, relays } => Change::Reroute { id: *id, relays: relays.clone() },
            Self::Require(id) => Change::Require(*id),
            Self::Disband => Change::Disband,
            Self::Rotate => Change::Rotate,
            Self::ConfirmDepartures => Change::ConfirmDepartures,
        })
    }

    /// Why a change that lost its place to `events` makes no sense any more, as a value and in sentences; `None` where it still does.
    pub(crate) fn overtaken(&self, events: &[GroupEvent]) -> Option<(ChangeObstacle, &'static str)> {
        let did = |f: fn(&GroupEvent) -> bool| events.iter().any(f);
        match self {
            Self::Rename(_) if did(|event| matches!(event, GroupEvent::Renamed(_))) => Some((
                ChangeObstacle::Renamed,
                "Somebody else renamed the group at the same time. If the new name does not suit, change it again.",
            )),
            Self::Describe(_) if did(|event| matches!(event, GroupEvent::Described)) => Some((
                ChangeObstacle::Described,
                "Somebody else changed the description at the same time. If it does not suit, change it again.",
            )),
            // Made again at once, each of several rotations would take the place of another, for ever.
            Self::Rotate => {
                Some((ChangeObstacle::Impossible, "Somebody else changed the group. The keys are rotated again when it is quiet."))
            }
            _ => None,
        }
    }

    /// What was wanted; `None` where nobody asked for it: then nobody is told that it was not done either.
    pub(crate) const fn wanted(&self) -> Option<WantedChange> {
        Some(match self {
            Self::Invite(_) => WantedChange::Invite,
            Self::Remove(_) => WantedChange::Remove,
            Self::Rename(_) => WantedChange::Rename,
            Self::Describe(_) => WantedChange::Describe,
            Self::Promote(_) => WantedChange::Promote,
            Self::Demote(_) => WantedChange::Demote,
            Self::Leave { .. } => WantedChange::Leave,
            Self::SetRetention(_) => WantedChange::Retention,
            Self::SetAvatar(_) | Self::SetImage(_) => WantedChange::Picture,
            Self::Reroute { .. } => WantedChange::Relays,
            Self::Require(_) => WantedChange::Upgrade,
            Self::Disband => WantedChange::End,
            Self::Rotate | Self::ConfirmDepartures => return None,
        })
    }
}

fn unreadable() -> Error {
    Error::internal("a picture that cannot be read")
}

/// A refusal to invite, in words about people.
pub(crate) fn crowded(error: murmel_engine::Error) -> Error {
    use murmel_engine::{Error as E, Refusal};
    match error {
        E::Refused(Refusal::TooLarge { bytes, limit }) => Error::new(
            murmel_ipc::ErrorCode::TooLarge,
            format!(
                "The group would be too large to invite to: an invitation would have {bytes} bytes, and {limit} can be sent. \
                 It grows with every member; about 80 members are possible."
            ),
        ),
        other => other.into(),
    }
}

/// The verified key packages of `people`.
pub(crate) fn offers(people: &[Invitee], now: u64) -> Result<Vec<Offer>> {
    people
        .iter()
        .map(|person| Offer::read(&person.offer, now).map_err(|why| Error::new(murmel_ipc::ErrorCode::NoKeyPackage, why.to_string())))
        .collect()
}

/// Where an invitation goes; `None` for somebody who is not among `people`.
pub(crate) fn inbox<'a>(people: &'a [Invitee], invitation: &Invitation) -> Option<&'a [String]> {
    people.iter().find(|person| person.offer.pubkey == invitation.to).map(|person| person.inbox.as_slice())
}

/// The one staged commit of a group, from staging until it is merged or dropped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Staged {
    /// The outbox row that carries the commit.
    pub outbox: i64,
    /// The commit.
    pub digest: Digest,
    /// What it is for.
    pub intent: Intent,
}
