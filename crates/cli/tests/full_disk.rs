//! A disk that fills up under an open conversation: a clear message, and nothing that was acknowledged is lost.
//!
//! The disk is a real one of four MiB (tmpfs) in a mount namespace of its own, so Linux only. Root needs nothing more for it; anybody else needs a
//! user namespace too, which some systems refuse. There, and only for somebody who is not root, the test says why and passes without having seen a
//! full disk.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::os::unix::fs::MetadataExt;
use std::path::Path;
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
# With the device named, mount takes over no other option: a uid among them would mean nobody in here.
mount -o remount,size=64M tmpfs "$DISK"
cli send Diary "Room again"
cli messages Diary --limit 5000
"#;

/// A shell that may mount what nobody else sees.
fn own_mounts(root: bool, script: &str, disk: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !root {
        command.arg("--map-root-user");
    }
    command.args(["sh", "-c", script]).env("DISK", disk).stdin(Stdio::null());
    command
}

#[test]
fn a_full_disk_is_named_and_loses_nothing_that_was_acknowledged() {
    let disk = tempfile::tempdir().expect("a folder");
    // Whoever made the folder is who runs this.
    let root = disk.path().metadata().expect("its owner").uid() == 0;
    let probe = own_mounts(root, r#"mount -t tmpfs tmpfs "$DISK""#, disk.path()).output().expect("unshare, of util-linux");
    if !probe.status.success() {
        let why = String::from_utf8_lossy(&probe.stderr);
        assert!(!root, "root may not mount here: {why}");
        eprintln!("not tested, since this system lets only root mount: {why}");
        return;
    }
    let output = own_mounts(root, SCRIPT, disk.path())
        .env("CLI", env!("CARGO_BIN_EXE_murmel-cli"))
        .env("MURMEL_PASSPHRASE", "a passphrase of the tests")
        .env_remove("MURMEL_RELAYS")
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
