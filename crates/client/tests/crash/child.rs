//! The process that crashes: how it is started, what it does, and what it says while it can.
//! It says what it was told is done, in one line each; whatever it did not say, nobody may rely on.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use murmel_client::{Client, Keychain as _, KeychainChoice, MockKeychain, Options};
use murmel_ipc as ipc;
use serde::{Deserialize, Serialize};

use crate::common;

const ORDER: &str = "MURMEL_CRASH_CHILD";
const TEXTS: u64 = 2;

/// What the child does after it has opened its profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Script {
    /// Sends texts and waits until they are on the relay.
    Send,
    /// Waits for what was said to it.
    Receive,
    /// Renames the group.
    Commit,
    /// All of it.
    All,
    /// Finishes what is open, and says what there is.
    Rest,
}

/// What a child is told.
#[derive(Serialize, Deserialize)]
pub struct Order {
    pub home: PathBuf,
    pub npub: String,
    pub item: String,
    pub relay: String,
    pub chat: String,
    pub point: Option<String>,
    pub nth: usize,
    pub round: u64,
    pub script: Script,
    pub expected: Vec<String>,
}

/// What became of a child.
#[derive(Default)]
pub struct Outcome {
    pub crashed: bool,
    pub ended_well: bool,
    pub told: Vec<String>,
    pub timeline: Vec<String>,
    pub name: String,
    pub opened_after: Duration,
    pub output: String,
}

/// A test of a harness that fails ends with this.
const FAILED: i32 = 101;

/// Whether a child was killed, or killed itself: by a signal, or where there are none, with an exit code that no test has.
fn crashed(status: ExitStatus) -> bool {
    match status.code() {
        None => true,
        Some(code) => cfg!(windows) && code != 0 && code != FAILED,
    }
}

/// The texts of a round.
pub fn texts(round: u64) -> impl Iterator<Item = String> {
    (0..TEXTS).map(move |n| format!("Alice {round}.{n}"))
}

/// The name that the group gets in a round.
pub fn name(round: u64) -> String {
    format!("Round {round}")
}

/// Runs a child to its end, or kills it after a while.
pub async fn run(order: Order, kill_after: Option<Duration>) -> Outcome {
    tokio::task::spawn_blocking(move || run_here(&order, kill_after)).await.unwrap()
}

fn run_here(order: &Order, kill_after: Option<Duration>) -> Outcome {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_does_what_it_is_told", "--nocapture", "--test-threads=1"])
        .env(ORDER, serde_json::to_string(order).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(after) = kill_after {
        // The time of the kill is what is tested here; nothing is waited for.
        std::thread::sleep(after);
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let mut outcome = Outcome { ended_well: output.status.success(), crashed: crashed(output.status), ..Outcome::default() };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match line.split_once('\t') {
            Some(("TOLD", text)) => outcome.told.push(text.to_owned()),
            Some(("TEXT", text)) => outcome.timeline.push(text.to_owned()),
            Some(("NAME", name)) => name.clone_into(&mut outcome.name),
            Some(("OPEN", micros)) => outcome.opened_after = Duration::from_micros(micros.parse().unwrap()),
            _ => {}
        }
    }
    outcome.output =
        format!("{:?} {}\n{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    outcome
}

fn tell(what: &str, value: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{what}\t{value}").unwrap();
    out.flush().unwrap();
}

/// Does what the environment says, where this process is a child.
pub fn main() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let order: Order = serde_json::from_str(&order).unwrap();
    if let Some(point) = order.point.clone() {
        let (nth, reached) = (order.nth, std::sync::atomic::AtomicUsize::new(0));
        murmel_store::crash::arm(Box::new(move |name| {
            if name == point && reached.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == nth {
                std::process::abort();
            }
        }));
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap().block_on(live(order));
}

async fn live(order: Order) {
    let keychain = MockKeychain::new();
    keychain.write(&order.npub, &hex::decode(&order.item).unwrap()).unwrap();
    let mut options = Options::new(&order.home);
    options.keychain = KeychainChoice::Mock(keychain);
    options.default_relays = vec![order.relay.clone()];
    options.allow_loopback = true;
    let before = Instant::now();
    let client = Client::open(options).await.unwrap();
    tell("OPEN", &before.elapsed().as_micros().to_string());
    let script = order.script;
    if matches!(script, Script::Send | Script::All) {
        for text in texts(order.round) {
            client.send(ipc::SendMessage { chat: order.chat.clone(), text: text.clone(), reply_to: None }).await.unwrap();
            tell("TOLD", &text);
        }
    }
    if matches!(script, Script::Commit | Script::All) {
        client.rename(&order.chat, &name(order.round)).await.unwrap();
    }
    client.settle(common::DEADLINE).await.unwrap();
    if matches!(script, Script::Receive | Script::All | Script::Rest) {
        hear(&client, &order).await;
    }
    if script == Script::Rest {
        for text in common::messages(&client, &order.chat).await.iter().filter_map(common::text_of) {
            tell("TEXT", &text);
        }
        tell("NAME", &client.group(&order.chat).await.unwrap().name);
    }
    client.close().await;
}

/// Waits until everything that was said is in the chat.
async fn hear(client: &Client, order: &Order) {
    let waiting = async {
        let mut subscription = client.subscribe().await.unwrap();
        loop {
            let there: BTreeSet<String> = common::messages(client, &order.chat).await.iter().filter_map(common::text_of).collect();
            if order.expected.iter().all(|text| there.contains(text)) {
                return;
            }
            if subscription.events.recv().await.is_none() {
                subscription = client.subscribe().await.unwrap();
            }
        }
    };
    tokio::time::timeout(common::DEADLINE, waiting).await.expect("what was said arrives");
}
