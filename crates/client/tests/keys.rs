//! The key of an account: every way to lose it, and every way to keep it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::Person;
use murmel_client::{Client, Keychain as _, KeychainError};
use murmel_ipc::{self as ipc, ErrorCode, KeyFault, KeyPlace, Session};
use nostr::nips::nip19::{FromBech32 as _, ToBech32 as _};
use nostr::nips::nip49::EncryptedSecretKey;
use nostr::{Keys, SecretKey};

const WORDS: &str = "leader monkey parrot ring guide accident before fence cannon height naive bean";

fn folder(person: &Person) -> PathBuf {
    person.home.path().join("accounts").join(&person.npub)
}

fn file(person: &Person, name: &str) -> PathBuf {
    folder(person).join(name)
}

/// Every file of the account with its bytes.
fn contents(person: &Person) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder(person))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

fn fault(client: &Client) -> (KeyFault, bool, String) {
    match client.session() {
        Session::KeyUnavailable { reason, retryable, message, .. } => (reason, retryable, message),
        other => panic!("{other:?}"),
    }
}

fn is_ready(client: &Client) -> bool {
    matches!(client.session(), Session::Ready { .. })
}

async fn unlock(client: &Client, passphrase: &str) -> Result<Session, ErrorCode> {
    client.unlock(ipc::Unlock { passphrase: passphrase.into() }).await.map_err(|error| error.code)
}

fn put(person: &Person, raw: &[u8]) {
    person.keychain.write(&person.npub, raw).unwrap();
}

