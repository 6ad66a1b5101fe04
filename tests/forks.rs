//! Races: rival commits made by public operations on separate databases, taken in in every order, with restarts.
//! Whatever the order, everybody ends in the same group.

use std::collections::{BTreeMap, BTreeSet};

use murmel_engine::{Change, Digest, Ingest, Switched};
use murmel_tests::attacker::Forged;
use murmel_tests::member::Moment;
use murmel_tests::{Member, NOW};
use nostr::Event;

/// Four people, three of them admins, in one epoch.
struct Group {
    alice: Moment,
    bob: Moment,
    carol: Moment,
    dave: Moment,
}

fn four() -> Group {
    let (alice, bob, carol, dave) = (Member::new(), Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carol, &dave]);
    for admin in [&bob, &carol] {
        let (event, _) = alice.change(Change::Promote(admin.account()));
        for other in [&bob, &carol, &dave] {
            assert!(matches!(other.read(&event), Ingest::Commit(_)));
        }
    }
    Group { alice: alice.pause(), bob: bob.pause(), carol: carol.pause(), dave: dave.pause() }
}

/// Takes events in as the application does: what has to wait is tried again whenever something happened.
#[derive(Default)]
struct Inbox {
    waiting: Vec<Event>,
    heard: BTreeMap<Digest, BTreeSet<String>>,
    switches: Vec<Switched>,
}

impl Inbox {
    fn take(&mut self, member: &Member, event: &Event) {
        self.waiting.push(event.clone());
        loop {
            let before = self.waiting.len();
            let mut moved = false;
            for event in std::mem::take(&mut self.waiting) {
                moved |= self.offer(member, event);
            }
            if !moved && self.waiting.len() == before || self.waiting.is_empty() {
                return;
            }
        }
    }

    fn offer(&mut self, member: &Member, event: Event) -> bool {
        match member.read(&event) {
            Ingest::Message(message) => {
                self.heard.entry(message.branch).or_default().insert(message.event.content().to_owned());
                false
            }
            Ingest::Switched(switched) => {
                self.switches.push(switched);
                self.waiting.push(event);
                true
            }
            Ingest::Deferred(_) => {
                self.waiting.push(event);
                false
            }
            Ingest::Rejected(why) => panic!("{why}"),
            Ingest::Unrecoverable => panic!("nothing is lost here"),
            Ingest::Duplicate => false,
            Ingest::OwnCommitReturned => {
                member.confirm();
                true
            }
            Ingest::Commit(_) | Ingest::Rival(_) | Ingest::Proposal { .. } => true,
        }
    }

    /// What was said on the branch that the group is.
    fn said(&self, member: &Member) -> BTreeSet<String> {
        let branch: Vec<_> = member.group(|_, group, _| group.epochs().iter().map(|record| record.commit).collect());
        branch.iter().filter_map(|commit| self.heard.get(commit)).flatten().cloned().collect()
    }
}

/// What all members of a group have to agree on.
fn outcome(member: &Member) -> (u64, Vec<u8>, murmel_engine::GroupView) {
    let (epoch, authenticator) = member.epoch();
    (epoch, authenticator, member.view())
}

