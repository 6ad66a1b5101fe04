//! Owns the links that the system hands to the app: `nostr:` and `murmel:`, as an argument or as an event.
//! Never does anything with one but show whom it names: whoever wrote the link is not trusted.

use tauri::{AppHandle, Manager};

use crate::{shell::Shell, window};

/// The schemes that the app is registered for. The packages name them too.
pub const SCHEMES: [&str; 2] = ["nostr", "murmel"];
/// Longest link that is looked at, bytes.
const LINK_CAP: usize = 2_048;
/// What names somebody (NIP-19): a key, or a key with relays.
const PEOPLE: [&str; 2] = ["npub1", "nprofile1"];

/// Shows whom the first of these arguments that is a link names, if there is one.
pub fn open_any<'a>(app: &AppHandle, arguments: impl IntoIterator<Item = &'a str>) {
    let Some(person) = arguments.into_iter().find_map(person) else { return };
    let (app, person) = (app.clone(), person.to_owned());
    tauri::async_runtime::spawn(async move {
        app.state::<Shell>().bridge.open_person(person);
        window::show(&app);
    });
}

/// Whom a link names. Both `nostr:npub1…` and `murmel://npub1…` are in use; browsers add a slash at the end.
fn person(link: &str) -> Option<&str> {
    if link.len() > LINK_CAP {
        return None;
    }
    let (scheme, rest) = link.split_once(':')?;
    if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let word = rest.trim_start_matches('/').trim_end_matches('/');
    let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (plain && PEOPLE.iter().any(|prefix| word.starts_with(prefix))).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_person_and_nothing_else() {
        for link in ["nostr:npub1abc", "murmel:npub1abc", "murmel://npub1abc/", "NOSTR:npub1abc"] {
            assert_eq!(person(link), Some("npub1abc"), "{link}");
        }
        assert_eq!(person("nostr:nprofile1qqq"), Some("nprofile1qqq"));
    }

    #[test]
    fn no_other_link_gets_in() {
        let long = format!("nostr:npub1{}", "a".repeat(LINK_CAP));
        for link in [
            "nostr:nsec1abc",
            "nostr:note1abc",
            "nostr:",
            "murmel:send?text=hello",
            "murmel:npub1abc?text=hello",
            "nostr:npub1abc --home /tmp/x",
            "nostr:npub1ABC",
            "https://example.org/npub1abc",
            "file:///etc/passwd",
            "npub1abc",
            "--home",
            "nostr:npub1a\u{202e}bc",
            long.as_str(),
        ] {
            assert_eq!(person(link), None, "{link}");
        }
    }

    #[test]
    fn the_packages_register_the_same_schemes() {
        let entry = include_str!("../murmel.desktop");
        let file: serde_json::Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        assert_eq!(file["plugins"]["deep-link"]["desktop"]["schemes"], serde_json::json!(SCHEMES));
        for scheme in SCHEMES {
            assert!(entry.contains(&format!("x-scheme-handler/{scheme};")), "{scheme}");
        }
    }
}
