//! How far the account is behind, where something may be missing, and what cannot be read: as data.
//! It fetches nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use murmel_engine::RoutingId;
use murmel_ipc::{self as ipc, Gap, GapCause, SyncState as View};
use murmel_net::Feed;
use murmel_store::Tx;

use super::cursor_key;
use super::feeds::Behind;
use crate::account::Account;
use crate::network::clock_check;
use crate::{Result, receive};

/// At most one event in this time.
const PAUSE: Duration = Duration::from_millis(500);
/// Places that are listed at once.
pub(crate) const GAPS_CAP: usize = 200;

/// Tells the window how far the account is, until it is closed.
pub(crate) async fn run(account: Arc<Account>) {
    let mut last = None;
    loop {
        let moved = account.sync.moved.notified();
        if let Ok(sync) = state(&account).await
            && last.as_ref() != Some(&sync)
        {
            last = Some(sync.clone());
            account.bus.emit(ipc::EventKind::Sync { sync });
        }
        moved.await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// How far the account is.
pub(crate) async fn state(account: &Arc<Account>) -> Result<View> {
    let behind = account.sync.feeds.behind();
    let pending = account.sync.feeds.pending();
    let (me, now, missed) = (account.pubkey(), account.clock.now(), account.sync.misses());
    let patience = account.sync.housekeeping.left_behind.as_secs();
    let rows =
        account.db.read(move |tx, _| Ok::<_, crate::Error>((gaps(tx, behind, missed)?, receive::unreadable(tx, me, now, patience)?)));
    let (gaps, unreadable) = rows.await?;
    let fetched = account.sync.fetched.load(Ordering::SeqCst);
    let applied = account.sync.applied.load(Ordering::SeqCst).min(fetched);
    let caught_up = account.sync.is_at_rest();
    Ok(View {
        caught_up,
        fetched,
        applied,
        // While a relay is still sending, nobody knows how much is to come.
        remaining: (pending == 0).then(|| if caught_up { 0 } else { fetched - applied }),
        relays_open: pending,
        gaps,
        unreadable,
        clock: clock_check::fault(account).await,
    })
}

fn gaps(tx: &Tx<'_>, behind: Vec<Behind>, missed: bool) -> Result<Vec<Gap>> {
    let mut gaps = Vec::new();
    for Behind { feed, relay, why } in behind.into_iter().take(GAPS_CAP) {
        let chat = match feed {
            Feed::Inbox => None,
            Feed::Group(routing) => {
                let chats = tx.chats_by_routing(&RoutingId::new(routing))?;
                chats.first().map(|chat| chat.group.to_string())
            }
        };
        let (cause, reason) = match (why, missed) {
            (Some(why), _) => why,
            (None, true) => (GapCause::Flood, "More came than could be taken at once; it is being read again.".to_owned()),
            (None, false) => continue,
        };
        let since = tx.cursor(&cursor_key(&feed, &relay))?;
        gaps.push(Gap { chat, relay: relay.as_str().to_owned(), since, cause, reason });
    }
    Ok(gaps)
}