/// Every order of `items`.
fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.len() < 2 {
        return vec![items.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..items.len() {
        let mut rest = items.to_vec();
        let item = rest.remove(first);
        all.extend(permutations(&rest).into_iter().map(|mut order| {
            order.insert(0, item.clone());
            order
        }));
    }
    all
}

#[test]
fn two_rival_renames_end_in_one_name_for_everybody() {
    let group = four();
    let (alice, bob, dave) = (group.alice.resume(), group.bob.resume(), group.dave.resume());
    let (first, _) = alice.change(Change::Rename("Alice's".to_owned()));
    let (second, _) = bob.change(Change::Rename("Bob's".to_owned()));
    let expected = if alice.account() < bob.account() { "Alice's" } else { "Bob's" };
    for (member, events) in [(&alice, vec![&second]), (&bob, vec![&first]), (&dave, vec![&first, &second])] {
        let mut inbox = Inbox::default();
        events.iter().for_each(|event| inbox.take(member, event));
        assert_eq!(member.view().name, expected);
    }
    assert_eq!(outcome(&alice), outcome(&bob));
    assert_eq!(outcome(&alice), outcome(&dave));
    let text = alice.say("after the race");
    assert_eq!(bob.hear(&text), "after the race");
    assert_eq!(dave.hear(&text), "after the race");
}

/// What a rival does in a scenario.
#[derive(Clone)]
enum Move {
    Rename(&'static str),
    Rotate,
    RemoveDave,
    PromoteDave,
    Demote,
}

impl Move {
    fn change(&self, dave: nostr::PublicKey, other: nostr::PublicKey) -> Change {
        match self {
            Self::Rename(name) => Change::Rename((*name).to_owned()),
            Self::Rotate => Change::Rotate,
            Self::RemoveDave => Change::Remove(dave),
            Self::PromoteDave => Change::Promote(dave),
            Self::Demote => Change::Demote(other),
        }
    }
}

/// One branch: who begins it, how, how often, and who else writes on it.
struct Branch {
    by: usize,
    moves: Vec<Move>,
    writers: Vec<usize>,
}

/// A race, as the events that it left on the relays, and the people who made it as they stand.
struct Race {
    events: Vec<Event>,
    committers: Vec<(Moment, BTreeSet<nostr::EventId>)>,
}

/// Lets every branch happen on databases of its own. The committer goes on; the writers are copies that follow one branch only.
fn race(group: &Group, branches: &[Branch]) -> Race {
    let people = [&group.alice, &group.bob, &group.carol, &group.dave];
    let dave = people[3].account();
    let mut race = Race { events: Vec::new(), committers: Vec::new() };
    for (n, branch) in branches.iter().enumerate() {
        let committer = people[branch.by].resume();
        let other = people[(branch.by + 1) % 3].account();
        let mut own = Vec::new();
        for step in &branch.moves {
            own.push(committer.change(step.change(dave, other)).0);
        }
        for writer in &branch.writers {
            let text = format!("{writer} on branch {n}");
            if *writer == branch.by {
                own.push(committer.say(&text));
            } else {
                let writer = people[*writer].resume();
                let mut inbox = Inbox::default();
                own.iter().filter(|event| event.kind == murmel_engine::GROUP_MESSAGE_KIND).for_each(|event| inbox.take(&writer, event));
                race.events.push(writer.say(&text));
            }
        }
        race.committers.push((committer.pause(), own.iter().map(|event| event.id).collect()));
        race.events.extend(own);
    }
    race
}

/// Everything that the members have to agree on, and what an onlooker can read.
type Outcome = (u64, Vec<u8>, murmel_engine::GroupView);

/// Lets `moment` take in `events` in this order, with a restart before one of them.
fn settle(moment: &Moment, events: &[Event], restart: Option<usize>) -> (Outcome, BTreeSet<String>) {
    let member = moment.resume();
    let mut inbox = Inbox::default();
    for (index, event) in events.iter().enumerate() {
        if restart == Some(index) {
            member.reload();
        }
        inbox.take(&member, event);
    }
    (outcome(&member), inbox.said(&member))
}

/// Runs a race in every order of its events at the onlooker, with the restart at another place each time, and in some orders at those
/// who made it; asserts that all end alike. Answers how many cases there were.
fn all_orders_agree(name: &str, group: &Group, branches: &[Branch], every_restart: bool) -> usize {
    let race = race(group, branches);
    // Somebody who took no part: nobody goes on from before an own commit.
    let people = [&group.dave, &group.carol, &group.bob, &group.alice];
    // Nor somebody who is removed on one of the branches: what is said there cannot be read by them, so they count other witnesses.
    let removed = branches.iter().flat_map(|branch| &branch.moves).any(|step| matches!(step, Move::RemoveDave));
    let part = |n: usize| (n == 3 && removed) || branches.iter().any(|branch| branch.by == n || branch.writers.contains(&n));
    let onlooker = (0..4).find(|n| !part(3 - n)).map(|n| people[n]).expect("an onlooker");
    let orders = permutations(&race.events);
    let mut cases = 0;
    let mut agreed: Option<(Outcome, BTreeSet<String>)> = None;
    for (index, order) in orders.iter().enumerate() {
        let restarts: Vec<_> =
            if every_restart { std::iter::once(None).chain((0..order.len()).map(Some)).collect() } else { vec![Some(index % order.len())] };
        for restart in restarts {
            let settled = settle(onlooker, order, restart);
            cases += 1;
            match &agreed {
                None => agreed = Some(settled),
                Some(agreed) => assert_eq!(agreed, &settled, "{name}: order {index}, restart {restart:?}"),
            }
        }
    }
    let (agreed, _) = agreed.expect("at least one order");
    for (moment, own) in &race.committers {
        let others: Vec<_> = race.events.iter().filter(|event| !own.contains(&event.id)).cloned().collect();
        for (index, order) in permutations(&others).iter().enumerate().step_by(7) {
            let (settled, _) = settle(moment, order, Some(index % order.len()));
            assert_eq!(agreed, settled, "{name}: a committer, order {index}");
            cases += 1;
        }
    }
    cases
}

fn branch(by: usize, moves: Vec<Move>, writers: Vec<usize>) -> Branch {
    Branch { by, moves, writers }
}

/// Two rivals, each with a message on its branch: every order and every place of a restart.
#[test]
fn all_permutations_agree() {
    use Move::{Demote, PromoteDave, RemoveDave, Rename, Rotate};
    let group = four();
    let races: Vec<(&str, Vec<Branch>)> = vec![
        ("two renames", vec![branch(0, vec![Rename("A")], vec![0]), branch(1, vec![Rename("B")], vec![1])]),
        ("a rename and a rotation", vec![branch(0, vec![Rename("A")], vec![0]), branch(3, vec![Rotate], vec![3])]),
        ("a promotion and a demotion", vec![branch(1, vec![PromoteDave], vec![1]), branch(0, vec![Demote], vec![0])]),
        ("two rotations", vec![branch(1, vec![Rotate], vec![1]), branch(2, vec![Rotate], vec![2])]),
        ("a long branch", vec![branch(0, vec![Rename("A"), Rotate], vec![0]), branch(1, vec![Rename("B")], vec![1])]),
        ("a long branch against witnesses", vec![branch(0, vec![Rotate, Rotate], vec![]), branch(1, vec![Rename("B")], vec![1, 2])]),
        ("witnesses on both", vec![branch(0, vec![Rename("A")], vec![0, 2]), branch(1, vec![Rename("B")], vec![1, 2])]),
        ("no messages", vec![branch(0, vec![Rename("A")], vec![]), branch(1, vec![Rename("B")], vec![])]),
        ("a removal", vec![branch(0, vec![RemoveDave], vec![0]), branch(1, vec![Rename("B")], vec![1])]),
    ];
    let mut cases = 0;
    for (name, branches) in &races {
        let events: usize = branches.iter().map(|branch| branch.moves.len() + branch.writers.len()).sum();
        cases += all_orders_agree(name, &group, branches, events <= 4);
    }
    println!("two rivals: {cases} cases");
    assert!(cases >= 1_500, "{cases}");
}

/// Three rivals with a message each: every order, a restart in each.
#[test]
fn a_restart_mid_race_agrees() {
    use Move::{Rename, Rotate};
    let group = four();
    let races: Vec<(&str, Vec<Branch>)> = vec![
        (
            "three renames",
            vec![branch(0, vec![Rename("A")], vec![0]), branch(1, vec![Rename("B")], vec![1]), branch(2, vec![Rename("C")], vec![2])],
        ),
        (
            "two renames and a rotation",
            vec![branch(0, vec![Rename("A")], vec![0]), branch(1, vec![Rename("B")], vec![1]), branch(3, vec![Rotate], vec![3])],
        ),
    ];
    let mut cases = 0;
    for (name, branches) in &races {
        cases += all_orders_agree(name, &group, branches, false);
    }
    println!("three rivals: {cases} cases");
    assert!(cases >= 1_400, "{cases}");
}

/// Two members commit the same departure, a relay accepts both commits: everybody ends in one group.
#[test]
fn two_who_confirm_the_same_departure_converge() {
    let group = four();
    let dave = group.dave.resume();
    let leave = dave.group(|tx, group, device| group.propose_leave(tx, device, *NOW)).expect("a proposal").event;
    let (alice, bob, carol) = (group.alice.resume(), group.bob.resume(), group.carol.resume());
    for member in [&alice, &bob, &carol] {
        assert!(matches!(member.read(&leave), Ingest::Proposal { .. }));
    }
    let (of_bob, _) = bob.change(Change::ConfirmDepartures);
    let (of_carol, _) = carol.change(Change::ConfirmDepartures);
    let from_bob = bob.say("bye, Dave");
    let from_carol = carol.say("see you, Dave");
    for (member, events) in [
        (&alice, vec![&of_bob, &of_carol, &from_bob, &from_carol]),
        (&bob, vec![&from_carol, &of_carol]),
        (&carol, vec![&of_bob, &from_bob]),
    ] {
        let mut inbox = Inbox::default();
        events.into_iter().for_each(|event| inbox.take(member, event));
    }
    assert_eq!(outcome(&alice), outcome(&bob));
    assert_eq!(outcome(&alice), outcome(&carol));
    assert_eq!(alice.view().members.len(), 3);
    let after = bob.say("one group");
    assert_eq!((alice.hear(&after), carol.hear(&after)), ("one group".to_owned(), "one group".to_owned()));
}

/// A commit that was staged, lost its place before any relay answered, and turns out to have been passed on.
#[test]
fn a_commit_that_lost_its_place_before_it_was_acknowledged_may_still_win() {
    let group = four();
    let (alice, bob, dave) = (group.alice.resume(), group.bob.resume(), group.dave.resume());
    let (low, high) = if alice.account() < bob.account() { (&alice, &bob) } else { (&bob, &alice) };
    let staged = low.stage(Change::Rename("Mine".to_owned())).expect("a staged commit").event;
    let (other, _) = high.change(Change::Rename("Theirs".to_owned()));
    assert!(matches!(low.read(&other), Ingest::Commit(applied) if applied.superseded_own));
    low.reload();
    let text = low.say("written on the branch that loses");
    assert_eq!(high.hear(&text), "written on the branch that loses");
    // A relay had it all the same.
    let mut inbox = Inbox::default();
    inbox.take(low, &staged);
    assert_eq!(inbox.switches.len(), 0, "somebody has written on the other branch");
    let (again, _) = low.change(Change::Rotate);
    let mut inbox = Inbox::default();
    [&other, &text, &staged, &again].into_iter().for_each(|event| inbox.take(&dave, event));
    let mut inbox = Inbox::default();
    [&staged, &again].into_iter().for_each(|event| inbox.take(high, event));
    assert_eq!(outcome(low), outcome(&dave));
    assert_eq!(outcome(low), outcome(high));
}

#[test]
fn a_commit_that_was_given_up_and_comes_back_takes_part() {
    let group = four();
    let (alice, dave) = (group.alice.resume(), group.dave.resume());
    let first = alice.stage(Change::Rename("Given up".to_owned())).expect("a staged commit").event;
    alice.group(|tx, group, _| group.discard(tx)).expect("no fault");
    let text = alice.say("nothing has changed");
    let second = alice.stage(Change::Describe("Something else".to_owned())).expect("a staged commit").event;
    alice.reload();
    alice.confirm();
    // Both had reached a relay.
    let mut inbox = Inbox::default();
    inbox.take(&alice, &first);
    let mut inbox = Inbox::default();
    [&second, &text, &first].into_iter().for_each(|event| inbox.take(&dave, event));
    assert_eq!(outcome(&alice), outcome(&dave));
    assert!(inbox.said(&dave).contains("nothing has changed"));
    let after = alice.say("go on");
    assert_eq!(dave.hear(&after), "go on");
}

/// The group leaves a branch and comes back to it: no key that was used there is used again.
#[test]
fn a_branch_that_comes_back_goes_on_where_it_stopped() {
    let group = four();
    let (alice, bob, carol, dave) = (group.alice.resume(), group.bob.resume(), group.carol.resume(), group.dave.resume());
    let (first, _) = alice.change(Change::Rotate);
    let said = alice.say("one");
    assert!(matches!(carol.read(&first), Ingest::Commit(_)));
    // A privileged rival wins over the rotation.
    let (rival, _) = bob.change(Change::Rename("Rival".to_owned()));
    let theirs = bob.say("theirs");
    let mut inbox = Inbox::default();
    [&rival, &theirs].into_iter().for_each(|event| inbox.take(&alice, event));
    assert_eq!(alice.view().name, "Rival");
    let there = alice.say("two");
    // Until the first branch becomes the longer one.
    let (second, _) = carol.change(Change::Rotate);
    let (third, _) = carol.change(Change::Rotate);
    [&second, &third].into_iter().for_each(|event| inbox.take(&alice, event));
    assert_eq!((alice.view().name.as_str(), inbox.switches.len()), ("Garden", 2));
    assert_eq!(outcome(&alice), outcome(&carol));
    let back = alice.say("three");
    let mut all = Inbox::default();
    [&third, &rival, &back, &there, &said, &theirs, &second, &first].into_iter().for_each(|event| all.take(&dave, event));
    assert_eq!(outcome(&alice), outcome(&dave));
    assert_eq!(all.said(&dave), BTreeSet::from(["one".to_owned(), "three".to_owned()]));
}

/// Who was removed by a change that then loses is a member as before.
#[test]
fn a_removal_that_loses_removes_nobody() {
    let group = four();
    let (alice, bob, dave) = (group.alice.resume(), group.bob.resume(), group.dave.resume());
    let (removal, _) = alice.change(Change::Remove(dave.account()));
    let (first, _) = bob.change(Change::Rename("First".to_owned()));
    let (second, _) = bob.change(Change::Rename("Second".to_owned()));
    let mut inbox = Inbox::default();
    inbox.take(&dave, &removal);
    assert!(!dave.group(|_, group, _| group.is_active()));
    dave.reload();
    [&first, &second].into_iter().for_each(|event| inbox.take(&dave, event));
    assert_eq!(outcome(&dave), outcome(&bob));
    let text = dave.say("still here");
    assert_eq!(bob.hear(&text), "still here");
}

#[test]
fn a_ground_self_update_cannot_beat_a_removal() {
    let group = four();
    let (alice, carol) = (group.alice.resume(), group.carol.resume());
    let (removal, _) = alice.change(Change::Remove(group.dave.account()));
    // However many rotations somebody tries, none comes before the removal, whatever its digest.
    for attempt in 0..4 {
        let dave = group.dave.resume();
        let (rotation, _) = dave.change(Change::Rotate);
        let mut inbox = Inbox::default();
        inbox.take(&carol, &rotation);
        if attempt == 0 {
            inbox.take(&carol, &removal);
        }
        assert!(!carol.view().members.contains(&dave.account()), "attempt {attempt}");
    }
    assert_eq!(outcome(&carol), outcome(&alice));
}

#[test]
fn a_commit_flood_does_not_block_a_removal() {
    let group = four();
    let (alice, bob) = (group.alice.resume(), group.bob.resume());
    let flood: Vec<_> = (0..30).map(|_| group.dave.resume().change(Change::Rotate).0).collect();
    let mut kept = 0;
    for event in &flood {
        kept += usize::from(!matches!(bob.read(event), Ingest::Rejected(murmel_engine::Why::TooManyRivals)));
    }
    assert!(kept < flood.len(), "the flood is not followed to its end");
    let epochs = bob.group(|tx, group, _| {
        use murmel_engine::Storage as _;
        tx.epochs(group.id()).expect("epochs").len()
    });
    assert!(epochs < 12, "{epochs} epochs are kept");
    let (removal, _) = alice.change(Change::Remove(group.dave.account()));
    let mut inbox = Inbox::default();
    inbox.take(&bob, &removal);
    assert_eq!(outcome(&alice), outcome(&bob));
    // In another order of the flood, the same rivals are kept.
    let carol = group.carol.resume();
    flood.iter().rev().for_each(|event| drop(carol.read(event)));
    let names = |member: &Member| {
        member.group(|tx, group, _| {
            use murmel_engine::Storage as _;
            tx.epochs(group.id()).expect("epochs").iter().map(|record| record.commit).collect::<BTreeSet<_>>()
        })
    };
    inbox = Inbox::default();
    inbox.take(&carol, &removal);
    assert_eq!(outcome(&alice), outcome(&carol));
    assert_eq!(names(&bob), names(&carol));
}

#[test]
fn a_demoted_admin_cannot_commit_in_the_race_window() {
    let group = four();
    let (alice, bob, carol) = (group.alice.resume(), group.bob.resume(), group.carol.resume());
    let (demotion, _) = alice.change(Change::Demote(bob.account()));
    let mut inbox = Inbox::default();
    inbox.take(&bob, &demotion);
    // What bob forges in the new epoch is refused, live and after a restart, and by those who learn of the demotion later.
    assert!(matches!(bob.stage(Change::Rename("Mine".to_owned())), Err(murmel_engine::Error::Refused(_))));
    let forged = {
        use murmel_engine::components::{PROFILE, Profile};
        let mine = (PROFILE, Profile::new("Mine", "").expect("a profile").encode());
        bob.forge(Forged { components: vec![mine], ..Default::default() })
    };
    inbox.take(&carol, &demotion);
    for restart in [false, true] {
        if restart {
            carol.reload();
        }
        assert!(matches!(carol.read(&forged), Ingest::Rejected(_)));
    }
    // On a rival branch that does not know of the demotion it is refused as well: it names its parent.
    let dave = group.dave.resume();
    let (rival, _) = group.carol.resume().change(Change::Rename("Rival".to_owned()));
    let mut inbox = Inbox::default();
    [&rival, &demotion].into_iter().for_each(|event| inbox.take(&dave, event));
    assert!(matches!(dave.read(&forged), Ingest::Rejected(_)));
    assert_ne!(dave.view().name, "Mine");
}

/// Somebody was invited on a branch that loses: the way back is a new invitation from an admin, and nothing else.
#[test]
fn who_joined_on_a_branch_that_lost_comes_back_by_a_new_invitation() {
    let group = four();
    let (alice, bob, dave) = (group.alice.resume(), group.bob.resume(), group.dave.resume());
    let eve = Member::new();
    let (added, confirmed) = bob.change(Change::Invite(vec![eve.offer()]));
    eve.join(&confirmed.invitations[0], &bob).expect("a welcome");
    // The same invitation once more is no news.
    let id = eve.group(|_, group, _| group.id().clone());
    assert!(eve.join(&confirmed.invitations[0], &bob).is_err());
    eve.load(&id);
    let (first, _) = alice.change(Change::Rename("First".to_owned()));
    let (second, _) = alice.change(Change::Rename("Second".to_owned()));
    let mut inbox = Inbox::default();
    [&first, &second].into_iter().for_each(|event| inbox.take(&bob, event));
    assert_eq!(bob.view().members.len(), 4, "the addition was undone");
    // Eve cannot follow: she has no epoch from before her branch.
    assert!(matches!(eve.read(&first), Ingest::Deferred(_)));
    // A stranger with a group of the same members is no way out, an admin of hers is.
    let (again, confirmed) = bob.change(Change::Invite(vec![eve.offer()]));
    let preview = eve.inspect(Member::welcome(&confirmed.invitations[0], &bob)).expect("a welcome");
    assert!(eve.group(move |_, group, _| group.is_left_behind_by(&preview)));
    eve.join(&confirmed.invitations[0], &bob).expect("a new copy");
    let mut inbox = Inbox::default();
    [&again, &added, &second, &first].into_iter().for_each(|event| inbox.take(&dave, event));
    assert_eq!(outcome(&eve), outcome(&bob));
    assert_eq!(outcome(&eve), outcome(&dave));
    let text = eve.say("back again");
    assert_eq!(dave.hear(&text), "back again");
}

/// A state inside the window is gone, by a fault of the disk: the group says so and changes nothing.
#[test]
fn a_rival_of_an_epoch_that_is_lost_cannot_be_judged() {
    let group = four();
    let (alice, bob, dave) = (group.alice.resume(), group.bob.resume(), group.dave.resume());
    let source = dave.group(|_, group, _| group.tip());
    let (first, _) = alice.change(Change::Rename("Alice's".to_owned()));
    let (second, _) = bob.change(Change::Rename("Bob's".to_owned()));
    assert!(matches!(dave.read(&first), Ingest::Commit(_)));
    dave.group(move |tx, group, _| {
        use murmel_engine::Storage as _;
        tx.forget_epoch(group.id(), &source).expect("no fault");
    });
    let before = outcome(&dave);
    assert_eq!(dave.read(&second), Ingest::Unrecoverable);
    assert_eq!(outcome(&dave), before);
}
