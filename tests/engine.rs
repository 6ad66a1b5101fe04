//! A group's life between our own clients, at the level of the engine: every linear change in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use murmel_engine::{Change, Error, GroupEvent, Ingest, Refusal, Why};
use murmel_tests::Member;
use murmel_tests::member::assert_agree;

/// Hands a commit to others, who apply it.
fn deliver(event: &nostr::Event, to: &[&Member]) -> Vec<GroupEvent> {
    let mut events = Vec::new();
    for member in to {
        match member.read(event) {
            Ingest::Commit(applied) => events = applied.events,
            other => panic!("expected a commit, got {other:?}"),
        }
    }
    events
}

fn refusal<T>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("expected a refusal, got {other}"),
        Ok(_) => panic!("expected a refusal"),
    }
}

#[test]
fn two_people_talk_in_both_directions() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    assert_agree(&[&alice, &bob]);
    assert_eq!(bob.view().name, "Garden");
    assert_eq!(bob.hear(&alice.say("Hello, Bob")), "Hello, Bob");
    assert_eq!(alice.hear(&bob.say("Hello, Alice")), "Hello, Alice");
}

#[test]
fn a_group_of_one_stays_in_epoch_zero_until_somebody_comes() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Alone", &[]);
    assert_eq!(alice.epoch().0, 0);
    let (_, confirmed) = alice.change(Change::Invite(vec![bob.offer()]));
    bob.join(&confirmed.invitations[0], &alice).expect("a welcome");
    assert_agree(&[&alice, &bob]);
    assert_eq!(bob.hear(&alice.say("Now we are two")), "Now we are two");
}

#[test]
fn every_change_by_an_admin_reaches_everybody() {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let (event, confirmed) = alice.change(Change::Invite(vec![carol.offer()]));
    assert_eq!(deliver(&event, &[&bob]), [GroupEvent::MemberAdded(carol.account())]);
    carol.join(&confirmed.invitations[0], &alice).expect("a welcome");
    assert_agree(&[&alice, &bob, &carol]);

    let (event, _) = alice.change(Change::Rename("Allotment".into()));
    assert_eq!(deliver(&event, &[&bob, &carol]), [GroupEvent::Renamed("Allotment".into())]);
    let (event, _) = alice.change(Change::Describe("Beans and roses".into()));
    assert_eq!(deliver(&event, &[&bob, &carol]), [GroupEvent::Described]);
    assert_eq!((bob.view().name.as_str(), bob.view().description.as_str()), ("Allotment", "Beans and roses"));

    let (event, _) = alice.change(Change::Promote(bob.account()));
    assert_eq!(deliver(&event, &[&bob, &carol]), [GroupEvent::AdminAdded(bob.account())]);
    let (event, _) = bob.change(Change::Remove(carol.account()));
    assert_eq!(deliver(&event, &[&alice]), [GroupEvent::MemberRemoved(carol.account())]);
    assert!(matches!(carol.read(&event), Ingest::Commit(applied) if !applied.still_member));
    let (event, _) = bob.change(Change::Demote(alice.account()));
    assert_eq!(deliver(&event, &[&alice]), [GroupEvent::AdminRemoved(alice.account())]);
    assert_agree(&[&alice, &bob]);
    assert_eq!(refusal(alice.stage(Change::Rename("Mine".into()))), Refusal::NotAdmin);
}

#[test]
fn a_member_rotates_and_everybody_follows() {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carol]);
    let (event, _) = bob.change(Change::Rotate);
    assert_eq!(deliver(&event, &[&alice, &carol]), [GroupEvent::Rotated]);
    assert_agree(&[&alice, &bob, &carol]);
    assert_eq!(carol.hear(&bob.say("With new keys")), "With new keys");
}

#[test]
fn a_member_leaves_and_another_confirms() {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carol]);
    let proposal = carol.group(|tx, group, device| group.propose_leave(tx, device, *murmel_tests::NOW)).expect("a proposal");
    for member in [&alice, &bob] {
        assert!(matches!(member.read(&proposal.event), Ingest::Proposal { by, .. } if by == carol.account()));
        assert_eq!(member.group(|_, group, _| group.departures()), [carol.account()]);
    }
    assert_eq!(alice.hear(&bob.say("She may go, and we go on talking")), "She may go, and we go on talking");
    let (event, _) = bob.change(Change::ConfirmDepartures);
    assert_eq!(deliver(&event, &[&alice]), [GroupEvent::MemberLeft(carol.account())]);
    assert!(matches!(carol.read(&event), Ingest::Commit(applied) if !applied.still_member));
    assert_agree(&[&alice, &bob]);
    assert_eq!(alice.view().members.len(), 2);
}

