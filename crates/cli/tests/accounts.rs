//! Several accounts at a terminal: which one is meant, and what is deleted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

const PASSPHRASE: (&str, &str) = ("MURMEL_PASSPHRASE", "a passphrase of the tests");

/// Runs a command on a profile; its exit code and what it answers.
fn run(home: &std::path::Path, env: &[(&str, &str)], words: &[&str], typed: &str) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_murmel-cli"));
    command.arg("--home").arg(home).args(["--json", "--offline", "--allow-loopback"]).env("MURMEL_RELAYS", "ws://127.0.0.1:9");
    command.envs(env.iter().copied()).args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    (output.status.code().unwrap(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON from {words:?}: {text}")))
}

fn done(home: &std::path::Path, words: &[&str]) -> Value {
    let (code, answer) = run(home, &[PASSPHRASE], words, "");
    assert_eq!(code, 0, "{words:?}: {answer}");
    answer["result"].clone()
}

fn refused(home: &std::path::Path, env: &[(&str, &str)], words: &[&str]) -> (String, String) {
    let (code, answer) = run(home, env, words, "");
    assert_eq!(code, 1, "{words:?}: {answer}");
    let text = |name: &str| answer["error"][name].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

#[test]
fn a_command_goes_to_the_account_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let anna = done(home, &["identity", "new", "--name", "Anna"])["npub"].as_str().unwrap().to_owned();
    let work = done(home, &["identity", "new", "--name", "Work"])["npub"].as_str().unwrap().to_owned();
    let list = done(home, &["identity", "list"])["accounts"].clone();
    assert_eq!((&list[0]["npub"], &list[0]["current"]), (&Value::from(anna.as_str()), &Value::from(false)));
    assert_eq!((&list[1]["name"], &list[1]["state"], &list[1]["current"]), (&"Work".into(), &"open".into(), &true.into()));

    assert_eq!(done(home, &["identity", "show"])["npub"], work.as_str());
    assert_eq!(done(home, &["--account", "Anna", "identity", "show"])["npub"], anna.as_str());
    assert_eq!(done(home, &["group", "new", "Lake", "--account", &anna[..12]])["members"].as_array().unwrap().len(), 1);
    assert_eq!(done(home, &["group", "list"])["groups"].as_array().unwrap().len(), 0, "the other account has none");
    assert_eq!(refused(home, &[PASSPHRASE], &["--account", "Nobody", "group", "list"]).0, "not_found");
    done(home, &["identity", "use", "Anna"]);
    assert_eq!(done(home, &["group", "list"])["groups"].as_array().unwrap().len(), 1);

    let (code, words) = refused(home, &[PASSPHRASE], &["identity", "logout"]);
    assert!(code == "invalid_input" && words.contains("1 groups") && words.contains("--yes"), "{words}");
    assert_eq!(done(home, &["identity", "logout", "--yes"])["deleted"]["groups"], 1);
    let left = done(home, &["identity", "list"])["accounts"].clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["npub"]), (1, &Value::from(work.as_str())));
}

#[test]
fn a_key_is_exported_and_recovered_at_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let npub = done(home, &["identity", "new"])["npub"].as_str().unwrap().to_owned();
    let (code, answer) = run(home, &[PASSPHRASE], &["identity", "export"], "a password\n");
    assert_eq!(code, 0, "{answer}");
    let sealed = answer["result"]["ncryptsec"].as_str().unwrap().to_owned();

    let recovery = done(home, &["identity", "recovery", "new"])["recovery_code"].as_str().unwrap().to_owned();
    let new = ("MURMEL_NEW_PASSPHRASE", "another one");
    let (code, _) = run(home, &[PASSPHRASE, new], &["identity", "passphrase"], "");
    assert_eq!(code, 0);
    assert_eq!(refused(home, &[PASSPHRASE], &["group", "list"]).0, "wrong_password");
    let (code, answer) = run(home, &[PASSPHRASE], &["identity", "recovery", "open"], &format!("{recovery}\n"));
    assert_eq!((code, &answer["result"]["key_place"]), (0, &"vault".into()), "{answer}");
    assert_eq!(done(home, &["identity", "show"])["npub"], npub.as_str());

    let other = tempfile::tempdir().unwrap();
    let (code, answer) = run(other.path(), &[PASSPHRASE], &["identity", "import"], &format!("{sealed}\na password\n"));
    assert_eq!((code, &answer["result"]["npub"]), (0, &npub.as_str().into()), "{answer}");
}
