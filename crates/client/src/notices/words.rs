//! The words of a notification: one line each, capped, free of what has no place in a line that somebody else wrote.
//! It escapes no markup: what a notification server understands is the shell's concern.

use murmel_ipc::{Language, NotificationPrivacy};

use super::Arrival;

/// Longest title, in characters.
pub(crate) const TITLE_CAP: usize = 60;
/// Longest body, in characters.
pub(crate) const BODY_CAP: usize = 200;

/// Title and body of what is said about an arrival; `None` where nothing is.
pub(super) fn words(arrival: &Arrival, shows: NotificationPrivacy, language: Language) -> Option<(String, String)> {
    let sender = &arrival.sender;
    let body = match shows {
        NotificationPrivacy::Off => return None,
        NotificationPrivacy::Count => return Some(("Murmel".to_owned(), new_messages(arrival.unread, language))),
        _ if arrival.count > 1 => new_messages(arrival.unread, language),
        NotificationPrivacy::NameAndText if !arrival.expires => format!("{sender}: {}", arrival.text),
        _ => match (arrival.mention, language) {
            (true, Language::En) => format!("{sender} wrote to you"),
            (true, Language::Nl) => format!("{sender} schreef je"),
            (false, Language::En) => format!("{sender} sent a message"),
            (false, Language::Nl) => format!("{sender} stuurde een bericht"),
        },
    };
    Some((one_line(&arrival.chat_name, TITLE_CAP), one_line(&body, BODY_CAP)))
}

fn new_messages(unread: u32, language: Language) -> String {
    match (unread, language) {
        (0 | 1, Language::En) => "A new message".to_owned(),
        (0 | 1, Language::Nl) => "Een nieuw bericht".to_owned(),
        (many, Language::En) => format!("{many} new messages"),
        (many, Language::Nl) => format!("{many} nieuwe berichten"),
    }
}

/// Title and body of what is said about an invitation; `None` where nothing is.
pub(super) const fn invitation(shows: NotificationPrivacy, language: Language) -> Option<(&'static str, &'static str)> {
    Some(match (shows, language) {
        (NotificationPrivacy::Off, _) => return None,
        (NotificationPrivacy::Count, Language::En) => ("Murmel", "Something new waits for you."),
        (NotificationPrivacy::Count, Language::Nl) => ("Murmel", "Er wacht iets nieuws op je."),
        (_, Language::En) => ("Invitation", "Somebody invites you to a group. Open Murmel to see who."),
        (_, Language::Nl) => ("Uitnodiging", "Iemand nodigt je uit voor een groep. Open Murmel om te zien wie."),
    })
}

/// `text` as one line of at most `cap` characters: control and direction-changing characters removed, runs of white space made one space.
pub(crate) fn one_line(text: &str, cap: usize) -> String {
    // What is read is bounded as well: a message of spaces must not cost more than one of words.
    let mut words = text.chars().take(cap.saturating_mul(8)).map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_unwanted(*c));
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in words.by_ref() {
        if c == ' ' {
            gap = length > 0;
            continue;
        }
        let needed = 1 + usize::from(gap);
        if length + needed > cap.saturating_sub(1) {
            line.push('…');
            return line;
        }
        if gap {
            line.push(' ');
        }
        line.push(c);
        length += needed;
        gap = false;
    }
    line
}

/// Characters that have no place in a line that somebody else wrote: controls, and those that reorder the text around them.
pub(crate) fn is_unwanted(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival() -> Arrival {
        Arrival {
            chat_name: "Garden".into(),
            sender: "Anna".into(),
            text: "the key is under the mat".into(),
            unread: 1,
            count: 1,
            ..Arrival::default()
        }
    }

    fn said(arrival: &Arrival, shows: NotificationPrivacy) -> String {
        words(arrival, shows, Language::En).map(|(title, body)| format!("{title} | {body}")).unwrap_or_default()
    }

    #[test]
    fn each_level_gives_away_no_more_than_it_says() {
        let one = arrival();
        assert_eq!(said(&one, NotificationPrivacy::Off), "");
        assert_eq!(said(&one, NotificationPrivacy::Count), "Murmel | A new message");
        assert_eq!(said(&one, NotificationPrivacy::Name), "Garden | Anna sent a message");
        assert_eq!(said(&one, NotificationPrivacy::NameAndText), "Garden | Anna: the key is under the mat");
        let many = Arrival { unread: 5, count: 3, ..arrival() };
        assert_eq!(said(&many, NotificationPrivacy::Count), "Murmel | 5 new messages");
        assert_eq!(said(&many, NotificationPrivacy::Name), "Garden | 5 new messages");
        assert_eq!(said(&many, NotificationPrivacy::NameAndText), "Garden | 5 new messages");
    }

    #[test]
    fn the_words_are_those_of_the_language() {
        let dutch = |arrival: &Arrival, shows| words(arrival, shows, Language::Nl).map(|(_, body)| body).unwrap_or_default();
        assert_eq!(dutch(&arrival(), NotificationPrivacy::Name), "Anna stuurde een bericht");
        assert_eq!(dutch(&arrival(), NotificationPrivacy::NameAndText), "Anna: the key is under the mat");
        assert_eq!(dutch(&Arrival { mention: true, ..arrival() }, NotificationPrivacy::Name), "Anna schreef je");
        assert_eq!(dutch(&Arrival { unread: 5, ..arrival() }, NotificationPrivacy::Count), "5 nieuwe berichten");
        assert_eq!(invitation(NotificationPrivacy::Name, Language::Nl).unwrap().0, "Uitnodiging");
    }

    /// N3.
    #[test]
    fn an_expiring_message_never_shows_its_text() {
        for shows in [NotificationPrivacy::Count, NotificationPrivacy::Name, NotificationPrivacy::NameAndText] {
            assert!(!said(&Arrival { expires: true, ..arrival() }, shows).contains("key"));
        }
    }

    #[test]
    fn titles_and_bodies_are_capped_and_free_of_control_characters() {
        let long = "\u{202e}a\u{7}".repeat(10_000);
        let hostile = Arrival { chat_name: long.clone(), sender: long.clone(), text: long, ..arrival() };
        let (title, body) = words(&hostile, NotificationPrivacy::NameAndText, Language::Nl).unwrap();
        assert_eq!((title.chars().count(), body.chars().count()), (TITLE_CAP, BODY_CAP));
        assert!(!format!("{title}{body}").contains(['\u{202e}', '\u{7}', '\n']));
    }

    #[test]
    fn white_space_is_one_space() {
        assert_eq!(one_line("  hello\n\tthere ", 40), "hello there");
    }
}
