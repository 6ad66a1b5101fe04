//! Several accounts in one profile: who receives, what is shown, and how one leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Mutex;

use common::{Person, find, messages, relay};
use murmel_client::{Agreed, Announcement, Client, Confirm, Keychain as _, KeychainError, Question};
use murmel_ipc::{self as ipc, AccountState, ErrorCode, EventKind, KeyFault, Session};

fn identity(name: &str) -> ipc::NewIdentity {
    ipc::NewIdentity { name: name.into(), passphrase: None }
}

async fn another(person: &Person, name: &str) -> String {
    let Session::Ready { account } = person.client().create_identity(identity(name)).await.unwrap() else { panic!("not ready") };
    account.npub
}

fn entry(client: &Client, npub: &str) -> ipc::AccountEntry {
    client.accounts().into_iter().find(|entry| entry.npub == npub).unwrap()
}

fn shown(client: &Client) -> String {
    let Session::Ready { account } = client.session() else { panic!("{:?}", client.session()) };
    account.npub
}

fn folder(person: &Person, npub: &str) -> PathBuf {
    person.home.path().join("accounts").join(npub)
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() { found.extend(all_files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

/// A person who answers the same to every question.
struct Answers {
    yes: bool,
    heard: Mutex<Vec<String>>,
}

impl Answers {
    fn new(yes: bool) -> Self {
        Self { yes, heard: Mutex::default() }
    }
}

impl Confirm for Answers {
    fn confirm<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        self.heard.lock().unwrap().push(format!("{}\n{}", question.title, question.text));
        Box::pin(std::future::ready(self.yes))
    }
}

async fn set_up(client: &Client) {
    loop {
        let mut subscription = client.subscribe().await.unwrap();
        let done = |setup: &[ipc::SetupStep]| !setup.is_empty() && setup.iter().all(|step| step.state == ipc::StepState::Done);
        if done(&subscription.snapshot.setup) {
            return;
        }
        tokio::time::timeout(common::DEADLINE, subscription.events.recv()).await.expect("the set-up goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_receives_and_what_happens_says_whose_it_is() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (mut anna, bob) = (Person::new("Anna", &relays).await, Person::new("Bob", &relays).await);
    let home = anna.npub.clone();
    let work = another(&anna, "Work").await;
    let as_work = anna.client().named(&work).unwrap();
    set_up(&as_work).await;
    assert_eq!(shown(anna.client()), work);

    // One group has both, so that its chat has the same id in both accounts.
    let invited = vec![home.clone(), work.clone()];
    let group = ipc::NewGroup { name: "Both".into(), description: String::new(), people: invited };
    let chat = bob.client().create_group(group).await.unwrap().chat;
    anna.client().switch_account(&home).await.unwrap();
    for client in [anna.client(), &as_work] {
        let request = loop {
            let mut subscription = client.subscribe().await.unwrap();
            match subscription.snapshot.requests.pop() {
                Some(request) => break request,
                None => drop(tokio::time::timeout(common::DEADLINE, subscription.events.recv()).await.expect("an invitation")),
            }
        };
        assert_eq!(client.accept(&request.id).await.unwrap(), chat);
        // What is fetched as backlog is not announced.
        assert!(client.settle(common::DEADLINE).await.unwrap().caught_up);
    }
    let mut notices = anna.client().notices();
    let mut subscription = anna.client().subscribe().await.unwrap();
    assert_eq!((subscription.snapshot.current.as_deref(), subscription.snapshot.accounts.len()), (Some(home.as_str()), 2));
    bob.say(&chat, "to both of you").await;

    let (mut by_home, mut by_work, mut counted) = (false, false, false);
    while !(by_home && by_work && counted) {
        let event = tokio::time::timeout(common::DEADLINE, subscription.events.recv()).await.expect("both receive").unwrap();
        let whose = event.account.clone();
        match event.kind {
            EventKind::Message { message } if common::text_of(&message).is_some() => {
                by_home |= whose.as_deref() == Some(&home);
                by_work |= whose.as_deref() == Some(&work);
                assert!(whose.is_some());
            }
            EventKind::Account { entry } => counted |= entry.npub == work && entry.unread == 1,
            _ => {}
        }
    }
    let mut told = Vec::new();
    while told.len() < 2 {
        let announced = tokio::time::timeout(common::DEADLINE, notices.recv()).await.expect("a notice").unwrap();
        if let Announcement::Show(notice) = announced
            && !notice.chat.is_empty()
        {
            told.push(notice.account);
        }
    }
    told.sort();
    let mut expected = vec![home.clone(), work.clone()];
    expected.sort();
    assert_eq!(told, expected);

    // What one account says is the other's to read.
    anna.client().send(ipc::SendMessage { chat: chat.clone(), text: "from home".into(), reply_to: None }).await.unwrap();
    let heard = loop {
        let mut subscription = as_work.subscribe().await.unwrap();
        match find(&messages(&as_work, &chat).await, "from home") {
            Some(heard) => break heard,
            None => drop(tokio::time::timeout(common::DEADLINE, subscription.events.recv()).await.expect("it arrives")),
        }
    };
    assert!(!heard.mine);
    assert!(find(&messages(anna.client(), &chat).await, "from home").unwrap().mine);

    anna.stop().await;
    anna.start().await;
    assert_eq!(shown(anna.client()), home, "the account that was shown last is shown again");
    assert_eq!(entry(anna.client(), &work).unread, 2);
    assert_eq!(anna.client().named("npub1nobody").err().unwrap().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_opened_stops_no_other() {
    let mut anna = Person::offline("Anna", &[]).await;
    let (home, work) = (anna.npub.clone(), another(&anna, "Work").await);
    let vault = {
        let args = ipc::NewIdentity { name: "Vault".into(), passphrase: Some("open sesame".into()) };
        let Session::Ready { account } = anna.client().create_identity(args).await.unwrap() else { panic!("not ready") };
        account.npub
    };
    anna.stop().await;
    anna.keychain.remove(&work).unwrap();
    anna.start().await;
    let client = anna.client();
    let states: Vec<_> = client.accounts().into_iter().map(|entry| (entry.npub, entry.state)).collect();
    assert_eq!(
        states,
        [(home.clone(), AccountState::Open), (work.clone(), AccountState::Unavailable), (vault.clone(), AccountState::Locked)],
        "in the order in which they were added"
    );
    assert!(matches!(client.session(), Session::Locked { npub, .. } if npub == vault));
    client.switch_account(&work).await.unwrap();
    let Session::KeyUnavailable { reason: KeyFault::KeyGone, retryable: false, .. } = client.session() else {
        panic!("{:?}", client.session())
    };
    assert_eq!(client.groups().await.err().unwrap().code, ErrorCode::NoAccount);
    client.switch_account(&home).await.unwrap();
    assert_eq!(client.groups().await.unwrap(), []);
    // Who unlocks a vault is let into it alone where the others are open already or cannot be opened.
    client.named(&vault).unwrap().unlock(ipc::Unlock { passphrase: "open sesame".into() }).await.unwrap();
    assert_eq!(entry(client, &vault).state, AccountState::Open);
    assert_eq!(shown(client), home);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_deletes_what_it_named_and_nothing_else() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (mut anna, bob) = (Person::new("Anna", &relays).await, Person::new("Bob", &relays).await);
    let chat = anna.create_group("Lake", &[&bob]).await;
    bob.accept("Lake").await;
    anna.say(&chat, "one").await;
    anna.sent(&chat, "one").await;
    let (home, work) = (anna.npub.clone(), another(&anna, "Work").await);
    let as_home = anna.client().named(&home).unwrap();
    as_home.make_recovery_code(None).await.unwrap();

    let summary = as_home.log_out_summary().await.unwrap();
    assert_eq!((summary.messages, summary.groups, summary.unsent), (Some(1), Some(1), Some(0)));
    let no = Answers::new(false);
    assert!(!as_home.log_out(true, &no).await.unwrap().done);
    let heard = no.heard.lock().unwrap().join("");
    assert!(heard.contains("1 message\n") && heard.contains("1 group ") && heard.contains(&home), "{heard}");
    assert!(folder(&anna, &home).join("murmel.db").exists());
    assert_eq!(entry(anna.client(), &home).state, AccountState::Open);

    let done = as_home.log_out(false, &Agreed).await.unwrap();
    assert_eq!(done, ipc::LoggedOut { done: true, not_left: Vec::new() });
    assert!(!folder(&anna, &home).exists() && !anna.home.path().join("gone").exists());
    assert!(anna.keychain.read(&home).unwrap().is_none());
    assert!(anna.keychain.read(&work).unwrap().is_some());
    assert_eq!(shown(anna.client()), work);
    assert_eq!(as_home.groups().await.err().unwrap().code, ErrorCode::NoAccount);
    let left: Vec<_> = all_files(anna.home.path()).into_iter().filter(|path| path.to_string_lossy().contains(&home)).collect();
    assert!(left.is_empty(), "{left:?}");
    anna.stop().await;
    anna.start().await;
    assert_eq!(anna.client().accounts().len(), 1);

    anna.client().log_out(false, &Agreed).await.unwrap();
    assert!(matches!(anna.client().session(), Session::FirstRun { .. }));
    anna.client().create_identity(identity("Again")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_left_before_logging_out_where_that_is_possible() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, bob) = (Person::new("Anna", &relays).await, Person::new("Bob", &relays).await);
    let theirs = bob.create_group("Theirs", &[&anna]).await;
    anna.accept("Theirs").await;
    let own = anna.create_group("Own", &[&bob]).await;
    bob.accept("Own").await;
    let done = anna.client().log_out(true, &Agreed).await.unwrap();
    assert!(done.done);
    assert_eq!(done.not_left.iter().map(|group| group.group.as_str()).collect::<Vec<_>>(), ["Own"], "its last admin cannot leave it");
    bob.sees(&theirs, "Anna has left", |group| common::members(group) == 1).await;
    bob.sees(&own, "Anna is still there", |group| common::members(group) == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_that_was_interrupted_is_finished_at_the_next_start() {
    let mut anna = Person::offline("Anna", &[]).await;
    let (home, work) = (anna.npub.clone(), another(&anna, "Work").await);

    // The keychain refuses half-way: what is in it goes later, the files go now.
    anna.keychain.fail(Some(KeychainError::Locked));
    assert!(anna.client().named(&home).unwrap().log_out(false, &Agreed).await.unwrap().done);
    anna.keychain.fail(None);
    assert!(anna.keychain.read(&home).unwrap().is_some());
    let gone = anna.home.path().join("gone").join(&home);
    assert_eq!(all_files(&gone), [gone.join("account.json")]);
    anna.stop().await;
    anna.start().await;
    assert!(anna.keychain.read(&home).unwrap().is_none() && !gone.exists());

    // Killed right after the account was taken away: everything is still in the folder.
    anna.kill();
    fs::create_dir(anna.home.path().join("gone")).unwrap();
    fs::rename(folder(&anna, &work), anna.home.path().join("gone").join(&work)).unwrap();
    anna.start().await;
    assert!(matches!(anna.client().session(), Session::FirstRun { .. }));
    assert!(anna.keychain.is_empty() && !anna.home.path().join("gone").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lock_closes_receives_nothing_until_the_key_is_asked_for_again() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (mut anna, bob) = (Person::new("Anna", &relays).await, Person::new("Bob", &relays).await);
    let chat = anna.create_group("Lake", &[&bob]).await;
    bob.accept("Lake").await;
    let work = another(&anna, "Work").await;
    anna.client().switch_account(&anna.npub).await.unwrap();

    let mut subscription = anna.client().subscribe().await.unwrap();
    anna.keychain.fail(Some(KeychainError::Locked));
    let session = anna.client().lock().await.unwrap();
    assert!(matches!(&session, Session::Locked { npub, key_place: ipc::KeyPlace::Keychain, .. } if *npub == anna.npub));
    // What happened until the lock closed may say anything.
    while subscription.events.try_recv().is_ok() {}
    bob.say(&chat, "while you were away").await;
    bob.sent(&chat, "while you were away").await;
    assert!(anna.client().accounts().iter().all(|entry| entry.state == AccountState::Locked && entry.unread == 0));
    assert_eq!(anna.client().timeline(&chat, None, 10).await.err().unwrap().code, ErrorCode::NoAccount);
    while let Ok(event) = subscription.events.try_recv() {
        assert!(matches!(event.kind, EventKind::Account { .. } | EventKind::Session { .. } | EventKind::Network { .. }), "{event:?}");
    }

    let refused = anna.client().unlock(ipc::Unlock { passphrase: "".into() }).await.err().unwrap();
    assert_eq!((refused.code, refused.retryable), (ErrorCode::KeychainLocked, true));
    anna.keychain.fail(None);
    anna.client().unlock(ipc::Unlock { passphrase: "".into() }).await.unwrap();
    anna.hears(&chat, "while you were away").await;
    anna.until("the other account opens, too", async |client| (entry(client, &work).state == AccountState::Open).then_some(())).await;
    anna.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_for_the_set_time_locks_everything() {
    let mut anna = Person::named("Anna", &[]);
    anna.pace.lock_minute = std::time::Duration::from_millis(200);
    anna.begin().await;
    assert_eq!(anna.client().set_lock_after(24 * 60 + 1).await.err().unwrap().code, ErrorCode::InvalidInput);
    anna.client().set_lock_after(1).await.unwrap();
    let locked = async |client: &Client| matches!(client.session(), Session::Locked { .. }).then_some(());
    anna.until("it locks", locked).await;
    anna.client().unlock(ipc::Unlock { passphrase: "".into() }).await.unwrap();
    anna.until("it locks again", locked).await;
    anna.stop().await;
    anna.start().await;
    assert_eq!(anna.client().lock_after(), 1, "the time is kept");
    anna.client().unlock(ipc::Unlock { passphrase: "".into() }).await.unwrap();
    anna.client().set_lock_after(0).await.unwrap();
    assert_eq!(anna.client().subscribe().await.unwrap().snapshot.lock_after, 0);
}
