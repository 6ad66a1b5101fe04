//! A person at a terminal: a profile of its own, one-shot commands, and a listener that stays.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::mpsc::UnboundedSender;

/// Seals the keys of every profile here.
pub const PASSPHRASE: &str = "a passphrase of the tests";

/// A profile, and the relay it uses.
pub struct Terminal {
    pub npub: String,
    home: TempDir,
    relay: String,
    /// What every command logs, where it does.
    log: Option<Arc<NamedTempFile>>,
}

impl Terminal {
    /// Creates an identity.
    pub fn new(name: &str, relay: &str) -> Self {
        Self::begin(name, relay, None)
    }

    /// Creates an identity; every command logs all that it can.
    pub fn logging(name: &str, relay: &str) -> Self {
        Self::begin(name, relay, Some(Arc::new(NamedTempFile::new().expect("a file"))))
    }

    /// A profile without an identity.
    pub fn empty(relay: &str) -> Self {
        Self { npub: String::new(), home: tempfile::tempdir().expect("a folder"), relay: relay.to_owned(), log: None }
    }

    /// Another profile on the same relay and with the same log, without an identity.
    pub fn beside(other: &Self) -> Self {
        Self { npub: String::new(), home: tempfile::tempdir().expect("a folder"), relay: other.relay.clone(), log: other.log.clone() }
    }

    fn begin(name: &str, relay: &str, log: Option<Arc<NamedTempFile>>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut terminal = Self { npub: String::new(), home, relay: relay.to_owned(), log };
        terminal.npub = terminal.run(&["identity", "new", "--name", name])["npub"].as_str().expect("an npub").to_owned();
        terminal
    }

    /// The folder of the profile.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Everything that was logged.
    pub fn log(&self) -> String {
        self.log.as_ref().map_or_else(String::new, |log| std::fs::read_to_string(log.path()).expect("the log"))
    }

    /// Runs a command that has to succeed; what it answers.
    pub fn run(&self, words: &[&str]) -> Value {
        self.typed(words, "")
    }

    /// Runs a command that has to succeed, with something on its standard input; what it answers.
    pub fn typed(&self, words: &[&str], input: &str) -> Value {
        let mut child = self.command().args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("its input");
        let output = child.wait_with_output().expect("the program");
        let text = String::from_utf8_lossy(&output.stdout);
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON from {words:?}: {text}"));
        assert_eq!((output.status.code(), &answer["ok"]), (Some(0), &Value::Bool(true)), "{words:?}: {answer}");
        answer["result"].clone()
    }

    /// Starts `listen --stdin`; its lines go to `lines` under `tag`.
    pub fn listen(&self, tag: usize, lines: UnboundedSender<(usize, Value)>) -> Listener {
        let mut child =
            self.command().args(["listen", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let output = child.stdout.take().expect("its output");
        let input = child.stdin.take().expect("its input");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
                if lines.send((tag, value)).is_err() {
                    return;
                }
            }
        });
        Listener { child, input }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_murmel-cli"));
        command.arg("--home").arg(self.home.path()).args(["--json", "--relay", &self.relay, "--relay-timeout", "1"]);
        command.env("MURMEL_PASSPHRASE", PASSPHRASE);
        if let Some(log) = &self.log {
            command.env("MURMEL_LOG", "trace").stderr(File::options().append(true).open(log.path()).expect("the log"));
        }
        command
    }
}

/// A program that listens until it is dropped; then it is killed without a warning.
pub struct Listener {
    child: Child,
    input: ChildStdin,
}

impl Listener {
    /// Writes one line to its standard input.
    pub fn write(&mut self, value: &Value) {
        writeln!(self.input, "{value}").expect("its input");
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
