//! One profile folder: first run, keychain and vault, wrong input, and what must never be overwritten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use murmel_client::{Client, KeychainChoice, KeychainError, MockKeychain, Options};
use murmel_ipc::{ErrorCode, ImportIdentity, KeyKind, KeyPlace, NewIdentity, Session, Unlock};
use nostr::nips::nip19::ToBech32 as _;
use nostr::nips::nip49::{EncryptedSecretKey, KeySecurity};
use nostr::{Keys, SecretKey};

/// A relay that nobody runs: everything here works without a network.
const NOBODY: &str = "ws://127.0.0.1:9";

fn options(home: &Path, keychain: KeychainChoice) -> Options {
    let mut options = Options::new(home);
    options.keychain = keychain;
    options.default_relays = vec![NOBODY.to_owned()];
    options.allow_loopback = true;
    options
}

async fn open(home: &Path, keychain: &MockKeychain) -> Client {
    Client::open(options(home, KeychainChoice::Mock(keychain.clone()))).await.unwrap()
}

fn new(name: &str, passphrase: Option<&str>) -> NewIdentity {
    NewIdentity { name: name.to_owned(), passphrase: passphrase.map(Into::into) }
}

fn import(key: &str, password: Option<&str>) -> ImportIdentity {
    ImportIdentity { key: key.into(), password: password.map(Into::into), passphrase: None, account_index: None }
}

fn npub(session: &Session) -> String {
    match session {
        Session::Ready { account } => account.npub.clone(),
        other => panic!("not ready: {other:?}"),
    }
}

fn locked(session: &Session) -> Session {
    Session::Locked { npub: npub(session), key_place: KeyPlace::Vault, recovery: false }
}

