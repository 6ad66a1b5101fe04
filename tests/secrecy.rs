//! What a stolen database opens, and what a removed member and a late joiner can read: forward secrecy and healing, as far as they are promised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use murmel_engine::{Change, Ingest, PAST_EPOCHS, Storage as _};
use murmel_tests::Member;
use nostr::Event;

/// A message on the wire, the MLS message in it, and the epoch in which it was said.
struct Said {
    epoch: u64,
    event: Event,
    inside: Vec<u8>,
}

fn say(by: &Member, text: &str) -> Said {
    let event = by.say(text);
    Said { epoch: by.epoch().0, inside: by.open(&event), event }
}

/// The epochs of the messages that this one can open: as they came, or with OpenMLS alone, the outer layer taken off by somebody else.
fn opened(by: &Member, said: &[Said]) -> BTreeSet<u64> {
    let is_open = |one: &&Said| matches!(by.read(&one.event), Ingest::Message(_)) || by.decrypts(&one.inside);
    said.iter().filter(is_open).map(|one| one.epoch).collect()
}

/// Everything that is to be had from a stolen file: as it is, and put back to each snapshot that it holds.
fn loot(victim: &Member, said: &[Said]) -> BTreeSet<u64> {
    let mut all = opened(&victim.robbed(), said);
    let snapshots = victim.group(|tx, group, _| tx.snapshots(group.id()).expect("no fault"));
    for (_, name) in snapshots {
        let thief = victim.robbed();
        thief.group(move |tx, group, _| assert!(tx.restore_snapshot(group.id(), &name).expect("no fault")));
        thief.reload();
        all.extend(opened(&thief, said));
    }
    all
}

/// A commit of one's, taken in by the others.
fn commit(by: &Member, change: Change, others: &[&Member]) -> Event {
    let (event, _) = by.change(change);
    for other in others {
        assert!(matches!(other.read(&event), Ingest::Commit(_)));
    }
    event
}

#[test]
fn stolen_rows_open_nothing_older_than_the_window() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        let one = say(&alice, "bob reads this");
        assert_eq!(bob.hear(&one.event), "bob reads this");
        read.push(one);
        unread.push(say(&alice, "this one never reached bob"));
        commit(&alice, Change::Rotate, &[&bob]);
    }
    unread.push(say(&alice, "and this one neither"));
    let tip = bob.epoch().0;
    let oldest = tip - PAST_EPOCHS;

    assert_eq!(loot(&bob, &read), BTreeSet::new(), "what was read is gone, however the rows are turned");
    let plain = opened(&bob.robbed(), &unread);
    assert_eq!(plain, (oldest..=tip).collect(), "what has not been read yet is open within the window");
    let all = loot(&bob, &unread);
    println!("tip {tip}: stolen rows open unread messages of the epochs {plain:?}, with their snapshots those of {all:?}");
    assert!(all.iter().all(|epoch| *epoch >= oldest), "rows at epoch {tip} open messages of {all:?}");
}

#[test]
fn a_rotation_heals_from_stolen_rows() {
    let (alice, bob) = (Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let thief = bob.robbed();
    let stolen_at = bob.epoch().0;
    let mut wire = Vec::new();
    let mut said = vec![say(&alice, "the thief reads along")];
    // Others' commits do not shut the thief out: only the robbed member's own rotation does.
    wire.push(commit(&alice, Change::Rename("Allotment".into()), &[&bob]));
    said.push(say(&alice, "still reads along"));
    wire.push(commit(&alice, Change::Rotate, &[&bob]));
    said.push(say(&alice, "and here"));
    wire.push(commit(&bob, Change::Rotate, &[&alice]));
    let healed_at = bob.epoch().0;
    for _ in 0..3 {
        said.push(say(&alice, "secret again"));
        wire.push(commit(&alice, Change::Rotate, &[&bob]));
        said.push(say(&bob, "secret again"));
    }

    let mut open = BTreeSet::new();
    for _ in 0..2 {
        open.extend(opened(&thief, &said));
        for event in &wire {
            thief.read(event);
            open.extend(opened(&thief, &said));
        }
        thief.reload();
    }
    println!("stolen at epoch {stolen_at}, rotated into epoch {healed_at}: the thief read the epochs {open:?}");
    assert_eq!(open, (stolen_at..healed_at).collect());
    assert_eq!(thief.epoch().0, healed_at - 1, "the rotation is where the thief's way ends");
}

#[test]
fn a_removed_member_reads_nothing_later() {
    let (alice, bob, carl) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carl]);
    let before = [say(&alice, "everybody reads this"), say(&carl, "and this")];
    let keeps = carl.robbed();
    let removal = commit(&alice, Change::Remove(carl.account()), &[&bob]);
    let mut wire = vec![removal];
    let mut after = vec![say(&alice, "without carl")];
    for _ in 0..3 {
        wire.push(commit(&bob, Change::Rotate, &[&alice]));
        after.push(say(&alice, "without carl"));
        after.push(say(&bob, "without carl"));
    }
    // Carl as he is told, and Carl as he was, who never takes the removal in.
    for (who, obeys) in [(&carl, true), (&keeps, false)] {
        assert_eq!(opened(who, &before[..1]), BTreeSet::from([before[0].epoch]), "what was said while he was there");
        for event in wire.iter().skip(usize::from(!obeys)) {
            who.read(event);
        }
        assert_eq!(opened(who, &after), BTreeSet::new(), "obeys: {obeys}");
    }
    assert!(!carl.group(|_, group, _| group.is_active()));
    assert_eq!(alice.hear(&after.last().expect("a message").event), "without carl");
}

#[test]
fn a_late_joiner_reads_nothing_earlier() {
    let (alice, bob, dora) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob]);
    let mut earlier = vec![say(&alice, "before dora")];
    for _ in 0..3 {
        commit(&alice, Change::Rotate, &[&bob]);
        earlier.extend([say(&alice, "before dora"), say(&bob, "before dora")]);
    }
    let offer = dora.offer();
    let (event, confirmed) = alice.change(Change::Invite(vec![offer]));
    assert!(matches!(bob.read(&event), Ingest::Commit(_)));
    dora.join(&confirmed.invitations[0], &alice).expect("a welcome");
    let now = say(&bob, "dora reads this");
    assert_eq!(opened(&dora, &earlier), BTreeSet::new());
    assert_eq!(loot(&dora, &earlier), BTreeSet::new(), "her rows hold no key of before");
    assert_eq!(dora.hear(&now.event), "dora reads this");
    let kept: Vec<u64> = dora.group(|_, group, _| group.epochs().iter().map(|record| record.epoch.0).collect());
    assert_eq!(kept, [now.epoch], "not even the outer keys of before");
}
