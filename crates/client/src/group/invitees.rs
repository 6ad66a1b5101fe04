//! People to invite: their key package and where their invitations go, looked up on relays.
//! It invites nobody.

use std::sync::Arc;

use futures_util::StreamExt as _;
use murmel_engine::{Era, FIRST_KEY_PACKAGE_KIND, KEY_CHAT_KIND, KEY_PACKAGE_KIND, Offer, OfferRefused};
use murmel_ipc::{self as ipc, Obstacle, Refusal};
use murmel_net::{Lane, ListKind, RelayAddress, RelayList};
use nostr::{Event, Filter, Kind, PublicKey};

use crate::Result;
use crate::account::Account;
use crate::group::intent::Invitee;
use crate::network::relays;
use crate::people::{Person, npub};
use crate::sync::addresses;

/// People looked up at the same time.
const AT_ONCE: usize = 8;
/// Relays asked for one person.
const RELAYS_CAP: usize = 16;
/// Relays to which one invitation goes.
const INBOX_CAP: usize = 8;

/// Looks people up. Those who cannot be invited come back with the reason.
pub(crate) async fn look_up(account: &Arc<Account>, people: Vec<Person>) -> Result<(Vec<Invitee>, Vec<ipc::NotInvited>)> {
    let known = known_relays(account).await?;
    let mut found = Vec::new();
    let mut not_invited = Vec::new();
    let mut looking = futures_util::stream::iter(people)
        .map(|person| {
            let known = &known;
            async move {
                let answer = one(account, &person, known).await;
                (person.pubkey, answer)
            }
        })
        .buffered(AT_ONCE);
    while let Some((who, answer)) = looking.next().await {
        match answer {
            Ok(invitee) => found.push(invitee),
            Err(refusal) => not_invited.push(ipc::NotInvited { npub: npub(&who), refusal }),
        }
    }
    Ok((found, not_invited))
}

/// Somebody who is not invited.
pub(crate) fn refused(who: &PublicKey, obstacle: Obstacle, reason: impl Into<String>) -> ipc::NotInvited {
    ipc::NotInvited { npub: npub(who), refusal: refusal(obstacle, reason) }
}

fn refusal(obstacle: Obstacle, reason: impl Into<String>) -> Refusal {
    Refusal { obstacle, reason: reason.into() }
}

/// Relays that are asked about anybody: the account's own, and the built-in ones.
pub(crate) async fn known_relays(account: &Arc<Account>) -> Result<Vec<RelayAddress>> {
    let mut known = addresses(&relays::list(account).await?);
    known.extend(addresses(&account.default_relays));
    known.extend(addresses(&account.lookup_relays));
    Ok(known)
}

async fn one(account: &Arc<Account>, person: &Person, known: &[RelayAddress]) -> std::result::Result<Invitee, Refusal> {
    let hints = person.relays.iter().filter_map(|relay| RelayAddress::parse(relay.as_str()).ok());
    let asked = distinct(hints.chain(known.iter().cloned()));
    let lists = lists(account, person.pubkey, &asked).await?;
    let inbox: Vec<String> = list(&lists, ListKind::Inbox)
        .iter()
        .flat_map(RelayList::entries)
        .map(|(relay, _)| relay.as_str().to_owned())
        .take(INBOX_CAP)
        .collect();
    if inbox.is_empty() {
        return Err(refusal(
            Obstacle::NoInbox,
            "This person cannot be invited: no relay knows where to send the invitation. Their app may be too old, or was never set up.",
        ));
    }
    let asked = distinct(home(&lists).into_iter().chain(asked));
    // Those of other wires too, only to be able to say what is wrong.
    let kinds = [KEY_PACKAGE_KIND, FIRST_KEY_PACKAGE_KIND, KEY_CHAT_KIND];
    let packages = Filter::new().author(person.pubkey).kinds(kinds);
    let fetched = account.net.fetch(Lane::Group, &asked, packages, account.pace.fetch).await;
    let (current, others): (Vec<Event>, Vec<Event>) = fetched.events.into_iter().partition(|event| event.kind == KEY_PACKAGE_KIND);
    let offer = match Offer::newest(&current, account.clock.now()) {
        Err(OfferRefused::None) => Err(Era::of_events(&others).map_or(OfferRefused::None, OfferRefused::Older)),
        offer => offer,
    };
    let offer = offer.map_err(why_not)?;
    let offer = current.into_iter().find(|event| event.id == offer.event_id());
    let offer = offer.ok_or_else(|| why_not(OfferRefused::None))?;
    Ok(Invitee { offer, inbox })
}

/// Why somebody cannot be invited with what they have published.
fn why_not(why: OfferRefused) -> Refusal {
    match why {
        OfferRefused::None => refusal(Obstacle::NoKeyPackage, "This person cannot be invited: they have published no key package."),
        OfferRefused::Older(era) => refusal(
            Obstacle::OtherApp,
            format!("This person's app cannot be reached from here. {era} They have to update or change it first."),
        ),
        OfferRefused::Lifetime => refusal(
            Obstacle::Lapsed,
            "This person's key package has run out: their app was not opened for a long time. Ask them to open it, then try again.",
        ),
        other => refusal(Obstacle::Unusable, format!("This person's key package cannot be used: {other}. Ask them to update their app.")),
    }
}

