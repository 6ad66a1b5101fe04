//! Changes to real inputs, such that they stay almost real: flipped bits, edited lengths, moved parts, altered tags.
//! Never random on its own: an edit is a value, and whoever makes it decides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// One change. Positions are taken modulo what is there.
#[derive(Clone, Debug)]
pub enum Edit {
    /// One bit.
    Flip(u32),
    /// One byte.
    Set(u32, u8),
    /// Nothing from here on.
    Cut(u32),
    /// Bytes in between.
    Insert(u32, Vec<u8>),
    /// So many bytes less.
    Remove(u32, u8),
    /// So many bytes twice.
    Repeat(u32, u8),
    /// Another length where one may stand.
    Length(u32, Edge),
    /// A part of another real input.
    Splice(u32, u32, u8),
    /// A piece of text that parsers stumble over.
    Word(u32, u8),
    /// One node of a JSON text: removed, doubled or replaced.
    Node(u32, u8),
    /// The same inside the `content` of a JSON text; inside what it encodes, where it is base64.
    Inside(Box<Edit>),
}

/// Lengths and numbers at the edges of their encodings.
#[derive(Clone, Copy, Debug)]
pub enum Edge {
    /// Nothing.
    Zero,
    /// The largest in one byte.
    One,
    /// The smallest in two bytes.
    Two,
    /// The smallest in four bytes.
    Four,
    /// The largest in four bytes: a gibibyte.
    Gibi,
    /// The largest of all.
    Most,
    /// A longer form than needed.
    Longer,
    /// Four bytes of ones: 4 GiB where a plain integer stands.
    Ones,
}

impl Edge {
    /// All of them.
    pub const ALL: [Self; 8] = [Self::Zero, Self::One, Self::Two, Self::Four, Self::Gibi, Self::Most, Self::Longer, Self::Ones];

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Zero => &[0],
            Self::One => &[0x3f],
            Self::Two => &[0x40, 0x40],
            Self::Four => &[0x80, 0, 0x40, 0],
            Self::Gibi => &[0xbf, 0xff, 0xff, 0xff],
            Self::Most => &[0xff; 8],
            Self::Longer => &[0x40, 0x05],
            Self::Ones => &[0xff; 4],
        }
    }
}

const WORDS: [&str; 24] = [
    "\"sig\":\"00\",",
    "\"kind\":444,",
    "[[[[[[[[",
    "{\"a\":",
    "1e999",
    "-1",
    "18446744073709551616",
    "9007199254740993",
    "\\ud800",
    "\\u0000",
    "null",
    "[\"h\"],",
    "[\"h\",\"\"],",
    "[],",
    "[\"imeta\",\"v\"],",
    "[\"expiration\",\"-1\"],",
    "\u{feff}",
    "\u{202e}",
    "nostr:npub1",
    "wss://[::1]:0/",
    "https://127.0.0.1.:80@[",
    "%00",
    "encrypted-media-v1",
    "\"\"",
];

impl Edit {
    /// Changes `input`; `others` are what is spliced in.
    pub fn apply(&self, input: &mut Vec<u8>, others: &[Vec<u8>]) {
        match self {
            Self::Flip(at) => {
                if let Some(place) = at.checked_rem(input.len() as u32 * 8)
                    && let Some(byte) = input.get_mut(place as usize / 8)
                {
                    *byte ^= 1 << (place % 8);
                }
            }
            Self::Set(at, to) => {
                if let Some(byte) = at.checked_rem(input.len() as u32).and_then(|at| input.get_mut(at as usize)) {
                    *byte = *to;
                }
            }
            Self::Cut(at) => input.truncate(place(*at, input)),
            Self::Insert(at, bytes) => insert(input, *at, bytes, 0),
            Self::Remove(at, len) => insert(input, *at, &[], usize::from(*len)),
            Self::Repeat(at, len) => {
                let from = place(*at, input);
                let part: Vec<u8> = input.iter().skip(from).take(usize::from(*len)).copied().collect();
                insert(input, *at, &part, 0);
            }
            Self::Length(at, edge) => insert(input, *at, edge.bytes(), 1),
            Self::Splice(at, from, len) => {
                let Some(other) = from.checked_rem(others.len() as u32).and_then(|index| others.get(index as usize)) else { return };
                let start = place(from / 7, other);
                let part: Vec<u8> = other.iter().skip(start).take(usize::from(*len) * 4).copied().collect();
                insert(input, *at, &part, part.len());
            }
            Self::Word(at, which) => {
                if let Some(word) = WORDS.get(usize::from(*which) % WORDS.len()) {
                    insert(input, *at, word.as_bytes(), usize::from(*which) / WORDS.len());
                }
            }
            Self::Inside(edit) => {
                if let Ok(mut value) = serde_json::from_slice::<Value>(input)
                    && let Some(Value::String(content)) = value.get_mut("content")
                {
                    *content = edited_content(content, edit, others);
                    *input = value.to_string().into_bytes();
                }
            }
            Self::Node(at, how) => {
                if let Ok(mut value) = serde_json::from_slice::<Value>(input) {
                    let mut left = at % count(&value).max(1);
                    edit_node(&mut value, &mut left, *how);
                    *input = value.to_string().into_bytes();
                }
            }
        }
    }
}