fn folder(home: &Path, session: &Session) -> PathBuf {
    home.join("accounts").join(npub(session))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Every file with its bytes, apart from the lock.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> =
        files(folder).into_iter().filter(|path| !path.ends_with("lock")).map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_identity_is_there_after_a_restart_without_any_network() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    assert_eq!(client.session(), Session::FirstRun { key_place: KeyPlace::Keychain });
    let created = client.create_identity(new("  Ada ", None)).await.unwrap();
    let Session::Ready { account } = &created else { panic!("not ready") };
    assert_eq!((account.name.as_str(), account.key_place, account.try_it), ("Ada", KeyPlace::Keychain, false));
    assert_eq!(keychain.len(), 1);
    client.close().await;
    assert_eq!(open(home.path(), &keychain).await.session(), created);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_open_is_told_that_the_profile_is_in_use_and_a_closed_one_is_free() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let again = Client::open(options(home.path(), KeychainChoice::Mock(keychain.clone()))).await.err().unwrap();
    assert_eq!(again.code, ErrorCode::AlreadyRunning);
    client.close().await;
    open(home.path(), &keychain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_client_leaves_a_profile_that_opens_at_once() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let created = client.create_identity(new("", None)).await.unwrap();
    drop(client);
    assert_eq!(open(home.path(), &keychain).await.session(), created);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_keychain_error_at_the_first_run_changes_nothing_and_says_what_to_do() {
    let faults = [
        (KeychainError::Locked, ErrorCode::KeychainLocked),
        (KeychainError::Denied, ErrorCode::KeychainLocked),
        (KeychainError::TimedOut, ErrorCode::KeychainLocked),
        (KeychainError::Failed("broken".into()), ErrorCode::KeychainLocked),
        (KeychainError::Missing, ErrorCode::KeychainMissing),
    ];
    for (fault, code) in faults {
        let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
        let client = open(home.path(), &keychain).await;
        keychain.fail(Some(fault.clone()));
        let error = client.create_identity(new("", None)).await.err().unwrap();
        assert_eq!(error.code, code, "{fault:?}");
        assert!(error.retryable);
        keychain.fail(None);
        assert!(keychain.is_empty() && contents(home.path()).is_empty(), "{fault:?}");
        assert_eq!(client.session(), Session::FirstRun { key_place: KeyPlace::Keychain });
        client.create_identity(new("", None)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_the_first_run_offers_the_vault() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    keychain.fail(Some(KeychainError::Missing));
    let client = open(home.path(), &keychain).await;
    assert_eq!(client.session(), Session::FirstRun { key_place: KeyPlace::Vault });
    assert_eq!(client.create_identity(new("", None)).await.err().unwrap().code, ErrorCode::KeychainMissing);
    let Session::Ready { account } = client.create_identity(new("", Some("open sesame"))).await.unwrap() else { panic!("not ready") };
    assert_eq!(account.key_place, KeyPlace::Vault);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_keeps_nothing_never_gets_an_account() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    keychain.forget_writes(true);
    assert_eq!(client.create_identity(new("", None)).await.err().unwrap().code, ErrorCode::KeychainLocked);
    assert!(contents(home.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_keychain_error_on_a_later_run_keeps_the_data_and_opens_once_it_is_gone() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let created = client.create_identity(new("", None)).await.unwrap();
    client.close().await;
    let before = contents(home.path());
    let faults = [
        KeychainError::Locked,
        KeychainError::Denied,
        KeychainError::TimedOut,
        KeychainError::Failed("broken".into()),
        KeychainError::Missing,
    ];
    for fault in faults {
        keychain.fail(Some(fault.clone()));
        let client = open(home.path(), &keychain).await;
        let Session::KeyUnavailable { npub: whose, retryable: true, message, .. } = client.session() else {
            panic!("{fault:?}: {:?}", client.session())
        };
        assert_eq!(whose, npub(&created));
        assert!(!message.is_empty());
        assert_eq!(client.try_it().await.err().unwrap().code, ErrorCode::AccountExists);
        assert!(client.unlock(Unlock { passphrase: "".into() }).await.err().unwrap().retryable);
        assert_eq!(contents(home.path()), before);
        keychain.fail(None);
        assert_eq!(client.unlock(Unlock { passphrase: "".into() }).await.unwrap(), created);
        client.close().await;
        assert_eq!(contents(home.path()).len(), before.len());
        let client = open(home.path(), &keychain).await;
        client.close().await;
        fs::remove_dir_all(folder(home.path(), &created)).unwrap();
        fs::create_dir(folder(home.path(), &created)).unwrap();
        for (path, bytes) in &before {
            fs::write(path, bytes).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_never_starts_a_new_identity() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let keys = Keys::generate();
    let hex = keys.secret_key().to_secret_hex();
    let created = client.import_identity(import(&hex, None)).await.unwrap();
    client.close().await;
    keychain.empty();
    let before = contents(home.path());
    let client = open(home.path(), &keychain).await;
    let Session::KeyUnavailable { npub: whose, retryable: false, .. } = client.session() else { panic!("{:?}", client.session()) };
    assert_eq!(whose, npub(&created));
    assert_eq!(client.import_identity(import(&hex, None)).await.err().unwrap().code, ErrorCode::AccountExists);
    assert_eq!(client.unlock(Unlock { passphrase: "".into() }).await.err().unwrap().code, ErrorCode::KeyMissing);
    assert_eq!(client.try_it().await.err().unwrap().code, ErrorCode::AccountExists);
    assert_eq!(contents(home.path()), before);
    assert!(keychain.is_empty());

    // Another identity beside it, because the person asks for one: the old data stays as it is.
    let other = client.create_identity(new("", None)).await.unwrap();
    assert_ne!(npub(&other), npub(&created));
    for (path, bytes) in &before {
        assert!(path.ends_with("profile.json") || fs::read(path).unwrap() == *bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_emptied_or_foreign_database_is_never_replaced() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let created = client.create_identity(new("", None)).await.unwrap();
    client.close().await;
    let database = folder(home.path(), &created).join("murmel.db");
    for bytes in [Some(vec![]), Some(vec![0x5a; 8192]), None] {
        match &bytes {
            Some(bytes) => fs::write(&database, bytes).unwrap(),
            None => fs::remove_file(&database).unwrap(),
        }
        let client = open(home.path(), &keychain).await;
        assert!(matches!(client.session(), Session::KeyUnavailable { retryable: false, .. }), "{:?}", client.session());
        client.close().await;
        assert_eq!(fs::read(&database).ok(), bytes);
    }
    fs::remove_file(folder(home.path(), &created).join("account.json")).unwrap();
    let client = open(home.path(), &keychain).await;
    assert!(matches!(client.session(), Session::KeyUnavailable { retryable: false, .. }));
    assert_eq!(client.try_it().await.err().unwrap().code, ErrorCode::AccountExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_stays_locked_until_its_passphrase_comes() {
    let home = tempfile::tempdir().unwrap();
    let client = Client::open(options(home.path(), KeychainChoice::None)).await.unwrap();
    let created = client.create_identity(new("", Some("correct horse"))).await.unwrap();
    client.close().await;
    let client = Client::open(options(home.path(), KeychainChoice::None)).await.unwrap();
    assert_eq!(client.session(), locked(&created));
    assert_eq!(client.groups().await.err().unwrap().code, ErrorCode::NoAccount);
    let wrong = client.unlock(Unlock { passphrase: "battery staple".into() }).await.err().unwrap();
    assert_eq!(wrong.code, ErrorCode::WrongPassword);
    assert_eq!(client.session(), locked(&created));
    assert_eq!(client.unlock(Unlock { passphrase: "correct horse".into() }).await.unwrap(), created);
    client.close().await;

    let mut given = options(home.path(), KeychainChoice::None);
    given.passphrase = Some(Arc::new("correct horse".into()));
    let client = Client::open(given.clone()).await.unwrap();
    assert_eq!(client.session(), created);
    client.close().await;
    given.passphrase = Some(Arc::new("wrong".into()));
    assert_eq!(Client::open(given).await.unwrap().session(), locked(&created));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_a_key_can_be_imported_and_wrong_input_is_explained() {
    let keys = Keys::generate();
    let nsec = keys.secret_key().to_bech32().unwrap();
    let hex = keys.secret_key().to_secret_hex();
    let sealed = EncryptedSecretKey::new(keys.secret_key(), "pw", 12, KeySecurity::Unknown).unwrap().to_bech32().unwrap();
    for (text, password) in [(&nsec, None), (&hex, None), (&sealed, Some("pw"))] {
        let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
        let client = open(home.path(), &keychain).await;
        let session = client.import_identity(import(text, password)).await.unwrap();
        assert_eq!(npub(&session), keys.public_key().to_bech32().unwrap());
    }
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    let preview = client.inspect_key(&sealed, None, 0).await.unwrap();
    assert_eq!((preview.kind, preview.npub), (KeyKind::Ncryptsec, None));
    assert_eq!(client.inspect_key(&sealed, Some("pw".into()), 0).await.unwrap().npub, keys.public_key().to_bech32().ok());
    assert_eq!(client.inspect_key(&nsec, None, 0).await.unwrap().kind, KeyKind::Nsec);
    let cases = [
        (nsec.chars().take(40).collect(), None, ErrorCode::InvalidKey),
        (keys.public_key().to_bech32().unwrap(), None, ErrorCode::InvalidKey),
        ("0".repeat(64), None, ErrorCode::InvalidKey),
        (sealed.clone(), None, ErrorCode::PasswordNeeded),
        (sealed, Some("wrong"), ErrorCode::WrongPassword),
    ];
    for (text, password, code) in cases {
        let error = client.import_identity(import(&text, password)).await.err().unwrap();
        assert_eq!(error.code, code);
        assert!(!error.message.contains(&text), "what was typed is not repeated");
    }
    assert!(contents(home.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_profiles_of_one_identity_have_an_item_each_and_both_open() {
    let keychain = MockKeychain::new();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hex = Keys::generate().secret_key().to_secret_hex();
    for home in [&first, &second] {
        let client = open(home.path(), &keychain).await;
        client.import_identity(import(&hex, None)).await.unwrap();
        client.close().await;
    }
    assert_eq!(keychain.len(), 2);
    for home in [&first, &second] {
        assert!(matches!(open(home.path(), &keychain).await.session(), Session::Ready { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_creation_left_is_cleared_away() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    fs::create_dir(home.path().join("account.new")).unwrap();
    fs::write(home.path().join("account.new/murmel.db"), b"half").unwrap();
    let client = open(home.path(), &keychain).await;
    assert_eq!(client.session(), Session::FirstRun { key_place: KeyPlace::Keychain });
    assert!(contents(home.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_in_no_file_in_any_form() {
    for passphrase in [None, Some("correct horse battery")] {
        let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
        let secret = SecretKey::generate();
        let client = open(home.path(), &keychain).await;
        let args = ImportIdentity { passphrase: passphrase.map(Into::into), ..import(&secret.to_bech32().unwrap(), None) };
        client.import_identity(args).await.unwrap();
        let hex = secret.to_secret_hex();
        let mut forms = vec![
            secret.as_secret_bytes().to_vec(),
            hex.clone().into_bytes(),
            hex.to_uppercase().into_bytes(),
            secret.to_bech32().unwrap().into_bytes(),
        ];
        forms.extend(passphrase.map(|text| text.as_bytes().to_vec()));
        for open in [true, false] {
            if !open {
                client.close().await;
            }
            let all = files(home.path());
            assert!(all.len() >= 3);
            for file in all {
                let bytes = fs::read(&file).unwrap();
                for form in &forms {
                    assert!(!bytes.windows(form.len()).any(|window| window == form), "{}", file.display());
                }
            }
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(&home.path().join("profile"), &keychain).await;
    let created = client.create_identity(new("", Some("p"))).await.unwrap();
    let all = files(&home.path().join("profile"));
    assert!(all.iter().any(|file| file.ends_with("murmel.db-wal")));
    for file in all {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }
    assert_eq!(fs::metadata(folder(&home.path().join("profile"), &created)).unwrap().permissions().mode() & 0o077, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_profile_stays_closed() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    client.create_identity(new("", None)).await.unwrap();
    client.close().await;
    client.close().await;
    assert_eq!(client.unlock(Unlock { passphrase: "".into() }).await.err().unwrap().code, ErrorCode::NoAccount);
    assert_eq!(client.create_identity(new("", None)).await.err().unwrap().code, ErrorCode::NoAccount);
    assert_eq!(client.groups().await.err().unwrap().code, ErrorCode::NoAccount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_falls_behind_is_dropped_and_can_subscribe_again() {
    let (home, keychain) = (tempfile::tempdir().unwrap(), MockKeychain::new());
    let client = open(home.path(), &keychain).await;
    client.create_identity(new("", None)).await.unwrap();
    let mut slow = client.subscribe().await.unwrap();
    for nth in 0..5_000 {
        client
            .set_settings(murmel_ipc::Settings {
                who_may_add_me: if nth % 2 == 0 { murmel_ipc::WhoMayAdd::Anyone } else { murmel_ipc::WhoMayAdd::Nobody },
            })
            .await
            .unwrap();
    }
    let mut last = slow.snapshot.seq;
    while let Some(event) = slow.events.recv().await {
        assert_eq!(event.seq, last + 1, "no gap before the end");
        last = event.seq;
    }
    let again = client.subscribe().await.unwrap();
    assert!(again.snapshot.seq > last);
    assert_eq!(again.snapshot.settings.who_may_add_me, murmel_ipc::WhoMayAdd::Nobody);
}

/// Runs [`with_the_systems_keychain`] in a D-Bus session of its own, with the keyring daemon of a desktop, unlocked.
#[test]
#[cfg(target_os = "linux")]
fn the_systems_keychain_keeps_the_key_of_an_account() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"
        printf 'pw\n' | gnome-keyring-daemon --unlock --components=secrets --daemonize >&2
        owned='--session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner'
        until dbus-send $owned string:org.freedesktop.secrets | grep -q true; do :; done
        "$0" --ignored --exact with_the_systems_keychain
        result=$?
        bus='--session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetConnectionUnixProcessID'
        set -- $(dbus-send $bus string:org.freedesktop.secrets)
        kill "$2"
        exit $result
    "#;
    let output = std::process::Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .env_remove("GNOME_KEYRING_CONTROL")
        .env_remove("SSH_AUTH_SOCK")
        .output()
        .expect("dbus-run-session and gnome-keyring-daemon are installed");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && words.contains("1 passed"), "{words}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the_systems_keychain_keeps_the_key_of_an_account, in a D-Bus session"]
async fn with_the_systems_keychain() {
    let home = tempfile::tempdir().unwrap();
    let client = Client::open(options(home.path(), KeychainChoice::System)).await.unwrap();
    assert_eq!(client.session(), Session::FirstRun { key_place: KeyPlace::Keychain });
    let created = client.create_identity(new("", None)).await.unwrap();
    client.close().await;
    let client = Client::open(options(home.path(), KeychainChoice::System)).await.unwrap();
    assert_eq!(client.session(), created);
}
