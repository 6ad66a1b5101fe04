//! What disappears when its time is over: messages with everything that was said about them, and invitations that were answered long ago.
//! It needs no traffic to wake up, and forgets nothing early.

use std::sync::Arc;
use std::time::Duration;

use murmel_store::Gone;

use crate::account::Account;
use crate::{Error, Result, changes};

/// Expired messages removed in one transaction.
const EXPIRY_BATCH: u32 = 500;
/// How long an answered invitation is remembered, in seconds: ten times as long as gift wraps are read back.
const REQUESTS_KEPT: u64 = 30 * 24 * 3600;
/// How long until the clock is looked at again, whatever it says: clocks jump and computers sleep.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Removes what is over until the account closes.
pub(crate) async fn run(account: Arc<Account>) {
    loop {
        // Before the next time is looked up: a message that comes after may be the next to go.
        let moved = account.sync.moved.notified();
        let pause = match next(&account).await {
            Ok(pause) => pause,
            Err(_) => LONGEST_PAUSE,
        };
        if pause.is_zero() {
            if expire(&account).await.is_err() {
                tracing::warn!("expired messages could not be removed");
                tokio::time::sleep(LONGEST_PAUSE).await;
            }
            continue;
        }
        tokio::select! {
            () = moved => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// How long until the next message is over; zero where one is.
async fn next(account: &Arc<Account>) -> Result<Duration> {
    let at = account.db.read(|tx, _| Ok::<_, Error>(tx.next_expiry()?)).await?;
    let now = account.clock.now();
    Ok(at.map_or(LONGEST_PAUSE, |at| Duration::from_secs(at.saturating_sub(now)).min(LONGEST_PAUSE)))
}

/// Removes up to [`EXPIRY_BATCH`] messages whose time is over.
async fn expire(account: &Arc<Account>) -> Result<()> {
    let now = account.clock.now();
    let gone = changes::write(account, move |tx, _, changes| {
        let all = tx.delete_expired(now, EXPIRY_BATCH)?;
        let any = !all.is_empty();
        for Gone { chat, id, shown, target, .. } in all {
            changes.chat(chat);
            if shown {
                changes.gone(chat, id);
            } else if let Some(message) = target.map(|target| tx.message_by_event(chat, &target)).transpose()?.flatten() {
                changes.message(message.id);
            }
        }
        Ok(any)
    })
    .await?;
    if gone {
        // The log would hold their words until it is written over.
        account.db.empty_log().await?;
    }
    Ok(())
}

/// Forgets invitations that were answered long ago.
pub(crate) async fn forget_requests(account: &Arc<Account>) {
    let now = account.clock.now();
    let gone = account.db.write(move |tx, _| Ok::<_, Error>(tx.prune_requests(now.saturating_sub(REQUESTS_KEPT))?));
    if gone.await.is_err() {
        tracing::warn!("old invitations could not be forgotten");
    }
}
