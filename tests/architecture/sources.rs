//! Words that belong into one folder of the sources, or into none.
//! Never looks into comments or into `#[cfg(test)]` modules at the end of a file.

use std::path::Path;

use crate::{assert_none, house};

/// Words that may not stand in the files below `within`, except below one of `except`.
struct Rule {
    within: &'static [&'static str],
    endings: &'static [&'static str],
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const SQL_IN_STORE: Rule = Rule {
    within: &["crates/", "src-tauri/"],
    endings: &["rs"],
    except: &["crates/store/"],
    words: &[
        "SELECT ",
        "INSERT INTO",
        "INSERT OR ",
        "DELETE FROM",
        "CREATE TABLE",
        "CREATE INDEX",
        "ALTER TABLE",
        "DROP TABLE",
        "PRAGMA ",
        "BEGIN IMMEDIATE",
        "rusqlite::",
    ],
    why: "SQL lives in crates/store only",
};

const NO_CLOCK_IN_ENGINE: Rule = Rule {
    within: &["crates/engine/src/"],
    endings: &["rs"],
    except: &[],
    // The last ones read the clock inside: nostr's, and OpenMLS's lifetimes that count from now.
    words: &[
        "SystemTime",
        "Instant",
        "std::env",
        "std::fs",
        "std::net",
        "std::thread",
        "Timestamp::now",
        "Lifetime::new(",
        "Lifetime::default(",
    ],
    why: "the engine reads no clock, no environment and no disk: they are arguments",
};

const MERGE_IN_ENGINE: Rule = Rule {
    within: &["crates/", "src-tauri/"],
    endings: &["rs"],
    except: &["crates/engine/"],
    words: &[".merge_staged_commit(", ".merge_pending_commit("],
    why: "commits are merged in crates/engine only, behind the one authorize",
};

const TAURI_IN_IPC: Rule = Rule {
    within: &["ui/src/"],
    endings: &["ts", "js", "svelte"],
    except: &["ui/src/ipc/"],
    words: &["@tauri-apps", "__TAURI"],
    why: "the Tauri API is used in ui/src/ipc/ only",
};

const NO_HTML_STRINGS: Rule = Rule {
    within: &["ui/src/"],
    endings: &["ts", "js", "svelte"],
    except: &[],
    words: &["{@html", "innerHTML", "outerHTML", "insertAdjacentHTML"],
    why: "text becomes nodes, never HTML",
};

/// Says nothing about what is in a file or module of that name.
const VAGUE: &[&str] = &["manager", "service", "helper", "util", "handler", "processor"];

impl Rule {
    fn is_about(&self, path: &str) -> bool {
        self.within.iter().any(|folder| path.starts_with(folder))
            && !self.except.iter().any(|folder| path.starts_with(folder))
            && self.endings.iter().any(|ending| path.rsplit('.').next() == Some(ending))
            && !is_for_tests(path)
    }

    /// The lines that break the rule, as `path:line: word (why)`.
    fn broken(&self, path: &str, text: &str) -> Vec<String> {
        if !self.is_about(path) {
            return Vec::new();
        }
        let mut broken = Vec::new();
        for (number, line) in product(text).lines().enumerate() {
            let code = without_comment(line);
            for word in self.words.iter().filter(|&&word| has_word(code, word)) {
                broken.push(format!("{path}:{}: {} ({})", number + 1, word.trim(), self.why));
            }
        }
        broken
    }
}

/// Whether the word stands there for itself, not as the end or start of a longer name.
fn has_word(code: &str, word: &str) -> bool {
    let is_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let starts_inside = is_name(word.chars().next()) && is_name(before);
        let ends_inside = is_name(word.chars().next_back()) && is_name(after);
        !starts_inside && !ends_inside
    })
}

fn is_for_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.ends_with(".test.ts") || path.ends_with(".spec.ts")
}

/// The file without the test module at its end.
fn product(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}

