use nostr::Keys;
use zeroize::Zeroizing;

use super::*;
use crate::storage::EpochKeys;
use crate::{Applied, RoutingId};

fn digest(n: u8) -> Digest {
    Digest::new([n; 32])
}

/// Two accounts, the lower one first.
fn accounts() -> Vec<PublicKey> {
    let mut accounts: Vec<_> = (0..4).map(|_| Keys::generate().public_key()).collect();
    accounts.sort_unstable();
    accounts
}

fn epoch(commit: u8, parent: Option<u8>, epoch: u64, by: PublicKey, privileged: bool) -> EpochRecord {
    EpochRecord {
        commit: digest(commit),
        parent: parent.map(digest),
        epoch: Epoch(epoch),
        keys: Some(EpochKeys { group_event: Zeroizing::new([commit; 32]), media: Zeroizing::new([commit; 32]) }),
        routing: RoutingId::new([7; 32]),
        relays: Vec::new(),
        retention: None,
        began: parent.map(|_| Applied {
            digest: digest(commit),
            from: Epoch(epoch - 1),
            to: Epoch(epoch),
            by,
            events: Vec::new(),
            privileged,
            still_member: true,
            superseded_own: false,
        }),
    }
}

/// The winner and the reason, asked in every order.
fn winner(epochs: &[EpochRecord], witnesses: &Witnesses) -> Option<(u8, Reason)> {
    let choice = choose(epochs, witnesses);
    let mut turned = epochs.to_vec();
    for _ in 0..epochs.len() {
        turned.rotate_left(1);
        assert_eq!(choose(&turned, witnesses), choice);
    }
    choice.map(|choice| (choice.tip.as_bytes()[0], choice.reason))
}

#[test]
fn without_a_fork_there_is_nothing_to_choose() {
    let who = accounts();
    let line = [epoch(1, None, 1, who[0], false), epoch(2, Some(1), 2, who[0], false), epoch(3, Some(2), 3, who[1], true)];
    assert_eq!(winner(&line, &Witnesses::new()), None);
}

#[test]
fn of_two_single_commits_the_privileged_then_the_lower_account_then_the_lower_digest_wins() {
    let who = accounts();
    let root = epoch(1, None, 1, who[0], false);
    let race = |a: EpochRecord, b: EpochRecord| winner(&[root.clone(), a, b], &Witnesses::new());
    let privileged = race(epoch(9, Some(1), 2, who[1], true), epoch(2, Some(1), 2, who[0], false));
    assert_eq!(privileged, Some((9, Reason::Privileged)));
    let account = race(epoch(9, Some(1), 2, who[0], true), epoch(2, Some(1), 2, who[1], true));
    assert_eq!(account, Some((9, Reason::LowerAccount)));
    let digest = race(epoch(9, Some(1), 2, who[0], true), epoch(2, Some(1), 2, who[0], true));
    assert_eq!(digest, Some((2, Reason::LowerDigest)));
}

#[test]
fn a_longer_branch_wins_but_two_writers_are_worth_one_commit() {
    let who = accounts();
    // A long branch 2-3 against a short one 9.
    let fork = [
        epoch(1, None, 1, who[0], false),
        epoch(2, Some(1), 2, who[0], true),
        epoch(3, Some(2), 3, who[0], true),
        epoch(9, Some(1), 2, who[1], false),
    ];
    assert_eq!(winner(&fork, &Witnesses::new()), Some((3, Reason::Longer)));
    let one = Witnesses::from([(digest(9), BTreeSet::from([who[2]]))]);
    assert_eq!(winner(&fork, &one), Some((3, Reason::Longer)));
    let two = Witnesses::from([(digest(9), BTreeSet::from([who[2], who[3]]))]);
    assert_eq!(winner(&fork, &two), Some((9, Reason::Witnessed)));
    // But never worth two.
    let mut deeper = fork.to_vec();
    deeper.push(epoch(4, Some(3), 4, who[0], true));
    assert_eq!(winner(&deeper, &two), Some((4, Reason::Longer)));
    // What was written before the fork speaks for nobody.
    let before = Witnesses::from([(digest(1), BTreeSet::from([who[2], who[3]]))]);
    assert_eq!(winner(&fork, &before), Some((3, Reason::Longer)));
}

#[test]
fn more_writers_come_before_the_kind_of_the_commit() {
    let who = accounts();
    let fork = [epoch(1, None, 1, who[0], false), epoch(2, Some(1), 2, who[0], true), epoch(9, Some(1), 2, who[1], false)];
    let one = Witnesses::from([(digest(9), BTreeSet::from([who[2]]))]);
    assert_eq!(winner(&fork, &one), Some((9, Reason::MoreWitnesses)));
    // A third writer adds nothing to two.
    let many = Witnesses::from([(digest(9), who.iter().copied().collect()), (digest(2), BTreeSet::from([who[2], who[3]]))]);
    assert_eq!(winner(&fork, &many), Some((2, Reason::Privileged)));
}

#[test]
fn three_branches_are_compared_from_the_oldest_fork() {
    let who = accounts();
    let fork = [
        epoch(1, None, 1, who[0], false),
        epoch(2, Some(1), 2, who[1], true),
        epoch(3, Some(2), 3, who[1], false),
        epoch(4, Some(2), 3, who[0], false),
        epoch(5, Some(1), 2, who[0], true),
    ];
    let choice = choose(&fork, &Witnesses::new()).unwrap();
    assert_eq!((choice.tip, choice.fork, choice.reason), (digest(4), Epoch(1), Reason::LowerAccount));
}

#[test]
fn a_branch_whose_beginning_is_gone_takes_no_part() {
    let who = accounts();
    let kept = [epoch(2, Some(1), 2, who[1], true), epoch(3, Some(2), 3, who[1], false), epoch(6, Some(5), 3, who[0], true)];
    assert_eq!(winner(&kept, &Witnesses::new()), None);
}

/// The branch that ends at 4 against one that begins at 19, and so many commits more on it.
#[test]
fn a_lost_branch_comes_first_no_sooner_than_it_is_said_to_be_behind() {
    let who = accounts();
    let ours = [
        epoch(1, None, 1, who[1], false),
        epoch(2, Some(1), 2, who[1], true),
        epoch(3, Some(2), 3, who[1], true),
        epoch(4, Some(3), 4, who[1], true),
    ];
    let quorum = Witnesses::from([(digest(3), BTreeSet::from([who[2], who[3]]))]);
    for (witnesses, expected) in [(Witnesses::new(), 2), (quorum, 3)] {
        let mut fork = ours.to_vec();
        fork.push(epoch(19, Some(1), 2, who[0], true));
        assert_eq!(behind(&fork, &witnesses, Epoch(1), (&digest(19), &digest(4))), expected);
        for more in 1..=expected {
            assert_eq!(winner(&fork, &witnesses).unwrap().0, 4);
            let last = 18 + u8::try_from(more).unwrap();
            fork.push(epoch(last + 1, Some(last), 2 + more, who[0], true));
        }
        // Of two that are equal, other things decide; one more is enough in any case.
        let last = 19 + u8::try_from(expected).unwrap();
        fork.push(epoch(last + 1, Some(last), 3 + expected, who[0], true));
        assert_eq!(winner(&fork, &witnesses), Some((last + 1, Reason::Longer)));
    }
    // Of two that are equal, one word decides.
    assert_eq!(
        behind(
            &[ours[0].clone(), ours[1].clone(), epoch(19, Some(1), 2, who[0], true)],
            &Witnesses::new(),
            Epoch(1),
            (&digest(19), &digest(2))
        ),
        1
    );
}
