//! Whether people can reach the account: its lists and its key package, read back from each relay.
//! It publishes nothing itself; a fix wakes the set-up.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use murmel_engine::Slot;
use murmel_ipc::{self as ipc, Found, ReachFix, ReachName, ReachPart, ReachRelay, ReachState, Reachability};
use murmel_net::{Lane, RelayAddress};
use nostr::{Event, Filter, Kind, Timestamp};

use crate::account::Account;
use crate::network::lists::{self, KEY_PACKAGE, KINDS};
use crate::network::relays::{self, addresses, union};
use crate::network::setup;
use crate::{Error, Result};

/// How soon again where something is wrong.
const SOON: Duration = Duration::from_secs(15 * 60);
/// How long a fix may take until the answer is what was found.
const FIX_PATIENCE: Duration = Duration::from_secs(40);
const NAMES: [ReachName; 3] = [ReachName::RelayList, ReachName::InboxList, ReachName::KeyPackage];

/// What was found last.
#[derive(Default)]
pub(crate) struct ReachBook {
    last: Mutex<Reachability>,
    /// One look at a time.
    turn: tokio::sync::Mutex<()>,
}

/// Looks once the set-up is done, and from then on regularly. What relays have dropped is published again by itself.
pub(crate) async fn run(account: Arc<Account>) {
    let housekeeping = &account.sync.housekeeping;
    setup::done(&account).await;
    tokio::time::sleep(housekeeping.reach_first).await;
    loop {
        setup::done(&account).await;
        let found = check(&account).await;
        let state = found.as_ref().map_or(ReachState::Unknown, |found| found.state);
        if found.is_ok_and(|found| found.parts.iter().any(|part| (part.state, part.fix) == (ReachState::No, ReachFix::Publish)))
            && renew(&account).await.is_ok()
        {
            setup::done(&account).await;
            drop(check(&account).await);
        }
        // Relays drop what they like, and nobody else would notice.
        let worse = matches!(state, ReachState::No | ReachState::Unknown);
        tokio::time::sleep(if worse { SOON.min(housekeeping.reach_every) } else { housekeeping.reach_every }).await;
    }
}

