use std::collections::BTreeSet;

use nostr::PublicKey;

use crate::tests::kit::{annotation, chat, event, fresh, message, on, person};
use crate::{ChatId, KIND_CHAT, KIND_DELETE, KIND_EDIT, KIND_REACTION, MessageId, MessageRecord, SearchFilter, StoreError, Terms, Tx};

fn filter(query: &str) -> SearchFilter {
    SearchFilter { terms: Terms::parse(query), ..SearchFilter::default() }
}

fn texts(tx: &Tx<'_>, filter: &SearchFilter) -> Result<Vec<String>, StoreError> {
    Ok(tx.search(filter, None, 50)?.into_iter().map(|row| row.content).collect())
}

fn say(tx: &Tx<'_>, chat: ChatId, n: u16, at: u64, text: &str) -> Result<MessageId, StoreError> {
    Ok(tx.insert_message(&MessageRecord { content: text.into(), ..message(chat, n, at) })?.unwrap())
}

fn edit(chat: ChatId, n: u16, at: u64, target: u16, text: &str) -> MessageRecord {
    MessageRecord { content: text.into(), ..annotation(chat, n, at, KIND_EDIT, target) }
}

#[test]
fn words_beginnings_and_phrases_are_found_newest_first() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        // The order of arrival is not that of time.
        say(tx, here, 1, 30, "The old garden gate")?;
        say(tx, here, 2, 10, "An old gate, a garden")?;
        say(tx, here, 3, 20, "Gardening for the OLD")?;
        say(tx, here, 4, 40, "nothing of it")?;
        assert_eq!(texts(tx, &filter("old "))?, ["The old garden gate", "Gardening for the OLD", "An old gate, a garden"]);
        assert_eq!(texts(tx, &filter("gard"))?.len(), 3);
        assert_eq!(texts(tx, &filter("gard "))?.len(), 0);
        assert_eq!(texts(tx, &filter("garden "))?.len(), 2);
        assert_eq!(texts(tx, &filter("\"old garden\""))?, ["The old garden gate"]);
        assert_eq!(texts(tx, &filter("gate old gardens"))?.len(), 0);
        assert_eq!(texts(tx, &filter("gate garden old"))?.len(), 2);
        Ok(())
    });
}

#[test]
fn scripts_without_spaces_and_diacritics_are_found() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        for (n, text) in
            ["昨日東京タワーへ行った", "สวัสดีครับ", "우리학교에서 만나", "Grüße aus Łódź", "Đặng Thị", "😀👍🏽"].into_iter().enumerate()
        {
            say(tx, here, n as u16, 10, text)?;
        }
        for query in ["東京", "タワー", "สวัสดี", "ครับ", "학교", "grusse", "GRÜSSE ", "lodz", "dang thi", "👍"]
        {
            assert_eq!(texts(tx, &filter(query))?.len(), 1, "{query}");
        }
        assert!(texts(tx, &filter("京東"))?.is_empty());
        Ok(())
    });
}

#[test]
fn filters_narrow_by_chat_person_and_date_and_pages_follow_on_each_other() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let (here, there) = (tx.insert_chat(&chat(1))?, tx.insert_chat(&chat(2))?);
        for n in 0..40_u16 {
            let row = MessageRecord {
                sender: person(2 + n as u8 % 2),
                content: format!("rose {n}"),
                ..message(if n < 20 { here } else { there }, n, 100 + u64::from(n / 2))
            };
            tx.insert_message(&row)?;
        }
        assert_eq!(texts(tx, &SearchFilter { chat: Some(here), ..filter("rose") })?.len(), 20);
        assert_eq!(texts(tx, &SearchFilter { chat: Some(there), sender: Some(person(3)), ..filter("rose") })?.len(), 10);
        // A filter alone finds everything it lets through.
        assert_eq!(texts(tx, &SearchFilter { sender: Some(person(2)), ..filter("") })?.len(), 20);
        assert_eq!(
            texts(tx, &SearchFilter { since: Some(105), until: Some(106), ..filter("rose") })?,
            ["rose 13", "rose 12", "rose 11", "rose 10"]
        );
        assert!(texts(tx, &filter(""))?.is_empty());

        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = tx.search(&filter("rose"), before, 7)?;
            let Some(last) = page.last() else { break };
            before = Some(last.place());
            all.extend(page.into_iter().map(|row| row.content));
        }
        assert_eq!(all, (0..40).rev().map(|n| format!("rose {n}")).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn chats_and_people_that_share_a_mark_are_told_apart() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        tx.run("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'chats'", [here.0 + 0xfffe - 1])?;
        let twin = tx.insert_chat(&chat(2))?;
        assert_eq!(twin.0 - here.0, 0xfffe);
        let mut close = *person(2).as_bytes();
        close[31] ^= 1;
        say(tx, here, 1, 10, "rose")?;
        for n in 2..80 {
            tx.insert_message(&MessageRecord {
                sender: PublicKey::from_byte_array(close),
                content: "rose too".into(),
                ..message(twin, n, 20)
            })?;
        }
        assert_eq!(texts(tx, &SearchFilter { chat: Some(here), ..filter("rose") })?, ["rose"]);
        assert_eq!(texts(tx, &SearchFilter { sender: Some(person(2)), ..filter("rose") })?, ["rose"]);
        Ok(())
    });
}

