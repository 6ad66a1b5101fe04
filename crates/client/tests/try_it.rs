//! The conversation on this computer: real messages within seconds, and no trace afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::Duration;

use murmel_client::{Client, KeychainChoice, MockKeychain, Options};
use murmel_ipc::{ErrorCode, EventKind, MessageKind, MessageView, NewIdentity, SendMessage, Session};

const DEADLINE: Duration = Duration::from_secs(60);

async fn open(home: &Path, keychain: &MockKeychain) -> Client {
    let mut options = Options::new(home);
    options.keychain = KeychainChoice::Mock(keychain.clone());
    options.default_relays = vec!["ws://127.0.0.1:9".to_owned()];
    Client::open(options).await.unwrap()
}

fn texts_of_others(messages: &[MessageView]) -> Vec<String> {
    let others = messages.iter().filter(|message| !message.mine);
    others.filter_map(|message| if let MessageKind::Text { text, .. } = &message.kind { Some(text.clone()) } else { None }).collect()
}

/// Waits until the companion has written `count` times.
async fn heard(client: &Client, chat: &str, count: usize) -> Vec<String> {
    let waiting = async {
        let mut subscription = client.subscribe().await.unwrap();
        loop {
            let page = client.timeline(chat, None, 50).await.unwrap();
            let texts = texts_of_others(&page.messages);
            if texts.len() >= count {
                return texts;
            }
            while !matches!(subscription.events.recv().await.unwrap().kind, EventKind::Message { .. }) {}
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.expect("the companion writes")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_companion_greets_and_answers_and_removing_it_leaves_no_trace() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let first_run = client.session();
    let Session::Ready { account } = client.try_it().await.unwrap() else { panic!("not ready") };
    assert!(account.try_it);
    assert_eq!(
        client.create_identity(NewIdentity { name: String::new(), passphrase: None }).await.err().unwrap().code,
        ErrorCode::AccountExists
    );

    let chat = client.groups().await.unwrap().pop().unwrap().id;
    let greeting = heard(&client, &chat, 1).await;
    assert!(greeting[0].contains("program on this computer"));
    client.send(SendMessage { chat: chat.clone(), text: "Guten Tag".into(), reply_to: None }).await.unwrap();
    let answers = heard(&client, &chat, 2).await;
    assert!(answers[1].contains("Guten Tag"));
    let page = client.timeline(&chat, None, 50).await.unwrap();
    assert!(page.messages.iter().any(|message| message.sender_name == "Companion"));

    assert_eq!(client.remove_try_it().await.unwrap(), first_run);
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
    assert!(keychain.is_empty());
    assert_eq!(client.remove_try_it().await.err().unwrap().code, ErrorCode::NotFound);
    client.create_identity(NewIdentity { name: String::new(), passphrase: None }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_and_crashing_leave_no_trace_either() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    client.try_it().await.unwrap();
    client.close().await;
    assert!(!home.path().join("try-it").exists());

    std::fs::create_dir_all(home.path().join("try-it/account")).unwrap();
    std::fs::write(home.path().join("try-it/account/murmel.db"), b"left by a crash").unwrap();
    let client = open(home.path(), &keychain).await;
    assert!(!home.path().join("try-it").exists());
    assert!(matches!(client.session(), Session::FirstRun { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_offered_at_the_first_run_only() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    client.create_identity(NewIdentity { name: String::new(), passphrase: None }).await.unwrap();
    assert_eq!(client.try_it().await.err().unwrap().code, ErrorCode::AccountExists);
    assert_eq!(std::fs::read_dir(home.path().join("accounts")).unwrap().count(), 1);
}
