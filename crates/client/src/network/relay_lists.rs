//! The account's relay lists as a person edits them: what is there, what an edit would change, earlier versions.
//! It publishes nothing itself: the set-up does, and reads back what it published.

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, RelayEntry, RelayListChange, RelayListEdit, RelayListVersion, RelayLists, RelayRole, StepState};
use murmel_net::{Lane, ListKind, RelayList, RelayUse};
use murmel_store::{ListVersion, Tx};
use nostr::{Event, Filter, JsonUtil as _};

use crate::account::Account;
use crate::network::lists::{self, KINDS, Names};
use crate::network::relays::{self, MAX_RELAYS, Relays, addresses, checked, union};
use crate::network::setup;
use crate::views;
use crate::{Error, Result};

pub(crate) async fn all(account: &Arc<Account>) -> Result<RelayLists> {
    let me = account.pubkey();
    let published = setup::steps(account).iter().all(|step| step.name != ipc::SetupName::RelayLists || step.state == StepState::Done);
    account
        .db
        .read(move |tx, _| {
            let relays = relays::load(tx)?;
            let mut versions: Vec<RelayListVersion> = Vec::new();
            for kind in KINDS {
                versions.extend(tx.list_versions(kind.kind().as_u16())?.iter().enumerate().map(|(at, row)| version(kind, row, at == 0)));
            }
            versions.sort_by_key(|version| std::cmp::Reverse(version.created_at));
            let names = views::Names::new(tx, me);
            let chats = tx.chats()?;
            let groups = chats.iter().map(|chat| {
                let i_am_admin = tx.members(chat.id)?.iter().any(|member| member.public_key == me && member.is_admin);
                let (chat, name, relays) = (chat.group.to_string(), views::chat_name(tx, &names, chat)?, chat.relays.clone());
                Ok(ipc::GroupRelays { chat, name, relays, i_am_admin })
            });
            Ok(RelayLists {
                reach: entries(tx, ListKind::Inbox, &relays.inbox)?,
                publish: entries(tx, ListKind::Relays, &relays.outbox)?,
                groups: groups.collect::<Result<_>>()?,
                versions,
                published,
            })
        })
        .await
}

/// The newest version that is known, and what was chosen since.
fn entries(tx: &Tx<'_>, kind: ListKind, chosen: &[String]) -> Result<Vec<RelayEntry>> {
    let known =
        lists::newest_known(tx, kind)?.and_then(|event| RelayList::parse(kind, &event).ok()).unwrap_or_else(|| RelayList::new(kind));
    let used = addresses(chosen);
    let view = |url: &str, purpose: RelayUse, used: bool| RelayEntry {
        url: url.to_owned(),
        read: purpose != RelayUse::Write,
        write: purpose != RelayUse::Read,
        used,
    };
    let mut entries: Vec<RelayEntry> =
        known.entries().iter().map(|(address, purpose)| view(address.as_str(), *purpose, used.contains(address))).collect();
    for url in chosen {
        if entries.iter().all(|entry| entry.url != *url) {
            entries.push(view(url, RelayUse::Both, true));
        }
    }
    Ok(entries)
}

fn version(kind: ListKind, row: &ListVersion, current: bool) -> RelayListVersion {
    let list = Event::from_json(&row.event).ok().and_then(|event| RelayList::parse(kind, &event).ok());
    let relays = list.map(|list| list.entries().iter().map(|(address, _)| address.as_str().to_owned()).collect()).unwrap_or_default();
    RelayListVersion { id: row.id, role: role(kind), created_at: row.created_at, relays, current }
}

const fn role(kind: ListKind) -> RelayRole {
    match kind {
        ListKind::Relays => RelayRole::Publish,
        ListKind::Inbox => RelayRole::Reach,
    }
}

fn kind(role: RelayRole) -> Result<ListKind> {
    match role {
        RelayRole::Reach => Ok(ListKind::Inbox),
        RelayRole::Publish => Ok(ListKind::Relays),
        RelayRole::Group => {
            Err(Error::new(ErrorCode::InvalidInput, "The relays of a group are changed in the group, by one of its admins."))
        }
    }
}

