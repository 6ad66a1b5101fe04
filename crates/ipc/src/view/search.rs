//! Owns what the window asks of the search and what it gets, and what a look at the database found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Cursor;

/// What to look for. Everything given has to hold.
#[derive(Clone, Debug, Default, Deserialize, TS)]
pub struct SearchQuery {
    /// Words (all of them), "phrases", beginnings*. The last word counts as a beginning while no space follows it. No text is wrong;
    /// the first 1,000 characters count. May be empty where a chat or a person is given.
    pub text: String,
    /// In this chat only.
    pub chat: Option<String>,
    /// By this person only: an npub, an nprofile or 64 hex digits.
    pub person: Option<String>,
    /// Not before this time, Unix seconds.
    #[ts(type = "number | null")]
    pub since: Option<u64>,
    /// Not after this time, Unix seconds.
    #[ts(type = "number | null")]
    pub until: Option<u64>,
    /// Go on from here: [`SearchPage::older`] of the page before.
    pub before: Option<Cursor>,
    /// How many, at most 100.
    pub limit: u32,
}

/// A run of messages that were found, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SearchPage {
    /// The messages.
    pub hits: Vec<SearchHit>,
    /// Ask for what is older than this; `None` where there is nothing more.
    pub older: Option<Cursor>,
    /// The index is being made anew and is this far, in percent: older messages may be missing. `None` where it is complete.
    pub indexing: Option<u32>,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SearchHit {
    /// Names the message, as in [`crate::MessageView::id`]: `timeline_around` goes there.
    #[ts(type = "number")]
    pub message: i64,
    /// The chat, as in [`crate::ChatRow::id`].
    pub chat: String,
    /// The chat's name as shown.
    pub chat_name: String,
    /// The author's public key, 64 hex digits.
    pub sender: String,
    /// The author's name as shown.
    pub sender_name: String,
    /// Whether the account wrote it.
    pub mine: bool,
    /// Unix seconds, as the author states them.
    #[ts(type = "number")]
    pub at: u64,
    /// The part of the text in which the first word was found, on one line; the parts belong together without spaces between them.
    pub snippet: Vec<SnippetPart>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SnippetPart {
    /// Plain text.
    pub text: String,
    /// Whether it is what was looked for.
    pub found: bool,
}

/// What a look at the whole database found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CheckReport {
    /// Whether every page of the file and every reference between rows is in order.
    pub database: bool,
    /// Whether the search index is in order and has every message.
    pub index: bool,
    /// Messages with a text.
    #[ts(type = "number")]
    pub messages: u64,
    /// Messages in the search index.
    #[ts(type = "number")]
    pub indexed: u64,
    /// The index is being made anew and is this far, in percent.
    pub indexing: Option<u32>,
}
