//! What a hostile member, stranger or relay can hand to the engine, and that none of it takes effect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use murmel_engine::components::{ADMINS, Admins, PROFILE, Profile, ROUTING};
use murmel_engine::{AccountProof, Change, Ingest, InnerEvent, JoinError, LeafFlaw, Offer, OfferRefused, Unauthorized, Why};
use murmel_tests::attacker::Forged;
use murmel_tests::foreign::key_package;
use murmel_tests::member::assert_agree;
use murmel_tests::{Member, NOW};
use nostr::nips::nip44;
use nostr::{Event, EventBuilder, JsonUtil as _, Keys, Kind, Tag};

/// A group of an admin and two members, one of whom is the attacker.
fn garden() -> (Member, Member, Member) {
    let (admin, mallory, bob) = (Member::new(), Member::new(), Member::new());
    admin.create_with("Garden", &[&mallory, &bob]);
    (admin, mallory, bob)
}

/// Every one of the commits is refused by everybody, and nothing is written.
fn assert_refused(events: Vec<(&str, nostr::Event)>, by: &[&Member]) {
    for (what, event) in events {
        for member in by {
            let before = member.state();
            let outcome = member.read(&event);
            assert!(matches!(outcome, Ingest::Rejected(Why::Unauthorized(_))), "{what}: {outcome:?}");
            assert_eq!(member.state(), before, "{what}");
        }
    }
}

#[test]
fn every_merge_goes_through_authorize() {
    let (admin, mallory, bob) = garden();
    let stranger = Member::new();
    let set = |id: u16, data: Vec<u8>| Forged { components: vec![(id, data)], ..Forged::default() };
    let own = Admins::new([mallory.account()]).expect("an admin").encode();
    let both = Admins::new([mallory.account(), admin.account()]).expect("admins").encode();
    let forged = vec![
        ("a rename", mallory.forge(set(PROFILE, Profile::new("Mine", "").expect("a profile").encode()))),
        ("taking over", mallory.forge(set(ADMINS, own))),
        ("promoting oneself", mallory.forge(set(ADMINS, both))),
        ("an addition", mallory.forge(Forged { adds: vec![key_package(&stranger)], ..Forged::default() })),
        ("a removal", mallory.forge(Forged { removes: vec![0], ..Forged::default() })),
        ("a removal with rotation", mallory.forge(Forged { removes: vec![2], rotate: true, ..Forged::default() })),
    ];
    assert_refused(forged, &[&admin, &bob]);
    assert_agree(&[&admin, &mallory, &bob]);
}

#[test]
fn no_commit_leaves_zero_admins() {
    let (admin, mallory, bob) = garden();
    let stranger = Keys::generate().public_key();
    let set = |accounts: &[nostr::PublicKey]| Forged {
        components: vec![(ADMINS, Admins::new(accounts.iter().copied()).expect("admins").encode())],
        ..Forged::default()
    };
    let forged = vec![
        ("an admin who is no member", admin.forge(set(&[admin.account(), stranger]))),
        ("only an admin who is no member", admin.forge(set(&[stranger]))),
        ("an empty list", admin.forge(Forged { components: vec![(ADMINS, vec![0])], ..Forged::default() })),
        ("an unsorted list", {
            let mut keys = [admin.account(), bob.account()];
            keys.sort();
            let data = [vec![0x40, 64], keys[1].as_bytes().to_vec(), keys[0].as_bytes().to_vec()].concat();
            admin.forge(Forged { components: vec![(ADMINS, data)], ..Forged::default() })
        }),
        ("a malformed route", admin.forge(Forged { components: vec![(ROUTING, vec![1; 40])], ..Forged::default() })),
        ("a proof in the context", admin.forge(Forged { components: vec![(0x8009, vec![1; 104])], ..Forged::default() })),
    ];
    assert_refused(forged, &[&mallory, &bob]);
}

