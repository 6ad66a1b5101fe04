//! What is shown by whole programs: `murmel-cli.exe` under Wine keeps its keys the Windows way, and talks with `murmel-cli` on Linux.
//! Never looks into a profile.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::tree::Tree;
use crate::house::House;
use crate::say;

/// Somebody at a terminal, on one system or the other.
struct Person<'t> {
    name: &'static str,
    program: Box<dyn Fn() -> Command + 't>,
    relay: String,
}

impl Person<'_> {
    /// Runs a command that has to succeed; what it answers.
    fn run(&self, words: &[&str]) -> anyhow::Result<Value> {
        let mut command = (self.program)();
        command.args(["--json", "--relay", &self.relay]).args(words).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().with_context(|| format!("{} cannot run murmel-cli", self.name))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let answer: Value = serde_json::from_str(text.trim()).with_context(|| format!("{}: {words:?} printed {text:?}", self.name))?;
        ensure!(answer.get("ok") == Some(&Value::Bool(true)), "{}: {words:?}: {answer}", self.name);
        say::line(&format!("{}: {}", self.name, words.join(" ")));
        Ok(answer.get("result").cloned().unwrap_or_default())
    }

    fn word(&self, words: &[&str], field: &str) -> anyhow::Result<String> {
        let answer = self.run(words)?;
        let text = answer.pointer(field).and_then(Value::as_str);
        text.map(str::to_owned).with_context(|| format!("{}: no {field} in {answer}", self.name))
    }

    /// What was written in a group, oldest first.
    fn texts(&self, group: &str) -> anyhow::Result<Vec<String>> {
        let answer = self.run(&["messages", group])?;
        let messages = answer.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let written = messages.iter().filter(|message| message.get("kind") == Some(&9.into()));
        Ok(written.filter_map(|message| message.get("content")?.as_str().map(str::to_owned)).collect())
    }
}

/// A relay on this computer, which ends with its value.
struct Relay {
    child: Child,
    url: String,
}

impl Relay {
    fn serve(house: &House) -> anyhow::Result<Self> {
        let mut command = Command::new(house.built("murmel-cli", false));
        let mut child = command.args(["--json", "relay", "serve", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().context("the relay")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("what the relay says")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("what the relay says")?;
        let url = said.pointer("/result/url").and_then(Value::as_str).context("the address of the relay")?.to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A new identity without a passphrase lies in the Credential Manager, and is found there by the next process.
pub fn keys(tree: &Tree) -> anyhow::Result<()> {
    let home = fresh("keys");
    let anna = Person {
        name: "Anna (Windows)",
        program: Box::new(|| with_home(tree.built("murmel-cli", &[]), &home)),
        // Nobody is asked: a port on which nobody listens.
        relay: "ws://127.0.0.1:9".to_owned(),
    };
    let made = anna.run(&["--timeout", "1", "identity", "new", "--name", "Anna"])?;
    let shown = anna.run(&["identity", "show", "--offline"])?;
    ensure!(made.get("npub") == shown.get("npub"), "another identity was found: {made} and {shown}");
    let npub = made.get("npub").and_then(Value::as_str).context("an identity without an npub")?;
    ensure!(tree.credentials()?.contains(npub), "the Credential Manager has no key of {npub}");
    Ok(())
}

/// A group of somebody on Linux and somebody on Windows.
pub fn talk(house: &House, tree: &Tree) -> anyhow::Result<()> {
    let relay = Relay::serve(house)?;
    let folder = tempfile::tempdir()?;
    let (here, there) = (folder.path().display().to_string(), fresh("talk"));
    let anna = Person {
        name: "Anna (Linux)",
        program: Box::new(|| {
            let mut command = with_home(Command::new(house.built("murmel-cli", false)), &here);
            command.env("MURMEL_PASSPHRASE", PASSPHRASE);
            command
        }),
        relay: relay.url.clone(),
    };
    let sealed = format!("MURMEL_PASSPHRASE={PASSPHRASE}");
    let bea = Person {
        name: "Bea (Windows)",
        program: Box::new(|| with_home(tree.built("murmel-cli", &[&sealed]), &there)),
        relay: relay.url.clone(),
    };
    anna.run(&["identity", "new", "--name", "Anna"])?;
    let npub = bea.word(&["identity", "new", "--name", "Bea"], "/npub")?;
    let group = anna.word(&["group", "new", "Marbles", &npub], "/id")?;
    let request = bea.word(&["requests", "list"], "/requests/0/id")?;
    ensure!(bea.word(&["requests", "accept", &request], "/id")? == group, "Bea is in another group");
    let mut written = Vec::new();
    for (person, text) in [(&anna, "Hello from Linux"), (&bea, "Hello from Windows"), (&anna, "Grüße, 你好, 🙂")] {
        person.run(&["send", &group, text])?;
        written.push(text.to_owned());
    }
    bea.run(&["sync"])?;
    anna.run(&["group", "rename", &group, "Glass marbles"])?;
    ensure!(bea.word(&["group", "show", &group], "/name")? == "Glass marbles", "Bea does not see the new name");
    for person in [&anna, &bea] {
        let seen = person.texts(&group)?;
        ensure!(seen == written, "{} sees {seen:?} and not {written:?}", person.name);
    }
    Ok(())
}

const PASSPHRASE: &str = "a passphrase of the tests";

/// A folder inside the tree that no earlier run has used, as Wine names it.
fn fresh(name: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_nanos());
    format!("Z:\\home\\{name}-{now}")
}

fn with_home(mut command: Command, home: &str) -> Command {
    command.args(["--home", home]);
    command
}
