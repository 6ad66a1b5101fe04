//! The program itself, as scripts use it: processes, an embedded relay, JSON.
//! Never looks behind the command line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

struct Relay {
    child: Child,
    url: String,
}

impl Relay {
    fn serve() -> Relay {
        let mut child = program().args(["--json", "relay", "serve", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Relay { child, url: said["result"]["url"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody at a terminal, with a profile whose keys a passphrase seals.
struct Person {
    home: TempDir,
    relay: String,
}

impl Person {
    fn stranger(relay: &str) -> Person {
        Person { home: tempfile::tempdir().unwrap(), relay: relay.to_owned() }
    }

    fn new(relay: &Relay, name: &str) -> Person {
        let person = Person::stranger(&relay.url);
        let shown = person.well(&["identity", "new", "--name", name]);
        assert_eq!(shown["published"], true, "{shown}");
        person
    }

    fn npub(&self) -> String {
        self.well(&["identity", "show", "--offline"])["npub"].as_str().unwrap().to_owned()
    }

    fn command(&self) -> Command {
        let mut command = program();
        command.arg("--home").arg(self.home.path()).args(["--json", "--relay", &self.relay]);
        command.env("MURMEL_PASSPHRASE", "a passphrase of the tests");
        command
    }

    /// Exit code and the one JSON object.
    fn says(&self, words: &[&str], input: &str) -> (i32, Value) {
        let mut child = self.command().args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{words:?} printed {text:?}");
        (output.status.code().unwrap(), serde_json::from_str(&text).unwrap())
    }

    fn well(&self, words: &[&str]) -> Value {
        let (code, said) = self.says(words, "");
        assert_eq!((code, &said["ok"]), (0, &Value::Bool(true)), "{words:?}: {said}");
        said["result"].clone()
    }

    fn badly(&self, words: &[&str], input: &str) -> (i32, String) {
        let (code, said) = self.says(words, input);
        assert_eq!(said["ok"], false, "{words:?}: {said}");
        assert!(!said["error"]["message"].as_str().unwrap().is_empty());
        (code, said["error"]["code"].as_str().unwrap().to_owned())
    }

    fn joins(&self) -> String {
        let requests = self.well(&["requests", "list"]);
        let id = requests["requests"][0]["id"].as_str().unwrap_or_else(|| panic!("no invitation: {requests}")).to_owned();
        self.well(&["requests", "accept", &id])["id"].as_str().unwrap().to_owned()
    }

    fn texts(&self, group: &str) -> Vec<String> {
        let messages = self.well(&["messages", group]);
        let texts = messages["messages"].as_array().unwrap().iter().filter(|message| message["kind"] == 9);
        texts.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_murmel-cli"));
    for name in ["MURMEL_HOME", "MURMEL_RELAYS", "MURMEL_PASSPHRASE", "MURMEL_KEY_PASSWORD", "MURMEL_ALLOW_LOOPBACK"] {
        command.env_remove(name);
    }
    command
}

#[test]
fn three_people_chat_from_terminals() {
    let relay = Relay::serve();
    let (anna, bea, carl) = (Person::new(&relay, "Anna"), Person::new(&relay, "Bea"), Person::new(&relay, "Carl"));
    let made = anna.well(&["group", "new", "Marbles", &bea.npub()]);
    assert_eq!(made["not_invited"], serde_json::json!([]));
    let group = made["id"].as_str().unwrap().to_owned();
    assert_eq!(bea.joins(), group);

    let sent = anna.well(&["send", &group, "Hello, Bea"]);
    assert_eq!((&sent["state"], &sent["accepted"], &sent["of"]), (&"sent".into(), &1.into(), &1.into()), "{sent}");
    assert_eq!(bea.texts(&group), ["Hello, Bea"]);
    let answer = bea.well(&["send", "Marbles", "Hello, Anna", "--reply", sent["id"].as_str().unwrap()]);
    assert!(answer["tags"].to_string().contains(sent["id"].as_str().unwrap()), "{answer}");
    assert_eq!(anna.texts(&group), ["Hello, Bea", "Hello, Anna"]);

    anna.well(&["group", "invite", &group, &carl.npub()]);
    assert_eq!(carl.joins(), group);
    carl.well(&["send", &group, "And me"]);
    assert_eq!(anna.texts(&group), ["Hello, Bea", "Hello, Anna", "And me"]);
    assert_eq!(bea.texts(&group), ["Hello, Bea", "Hello, Anna", "And me"]);
    assert_eq!(carl.texts(&group), ["And me"]);

    let before = anna.well(&["group", "rename", &group, "Glass marbles"]);
    let after = anna.well(&["group", "remove", "Glass marbles", &carl.npub()]);
    assert!(after["epoch"].as_u64() > before["epoch"].as_u64());
    assert_eq!(after["members"].as_array().unwrap().len(), 2);
    assert_eq!(carl.well(&["group", "list"])["groups"][0]["state"], "removed");
    assert_eq!(bea.well(&["group", "show", &group])["name"], "Glass marbles");
    assert_eq!(bea.badly(&["group", "rename", &group, "Mine"], ""), (1, "not_admin".to_owned()));
    assert_eq!(anna.badly(&["group", "leave", &group], ""), (1, "last_admin".to_owned()));
}

#[test]
fn messages_are_answered_reacted_to_edited_and_deleted() {
    let relay = Relay::serve();
    let (anna, bea) = (Person::new(&relay, "Anna"), Person::new(&relay, "Bea"));
    let group = anna.well(&["group", "new", "Marbles", &bea.npub()])["id"].as_str().unwrap().to_owned();
    bea.joins();
    let first = anna.well(&["send", &group, "Helo"])["id"].as_str().unwrap().to_owned();
    let edited = anna.well(&["edit", &group, &first, "Hello"]);
    assert_eq!((&edited["text"], &edited["edited"]), (&"Hello".into(), &true.into()), "{edited}");
    assert_eq!(
        edited["history"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect::<Vec<_>>(),
        ["Helo", "Hello"]
    );
    let seen = bea.well(&["react", &group, &first, "🙂"]);
    assert_eq!(
        (&seen["text"], &seen["reactions"][0]["emoji"], &seen["reactions"][0]["people"][0]),
        (&"Hello".into(), &"🙂".into(), &"You".into())
    );
    assert_eq!(anna.well(&["message", &group, &first])["reactions"][0]["count"], 1);
    assert_eq!(bea.well(&["react", &group, &first, "🙂", "--remove"])["reactions"], serde_json::json!([]));
    let reply = bea.well(&["reply", &group, &first, &format!("Yes, nostr:{}?", anna.npub())]);
    let reply = anna.well(&["message", &group, reply["id"].as_str().unwrap()]);
    assert_eq!((&reply["quote"], &reply["mentions"][0]["is_me"]), (&"Hello".into(), &true.into()), "{reply}");
    assert_eq!(bea.badly(&["edit", &group, &first, "Mine"], ""), (1, "invalid_input".to_owned()));
    assert_eq!(bea.badly(&["delete", &group, &first], ""), (1, "not_admin".to_owned()));
    let gone = anna.well(&["delete", &group, &first]);
    assert_eq!((&gone["deleted"], &gone["text"], &gone["history"]), (&true.into(), &"".into(), &serde_json::json!([])));
    assert_eq!(bea.well(&["message", &group, &first])["deleted"], true);
    assert_eq!(bea.badly(&["message", &group, &"0".repeat(64)], ""), (1, "not_found".to_owned()));
}

#[test]
fn a_group_is_changed_and_ended_from_terminals() {
    let relay = Relay::serve();
    let (anna, bea) = (Person::new(&relay, "Anna"), Person::new(&relay, "Bea"));
    let group = anna.well(&["group", "new", "Marbles", &bea.npub()])["id"].as_str().unwrap().to_owned();
    let members = anna.well(&["group", "members", &group]);
    let invitation = |npub: &str| {
        let all = members["members"].as_array().unwrap();
        all.iter().find(|member| member["npub"] == npub).unwrap()["invitation"].clone()
    };
    assert_eq!(invitation(&bea.npub()), serde_json::json!({ "state": "sent", "accepted": 1, "relays": 1 }));
    assert_eq!(invitation(&anna.npub()), Value::Null);
    bea.joins();
    assert_eq!(anna.well(&["group", "retention", &group, "86400"])["retention"], 86_400);
    let url = "https://pictures.example/m.png";
    assert_eq!(anna.well(&["group", "avatar", &group, url])["avatar"], url);
    assert_eq!(anna.badly(&["group", "avatar", &group, "http://pictures.example/m.png"], ""), (1, "invalid_input".to_owned()));
    assert_eq!(anna.well(&["group", "avatar", &group])["avatar"], Value::Null);
    let image = format!(
        "{{\"hash\":\"{0}\",\"key\":\"{0}\",\"nonce\":\"{1}\",\"upload_key\":\"{0}\",\"media_type\":\"image/png\"}}\n",
        "11".repeat(32),
        "22".repeat(12)
    );
    assert_eq!(anna.says(&["group", "image", &group], &image).0, 0);
    assert_eq!(anna.badly(&["group", "image", &group], "{}\n"), (1, "invalid_input".to_owned()));
    assert_eq!(anna.badly(&["group", "upgrade", &group], ""), (1, "invalid_input".to_owned()));
    let other = Relay::serve();
    assert_eq!(anna.well(&["group", "move", &group, &other.url, "--new-tag"])["relays"], serde_json::json!([other.url]));
    anna.well(&["send", &group, "Over here"]);
    assert_eq!(bea.texts(&group), ["Over here"]);
    assert_eq!(anna.badly(&["group", "end", &group], ""), (2, "usage".to_owned()));
    assert_eq!(anna.well(&["group", "end", &group, "--yes"])["state"], "ended");
    assert_eq!(bea.well(&["group", "show", &group])["state"], "ended");
    assert_eq!(bea.badly(&["send", &group, "?"], ""), (1, "group_inactive".to_owned()));
}

#[test]
fn bad_input_is_answered_in_words() {
    let relay = Relay::serve();
    let anna = Person::stranger(&relay.url);
    assert_eq!(anna.badly(&["group", "list"], ""), (1, "no_account".to_owned()));
    assert_eq!(anna.badly(&["identity", "import"], "nsec1nonsense\n"), (1, "invalid_key".to_owned()));
    assert_eq!(anna.badly(&["identity", "import"], ""), (1, "invalid_key".to_owned()));
    assert_eq!(anna.badly(&["group", "paint"], ""), (2, "usage".to_owned()));
    anna.well(&["identity", "new"]);
    anna.well(&["identity", "new", "--name", "Second"]);
    assert_eq!(anna.badly(&["send", "nowhere", "text"], ""), (1, "not_found".to_owned()));
    let nobody = "npub1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
    let group = anna.well(&["group", "new", "Alone"])["id"].as_str().unwrap().to_owned();
    assert_eq!(anna.badly(&["group", "invite", &group, nobody], "").0, 1);
}

#[test]
fn without_a_network_the_work_is_kept_for_later() {
    // A port that was free a moment ago and on which nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let anna = Person::stranger(&format!("ws://{address}"));
    let shown = anna.well(&["--timeout", "2", "identity", "new"]);
    assert_eq!(shown["published"], false);
    assert_eq!(anna.badly(&["--timeout", "2", "sync"], ""), (3, "offline".to_owned()));
    let _relay = Relay { child: program().args(["relay", "serve", &address]).stdout(Stdio::null()).spawn().unwrap(), url: String::new() };
    anna.well(&["--timeout", "60", "sync"]);
    assert_eq!(anna.well(&["identity", "show", "--offline"])["published"], true);
}

#[test]
fn a_profile_has_one_owner_and_listening_hears_what_comes() {
    let relay = Relay::serve();
    let (anna, bea) = (Person::new(&relay, "Anna"), Person::new(&relay, "Bea"));
    let group = anna.well(&["group", "new", "Marbles", &bea.npub()])["id"].as_str().unwrap().to_owned();
    bea.joins();
    let mut ear = bea.command().args(["listen", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(ear.stdout.take().unwrap()).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    assert_eq!(lines.next().unwrap()["type"], "ready");
    assert_eq!(bea.badly(&["group", "list"], ""), (1, "already_running".to_owned()));

    anna.well(&["send", &group, "Do you hear me?"]);
    let heard = lines.find(|line| line["type"] == "message").unwrap();
    assert_eq!((&heard["content"], &heard["state"], &heard["kind"]), (&"Do you hear me?".into(), &"received".into(), &9.into()));
    let mut mouth = ear.stdin.take().unwrap();
    writeln!(mouth, "{}", serde_json::json!({ "group": group, "text": "I do", "reply": heard["id"] })).unwrap();
    let said = lines.find(|line| line["type"] == "message" && line["state"] == "sent").unwrap();
    assert_eq!(said["content"], "I do");
    writeln!(mouth, "not json").unwrap();
    assert_eq!(lines.find(|line| line["type"] == "error").unwrap()["error"]["code"], "invalid_input");
    ear.kill().unwrap();
    ear.wait().unwrap();
    assert_eq!(anna.texts(&group), ["Do you hear me?", "I do"]);
}

#[test]
fn syncing_rotates_a_fresh_leaf_and_confirms_a_departure() {
    let relay = Relay::serve();
    let (anna, bea) = (Person::new(&relay, "Anna"), Person::new(&relay, "Bea"));
    let group = anna.well(&["group", "new", "Marbles", &bea.npub()])["id"].as_str().unwrap().to_owned();
    bea.joins();
    let joined = bea.well(&["group", "show", &group, "--offline"])["epoch"].as_u64().unwrap();
    bea.well(&["sync"]);
    assert_eq!(bea.well(&["group", "show", &group, "--offline"])["epoch"].as_u64().unwrap(), joined + 1);
    bea.well(&["sync"]);
    assert_eq!(bea.well(&["group", "show", &group, "--offline"])["epoch"].as_u64().unwrap(), joined + 1, "rotated twice");

    assert_eq!(bea.well(&["group", "leave", &group])["state"], "leaving");
    anna.well(&["sync"]);
    assert_eq!(anna.well(&["group", "show", &group])["members"].as_array().unwrap().len(), 1);
    assert_eq!(bea.well(&["group", "show", &group])["state"], "left");
}
