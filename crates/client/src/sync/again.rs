//! Reading again what may have been missed, and reading from the beginning what was never read.
//! It moves no cursor but that of a relay that was read whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use murmel_engine::RoutingId;
use murmel_net::{Feed, Fetched, Lane, RelayAddress};
use nostr::{Alphabet, Filter, Kind, SingleLetterTag, Timestamp};

use super::{FETCH_TIMEOUT, Taken, addresses, cursor_key, group_feeds};
use crate::account::Account;
use crate::network::relays;
use crate::{Result, receive};

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
    let now = account.clock.now();
    let only = std::slice::from_ref(&relay);
    let fetched = match feed {
        Feed::Inbox => Tagged::inbox(account).missing(account, only, 0, 0).await?,
        Feed::Group(routing) => {
            let Some(begin) = begin(account, routing).await? else { return Ok(()) };
            Tagged::group(routing).missing(account, only, begin, begin).await?
        }
    };
    let taken = receive::backlog(account, Taken::again(feed, fetched.events)).await;
    if taken && !fetched.complete.is_empty() {
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
    for (feed, first) in groups {
        let Some(begin) = begin(account, feed.routing).await?.filter(|_| !first) else { continue };
        let since = |span: u64| begin.max(now.saturating_sub(span));
        let fetched = Tagged::group(feed.routing).missing(account, &feed.relays, since(COMPARED_BACK), since(READ_BACK)).await?;
        receive::backlog(account, Taken::again(Feed::Group(feed.routing), fetched.events)).await;
    }
    let inbox = addresses(&relays::current(account).await?.inbox);
    let fetched =
        Tagged::inbox(account).missing(account, &inbox, now.saturating_sub(COMPARED_BACK), now.saturating_sub(INBOX_BACK)).await?;
    receive::backlog(account, Taken::again(Feed::Inbox, fetched.events)).await;
    Ok(())
}

/// Where the backlog of a tag begins, Unix seconds; `None` where nobody has it any more.
async fn begin(account: &Arc<Account>, routing: [u8; 32]) -> Result<Option<u64>> {
    let chats = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.chats_by_routing(&RoutingId::new(routing))?)).await?;
    Ok(chats.iter().map(super::begin).min())
}

/// What relays are asked for: everything under one tag.
struct Tagged {
    lane: Lane,
    tag: [u8; 32],
    filter: Filter,
}

impl Tagged {
    /// The gift wraps for an account.
    fn inbox(account: &Account) -> Self {
        let me = account.pubkey();
        Self { lane: Lane::Inbox, tag: *me.as_bytes(), filter: Filter::new().kind(Kind::GiftWrap).pubkey(me) }
    }

    /// The messages of a group.
    fn group(routing: [u8; 32]) -> Self {
        let tag = SingleLetterTag::lowercase(Alphabet::H);
        Self { lane: Lane::Group, tag: routing, filter: Filter::new().kind(Kind::MlsGroupMessage).custom_tag(tag, hex::encode(routing)) }
    }

    fn since(&self, since: u64) -> Filter {
        // A relay that is asked for everything needs no time.
        Filter { since: (since > 0).then(|| Timestamp::from_secs(since)), ..self.filter.clone() }
    }

    /// What these relays have of it since `since` (Unix seconds) and is not here; those that compare no sets are read from `otherwise` on.
    async fn missing(self, account: &Account, relays: &[RelayAddress], since: u64, otherwise: u64) -> Result<Fetched> {
        let tag = self.tag;
        let have = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.seen_since(&tag, since)?)).await?;
        let have = have.into_iter().map(|(id, at)| (id, Timestamp::from_secs(at))).collect();
        let filters = (self.since(since), self.since(otherwise));
        Ok(account.net.fetch_missing(self.lane, relays, filters, have, FETCH_TIMEOUT).await)
    }
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
        let since = feed.since.map_or(0, |since| since.as_secs());
        let fetched = Tagged::group(feed.routing).missing(account, &feed.relays, since, since).await?;
        whole &= !account.sync.lost_live(Feed::Group(feed.routing), &fetched);
        whole &= receive::backlog(account, Taken::again(Feed::Group(feed.routing), fetched.events)).await;
    }
    let inbox = addresses(&relays::current(account).await?.inbox);
    let fetched = Tagged::inbox(account).missing(account, &inbox, 0, 0).await?;
    whole &= !account.sync.lost_live(Feed::Inbox, &fetched);
    whole &= receive::backlog(account, Taken::again(Feed::Inbox, fetched.events)).await;
    Ok(whole)
}
