//! The Marmot v2 rules over MLS (RFC 9420), as a state machine without input or output.
//! It reads no clock, opens no socket, and keeps nothing but through [`Storage`].

mod applied;
mod authorize;
mod branch;
mod change;
mod commit;
pub mod components;
mod context;
mod converge;
mod create;
mod device;
pub mod encoding;
mod envelope;
mod error;
mod group;
mod held_keys;
mod identity;
mod ids;
mod ingest;
mod inner_event;
mod key_package;
mod leaf;
mod pending;
mod storage;
mod welcome;

pub use applied::{Applied, GroupEvent};
pub use authorize::Unauthorized;
pub use branch::{Reason, WITNESS_QUORUM};
pub use change::Change;
pub use commit::{Confirmed, Staged};
pub use context::ContextFlaw;
pub use converge::{Left, Rival, Switched};
pub use create::NewGroup;
pub use device::Device;
pub use envelope::GROUP_MESSAGE_KIND;
pub use error::{Error, Fault, Refusal};
pub use group::{Group, GroupView, MAX_INNER_EVENT, PAST_EPOCHS, Sealed};
pub use identity::AccountProof;
pub use ids::{Digest, Epoch, GroupId, KeyPackageRef, RoutingId};
pub use ingest::{Ingest, Received, Why};
pub use inner_event::{InnerEvent, kind};
pub use key_package::{KEY_PACKAGE_KIND, Offer, OfferRefused, OwnKeyPackage, Slot, keep as keep_key_package};
pub use leaf::LeafFlaw;
pub use pending::{Invitation, MAX_WELCOME_RUMOR};
pub use storage::{EpochKeys, EpochRecord, KeyPackageRecord, Storage, StorageFault};
pub use welcome::{JoinError, Preview, Welcome, WelcomeRefused};