#[test]
fn a_commit_that_comes_before_the_proposal_it_confirms_waits_for_it() {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carol]);
    let proposal = carol.group(|tx, group, device| group.propose_leave(tx, device, *murmel_tests::NOW)).expect("a proposal");
    bob.read(&proposal.event);
    let (event, _) = bob.change(Change::ConfirmDepartures);
    assert_eq!(alice.read(&event), Ingest::Deferred(Why::MissingProposal));
    assert!(matches!(alice.read(&proposal.event), Ingest::Proposal { .. }));
    deliver(&event, &[&alice]);
    assert_agree(&[&alice, &bob]);
}

#[test]
fn a_staged_change_is_not_applied_before_it_is_confirmed_and_survives_a_restart() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let before = alice.epoch();
    let staged = alice.stage(Change::Rename("Allotment".into())).expect("a staged commit");
    assert_eq!(alice.epoch(), before);
    assert_eq!(refusal(alice.stage(Change::Rotate)), Refusal::CommitPending);
    alice.reload();
    assert_eq!(alice.read(&staged.event), Ingest::OwnCommitReturned);
    assert_eq!(bob.hear(&alice.say("Sent in between")), "Sent in between");
    alice.confirm();
    deliver(&staged.event, &[&bob]);
    assert_agree(&[&alice, &bob]);
    assert_eq!(alice.read(&staged.event), Ingest::Duplicate);
}

#[test]
fn a_discarded_change_leaves_the_group_as_it_was() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    alice.stage(Change::Rename("Allotment".into())).expect("a staged commit");
    alice.group(|tx, group, _| group.discard(tx)).expect("no fault");
    assert_eq!(alice.view().name, "Garden");
    let (event, _) = alice.change(Change::Rename("Orchard".into()));
    deliver(&event, &[&bob]);
    assert_agree(&[&alice, &bob]);
}

#[test]
fn another_members_commit_supersedes_a_staged_one() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let (event, _) = alice.change(Change::Promote(bob.account()));
    deliver(&event, &[&bob]);
    bob.stage(Change::Rename("Bob's".into())).expect("a staged commit");
    let (event, _) = alice.change(Change::Rename("Alice's".into()));
    assert!(matches!(bob.read(&event), Ingest::Commit(applied) if applied.superseded_own));
    assert_agree(&[&alice, &bob]);
    let (event, _) = bob.change(Change::Rename("Bob's".into()));
    deliver(&event, &[&alice]);
    assert_agree(&[&alice, &bob]);
}

#[test]
fn last_epoch_stragglers_decrypt() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let late = bob.say("Written before the change");
    for n in 0..5 {
        let (event, _) = alice.change(Change::Rename(format!("Name {n}")));
        deliver(&event, &[&bob]);
    }
    assert_eq!(alice.hear(&late), "Written before the change");
}

#[test]
fn stragglers_of_the_last_epoch_are_read_in_any_order() {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carol]);
    let (first, second, third) = (carol.say("one"), carol.say("two"), carol.say("three"));
    let (event, _) = alice.change(Change::Describe("Beans".into()));
    deliver(&event, &[&bob]);
    assert_eq!(bob.hear(&second), "two");
    assert_eq!(bob.hear(&first), "one");
    assert_eq!(bob.hear(&third), "three");
}

#[test]
fn messages_of_an_epoch_to_come_wait_for_its_commit() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let (commit, _) = alice.change(Change::Rotate);
    let message = alice.say("In the new epoch");
    assert_eq!(bob.read(&message), Ingest::Deferred(Why::NoKey));
    deliver(&commit, &[&bob]);
    assert_eq!(bob.hear(&message), "In the new epoch");
}

#[test]
fn a_thousand_messages_arrive_in_any_order_and_each_once() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let mut events: Vec<_> = (0..1000).map(|n| alice.say(&format!("Message {n}"))).collect();
    events.reverse();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(bob.hear(event), format!("Message {}", 999 - n));
    }
    assert!(events.iter().all(|event| bob.read(event) == Ingest::Duplicate));
}

