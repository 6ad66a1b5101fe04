//! Reading again what may have been missed, and reading from the beginning what was never read.
//! It moves no cursor but that of a relay that was read whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use murmel_engine::RoutingId;
use murmel_net::{Feed, RelayAddress};
use nostr::{Alphabet, Filter, Kind, SingleLetterTag, Timestamp};

use super::{BEFORE_JOINING, FETCH_TIMEOUT, Taken, addresses, cursor_key, group_feeds};
use crate::account::Account;
use crate::{Result, receive, relays};

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
    let now = account.clock.now();
    let (lane, filter) = match feed {
        Feed::Inbox => (murmel_net::Lane::Inbox, inbox_filter(account)),
        Feed::Group(routing) => {
            let chats = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.chats_by_routing(&RoutingId::new(routing))?)).await?;
            let Some(joined_at) = chats.iter().map(|chat| chat.joined_at).min() else { return Ok(()) };
            let since = Timestamp::from_secs(joined_at.saturating_sub(BEFORE_JOINING));
            (murmel_net::Lane::Group, group_filter(&routing, Some(since)))
        }
    };
    let fetched = account.net.fetch(lane, std::slice::from_ref(&relay), filter, FETCH_TIMEOUT).await;
    let taken = receive::backlog(account, Taken::again(feed, fetched.events)).await;
    if taken && !fetched.complete.is_empty() {
        let key = cursor_key(&feed, &relay);
        account.db.write(move |tx, _| Ok::<_, crate::Error>(tx.put_cursor(&key, now)?)).await?;
    }
    Ok(())
}

fn inbox_filter(account: &Account) -> Filter {
    Filter::new().kind(Kind::GiftWrap).pubkey(account.pubkey())
}

fn group_filter(routing: &[u8; 32], since: Option<Timestamp>) -> Filter {
    let filter = Filter::new().kind(Kind::MlsGroupMessage).custom_tag(SingleLetterTag::lowercase(Alphabet::H), hex::encode(routing));
    Filter { since, ..filter }
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

/// Whether everything came. A relay that is not live is left out: its cursor stays, and it is read from there when it comes back.
async fn read_since_cursors(account: &Arc<Account>) -> Result<bool> {
    let now = account.clock.now();
    let groups = account.db.read(move |tx, _| group_feeds(tx, now)).await?;
    let mut whole = true;
    for (feed, _) in groups {
        let filter = group_filter(&feed.routing, feed.since);
        let fetched = account.net.fetch(murmel_net::Lane::Group, &feed.relays, filter, FETCH_TIMEOUT).await;
        whole &= !account.sync.lost_live(Feed::Group(feed.routing), &fetched);
        whole &= receive::backlog(account, Taken::again(Feed::Group(feed.routing), fetched.events)).await;
    }
    let inbox = addresses(&relays::current(account).await?.inbox);
    let fetched = account.net.fetch(murmel_net::Lane::Inbox, &inbox, inbox_filter(account), FETCH_TIMEOUT).await;
    whole &= !account.sync.lost_live(Feed::Inbox, &fetched);
    whole &= receive::backlog(account, Taken::again(Feed::Inbox, fetched.events)).await;
    Ok(whole)
}
