//! Owns the views: what the window shows, whole, as commands return it and events carry it.
//! It has no behaviour.

mod account;
mod chat;
mod message;
mod network;
mod request;
mod search;
mod settings;
mod system;

pub use account::*;
pub use chat::*;
pub use message::*;
pub use network::*;
pub use request::*;
pub use search::*;
pub use settings::*;
pub use system::*;
