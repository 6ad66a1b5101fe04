//! What can be changed in a group, and what each change means in proposals.
//! It stages and merges nothing.

mod components;

use nostr::PublicKey;
use openmls::ciphersuite::hash_ref::ProposalRef;
use openmls::prelude::LeafNodeIndex;

use crate::components::{ADMINS, Admins, Avatar, ComponentId, GroupImage, PROFILE, Profile};
use crate::device::Device;
use crate::error::{Error, Fault, Refusal};
use crate::group::Group;
use crate::key_package::Offer;
use crate::pending::{Invitation, check_size};
use crate::welcome_size::welcome_len;
use crate::{RoutingId, Storage};

/// A change of a group that a person can want, or that the protocol asks for.
#[derive(Clone)]
pub enum Change {
    /// Adds people.
    Invite(Vec<Offer>),
    /// Removes an account with all its leaves.
    Remove(PublicKey),
    /// Sets the name; the description stays.
    Rename(String),
    /// Sets the description; the name stays.
    Describe(String),
    /// Makes a member an admin.
    Promote(PublicKey),
    /// Makes an admin an ordinary member.
    Demote(PublicKey),
    /// Makes a member an admin in our own place, in one step.
    HandOver(PublicKey),
    /// After how many seconds messages disappear; 0 is never.
    SetRetention(u64),
    /// Sets or takes away the picture by URL.
    SetAvatar(Avatar),
    /// Sets or takes away the encrypted picture.
    SetImage(GroupImage),
    /// Moves the group to other relays, or under another `h` tag, or both.
    Reroute {
        /// The new `h` tag; the present one to keep it.
        id: RoutingId,
        /// All relays from now on, 1 to 16.
        relays: Vec<String>,
    },
    /// Requires a component of everybody, now and from now on: what brings an older group up to date.
    Require(ComponentId),
    /// Ends the group for good: everybody else is removed, and nobody can join it again.
    Disband,
    /// Replaces the keys of our own leaf: what heals a group after a key was stolen.
    Rotate,
    /// Removes those who proposed to leave.
    ConfirmDepartures,
}

/// What a change means in proposals.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) adds: Vec<Offer>,
    pub(crate) removes: Vec<LeafNodeIndex>,
    pub(crate) components: Vec<(u16, Vec<u8>)>,
    pub(crate) departures: Vec<ProposalRef>,
    pub(crate) rotate: bool,
}

