//! What a merged commit changed, in words that a timeline can show.

use std::collections::BTreeSet;

use nostr::PublicKey;
use serde::{Deserialize, Serialize};

use crate::authorize::Allowed;
use crate::components::{AVATAR, ComponentId, IMAGE, Lifecycle};
use crate::context::Context;
use crate::{Digest, Epoch};

/// A merged commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Of the commit.
    pub digest: Digest,
    /// The epoch it ended.
    pub from: Epoch,
    /// The epoch it began.
    pub to: Epoch,
    /// Who committed.
    pub by: PublicKey,
    /// What changed.
    pub events: Vec<GroupEvent>,
    /// Whether it does more than rotate the committer's leaf or confirm departures: in a race it comes before one that does not.
    pub privileged: bool,
    /// `false` when it removed us.
    pub still_member: bool,
    /// A staged commit of ours went with the old epoch. True for our own commit too, which is then the one that was staged.
    pub superseded_own: bool,
}

/// Something that changed in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupEvent {
    /// The account joined.
    MemberAdded(PublicKey),
    /// The account was removed by an admin.
    MemberRemoved(PublicKey),
    /// The account left of its own accord.
    MemberLeft(PublicKey),
    /// The account became an admin.
    AdminAdded(PublicKey),
    /// The account is no admin any more.
    AdminRemoved(PublicKey),
    /// The new name.
    Renamed(String),
    /// The description changed.
    Described,
    /// Seconds until messages disappear; 0 is off.
    RetentionChanged(u64),
    /// The picture changed.
    PictureChanged,
    /// The relays or the `h` tag changed.
    RelaysChanged,
    /// A component is required of everybody from now on.
    Required(ComponentId),
    /// The group has ended for good. Nothing else is said of such a commit.
    Disbanded,
    /// Only the committer's own keys changed.
    Rotated,
}

impl GroupEvent {
    pub(crate) fn between(before: &Context, allowed: &Allowed) -> Vec<Self> {
        let after = &allowed.context;
        if after.lifecycle == Lifecycle::Disbanded {
            return vec![Self::Disbanded];
        }
        let old: BTreeSet<_> = allowed.before.values().copied().collect();
        let new: BTreeSet<_> = allowed.after.values().copied().collect();
        let gone = |who: &PublicKey| if allowed.departed.contains(who) { Self::MemberLeft(*who) } else { Self::MemberRemoved(*who) };
        let mut events: Vec<_> = old.difference(&new).map(gone).collect();
        events.extend(new.difference(&old).map(|who| Self::MemberAdded(*who)));
        let (old_admins, new_admins) = (before.admins.accounts(), after.admins.accounts());
        events.extend(new_admins.difference(old_admins).map(|who| Self::AdminAdded(*who)));
        // Who is gone is no admin any more as a matter of course.
        events.extend(old_admins.difference(new_admins).filter(|who| new.contains(who)).map(|who| Self::AdminRemoved(*who)));
        if before.profile.name() != after.profile.name() {
            events.push(Self::Renamed(after.profile.name().to_owned()));
        }
        if before.profile.description() != after.profile.description() {
            events.push(Self::Described);
        }
        let seconds = |context: &Context| context.retention.map_or(0, |retention| retention.0);
        if seconds(before) != seconds(after) {
            events.push(Self::RetentionChanged(seconds(after)));
        }
        if [IMAGE, AVATAR].iter().any(|id| before.component(*id) != after.component(*id)) {
            events.push(Self::PictureChanged);
        }
        if before.routing != after.routing {
            events.push(Self::RelaysChanged);
        }
        events.extend(after.required.ids().iter().filter(|id| !before.required.contains(**id)).map(|id| Self::Required(*id)));
        if allowed.rotation_only {
            events.push(Self::Rotated);
        }
        events
    }
}
