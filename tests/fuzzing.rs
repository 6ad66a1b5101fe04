//! Every place where bytes of others come in, with 20,000 altered real inputs in all: no panic, and what is refused changes no row.
//!
//! The functions are those that libFuzzer drives in `cargo xtask fuzz`. Which alterations are tried is the same each time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;

use murmel_engine::Ingest;
use murmel_sim::fuzz::{Closing, Edge, Edit, outcomes, seeds, still_reads, target};
use murmel_tests::attacker::Forged;
use murmel_tests::member::Undone;
use murmel_tests::{Member, NOW};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

fn bytes() -> impl Strategy<Value = Edit> {
    let at = any::<u32>;
    prop_oneof![
        8 => at().prop_map(Edit::Flip),
        4 => (at(), any::<u8>()).prop_map(|(at, to)| Edit::Set(at, to)),
        1 => at().prop_map(Edit::Cut),
        2 => (at(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        1 => (at(), any::<u8>()).prop_map(|(at, len)| Edit::Remove(at, len)),
        1 => (at(), any::<u8>()).prop_map(|(at, len)| Edit::Repeat(at, len)),
        2 => (at(), prop::sample::select(&Edge::ALL[..])).prop_map(|(at, edge)| Edit::Length(at, edge)),
        2 => (at(), at(), any::<u8>()).prop_map(|(at, from, len)| Edit::Splice(at, from, len)),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => bytes(),
        1 => (any::<u32>(), any::<u8>()).prop_map(|(at, which)| Edit::Word(at, which)),
        3 => (any::<u32>(), any::<u8>()).prop_map(|(at, how)| Edit::Node(at, how)),
        4 => bytes().prop_map(|edit| Edit::Inside(Box::new(edit))),
    ]
}

/// Alters real inputs and hands them to the target, as often as its share says.
fn attack(name: &str) {
    let target = target(name).expect("a target");
    let real = seeds(name);
    // Every real input goes through as it is: what is altered below has to start from something that means something.
    real.iter().for_each(|input| (target.run)(input));
    let config = Config { cases: target.share, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let mut seed = [0; 32];
    name.bytes().zip(&mut seed).for_each(|(from, to)| *to = from);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let tried = Cell::new(0);
    let outcome = runner.run(&(any::<prop::sample::Index>(), prop::collection::vec(edit(), 1..4)), |(which, edits)| {
        let mut input = which.get(&real).clone();
        edits.iter().for_each(|edit| edit.apply(&mut input, &real));
        tried.set(tried.get() + 1);
        (target.run)(&input);
        Ok(())
    });
    if let Err(TestError::Fail(reason, (which, edits))) = &outcome {
        let mut input = which.get(&real).clone();
        edits.iter().for_each(|edit| edit.apply(&mut input, &real));
        panic!("{name}: {reason}\nedits: {edits:?}\ninput: {:?}", String::from_utf8_lossy(&input));
    }
    outcome.expect("a run");
    assert_eq!(tried.get(), target.share);
}

macro_rules! attacked {
    ($($test:ident: $target:literal,)*) => {
        $(#[test] fn $test() { let _closing = Closing; attack($target); })*
    };
}

attacked! {
    altered_frames_of_relays_do_no_harm: "relay_frame",
    altered_group_events_do_no_harm: "envelope",
    altered_key_package_events_do_no_harm: "key_package_event",
    altered_key_packages_do_no_harm: "key_package",
    altered_welcome_rumors_do_no_harm: "welcome_rumor",
    altered_gift_wraps_do_no_harm: "gift_wrap",
    altered_components_do_no_harm: "component",
    altered_dictionaries_do_no_harm: "dictionary",
    altered_account_proofs_do_no_harm: "account_proof",
    altered_inner_events_do_no_harm: "inner_event",
    altered_attachments_do_no_harm: "attachment",
    altered_addresses_do_no_harm: "address",
    altered_welcomes_change_no_row: "welcome",
    altered_arguments_of_commands_are_no_fault_of_ours: "ipc",
}

/// The alterations have to get past the outer layers to say anything about the inner ones.
fn reached(wanted: &[&str]) {
    let outcomes = outcomes();
    println!("{outcomes:?}");
    for one in wanted {
        assert!(outcomes.contains_key(*one), "{one} was never reached: {outcomes:?}");
    }
    assert!(still_reads(), "what was refused did harm to the loaded group");
}

#[test]
fn altered_mls_messages_under_the_right_key_change_no_row() {
    let _closing = Closing;
    attack("mls_message");
    reached(&["Message", "Commit", "Proposal", "Rejected MalformedMessage", "Rejected Invalid"]);
}

#[test]
fn altered_events_for_a_group_change_no_row() {
    let _closing = Closing;
    attack("ingest");
    reached(&["Message", "Commit", "Rejected MalformedEvent", "Rejected OtherGroup", "Rejected MalformedMessage", "Rejected Invalid"]);
}

/// MLS signs what a commit says, so only a member can say something false in it: here an admin does, past our engine.
#[test]
fn altered_components_in_an_admins_commit_change_no_row() {
    let (admin, bob) = (Member::new(), Member::new());
    admin.create_with("Garden", &[&bob]);
    let group_id = bob.group(|_, group, _| group.id().clone());
    let _closing = Closing;
    let real = seeds("component");
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 250, failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let refused = Cell::new(0);
    let outcome = runner.run(&(any::<prop::sample::Index>(), prop::collection::vec(bytes(), 1..3)), |(which, edits)| {
        let mut input = which.get(&real).clone();
        edits.iter().for_each(|edit| edit.apply(&mut input, &real));
        let Some((id, data)) = input.split_first_chunk::<2>() else { return Ok(()) };
        let forged = Forged { components: vec![(u16::from_be_bytes(*id), data.to_vec())], ..Forged::default() };
        let event = admin.forge(forged);
        let outcome = bob.try_tx(move |tx, desk| {
            let before = tx.state_hash(&[])?;
            let group = desk.group.as_mut().expect("a group");
            let outcome = group.ingest(tx, &desk.device, &event, *NOW).map_err(|fault| Undone::Engine(fault.to_string()))?;
            if matches!(outcome, Ingest::Rejected(_)) && before == tx.state_hash(&[])? {
                Ok(())
            } else {
                Err(Undone::Engine(format!("{outcome:?}")))
            }
        });
        match outcome {
            Ok(()) => refused.set(refused.get() + 1),
            Err(Undone::Engine(taken)) => {
                assert!(taken.starts_with("Commit"), "{taken}");
                bob.load(&group_id);
            }
            Err(Undone::Store(error)) => panic!("{error}"),
        }
        Ok(())
    });
    outcome.expect("no panic");
    assert!(refused.get() > 50, "{} refused", refused.get());
    assert_eq!(bob.hear(&admin.say("and on it goes")), "and on it goes");
}

#[test]
fn every_target_is_attacked() {
    let text = include_str!("fuzzing.rs");
    for target in murmel_sim::fuzz::TARGETS {
        assert!(text.contains(&format!("\"{}\"", target.name)), "{} is attacked by no test", target.name);
    }
}
