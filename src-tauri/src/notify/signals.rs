//! Owns what is shown, by the server's numbers, and what its signals mean for that.
//! Never believes a signal of anybody but the server that showed it.

use std::collections::BTreeMap;

use murmel_ipc::NotificationServer;
use zbus::message::{Message, Type};

use super::{Abilities, BUS, DEFAULT, Goal, READ, REPLY, Reaction, SERVER, sender};
use crate::notify::REPLY_CAP;

/// Notifications whose click is awaited; the oldest give way.
const SHOWN: usize = 256;

/// What is shown. One for each chat.
#[derive(Default)]
pub(super) struct Shown {
    goals: BTreeMap<u32, Goal>,
    /// The server's own name on the bus.
    pub(super) server: Option<String>,
    /// `None` where it has not been asked.
    pub(super) abilities: Option<Abilities>,
}

impl Shown {
    pub(super) fn number(&self, account: &str, chat: &str) -> Option<u32> {
        self.goals.iter().find(|(_, goal)| goal.is_of(account, chat)).map(|(number, _)| *number)
    }

    pub(super) fn put(&mut self, before: u32, number: u32, goal: Goal) {
        self.goals.remove(&before);
        if self.goals.len() >= SHOWN {
            self.goals.pop_first();
        }
        self.goals.insert(number, goal);
    }

    pub(super) fn take(&mut self, account: &str, chat: &str) -> Option<u32> {
        let number = self.number(account, chat)?;
        self.goals.remove(&number);
        Some(number)
    }
}

/// What a signal means for what is shown, and what the person wants.
pub(super) fn heard(signal: &Message, shown: &mut Shown) -> Option<Reaction> {
    let header = signal.header();
    if header.message_type() != Type::Signal {
        return None;
    }
    let (interface, member) = (header.interface()?.as_str(), header.member()?.as_str());
    match (interface, member) {
        (BUS, "NameOwnerChanged") if sender(signal).as_deref() == Some(BUS) => owner_changed(signal, shown),
        // Any program may send a signal like these to us.
        (SERVER, member) if shown.server.is_some() && sender(signal) == shown.server => told(signal, member, shown),
        _ => None,
    }
}

fn told(signal: &Message, member: &str, shown: &mut Shown) -> Option<Reaction> {
    match member {
        "ActionInvoked" => {
            let (number, action) = signal.body().deserialize::<(u32, String)>().ok()?;
            let reaction = match action.as_str() {
                DEFAULT | REPLY => Reaction::Open,
                READ => Reaction::Read,
                _ => return None,
            };
            shown.goals.remove(&number).map(reaction)
        }
        "NotificationReplied" => {
            let (number, text) = signal.body().deserialize::<(u32, String)>().ok()?;
            if text.len() > REPLY_CAP {
                return None;
            }
            shown.goals.remove(&number).map(|goal| Reaction::Reply(goal, text))
        }
        "NotificationClosed" => {
            let (number, _reason) = signal.body().deserialize::<(u32, u32)>().ok()?;
            shown.goals.remove(&number);
            None
        }
        _ => None,
    }
}

/// Another server: it knows nothing of what the one before has shown.
fn owner_changed(signal: &Message, shown: &mut Shown) -> Option<Reaction> {
    let (name, _before, after) = signal.body().deserialize::<(String, String, String)>().ok()?;
    if name != SERVER {
        return None;
    }
    *shown = Shown::default();
    Some(Reaction::Server(if after.is_empty() { NotificationServer::Missing } else { NotificationServer::Ready }))
}