/// Works an edit out against what the relays have now. Nothing is written, except that the versions found are kept.
pub(crate) async fn preview(account: &Arc<Account>, edit: RelayListEdit) -> Result<RelayListChange> {
    let kind = kind(edit.role)?;
    let chosen = checked(&edit.relays)?;
    let current = relays::current(account).await?;
    let asked = addresses(&union(&[&current.outbox, &current.inbox, &chosen, &account.lookup_relays]));
    let filter = Filter::new().author(account.pubkey()).kind(kind.kind());
    let asked = account.net.best_first(Lane::Inbox, asked);
    let fetched = account.net.fetch(Lane::Inbox, &asked, filter, account.pace.fetch).await;
    let texts = |relays: Vec<murmel_net::RelayAddress>| relays.iter().map(|relay| relay.as_str().to_owned()).collect();
    let (read_from, not_read) = (texts(fetched.complete), texts(fetched.failed.into_iter().map(|(relay, _)| relay).collect()));
    let events = fetched.events;
    account
        .db
        .write(move |tx, _| {
            lists::keep(tx, kind, &events)?;
            let newest = lists::newest_known(tx, kind)?;
            let urls =
                |list: &RelayList| -> Vec<String> { list.entries().iter().map(|(address, _)| address.as_str().to_owned()).collect() };
            let before = newest.as_ref().and_then(|event| RelayList::parse(kind, event).ok()).map(|list| urls(&list)).unwrap_or_default();
            let after = urls(&lists::next(tx, kind, newest.as_ref(), &chosen, Some(&edit.remove))?.list);
            let missing = |from: &[String], of: &[String]| of.iter().filter(|url| !from.contains(url)).cloned().collect();
            Ok(RelayListChange {
                role: edit.role,
                added: missing(&before, &after),
                removed: missing(&after, &before),
                kept: missing(&chosen, &after),
                after,
                read_from,
                not_read,
            })
        })
        .await
}

/// Keeps an edit and has it published.
pub(crate) async fn set(account: &Arc<Account>, edit: RelayListEdit) -> Result<()> {
    let kind = kind(edit.role)?;
    let chosen = checked(&edit.relays)?;
    account
        .db
        .write(move |tx, _| {
            choose(tx, kind, chosen)?;
            let names = Names::of(kind);
            tx.remove_progress(&names.restore)?;
            let remove = serde_json::to_string(&edit.remove).map_err(|_| Error::internal("an edit of a list could not be written"))?;
            tx.put_progress_text(&names.remove, &remove)?;
            setup::lists_changed(tx)
        })
        .await?;
    relays::were_changed(account).await;
    Ok(())
}

/// Has an earlier version published again, with everything that it carried.
pub(crate) async fn restore(account: &Arc<Account>, id: i64) -> Result<()> {
    account
        .db
        .write(move |tx, _| {
            let version = tx.list_version(id)?.ok_or_else(|| Error::not_found("This version"))?;
            let event = Event::from_json(&version.event).map_err(|_| Error::not_found("This version"))?;
            let kind = KINDS.into_iter().find(|kind| kind.kind() == event.kind).ok_or_else(|| Error::not_found("This version"))?;
            let list = RelayList::parse(kind, &event).map_err(|_| Error::not_found("This version"))?;
            let used = if kind == ListKind::Relays { list.write_relays() } else { list.read_relays() };
            let chosen: Vec<String> = used.iter().take(MAX_RELAYS).map(|address| address.as_str().to_owned()).collect();
            choose(tx, kind, checked(&chosen)?)?;
            let names = Names::of(kind);
            tx.remove_progress(&names.remove)?;
            tx.put_progress_number(&names.restore, id.unsigned_abs())?;
            setup::lists_changed(tx)
        })
        .await?;
    relays::were_changed(account).await;
    Ok(())
}

fn choose(tx: &Tx<'_>, kind: ListKind, chosen: Vec<String>) -> Result<()> {
    let known = relays::load(tx)?;
    let relays = match kind {
        ListKind::Relays => Relays { outbox: chosen, ..known },
        ListKind::Inbox => Relays { inbox: chosen, ..known },
    };
    relays::store(tx, &relays)
}