#[test]
fn a_smuggled_add_never_rides_an_admin_commit() {
    let (admin, mallory, bob) = garden();
    let stranger = Member::new();
    let proposal = mallory.propose(key_package(&stranger));
    for member in [&admin, &bob] {
        let before = member.state();
        assert!(matches!(member.read(&proposal), Ingest::Rejected(Why::Unauthorized(_))));
        assert_eq!(member.state(), before);
    }
    // Should one be waiting all the same, an honest commit leaves it out, and one that takes it in is refused by everybody.
    [&admin, &bob].into_iter().for_each(|member| member.plant(&proposal));
    let forged = admin.forge(Forged { with_proposals: true, ..Forged::default() });
    assert_refused(vec![("an addition by somebody who is no admin", forged)], &[&bob]);
    let (event, _) = admin.change(Change::Rename("Allotment".into()));
    assert!(matches!(bob.read(&event), Ingest::Commit(applied) if applied.events.len() == 1));
    assert_eq!((admin.view().members.len(), bob.view().members.len()), (3, 3));
    mallory.read(&event);
    assert_agree(&[&admin, &mallory, &bob]);
}

#[test]
fn leaf_identity_never_changes() {
    let (admin, mallory, bob) = garden();
    let other = Keys::generate();
    let forged = vec![
        ("a leaf that passes to another account", mallory.forge(Forged { identity: Some(other), rotate: true, ..Forged::default() })),
        (
            "a leaf that passes to the admin",
            mallory.forge(Forged { identity: Some(admin.keys.clone()), rotate: true, ..Forged::default() }),
        ),
        ("an admin's leaf that passes on", admin.forge(Forged { identity: Some(Keys::generate()), rotate: true, ..Forged::default() })),
    ];
    for (what, event) in forged {
        let before = bob.state();
        let outcome = bob.read(&event);
        assert_eq!(outcome, Ingest::Rejected(Why::Unauthorized(Unauthorized::Identity)), "{what}");
        assert_eq!(bob.state(), before, "{what}");
    }
    // A proof that holds, so it is the change of account that is refused and nothing else.
    let same = mallory.forge(Forged { identity: Some(mallory.keys.clone()), rotate: true, ..Forged::default() });
    assert!(matches!(bob.read(&same), Ingest::Commit(_)));
}

#[test]
fn an_impersonating_key_package_is_refused() {
    let (alice, mallory) = (Member::new(), Member::new());
    let (hers, his) = (alice.key_package(), mallory.key_package());
    let signed = |event: &Event, by: &Member| {
        EventBuilder::new(event.kind, event.content.clone()).tags(event.tags.iter().cloned()).sign_with_keys(&by.keys).expect("a signature")
    };
    assert!(Offer::read(&signed(&his, &mallory), *NOW).is_ok());
    assert_eq!(Offer::read(&signed(&his, &alice), *NOW).err(), Some(OfferRefused::Author), "his package under her name");
    assert_eq!(Offer::read(&signed(&hers, &mallory), *NOW).err(), Some(OfferRefused::Author), "her package under his name");
    let mut renamed = his.clone();
    renamed.pubkey = alice.account();
    assert_eq!(Offer::read(&renamed, *NOW).err(), Some(OfferRefused::Event), "his event with her name on it");
    let claimed = mallory.disguised_key_package(&alice);
    assert!(
        matches!(Offer::read(&claimed, *NOW), Err(OfferRefused::Leaf(LeafFlaw::Proof))),
        "her name in his package, vouched for by himself"
    );
}