/// Every version found of where a person is reached and where they publish: first on `asked`, then on the relays that they name
/// themselves, because theirs are newer and others may never have had them.
async fn lists(account: &Account, who: PublicKey, asked: &[RelayAddress]) -> std::result::Result<Vec<Event>, Refusal> {
    let filter = Filter::new().author(who).kinds([Kind::InboxRelays, Kind::RelayList]);
    let fetched = account.net.fetch(Lane::Group, asked, filter.clone(), account.pace.fetch).await;
    if fetched.complete.is_empty() && fetched.events.is_empty() {
        return Err(refusal(Obstacle::Offline, "No relay could be reached to look this person up. Try again when there is a connection."));
    }
    let mut events = fetched.events;
    let known = |relay: &RelayAddress| asked.iter().any(|known| known.same_relay(relay));
    let more = distinct(home(&events).into_iter().filter(|relay| !known(relay)));
    if !more.is_empty() {
        events.extend(account.net.fetch(Lane::Group, &more, filter, account.pace.fetch).await.events);
    }
    Ok(events)
}

/// Where a person publishes.
pub(crate) fn home(lists: &[Event]) -> Vec<RelayAddress> {
    list(lists, ListKind::Relays).map(|list| list.write_relays()).unwrap_or_default()
}

/// The newest list of a kind.
fn list(events: &[Event], kind: ListKind) -> Option<RelayList> {
    let newest =
        events.iter().filter(|event| event.kind == kind.kind()).max_by_key(|event| (event.created_at, std::cmp::Reverse(event.id)))?;
    RelayList::parse(kind, newest).ok()
}

/// Each relay once, and not too many.
pub(crate) fn distinct(relays: impl Iterator<Item = RelayAddress>) -> Vec<RelayAddress> {
    let mut distinct: Vec<RelayAddress> = Vec::new();
    for relay in relays {
        if distinct.len() < RELAYS_CAP && !distinct.iter().any(|known| known.same_relay(&relay)) {
            distinct.push(relay);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use murmel_sim::faulty_relay::FaultyRelay;
    use nostr::{EventBuilder, Tag, Timestamp};

    use super::*;
    use crate::network::setup;
    use crate::testing::Bench;

    #[tokio::test(flavor = "multi_thread")]
    async fn where_invitations_go_is_asked_on_the_relays_of_the_person() {
        let (ours, theirs) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
        let ben = Bench::on(vec![theirs.url()]).await;
        setup::done(&ben.account).await;
        let anna = Bench::on(vec![ours.url()]).await;
        setup::done(&anna.account).await;

        // Our relay knows where Ben publishes, and at most where he was reached long ago.
        let named = theirs.events().into_iter().find(|event| event.kind == Kind::RelayList).unwrap();
        ours.store(named);
        let old = EventBuilder::new(Kind::InboxRelays, "").tag(Tag::parse(["relay", "wss://gone.example"]).unwrap());
        let old = old.custom_created_at(Timestamp::from_secs(1_600_000_000)).sign_with_keys(&ben.account.keys).unwrap();
        for stored in [None, Some(old)] {
            stored.into_iter().for_each(|event| ours.store(event));
            let who = Person { pubkey: ben.account.pubkey(), relays: Vec::new() };
            let (found, refused) = look_up(&anna.account, vec![who]).await.unwrap();
            assert_eq!(refused, []);
            let inboxes: Vec<Vec<String>> = found.into_iter().map(|invitee| invitee.inbox).collect();
            assert_eq!(inboxes, [[theirs.url()]]);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whose_app_speaks_an_older_wire_is_told_apart_in_words() {
        let relay = FaultyRelay::start().await.unwrap();
        let anna = Bench::on(vec![relay.url()]).await;
        setup::done(&anna.account).await;
        let package = |kind: Kind, extensions: &[&str]| {
            let tags = [
                vec!["d".to_owned(), "0".repeat(64)],
                std::iter::once("mls_extensions").chain(extensions.iter().copied()).map(str::to_owned).collect(),
            ];
            EventBuilder::new(kind, "").tags(tags.map(|tag| Tag::parse(tag).unwrap()))
        };
        let cases = [
            (package(KEY_PACKAGE_KIND, &["0x0006", "0xf2ee"]), Obstacle::OtherApp, "MIP"),
            (package(KEY_PACKAGE_KIND, &["0x0006", "0xf2f1"]), Obstacle::OtherApp, "test version"),
            (package(FIRST_KEY_PACKAGE_KIND, &[]), Obstacle::OtherApp, "443"),
            (package(KEY_CHAT_KIND, &[]), Obstacle::OtherApp, "KeyChat"),
            (package(Kind::TextNote, &[]), Obstacle::NoKeyPackage, "no key package"),
            (package(KEY_PACKAGE_KIND, &[]), Obstacle::Unusable, "cannot be used"),
        ];
        let mut reasons = std::collections::BTreeSet::new();
        for (package, obstacle, words) in cases {
            let keys = nostr::Keys::generate();
            let inbox = EventBuilder::new(Kind::InboxRelays, "").tag(Tag::parse(["relay", relay.url().as_str()]).unwrap());
            relay.store(inbox.sign_with_keys(&keys).unwrap());
            relay.store(package.sign_with_keys(&keys).unwrap());
            let who = Person { pubkey: keys.public_key(), relays: Vec::new() };
            let (found, refused) = look_up(&anna.account, vec![who]).await.unwrap();
            assert!(found.is_empty());
            let Refusal { obstacle: found, reason } = &refused[0].refusal;
            assert_eq!(*found, obstacle);
            assert!(reason.contains(words), "{words}: {reason}");
            reasons.insert(reason.clone());
        }
        assert_eq!(reasons.len(), 6, "each has words of its own");
    }
}
