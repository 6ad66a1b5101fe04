//! The page about known attacks, held against the tests: no name without a test, no test about attacks without a word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every test of these files is about an attack.
const ABOUT_ATTACKS: [&str; 7] = [
    "tests/attacks.rs",
    "tests/forks.rs",
    "tests/secrecy.rs",
    "tests/shapes.rs",
    "tests/sizes.rs",
    "crates/client/tests/attacks.rs",
    "crates/net/tests/relays/hostile.rs",
];
/// Where tests live.
const EVERYWHERE: [&str; 3] = ["crates", "tests", "src-tauri"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the house").to_path_buf()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() && !entry.ends_with("node_modules") {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            found.push(entry);
        }
    }
}

/// The names of the test functions in a source: those that follow a `#[test]` of some kind, and those that a macro makes of a list.
fn tests(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && !line.starts_with('#') && !line.starts_with("//") {
            let name = line.split_once("fn ").map(|(_, rest)| rest.split(['(', '<']).next().unwrap_or_default());
            names.extend(name.map(str::to_owned));
            marked = false;
        }
        // `name: "input",` in the list of a macro.
        if let Some((name, rest)) = line.split_once(": \"")
            && rest.ends_with("\",")
            && name.len() > 15
            && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            names.insert(name.to_owned());
        }
    }
    names
}

/// What stands between backticks and looks like the name of a test.
fn named(page: &str) -> BTreeSet<String> {
    let is_name = |word: &&str| word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    page.split('`').skip(1).step_by(2).filter(is_name).map(str::to_owned).collect()
}

fn page() -> BTreeSet<String> {
    named(&std::fs::read_to_string(root().join("docs/known-attacks.md")).expect("the page"))
}

#[test]
fn every_name_on_the_page_is_a_test() {
    let mut files = Vec::new();
    EVERYWHERE.iter().for_each(|folder| sources(&root().join(folder), &mut files));
    let all: BTreeSet<_> = files.iter().flat_map(|file| tests(&std::fs::read_to_string(file).expect("a source"))).collect();
    let page = page();
    assert!(page.len() > 60, "{} names", page.len());
    let missing: Vec<_> = page.difference(&all).collect();
    assert!(missing.is_empty(), "no test has these names: {missing:?}");
}

#[test]
fn every_test_about_attacks_is_on_the_page() {
    let page = page();
    for file in ABOUT_ATTACKS {
        let tests = tests(&std::fs::read_to_string(root().join(file)).expect("a source"));
        assert!(!tests.is_empty(), "{file}");
        let untold: Vec<_> = tests.difference(&page).filter(|name| !name.starts_with("what_is_allocated")).collect();
        assert!(untold.is_empty(), "{file}: the page says nothing of {untold:?}");
    }
}

#[test]
fn names_and_tests_are_told_from_other_words() {
    assert_eq!(named("`a_test_name` and `Rejected` and `tests/x.rs` and `authorize`"), BTreeSet::from(["a_test_name".to_owned()]));
    let source = "#[test]\n#[ignore]\nfn one_is() {\n}\nfn no_test_at_all() {}\n#[tokio::test(flavor = \"x\")]\nasync fn two_is() {\nlonger_than_fifteen_is: \"three\",\n";
    let expected = ["one_is", "two_is", "longer_than_fifteen_is"].map(str::to_owned);
    assert_eq!(tests(source), BTreeSet::from(expected));
}
