//! Whom a whole conversation speaks to: nobody but the relays that the person listed, whatever others put in front of them.
//!
//! It happens in a network namespace of its own, from which every packet goes to an interface on which a small program in C listens, so Linux only, with
//! `unshare` of util-linux and `ip` of iproute2. Root needs nothing more for it; anybody else needs a user namespace too, which some systems refuse.
//! There, and only for somebody who is not root, the test says why and passes without having seen anything.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

mod terminal_kit;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use murmel_sim::faulty_relay::FaultyRelay;
use nostr::nips::nip19::ToBech32 as _;
use nostr::{EventBuilder, Keys, Kind, Tag};
use terminal_kit::Terminal;

/// Says that this process is the one inside.
const INSIDE: &str = "MURMEL_NAMESPACE_INSIDE";
/// Where names are asked for in there; nobody answers.
const RESOLVER: &str = "10.99.0.1";
/// A name that is asked for on purpose, to see that asking is seen.
const CONTROL: &str = "control.example";
/// How often Bob looks for what was said to him.
const LOOKS: usize = 20;

/// An address beyond the computer, so that everything that leaves is routed, and a resolver that is asked over it.
const SCRIPT: &str = r#"
set -eu
ip link set lo up
ip address add 10.99.0.2/32 dev lo
ip route add default dev lo src 10.99.0.2
printf 'nameserver 10.99.0.1\noptions timeout:1 attempts:1\n' > "$FOLDER/resolv.conf"
mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf
"$FOLDER/sniff" > "$FOLDER/seen" &
sniffer=$!
trap "kill $sniffer" EXIT
until grep -q listening "$FOLDER/seen"; do kill -0 $sniffer; done
getent hosts control.example || true
"$TEST" --exact the_conversation_inside --nocapture --test-threads=1
"#;

/// A shell with mounts and a network that nobody else sees.
fn apart(root: bool, script: &str, folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net"]);
    if !root {
        command.arg("--map-root-user");
    }
    command.args(["sh", "-c", script]).env("FOLDER", folder).env("TEST", std::env::current_exe().unwrap()).stdin(Stdio::null());
    command
}

#[test]
fn a_whole_conversation_contacts_the_listed_relays_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().metadata().unwrap().uid() == 0;
    let probe = apart(root, "ip link set lo up", folder.path()).output().expect("unshare, of util-linux");
    if !probe.status.success() {
        let why = String::from_utf8_lossy(&probe.stderr);
        assert!(!root, "root may have no network namespace here, or `ip` of iproute2 is missing: {why}");
        eprintln!("not tested, since this system lets only root have a network namespace: {why}");
        return;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/namespace/sniff.c");
    let built = Command::new("cc").arg("-o").arg(folder.path().join("sniff")).arg(source).output().expect("a C compiler");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let output = apart(root, SCRIPT, folder.path()).env(INSIDE, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let listed: BTreeSet<String> = said.lines().filter_map(|line| line.strip_prefix("LISTED ")).map(str::to_owned).collect();
    let seen = std::fs::read_to_string(folder.path().join("seen")).unwrap();
    let contacted: BTreeSet<String> = seen.lines().skip(1).map(str::to_owned).collect();
    assert_eq!(listed.len(), 2, "{said}");
    assert!(listed.is_subset(&contacted), "not even the relays were seen: {contacted:?}");
    let asked: BTreeSet<String> = contacted.difference(&listed).cloned().collect();
    assert_eq!(asked, BTreeSet::from([format!("udp {RESOLVER} 53")]), "only {CONTROL} was asked for, and nobody else contacted");
    let questions = seen.lines().filter(|line| line.ends_with(" 53")).count();
    println!("{} connections to {listed:?}; {questions} questions, all of them for {CONTROL}", contacted.len());
    assert_eq!(questions, asked_on_purpose(&seen), "a name was asked for");
}

/// The questions before the first connection: those for [`CONTROL`].
fn asked_on_purpose(seen: &str) -> usize {
    seen.lines().skip(1).take_while(|line| line.starts_with("udp")).count()
}

/// The conversation; nothing where this process is not inside.
#[test]
fn the_conversation_inside() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (home, group) = runtime.block_on(async { (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap()) });
    for relay in [&home, &group] {
        let url = relay.url();
        println!("\nLISTED tcp {}", url.trim_start_matches("ws://").replace(':', " "));
    }
    let (alice, bob) = (Terminal::importing(&home.url()), Terminal::new("Bob", &home.url()));
    // What a person publishes is for everybody to see, and for nobody to follow.
    let profile = r#"{"name":"Alice","picture":"https://picture.example/a.png","banner":"https://banner.example/b.png",
        "website":"https://website.example","nip05":"alice@address.example","lud16":"alice@money.example"}"#;
    home.store(EventBuilder::new(Kind::Metadata, profile).sign_with_keys(&alice.1).unwrap());
    let follows = Tag::parse(["p", &alice.1.public_key().to_hex(), "wss://hint.example"]).unwrap();
    home.store(EventBuilder::new(Kind::ContactList, "").tag(follows).sign_with_keys(&alice.1).unwrap());
    let alice = alice.0;
    let id =
        alice.run(&["group", "new", "Baits", "--description", "https://description.example", &bob.npub])["id"].as_str().unwrap().to_owned();
    let request = bob.run(&["requests", "list"])["requests"][0]["id"].as_str().unwrap().to_owned();
    bob.run(&["requests", "accept", &request]);
    alice.run(&["group", "move", &id, &group.url()]);
    alice.run(&["group", "avatar", &id, "https://avatar.example/a.png"]);
    for text in
        ["https://link.example/page", "![](https://image.example/i.png)", "http://10.99.0.7/", "//192.0.2.7/share", "nostr:nprofile1"]
    {
        alice.run(&["send", &id, text]);
    }
    // Bob is up to date where one relay of the group answered; the one that it moved to may answer during a later look.
    let hears = |text: &str| bob.run(&["messages", &id])["messages"].as_array().unwrap().iter().any(|message| message["content"] == text);
    assert!((0..LOOKS).any(|_| hears("https://link.example/page")), "Bob never hears it");
    bob.run(&["group", "show", &id]);
    bob.run(&["group", "members", &id]);
    bob.run(&["search", "page"]);
    bob.run(&["reach", "check"]);
    bob.run(&["relays", "health"]);
    bob.run(&["sync"]);
}

impl Terminal {
    /// Somebody whose key the test has.
    fn importing(relay: &str) -> (Self, Keys) {
        let keys = Keys::generate();
        let mut terminal = Self::empty(relay);
        let identity = terminal.typed(&["identity", "import"], &keys.secret_key().to_bech32().unwrap());
        terminal.npub = identity["npub"].as_str().unwrap().to_owned();
        (terminal, keys)
    }
}