/// Every layer that names somebody, each with a name that does not fit the one below.
#[test]
fn ten_mismatches_of_identity_are_refused() {
    let (admin, mallory, bob) = garden();
    let (hers, his) = (admin.key_package(), mallory.key_package());
    let signed = |event: &Event, by: &Member| {
        EventBuilder::new(event.kind, event.content.clone()).tags(event.tags.iter().cloned()).sign_with_keys(&by.keys).expect("a signature")
    };
    let offered = |event: &Event| Offer::read(event, *NOW).is_ok();
    let mut renamed = his.clone();
    renamed.pubkey = admin.account();
    let read = |event: Event| matches!(bob.read(&event), Ingest::Message(_) | Ingest::Commit(_) | Ingest::Rival(_) | Ingest::Switched(_));
    let inner = |json: String| {
        mallory.group(move |tx, group, device| {
            let event = InnerEvent::parse(json.as_bytes());
            event.map(|event| group.encrypt(tx, device, &event).expect("a sealed message").event)
        })
    };
    let own = InnerEvent::text(mallory.account(), *NOW, "hi".into(), &[]);
    let hers_inside = InnerEvent::text(admin.account(), *NOW, "hi".into(), &[]);
    let leaf_key = mallory.tx(|_, desk| desk.device.signature_key().to_vec());
    let proof = |by: &Member, key: &[u8]| AccountProof::sign(&by.keys, key, 1_700_000_000).expect("a proof");
    let opened = |sealed_by: &Member, named: &Member, to: &Member| {
        let rumor = EventBuilder::new(Kind::MlsWelcome, "").build(named.account()).as_json();
        let sealed = nip44::encrypt(sealed_by.keys.secret_key(), &to.account(), rumor, nip44::Version::V2).expect("a seal");
        let seal = EventBuilder::new(Kind::Seal, sealed).sign_with_keys(&sealed_by.keys).expect("a signature");
        let wrap = EventBuilder::gift_wrap_from_seal(&to.account(), &seal, []).expect("a gift wrap");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(murmel_client::open_gift_wrap(&bob.keys, &wrap)).is_some()
    };
    let late = Member::new();
    let (_, confirmed) = admin.change(Change::Invite(vec![late.offer()]));
    let rumor = confirmed.invitations[0].rumor(admin.account(), *NOW);
    let accepted = [
        ("his key package under her signature", offered(&signed(&his, &admin))),
        ("her key package under his signature", offered(&signed(&hers, &mallory))),
        ("his event with her name on it", offered(&renamed)),
        ("her name in his key package", offered(&mallory.disguised_key_package(&admin))),
        ("her proof for his leaf key", proof(&admin, &leaf_key).vouches_for(&mallory.account(), &leaf_key)),
        ("his proof for another leaf key", proof(&mallory, &[7; 32]).vouches_for(&mallory.account(), &leaf_key)),
        ("her name inside his message", inner(hers_inside.json().to_owned()).is_ok_and(read)),
        ("another id inside his message", inner(own.json().replace("\"hi\"", "\"ho\"")).is_ok_and(read)),
        ("his leaf in her name", read(mallory.forge(Forged { identity: Some(admin.keys.clone()), rotate: true, ..Forged::default() }))),
        ("a rumor of hers in his seal", opened(&mallory, &admin, &bob)),
        ("a gift wrap for somebody else", opened(&admin, &admin, &mallory)),
        ("her welcome, handed on by him", murmel_engine::Welcome::read(&rumor, mallory.account()).is_ok()),
    ];
    assert!(accepted.len() >= 10);
    for (what, accepted) in accepted {
        assert!(!accepted, "{what} was accepted");
    }
    // The same with names that fit.
    assert!(offered(&his) && opened(&admin, &admin, &bob) && inner(own.json().to_owned()).is_ok_and(read));
    assert!(proof(&mallory, &leaf_key).vouches_for(&mallory.account(), &leaf_key));
    assert!(murmel_engine::Welcome::read(&rumor, admin.account()).is_ok());
}

#[test]
fn a_rewrapped_commit_is_a_duplicate() {
    let (admin, mallory, bob) = garden();
    let staged = admin.stage(Change::Rotate).expect("a staged commit");
    let again = mallory.wrap(mallory.open(&staged.event));
    admin.confirm();
    assert!(matches!(bob.read(&staged.event), Ingest::Commit(_)));
    let before = bob.state();
    for event in [&again, &staged.event] {
        assert_eq!(bob.read(event), Ingest::Duplicate);
    }
    assert_eq!(bob.state(), before);
    bob.reload();
    assert_eq!(bob.read(&again), Ingest::Duplicate, "after a restart too");
    assert_agree(&[&admin, &bob]);
}

#[test]
fn a_smuggled_proposal_never_rides_an_admins_commit() {
    let (admin, mallory, bob) = garden();
    let proposal = mallory.group(|tx, group, device| group.propose_leave(tx, device, *NOW)).expect("a proposal");
    admin.read(&proposal.event);
    bob.read(&proposal.event);
    let (event, confirmed) = admin.change(Change::Rename("Allotment".into()));
    assert_eq!(confirmed.applied.events.len(), 1);
    assert!(matches!(bob.read(&event), Ingest::Commit(applied) if applied.events.len() == 1));
    assert_eq!(bob.view().members.len(), 3);
}

