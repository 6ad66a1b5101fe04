//! What changes of a group's components mean: the full new state of each.
//! It judges no commit of others and stages nothing.

use nostr::PublicKey;
use openmls::prelude::LeafNodeIndex;

use crate::components::{
    ADMINS, AGENT_STREAM, APP_COMPONENTS, AVATAR, Admins, AgentStream, Avatar, ComponentId, ComponentList, GroupImage, IMAGE, LIFECYCLE,
    Lifecycle, MEDIA_V2, MediaPolicy, PROFILE, RETENTION, ROUTING, Retention, Routing,
};
use crate::error::Refusal;
use crate::group::Group;
use crate::leaf::Leaf;
use crate::{RoutingId, authorize};

/// States to be set, by component.
type States = Vec<(ComponentId, Vec<u8>)>;

impl Group {
    /// The entry stays when the time is over, as White Noise has it: 0 is off.
    pub(super) fn retention(&self, seconds: u64) -> Result<States, Refusal> {
        if self.context.retention.map_or(0, |now| now.0) == seconds {
            return Err(Refusal::Nothing);
        }
        Ok(vec![(RETENTION, Retention(seconds).encode())])
    }

    pub(super) fn avatar(&self, avatar: &Avatar) -> Result<States, Refusal> {
        self.unless_known(AVATAR, avatar.encode(), &Avatar::none().encode())
    }

    pub(super) fn image(&self, image: &GroupImage) -> Result<States, Refusal> {
        self.unless_known(IMAGE, image.encode(), &GroupImage::none().encode())
    }

    fn unless_known(&self, id: ComponentId, wanted: Vec<u8>, absent: &[u8]) -> Result<States, Refusal> {
        if self.context.component(id).unwrap_or(absent) == wanted { Err(Refusal::Nothing) } else { Ok(vec![(id, wanted)]) }
    }

    pub(super) fn routing(&self, id: RoutingId, relays: Vec<String>) -> Result<States, Refusal> {
        let wanted = Routing::new(id, relays).ok_or(Refusal::BadRelays)?;
        if wanted == self.context.routing { Err(Refusal::Nothing) } else { Ok(vec![(ROUTING, wanted.encode())]) }
    }

    /// Adds `id` to what is required. A component without a state gets the one that a new group begins with.
    pub(super) fn requirement(&self, id: ComponentId) -> Result<States, Refusal> {
        let required = &self.context.required;
        if required.contains(id) {
            return Err(Refusal::Nothing);
        }
        let beginning = match id {
            // Pictures and retention are never required, so that everybody can stay in a group that has one.
            PROFILE => Some(self.context.profile.encode()),
            ROUTING => Some(self.context.routing.encode()),
            AGENT_STREAM => Some(AgentStream::DEFAULT.encode()),
            MEDIA_V2 => Some(MediaPolicy::default_servers().encode()),
            LIFECYCLE => Some(Lifecycle::Active.encode()),
            _ => None,
        };
        let beginning = beginning.ok_or(Refusal::NotRequirable(id))?;
        let agent = if id == AGENT_STREAM { self.context.agent.or(Some(AgentStream::DEFAULT)) } else { self.context.agent };
        let wanted = ComponentList::new(required.ids().iter().copied().chain([id]));
        self.everybody_offers(&wanted, agent)?;
        let mut states = vec![(APP_COMPONENTS, wanted.encode())];
        // Enabling the lifecycle is a commit of exactly these two operations, whether there was an entry or not (Marmot: group lifecycle).
        if id == LIFECYCLE || self.context.component(id).is_none() {
            states.push((id, beginning));
        }
        Ok(states)
    }

    fn everybody_offers(&self, required: &ComponentList, agent: Option<AgentStream>) -> Result<(), Refusal> {
        let accounts = authorize::accounts(&self.mls);
        for (index, node) in self.mls.treesync().full_leaves() {
            let lacks = match Leaf::read(node) {
                Ok(leaf) => leaf.lacks(required.ids(), agent),
                Err(flaw) => Some(flaw.to_string()),
            };
            if let (Some(what), Some(who)) = (lacks, accounts.get(&index)) {
                return Err(Refusal::MemberLacks { who: *who, what });
            }
        }
        Ok(())
    }

    /// The two operations of a disbanding commit; everybody else's removal makes it complete.
    pub(super) fn end(&self, me: PublicKey) -> Result<States, Refusal> {
        if !self.context.required.contains(LIFECYCLE) {
            return Err(Refusal::NotEndable);
        }
        let admins = Admins::new([me]).ok_or(Refusal::LastAdmin)?;
        Ok(vec![(ADMINS, admins.encode()), (LIFECYCLE, Lifecycle::Disbanded.encode())])
    }

    pub(super) fn other_leaves(&self) -> Vec<LeafNodeIndex> {
        let own = self.mls.own_leaf_index();
        self.mls.treesync().full_leaves().map(|(index, _)| index).filter(|index| *index != own).collect()
    }
}
