use murmel_sim::faulty_relay::FaultyRelay;
use nostr::{EventBuilder, Keys, Kind, Tag};

use super::*;
use crate::testing::Bench;

const LONG: Duration = Duration::from_secs(60);

async fn until(account: &Arc<Account>, what: &str, check: impl AsyncFn(&Arc<Account>) -> bool) {
    let waiting = async {
        loop {
            let moved = account.sync.moved.notified();
            if check(account).await {
                return;
            }
            drop(tokio::time::timeout(Duration::from_millis(50), moved).await);
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn cursor(account: &Arc<Account>, relay: &RelayAddress) -> Option<u64> {
    let key = cursor_key(&Feed::Inbox, relay);
    account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.cursor(&key)?)).await.unwrap()
}

async fn settled_on(relay: &FaultyRelay) -> Bench {
    let bench = Bench::on(vec![relay.url()]).await;
    let settled = settle(&bench.account, LONG).await.unwrap();
    assert_eq!(settled, Settled { outbox_open: 0, caught_up: true });
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_never_read_gets_no_cursor_before_what_only_it_has() {
    let (known, new) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
    let bench = settled_on(&known).await;
    let account = &bench.account;
    let long_ago = Timestamp::from_secs(account.clock.now() - 30 * 24 * 3600);
    let wrap = EventBuilder::new(Kind::GiftWrap, "x").tag(Tag::public_key(account.pubkey())).custom_created_at(long_ago);
    let wrap = wrap.sign_with_keys(&Keys::generate()).unwrap();
    new.store(wrap.clone());

    // It is followed and has sent what is new, but the chore that was to read it from the beginning is lost.
    let (known, new) = (RelayAddress::parse(&known.url()).unwrap(), RelayAddress::parse(&new.url()).unwrap());
    account.sync.feeds.follow(std::iter::once((Feed::Inbox, vec![known.clone(), new.clone()], false)));
    account.sync.feeds.caught_up(Feed::Inbox, &new);
    keep_up(account).await;
    until(account, "it is read from the beginning", async |account| cursor(account, &new).await.is_some()).await;
    let seen = account.db.read(move |tx, _| Ok::<_, crate::Error>(tx.is_seen(&wrap.id)?)).await.unwrap();
    assert!(seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cursor_passes_what_was_missed_until_it_was_read_again() {
    let relay = FaultyRelay::start().await.unwrap();
    let bench = settled_on(&relay).await;
    let account = &bench.account;
    let address = RelayAddress::parse(&relay.url()).unwrap();
    let before = cursor(account, &address).await.unwrap();
    relay.stop().await;
    until(account, "the connection is lost", async |account| !account.sync.feeds.is_caught_up(Feed::Inbox)).await;

    // Something is lost on the way in, and cannot be read again for now.
    account.clock.shift(7_200);
    account.sync.feeds.caught_up(Feed::Inbox, &address);
    account.sync.chore(Chore::ReadAgain);
    for _ in 0..3 {
        account.sync.feeds.caught_up(Feed::Inbox, &address);
        keep_up(account).await;
        assert_eq!(cursor(account, &address).await, Some(before));
    }
    relay.resume().await.unwrap();
    until(account, "it was read again, and the cursor moves", async |account| {
        keep_up(account).await;
        !account.sync.misses() && cursor(account, &address).await.is_some_and(|at| at >= before + 7_200)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_back_that_leaves_something_out_completes_no_backlog() {
    let relay = FaultyRelay::start().await.unwrap();
    let bench = settled_on(&relay).await;
    let (account, feeds) = (&bench.account, &bench.account.sync.feeds);
    let (feed, address) = (Feed::Group([1; 32]), RelayAddress::parse(&relay.url()).unwrap());
    let begins = |read: u64| slices::Begin { compared: 0, read };
    let event = EventBuilder::new(Kind::MlsGroupMessage, "x").sign_with_keys(&Keys::generate()).unwrap();
    feeds.follow(std::iter::once((feed, vec![address.clone()], false)));
    assert!(feeds.keep(feed, &address, event.clone()).is_none());
    let read = slices::read(account, feed, &address, begins(account.clock.now()), None).await.unwrap();
    assert_eq!(read, slices::Read::Whole);
    assert_eq!(feeds.kept(feed, &address).len(), 1, "the newest was taken before what is older");
    assert!(feeds.take_complete(feed, &address, u64::MAX).events.is_empty());
    slices::read(account, feed, &address, begins(0), None).await.unwrap();
    assert!(feeds.kept(feed, &address).is_empty(), "what was read from the beginning is taken");
}

#[test]
fn the_answer_to_one_change_never_goes_to_another() {
    let sync = SyncState::new(Housekeeping::default());
    let (earlier, later, chat) = (OutboxId(1), OutboxId(2), ChatId(1));
    let (teller, mut outcome) = oneshot::channel();
    sync.wait_for(later, teller);
    sync.tell(chat, earlier, Outcome::Merged);
    assert!(outcome.try_recv().is_err() && sync.is_awaited(later));
    sync.tell(chat, later, Outcome::Refused("no".into()));
    assert!(matches!(outcome.try_recv(), Ok(Outcome::Refused(_))));
}