impl Group {
    pub(crate) fn plan(&self, storage: &impl Storage, device: &Device, change: Change) -> Result<Plan, Error> {
        let admins = &self.context.admins;
        // Somebody has to make the commit that nobody looks at any more.
        let unchecked = cfg!(murmel_bug = "no_admin_check_on_replay");
        if !matches!(change, Change::Rotate | Change::ConfirmDepartures) && !admins.contains(&device.account()) && !unchecked {
            return Err(Refusal::NotAdmin.into());
        }
        let with_admins = |accounts: Vec<PublicKey>| Admins::new(accounts).ok_or(Refusal::LastAdmin);
        let without = |who: &PublicKey| with_admins(admins.accounts().iter().copied().filter(|admin| admin != who).collect());
        let mut plan = Plan::default();
        match change {
            Change::Invite(offers) => plan.adds = self.check_offers(device, offers)?,
            Change::Remove(who) => {
                plan.removes = self.leaves_of(&who);
                if plan.removes.is_empty() || who == device.account() {
                    return Err(Refusal::NotMember(who).into());
                }
                if admins.contains(&who) {
                    plan.components.push((ADMINS, without(&who)?.encode()));
                }
            }
            Change::Rename(name) => plan.components.push((PROFILE, self.profile(Some(name), None)?)),
            Change::Describe(text) => plan.components.push((PROFILE, self.profile(None, Some(text))?)),
            Change::Promote(who) => {
                if self.leaves_of(&who).is_empty() {
                    return Err(Refusal::NotMember(who).into());
                }
                if admins.contains(&who) {
                    return Err(Refusal::Nothing.into());
                }
                let all = admins.accounts().iter().copied().chain([who]).collect();
                plan.components.push((ADMINS, with_admins(all)?.encode()));
            }
            Change::HandOver(to) => {
                if to == device.account() || self.leaves_of(&to).is_empty() {
                    return Err(Refusal::NotMember(to).into());
                }
                let others = admins.accounts().iter().copied().filter(|admin| *admin != device.account());
                plan.components.push((ADMINS, with_admins(others.chain([to]).collect())?.encode()));
            }
            Change::Demote(who) if !admins.contains(&who) => return Err(Refusal::Nothing.into()),
            Change::Demote(who) => plan.components.push((ADMINS, without(&who)?.encode())),
            Change::SetRetention(seconds) => plan.components = self.retention(seconds)?,
            Change::SetAvatar(avatar) => plan.components = self.avatar(&avatar)?,
            Change::SetImage(image) => plan.components = self.image(&image)?,
            Change::Reroute { id, relays } => plan.components = self.routing(id, relays)?,
            Change::Require(id) => plan.components = self.requirement(id)?,
            Change::Disband => {
                plan.components = self.end(device.account())?;
                plan.removes = self.other_leaves();
            }
            Change::Rotate => plan.rotate = true,
            Change::ConfirmDepartures => {
                plan.departures = self.one_departure_each(storage)?;
                if plan.departures.is_empty() {
                    return Err(Refusal::Nothing.into());
                }
            }
        }
        Ok(plan)
    }

    /// One proposal for each leaf that leaves; of several, the one whose message has the lowest digest (Marmot: departure).
    fn one_departure_each(&self, storage: &impl Storage) -> Result<Vec<ProposalRef>, Fault> {
        let mut departing = Vec::new();
        for (leaf, reference) in self.departing() {
            let digest = storage.proposal_digest(&self.id, reference.as_slice())?;
            departing.push((leaf, digest, reference));
        }
        departing.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        departing.dedup_by_key(|(leaf, _, _)| *leaf);
        Ok(departing.into_iter().map(|(_, _, reference)| reference).collect())
    }

    /// Whether these people can be added, and their welcome be sent: judged before anything is staged.
    fn check_offers(&self, device: &Device, offers: Vec<Offer>) -> Result<Vec<Offer>, Error> {
        if offers.is_empty() {
            return Err(Refusal::Nothing.into());
        }
        for offer in &offers {
            if offer.account() == device.account() || !self.leaves_of(&offer.account()).is_empty() {
                return Err(Refusal::AlreadyMember(offer.account()).into());
            }
            if let Some(what) = offer.leaf.lacks(self.context.required.ids(), self.context.agent) {
                return Err(Refusal::Unsuitable { who: offer.account(), what }.into());
            }
        }
        check_size(self.invitation_bytes(&offers)?)?;
        Ok(offers)
    }

    /// How large the invitation of these people would be, in bytes of the rumor (kind 444): computed, nothing is built.
    /// At most [`crate::MAX_WELCOME_RUMOR`] can be sent.
    pub fn invitation_bytes(&self, offers: &[Offer]) -> Result<usize, Fault> {
        let len = welcome_len(&self.mls, offers.iter().map(|offer| offer.package.leaf_node()), true)?;
        Ok(Invitation::bytes_with(offers, len, self.context.routing.relays()))
    }

    fn profile(&self, name: Option<String>, description: Option<String>) -> Result<Vec<u8>, Refusal> {
        let old = &self.context.profile;
        let name = name.unwrap_or_else(|| old.name().to_owned());
        let description = description.unwrap_or_else(|| old.description().to_owned());
        let new = Profile::new(name, description).ok_or(Refusal::BadName)?;
        if new == *old { Err(Refusal::Nothing) } else { Ok(new.encode()) }
    }
}
