//! How a text becomes words, for the index and for what is looked for alike: without case and diacritics, and single characters where a
//! script has no spaces between words (decision 0010).
//! It knows no table and no syntax of FTS5; nothing that it lets through means anything there.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Characters of a word that count; the rest of a longer one is left out, in the index and in what is looked for.
pub(super) const WORD_CAP: usize = 64;

/// A word, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it is in the index: letters, digits and single symbols only.
    pub(super) text: String,
    /// Bytes of the original. Words that one character stands for share them.
    pub(super) at: Range<usize>,
}

impl Word {
    /// Whether it is a character of its own, which no longer word begins with.
    pub(super) fn is_single(&self) -> bool {
        self.text.chars().next().is_some_and(is_single)
    }
}

/// What a character is to the search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Between words.
    Gap,
    /// A letter or a digit of a word.
    Letter,
    /// A word by itself.
    Single,
    /// Belongs to the character before it.
    Mark,
}

/// The words of a text, in their order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    // A reference to a person is shown as a name, not as it stands.
    let mut from = 0;
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let (before, after) = match rest.find("nostr:n") {
            Some(at) => (at, rest.get(at..).and_then(|uri| uri.find(|c: char| c != ':' && !c.is_ascii_alphanumeric())).map(|end| at + end)),
            None => (rest.len(), None),
        };
        plain_words(rest.get(..before).unwrap_or_default(), from, &mut found);
        match (before == rest.len(), after) {
            (true, _) | (_, None) => break,
            (false, Some(end)) => from += end,
        }
    }
    found
}

fn plain_words(text: &str, offset: usize, found: &mut Vec<Word>) {
    let mut run: Option<Range<usize>> = None;
    let mut single = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let class = classify(c);
        if let Some(open) = &mut run
            && (class == Class::Mark || (class == Class::Letter && !single))
        {
            open.end = end;
            continue;
        }
        if let Some(run) = run.take() {
            push(text, run, offset, found);
        }
        if matches!(class, Class::Letter | Class::Single) {
            run = Some(at..end);
            single = class == Class::Single;
        }
    }
    if let Some(run) = run {
        push(text, run, offset, found);
    }
}

/// Adds what a run of characters that belong together comes to: mostly one word.
fn push(text: &str, run: Range<usize>, offset: usize, found: &mut Vec<Word>) {
    let Some(raw) = text.get(run.clone()) else { return };
    let at = run.start + offset..run.end + offset;
    if raw.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let mut word = raw.to_ascii_lowercase();
        word.truncate(WORD_CAP);
        found.push(Word { text: word, at });
        return;
    }
    let mut word = String::new();
    let mut letters = 0;
    // Compatibility forms first, then without the marks that people leave out when they type, then together again: Hangul and kana stay whole.
    for c in raw.nfkd().filter(|c| !is_left_out(*c)).nfc().flat_map(char::to_lowercase) {
        match classify(c) {
            Class::Single => {
                close(&mut word, &mut letters, &at, found);
                found.push(Word { text: c.to_string(), at: at.clone() });
            }
            Class::Letter | Class::Mark if letters < WORD_CAP => {
                letters += 1;
                match plain(c) {
                    Some(plain) => word.push_str(plain),
                    None => word.push(c),
                }
            }
            Class::Letter | Class::Mark => {}
            Class::Gap => close(&mut word, &mut letters, &at, found),
        }
    }
    close(&mut word, &mut letters, &at, found);
}

fn close(word: &mut String, letters: &mut usize, at: &Range<usize>, found: &mut Vec<Word>) {
    *letters = 0;
    if !word.is_empty() {
        found.push(Word { text: std::mem::take(word), at: at.clone() });
    }
}

fn classify(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Class::Letter } else { Class::Gap };
    }
    match c {
        // Private use: the index keeps its own marks there.
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => Class::Gap,
        // What only varies the character before it.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}' => Class::Mark,
        c if is_single(c) => Class::Single,
        c if is_combining_mark(c) => Class::Mark,
        c if c.is_alphanumeric() => Class::Letter,
        _ => Class::Gap,
    }
}

