//! A process that ends in the middle of what it does, at every named place and at random times, and what is there afterwards.
//! The process is this test itself, started again as a child with a profile of its own.
//!
//! `MURMEL_CRASH_ROUNDS` asks for so many rounds at random times instead of the few of the short form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "crash/child.rs"]
mod child;
mod common;
#[path = "crash/observer.rs"]
mod observer;
#[path = "crash/scene.rs"]
mod scene;

use std::time::Duration;

use child::Script;
use murmel_store::crash::POINTS;
use scene::{End, Scene};

/// Rounds at random times in the short form.
const RANDOM_ROUNDS: u64 = 60;
/// Rounds of one conversation: every round looks at all of it, so that a long one would take most of the time.
const ROUNDS_OF_A_SCENE: u64 = 100;
/// Latest random end, after the start of the child.
const LATEST: u64 = 400;

/// What has to be going on for a place to be reached.
fn script_for(point: &str) -> Script {
    match point.split_once(':').map(|(area, _)| area) {
        Some("receive") => Script::Receive,
        Some("commit" | "snapshot" | "epoch") => Script::Commit,
        _ => Script::Send,
    }
}

/// The child; nothing where this is not one.
#[test]
fn the_child_does_what_it_is_told() {
    child::main();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_survives_a_kill_at_every_named_place() {
    let mut scene = Scene::set().await;
    let mut never = Vec::new();
    for (round, point) in (1..).zip(POINTS) {
        if !scene.round(round, script_for(point), End::At(point, 1)).await.crashed {
            never.push(*point);
        }
    }
    // The keys that are held back are the ones of whatever is going on.
    for (round, point) in (1_000..).zip(POINTS.iter().filter(|point| point.starts_with("keys:") || point.starts_with("change:"))) {
        for (step, script) in [Script::Receive, Script::Commit].into_iter().enumerate() {
            scene.round(round * 10 + step as u64, script, End::At(point, 2)).await;
        }
    }
    scene.close().settle(POINTS.len(), &never);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_survives_a_kill_at_any_time() {
    let rounds = std::env::var("MURMEL_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(RANDOM_ROUNDS);
    for first in (1..=rounds).step_by(ROUNDS_OF_A_SCENE as usize) {
        let mut scene = Scene::set().await;
        for round in first..=rounds.min(first + ROUNDS_OF_A_SCENE - 1) {
            // Any times do, as long as the same come again.
            let millis = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            scene.round(round, Script::All, End::After(Duration::from_millis(millis % LATEST))).await;
        }
        let ledger = scene.close();
        ledger.settle(0, &[]);
        assert!(ledger.killed > 0, "no child was killed before it was done");
    }
}
