//! Owns the verbs of relay lists, health, reachability, the outbox and the proxy.
//! Never speaks to a relay itself.

use murmel_ipc::{ErrorCode, Found, Proxy as Way, Reachability, RelayListEdit, RelayRole, RelayState};
use serde::Serialize;
use serde_json::{Value, json};

use super::Outcome;
use super::profile::Open;
use crate::answer::{Answer, Failure};
use crate::args::{Edit, Outbox, Proxy, Reach, Relays, Role};

fn value(of: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(of).map_err(|_| Failure::internal("The answer could not be written."))
}

/// What concerns the lists and health of relays.
///
/// # Errors
/// Those of the client.
pub async fn lists(open: &Open, verb: Relays) -> Outcome {
    match verb {
        Relays::Preview(edit) => {
            let change = open.client.preview_relay_list(asked(edit)).await?;
            let line = |sign: char, urls: &[String]| urls.iter().map(|url| format!("{sign} {url}\n")).collect::<String>();
            let text = format!("{}{}{}", line('+', &change.added), line('-', &change.removed), line('=', &change.kept));
            return Ok(Some(Answer::new(value(&change)?, text.trim_end())));
        }
        Relays::Edit(edit) => open.client.set_relay_list(asked(edit)).await?,
        Relays::Restore { version } => open.client.restore_relay_list(version).await?,
        Relays::Health => return health(open).await,
        Relays::Lists | Relays::Show | Relays::Set { .. } => {}
    }
    open.catch_up().await?;
    let lists = open.client.relay_lists().await?;
    let mut text = String::new();
    for (name, list) in [("People reach you on", &lists.reach), ("You publish on", &lists.publish)] {
        text += &format!("{name}:\n");
        for entry in list {
            text += &format!("  {}{}\n", entry.url, if entry.used { "" } else { "  (of another app)" });
        }
    }
    for group in &lists.groups {
        text += &format!("{}: {}\n", group.name, group.relays.join(" "));
    }
    for version in lists.versions.iter().filter(|version| !version.current) {
        text += &format!("earlier version {}: {}\n", version.id, version.relays.join(" "));
    }
    Ok(Some(Answer::new(value(&lists)?, text.trim_end())))
}

fn asked(edit: Edit) -> RelayListEdit {
    let role = match edit.role {
        Role::Reach => RelayRole::Reach,
        Role::Publish => RelayRole::Publish,
    };
    RelayListEdit { role, relays: edit.urls, remove: edit.remove }
}

async fn health(open: &Open) -> Outcome {
    open.catch_up().await?;
    let relays = open.client.relay_health().await?;
    let line = |relay: &murmel_ipc::RelayHealth| {
        let error = relay.last_error.as_ref().filter(|_| relay.state == RelayState::Connected);
        let error = error.map(|error| format!(" Last trouble: {}", error.words)).unwrap_or_default();
        format!("{} ({}): {}{error}", relay.url, relay.score, relay.words)
    };
    let text = relays.iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(Some(Answer::new(json!({ "relays": value(&relays)? }), text)))
}

/// Whether people can reach the account.
///
/// # Errors
/// Those of the client.
pub async fn reach(open: &Open, verb: Option<Reach>) -> Outcome {
    let found = match verb {
        None | Some(Reach::Check) => open.client.check_reachability().await?,
        Some(Reach::Fix) => open.client.fix_reachability().await?,
    };
    Ok(Some(Answer::new(value(&found)?, words(&found))))
}

fn words(found: &Reachability) -> String {
    let mut text = String::new();
    for part in &found.parts {
        let there = part.relays.iter().filter(|relay| relay.found == Found::Current).count();
        let name = match part.name {
            murmel_ipc::ReachName::RelayList => "where you publish",
            murmel_ipc::ReachName::InboxList => "where you are reached",
            murmel_ipc::ReachName::KeyPackage => "key package",
        };
        text += &format!("{name}: on {there} of {} relays. {}\n", part.relays.len(), part.reason);
    }
    text.trim_end().to_owned()
}

/// What no relay has accepted yet.
///
/// # Errors
/// Those of the client.
pub async fn outbox(open: &Open, verb: Option<Outbox>) -> Outcome {
    if let Some(Outbox::Retry { item }) = verb {
        open.client.retry_outbox(item).await?;
        open.catch_up().await?;
    }
    let items = open.client.outbox().await?;
    let line = |item: &murmel_ipc::OutboxItem| {
        let state = match item.refusal.as_str() {
            _ if !item.failed => "waits".to_owned(),
            "" => "every relay refused it".to_owned(),
            words => format!("every relay refused it: {words}"),
        };
        format!("{} {:?} {} {state}", item.id, item.kind, item.chat_name)
    };
    let text = items.iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(Some(Answer::new(json!({ "outbox": value(&items)? }), text)))
}

/// The way that connections take.
///
/// # Errors
/// Those of the client; `InvalidInput` for words that name no way.
pub async fn proxy(open: &Open, verb: Option<Proxy>) -> Outcome {
    if let Some(Proxy::Set { way }) = verb {
        open.client.set_proxy(parsed(&way)?).await?;
    }
    let way = open.client.proxy();
    let text = match &way {
        Way::Off => "No proxy: relays see the address of this computer.".to_owned(),
        Way::Tor => "Tor, on 127.0.0.1:9050.".to_owned(),
        Way::Socks { host, port } => format!("SOCKS5 proxy {host}:{port}."),
        Way::Unreadable => "The choice cannot be read, so nothing is dialled. Set it again.".to_owned(),
    };
    Ok(Some(Answer::new(json!({ "proxy": value(&way)? }), text)))
}

fn parsed(way: &str) -> Result<Way, Failure> {
    match way {
        "off" => Ok(Way::Off),
        "tor" => Ok(Way::Tor),
        _ => {
            let (host, port) = way.rsplit_once(':').ok_or_else(wrong)?;
            Ok(Way::Socks { host: host.to_owned(), port: port.parse().map_err(|_| wrong())? })
        }
    }
}

fn wrong() -> Failure {
    Failure::new(ErrorCode::InvalidInput, "Say `off`, `tor`, or HOST:PORT of a SOCKS5 proxy.")
}

/// How far the account is behind.
///
/// # Errors
/// Those of the client.
pub async fn progress(open: &Open) -> Outcome {
    open.catch_up().await?;
    let state = open.client.sync_state().await?;
    let mut lines =
        vec![format!("{} of {} events taken{}.", state.applied, state.fetched, if state.caught_up { ", up to date" } else { "" })];
    lines.extend(state.gaps.iter().map(|gap| format!("{}: {}", gap.relay, gap.reason)));
    lines.extend(state.unreadable.iter().map(|group| format!("{}: {}", group.name, group.words)));
    lines.extend(state.clock.iter().map(|clock| clock.words.clone()));
    Ok(Some(Answer::new(value(&state)?, lines.join("\n"))))
}
