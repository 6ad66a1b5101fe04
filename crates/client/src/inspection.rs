//! What a group and its messages look like inside, for simulations and tests that compare several members.
//! It shows no key and changes nothing.

use std::sync::Arc;

use murmel_store::{ChatState, KIND_SYSTEM, MessageId};
use nostr::PublicKey;

use crate::account::Account;
use crate::group::requests;
use crate::{Result, views};

/// Where a member stands in a group. Members that agree are equal in all of it but `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Whether the account is still a member.
    pub state: Standing,
    /// The epoch.
    pub epoch: u64,
    /// RFC 9420 §8: equal for all members that agree on the epoch, and different for all others.
    pub authenticator: Vec<u8>,
    /// Name of the group.
    pub name: String,
    /// Description of the group.
    pub description: String,
    /// Public keys of the members, hex, ascending.
    pub members: Vec<String>,
    /// Public keys of the admins, hex, ascending.
    pub admins: Vec<String>,
    /// A commit of ours waits for a relay.
    pub pending: bool,
}

/// Whether an account is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member.
    Active,
    /// A member that wants to go.
    Leaving,
    /// No member any more.
    Gone,
}

/// A message as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Names the message, as in [`murmel_ipc::MessageView::id`].
    pub message: i64,
    /// The text.
    pub content: String,
    /// Public key of the author, hex.
    pub sender: String,
    /// The epoch in which it was sent, or sent again.
    pub epoch: u64,
    /// The account's own.
    pub mine: bool,
}

/// Rows read at a time.
const ROWS: u32 = 10_000;

/// The state of a group; `None` where the account has none of it.
pub(crate) async fn branch(account: &Arc<Account>, chat: &str) -> Result<Option<Branch>> {
    let chat = chat.to_owned();
    account
        .db
        .read(move |tx, groups| {
            let chat = views::find(tx, &chat)?;
            let Some((group, _)) = groups.get(tx, &chat.group)? else { return Ok(None) };
            let view = group.view();
            let hex = |who: &PublicKey| who.to_hex();
            Ok(Some(Branch {
                state: match chat.state {
                    ChatState::Active => Standing::Active,
                    ChatState::Leaving => Standing::Leaving,
                    ChatState::Left | ChatState::Removed | ChatState::Stranded | ChatState::Ended => Standing::Gone,
                },
                epoch: group.epoch().0,
                authenticator: group.epoch_authenticator().to_vec(),
                name: view.name,
                description: view.description,
                members: view.members.iter().map(hex).collect(),
                admins: view.admins.iter().map(hex).collect(),
                pending: group.pending().is_some(),
            }))
        })
        .await
}

/// The epoch in which the account came into its copy of a group; `None` where it made the group.
pub(crate) async fn began(account: &Arc<Account>, chat: &str) -> Result<Option<u64>> {
    let chat = chat.to_owned();
    account.db.read(move |tx, _| requests::began(tx, views::find(tx, &chat)?.id)).await
}

/// Every message of a chat, what happened to the group left out, in the order of arrival.
pub(crate) async fn carried(account: &Arc<Account>, chat: &str) -> Result<Vec<Carried>> {
    let chat = chat.to_owned();
    account
        .db
        .read(move |tx, _| {
            let chat = views::find(tx, &chat)?;
            let rows = tx.messages_after(chat.id, MessageId(0), ROWS)?.into_iter().filter(|row| row.kind != KIND_SYSTEM);
            Ok(rows
                .map(|row| Carried {
                    message: row.id.0,
                    content: row.content,
                    sender: row.sender.to_hex(),
                    epoch: row.epoch.0,
                    mine: row.mine,
                })
                .collect())
        })
        .await
}
