//! Long conversations: pages both ways, jumps, and finding things again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Person, text_of};
use murmel_ipc::{self as ipc, ErrorCode};

/// A conversation of one person with texts `0` to `n - 1`; the ids of the messages.
async fn monologue(n: usize) -> (Person, String, Vec<i64>) {
    let anna = Person::offline("Anna", &["ws://127.0.0.1:9".to_owned()]).await;
    let chat = anna.create_group("Diary", &[]).await;
    let mut ids = Vec::new();
    for number in 0..n {
        ids.push(anna.say(&chat, &number.to_string()).await.id);
    }
    (anna, chat, ids)
}

fn texts(page: &ipc::TimelinePage) -> Vec<String> {
    page.messages.iter().filter_map(text_of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_lands_in_the_middle_of_a_page_that_goes_on_both_ways() {
    let (anna, chat, ids) = monologue(30).await;
    let client = anna.client();
    let page = client.timeline_around(&chat, ids[15], 7).await.unwrap();
    assert_eq!(texts(&page), ["12", "13", "14", "15", "16", "17", "18"]);

    let mut newer = page.newer;
    let mut later = Vec::new();
    while let Some(after) = newer {
        let page = client.timeline_after(&chat, after, 5).await.unwrap();
        assert!(page.older.is_some());
        later.extend(texts(&page));
        newer = page.newer;
    }
    assert_eq!(later, (19..30).map(|number| number.to_string()).collect::<Vec<_>>());

    let before = client.timeline(&chat, page.older, 5).await.unwrap();
    assert_eq!(texts(&before), ["7", "8", "9", "10", "11"]);
    // The way back is open, too.
    assert_eq!(texts(&client.timeline_after(&chat, before.newer.unwrap(), 2).await.unwrap()), ["12", "13"]);
    assert_eq!(client.timeline(&chat, None, 5).await.unwrap().newer, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_an_end_the_page_around_a_message_is_full_all_the_same() {
    let (anna, chat, ids) = monologue(30).await;
    let client = anna.client();
    let last = client.timeline_around(&chat, ids[29], 8).await.unwrap();
    assert_eq!(texts(&last), ["22", "23", "24", "25", "26", "27", "28", "29"]);
    assert_eq!((last.newer, last.older.is_some()), (None, true));
    let first = client.timeline_around(&chat, ids[0], 200).await.unwrap();
    assert_eq!(texts(&first).len(), 30);
    assert_eq!((first.newer, first.older), (None, None));
    let alone = client.timeline_around(&chat, ids[3], 0).await.unwrap();
    assert_eq!(texts(&alone), ["3"]);
    assert!(alone.newer.is_some() && alone.older.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_to_what_is_not_in_the_conversation_says_so() {
    let (anna, chat, ids) = monologue(2).await;
    let other = anna.create_group("Elsewhere", &[]).await;
    let client = anna.client();
    for (chat, message) in [(&chat, 999), (&other, ids[0])] {
        assert_eq!(client.timeline_around(chat, message, 5).await.unwrap_err().code, ErrorCode::NotFound);
    }
    // A reaction has no place of its own.
    client.react(ids[0], "+").await.unwrap();
    assert_eq!(client.timeline_around(&chat, ids[1] + 1, 5).await.unwrap_err().code, ErrorCode::NotFound);
}