#[test]
fn a_departure_cannot_be_bundled_with_something_else_by_a_member() {
    let (admin, mallory, bob) = garden();
    let proposal = bob.group(|tx, group, device| group.propose_leave(tx, device, *NOW)).expect("a proposal");
    admin.read(&proposal.event);
    mallory.read(&proposal.event);
    let set = vec![(PROFILE, Profile::new("Mine", "").expect("a profile").encode())];
    let event = mallory.forge(Forged { components: set, with_proposals: true, ..Forged::default() });
    assert_refused(vec![("a rename beside a departure", event)], &[&admin]);
}

#[test]
fn an_admin_cannot_require_what_members_lack() {
    let (admin, mallory, bob) = garden();
    let event = admin.forge(Forged { required_proposals: vec![0x0008, 0x000a, 0x0009], ..Forged::default() });
    assert_refused(vec![("a proposal type that nobody has", event)], &[&mallory, &bob]);
}

#[test]
fn a_time_on_the_outside_does_not_make_a_message_disappear() {
    let (admin, _, bob) = garden();
    let said = admin.say("Stays");
    let hostile = Member::with_expiration(&said, 1);
    let Ingest::Message(message) = bob.read(&hostile) else { panic!("it is the message all the same") };
    assert_eq!((message.event.content(), message.expires_at), ("Stays", None));
    let (commit, _) = admin.change(Change::Rotate);
    assert_eq!(bob.read(&Member::with_expiration(&commit, 1)), Ingest::Rejected(Why::MalformedEvent));
    assert!(matches!(bob.read(&commit), Ingest::Commit(_)));
}

#[test]
fn a_relay_that_refuses_a_commit_and_keeps_it_all_the_same_does_not_split_the_group() {
    let (admin, _, bob) = garden();
    let staged = admin.stage(Change::Rename("Allotment".into())).expect("a staged commit");
    admin.group(|tx, group, _| group.discard(tx)).expect("no fault");
    assert!(matches!(bob.read(&staged.event), Ingest::Commit(_)));
    assert!(matches!(admin.read(&staged.event), Ingest::Commit(applied) if applied.by == admin.account()));
    assert_agree(&[&admin, &bob]);
}

#[test]
fn a_demoted_admin_cannot_commit_any_more() {
    let (admin, mallory, bob) = garden();
    let (event, _) = admin.change(Change::Promote(mallory.account()));
    mallory.read(&event);
    bob.read(&event);
    let (event, _) = admin.change(Change::Demote(mallory.account()));
    mallory.read(&event);
    bob.read(&event);
    let forged = mallory.forge(Forged { removes: vec![0], ..Forged::default() });
    assert_refused(vec![("a removal by a former admin", forged)], &[&admin, &bob]);
}

#[test]
fn author_and_id_are_bound_to_the_mls_leaf() {
    let (admin, mallory, bob) = garden();
    let fake = InnerEvent::text(admin.account(), *NOW, "I resign".into(), &[]);
    let event = mallory.group(move |tx, group, device| group.encrypt(tx, device, &fake)).expect("a sealed message").event;
    assert_eq!(bob.read(&event), Ingest::Rejected(Why::Author));
    assert_eq!(bob.hear(&mallory.say("In my own name")), "In my own name");
}

#[test]
fn a_rewrapped_message_or_commit_is_a_duplicate() {
    let (admin, mallory, bob) = garden();
    let said = admin.say("Once");
    let again = mallory.wrap(mallory.open(&said));
    assert_eq!(bob.hear(&said), "Once");
    assert_eq!(bob.read(&again), Ingest::Duplicate);
    let staged = admin.stage(Change::Rotate).expect("a staged commit");
    let again = mallory.wrap(mallory.open(&staged.event));
    assert!(matches!(bob.read(&staged.event), Ingest::Commit(_)));
    assert_eq!(bob.read(&again), Ingest::Duplicate);
    assert_eq!(admin.read(&again), Ingest::OwnCommitReturned);
}