fn item(secret: &SecretKey, database: &[u8; 32]) -> Vec<u8> {
    let raw = [&secret.as_secret_bytes()[..], &database[..]].concat();
    format!("murmel1:{}", BASE64.encode(raw)).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_lose_a_key_has_an_outcome_and_words_of_its_own() {
    let keys = Keys::generate();
    let mut anna = Person::named("Anna", &[]);
    anna.start().await;
    let args = ipc::ImportIdentity { key: keys.secret_key().to_secret_hex().into(), password: None, passphrase: None, account_index: None };
    let Session::Ready { account } = anna.client().import_identity(args).await.unwrap() else { panic!("not ready") };
    anna.npub = account.npub;
    anna.stop().await;
    let good = anna.keychain.read(&anna.npub).unwrap().unwrap();
    let before = contents(&anna);

    let mut words = Vec::new();
    let faults = [
        (KeychainError::Missing, KeyFault::KeychainMissing),
        (KeychainError::Locked, KeyFault::KeychainLocked),
        (KeychainError::Denied, KeyFault::KeychainDenied),
        (KeychainError::TimedOut, KeyFault::KeychainSilent),
        (KeychainError::Failed("broken".into()), KeyFault::KeychainFailed),
    ];
    for (error, expected) in faults {
        anna.keychain.fail(Some(error));
        anna.start().await;
        let (reason, retryable, message) = fault(anna.client());
        assert_eq!((reason, retryable), (expected, true));
        words.push(message);
        assert_eq!(contents(&anna), before);
        anna.keychain.fail(None);
        assert!(unlock(anna.client(), "").await.is_ok());
        anna.stop().await;
    }
    let before = contents(&anna);
    let changed: [(Option<Vec<u8>>, KeyFault); 5] = [
        (None, KeyFault::KeyGone),
        (Some(Vec::new()), KeyFault::KeyChanged),
        (Some(b"murmel1:AAAA".to_vec()), KeyFault::KeyChanged),
        (Some(item(Keys::generate().secret_key(), &[1; 32])), KeyFault::KeyChanged),
        (Some(item(keys.secret_key(), &[1; 32])), KeyFault::KeyDoesNotFit),
    ];
    for (raw, expected) in changed {
        match &raw {
            Some(raw) => put(&anna, raw),
            None => anna.keychain.remove(&anna.npub).unwrap(),
        }
        anna.start().await;
        let (reason, retryable, message) = fault(anna.client());
        assert_eq!((reason, retryable), (expected, false));
        words.push(message);
        assert_eq!(unlock(anna.client(), "").await, Err(ErrorCode::KeyMissing));
        anna.stop().await;
        assert_eq!(contents(&anna), before, "{expected:?}");
        assert_eq!(anna.keychain.read(&anna.npub).unwrap().map(|item| item.to_vec()), raw);
    }
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 8, "no two outcomes share their words");
    put(&anna, &good);
    anna.start().await;
    assert!(is_ready(anna.client()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_does_not_answer_holds_up_nobody_and_opens_the_account_when_it_does() {
    let mut anna = Person::offline("Anna", &[]).await;
    anna.stop().await;
    anna.pace.keychain = std::time::Duration::from_millis(50);
    anna.keychain.hang(true);
    anna.start().await;
    let (reason, retryable, _) = fault(anna.client());
    assert_eq!((reason, retryable), (KeyFault::KeychainSilent, true));
    assert_eq!(unlock(anna.client(), "").await, Err(ErrorCode::KeychainLocked), "no second thread hangs");
    anna.keychain.hang(false);
    anna.until("the account opens by itself", async |client| is_ready(client).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_hangs_at_the_first_run_still_shows_the_window() {
    let mut anna = Person::named("Anna", &[]);
    anna.pace.keychain = std::time::Duration::from_millis(50);
    anna.keychain.hang(true);
    anna.start().await;
    assert!(matches!(anna.client().session(), Session::FirstRun { .. }));
    let args = ipc::NewIdentity { name: String::new(), passphrase: Some("a passphrase".into()) };
    assert!(matches!(anna.client().create_identity(args).await.unwrap(), Session::Ready { .. }));
    anna.keychain.hang(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_moves_into_a_vault_and_back_and_is_in_one_place_only() {
    let mut anna = Person::offline("Anna", &[]).await;
    let client = anna.client();
    assert_eq!(client.move_key(KeyPlace::Vault, None).await.unwrap_err().code, ErrorCode::PasswordNeeded);
    client.move_key(KeyPlace::Vault, Some("first".into())).await.unwrap();
    assert!(anna.keychain.is_empty() && file(&anna, "vault").exists());
    let Session::Ready { account } = client.session() else { panic!("not ready") };
    assert_eq!(account.key_place, KeyPlace::Vault);

    let wrong = ipc::ChangePassphrase { old: "wrong".into(), new: "second".into() };
    assert_eq!(client.change_passphrase(wrong).await.unwrap_err().code, ErrorCode::WrongPassword);
    let empty = ipc::ChangePassphrase { old: "first".into(), new: "".into() };
    assert_eq!(client.change_passphrase(empty).await.unwrap_err().code, ErrorCode::InvalidInput);
    client.change_passphrase(ipc::ChangePassphrase { old: "first".into(), new: "second".into() }).await.unwrap();
    anna.stop().await;
    anna.start().await;
    let client = anna.client();
    assert_eq!(unlock(client, "first").await, Err(ErrorCode::WrongPassword));
    assert!(unlock(client, "second").await.is_ok());

    assert_eq!(client.move_key(KeyPlace::Keychain, Some("first".into())).await.unwrap_err().code, ErrorCode::WrongPassword);
    anna.keychain.forget_writes(true);
    assert!(client.move_key(KeyPlace::Keychain, Some("second".into())).await.is_err());
    assert!(file(&anna, "vault").exists(), "the old place holds until the new one does");
    anna.keychain.forget_writes(false);
    client.move_key(KeyPlace::Keychain, Some("second".into())).await.unwrap();
    assert!(!file(&anna, "vault").exists());
    anna.stop().await;
    assert_eq!(anna.keychain.len(), 1);
    anna.start().await;
    assert!(is_ready(anna.client()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_interrupted_anywhere_leaves_a_key_that_opens_and_no_second_one() {
    let mut anna = Person::offline("Anna", &[]).await;
    anna.stop().await;
    let item = anna.keychain.read(&anna.npub).unwrap().unwrap();
    let in_keychain = fs::read(file(&anna, "account.json")).unwrap();
    anna.start().await;
    anna.client().move_key(KeyPlace::Vault, Some("pass".into())).await.unwrap();
    anna.stop().await;
    let vault = fs::read(file(&anna, "vault")).unwrap();
    let in_vault = fs::read_to_string(file(&anna, "account.json")).unwrap();

    // Into the vault, killed before the description says so: the keychain still opens it, and the vault is cleared away.
    put(&anna, &item);
    fs::write(file(&anna, "account.json"), &in_keychain).unwrap();
    fs::write(file(&anna, "vault-next"), &vault[..20]).unwrap();
    anna.start().await;
    assert!(is_ready(anna.client()));
    anna.stop().await;
    assert!(!file(&anna, "vault").exists() && !file(&anna, "vault-next").exists());

    // Into the vault, killed before the item is removed: the vault opens it, and the item is cleared away.
    fs::write(file(&anna, "vault"), &vault).unwrap();
    let named = in_vault.replace("\"key_place\"", &format!("\"item\": \"{}\", \"key_place\"", anna.npub));
    assert_ne!(named, in_vault);
    fs::write(file(&anna, "account.json"), named).unwrap();
    anna.start().await;
    assert!(matches!(anna.client().session(), Session::Locked { .. }));
    assert!(!anna.keychain.is_empty(), "nothing is removed before the vault has opened");
    unlock(anna.client(), "pass").await.unwrap();
    assert!(anna.keychain.is_empty());
    anna.stop().await;
    anna.start().await;
    unlock(anna.client(), "pass").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_opens_the_account_when_the_keychain_is_lost() {
    let mut anna = Person::offline("Anna", &[]).await;
    let client = anna.client();
    assert_eq!(client.remove_recovery_code().await.unwrap_err().code, ErrorCode::NotFound);
    let first = client.make_recovery_code(None).await.unwrap();
    let code = client.make_recovery_code(None).await.unwrap();
    assert!(client.key_safety().unwrap().recovery);
    assert_eq!(format!("{code:?}"), "SecretText(…)");
    anna.stop().await;
    for (_, bytes) in contents(&anna) {
        let plain = code.replace('-', "");
        assert!(![&*code, &plain].iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes())));
    }

    anna.keychain.empty();
    anna.start().await;
    let Session::KeyUnavailable { reason: KeyFault::KeyGone, recovery: true, .. } = anna.client().session() else { panic!("no recovery") };
    let recover = async |client: &Client, code: &str, passphrase: Option<&str>| {
        client.recover(ipc::Recover { code: code.into(), passphrase: passphrase.map(Into::into) }).await.map_err(|error| error.code)
    };
    let typo = code.replacen(code.chars().next().unwrap(), if code.starts_with('7') { "8" } else { "7" }, 1);
    assert_eq!(recover(anna.client(), &typo, None).await, Err(ErrorCode::InvalidInput));
    assert_eq!(recover(anna.client(), &first, None).await, Err(ErrorCode::WrongPassword), "it was replaced");
    anna.keychain.fail(Some(KeychainError::Missing));
    assert_eq!(recover(anna.client(), &code, None).await, Err(ErrorCode::KeychainMissing), "the key has to be kept somewhere");
    assert_eq!(fault(anna.client()).0, KeyFault::KeyGone);
    let typed = code.to_lowercase().replace('-', " ");
    assert!(recover(anna.client(), &typed, Some("a new passphrase")).await.is_ok());
    anna.stop().await;
    anna.start().await;
    assert!(unlock(anna.client(), "a new passphrase").await.is_ok());

    // It goes on opening the account, until it is taken away.
    anna.client().remove_recovery_code().await.unwrap();
    assert!(!file(&anna, "recovery").exists());
    anna.client().lock().await.unwrap();
    assert_eq!(recover(anna.client(), &code, None).await, Err(ErrorCode::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_never_puts_a_wrong_key_over_another() {
    let mut anna = Person::offline("Anna", &[]).await;
    let code = anna.client().make_recovery_code(None).await.unwrap();
    anna.stop().await;
    // The database is one that the code's key does not open.
    fs::write(file(&anna, "murmel.db"), vec![0x5a; 8192]).unwrap();
    let item = anna.keychain.read(&anna.npub).unwrap();
    let before = contents(&anna);
    anna.start().await;
    assert_eq!(fault(anna.client()).0, KeyFault::KeyDoesNotFit);
    let error = anna.client().recover(ipc::Recover { code, passphrase: Some("p".into()) }).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::KeyMissing);
    anna.stop().await;
    assert_eq!(contents(&anna), before);
    assert_eq!(anna.keychain.read(&anna.npub).unwrap(), item);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_key_opens_with_its_password_and_is_in_a_private_file() {
    let anna = Person::offline("Anna", &[]).await;
    assert_eq!(anna.client().export_key("".into()).await.unwrap_err().code, ErrorCode::InvalidInput);
    let path = anna.home.path().join("key.ncryptsec");
    anna.client().export_key_to(&path, "a password".into()).await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let sealed = EncryptedSecretKey::from_bech32(text.trim()).unwrap();
    assert!(sealed.decrypt("another").is_err());
    let keys = Keys::new(sealed.decrypt("a password").unwrap());
    assert_eq!(keys.public_key().to_bech32().unwrap(), anna.npub);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seed_words_are_imported_and_the_preview_shows_whose_they_are() {
    let mut anna = Person::named("Anna", &[]);
    anna.start().await;
    let client = anna.client();
    // The vector of NIP-06.
    let npub = Keys::parse("7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a").unwrap().public_key().to_bech32().unwrap();
    let preview = client.inspect_key(WORDS, None, 0).await.unwrap();
    assert_eq!((preview.kind, preview.npub.as_ref()), (ipc::KeyKind::Words, Some(&npub)));
    assert_ne!(client.inspect_key(WORDS, None, 1).await.unwrap().npub.unwrap(), npub);
    assert_eq!(client.inspect_key(&WORDS.replace("bean", "beam"), None, 0).await.unwrap_err().code, ErrorCode::InvalidKey);
    let args = ipc::ImportIdentity { key: WORDS.into(), password: None, passphrase: None, account_index: None };
    let Session::Ready { account } = client.import_identity(args).await.unwrap() else { panic!("not ready") };
    assert_eq!(account.npub, npub);
    let again = ipc::ImportIdentity { key: WORDS.into(), password: None, passphrase: None, account_index: None };
    assert_eq!(client.import_identity(again).await.unwrap_err().code, ErrorCode::AccountExists);
}
