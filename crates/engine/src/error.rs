//! How the engine fails: faults of ours, and refusals that a person can understand.
//! What others send is never an error here; see [`crate::Ingest`].

use nostr::PublicKey;

use crate::StorageFault;
use crate::components::ComponentId;

/// A failure of our own. The transaction has to be rolled back and the loaded group forgotten.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageFault),
    /// OpenMLS, or a value it should have accepted, failed in a way that no input of others causes.
    #[error("mls: {0}")]
    Mls(String),
}

impl Fault {
    /// Wraps an error that only a defect or a broken storage explains. The error's text must name kinds only, no ids and no content.
    pub fn mls(error: impl std::fmt::Display) -> Self {
        Self::Mls(error.to_string())
    }
}

/// Why an intent of the person was not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only an admin may do this.
    #[error("Only an admin of the group can do this.")]
    NotAdmin,
    /// The group would be left without an admin.
    #[error("The group needs an admin. Appoint another one first.")]
    LastAdmin,
    /// Leaving is for members who are no admins.
    #[error("An admin has to step down before leaving.")]
    StillAdmin,
    /// The person is not in the group.
    #[error("This person is not a member of the group.")]
    NotMember(PublicKey),
    /// The person is in the group already.
    #[error("This person is a member of the group already.")]
    AlreadyMember(PublicKey),
    /// The person's app lacks something that the group requires.
    #[error("This person's app lacks something that the group requires ({what}).")]
    Unsuitable {
        /// Whose.
        who: PublicKey,
        /// What is missing, as a wire name.
        what: String,
    },
    /// The message or invitation is larger than what a relay carries.
    #[error("This is too large to send: {bytes} bytes, at most {limit} are possible.")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A commit of ours waits for a relay.
    #[error("Another change of this group is still on its way. Try again in a moment.")]
    CommitPending,
    /// We are no member any more.
    #[error("You are not a member of this group any more.")]
    Inactive,
    /// The change would change nothing.
    #[error("There is nothing to change.")]
    Nothing,
    /// Name or description too long.
    #[error("A name can have 256 bytes at most, a description 4,096.")]
    BadName,
    /// No usable relay, or too many.
    #[error("A group needs between 1 and 16 relays with valid addresses.")]
    BadRelays,
    /// A member's app lacks what is to be required of everybody.
    #[error("A member's app lacks this ({what}). It has to be updated, or the member removed, first.")]
    MemberLacks {
        /// Whose.
        who: PublicKey,
        /// What is missing, as a wire name.
        what: String,
    },
    /// This component is never required of anybody.
    #[error("This cannot be required of everybody (component {0:#06x}).")]
    NotRequirable(ComponentId),
    /// The group's members never agreed that it can be ended.
    #[error("This group was made by an older app and cannot be ended yet. Bring it up to date first.")]
    NotEndable,
    /// The group has been ended.
    #[error("This group has been ended by an admin.")]
    Ended,
    /// OpenMLS did not accept the change.
    #[error("The group does not allow this change ({0}).")]
    Invalid(String),
}

/// An intent that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not possible; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// We failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StorageFault> for Error {
    fn from(fault: StorageFault) -> Self {
        Self::Fault(fault.into())
    }
}
