//! Owns the views: what the window shows, whole, as commands return it and events carry it.
//! It has no behaviour.

mod account;
mod chat;
mod choice;
mod desktop;
mod message;
mod network;
mod notifications;
mod person;
mod reach;
mod relays;
mod request;
mod search;
mod settings;
mod sync;
mod system;
mod updates;

pub use account::*;
pub use chat::*;
pub use choice::*;
pub use desktop::*;
pub use message::*;
pub use network::*;
pub use notifications::*;
pub use person::*;
pub use reach::*;
pub use relays::*;
pub use request::*;
pub use search::*;
pub use settings::*;
pub use sync::*;
pub use system::*;
pub use updates::*;
