//! The language between the window and the application: what commands take and return, what events carry.
//! It holds no behaviour and, except for the arguments that bring a key in, no secret.
//!
//! The TypeScript twin of these types is generated: see [`typescript`].

mod args;
mod error;
mod event;
mod secret;
mod typescript;
mod view;

pub use args::{ChangePassphrase, GroupAvatar, GroupImage, ImportIdentity, NewGroup, NewIdentity, Recover, SendMessage, Unlock};
pub use error::{ErrorCode, IpcError};
pub use event::{Event, EventKind, Snapshot};
pub use secret::SecretText;
pub use typescript::typescript;
pub use view::*;
