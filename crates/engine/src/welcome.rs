//! Joining: a welcome is read, judged, shown to the person, and only then joined.
//! Judging leaves nothing behind; joining is one transaction that the caller rolls back on any refusal.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nostr::{EventId, Kind, PublicKey, UnsignedEvent};
use openmls::group::{StagedWelcome, WelcomeError};
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, Welcome as MlsWelcome};
use tls_codec::Deserialize as _;

use crate::authorize;
use crate::components::{Lifecycle, MAX_RELAYS, is_relay_url};
use crate::context::{Context, ContextFlaw};
use crate::device::Device;
use crate::era::Era;
use crate::error::Fault;
use crate::group::{Group, join_config};
use crate::ids::KeyPackageRef;
use crate::key_package;
use crate::leaf::{CIPHERSUITE, Leaf, LeafFlaw};
use crate::{Digest, Epoch, GroupId, Storage, StorageFault};

/// Longest content of a welcome rumor that is decoded, in bytes of base64.
const MAX_CONTENT: usize = 256 * 1024;

/// Why a welcome is not accepted. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WelcomeRefused {
    /// Not the shape of a kind 444 rumor.
    #[error("The invitation is malformed.")]
    Malformed,
    /// It was made with a key package that is not ours, or not any more.
    #[error("The invitation was made for another device or an old key package. Ask to be invited again.")]
    NotForUs,
    /// MLS validation failed.
    #[error("The invitation is not valid.")]
    Invalid(String),
    /// The group's members or context are not acceptable.
    #[error("The group uses something that this app does not support ({0}).")]
    Context(#[from] ContextFlaw),
    /// A group of an older wire.
    #[error("This is a group of an older app. {0} Ask for a new group, made with a current app.")]
    Older(Era),
    /// A member's leaf is not acceptable.
    #[error("A member of the group cannot be verified ({0}).")]
    Leaf(#[from] LeafFlaw),
    /// A member lacks what the group requires.
    #[error("A member of the group lacks what it requires ({0}).")]
    Lacks(String),
    /// Who sent it is not who signed it, or is no admin.
    #[error("The invitation does not come from an admin of the group.")]
    Inviter,
    /// An admin has no leaf, or the group has ended.
    #[error("The group is not in a usable state.")]
    Unusable,
    /// We are a member already.
    #[error("You are a member of this group already.")]
    AlreadyMember,
}

/// Judging or joining did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The welcome is not acceptable.
    #[error(transparent)]
    Refused(#[from] WelcomeRefused),
    /// We failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StorageFault> for JoinError {
    fn from(fault: StorageFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// A welcome of the right shape, still closed.
#[derive(Clone, PartialEq, Eq)]
pub struct Welcome {
    mls_message: Vec<u8>,
    from: PublicKey,
    relays: Vec<String>,
}

/// What a welcome leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The group.
    pub group: GroupId,
    /// Its name; may be empty.
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
    /// The member accounts, ascending, ourselves included.
    pub members: Vec<PublicKey>,
    /// Who invites: the seal's author and the signer of the group info, an admin.
    pub inviter: PublicKey,
    /// The key package of ours that was used.
    pub key_package: KeyPackageRef,
    /// The epoch that we would begin in.
    pub epoch: Epoch,
    /// Names that epoch: a digest of its transcript.
    pub transcript: Digest,
}

impl Welcome {
    /// Checks the shape of an unwrapped rumor whose seal was signed by `from`.
    pub fn read(rumor: &UnsignedEvent, from: PublicKey) -> Result<Self, WelcomeRefused> {
        if rumor.kind != Kind::MlsWelcome || rumor.pubkey != from || rumor.content.len() > MAX_CONTENT {
            return Err(WelcomeRefused::Malformed);
        }
        let values = |name: &str| {
            let mut tags = rumor.tags.iter().map(|tag| tag.as_slice()).filter(|tag| tag.first().is_some_and(|first| first == name));
            match (tags.next(), tags.next()) {
                (Some([_, values @ ..]), None) => Some(values.to_vec()),
                _ => None,
            }
        };
        let event = values("e").ok_or(WelcomeRefused::Malformed)?;
        let relays = values("relays").ok_or(WelcomeRefused::Malformed)?;
        let unique = relays.iter().collect::<BTreeSet<_>>().len() == relays.len();
        let valid = matches!(event.as_slice(), [id] if EventId::from_hex(id).is_ok())
            && (1..=MAX_RELAYS).contains(&relays.len())
            && unique
            && relays.iter().all(|url| is_relay_url(url));
        let mls_message = STANDARD.decode(&rumor.content).map_err(|_| WelcomeRefused::Malformed)?;
        if valid { Ok(Self { mls_message, from, relays }) } else { Err(WelcomeRefused::Malformed) }
    }

    /// From what was kept of one that was read before.
    pub const fn restore(mls_message: Vec<u8>, from: PublicKey, relays: Vec<String>) -> Self {
        Self { mls_message, from, relays }
    }

    /// Of the serialized MLSMessage.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.mls_message)
    }

    /// Where the inviter says that the group is.
    pub fn relays(&self) -> &[String] {
        &self.relays
    }

    /// The serialized MLSMessage.
    pub fn mls_message(&self) -> &[u8] {
        &self.mls_message
    }

    /// Who sent it.
    pub const fn from(&self) -> PublicKey {
        self.from
    }

    /// Opens and judges the welcome without joining. Leaves nothing behind.
    pub fn inspect(&self, storage: &impl Storage, device: &Device) -> Result<Preview, JoinError> {
        let (staged, context, key_package) = self.open(storage, device)?;
        key_package::withdraw(storage, &key_package)?;
        let mut members: Vec<_> = staged.members().filter_map(|member| account(member.credential)).collect();
        members.sort_unstable();
        members.dedup();
        Ok(Preview {
            group: GroupId::new(staged.group_context().group_id().as_slice()).ok_or(WelcomeRefused::Malformed)?,
            name: context.profile.name().to_owned(),
            description: context.profile.description().to_owned(),
            members,
            inviter: self.from,
            key_package,
            epoch: Epoch(staged.group_context().epoch().as_u64()),
            transcript: Digest::of(staged.group_context().confirmed_transcript_hash()),
        })
    }

    /// Joins. `replace` says that a copy of the group is dropped first in which we are no member any more, or which is on a branch that the
    /// others have left. `_now` in Unix seconds.
    pub fn join(&self, storage: &impl Storage, device: &Device, replace: bool, _now: u64) -> Result<Group, JoinError> {
        let preview = self.inspect(storage, device)?;
        if let Some(group) = Group::load(storage, &preview.group)? {
            if !replace || (group.is_active() && !group.is_left_behind_by(&preview)) {
                return Err(WelcomeRefused::AlreadyMember.into());
            }
            storage.forget_group(&preview.group)?;
        }
        let (staged, _, key_package) = self.open(storage, device)?;
        let mls = staged.into_group(storage).map_err(|error| refuse(&error))?;
        key_package::withdraw(storage, &key_package)?;
        Ok(Group::adopt(storage, mls)?)
    }

    /// Opens the welcome with the first key package of ours that it names, and checks everything that Marmot asks for.
    fn open(&self, storage: &impl Storage, device: &Device) -> Result<(StagedWelcome, Context, KeyPackageRef), JoinError> {
        let welcome = self.parse()?;
        let mut ours = None;
        for secrets in welcome.secrets() {
            let Some(reference) = KeyPackageRef::from_slice(secrets.new_member().as_slice()) else { continue };
            if key_package::restore(storage, &reference)? {
                ours = Some(reference);
                break;
            }
        }
        let ours = ours.ok_or(WelcomeRefused::NotForUs)?;
        match self.judge(storage, device, welcome) {
            Ok((staged, context)) => Ok((staged, context, ours)),
            Err(error) => {
                key_package::withdraw(storage, &ours)?;
                Err(error)
            }
        }
    }

    fn parse(&self) -> Result<MlsWelcome, WelcomeRefused> {
        let message = MlsMessageIn::tls_deserialize_exact(&self.mls_message).map_err(|_| WelcomeRefused::Malformed)?;
        match message.extract() {
            MlsMessageBodyIn::Welcome(welcome) if welcome.ciphersuite() == CIPHERSUITE => Ok(welcome),
            _ => Err(WelcomeRefused::Malformed),
        }
    }

    fn judge(&self, storage: &impl Storage, device: &Device, welcome: MlsWelcome) -> Result<(StagedWelcome, Context), JoinError> {
        // Leaves of members who never rotated outlive their lifetime: checking it would make old groups unjoinable.
        let builder = StagedWelcome::build_from_welcome(storage, &join_config(), welcome)
            .map_err(|error| refuse(&error))?
            .skip_lifetime_validation()
            .replace_old_group();
        let info = builder.processed_welcome().unverified_group_info();
        let tree = info.extensions().ratchet_tree().ok_or(WelcomeRefused::Malformed)?.ratchet_tree().clone();
        let group_id = info.group_id().clone();
        // Before OpenMLS looks at it: it would only say that our leaf lacks something.
        if let Some(era) = Era::of_group(info.group_context().extensions()) {
            return Err(WelcomeRefused::Older(era).into());
        }
        let staged = builder.build().map_err(|error| refuse(&error))?;
        let context = Context::read(staged.group_context().extensions()).map_err(WelcomeRefused::from)?;
        if context.lifecycle == Lifecycle::Disbanded {
            return Err(WelcomeRefused::Unusable.into());
        }
        let tree =
            tree.into_verified(CIPHERSUITE, storage.crypto(), &group_id).map_err(|error| WelcomeRefused::Invalid(error.to_string()))?;
        let mut accounts = authorize::Accounts::new();
        for (index, node) in tree.leaves().enumerate() {
            let leaf = Leaf::read(node).map_err(WelcomeRefused::from)?;
            if let Some(what) = leaf.lacks(context.required.ids(), context.agent) {
                return Err(WelcomeRefused::Lacks(what).into());
            }
            accounts.insert(openmls::prelude::LeafNodeIndex::new(index as u32), leaf.account);
        }
        authorize::admins_have_leaves(&context.admins, &accounts).map_err(|_| WelcomeRefused::Unusable)?;
        let signer = staged.welcome_sender().map_err(|_| WelcomeRefused::Inviter)?;
        let signer = account(signer.credential().clone()).ok_or(WelcomeRefused::Inviter)?;
        if signer != self.from || !context.admins.contains(&signer) {
            return Err(WelcomeRefused::Inviter.into());
        }
        let own = staged.own_leaf_node().and_then(|leaf| account(leaf.credential().clone()));
        if own != Some(device.account()) {
            return Err(WelcomeRefused::NotForUs.into());
        }
        Ok((staged, context))
    }
}

fn account(credential: openmls::prelude::Credential) -> Option<PublicKey> {
    let credential = openmls::prelude::BasicCredential::try_from(credential).ok()?;
    crate::identity::account(credential.identity())
}

fn refuse<E: std::error::Error + Send + Sync + 'static>(error: &WelcomeError<E>) -> JoinError {
    match error {
        WelcomeError::StorageError(error) => JoinError::Fault(Fault::mls(error)),
        WelcomeError::NoMatchingKeyPackage | WelcomeError::JoinerSecretNotFound => WelcomeRefused::NotForUs.into(),
        other => WelcomeRefused::Invalid(other.to_string()).into(),
    }
}
