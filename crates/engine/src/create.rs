//! Creating a group: alone in epoch 0, then one commit that adds everybody, which nobody else ever has to see.
//! Which people and relays are a good choice is decided elsewhere.

use nostr::SecretKey;
use openmls::group::{GroupContext, MlsGroup};
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, Extension, ExtensionType, Extensions, Lifetime, ProposalType,
    RequiredCapabilitiesExtension,
};
use tls_codec::Serialize as _;

use crate::components::{
    ADMINS, AGENT_STREAM, APP_COMPONENTS, Admins, AgentStream, ComponentList, LIFECYCLE, Lifecycle, MEDIA_V2, MediaPolicy, PROFILE,
    Profile, REQUIRED_IN_NEW_GROUPS, ROUTING, Routing,
};
use crate::device::Device;
use crate::error::{Error, Fault, Refusal};
use crate::group::{Group, PAST_EPOCHS, WIRE_FORMATS, sender_ratchet};
use crate::key_package::Offer;
use crate::leaf::{self, CIPHERSUITE};
use crate::pending::{Invitation, check_size};
use crate::welcome_size::welcome_len;
use crate::{Digest, RoutingId, Storage};

/// 84 days, and an hour into the past for skewed clocks.
const LIFETIME_SECS: u64 = 84 * 24 * 60 * 60;
const MARGIN_SECS: u64 = 60 * 60;

/// A group to create.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// At most 256 bytes; may be empty.
    pub name: String,
    /// At most 4,096 bytes; may be empty.
    pub description: String,
    /// 1 to 16 relays that will carry the group.
    pub relays: Vec<String>,
}

impl Group {
    /// Creates a group with the offers' owners as members and ourselves as its admin. With nobody to invite it stays in epoch 0.
    ///
    /// The invitations can be sent at once. `now` in Unix seconds.
    pub fn create(
        storage: &impl Storage,
        device: &Device,
        new: NewGroup,
        offers: &[Offer],
        now: u64,
    ) -> Result<(Self, Vec<Invitation>), Error> {
        for offer in offers {
            check_offer(offer, device)?;
        }
        let routing = RoutingId::new(SecretKey::generate().to_secret_bytes());
        let routing = Routing::new(routing, new.relays).ok_or(Refusal::BadRelays)?;
        let profile = Profile::new(new.name, new.description).ok_or(Refusal::BadName)?;
        let admins = Admins::new([device.account()]).ok_or_else(|| Fault::mls("admins"))?;
        let mls = MlsGroup::builder()
            .ciphersuite(CIPHERSUITE)
            .with_wire_format_policy(WIRE_FORMATS)
            .max_past_epochs(PAST_EPOCHS as usize)
            .sender_ratchet_configuration(sender_ratchet())
            .use_ratchet_tree_extension(true)
            .lifetime(Lifetime::init(now.saturating_sub(MARGIN_SECS), now + LIFETIME_SECS))
            .with_capabilities(leaf::own_capabilities())
            .with_leaf_node_extensions(leaf::own_extensions(device.account_proof()).ok_or_else(|| Fault::mls("leaf extensions"))?)
            .map_err(Fault::mls)?
            .with_group_context_extensions(context(&profile, &admins, &routing)?)
            .build(storage, device.signer(), device.credential())
            .map_err(Fault::mls)?;
        let mut group = Self::adopt(storage, mls)?;
        let invitations = if offers.is_empty() { Vec::new() } else { group.add_first_members(storage, device, offers)? };
        Ok((group, invitations))
    }

    fn add_first_members(&mut self, storage: &impl Storage, device: &Device, offers: &[Offer]) -> Result<Vec<Invitation>, Error> {
        let invalid = |error: &dyn std::fmt::Display| Error::from(Refusal::Invalid(error.to_string()));
        let len = welcome_len(&self.mls, offers.iter().map(|offer| offer.package.leaf_node()), false)?;
        let bytes = Invitation::bytes_with(offers, len, self.context.routing.relays());
        check_size(bytes)?;
        let bundle = self
            .mls
            .commit_builder()
            .propose_adds(offers.iter().map(|offer| offer.package.clone()))
            .load_psks(storage.storage())
            .map_err(|e| invalid(&e))?
            .build(storage.rand(), storage.crypto(), device.signer(), |_| true)
            .map_err(|e| invalid(&e))?
            .stage_commit(storage)
            .map_err(Fault::mls)?;
        let welcome = bundle.to_welcome_msg().ok_or_else(|| Fault::mls("no welcome"))?.tls_serialize_detached().map_err(Fault::mls)?;
        let invitations = Invitation::for_each(offers, &welcome, self.context.routing.relays())?;
        debug_assert_eq!(invitations.first().map(Invitation::bytes), Some(bytes), "the size was known before");
        let commit = bundle.commit().tls_serialize_detached().map_err(Fault::mls)?;
        self.advance_own(storage, Digest::of(&commit), true)?;
        Ok(invitations)
    }
}

/// Whether the offer's owner fits into a group of ours.
fn check_offer(offer: &Offer, device: &Device) -> Result<(), Refusal> {
    if offer.account() == device.account() {
        return Err(Refusal::AlreadyMember(offer.account()));
    }
    match offer.lacks_for_new_group() {
        None => Ok(()),
        Some(what) => Err(Refusal::Unsuitable { who: offer.account(), what }),
    }
}

fn context(profile: &Profile, admins: &Admins, routing: &Routing) -> Result<Extensions<GroupContext>, Fault> {
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(APP_COMPONENTS, ComponentList::new(REQUIRED_IN_NEW_GROUPS).encode());
    dictionary.insert(PROFILE, profile.encode());
    dictionary.insert(ADMINS, admins.encode());
    dictionary.insert(ROUTING, routing.encode());
    dictionary.insert(AGENT_STREAM, AgentStream::DEFAULT.encode());
    dictionary.insert(MEDIA_V2, MediaPolicy::default_servers().encode());
    dictionary.insert(LIFECYCLE, Lifecycle::Active.encode());
    let required = RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[],
    );
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required),
        Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)),
    ])
    .map_err(Fault::mls)
}
