//! Finding messages by their words, and looking after the index.
//! It ranks nothing: the newest comes first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use murmel_ipc as ipc;
use murmel_store::{ChatId, MessageRecord, Rebuild, SearchFilter, Terms, Tx, current};
use nostr::PublicKey;

use crate::account::Account;
use crate::message::{mentions, timeline};
use crate::notices::is_unwanted;
use crate::{Error, Result, people, views};

/// Messages of one page.
pub(crate) const HITS_CAP: u32 = 100;
/// Longest snippet, in characters.
const SNIPPET_CAP: usize = 160;
/// Of these, at most so many come before what was found.
const BEFORE_CAP: usize = 40;
/// Rows that one step of a rebuilding indexes; others wait that long, a fraction of a second.
const STEP: u32 = 2_000;

/// One page of what is found.
pub(crate) async fn page(account: &Arc<Account>, query: ipc::SearchQuery) -> Result<ipc::SearchPage> {
    let me = account.pubkey();
    let sender = query.person.as_deref().map(people::parse).transpose()?.map(|person| person.pubkey);
    let limit = query.limit.clamp(1, HITS_CAP);
    account
        .db
        .read(move |tx, _| {
            let chat = query.chat.as_deref().map(|chat| views::find(tx, chat)).transpose()?.map(|chat| chat.id);
            let filter = SearchFilter { terms: Terms::parse(&query.text), chat, sender, since: query.since, until: query.until };
            let before = query.before.map(timeline::place);
            // One more tells whether there is anything older.
            let mut rows = tx.search(&filter, before, limit + 1)?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let older = rows.last().filter(|_| more).map(views::cursor);
            Ok(ipc::SearchPage { hits: hits(tx, me, &filter.terms, &rows)?, older, indexing: tx.rebuilding()?.map(percent) })
        })
        .await
}

fn hits(tx: &Tx<'_>, me: PublicKey, terms: &Terms, rows: &[MessageRecord]) -> Result<Vec<ipc::SearchHit>> {
    let names = views::Names::new(tx, me);
    let mut chats: HashMap<ChatId, (String, String)> = HashMap::new();
    let mut hits = Vec::with_capacity(rows.len());
    for row in rows {
        if let Entry::Vacant(place) = chats.entry(row.chat) {
            let chat = views::found(tx, row.chat)?;
            place.insert((chat.group.to_string(), views::chat_name(tx, &names, &chat)?));
        }
        let notes = tx.annotations(row.chat, std::slice::from_ref(&row.event_id))?;
        let Some(shown) = current(row, &notes) else { continue };
        let text = mentions::readable(&shown.content, &views::mentioned(&names, &shown.tags)?);
        let (chat, chat_name) = chats.get(&row.chat).cloned().unwrap_or_default();
        hits.push(ipc::SearchHit {
            message: row.id.0,
            chat,
            chat_name,
            sender: row.sender.to_hex(),
            sender_name: names.of(&row.sender)?,
            mine: row.mine,
            at: row.at,
            snippet: snippet(&text, terms),
        });
    }
    Ok(hits)
}

/// The part of a text around the first place that was found.
fn snippet(text: &str, terms: &Terms) -> Vec<ipc::SnippetPart> {
    let found = terms.found_in(text);
    let first = found.first().map_or(0, |range| range.start);
    let back =
        |from: usize, count: usize| text.get(..from).and_then(|head| head.char_indices().rev().nth(count - 1)).map_or(0, |(at, _)| at);
    let start = back(first, BEFORE_CAP);
    let end = text.get(start..).and_then(|tail| tail.char_indices().nth(SNIPPET_CAP)).map_or(text.len(), |(at, _)| start + at);
    let mut parts = Vec::new();
    if start > 0 {
        push(&mut parts, "…", false);
    }
    let mut at = start;
    for Range { start: from, end: to } in found {
        let (from, to) = (from.clamp(at, end), to.clamp(at, end));
        push(&mut parts, text.get(at..from).unwrap_or_default(), false);
        push(&mut parts, text.get(from..to).unwrap_or_default(), true);
        at = to;
    }
    push(&mut parts, text.get(at..end).unwrap_or_default(), false);
    if end < text.len() {
        push(&mut parts, "…", false);
    }
    parts
}

/// Adds a piece, on one line and without what has no place there.
fn push(parts: &mut Vec<ipc::SnippetPart>, text: &str, found: bool) {
    let text: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_unwanted(*c)).collect();
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.found == found => last.text.push_str(&text),
        _ => parts.push(ipc::SnippetPart { text, found }),
    }
}

/// Looks at the whole file and the whole index. Reads everything; sending and receiving wait for it.
pub(crate) async fn check(account: &Arc<Account>) -> Result<ipc::CheckReport> {
    account
        .db
        .write(|tx, _| {
            let rebuilding = tx.rebuilding()?;
            let index = tx.check_index()?;
            Ok(ipc::CheckReport {
                database: tx.is_sound()?,
                index: index.sound && (index.is_good() || rebuilding.is_some()),
                messages: index.messages,
                indexed: index.indexed,
                indexing: rebuilding.map(percent),
            })
        })
        .await
}

/// Makes the index anew; returns when it is complete.
pub(crate) async fn rebuild(account: &Arc<Account>) -> Result<()> {
    let begun = account.db.write(|tx, _| Ok::<_, Error>(tx.begin_rebuild()?)).await?;
    announce(account, Some(begun));
    go_on(account).await
}

/// Finishes a rebuilding that the end of the program interrupted.
pub(crate) async fn run(account: Arc<Account>) {
    if go_on(&account).await.is_err() {
        tracing::warn!("the search index is not complete yet");
    }
}

async fn go_on(account: &Arc<Account>) -> Result<()> {
    if account.db.read(|tx, _| Ok::<_, Error>(tx.rebuilding()?)).await?.is_none() {
        return Ok(());
    }
    // Two at a time are fine: each step is a transaction that goes on from where the last one ended.
    while let Some(step) = account.db.write(|tx, _| Ok::<_, Error>(tx.rebuild_some(STEP)?)).await? {
        announce(account, Some(step));
        tokio::task::yield_now().await;
    }
    announce(account, None);
    Ok(())
}

fn announce(account: &Account, step: Option<Rebuild>) {
    account.bus.emit(ipc::EventKind::Indexing { percent: step.map(percent) });
}

fn percent(step: Rebuild) -> u32 {
    u32::try_from(step.done.saturating_mul(100).checked_div(step.end).unwrap_or(100)).unwrap_or(100).min(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        let parts = snippet(text, &Terms::parse(query));
        parts.into_iter().map(|part| if part.found { format!("[{}]", part.text) } else { part.text }).collect()
    }

    #[test]
    fn a_snippet_shows_what_was_found_and_what_is_around_it() {
        assert_eq!(shown("The old garden gate", "gard"), "The old [garden] gate");
        assert_eq!(shown("Füße, füße", "fusse "), "[Füße], [füße]");
        assert_eq!(shown("a\nb\t\u{202e}<b>c</b>", "c"), "a b <b>[c]</b>");
        assert_eq!(shown("nothing here", "other"), "nothing here");
        assert_eq!(shown("", "x"), "");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_place() {
        let text = format!("{} needle {}", "あ".repeat(500), "い".repeat(500));
        let cut = shown(&text, "needle ");
        assert!(cut.starts_with("…あ") && cut.ends_with("い…") && cut.contains("[needle]"), "{cut}");
        assert_eq!(cut.chars().count(), SNIPPET_CAP + 4);
        assert_eq!(shown(&"x".repeat(1_000), "y").chars().count(), SNIPPET_CAP + 1);
    }
}