#[test]
fn a_search_follows_edits_deletions_withdrawals_and_expiry() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let found = |query: &str| Ok::<_, StoreError>(tx.search(&filter(query), None, 9)?.len());

        say(tx, here, 1, 10, "first words")?;
        let newest = tx.insert_message(&edit(here, 2, 30, 1, "third words"))?.unwrap();
        tx.insert_message(&edit(here, 3, 20, 1, "second words"))?;
        tx.insert_message(&MessageRecord { sender: person(7), ..edit(here, 4, 40, 1, "stranger words") })?;
        tx.insert_message(&annotation(here, 5, 50, KIND_REACTION, 1))?;
        assert_eq!([found("first")?, found("second")?, found("third")?, found("stranger")?], [0, 0, 1, 0]);
        tx.set_withdrawn(newest, true)?;
        assert_eq!([found("second")?, found("third")?], [1, 0]);
        tx.set_withdrawn(newest, false)?;
        tx.delete_message(newest)?;
        assert_eq!([found("second")?, found("third")?], [1, 0]);

        // An edit that came before its message.
        tx.insert_message(&edit(here, 11, 30, 10, "later text"))?;
        let late = say(tx, here, 10, 20, "earlier text")?;
        assert_eq!([found("later")?, found("earlier")?], [1, 0]);
        tx.set_withdrawn(late, true)?;
        assert_eq!(found("later")?, 0);
        tx.set_withdrawn(late, false)?;
        assert_eq!(found("later")?, 1);
        tx.erase_message(late)?;
        assert_eq!(found("later")?, 0);

        say(tx, here, 20, 10, "own deletion")?;
        tx.insert_message(&annotation(here, 21, 11, KIND_DELETE, 20))?;
        assert_eq!(found("deletion")?, 0);

        tx.insert_message(&MessageRecord { content: "fleeting".into(), expires_at: Some(50), ..message(here, 30, 10) })?;
        tx.insert_message(&edit(here, 31, 11, 30, "fleeting still"))?;
        assert_eq!(found("fleeting")?, 1);
        tx.delete_expired(60, 9)?;
        assert_eq!(found("fleeting")?, 0);

        tx.forget_chat(here)?;
        assert_eq!(found("words")?, 0);
        assert!(entries(tx)?.is_empty());
        Ok(())
    });
}

