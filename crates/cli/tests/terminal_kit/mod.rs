//! A person at a terminal: a profile of its own, one-shot commands, and a listener that stays.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedSender;

/// A profile, and the relay it uses.
pub struct Terminal {
    pub npub: String,
    home: TempDir,
    relay: String,
}

impl Terminal {
    /// Creates an identity.
    pub fn new(name: &str, relay: &str) -> Self {
        let mut terminal = Self { npub: String::new(), home: tempfile::tempdir().expect("a folder"), relay: relay.to_owned() };
        terminal.npub = terminal.run(&["identity", "new", "--name", name])["npub"].as_str().expect("an npub").to_owned();
        terminal
    }

    /// Runs a command that has to succeed; what it answers.
    pub fn run(&self, words: &[&str]) -> Value {
        let output = self.command().args(words).stdin(Stdio::null()).output().expect("the program");
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
        command.env("MURMEL_PASSPHRASE", "a passphrase of the tests");
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
