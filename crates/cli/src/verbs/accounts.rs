//! Owns the verbs of several accounts and of their keys: list, use, export, logout, passphrase, move, recovery.
//! Never prints a secret key that is not sealed.

use murmel_client::Agreed;
use murmel_ipc::{AccountState, ChangePassphrase, ErrorCode, KeyPlace, LogOutSummary, Recover, SecretText, Session};
use serde_json::json;
use zeroize::Zeroizing;

use super::Outcome;
use super::profile::{Open, secret};
use crate::answer::{Answer, Failure};
use crate::args::{Identity, Place, Recovery};

/// Runs one of the verbs. `typed` is what standard input or the environment gave it.
///
/// # Errors
/// Those of the client.
pub async fn run(open: &Open, verb: Identity, typed: Option<Zeroizing<String>>) -> Outcome {
    match (verb, typed) {
        (Identity::List, _) => list(open),
        (Identity::Use { who }, _) => {
            open.client.switch_account(&open.account_named(&who)?).await?;
            list(open)
        }
        (Identity::Export { out }, Some(password)) => export(open, out, password.into()).await,
        (Identity::Logout { yes, leave_groups }, _) => log_out(open, yes, leave_groups).await,
        (Identity::Passphrase, _) => {
            let args = ChangePassphrase { old: old_passphrase()?, new: new_passphrase()? };
            open.client.change_passphrase(args).await?;
            safety(open)
        }
        (Identity::Move { to }, _) => {
            let (to, passphrase) = match to {
                Place::Keychain => (KeyPlace::Keychain, secret("MURMEL_PASSPHRASE").map(Into::into)),
                Place::Vault => (KeyPlace::Vault, Some(new_passphrase()?)),
            };
            open.client.move_key(to, passphrase).await?;
            safety(open)
        }
        (Identity::Recovery(Recovery::New), _) => {
            let code = open.client.make_recovery_code(secret("MURMEL_PASSPHRASE").map(Into::into)).await?;
            Ok(Some(Answer::new(json!({ "recovery_code": &*code }), &*code)))
        }
        (Identity::Recovery(Recovery::Remove), _) => {
            open.client.remove_recovery_code().await?;
            safety(open)
        }
        (Identity::Recovery(Recovery::Open), Some(code)) => {
            let passphrase = secret("MURMEL_NEW_PASSPHRASE").or_else(|| secret("MURMEL_PASSPHRASE")).map(Into::into);
            open.client.recover(Recover { code: code.into(), passphrase }).await?;
            safety(open)
        }
        (Identity::LockAfter { minutes }, _) => {
            open.client.set_lock_after(minutes).await?;
            Ok(Some(Answer::new(json!({ "lock_after": minutes }), "")))
        }
        _ => Err(Failure::internal("This verb is another one's.")),
    }
}

fn list(open: &Open) -> Outcome {
    let shown = match open.client.session() {
        Session::Ready { account } => Some(account.npub),
        Session::Locked { npub, .. } | Session::KeyUnavailable { npub, .. } => Some(npub),
        Session::FirstRun { .. } => None,
    };
    let all = open.client.accounts();
    let accounts: Vec<_> = all
        .iter()
        .map(|entry| {
            let current = shown.as_deref() == Some(&entry.npub);
            json!({ "npub": entry.npub, "name": entry.name, "state": entry.state, "unread": entry.unread, "current": current })
        })
        .collect();
    let lines: Vec<String> = all
        .iter()
        .map(|entry| {
            let mark = if shown.as_deref() == Some(&entry.npub) { '*' } else { ' ' };
            let state = match entry.state {
                AccountState::Open => format!("{} unread", entry.unread),
                AccountState::Locked => "locked".to_owned(),
                AccountState::Unavailable => "cannot be opened".to_owned(),
                AccountState::Closed => "closed".to_owned(),
            };
            format!("{mark} {}  {}  {state}", entry.npub, entry.name)
        })
        .collect();
    Ok(Some(Answer::new(json!({ "accounts": accounts }), lines.join("\n"))))
}

async fn export(open: &Open, out: Option<std::path::PathBuf>, password: SecretText) -> Outcome {
    match out {
        Some(path) => {
            open.client.export_key_to(&path, password).await?;
            Ok(Some(Answer::new(json!({ "file": path }), format!("The sealed key is in {}.", path.display()))))
        }
        None => {
            let sealed = open.client.export_key(password).await?;
            Ok(Some(Answer::new(json!({ "ncryptsec": sealed }), sealed)))
        }
    }
}

async fn log_out(open: &Open, yes: bool, leave_groups: bool) -> Outcome {
    let summary = open.client.log_out_summary().await?;
    if !yes {
        let words = format!(
            "{} Without a backup of the key (`identity export`) nobody can use this identity again. Add --yes to do it.",
            deleted(&summary)
        );
        return Err(Failure::new(ErrorCode::InvalidInput, words));
    }
    let done = open.client.log_out(leave_groups, &Agreed).await?;
    let mut text = deleted(&summary);
    for group in &done.not_left {
        text.push_str(&format!("\nNot left: {}. {}", group.group, group.reason));
    }
    Ok(Some(Answer::new(json!({ "deleted": summary, "not_left": done.not_left }), text)))
}

fn deleted(summary: &LogOutSummary) -> String {
    let number = |count: Option<u32>| count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
    format!(
        "Logging out of {} deletes {} messages, {} groups with their keys, {} things that no relay has yet, and the secret key.",
        summary.npub,
        number(summary.messages),
        number(summary.groups),
        number(summary.unsent)
    )
}

fn safety(open: &Open) -> Outcome {
    let safety = open.client.key_safety()?;
    let place = match safety.key_place {
        KeyPlace::Keychain => "in the keychain of the system",
        KeyPlace::Vault => "in a file sealed by a passphrase",
    };
    let code = if safety.recovery { "There is a recovery code." } else { "There is no recovery code." };
    Ok(Some(Answer::new(json!({ "key_place": safety.key_place, "recovery": safety.recovery }), format!("The key is kept {place}. {code}"))))
}

fn old_passphrase() -> Result<SecretText, Failure> {
    let missing = || Failure::usage("Set MURMEL_PASSPHRASE to the passphrase that opens the vault now.");
    secret("MURMEL_PASSPHRASE").map(Into::into).ok_or_else(missing)
}

fn new_passphrase() -> Result<SecretText, Failure> {
    let missing = || Failure::usage("Set MURMEL_NEW_PASSPHRASE to the passphrase that opens the vault from now on.");
    secret("MURMEL_NEW_PASSPHRASE").map(Into::into).ok_or_else(missing)
}
