//! Owns the views: what the window shows, whole, as commands return it and events carry it.
//! It has no behaviour.

mod account;
mod chat;
mod choice;
mod message;
mod network;
mod person;
mod request;
mod settings;
mod system;

pub use account::*;
pub use chat::*;
pub use choice::*;
pub use message::*;
pub use network::*;
pub use person::*;
pub use request::*;
pub use settings::*;
pub use system::*;
