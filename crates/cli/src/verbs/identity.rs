//! Owns the verbs of one account: new, import, show; those of several and of their keys are beside it.
//! Never prints a secret key.

use std::io::BufRead;

use murmel_client::Housekeeping;
use murmel_ipc::{ErrorCode, ImportIdentity, KeyPlace, NewIdentity, SecretText, StepState};
use serde_json::json;
use zeroize::Zeroizing;

use super::profile::{Open, secret};
use super::{Outcome, accounts};
use crate::answer::{Answer, Failure};
use crate::args::{Common, Identity, Recovery};

/// Longest line of a key or password, bytes.
const LINE_CAP: u64 = 4_096;

/// Runs one of the verbs.
///
/// # Errors
/// Those of the client.
pub async fn run(common: &Common, verb: Identity) -> Outcome {
    // Before the profile is locked: standard input may take its time.
    let secrets = match &verb {
        Identity::Import { .. } => Some(read_key()?),
        Identity::Export { .. } => Some(Key { key: read_secret("MURMEL_KEY_PASSWORD", "Password")?, password: None }),
        Identity::Recovery(Recovery::Open) => Some(Key { key: read_secret("", "Recovery code")?, password: None }),
        _ => None,
    };
    // A new account takes no notice of the others.
    let adds = matches!(verb, Identity::New { .. } | Identity::Import { .. });
    let open = if adds { Open::every(common).await? } else { Open::profile(common, Housekeeping::default()).await? };
    let outcome = match (verb, secrets) {
        (Identity::Import { index }, Some(key)) => import(&open, key, index).await,
        (Identity::New { name }, _) => new(&open, name).await,
        (Identity::Show, _) => show(&open).await,
        (verb, secrets) => accounts::run(&open, verb, secrets.map(|secrets| secrets.key)).await,
    };
    open.client.close().await;
    outcome
}

async fn new(open: &Open, name: String) -> Outcome {
    open.client.create_identity(NewIdentity { name, passphrase: passphrase() }).await.map_err(explained)?;
    open.catch_up().await?;
    show(open).await
}

async fn import(open: &Open, key: Key, index: u32) -> Outcome {
    let args = ImportIdentity {
        key: key.key.into(),
        password: key.password.map(Into::into),
        passphrase: passphrase(),
        account_index: Some(index),
    };
    open.client.import_identity(args).await.map_err(explained)?;
    open.catch_up().await?;
    show(open).await
}

async fn show(open: &Open) -> Outcome {
    let account = open.account()?;
    let person = open.client.inspect_person(&account.npub).await?;
    let relays = open.client.relays().await?;
    let setup = open.client.subscribe().await?.snapshot.setup;
    let published = !setup.is_empty() && setup.iter().all(|step| step.state == StepState::Done);
    let place = match account.key_place {
        KeyPlace::Keychain => "in the keychain of the system",
        KeyPlace::Vault => "in a file sealed by a passphrase",
    };
    let mut text = format!("{}\nThe key is kept {place}.\nRelays: {}", account.npub, relays.join(" "));
    if !published {
        text.push_str("\nThe set-up on the relays is not finished; the next `sync` goes on with it.");
    }
    if account.other_clients > 0 {
        text.push_str(&format!(
            "\n{} other apps use this identity. Their key packages were left alone; invitations go to the app that published last.",
            account.other_clients
        ));
    }
    let value = json!({
        "npub": account.npub,
        "pubkey": person.pubkey,
        "name": account.name,
        "key_place": account.key_place,
        "other_clients": account.other_clients,
        "relays": relays,
        "published": published,
        "setup": setup,
    });
    Ok(Some(Answer::new(value, text)))
}

fn passphrase() -> Option<SecretText> {
    secret("MURMEL_PASSPHRASE").map(Into::into)
}

/// Without a keychain the terminal's way out is the environment.
fn explained(error: murmel_client::Error) -> Failure {
    match error.code {
        ErrorCode::KeychainMissing => {
            let words = "This computer has no keychain. Set MURMEL_PASSPHRASE to a passphrase that seals the keys in a file.";
            Failure::new(error.code, words)
        }
        ErrorCode::PasswordNeeded => {
            let words = "This key is sealed by a password. Give it on the second line, or in MURMEL_KEY_PASSWORD.";
            Failure::new(error.code, words)
        }
        _ => error.into(),
    }
}

struct Key {
    key: Zeroizing<String>,
    password: Option<Zeroizing<String>>,
}

fn read_key() -> Result<Key, Failure> {
    use std::io::{IsTerminal, Read};
    if std::io::stdin().is_terminal() {
        let key = rpassword::prompt_password("Key (not shown): ").map(Zeroizing::new).map_err(|error| unreadable(&error))?;
        let password = match secret("MURMEL_KEY_PASSWORD") {
            None if key.trim().starts_with("ncryptsec") => {
                Some(rpassword::prompt_password("Password (not shown): ").map(Zeroizing::new).map_err(|error| unreadable(&error))?)
            }
            password => password,
        };
        return Ok(Key { key, password });
    }
    let mut input = std::io::stdin().lock().take(2 * LINE_CAP);
    let key = read_line(&mut input)?;
    if key.is_empty() {
        return Err(Failure::new(ErrorCode::InvalidKey, "No key was given. Write it to standard input, on the first line."));
    }
    let password = match secret("MURMEL_KEY_PASSWORD") {
        None if key.starts_with("ncryptsec") => Some(read_line(&mut input)?).filter(|line| !line.is_empty()),
        password => password,
    };
    Ok(Key { key, password })
}

/// A secret from the environment, or from the first line of standard input.
fn read_secret(variable: &str, what: &str) -> Result<Zeroizing<String>, Failure> {
    use std::io::{IsTerminal, Read};
    if let Some(text) = secret(variable) {
        return Ok(text);
    }
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{what} (not shown): ")).map(Zeroizing::new).map_err(|error| unreadable(&error));
    }
    read_line(&mut std::io::stdin().lock().take(LINE_CAP))
}

fn read_line(input: &mut impl BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    input.read_line(&mut line).map_err(|error| unreadable(&error))?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).trim().to_owned()))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(ErrorCode::InvalidInput, format!("The key cannot be read from standard input: {error}"))
}
