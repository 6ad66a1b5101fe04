//! Reading again what may have been missed, and reading from the beginning what was never read.
//! It moves no cursor but that of a relay that was read whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use murmel_engine::RoutingId;
use murmel_net::{Feed, RelayAddress};

use super::slices::{Begin, Read, read};
use super::{cursor_key, group_feeds};
use crate::Result;
use crate::account::Account;

/// How far back it is looked for what came late, in seconds, where a relay compares sets: that costs next to nothing.
const COMPARED_BACK: u64 = 30 * 24 * 3600;
/// The same where everything has to be read again.
const READ_BACK: u64 = 2 * 24 * 3600;
/// How far back invitations are read again, in seconds: a week, and the two days by which they are dated back (NIP-59).
const INBOX_BACK: u64 = 9 * 24 * 3600;

/// Reads a feed from its beginning on one relay, which may have what no other has. Once at a time.
pub(crate) async fn read_whole(account: &Arc<Account>, feed: Feed, relay: RelayAddress) -> Result<()> {
    let name = (feed, relay.as_str().to_owned());
    if !account.sync.reading_whole().insert(name.clone()) {
        return Ok(());
    }
    let read = read_from_beginning(account, feed, relay).await;
    account.sync.reading_whole().remove(&name);
    read
}

async fn read_from_beginning(account: &Arc<Account>, feed: Feed, relay: RelayAddress) -> Result<()> {
    let Some(begin) = begin_of(account, feed).await? else { return Ok(()) };
    let now = account.clock.now();
    if read(account, feed, &relay, Begin::at(begin), None).await? == Read::Whole {
        let key = cursor_key(&feed, &relay);
        account.db.write(move |tx, _| Ok::<_, crate::Error>(tx.put_cursor(&key, now)?)).await?;
    }
    Ok(())
}

/// Looks back over a long time for what came to a relay late, now and then until the account closes.
pub(crate) async fn run(account: Arc<Account>) {
    let housekeeping = &account.sync.housekeeping;
    tokio::time::sleep(housekeeping.look_back_first).await;
    loop {
        if let Err(error) = look_back(&account).await {
            tracing::info!(code = ?error.code, "looking back goes on later");
        }
        tokio::time::sleep(housekeeping.look_back_every).await;
    }
}

/// Takes what relays have of the last weeks and is not here: what was published, or reached a relay, long after it was written.
async fn look_back(account: &Arc<Account>) -> Result<()> {
    let now = account.clock.now();
    let groups = account.db.read(move |tx, _| group_feeds(tx, now)).await?;
    let known = groups.into_iter().filter(|(_, first)| !first).map(|(feed, _)| (Feed::Group(feed.routing), READ_BACK));
    for (feed, read_back) in known.chain([(Feed::Inbox, INBOX_BACK)]) {
        let Some(begin) = begin_of(account, feed).await? else { continue };
        let since = |span: u64| begin.max(now.saturating_sub(span));
        let from = Begin { compared: since(COMPARED_BACK), read: since(read_back) };
        for (relay, _) in account.sync.feeds.connected(feed) {
            read(account, feed, &relay, from, None).await?;
        }
    }
    Ok(())
}

/// Where the backlog of a feed begins, Unix seconds; `None` where nobody has it any more.
pub(super) async fn begin_of(account: &Arc<Account>, feed: Feed) -> Result<Option<u64>> {
    let Feed::Group(routing) = feed else { return Ok(Some(0)) };
    let chats = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.chats_by_routing(&RoutingId::new(routing))?)).await?;
    Ok(chats.iter().map(super::begin).min())
}

/// Reads everything since the cursors again, after something may have been missed. Once at a time; what is missed meanwhile follows.
pub(crate) async fn read_again(account: &Arc<Account>) -> Result<()> {
    let Ok(_one) = account.sync.reading_again.try_lock() else { return Ok(()) };
    loop {
        let missed = account.sync.missed.load(Ordering::SeqCst);
        if !read_since_cursors(account).await? {
            // The next tick tries again.
            account.sync.read_again_later();
            return Ok(());
        }
        account.sync.made_good.fetch_max(missed, Ordering::SeqCst);
        if !account.sync.misses() {
            return Ok(());
        }
    }
}

/// Whether everything came. A relay that is not live is not waited for: its cursor stays, and it is read from there when it comes back.
async fn read_since_cursors(account: &Arc<Account>) -> Result<bool> {
    let now = account.clock.now();
    let groups = account.db.read(move |tx, _| group_feeds(tx, now)).await?;
    let groups = groups.into_iter().map(|(feed, _)| (Feed::Group(feed.routing), feed.since.map_or(0, |since| since.as_secs())));
    let mut whole = true;
    for (feed, since) in groups.chain([(Feed::Inbox, 0)]) {
        for (relay, live) in account.sync.feeds.connected(feed) {
            let read = read(account, feed, &relay, Begin::at(since), None).await?;
            whole &= read == Read::Whole || !live;
        }
    }
    Ok(whole)
}
