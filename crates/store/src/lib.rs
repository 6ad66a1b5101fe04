//! What an account keeps on disk: one SQLCipher file, one thread that owns it, one transaction type.
//! It knows no protocol and no socket, and no SQL is written outside of it.

mod account;
mod announced;
mod chat;
mod choice;
mod codec;
mod column;
mod contact;
pub mod crash;
mod database;
mod deferred;
mod draft;
mod engine_rows;
mod error;
mod files;
mod ids;
mod inspect;
mod key;
mod key_package;
mod list_version;
mod mention;
mod message;
mod migrations;
mod mls_rows;
mod openmls_rows;
mod outbox;
mod own_profile;
mod pair;
mod person;
mod progress;
mod race;
mod request;
mod search;
mod seen;
mod settings;
mod shared;
mod thread;
mod tx;

#[cfg(test)]
mod tests;

pub use account::AccountRecord;
pub use chat::{ChatProjection, ChatRecord, ChatState, Member};
pub use choice::{ChoiceRecord, Muted};
pub use codec::{CodecError, MixedCodec};
pub use contact::ContactRecord;
pub use database::{Database, Execution, QUEUE_CAP, Rollback};
pub use deferred::{DEFERRED_CAP, DEFERRED_CAP_PER_ROUTING, DeferredRecord};
pub use draft::DraftRecord;
pub use error::StoreError;
pub use ids::{ChatId, DeferredId, MessageId, OutboxId, RequestId};
pub use inspect::StateHash;
pub use key::DatabaseKey;
pub use key_package::OwnKeyPackage;
pub use list_version::{LIST_VERSIONS_CAP, ListVersion};
pub use message::{Gone, KIND_CHAT, KIND_DELETE, KIND_EDIT, KIND_REACTION, KIND_SYSTEM, MessageRecord, PageKey};
pub use migrations::SCHEMA;
pub use mls_rows::{HELD_CAP, MlsRows};
pub use outbox::{
    Answer, CHAT_WINDOW, Cancellation, Delivery, Due, Lane, OUTBOX_CAP, OutboxRecord, OutboxState, Purpose, REFUSALS_AWAITED, Standing,
};
pub use own_profile::OWN_PROFILES_CAP;
pub use person::{AddressState, PEOPLE_CAP, PersonRecord};
pub use progress::{CURSOR_CAP, CursorKey};
pub use race::RACES_CAP;
pub use request::{RequestInsert, RequestRecord, RequestState};
pub use search::{IndexReport, Rebuild, SearchFilter, Terms, current};
pub use seen::{COMPARED_CAP, SEEN_CAP};
pub use tx::Tx;
