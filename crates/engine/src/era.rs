//! Older wires, and wires of others that look alike: recognised, so that people can be told why they do not meet.
//! It reads nothing of theirs beyond that.

use nostr::{Event, Kind};
use openmls::group::GroupContext;
use openmls::prelude::{ExtensionType, Extensions};

use crate::leaf::LEGACY_PROOF;

/// The extension that held a group's data before components did.
const MIP_GROUP_DATA: u16 = 0xf2ee;
/// Key packages before they became replaceable.
pub const FIRST_KEY_PACKAGE_KIND: Kind = Kind::Custom(443);
/// Key packages of KeyChat, whose groups are no Marmot groups.
pub const KEY_CHAT_KIND: Kind = Kind::Custom(10443);

/// What somebody's app speaks instead of the current wire. The texts are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Era {
    /// Group data in one extension (0xf2ee): mdk-core 0.8 and older.
    #[error("It speaks the first White Noise protocol (MIP), which the current one has replaced. The two cannot be mixed.")]
    Mip,
    /// Account proof in an extension (0xf2f1): test versions of Marmot v2.
    #[error("It is a test version from before the current Marmot protocol was settled. The two cannot be mixed.")]
    EarlyV2,
    /// Key packages of kind 443.
    #[error("It publishes its key packages in the oldest way (kind 443), which nobody reads any more.")]
    FirstKeyPackages,
    /// Key packages of kind 10443.
    #[error("It is KeyChat, whose groups work in another way. A Marmot app, such as Murmel or White Noise, is needed.")]
    KeyChat,
}

impl Era {
    /// Of ids in the tag `mls_extensions`.
    pub(crate) fn of_extensions(ids: &[String]) -> Option<Self> {
        let lists = |id: u16| ids.iter().any(|listed| *listed == format!("{id:#06x}"));
        if lists(MIP_GROUP_DATA) {
            return Some(Self::Mip);
        }
        lists(LEGACY_PROOF).then_some(Self::EarlyV2)
    }

    /// Of what somebody publishes, where none of it is a key package of the current kind.
    pub fn of_events(events: &[Event]) -> Option<Self> {
        let published = |kind: Kind| events.iter().any(|event| event.kind == kind);
        if published(FIRST_KEY_PACKAGE_KIND) {
            return Some(Self::FirstKeyPackages);
        }
        published(KEY_CHAT_KIND).then_some(Self::KeyChat)
    }

    /// Of a group.
    pub(crate) fn of_group(extensions: &Extensions<GroupContext>) -> Option<Self> {
        if extensions.contains(ExtensionType::Unknown(MIP_GROUP_DATA)) {
            return Some(Self::Mip);
        }
        let required = extensions.required_capabilities()?;
        required.extension_types().contains(&ExtensionType::Unknown(LEGACY_PROOF)).then_some(Self::EarlyV2)
    }
}
