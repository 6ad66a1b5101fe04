//! Owns the verbs of the search and of the state of the database.
//! Never keeps what was looked for.

use murmel_ipc::SearchQuery;
use serde_json::json;

use super::Outcome;
use super::profile::Open;
use crate::answer::Answer;

/// Messages by their words, newest first.
///
/// # Errors
/// Those of the client.
pub async fn messages(open: &Open, text: String, group: Option<&str>, person: Option<String>, limit: u32) -> Outcome {
    let chat = match group {
        Some(group) => Some(open.group(group).await?.id),
        None => None,
    };
    let page = open.client.search(SearchQuery { text, chat, person, limit, ..SearchQuery::default() }).await?;
    let lines: Vec<String> = page
        .hits
        .iter()
        .map(|hit| {
            let words: String = hit.snippet.iter().map(|part| part.text.as_str()).collect();
            format!("{}  {}: {words}", hit.chat_name, hit.sender_name)
        })
        .collect();
    let text = if lines.is_empty() { "Nothing found.".to_owned() } else { lines.join("\n") };
    Ok(Some(Answer::new(json!(page), text)))
}

/// Looks at every page of the database and at the search index.
///
/// # Errors
/// Those of the client.
pub async fn check(open: &Open, rebuild: bool) -> Outcome {
    if rebuild {
        open.client.rebuild_search().await?;
    }
    let report = open.client.check().await?;
    let said = |sound: bool| if sound { "sound" } else { "damaged" };
    let text = format!("Database: {}. Search index: {}, {} messages.", said(report.database), said(report.index), report.indexed);
    Ok(Some(Answer::new(json!(report), text)))
}