fn without_comment(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") || trimmed.starts_with("/*") || trimmed.starts_with("* ") {
        return "";
    }
    line.find(" // ").map_or(line, |at| &line[..at])
}

fn is_vague(path: &str) -> bool {
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    VAGUE.iter().any(|word| name.split(['_', '-', '.']).any(|part| part == *word || part.strip_suffix('s') == Some(word)))
}

/// Every source file of ours with its path from the checkout, with forward slashes.
fn files() -> Vec<(String, String)> {
    let root = house();
    let mut files = Vec::new();
    let mut open: Vec<_> = ["bench", "crates", "src-tauri", "tests", "ui/src", "xtask"].map(|folder| root.join(folder)).to_vec();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["node_modules", "target", "gen", "dist"].contains(&name.as_str()) {
                    open.push(path);
                }
            } else if ["rs", "ts", "js", "svelte"].iter().any(|ending| path.extension().is_some_and(|own| own == *ending)) {
                let shown = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.push((shown, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

fn broken_in_the_house(rule: &Rule) -> Vec<String> {
    let files = files();
    // A rule that is about no file would pass for ever.
    assert!(files.iter().any(|(path, _)| rule.is_about(path)), "no file is under this rule: {}", rule.why);
    files.iter().flat_map(|(path, text)| rule.broken(path, text)).collect()
}

#[test]
fn sql_lives_in_store_only() {
    assert_none(&broken_in_the_house(&SQL_IN_STORE));
}

#[test]
fn the_engine_reads_no_clock_and_no_environment() {
    assert_none(&broken_in_the_house(&NO_CLOCK_IN_ENGINE));
}

#[test]
fn commits_are_merged_in_the_engine_only() {
    assert_none(&broken_in_the_house(&MERGE_IN_ENGINE));
}

#[test]
fn the_tauri_api_is_used_in_one_folder_of_the_ui() {
    assert_none(&broken_in_the_house(&TAURI_IN_IPC));
}

#[test]
fn no_text_becomes_html() {
    assert_none(&broken_in_the_house(&NO_HTML_STRINGS));
}

#[test]
fn no_file_has_a_vague_name() {
    let vague: Vec<String> = files().into_iter().map(|(path, _)| path).filter(|path| is_vague(path)).collect();
    assert_none(&vague);
}

#[test]
fn a_broken_rule_is_noticed_with_its_line() {
    let sql = "fn read() {\n    db.query(\"SELECT id FROM chats\");\n}\n";
    assert_eq!(
        SQL_IN_STORE.broken("crates/client/src/chat.rs", sql),
        ["crates/client/src/chat.rs:2: SELECT (SQL lives in crates/store only)"]
    );
    assert_eq!(SQL_IN_STORE.broken("src-tauri/src/main.rs", "const A: &str = \"DELETE FROM chats\";").len(), 1);
    assert_none(&SQL_IN_STORE.broken("crates/store/src/chat.rs", sql));

    for line in ["use std::time::SystemTime;", "let now = Timestamp::now();", "std::env::var(\"HOME\")", "let l = Lifetime::new(60);"] {
        assert_eq!(NO_CLOCK_IN_ENGINE.broken("crates/engine/src/group.rs", line).len(), 1, "{line}");
        assert_none(&NO_CLOCK_IN_ENGINE.broken("crates/client/src/group.rs", line));
    }
    assert_eq!(MERGE_IN_ENGINE.broken("crates/client/src/group.rs", "group.merge_staged_commit(tx, staged)?;").len(), 1);
    assert_eq!(TAURI_IN_IPC.broken("ui/src/App.svelte", "import { invoke } from '@tauri-apps/api/core';").len(), 1);
    assert_none(&TAURI_IN_IPC.broken("ui/src/ipc/tauri.ts", "import { invoke } from '@tauri-apps/api/core';"));
    assert_eq!(NO_HTML_STRINGS.broken("ui/src/Row.svelte", "<p>{@html text}</p>").len(), 1);
}

#[test]
fn comments_longer_names_and_test_modules_break_no_rule() {
    let file = "// SystemTime is not for us\nlet a = 1; // no SystemTime\nstruct Instantly;\n#[cfg(test)]\nmod tests {\n    use std::time::SystemTime;\n}\n";
    assert_none(&NO_CLOCK_IN_ENGINE.broken("crates/engine/src/group.rs", file));
    assert_none(&NO_CLOCK_IN_ENGINE.broken("crates/engine/src/group/tests.rs", "use std::time::SystemTime;"));
}

#[test]
fn vague_names_are_noticed() {
    for path in
        ["crates/client/src/utils.rs", "crates/client/src/chat_manager.rs", "ui/src/state/event-handler.ts", "crates/net/src/Service.rs"]
    {
        assert!(is_vague(path), "{path}");
    }
    assert!(!is_vague("crates/client/src/utility_bill.rs"));
}