/// What was found last.
pub(crate) fn current(account: &Account) -> Reachability {
    account.reach.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Looks now.
pub(crate) async fn check(account: &Arc<Account>) -> Result<Reachability> {
    let _turn = account.reach.turn.lock().await;
    tell(account, Reachability { checking: true, ..current(account) });
    let found = look(account).await;
    let next = match &found {
        Ok(parts) => Reachability { state: overall(parts), checked_at: Some(account.clock.now()), checking: false, parts: parts.clone() },
        Err(_) => Reachability { checking: false, ..current(account) },
    };
    tell(account, next.clone());
    found.map(|_| next)
}

/// Publishes again what is missing, and looks whether it is there.
pub(crate) async fn fix(account: &Arc<Account>) -> Result<Reachability> {
    renew(account).await?;
    // A relay that does not answer must not keep the person waiting: the set-up goes on trying by itself.
    drop(tokio::time::timeout(FIX_PATIENCE, setup::done(account)).await);
    check(account).await
}

async fn renew(account: &Arc<Account>) -> Result<()> {
    account
        .db
        .write(|tx, _| {
            // A relay that lost a list gets the next version of it, with the same entries.
            for kind in KINDS {
                lists::again(tx, kind)?;
            }
            setup::lists_changed(tx)
        })
        .await?;
    setup::lists_changed_now(account);
    Ok(())
}

fn tell(account: &Account, reachability: Reachability) {
    let mut last = account.reach.last.lock().unwrap_or_else(PoisonError::into_inner);
    if *last != reachability {
        *last = reachability.clone();
        drop(last);
        account.bus.emit(ipc::EventKind::Reachability { reachability });
    }
}

/// What one relay handed over; `Err` where it could not be read.
type Answer = (RelayAddress, std::result::Result<Vec<Event>, String>);

async fn look(account: &Arc<Account>) -> Result<Vec<ReachPart>> {
    let own = relays::current(account).await?;
    let slot = account.db.read(|tx, _| Ok::<_, Error>(tx.account()?.map(|record| Slot::new(record.slot).hex()))).await?;
    let asked = account.net.best_first(Lane::Inbox, addresses(&union(&[&own.outbox, &own.inbox])));
    let filter = Filter::new().author(account.pubkey()).kinds([Kind::RelayList, Kind::InboxRelays, KEY_PACKAGE]);
    // One after the other would take as long as all their patience together.
    let answers = asked.iter().map(|relay| async {
        let fetched = account.net.fetch(Lane::Inbox, std::slice::from_ref(relay), filter.clone(), account.pace.fetch).await;
        let read = match fetched.failed.into_iter().next() {
            Some((_, why)) => Err(why),
            None => Ok(fetched.events),
        };
        (relay.clone(), read)
    });
    let answers: Vec<Answer> = futures_util::future::join_all(answers).await;
    let parts = NAMES.map(|name| {
        let wanted = match name {
            // People begin at any relay of either list.
            ReachName::RelayList | ReachName::InboxList => union(&[&own.outbox, &own.inbox]),
            ReachName::KeyPackage => own.outbox.clone(),
        };
        part(name, slot.as_deref(), &addresses(&wanted), &answers)
    });
    Ok(parts.into())
}

/// What the relays say of one part.
fn part(name: ReachName, slot: Option<&str>, wanted: &[RelayAddress], answers: &[Answer]) -> ReachPart {
    let is_it = |event: &&Event| match name {
        ReachName::RelayList => event.kind == Kind::RelayList,
        ReachName::InboxList => event.kind == Kind::InboxRelays,
        ReachName::KeyPackage => event.kind == KEY_PACKAGE && event.tags.identifier() == slot && !event.content.is_empty(),
    };
    let newest_of = |events: &[Event]| events.iter().filter(is_it).map(|event| event.created_at).max();
    let newest: Option<Timestamp> = answers.iter().filter_map(|(_, read)| newest_of(read.as_ref().ok()?)).max();
    let relays: Vec<ReachRelay> = wanted
        .iter()
        .map(|relay| {
            let read = answers.iter().find(|(asked, _)| asked.same_relay(relay)).map(|(_, read)| read);
            let (found, detail) = match read {
                Some(Ok(events)) => match newest_of(events) {
                    Some(at) if Some(at) == newest => (Found::Current, String::new()),
                    Some(_) => (Found::Outdated, String::new()),
                    None => (Found::Missing, String::new()),
                },
                Some(Err(why)) => (Found::Unread, why.clone()),
                None => (Found::Unread, String::new()),
            };
            ReachRelay { url: relay.as_str().to_owned(), found, detail }
        })
        .collect();
    judged(name, relays)
}

fn judged(name: ReachName, relays: Vec<ReachRelay>) -> ReachPart {
    let count = |found| relays.iter().filter(|relay| relay.found == found).count();
    let (current, unread, all) = (count(Found::Current), count(Found::Unread), relays.len());
    let (what, so) = match name {
        ReachName::RelayList => ("The list of where you publish", "people may look for you in the wrong place"),
        ReachName::InboxList => ("The list of where you are reached", "invitations may go to the wrong place"),
        ReachName::KeyPackage => ("The key package with which you are invited", "nobody can add you to a group"),
    };
    let (state, fix, reason) = if all == 0 {
        (ReachState::No, ReachFix::OtherRelays, format!("No relay is chosen, so {so}. Choose at least one."))
    } else if current == all {
        (ReachState::Yes, ReachFix::None, String::new())
    } else if unread == all {
        let words = format!("None of your relays could be asked for this. {what} may be there all the same; check the connection.");
        (ReachState::Unknown, ReachFix::Connection, words)
    } else if current == 0 {
        (ReachState::No, ReachFix::Publish, format!("{what} is on none of the relays that answered, so {so}. Publish it again."))
    } else if current + unread == all {
        let words = format!("{what} is on {current} of {all} relays; the others did not answer.");
        (ReachState::Partly, ReachFix::Connection, words)
    } else {
        let words = format!("{what} is on {current} of {all} relays. Publish it again, or choose other relays where one does not keep it.");
        (ReachState::Partly, ReachFix::Publish, words)
    };
    ReachPart { name, state, reason, fix, relays }
}

fn overall(parts: &[ReachPart]) -> ReachState {
    let any = |state| parts.iter().any(|part| part.state == state);
    match () {
        () if any(ReachState::No) => ReachState::No,
        () if any(ReachState::Unknown) => ReachState::Unknown,
        () if any(ReachState::Partly) => ReachState::Partly,
        () => ReachState::Yes,
    }
}

#[cfg(test)]
mod tests {
    use nostr::{EventBuilder, Keys};

    use super::*;

    fn relay(name: &str) -> RelayAddress {
        RelayAddress::parse(&format!("wss://{name}.example")).unwrap()
    }

    fn list(keys: &Keys, at: u64) -> Event {
        EventBuilder::new(Kind::RelayList, "").custom_created_at(Timestamp::from_secs(at)).sign_with_keys(keys).unwrap()
    }

    #[test]
    fn each_relay_says_what_it_has_and_the_worst_part_decides() {
        let keys = Keys::generate();
        let wanted = ["new", "old", "none", "gone"].map(relay);
        let answers = [
            (relay("new"), Ok(vec![list(&keys, 20)])),
            (relay("old"), Ok(vec![list(&keys, 10)])),
            (relay("none"), Ok(Vec::new())),
            (relay("gone"), Err("no answer in time".to_owned())),
        ];
        let lists = part(ReachName::RelayList, None, &wanted, &answers);
        let found: Vec<Found> = lists.relays.iter().map(|relay| relay.found).collect();
        assert_eq!(found, [Found::Current, Found::Outdated, Found::Missing, Found::Unread]);
        assert_eq!((lists.state, lists.fix), (ReachState::Partly, ReachFix::Publish));
        let package = part(ReachName::KeyPackage, Some("slot"), &wanted, &answers);
        assert_eq!((package.state, package.fix), (ReachState::No, ReachFix::Publish));
        assert!(package.reason.contains("nobody can add you to a group"));
        assert_eq!(overall(&[lists, package]), ReachState::No);
    }

    #[test]
    fn relays_that_cannot_be_asked_are_no_reason_to_publish() {
        let wanted = [relay("a"), relay("b")];
        let answers = wanted.clone().map(|relay| (relay, Err("the connection was lost".to_owned())));
        let part = part(ReachName::InboxList, None, &wanted, &answers);
        assert_eq!((part.state, part.fix), (ReachState::Unknown, ReachFix::Connection));
    }
}
