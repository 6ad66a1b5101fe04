//! What somebody looks for: words, the beginnings of words, and phrases, all of which a message has to have.
//! No text is an error, and none can say anything to FTS5 but words.

use std::ops::Range;

use super::words::{Word, words};

/// Characters of what is typed that count.
pub(crate) const QUERY_CAP: usize = 1_000;
/// Words and phrases that count; those after them are left out.
pub(crate) const PARTS_CAP: usize = 16;
/// Shortest beginning of a word that stands for all words that begin so; a shorter one is a word.
const BEGINNING: usize = 2;

/// Words that follow on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    words: Vec<String>,
    /// The last word is the beginning of one.
    begins: bool,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    parts: Vec<Part>,
}

impl Terms {
    /// Reads what was typed: words, "phrases", beginnings*; the last word is a beginning too while nothing follows it.
    pub fn parse(text: &str) -> Self {
        let text = text.char_indices().nth(QUERY_CAP).and_then(|(end, _)| text.get(..end)).unwrap_or(text);
        let mut parts = Vec::new();
        let pieces: Vec<&str> = text.split(['"', '“', '”', '„', '«', '»']).collect();
        for (index, piece) in pieces.iter().enumerate() {
            // Every second piece is between quotation marks; the last one may still be open.
            if index % 2 == 1 {
                parts.extend(part(piece, false));
                continue;
            }
            let last = index + 1 == pieces.len() && !piece.ends_with(char::is_whitespace);
            let mut words = piece.split_whitespace().peekable();
            while let Some(word) = words.next() {
                let typing = last && words.peek().is_none();
                parts.extend(part(word, typing || word.ends_with('*')));
            }
        }
        parts.truncate(PARTS_CAP);
        Self { parts }
    }

    /// Whether there is no word in it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// As FTS5 wants it, with marks that have to be there too.
    pub(super) fn expression(&self, marks: &[char]) -> String {
        let parts = self.parts.iter().map(|part| format!("\"{}\"{}", part.words.join(" "), if part.begins { " *" } else { "" }));
        let marks = marks.iter().map(|mark| format!("\"{mark}\""));
        marks.chain(parts).collect::<Vec<_>>().join(" AND ")
    }

    /// Where a text has what is looked for: bytes, ascending, not touching each other.
    pub fn found_in(&self, text: &str) -> Vec<Range<usize>> {
        let words = words(text);
        let mut found: Vec<Range<usize>> = self.parts.iter().flat_map(|part| part.found_in(&words)).collect();
        found.sort_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        joined
    }
}

fn part(text: &str, begins: bool) -> Option<Part> {
    let words = words(text);
    let begins = begins && words.last().is_some_and(|last| !last.is_single() && last.text.chars().count() >= BEGINNING);
    let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
    (!words.is_empty()).then_some(Part { words, begins })
}

impl Part {
    fn found_in(&self, words: &[Word]) -> Vec<Range<usize>> {
        let matches = |run: &&[Word]| {
            run.iter().zip(&self.words).enumerate().all(|(index, (word, wanted))| {
                let last = index + 1 == self.words.len();
                if last && self.begins { word.text.starts_with(wanted.as_str()) } else { word.text == *wanted }
            })
        };
        let place = |run: &[Word]| Some(run.first()?.at.start..run.last()?.at.end);
        words.windows(self.words.len()).filter(matches).filter_map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(text: &str) -> String {
        Terms::parse(text).expression(&[])
    }

    #[test]
    fn words_phrases_and_beginnings_are_read() {
        assert_eq!(expression("Rose garden"), r#""rose" AND "garden" *"#);
        assert_eq!(expression("Rose garden "), r#""rose" AND "garden""#);
        assert_eq!(expression("ros* \"the old garden\""), r#""ros" * AND "the old garden""#);
        assert_eq!(expression("“the old garden” gate"), r#""the old garden" AND "gate" *"#);
        assert_eq!(expression("well-known"), r#""well known" *"#);
        assert_eq!(expression("東京"), r#""東 京""#);
        assert_eq!(expression("x"), r#""x""#);
        assert_eq!(expression("\"still open"), r#""still open""#);
    }

    #[test]
    fn nothing_that_is_typed_reaches_the_syntax() {
        for text in
            ["", " ", "\"", "\"\"\"", "*", "AND", "NEAR(a b, 2)", "text:a", "{a b}:c", "^a", "a+b", "-a", "a\0b", "(", "'; DROP TABLE"]
        {
            let terms = expression(text);
            assert!(
                terms.split(" AND ").all(|part| part.is_empty() || part.trim_end_matches(" *").chars().filter(|c| *c == '"').count() == 2),
                "{terms}"
            );
        }
        assert!(Terms::parse("!?… \0").is_empty());
        assert_eq!(Terms::parse(&"word ".repeat(5_000)).parts.len(), PARTS_CAP);
    }

    #[test]
    fn what_was_found_is_marked_in_the_original_text() {
        let text = "Die Füße im FÜSSCHEN, die füsse";
        let found = |query: &str| Terms::parse(query).found_in(text).into_iter().filter_map(|at| text.get(at)).collect::<Vec<_>>();
        assert_eq!(found("fusse "), ["Füße", "füsse"]);
        assert_eq!(found("fuss"), ["Füße", "FÜSSCHEN", "füsse"]);
        assert_eq!(found("\"im füsschen\" die"), ["Die", "im FÜSSCHEN", "die"]);
        assert_eq!(Terms::parse("京タ").found_in("東京タワー").first(), Some(&(3..9)));
        assert!(found("").is_empty());
    }
}
