//! The network set-up: offline first, other clients left alone, key packages renewed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use murmel_client::{Client, Clock, KeychainChoice, MockKeychain, Options, Pace};
use murmel_ipc::{ImportIdentity, NewIdentity, Session, SetupName, SetupStep, StepState};
use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use nostr::{Event, EventBuilder, Keys, Kind, Tag, Timestamp};

const KEY_PACKAGE: Kind = Kind::Custom(30443);
const DEADLINE: Duration = Duration::from_secs(60);
const DAY: i64 = 24 * 60 * 60;

struct Profile {
    client: Client,
    clock: Clock,
    _home: tempfile::TempDir,
}

impl Profile {
    async fn open(relays: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut options = Options::new(home.path());
        options.keychain = KeychainChoice::Mock(MockKeychain::new());
        options.default_relays = relays.to_vec();
        options.allow_loopback = true;
        options.pace = Pace {
            setup_first: Duration::from_millis(50),
            setup_cap: Duration::from_millis(500),
            fetch: Duration::from_secs(3),
            ..Pace::default()
        };
        let clock = options.clock.clone();
        Self { client: Client::open(options).await.unwrap(), clock, _home: home }
    }

    async fn created(relays: &[String]) -> Self {
        let profile = Self::open(relays).await;
        profile.client.create_identity(NewIdentity { name: String::new(), passphrase: None }).await.unwrap();
        profile
    }

    async fn imported(relays: &[String], keys: &Keys) -> Self {
        let profile = Self::open(relays).await;
        let args = ImportIdentity { key: keys.secret_key().to_secret_hex().into(), password: None, passphrase: None, account_index: None };
        profile.client.import_identity(args).await.unwrap();
        profile
    }