fn edited_content(content: &str, edit: &Edit, others: &[Vec<u8>]) -> String {
    let encoded = STANDARD.decode(content);
    let mut inside = encoded.clone().unwrap_or_else(|_| content.as_bytes().to_vec());
    edit.apply(&mut inside, others);
    if encoded.is_ok() { STANDARD.encode(inside) } else { String::from_utf8_lossy(&inside).into_owned() }
}

/// An end is a place too.
fn place(at: u32, input: &[u8]) -> usize {
    at as usize % (input.len() + 1)
}

fn insert(input: &mut Vec<u8>, at: u32, bytes: &[u8], instead_of: usize) {
    let at = place(at, input);
    let end = (at + instead_of).min(input.len());
    input.splice(at..end, bytes.iter().copied());
}

fn count(value: &Value) -> u32 {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// How far the walk to a node is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Onward,
    /// This is the node: whatever holds it may remove or double it.
    Here,
    Done,
}

/// Walks to the node and changes it.
fn edit_node(value: &mut Value, left: &mut u32, how: u8) -> Walk {
    if *left == 0 {
        *value = replaced(std::mem::take(value), how);
        return Walk::Here;
    }
    *left -= 1;
    match value {
        Value::Array(items) => {
            let found = items.iter_mut().map(|item| edit_node(item, left, how)).enumerate().find(|(_, walk)| *walk != Walk::Onward);
            let Some((index, walk)) = found else { return Walk::Onward };
            match (walk, how % 16) {
                (Walk::Here, 14) => drop(items.remove(index)),
                (Walk::Here, 15) => items.extend(items.get(index).cloned()),
                _ => {}
            }
            Walk::Done
        }
        Value::Object(fields) => {
            let found = fields.iter_mut().map(|(key, field)| (key, edit_node(field, left, how))).find(|(_, walk)| *walk != Walk::Onward);
            let Some((key, walk)) = found.map(|(key, walk)| (key.clone(), walk)) else { return Walk::Onward };
            if walk == Walk::Here && how % 16 == 14 {
                fields.remove(&key);
            }
            Walk::Done
        }
        _ => Walk::Onward,
    }
}

fn replaced(old: Value, how: u8) -> Value {
    match how % 16 {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::from(-1),
        3 => Value::from(u64::MAX),
        4 => Value::from(1e308),
        5 => Value::from(""),
        6 => Value::from("x".repeat(70_000)),
        7 => (0..200).fold(old, |inner, _| Value::Array(vec![inner])),
        8 => Value::Array(vec![old; 300]),
        9 => Value::Object([("".to_owned(), old)].into_iter().collect()),
        10 => Value::from(old.to_string()),
        11 => Value::from(old.as_str().map(str::to_uppercase).unwrap_or_default()),
        12 => Value::from(old.as_str().map(|text| format!("{text}\0")).unwrap_or_default()),
        13 => match old {
            Value::Number(number) => Value::from(number.as_u64().unwrap_or_default().wrapping_add(1)),
            Value::String(text) => Value::from(text.chars().rev().map(|c| if c == '0' { '1' } else { c }).collect::<String>()),
            other => other,
        },
        _ => old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_edit_fails_on_an_empty_input() {
        let edits = [
            Edit::Flip(9),
            Edit::Set(9, 1),
            Edit::Cut(9),
            Edit::Insert(9, vec![1]),
            Edit::Remove(9, 9),
            Edit::Repeat(9, 9),
            Edit::Length(9, Edge::Most),
            Edit::Splice(9, 9, 9),
            Edit::Word(9, 200),
            Edit::Node(9, 9),
            Edit::Inside(Box::new(Edit::Flip(9))),
        ];
        for edit in edits {
            let (mut alone, mut beside) = (Vec::new(), Vec::new());
            edit.apply(&mut alone, &[]);
            edit.apply(&mut beside, &[b"other".to_vec()]);
        }
    }

    #[test]
    fn nodes_of_a_json_text_are_removed_doubled_and_replaced() {
        let edited = |at, how| {
            let mut text = br#"{"tags":[["h","x"]]}"#.to_vec();
            Edit::Node(at, how).apply(&mut text, &[]);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(edited(2, 14), r#"{"tags":[]}"#);
        assert_eq!(edited(2, 15), r#"{"tags":[["h","x"],["h","x"]]}"#);
        assert_eq!(edited(1, 14), "{}");
        assert_eq!(edited(4, 0), r#"{"tags":[["h",null]]}"#);
    }
}
