//! Commands as a compromised window would call them: a real client without a network, and arguments that nobody checked before.
//! INVARIANT: no argument is answered with a fault of ours.

#![allow(clippy::indexing_slicing, reason = "a field that is missing in a JSON value is null")]

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::time::Duration;

use murmel_client::{Client, KeychainChoice, MockKeychain, Options, Pace};
use murmel_ipc::{Cursor, ErrorCode, GroupAvatar, GroupImage, IpcError, NewGroup, SendMessage, Settings};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::room::KEPT_ROOM;

struct Window {
    client: Client,
    runtime: Runtime,
    chat: String,
    _home: tempfile::TempDir,
}

impl Window {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_stack_size(8 * 1024 * 1024)
            .enable_all()
            .build()
            .expect("a runtime");
        let home = match std::env::var_os(KEPT_ROOM) {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let home = home.expect("a folder");
        let mut options = Options::new(home.path());
        options.keychain = KeychainChoice::Mock(MockKeychain::new());
        // The discard port of this computer: nobody answers.
        options.default_relays = vec!["ws://127.0.0.1:9".to_owned()];
        options.allow_loopback = true;
        options.pace = Pace { publish: Duration::from_millis(50), ..Pace::default() };
        let (client, chat) = runtime.block_on(async {
            let client = Client::open(options).await.expect("a client");
            client.create_identity(murmel_ipc::NewIdentity { name: "Anna".into(), passphrase: None }).await.expect("an identity");
            let alone = NewGroup { name: "Diary".into(), description: String::new(), people: Vec::new() };
            let chat = client.create_group(alone).await.expect("a group that needs nobody").chat;
            (client, chat)
        });
        Self { client, runtime, chat, _home: home }
    }

    fn with<T>(f: impl FnOnce(&Self) -> T) -> T {
        WINDOW.with_borrow_mut(|window| f(window.get_or_insert_with(|| ManuallyDrop::new(Self::open()))))
    }
}

thread_local! {
    // A client cannot be closed any more when a thread's own variables go; whoever does not close it leaves it open to the end of the process.
    static WINDOW: RefCell<Option<ManuallyDrop<Window>>> = const { RefCell::new(None) };
}

pub(super) fn close() {
    if let Some(window) = WINDOW.take().map(ManuallyDrop::into_inner) {
        window.runtime.block_on(window.client.close());
    }
}

/// Calls that a window makes. `CHAT` stands for the chat that is there.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let hex = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let calls = [
        json!({"command": "timeline", "chat": "CHAT", "before": {"at": 1_700_000_000_u64, "tie": 0, "seq": 1}, "limit": 50}),
        json!({"command": "send", "args": {"chat": "CHAT", "text": "hello", "reply_to": 1}}),
        json!({"command": "send", "args": {"chat": "CHAT", "text": "hello", "reply_to": null}}),
        json!({"command": "inspect_person", "text": hex}),
        json!({"command": "inspect_person", "text": "nostr:npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d"}),
        json!({"command": "inspect_key", "text": hex, "password": "secret"}),
        json!({"command": "group", "chat": "CHAT"}),
        json!({"command": "remove_member", "chat": "CHAT", "text": hex}),
        json!({"command": "promote", "chat": "CHAT", "text": hex}),
        json!({"command": "demote", "chat": "CHAT", "text": hex}),
        json!({"command": "accept", "text": "1"}),
        json!({"command": "decline", "text": "1"}),
        json!({"command": "delivery", "message": 1}),
        json!({"command": "retry", "message": 1}),
        json!({"command": "mark_read", "chat": "CHAT", "message": 1}),
        json!({"command": "set_open_chat", "chat": "CHAT"}),
        json!({"command": "set_settings", "settings": {"who_may_add_me": "nobody"}}),
        json!({"command": "set_relays", "relays": ["wss://relay.example", "ws://127.0.0.1:9"]}),
        json!({"command": "react", "message": 1, "text": "\u{1f44d}"}),
        json!({"command": "unreact", "message": 1, "text": "+"}),
        json!({"command": "edit", "message": 1, "text": "better"}),
        json!({"command": "delete_message", "message": 1}),
        json!({"command": "history", "message": 1}),
        json!({"command": "races", "chat": "CHAT"}),
        json!({"command": "rename", "chat": "CHAT", "text": "Allotment"}),
        json!({"command": "describe", "chat": "CHAT", "text": "Beds and bees"}),
        json!({"command": "set_retention", "chat": "CHAT", "message": 86_400}),
        json!({"command": "set_avatar", "chat": "CHAT", "avatar": {"url": "https://example.com/a.png", "dimension": "3x4", "thumbhash": ""}}),
        json!({"command": "set_image", "chat": "CHAT", "image": {
            "hash": hex, "key": hex, "nonce": "07".repeat(12), "upload_key": hex, "media_type": "image/png"
        }}),
        json!({"command": "move_group", "chat": "CHAT", "relays": ["ws://127.0.0.1:9"]}),
        json!({"command": "records", "chat": "CHAT", "limit": 50, "text": hex}),
    ];
    calls.map(|call| call.to_string().into_bytes()).to_vec()
}