    /// Waits for a state of the set-up.
    async fn until(&self, what: &str, check: impl Fn(&[SetupStep]) -> bool) {
        let waiting = async {
            loop {
                let mut subscription = self.client.subscribe().await.unwrap();
                if check(&subscription.snapshot.setup) {
                    return;
                }
                while let Some(event) = subscription.events.recv().await {
                    if matches!(&event.kind, murmel_ipc::EventKind::Setup { setup } if check(setup)) {
                        return;
                    }
                }
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// Waits until the newest list on a relay is the expected one.
    async fn published(&self, relay: &FaultyRelay, expected: impl Fn(&Event) -> bool) {
        let waiting = async {
            let mut subscription = self.client.subscribe().await.unwrap();
            while !of_kind(relay, Kind::RelayList).last().is_some_and(&expected) {
                drop(tokio::time::timeout(Duration::from_millis(50), subscription.events.recv()).await);
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.expect("the list is published");
    }

    async fn done(&self) {
        self.until("the set-up is done", |steps| steps.len() == 3 && steps.iter().all(|step| step.state == StepState::Done)).await;
    }

    fn others(&self) -> u32 {
        match self.client.session() {
            Session::Ready { account } => account.other_clients,
            other => panic!("{other:?}"),
        }
    }
}

fn of_kind(relay: &FaultyRelay, kind: Kind) -> Vec<Event> {
    relay.events().into_iter().filter(|event| event.kind == kind).collect()
}

fn tags(event: &Event) -> Vec<Vec<String>> {
    event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect()
}

fn state(steps: &[SetupStep], name: SetupName) -> StepState {
    steps.iter().find(|step| step.name == name).unwrap().state
}

fn signed(keys: &Keys, kind: Kind, content: &str, tags: &[&[&str]]) -> Event {
    let tags = tags.iter().map(|tag| Tag::parse(tag.iter().copied()).unwrap());
    EventBuilder::new(kind, content).tags(tags).custom_created_at(Timestamp::from_secs(1_700_000_000)).sign_with_keys(keys).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_without_network_works_and_finishes_its_set_up_when_a_relay_appears() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.stop().await;
    let profile = Profile::created(&[relay.url()]).await;
    profile
        .until("the lists failed", |steps| {
            state(steps, SetupName::LookUp) == StepState::Done && state(steps, SetupName::RelayLists) == StepState::Failed
        })
        .await;
    relay.resume().await.unwrap();
    profile.done().await;
    let lists = of_kind(&relay, Kind::RelayList);
    assert_eq!(tags(&lists[0]), [["r".to_owned(), relay.url()]]);
    assert_eq!(tags(&of_kind(&relay, Kind::InboxRelays)[0]), [["relay".to_owned(), relay.url()]]);
    assert_eq!(of_kind(&relay, KEY_PACKAGE).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_leaves_slots_and_lists_of_other_clients_alone_and_says_how_many_there_are() {
    let relay = FaultyRelay::start().await.unwrap();
    let keys = Keys::generate();
    let elsewhere = "ws://127.0.0.1:9".to_owned();
    let relays = signed(&keys, Kind::RelayList, "", &[&["r", &relay.url()], &["r", &elsewhere, "read"], &["x", "unknown"]]);
    let inbox = signed(&keys, Kind::InboxRelays, "", &[&["relay", &relay.url()], &["relay", &elsewhere]]);
    let package = signed(&keys, KEY_PACKAGE, "theirs", &[&["d", &"ab".repeat(32)]]);
    for event in [&relays, &inbox, &package] {
        relay.store(event.clone());
    }
    let profile = Profile::imported(&[relay.url()], &keys).await;
    profile.done().await;
    assert_eq!(profile.others(), 1);
    assert_eq!(of_kind(&relay, Kind::RelayList), [relays]);
    assert_eq!(of_kind(&relay, Kind::InboxRelays), [inbox]);
    let packages = of_kind(&relay, KEY_PACKAGE);
    assert!(packages.contains(&package));
    let own: Vec<&Event> = packages.iter().filter(|event| **event != package).collect();
    assert_eq!(own.len(), 1);
    assert_ne!(own[0].tags.identifier(), package.tags.identifier());
    assert_eq!(profile.client.relays().await.unwrap(), [relay.url(), elsewhere]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replaceable_lists_are_never_clobbered() {
    let (relay, new) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
    let keys = Keys::generate();
    let theirs = "wss://theirs.example".to_owned();
    relay.store(signed(&keys, Kind::RelayList, "words", &[&["r", &relay.url(), "write"], &["r", &theirs, "read"], &["x", "unknown"]]));
    let profile = Profile::imported(&[relay.url()], &keys).await;
    profile.done().await;
    profile.client.set_relays(vec![relay.url(), new.url()]).await.unwrap();
    profile.published(&relay, |list| tags(list).iter().any(|tag| tag[1] == new.url())).await;
    let newest = of_kind(&relay, Kind::RelayList).pop().unwrap();
    let texts = tags(&newest);
    assert_eq!(newest.content, "words");
    assert!(texts.contains(&vec!["r".into(), theirs.clone(), "read".into()]));
    assert!(texts.contains(&vec!["x".into(), "unknown".into()]));
    assert!(texts.iter().any(|tag| tag[1] == new.url()));

    // Leaving a relay that we added takes it out; what others listed stays.
    profile.client.set_relays(vec![relay.url()]).await.unwrap();
    profile.published(&relay, |list| tags(list).iter().all(|tag| tag[1] != new.url())).await;
    let newest = of_kind(&relay, Kind::RelayList).pop().unwrap();
    assert!(tags(&newest).iter().any(|tag| tag[1] == theirs));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_publishes_nothing_before_it_could_look() {
    let relay = FaultyRelay::start().await.unwrap();
    relay.stop().await;
    let profile = Profile::imported(&[relay.url()], &Keys::generate()).await;
    profile.until("the look-up failed", |steps| state(steps, SetupName::LookUp) == StepState::Failed).await;
    relay.resume().await.unwrap();
    profile.done().await;
    let first_event = relay.heard().iter().position(|word| word == "EVENT").unwrap();
    assert!(relay.heard()[..first_event].contains(&"REQ".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_refuses_is_named_in_the_step_and_tried_again() {
    let relay =
        FaultyRelay::with_choice(|_, nth| if nth < 8 { Fault::OkFalse("blocked: not today".into()) } else { Fault::Ok }).await.unwrap();
    let profile = Profile::created(&[relay.url()]).await;
    profile
        .until("the refusal is shown", |steps| {
            steps.iter().any(|step| step.state == StepState::Failed && step.detail.contains("not today"))
        })
        .await;
    profile.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_package_is_renewed_before_its_end_in_the_same_slot() {
    let relay = FaultyRelay::start().await.unwrap();
    let profile = Profile::created(&[relay.url()]).await;
    profile.done().await;
    let first = of_kind(&relay, KEY_PACKAGE).pop().unwrap();
    // 84 days of lifetime, renewed 14 to 21 days before the end.
    profile.clock.shift(62 * DAY);
    profile.client.retry_setup().await.unwrap();
    profile.client.set_relays(vec![relay.url()]).await.unwrap();
    profile.clock.shift(9 * DAY);
    profile.client.retry_setup().await.unwrap();
    let renewed = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(newest) = of_kind(&relay, KEY_PACKAGE).pop().filter(|newest| newest.id != first.id) {
                return newest;
            }
            profile.client.retry_setup().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let renewed = renewed.await.unwrap();
    assert_eq!(renewed.tags.identifier(), first.tags.identifier());
    assert!(renewed.created_at > first.created_at);
}
