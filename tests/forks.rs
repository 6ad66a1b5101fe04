//! Races: rival commits made by public operations on separate databases, taken in in every order, with restarts.
//! Whatever the order, everybody ends in the same group.

use std::collections::{BTreeMap, BTreeSet};

use murmel_engine::{Change, Digest, Ingest, Switched};
use murmel_tests::member::{Member, Moment};
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
    let part = |n: usize| branches.iter().any(|branch| branch.by == n || branch.writers.contains(&n));
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