/// One call as JSON.
pub(super) fn command(data: &[u8]) {
    let Ok(call) = serde_json::from_slice::<Value>(data) else { return };
    Window::with(|window| {
        let answer = window.runtime.block_on(call_command(window, &call));
        if let Err(code) = answer {
            assert_ne!(code, ErrorCode::Internal, "an argument caused a fault of ours: {}", call["command"]);
        }
    });
}

async fn call_command(window: &Window, call: &Value) -> Result<(), ErrorCode> {
    let client = &window.client;
    let (chat, text) = (window.chat_in(call), call["text"].as_str().unwrap_or_default());
    let number = |name: &str| call[name].as_i64().unwrap_or_default();
    let limit = u32::try_from(number("limit")).unwrap_or(u32::MAX);
    match call["command"].as_str().unwrap_or_default() {
        "timeline" => {
            let before = serde_json::from_value::<Option<Cursor>>(call["before"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            told(client.timeline(&chat, before, limit).await)
        }
        "send" => {
            let mut args = serde_json::from_value::<SendMessage>(call["args"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            args.chat = args.chat.replace("CHAT", &window.chat);
            told(client.send(args).await)
        }
        "set_settings" => {
            let settings = serde_json::from_value::<Settings>(call["settings"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            told(client.set_settings(settings).await)
        }
        "set_relays" => {
            let relays = serde_json::from_value::<Vec<String>>(call["relays"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            told(client.set_relays(relays).await)
        }
        "inspect_person" => told(client.inspect_person(text).await),
        "inspect_key" => told(client.inspect_key(text, call["password"].as_str().map(Into::into), 0).await),
        "group" => told(client.group(&chat).await),
        "remove_member" => told(client.remove_member(&chat, text).await),
        "promote" => told(client.promote(&chat, text).await),
        "demote" => told(client.demote(&chat, text).await),
        "accept" => told(client.accept(text).await),
        "decline" => told(client.decline(text).await),
        "delivery" => told(client.delivery(number("message")).await),
        "retry" => told(client.retry(number("message")).await),
        "mark_read" => told(client.mark_read(&chat, number("message")).await),
        "records" => {
            told(client.records(&chat, limit).await)?;
            told(client.record_by_event(&chat, text).await)
        }
        "set_avatar" => {
            let avatar = serde_json::from_value::<Option<GroupAvatar>>(call["avatar"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            told(client.set_avatar(&chat, avatar).await)
        }
        "set_image" => {
            let image = serde_json::from_value::<Option<GroupImage>>(call["image"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            told(client.set_image(&chat, image).await)
        }
        "move_group" => {
            let relays = serde_json::from_value::<Vec<String>>(call["relays"].clone()).map_err(|_| ErrorCode::InvalidInput)?;
            told(client.move_group(&chat, relays, call["new_tag"].as_bool().unwrap_or_default()).await)
        }
        "set_retention" => told(client.set_retention(&chat, call["message"].as_u64().unwrap_or(u64::MAX)).await),
        "rename" => told(client.rename(&chat, text).await),
        "describe" => told(client.describe(&chat, text).await),
        "react" => told(client.react(number("message"), text).await),
        "unreact" => told(client.unreact(number("message"), text).await),
        "edit" => told(client.edit(number("message"), text).await),
        "delete_message" => told(client.delete_message(number("message")).await),
        "history" => told(client.history(number("message")).await),
        "races" => told(client.races(&chat).await),
        "set_open_chat" => {
            client.set_open_chat(Some(chat)).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

impl Window {
    fn chat_in(&self, call: &Value) -> String {
        call["chat"].as_str().unwrap_or_default().replace("CHAT", &self.chat)
    }
}

/// The code by which a command failed.
fn told<T, E: Into<IpcError>>(answer: Result<T, E>) -> Result<(), ErrorCode> {
    answer.map(drop).map_err(|error| error.into().code)
}
