//! What is left of deleted words in the file and its log, page by page, as somebody with the key would find it.
use std::fs;

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockDecryptMut as _, KeyIvInit as _};

use crate::MessageRecord;
use crate::tests::kit::{Home, KEY, chat, fresh, message, on, wait};

const PAGE: usize = 4_096;
/// Initialisation vector and authentication code at the end of each page (SQLCipher 4).
const RESERVED: usize = 80;
const SALT: usize = 16;
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;

fn open_page(page: &[u8], skipped: usize) -> Vec<u8> {
    let (sealed, end) = page.split_at(PAGE - RESERVED);
    let opener = cbc::Decryptor::<aes::Aes256>::new(&KEY.into(), end[..16].into());
    let mut plain = sealed[skipped..].to_vec();
    opener.decrypt_padded_mut::<NoPadding>(&mut plain).unwrap();
    plain
}

/// Every byte of the file and of its log, opened. Free pages and frames that are not valid any more included.
fn everything(home: &Home) -> Vec<u8> {
    let file = fs::read(&home.path).unwrap();
    let mut all = Vec::new();
    for (nth, page) in file.chunks_exact(PAGE).enumerate() {
        all.extend(open_page(page, if nth == 0 { SALT } else { 0 }));
    }
    let log = fs::read(home.path.with_extension("db-wal")).unwrap_or_default();
    for frame in log.get(LOG_HEAD..).unwrap_or_default().chunks_exact(FRAME_HEAD + PAGE) {
        let number = u32::from_be_bytes(frame[..4].try_into().unwrap());
        all.extend(open_page(&frame[FRAME_HEAD..], if number == 1 { SALT } else { 0 }));
    }
    all
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn of_a_message_that_disappeared_no_word_is_left_in_rows_index_free_pages_or_log() {
    let (home, database) = fresh();
    let words = ["zanzibarberry", "quokkaplum"];
    on(&database, move |tx| {
        let here = tx.insert_chat(&chat(1))?;
        // Among others, so that pages are shared, split and freed.
        for n in 0..400 {
            let planted = n % 2 == 0;
            let content = if planted { words.join(" ").repeat(20) } else { "what stays ".repeat(20) };
            let expires_at = planted.then_some(20);
            tx.insert_message(&MessageRecord { content, expires_at, ..message(here, n, 10) })?;
        }
        Ok(())
    });
    let before = everything(&home);
    assert!(words.iter().all(|word| holds(&before, word)), "the search finds what is there");

    while !on(&database, |tx| tx.delete_expired(30, 150)).is_empty() {}
    assert!(words.iter().all(|word| holds(&everything(&home), word)), "until it is emptied, the log has them");
    wait(database.empty_log()).unwrap();
    let after = everything(&home);
    assert!(holds(&after, "what stays"));
    for word in words {
        // The index keeps beginnings of words, so pieces are looked for, too.
        for piece in [word, word.split_at(8).0, word.split_at(4).1] {
            assert!(!holds(&after, piece), "{piece} is still there");
        }
    }
}
