//! A disk that fills up under an open conversation: a clear message, and nothing that was acknowledged is lost.
//!
//! The disk is a real one of four MiB (tmpfs) in a mount namespace of its own, so Linux only.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::{Command, Stdio};

use serde_json::Value;

/// Sends until it fails, makes room, sends once more, and lists what is there. Every answer is one line.
const SCRIPT: &str = r#"
set -eu
mount -t tmpfs -o size=4M,mode=0700 tmpfs "$DISK"
cli() { "$CLI" --home "$DISK/home" --json --offline "$@" || true; }
cli identity new --name Ada
cli group new Diary
text=$(head -c 20000 /dev/zero | tr '\0' x)
n=0
while [ $n -lt 1000 ]; do
  n=$((n + 1))
  answer=$(cli send Diary "$n $text")
  printf '%s\n' "$answer"
  case $answer in *'"ok":false'*) break ;; esac
done
mount -o remount,size=64M "$DISK"
cli send Diary "Room again"
cli messages Diary --limit 5000
"#;

#[test]
fn a_full_disk_is_named_and_loses_nothing_that_was_acknowledged() {
    let disk = tempfile::tempdir().expect("a folder");
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", SCRIPT])
        .env("DISK", disk.path())
        .env("CLI", env!("CARGO_BIN_EXE_murmel-cli"))
        .env("MURMEL_PASSPHRASE", "a passphrase of the tests")
        .env_remove("MURMEL_RELAYS")
        .stdin(Stdio::null())
        .output()
        .expect("unshare, of util-linux");
    let words = String::from_utf8_lossy(&output.stderr);
    let answers: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect();
    assert!(output.status.success(), "{words} {answers:?}");

    let [messages, again, refused, kept @ ..] = &*answers.iter().rev().collect::<Vec<_>>() else { panic!("too little was said: {words}") };
    assert_eq!((&refused["ok"], &refused["error"]["code"]), (&Value::Bool(false), &Value::from("disk_full")), "{refused}");
    assert_eq!(again["ok"], true, "{again}");
    // The first two answers are those of the identity and of the group.
    let mut acknowledged: Vec<_> = kept.iter().rev().skip(2).map(|answer| answer["result"]["content"].clone()).collect();
    assert!(acknowledged.len() > 3, "the disk was full too soon");
    acknowledged.push(Value::from("Room again"));
    let listed = messages["result"]["messages"].as_array().expect("messages").iter().map(|message| message["content"].clone());
    assert_eq!(listed.collect::<Vec<_>>(), acknowledged);
}
