//! What the group context says: requirements, profile, admins, routing. The only source of authority.
//! It holds what all members agree on, nothing that is known only here.

use openmls::group::GroupContext;
use openmls::prelude::{AppDataDictionary, ExtensionType, Extensions, ProposalType};

use crate::components::{
    ACCOUNT_PROOF, ADMINS, AGENT_STREAM, APP_COMPONENTS, AVATAR, Admins, AgentStream, Avatar, ComponentId, ComponentList, LIFECYCLE,
    Lifecycle, PROFILE, Profile, RETENTION, ROUTING, Retention, Routing, SUPPORTED, check_group_state,
};
use crate::leaf::LEGACY_PROOF;

/// Why a group context is not one of a current Marmot group. The texts are wire terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextFlaw {
    /// A group of an older profile.
    #[error("a group of an older profile")]
    Legacy,
    /// The MLS capabilities that Marmot needs are not required.
    #[error("required capabilities are missing")]
    Capabilities,
    /// The list of required components is missing, malformed or lacks what every group needs.
    #[error("the list of required components is not acceptable")]
    Required,
    /// A required component is unknown to this client.
    #[error("component {0:#06x} is required and unknown")]
    Unknown(ComponentId),
    /// A required component has no state.
    #[error("component {0:#06x} is required and has no state")]
    Missing(ComponentId),
    /// The state of a component is malformed or forbidden.
    #[error("component {0:#06x} is malformed")]
    Malformed(ComponentId),
}

/// The decoded group context of one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Components that every member supports.
    pub required: ComponentList,
    /// Name and description.
    pub profile: Profile,
    /// Who may change the group.
    pub admins: Admins,
    /// Where the group's events are.
    pub routing: Routing,
    /// After how many seconds messages disappear; `None` where the component is absent.
    pub retention: Option<Retention>,
    /// Picture by URL; `None` where the component is absent.
    pub avatar: Option<Avatar>,
    /// What is expected of members for agent text streams.
    pub agent: Option<AgentStream>,
    /// Whether the group still lives.
    pub lifecycle: Lifecycle,
    dictionary: AppDataDictionary,
}

impl Context {
    /// Decodes and checks a group context.
    pub fn read(extensions: &Extensions<GroupContext>) -> Result<Self, ContextFlaw> {
        let capabilities = extensions.required_capabilities().ok_or(ContextFlaw::Capabilities)?;
        if capabilities.extension_types().contains(&ExtensionType::Unknown(LEGACY_PROOF)) {
            return Err(ContextFlaw::Legacy);
        }
        let complete = capabilities.extension_types().contains(&ExtensionType::AppDataDictionary)
            && capabilities.proposal_types().contains(&ProposalType::AppDataUpdate);
        if !complete {
            return Err(ContextFlaw::Capabilities);
        }
        let dictionary = extensions.app_data_dictionary().ok_or(ContextFlaw::Required)?.dictionary();
        for entry in dictionary.entries() {
            check_group_state(entry.id(), entry.data()).map_err(|_| ContextFlaw::Malformed(entry.id()))?;
        }
        Self::decode(dictionary)
    }

    /// Decodes entries that were checked one by one.
    fn decode(dictionary: &AppDataDictionary) -> Result<Self, ContextFlaw> {
        let required = dictionary.get(&APP_COMPONENTS).ok_or(ContextFlaw::Required)?;
        let required = ComponentList::decode(required).map_err(|_| ContextFlaw::Malformed(APP_COMPONENTS))?;
        if !required.contains(ADMINS) || !required.contains(ACCOUNT_PROOF) {
            return Err(ContextFlaw::Required);
        }
        for id in required.ids() {
            if !SUPPORTED.contains(id) {
                return Err(ContextFlaw::Unknown(*id));
            }
            if *id != ACCOUNT_PROOF && !dictionary.contains(id) {
                return Err(ContextFlaw::Missing(*id));
            }
        }
        fn state<T>(
            dictionary: &AppDataDictionary,
            id: ComponentId,
            decode: impl Fn(&[u8]) -> Result<T, crate::encoding::Malformed>,
        ) -> Result<Option<T>, ContextFlaw> {
            dictionary.get(&id).map(decode).transpose().map_err(|_| ContextFlaw::Malformed(id))
        }
        Ok(Self {
            profile: state(dictionary, PROFILE, Profile::decode)?.unwrap_or_default(),
            admins: state(dictionary, ADMINS, Admins::decode)?.ok_or(ContextFlaw::Missing(ADMINS))?,
            routing: state(dictionary, ROUTING, Routing::decode)?.ok_or(ContextFlaw::Missing(ROUTING))?,
            retention: state(dictionary, RETENTION, Retention::decode)?,
            avatar: state(dictionary, AVATAR, Avatar::decode)?,
            agent: state(dictionary, AGENT_STREAM, AgentStream::decode)?,
            lifecycle: state(dictionary, LIFECYCLE, Lifecycle::decode)?.unwrap_or(Lifecycle::Active),
            required,
            dictionary: dictionary.clone(),
        })
    }

    /// The bytes of a component; `None` where it is absent.
    pub fn component(&self, id: ComponentId) -> Option<&[u8]> {
        self.dictionary.get(&id)
    }

    /// Every component with its bytes, by ascending id.
    pub fn components(&self) -> impl Iterator<Item = (ComponentId, &[u8])> {
        self.dictionary.entries().map(|entry| (entry.id(), entry.data()))
    }
}