#[test]
fn an_epochs_snapshot_is_kept_for_the_last_five_epochs() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    for _ in 0..8 {
        let (event, _) = alice.change(Change::Rotate);
        deliver(&event, &[&bob]);
    }
    for member in [&alice, &bob] {
        use murmel_engine::Storage as _;
        let (snapshots, epochs) = member.group(|tx, group, _| {
            (
                tx.snapshots(group.id()).expect("snapshots").into_iter().map(|(epoch, _)| epoch).collect::<Vec<_>>(),
                group.epochs().iter().map(|record| record.epoch.0).collect::<Vec<_>>(),
            )
        });
        assert_eq!(snapshots.iter().map(|epoch| epoch.0).collect::<Vec<_>>(), [4, 5, 6, 7, 8]);
        assert_eq!(epochs, [9, 8, 7, 6, 5, 4]);
    }
}

#[test]
fn who_was_removed_can_be_invited_again_with_the_same_key_package() {
    let (alice, bob) = (Member::new(), Member::new());
    let package = bob.key_package();
    let offer = || murmel_engine::Offer::read(&package, *murmel_tests::NOW).expect("an offer");
    let invitations = alice.create("Garden", vec![offer()]).expect("a group");
    bob.join(&invitations[0], &alice).expect("a welcome");
    let (event, _) = alice.change(Change::Remove(bob.account()));
    assert!(matches!(bob.read(&event), Ingest::Commit(applied) if !applied.still_member));
    let (_, confirmed) = alice.change(Change::Invite(vec![offer()]));
    bob.join(&confirmed.invitations[0], &alice).expect("a second welcome");
    assert_agree(&[&alice, &bob]);
    assert_eq!(bob.hear(&alice.say("Welcome back")), "Welcome back");
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    for n in 0..3 {
        alice.reload();
        bob.reload();
        assert_eq!(bob.hear(&alice.say(&format!("Question {n}"))), format!("Question {n}"));
        assert_eq!(alice.hear(&bob.say(&format!("Answer {n}"))), format!("Answer {n}"));
        let (event, _) = alice.change(Change::Rotate);
        deliver(&event, &[&bob]);
    }
    assert_agree(&[&alice, &bob]);
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    assert_eq!(refusal(alice.stage(Change::Remove(carol.account()))), Refusal::NotMember(carol.account()));
    assert_eq!(refusal(alice.stage(Change::Promote(carol.account()))), Refusal::NotMember(carol.account()));
    assert_eq!(refusal(alice.stage(Change::Invite(vec![bob.offer()]))), Refusal::AlreadyMember(bob.account()));
    assert_eq!(refusal(alice.stage(Change::Demote(alice.account()))), Refusal::LastAdmin);
    assert_eq!(refusal(alice.stage(Change::Rename("n".repeat(257)))), Refusal::BadName);
    assert_eq!(refusal(alice.stage(Change::Rename("Garden".into()))), Refusal::Nothing);
    assert_eq!(refusal(alice.stage(Change::ConfirmDepartures)), Refusal::Nothing);
    let leave = alice.group(|tx, group, device| group.propose_leave(tx, device, *murmel_tests::NOW));
    assert_eq!(refusal(leave), Refusal::StillAdmin);
    let long = murmel_engine::InnerEvent::text(alice.account(), *murmel_tests::NOW, "x".repeat(50_000), &[]);
    let sent = alice.group(move |tx, group, device| group.encrypt(tx, device, &long));
    assert!(matches!(refusal(sent), Refusal::TooLarge { .. }));
    assert_agree(&[&alice, &bob]);
}

#[test]
fn an_invitation_that_no_gift_wrap_holds_is_refused_before_anything_is_staged() {
    let alice = Member::new();
    alice.create_with("Crowd", &[]);
    let crowd: Vec<_> = (0..120).map(|_| Member::new().offer()).collect();
    let before = alice.epoch();
    let refused = alice.stage(Change::Invite(crowd.clone()));
    assert!(matches!(refusal(refused), Refusal::TooLarge { bytes, limit } if bytes > limit));
    assert_eq!(alice.epoch(), before);
    let (_, confirmed) = alice.change(Change::Invite(crowd[..40].to_vec()));
    let invitation = &confirmed.invitations[0];
    let rumor = invitation.rumor(alice.account(), *murmel_tests::NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let wrap = nostr::EventBuilder::gift_wrap(&alice.keys, &invitation.to, rumor, []);
    assert!(runtime.block_on(wrap).is_ok(), "what is not refused fits");
}
