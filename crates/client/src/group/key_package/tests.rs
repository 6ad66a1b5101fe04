use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use nostr::{Event, EventId};

use super::*;
use crate::network::lists::KEY_PACKAGE;
use crate::network::setup;
use crate::testing::Bench;

const LONG: Duration = Duration::from_secs(60);

/// Our packages, newest first: the event, whether it was read back, whether another one took its place.
async fn packages(account: &Arc<Account>) -> Vec<(Option<EventId>, bool, bool)> {
    let packages = account.db.read(|tx, _| Ok::<_, Error>(tx.own_key_packages()?)).await.unwrap();
    packages.into_iter().map(|package| (package.event_id, package.published, package.replaced_at.is_some())).collect()
}

fn on_relay(relay: &FaultyRelay) -> Vec<Event> {
    relay.events().into_iter().filter(|event| event.kind == KEY_PACKAGE).collect()
}

/// A welcome used the newest package.
async fn used(account: &Arc<Account>) {
    account.db.write(|tx, _| want(tx)).await.unwrap();
    setup::retry(account);
}

async fn until(account: &Arc<Account>, what: &str, check: impl Fn(&[(Option<EventId>, bool, bool)]) -> bool) {
    let waiting = async {
        let mut answers = account.answers.subscribe();
        while !check(&packages(account).await) {
            // Reading back follows an answer, so look again shortly after the last one too.
            drop(tokio::time::timeout(Duration::from_millis(50), answers.changed()).await);
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_never_leaves_nobody_able_to_invite() {
    let refusing = Arc::new(AtomicBool::new(false));
    let refuses = Arc::clone(&refusing);
    let relay = FaultyRelay::with_choice(move |event, _| {
        let refused = event.kind == KEY_PACKAGE && refuses.load(Ordering::SeqCst);
        if refused { Fault::OkFalse("error: not now".into()) } else { Fault::Ok }
    });
    let relay = relay.await.unwrap();
    let bench = Bench::on(vec![relay.url()]).await;
    setup::done(&bench.account).await;
    let first = on_relay(&relay).pop().unwrap();

    // A use asks for a fresh one, but no relay takes it: the old one stays usable and stays on the relay.
    refusing.store(true, Ordering::SeqCst);
    used(&bench.account).await;
    until(&bench.account, "a fresh package is made", |all| all.len() == 2).await;
    assert_eq!(packages(&bench.account).await.last(), Some(&(Some(first.id), true, false)));
    assert_eq!(on_relay(&relay), std::slice::from_ref(&first));

    refusing.store(false, Ordering::SeqCst);
    until(&bench.account, "the fresh package is there", |all| all.first().is_some_and(|(_, published, _)| *published)).await;
    let all = packages(&bench.account).await;
    assert_eq!(all.len(), 2, "the same package is published until it is there, and the old keys are kept for a while");
    assert_eq!(all.last(), Some(&(Some(first.id), true, true)));
    let second = on_relay(&relay).pop().unwrap();
    assert_eq!(second.tags.identifier(), first.tags.identifier());
    assert!(second.created_at > first.created_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_of_a_replaced_package_go_after_the_time_of_grace() {
    let relay = FaultyRelay::start().await.unwrap();
    let bench = Bench::on(vec![relay.url()]).await;
    setup::done(&bench.account).await;
    used(&bench.account).await;
    until(&bench.account, "the second package is there", |all| all.len() == 2 && all.first().is_some_and(|first| first.1)).await;
    bench.account.clock.shift(i64::try_from(GRACE + DAY).unwrap());
    used(&bench.account).await;
    until(&bench.account, "the third package is there", |all| on_relay(&relay).len() == 3 && all.first().is_some_and(|first| first.1))
        .await;
    let all = packages(&bench.account).await;
    assert_eq!(all.iter().map(|(_, _, replaced)| *replaced).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_the_first_relays_do_not_take_goes_to_those_that_are_named_next() {
    let refusing =
        FaultyRelay::with_choice(
            |event, _| {
                if event.kind == KEY_PACKAGE { Fault::OkFalse("blocked: no such kind".into()) } else { Fault::Ok }
            },
        );
    let (refusing, taking) = (refusing.await.unwrap(), FaultyRelay::start().await.unwrap());
    let bench = Bench::on(vec![refusing.url()]).await;
    until(&bench.account, "a package is made", |all| all.len() == 1).await;
    let (first, _, _) = packages(&bench.account).await[0];

    crate::network::relays::set(&bench.account, vec![taking.url()]).await.unwrap();
    tokio::time::timeout(LONG, setup::done(&bench.account)).await.expect("the set-up is done");
    assert_eq!(on_relay(&taking).first().map(|event| event.id), first);
}
