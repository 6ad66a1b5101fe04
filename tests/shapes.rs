//! Twelve shapes of a change that its author may not make, each live, replayed, after a restart and in a race with an honest change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use murmel_engine::components::{ADMINS, APP_COMPONENTS, Admins, ComponentList, LIFECYCLE, PROFILE, Profile, RETENTION, ROUTING, Routing};
use murmel_engine::{Change, GroupView, Ingest, RoutingId};
use murmel_tests::attacker::Forged;
use murmel_tests::foreign::key_package;
use murmel_tests::member::assert_agree;
use murmel_tests::{Member, NOW};
use nostr::{Event, Keys};

/// An admin, a member who attacks, and another member.
struct Garden {
    admin: Member,
    mallory: Member,
    bob: Member,
}

impl Garden {
    fn new() -> Self {
        let (admin, mallory, bob) = (Member::new(), Member::new(), Member::new());
        admin.create_with("Garden", &[&mallory, &bob]);
        Self { admin, mallory, bob }
    }

    /// All three take in a change of the admin's.
    fn change(&self, change: Change) {
        let (event, _) = self.admin.change(change);
        for member in [&self.mallory, &self.bob] {
            assert!(matches!(member.read(&event), Ingest::Commit(_)));
        }
    }
}

/// Brings a group into the state that a shape needs, and forges.
type Forge = fn(&Garden) -> Event;

fn set(id: u16, data: Vec<u8>) -> Forged {
    Forged { components: vec![(id, data)], ..Forged::default() }
}

fn profile(name: &str) -> Vec<u8> {
    Profile::new(name, "").expect("a profile").encode()
}

const SHAPES: [(&str, Forge); 12] = [
    ("a member renames the group", |g| g.mallory.forge(set(PROFILE, profile("Mine")))),
    ("a member takes over the admin list", |g| g.mallory.forge(set(ADMINS, Admins::new([g.mallory.account()]).unwrap().encode()))),
    ("a member joins the admin list", |g| {
        g.mallory.forge(set(ADMINS, Admins::new([g.admin.account(), g.mallory.account()]).unwrap().encode()))
    }),
    ("a member adds somebody", |g| g.mallory.forge(Forged { adds: vec![key_package(&Member::new())], ..Forged::default() })),
    ("a member removes the admin", |g| {
        g.mallory.forge(Forged { removes: vec![g.admin.group(|_, group, _| group.own_leaf())], rotate: true, ..Forged::default() })
    }),
    ("a member moves the group to another route", |g| {
        let route = Routing::new(RoutingId::new([6; 32]), ["wss://mallory.example".to_owned()]).unwrap();
        g.mallory.forge(set(ROUTING, route.encode()))
    }),
    ("a member makes messages disappear", |g| g.mallory.forge(set(RETENTION, 1_u64.to_be_bytes().to_vec()))),
    ("a member disbands the group", |g| {
        let own = Admins::new([g.mallory.account()]).unwrap().encode();
        let others = [&g.admin, &g.bob].map(|one| one.group(|_, group, _| group.own_leaf()));
        g.mallory.forge(Forged { components: vec![(ADMINS, own), (LIFECYCLE, vec![1])], removes: others.to_vec(), ..Forged::default() })
    }),
    ("a member drops a requirement", |g| g.mallory.forge(set(APP_COMPONENTS, ComponentList::new([0x8003, 0x8004, 0x8009]).encode()))),
    ("a member renames the group beside a departure", |g| {
        let leaving = g.bob.group(|tx, group, device| group.propose_leave(tx, device, *NOW)).expect("a proposal").event;
        [&g.admin, &g.mallory].into_iter().for_each(|member| drop(member.read(&leaving)));
        g.mallory.forge(Forged { components: vec![(PROFILE, profile("Mine"))], with_proposals: true, ..Forged::default() })
    }),
    ("a former admin removes a member", |g| {
        g.change(Change::Promote(g.mallory.account()));
        g.change(Change::Demote(g.mallory.account()));
        g.mallory.forge(Forged { removes: vec![g.bob.group(|_, group, _| group.own_leaf())], ..Forged::default() })
    }),
    ("a member's leaf passes to another account", |g| {
        g.mallory.forge(Forged { identity: Some(Keys::generate()), rotate: true, ..Forged::default() })
    }),
];

/// How a forged event reaches the others.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// As it is made.
    Live,
    /// Again, and once more in another envelope.
    Replayed,
    /// To members who were restarted in between.
    AfterRestart,
    /// Around an honest change from the same epoch: before it, after it, and again after a restart.
    InARace,
}

const WAYS: [Way; 4] = [Way::Live, Way::Replayed, Way::AfterRestart, Way::InARace];

fn refused(what: &str, member: &Member, event: &Event) {
    let (state, epoch) = (member.state(), member.epoch());
    let outcome = member.read(event);
    assert!(matches!(outcome, Ingest::Rejected(_)), "{what}: {outcome:?}");
    assert_eq!((member.state(), member.epoch()), (state, epoch), "{what}");
}

fn attack(garden: &Garden, what: &str, event: &Event, way: Way) {
    let honest = [&garden.admin, &garden.bob];
    match way {
        Way::Live => honest.into_iter().for_each(|member| refused(what, member, event)),
        Way::Replayed => {
            let again = garden.mallory.wrap(garden.mallory.open(event));
            for member in honest {
                [event, event, &again].into_iter().for_each(|event| refused(what, member, event));
            }
        }
        Way::AfterRestart => {
            for member in honest {
                refused(what, member, event);
                member.reload();
                refused(what, member, event);
            }
        }
        Way::InARace => race(garden, what, event),
    }
}

/// One member hears of the attack first, the other of the honest change; both end where the honest change leads.
fn race(garden: &Garden, what: &str, event: &Event) {
    let Garden { admin, bob, .. } = garden;
    let staged = admin.stage(Change::Describe("Beds and bees".into())).expect("a staged commit");
    admin.read(event);
    admin.confirm();
    admin.read(event);
    refused(what, bob, event);
    assert!(matches!(bob.read(&staged.event), Ingest::Commit(_)), "{what}");
    for member in [admin, bob] {
        member.read(event);
        member.reload();
        member.read(event);
        assert_eq!(member.view().description, "Beds and bees", "{what}");
    }
    assert_agree(&[admin, bob]);
}

/// What no attack may change.
fn structure(view: GroupView) -> impl PartialEq + std::fmt::Debug {
    (view.name, view.admins, view.members, view.relays, view.routing, view.retention)
}

#[test]
fn no_shape_of_an_unauthorised_change_takes_effect_in_any_way() {
    let mut cases = 0;
    for (what, forge) in SHAPES {
        for way in WAYS {
            let garden = Garden::new();
            let event = forge(&garden);
            let before = structure(garden.bob.view());
            attack(&garden, &format!("{what}, {way:?}"), &event, way);
            for member in [&garden.admin, &garden.bob] {
                assert_eq!(structure(member.view()), before, "{what}, {way:?}");
            }
            assert_agree(&[&garden.admin, &garden.bob]);
            assert_eq!(garden.bob.hear(&garden.admin.say("and on it goes")), "and on it goes", "{what}, {way:?}");
            cases += 1;
        }
    }
    assert_eq!(cases, 48);
}
