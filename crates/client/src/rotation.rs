//! The key rotation after joining (Marmot: joining): it heals the group from whatever the key package went through.
//! It never holds up a message.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use murmel_net::Feed;
use murmel_store::{ChatId, ChatState};

use crate::account::Account;
use crate::intent::Intent;
use crate::{Error, Result, membership, views};

/// How often a group that never falls quiet is waited for.
const QUIET_TRIES: u32 = 10;

/// Rotates our leaf when the backlog is read and the group is quiet. One at a time for each chat.
pub(crate) async fn after_joining(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    if !rotating(account).insert(chat) {
        return Ok(());
    }
    let done = wait_and_rotate(account, chat).await;
    rotating(account).remove(&chat);
    let next = match &done {
        Ok(()) => None,
        Err(_) => Some(account.clock.now().saturating_add(account.sync.housekeeping.rotation_retry.as_secs())),
    };
    account.db.write(move |tx, _| Ok::<_, Error>(tx.set_needs_self_update(chat, next)?)).await?;
    done
}

async fn wait_and_rotate(account: &Arc<Account>, chat: ChatId) -> Result<()> {
    let waits = &account.sync.housekeeping;
    let feed = account.db.read(move |tx, _| Ok::<_, Error>(Feed::Group(*views::found(tx, chat)?.routing.as_bytes()))).await?;
    let caught_up = async {
        loop {
            let moved = account.sync.moved.notified();
            if account.sync.feeds.is_caught_up(feed) {
                return;
            }
            moved.await;
        }
    };
    let _ = tokio::time::timeout(waits.backlog_patience, caught_up).await;
    tokio::time::sleep(waits.rotation_grace).await;
    for _ in 0..QUIET_TRIES {
        let before = activity(account, chat).await?;
        tokio::time::sleep(waits.rotation_quiet).await;
        if activity(account, chat).await? == before {
            break;
        }
    }
    tokio::time::sleep(waits.rotation_jitter.mul_f64(rand::random::<f64>())).await;
    let member = account.db.read(move |tx, _| Ok::<_, Error>(views::found(tx, chat)?.state == ChatState::Active)).await?;
    if member { membership::change(account, chat, Intent::Rotate).await } else { Ok(()) }
}

/// Changes whenever something happens in the group.
async fn activity(account: &Arc<Account>, chat: ChatId) -> Result<(u64, Option<i64>)> {
    account
        .db
        .read(move |tx, _| {
            let newest = tx.newest_message(chat)?.map(|message| message.id.0);
            Ok((views::found(tx, chat)?.epoch.0, newest))
        })
        .await
}

fn rotating(account: &Account) -> MutexGuard<'_, HashSet<ChatId>> {
    account.sync.rotating.lock().unwrap_or_else(PoisonError::into_inner)
}