/// Every word of the index with its row and place.
fn entries(tx: &Tx<'_>) -> Result<BTreeSet<(String, i64, i64)>, StoreError> {
    let connection = tx.connection();
    connection.execute_batch("CREATE VIRTUAL TABLE IF NOT EXISTS temp.entries USING fts5vocab (main, search, instance)")?;
    let mut statement = connection.prepare("SELECT term, doc, \"offset\" FROM temp.entries")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A small generator: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn after_any_history_the_index_is_what_a_rebuilding_makes() {
    const WORDS: [&str; 8] = ["rose", "Rosé", "garden", "東京", "old", "gate", "สวัส", "roses"];
    let (_home, database) = fresh();
    let mut dice = Dice(7);
    let chats = on(&database, |tx| Ok([tx.insert_chat(&chat(1))?, tx.insert_chat(&chat(2))?]));
    for round in 0..60_u16 {
        let seed = dice.roll(u64::MAX >> 1);
        on(&database, move |tx| {
            let mut dice = Dice(seed);
            for step in 0..12_u16 {
                let n = round * 12 + step;
                let here = chats[dice.roll(2) as usize];
                let text = (0..dice.roll(5)).map(|_| WORDS[dice.roll(8) as usize]).collect::<Vec<_>>().join(" ");
                let kind = [KIND_CHAT, KIND_CHAT, KIND_CHAT, KIND_EDIT, KIND_DELETE, KIND_REACTION][dice.roll(6) as usize];
                // What it refers to may come later, or be anything.
                let target = (kind != KIND_CHAT).then(|| event((dice.roll(u64::from(n) + 5)) as u16));
                let row = MessageRecord {
                    kind,
                    target,
                    content: text,
                    sender: person(dice.roll(2) as u8 + 1),
                    ..message(here, n, dice.roll(400))
                };
                tx.insert_message(&MessageRecord { expires_at: (dice.roll(9) == 0).then_some(u64::from(n)), ..row })?;
                let any = MessageId(dice.roll(u64::from(n) + 1) as i64 + 1);
                match dice.roll(8) {
                    0 => drop(tx.erase_message(any)?),
                    1 => tx.set_withdrawn(any, true)?,
                    2 => tx.set_withdrawn(any, false)?,
                    3 => tx.delete_message(any)?,
                    4 => drop(tx.delete_expired(u64::from(n) / 2, 3)?),
                    5 => drop(tx.erase_edits(here, &event(dice.roll(u64::from(n) + 1) as u16))?),
                    _ => {}
                }
            }
            Ok(())
        });
    }
    on(&database, |tx| {
        let grown = entries(tx)?;
        assert!(grown.len() > 500, "{}", grown.len());
        assert!(tx.check_index()?.is_good(), "{:?}", tx.check_index()?);
        tx.begin_rebuild()?;
        while tx.rebuild_some(50)?.is_some() {}
        assert_eq!(entries(tx)?, grown);
        assert!(tx.check_index()?.is_good());
        Ok(())
    });
    assert!(on(&database, |tx| tx.is_sound()));
}

#[test]
fn what_changes_while_the_index_is_rebuilt_is_neither_missing_nor_there_twice() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let ids: Vec<_> = (0..30).map(|n| say(tx, here, n, 10, &format!("rose {n}"))).collect::<Result<_, _>>()?;
        tx.begin_rebuild()?;
        assert!(tx.search(&filter("rose"), None, 50)?.is_empty());
        tx.rebuild_some(10)?;
        assert_eq!(tx.search(&filter("rose"), None, 50)?.len(), 10);
        // One that is in, one that is not yet, and a new one.
        tx.erase_message(ids[3])?;
        tx.erase_message(ids[20])?;
        tx.insert_message(&edit(here, 40, 11, 25, "tulip 25"))?;
        tx.insert_message(&edit(here, 41, 11, 5, "tulip 5"))?;
        say(tx, here, 50, 10, "rose 50")?;
        assert_eq!(tx.search(&filter("rose"), None, 50)?.len(), 9);
        while let Some(step) = tx.rebuild_some(7)? {
            assert!(step.done <= step.end);
        }
        assert_eq!(tx.rebuilding()?, None);
        assert_eq!(tx.search(&filter("rose"), None, 50)?.len(), 27);
        assert_eq!(texts(tx, &filter("tulip"))?, ["rose 25", "rose 5"]);
        let grown = entries(tx)?;
        tx.begin_rebuild()?;
        while tx.rebuild_some(100)?.is_some() {}
        assert_eq!(entries(tx)?, grown);
        Ok(())
    });
}

#[test]
fn a_damaged_index_is_noticed_survived_and_made_anew() {
    let (home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        for n in 0..200 {
            say(tx, here, n, 10, &format!("rose number{n}"))?;
        }
        Ok(())
    });
    on(&database, |tx| {
        assert!(tx.check_index()?.is_good());
        // Whatever the damage, of the bytes or of what is in them.
        tx.run("UPDATE search_data SET block = zeroblob(length(block)) WHERE id > 10", [])?;
        Ok(())
    });
    drop(database);
    let database = home.open();
    on(&database, |tx| {
        assert!(!tx.check_index()?.is_good());
        tx.begin_rebuild()?;
        while tx.rebuild_some(64)?.is_some() {}
        assert!(tx.check_index()?.is_good());
        assert_eq!(tx.search(&filter("number17 "), None, 9)?.len(), 1);
        Ok(())
    });
}

#[test]
fn an_entry_that_is_missing_is_noticed() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        say(tx, here, 1, 10, "rose")?;
        tx.run("INSERT INTO search (search) VALUES ('delete-all')", [])?;
        let report = tx.check_index()?;
        assert_eq!((report.sound, report.messages, report.indexed, report.is_good()), (true, 1, 0, false));
        Ok(())
    });
}

#[test]
fn hostile_texts_and_queries_are_only_words() {
    const HOSTILE: [&str; 12] = [
        "\"",
        "\"\"\"",
        "'; DROP TABLE messages; --",
        "a OR b NOT c",
        "NEAR(a b)",
        "{words} : x",
        "^x",
        "x*y*",
        "\0\0",
        "(((((((",
        "AND",
        "\u{202e}\u{f0001}\u{100001}",
    ];
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        for (n, text) in HOSTILE.iter().chain([&&*"x ".repeat(20_000), &&*"ß".repeat(20_000)]).enumerate() {
            say(tx, here, n as u16, u64::MAX / 2 - n as u64, text)?;
            tx.search(&filter(text), None, 9)?;
            tx.search(&SearchFilter { since: Some(u64::MAX), until: Some(0), ..filter(text) }, None, 9)?;
        }
        assert_eq!(texts(tx, &filter("drop"))?.len(), 1);
        // Another chat's mark in a text is not in the index.
        assert!(texts(tx, &SearchFilter { chat: Some(ChatId(2)), ..filter("") })?.is_empty());
        assert!(tx.check_index()?.is_good());
        Ok(())
    });
}