/// Scripts that put no spaces between words, Hangul (whose words carry endings that nobody types), and emoji.
fn is_single(c: char) -> bool {
    matches!(c,
        '\u{0e01}'..='\u{0eff}'     // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Myanmar
        | '\u{1100}'..='\u{11ff}'   // Hangul Jamo
        | '\u{1780}'..='\u{17d3}' | '\u{17e0}'..='\u{17e9}' // Khmer
        | '\u{1950}'..='\u{19df}' | '\u{1a20}'..='\u{1aad}' // Tai
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{30fa}' | '\u{30fc}'..='\u{31ff}' // Kana, Bopomofo, Hangul
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' // Han
        | '\u{a980}'..='\u{a9df}' | '\u{aa60}'..='\u{aadf}' // Javanese, Tai Viet
        | '\u{ac00}'..='\u{d7ff}'   // Hangul
        | '\u{2600}'..='\u{27bf}' | '\u{2b05}'..='\u{2b55}' | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}' // Emoji
    )
}

/// Marks that people leave out when they type, and signs that are not seen.
fn is_left_out(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0487}' | '\u{0591}'..='\u{05c7}' | '\u{0610}'..='\u{061a}' | '\u{0640}'
        | '\u{064b}'..='\u{065f}' | '\u{0670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200c}' | '\u{200d}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Letters that do not come apart into a plain one and a mark.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        'ŋ' => "n",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn case_and_diacritics_make_no_difference() {
        assert_eq!(list("Füße, ÉCLAIR; naïve Łódź Ærø"), ["fusse", "eclair", "naive", "lodz", "aero"]);
        assert_eq!(list("Ǽ e\u{301}te\u{301} Ｆｕｌｌ ﬁne"), ["ae", "ete", "full", "fine"]);
        assert_eq!(list("ΣΊΣΥΦΟΣ"), list("σίσυφος"));
        assert_eq!(list("ё Й"), list("е и"));
        assert_eq!(list("مُحَمَّد"), list("محمد"));
    }

    #[test]
    fn scripts_without_spaces_come_apart_into_characters() {
        assert_eq!(list("東京タワーへ行く"), ["東", "京", "タ", "ワ", "ー", "へ", "行", "く"]);
        assert_eq!(list("ﾀﾜｰ"), ["タ", "ワ", "ー"]);
        assert_eq!(list("が"), list("か\u{3099}"));
        assert_eq!(list("สวัสดี"), ["ส", "ว", "ั", "ส", "ด", "ี"]);
        assert_eq!(list("학교에"), ["학", "교", "에"]);
        assert_eq!(list("abc東def"), ["abc", "東", "def"]);
        assert_eq!(list("😀👍🏽!❤️"), ["😀", "👍", "❤"]);
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "Ein Füßchen, 東京.";
        let at: Vec<&str> = words(text).into_iter().filter_map(|word| text.get(word.at)).collect();
        assert_eq!(at, ["Ein", "Füßchen", "東", "京"]);
    }

    #[test]
    fn references_to_people_are_no_words() {
        assert_eq!(list("hello nostr:npub1qqqqqqqq, and nostr:nprofile1abc"), ["hello", "and"]);
        assert_eq!(list("nostr:npub1qq東"), ["東"]);
        assert_eq!(list("nostr is nice"), ["nostr", "is", "nice"]);
    }

    #[test]
    fn what_means_something_elsewhere_means_nothing_here() {
        assert_eq!(list("a\0b\"c' OR NOT*(^d):{e}-"), ["a", "b", "c", "or", "not", "d", "e"]);
        assert_eq!(list("\u{f0001}x\u{100001}"), ["x"]);
        assert_eq!(words(&"z".repeat(10_000)).first().map(|word| word.text.len()), Some(WORD_CAP));
        assert_eq!(words(&"é".repeat(10_000)).first().map(|word| word.text.chars().count()), Some(WORD_CAP));
    }
}
