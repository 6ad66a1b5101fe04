//! What has to be done after a change, without anybody asking for it.
//! It changes nothing itself: each chore is a function beside its noun.

use std::sync::Arc;

use murmel_net::{Feed, RelayAddress};
use murmel_store::{ChatId, ChatState, RequestId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::account::Account;
use crate::group::{departures, membership, requests, rotation};
use crate::message::choice;
use crate::{receive, sync};

/// Chores that wait; one that does not fit is found again by the next [`look_around`].
pub(crate) const CHORES_CAP: usize = 256;
/// Chores that run at a time.
pub(crate) const RUNNING_CAP: usize = 64;

/// Rotations that wait for their moment at a time; the others are found by a later look around.
pub(crate) const ROTATING_CAP: usize = 256;

/// Something to do.
#[derive(Debug)]
pub(crate) enum Chore {
    /// Follow the relays that the rows now name.
    Follow,
    /// Read again what may have been missed.
    ReadAgain,
    /// Read a feed from its beginning on a relay that was never read.
    ReadWhole(Feed, RelayAddress),
    /// Changes of ours lost their place to somebody else's: make them again.
    Again(ChatId),
    /// Somebody wants to leave.
    Departures(ChatId),
    /// The group moved on without confirming that we leave: say so again.
    LeaveAgain(ChatId),
    /// We joined, or a week is over: rotate our leaf.
    Rotate(ChatId),
    /// An invitation that is accepted without asking.
    Accept(RequestId),
}

impl Chore {
    /// Whether it mostly waits for the right moment.
    pub(crate) const fn waits(&self) -> bool {
        matches!(self, Chore::Rotate(_))
    }
}

/// Does chores until the account closes.
pub(crate) async fn run(account: Arc<Account>, mut chores: mpsc::Receiver<Chore>) {
    let (mut running, mut rotating) = (JoinSet::new(), JoinSet::new());
    if look_around(&account).await.is_err() {
        tracing::warn!("open work could not be looked up");
    }
    let mut tick = tokio::time::interval(account.sync.housekeeping.tick);
    tick.tick().await;
    loop {
        tokio::select! {
            chore = chores.recv(), if running.len() < RUNNING_CAP => match chore {
                // A rotation mostly waits: it must not keep others from their turn.
                Some(Chore::Rotate(chat)) => if rotating.len() < ROTATING_CAP {
                    rotating.spawn(one(Arc::clone(&account), Chore::Rotate(chat)));
                },
                Some(chore) => { running.spawn(one(Arc::clone(&account), chore)); }
                None => return,
            },
            Some(_) = running.join_next() => {}
            Some(_) = rotating.join_next() => {}
            _ = tick.tick() => {
                sync::keep_up(&account).await;
                if look_around(&account).await.is_err() {
                    tracing::warn!("open work could not be looked up");
                }
            }
        }
    }
}

async fn one(account: Arc<Account>, chore: Chore) {
    let counts = !chore.waits();
    let done = match chore {
        Chore::Follow => sync::follow(&account).await,
        Chore::ReadAgain => sync::read_again(&account).await,
        Chore::ReadWhole(feed, relay) => sync::read_whole(&account, feed, relay).await,
        Chore::Again(chat) => membership::again(&account, chat).await,
        Chore::Departures(chat) => departures::confirm(&account, chat).await,
        Chore::LeaveAgain(chat) => departures::leave_again(&account, chat).await,
        Chore::Rotate(chat) => rotation::when_quiet(&account, chat).await,
        Chore::Accept(request) => requests::accept(&account, &request.to_string()).await.map(drop),
    };
    if let Err(error) = done {
        tracing::info!(code = ?error.code, "a chore was not done");
    }
    if counts {
        account.sync.did_chore();
    }
}

/// Finds what a crash or a full queue left undone.
pub(crate) async fn look_around(account: &Arc<Account>) -> crate::Result<()> {
    membership::resume(account).await?;
    receive::forget_removed(account).await?;
    receive::conclude(account).await?;
    choice::unmute_due(account).await?;
    let now = account.clock.now();
    let chats = account.db.read(|tx, _| {
        let chats = tx.chats()?.into_iter().map(|chat| Ok((departures::noted(tx, chat.id)?, membership::has_lost(tx, chat.id)?, chat)));
        chats.collect::<crate::Result<Vec<_>>>()
    });
    for (leaving, lost, chat) in chats.await? {
        if lost {
            account.sync.chore(Chore::Again(chat.id));
        }
        match chat.state {
            ChatState::Active => {
                if leaving {
                    account.sync.chore(Chore::Departures(chat.id));
                }
                if chat.needs_self_update_at.is_some_and(|at| at <= now) {
                    account.sync.chore(Chore::Rotate(chat.id));
                }
            }
            ChatState::Leaving => account.sync.chore(Chore::LeaveAgain(chat.id)),
            ChatState::Left | ChatState::Removed | ChatState::Stranded | ChatState::Ended => {}
        }
    }
    if account.auto_accept {
        let open = account.db.read(|tx, _| Ok::<_, crate::Error>(tx.open_requests()?)).await?;
        open.into_iter().for_each(|request| account.sync.chore(Chore::Accept(request.id)));
    }
    Ok(())
}
