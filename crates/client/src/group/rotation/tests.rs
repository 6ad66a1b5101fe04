use murmel_ipc as ipc;
use murmel_sim::faulty_relay::FaultyRelay;

use super::*;
use crate::clock::Clock;
use crate::network::setup;
use crate::testing::Bench;
use crate::{Housekeeping, chores};

const LONG: std::time::Duration = std::time::Duration::from_secs(60);

/// Somebody alone in a group, who waits for nothing before a rotation.
async fn founder(relay: &FaultyRelay) -> (Bench, ChatId, Clock) {
    let none = std::time::Duration::ZERO;
    let housekeeping = Housekeeping { rotation_grace: none, rotation_quiet: none, rotation_jitter: none, ..Housekeeping::default() };
    let clock = Clock::system();
    let bench = Bench::with(vec![relay.url()], housekeeping, clock.clone()).await;
    setup::done(&bench.account).await;
    let new = ipc::NewGroup { name: "Garden".into(), description: String::new(), people: Vec::new() };
    let group = crate::group::membership::create(&bench.account, new).await.unwrap().chat;
    let chat = bench.account.db.read(move |tx, _| Ok::<_, Error>(views::find(tx, &group)?.id)).await.unwrap();
    (bench, chat, clock)
}

async fn state(bench: &Bench, chat: ChatId) -> (u64, u64) {
    let read = bench.account.db.read(move |tx, _| {
        let chat = views::found(tx, chat)?;
        Ok::<_, Error>((chat.epoch.0, chat.needs_self_update_at.unwrap()))
    });
    read.await.unwrap()
}

/// Looks for open work, and waits until what was found is done.
async fn round(bench: &Bench, chat: ChatId, done: impl Fn((u64, u64)) -> bool) -> (u64, u64) {
    chores::look_around(&bench.account).await.unwrap();
    let waiting = async {
        loop {
            let moved = bench.account.sync.moved.notified();
            let state = state(bench, chat).await;
            if done(state) && rotating(&bench.account).is_empty() {
                return state;
            }
            drop(tokio::time::timeout(std::time::Duration::from_millis(50), moved).await);
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("the round is over")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_is_rotated_about_once_a_week_where_something_is_said() {
    let relay = FaultyRelay::start().await.unwrap();
    let (bench, chat, clock) = founder(&relay).await;
    let (epoch, due) = state(&bench, chat).await;
    assert!(((clock.now() + 6 * DAY - 60)..=(clock.now() + 8 * DAY)).contains(&due), "six to eight days from now");

    clock.shift(5 * DAY as i64);
    chores::look_around(&bench.account).await.unwrap();
    assert!(rotating(&bench.account).is_empty());
    assert_eq!(state(&bench, chat).await, (epoch, due));

    clock.shift((due - clock.now() + 60) as i64);
    let (epoch, due) = round(&bench, chat, |(now, next)| now == epoch + 1 && next != due).await;
    assert!(((clock.now() + 6 * DAY - 60)..=(clock.now() + 8 * DAY)).contains(&due));

    // Nothing is said for a week: nothing is rotated, and it is looked at again a day later.
    clock.shift(9 * DAY as i64);
    let (same, later) = round(&bench, chat, |(_, next)| next != due).await;
    assert_eq!(same, epoch);
    assert!(((clock.now() + SILENT - 60)..=(clock.now() + SILENT)).contains(&later));

    say(&bench, chat).await;
    clock.shift((later - clock.now() + 60) as i64);
    round(&bench, chat, |(now, _)| now == epoch + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_missed_for_weeks_is_put_off_by_hours_and_only_once() {
    let relay = FaultyRelay::start().await.unwrap();
    let (bench, chat, clock) = founder(&relay).await;
    let (epoch, due) = state(&bench, chat).await;
    say(&bench, chat).await;
    clock.shift(30 * DAY as i64);
    let (same, later) = round(&bench, chat, |(_, next)| next != due).await;
    assert_eq!(same, epoch, "everybody who comes back would rotate in this minute");
    assert!((clock.now() - 60..=clock.now() + SPREAD).contains(&later));

    clock.shift(30 * DAY as i64);
    let (epoch, due) = round(&bench, chat, |(now, next)| now == epoch + 1 && next != later).await;

    // The next time is another time.
    say(&bench, chat).await;
    clock.shift(30 * DAY as i64);
    let (same, _) = round(&bench, chat, |(_, next)| next != due).await;
    assert_eq!(same, epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_doubts_any_more_the_rotation_has_its_old_date() {
    let relay = FaultyRelay::start().await.unwrap();
    let (bench, chat, clock) = founder(&relay).await;
    let (epoch, due) = state(&bench, chat).await;
    say(&bench, chat).await;
    let now = clock.now();
    let doubted = bench.account.db.write(move |tx, _| {
        tx.put_progress_number(&doubt_name(chat), epoch)?;
        tx.put_progress_number(&due_name(chat), due)?;
        Ok::<_, Error>(tx.set_needs_self_update(chat, Some(now))?)
    });
    doubted.await.unwrap();
    assert_eq!(round(&bench, chat, |(_, next)| next != now).await, (epoch, due));
    clock.shift((due - clock.now() + 60) as i64);
    round(&bench, chat, |(now, _)| now == epoch + 1).await;
}

async fn say(bench: &Bench, chat: ChatId) {
    let group = bench.account.db.read(move |tx, _| Ok::<_, Error>(views::found(tx, chat)?.group.to_string())).await.unwrap();
    crate::message::send::send(&bench.account, ipc::SendMessage { chat: group, text: "Anybody?".into(), reply_to: None }).await.unwrap();
}