#[test]
fn garbage_is_a_value_and_changes_nothing() {
    let (admin, mallory, bob) = garden();
    let real = mallory.open(&admin.say("Real"));
    let route = bob.view().routing.to_string();
    let event = |content: &str| {
        let tag = Tag::parse(["h".to_owned(), route.clone()]).expect("a tag");
        EventBuilder::new(Kind::MlsGroupMessage, content).tag(tag).sign_with_keys(&Keys::generate()).expect("a signature")
    };
    let before = bob.state();
    let mut events = vec![event(""), event("%%%"), event(&"A".repeat(60_000)), mallory.wrap(Vec::new()), mallory.wrap(vec![0; 5])];
    for cut in [1, real.len() / 2, real.len() - 1] {
        events.push(mallory.wrap(real[..cut].to_vec()));
    }
    for position in (0..real.len()).step_by(7) {
        let mut broken = real.clone();
        broken[position] ^= 0x55;
        events.push(mallory.wrap(broken));
    }
    for event in events {
        let outcome = bob.read(&event);
        assert!(matches!(outcome, Ingest::Rejected(_) | Ingest::Deferred(_)), "{outcome:?}");
    }
    assert_eq!(bob.state(), before);
    assert_eq!(bob.hear(&admin.wrap(real)), "Real", "what follows garbage still arrives");
}

#[test]
fn a_hostile_welcome_changes_nothing() {
    let (admin, mallory, bob) = (Member::new(), Member::new(), Member::new());
    let invitation = admin.create("Garden", vec![mallory.offer(), bob.offer()]).expect("a group").remove(1);
    let honest = Member::welcome(&invitation, &admin);
    let before = bob.state();
    let relays = honest.relays().to_vec();
    let mut hostile = vec![
        // Somebody else hands on an admin's welcome.
        murmel_engine::Welcome::restore(honest.mls_message().to_vec(), mallory.account(), relays.clone()),
        murmel_engine::Welcome::restore(Vec::new(), admin.account(), relays.clone()),
    ];
    for position in (0..honest.mls_message().len()).step_by(61) {
        let mut broken = honest.mls_message().to_vec();
        broken[position] ^= 0x55;
        hostile.push(murmel_engine::Welcome::restore(broken, admin.account(), relays.clone()));
    }
    let shown = bob.inspect(honest.clone()).expect("the honest welcome");
    let mut refused = 0;
    for welcome in hostile {
        match bob.inspect(welcome) {
            Err(JoinError::Refused(_)) => refused += 1,
            // The bytes that only another invited person can read do not concern this one.
            Ok(preview) => assert_eq!(preview, shown),
            Err(JoinError::Fault(fault)) => panic!("{fault}"),
        }
    }
    assert!(refused > 10, "{refused} refused");
    assert_eq!(bob.state(), before);
    bob.join(&invitation, &admin).expect("the honest welcome still works");
}

#[test]
fn a_group_is_joined_once_only() {
    let (admin, bob) = (Member::new(), Member::new());
    let invitation = admin.create("Garden", vec![bob.offer()]).expect("a group").remove(0);
    bob.join(&invitation, &admin).expect("a welcome");
    let before = bob.state();
    assert!(bob.join(&invitation, &admin).is_err());
    assert_eq!(bob.state(), before);
}

#[test]
fn ten_thousand_messages_show_ten_thousand_keys_and_one_tag() {
    let alice = Member::new();
    alice.create_with("Diary", &[]);
    let author = alice.account();
    let events = alice.group(move |tx, group, device| {
        let seal = |n: u64| {
            let event = InnerEvent::text(author, *NOW, n.to_string(), &[]);
            group.encrypt(tx, device, &event).expect("a sealed message").event
        };
        (0..10_000).map(seal).collect::<Vec<_>>()
    });
    let mut keys = std::collections::HashSet::new();
    for event in events {
        let tags: Vec<_> = event.tags.iter().map(|tag| tag.as_slice().first().cloned()).collect();
        assert_eq!(tags, [Some("h".to_owned())]);
        assert_ne!(event.pubkey, author);
        assert!(keys.insert(event.pubkey), "an outer key was used twice");
    }
}
