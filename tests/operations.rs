//! What a group can do beyond its linear life: retention, pictures, other relays, its end, and being brought up to date.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use murmel_engine::components::{AVATAR, Avatar, GroupImage, IMAGE, LIFECYCLE, MAX_RELAYS, MEDIA_V2, PROFILE, Picture, RETENTION};
use murmel_engine::{Change, Epoch, Error, GroupEvent, Ingest, MAX_WELCOME_RUMOR, Refusal, RoutingId, Why};
use murmel_tests::member::assert_agree;
use murmel_tests::{Member, attacker::Forged, foreign::Mark};
use nostr::Event;

/// A component that no client knows yet.
const UNKNOWN: u16 = 0x9abc;

fn deliver(event: &Event, to: &[&Member]) -> Vec<GroupEvent> {
    let mut events = Vec::new();
    for member in to {
        match member.read(event) {
            Ingest::Commit(applied) => events = applied.events,
            other => panic!("expected a commit, got {other:?}"),
        }
    }
    events
}

fn change(by: &Member, change: Change, to: &[&Member]) -> Vec<GroupEvent> {
    let (event, _) = by.change(change);
    deliver(&event, to)
}

fn tag(event: &Event, name: &str) -> String {
    let tag = event.tags.iter().map(|tag| tag.as_slice()).find(|tag| tag[0] == name).expect("a tag");
    tag[1].clone()
}

fn refusal<T>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("expected a refusal, got {other}"),
        Ok(_) => panic!("expected a refusal"),
    }
}

fn component(of: &Member, id: u16) -> Option<Vec<u8>> {
    of.group(move |_, group, _| group.components().find(|(other, _)| *other == id).map(|(_, data)| data.to_vec()))
}

fn components(of: &Member) -> Vec<(u16, Vec<u8>)> {
    of.group(|_, group, _| group.components().map(|(id, data)| (id, data.to_vec())).collect())
}

fn trio() -> (Member, Member, Member) {
    let (alice, bob, carol) = (Member::new(), Member::new(), Member::new());
    alice.create_with("Garden", &[&bob, &carol]);
    (alice, bob, carol)
}

fn picture() -> GroupImage {
    let picture =
        Picture { hash: [1; 32], key: [2; 32].into(), nonce: [3; 12], upload_key: [4; 32].into(), media_type: "image/png".to_owned() };
    GroupImage::new(picture).unwrap()
}

fn avatar() -> Avatar {
    Avatar::new("https://pictures.example/garden.png".into(), "640x480".into(), String::new()).unwrap()
}

#[test]
fn messages_disappear_after_the_time_that_an_admin_sets() {
    let (alice, bob, carol) = trio();
    let before = bob.say("Before");
    assert_eq!(change(&alice, Change::SetRetention(3600), &[&bob, &carol]), [GroupEvent::RetentionChanged(3600)]);
    assert_eq!(carol.view().retention, Some(3600));
    let after = bob.say("After");
    assert!(after.tags.expiration().is_some_and(|at| at.as_secs() == *murmel_tests::NOW + 3600));
    let expires = |event: &Event| match alice.read(event) {
        Ingest::Message(message) => message.expires_at,
        other => panic!("expected a message, got {other:?}"),
    };
    assert_eq!((expires(&before), expires(&after)), (None, Some(*murmel_tests::NOW + 3600)));

    assert_eq!(change(&alice, Change::SetRetention(0), &[&bob, &carol]), [GroupEvent::RetentionChanged(0)]);
    assert_eq!(component(&bob, RETENTION), Some(vec![0; 8]), "the entry stays");
    assert!(!bob.group(|_, group, _| group.requires(RETENTION)));
    assert_eq!(expires(&bob.say("For good")), None);
    assert_eq!(refusal(alice.stage(Change::SetRetention(0))), Refusal::Nothing);
    assert_eq!(refusal(bob.stage(Change::SetRetention(1))), Refusal::NotAdmin);
}

#[test]
fn a_time_that_overflows_never_comes() {
    let (alice, bob, _) = trio();
    change(&alice, Change::SetRetention(u64::MAX), &[&bob]);
    let message = alice.say("Still here");
    assert!(matches!(bob.read(&message), Ingest::Message(received) if received.expires_at.is_none()));
}

#[test]
fn pictures_are_set_and_taken_away_and_never_required() {
    let (alice, bob, carol) = trio();
    assert_eq!(change(&alice, Change::SetAvatar(avatar()), &[&bob, &carol]), [GroupEvent::PictureChanged]);
    assert_eq!(bob.view().avatar.as_deref(), Some("https://pictures.example/garden.png"));
    assert_eq!(change(&alice, Change::SetImage(picture()), &[&bob, &carol]), [GroupEvent::PictureChanged]);
    assert_eq!(component(&carol, IMAGE), Some(picture().encode()));
    assert!(bob.group(|_, group, _| !group.requires(AVATAR) && !group.requires(IMAGE)));
    assert_eq!(refusal(alice.stage(Change::SetImage(picture()))), Refusal::Nothing);

    change(&alice, Change::SetAvatar(Avatar::none()), &[&bob, &carol]);
    change(&alice, Change::SetImage(GroupImage::none()), &[&bob, &carol]);
    assert_eq!((bob.view().avatar, component(&carol, IMAGE)), (None, Some(vec![0; 5])));
    assert_agree(&[&alice, &bob, &carol]);
}

#[test]
fn an_avatar_is_https_and_spelt_in_one_way() {
    let make = |url: &str| Avatar::new(url.to_owned(), String::new(), String::new());
    for url in ["http://a.example/x", "https://u@a.example/x", "https://a.example/x#y", "https://a.example", "https://A.example/", "x", ""]
    {
        assert!(make(url).is_none(), "{url}");
    }
    assert!(make(&format!("https://a.example/{}", "x".repeat(2048))).is_none());
    assert_eq!(Avatar::decode(&avatar().encode()), Ok(avatar()));
    assert!(GroupImage::decode(&picture().encode()).is_ok_and(|decoded| decoded == picture()));
}

#[test]
fn a_group_moves_to_other_relays_and_another_tag_and_stragglers_still_arrive() {
    let (alice, bob, carol) = trio();
    let old = alice.view().routing;
    let late = bob.say("Sent before the move");
    let new = RoutingId::new([7; 32]);
    let relays = vec!["wss://two.example".to_owned(), "wss://one.example".to_owned(), "wss://one.example".to_owned()];
    let (event, _) = alice.change(Change::Reroute { id: new, relays });
    assert_eq!(tag(&event, "h"), old.to_string(), "the commit goes where the others still are");
    assert_eq!(deliver(&event, &[&bob, &carol]), [GroupEvent::RelaysChanged]);
    assert_eq!((bob.view().routing, bob.view().relays), (new, vec!["wss://one.example".to_owned(), "wss://two.example".to_owned()]));

    let message = bob.say("Sent after the move");
    assert_eq!(tag(&message, "h"), new.to_string());
    assert_eq!(alice.hear(&message), "Sent after the move");
    for n in 0..4 {
        change(&alice, Change::Rename(format!("Name {n}")), &[&bob, &carol]);
    }
    assert_eq!(alice.hear(&late), "Sent before the move");
    change(&alice, Change::Rename("The last name".into()), &[&bob, &carol]);
    let known = alice.group(move |_, group, _| group.epochs().iter().any(|record| record.routing == old));
    assert!(!known, "nobody follows the old tag any more");
    assert_agree(&[&alice, &bob, &carol]);

    let relays = |count: usize| (0..count).map(|n| format!("wss://r{n}.example")).collect();
    assert_eq!(refusal(alice.stage(Change::Reroute { id: new, relays: relays(0) })), Refusal::BadRelays);
    assert_eq!(refusal(alice.stage(Change::Reroute { id: new, relays: relays(MAX_RELAYS + 1) })), Refusal::BadRelays);
    let same = alice.view().relays;
    assert_eq!(refusal(alice.stage(Change::Reroute { id: new, relays: same })), Refusal::Nothing);
}

#[test]
fn an_admin_ends_a_group_for_everybody() {
    let (alice, bob, carol) = trio();
    let (event, _) = alice.change(Change::Promote(bob.account()));
    deliver(&event, &[&bob, &carol]);
    assert_eq!(refusal(carol.stage(Change::Disband)), Refusal::NotAdmin);
    let (event, confirmed) = alice.change(Change::Disband);
    assert_eq!(confirmed.applied.events, [GroupEvent::Disbanded]);
    for member in [&bob, &carol] {
        match member.read(&event) {
            Ingest::Commit(applied) => {
                assert_eq!((applied.events.as_slice(), applied.still_member), ([GroupEvent::Disbanded].as_slice(), false));
            }
            other => panic!("expected a commit, got {other:?}"),
        }
    }
    assert_eq!((alice.view().members, alice.view().admins.len()), (vec![alice.account()], 1));
    assert_eq!(refusal(alice.stage(Change::Rename("Ruins".into()))), Refusal::Ended);
    let event = murmel_engine::InnerEvent::text(alice.account(), *murmel_tests::NOW, "Anybody?".into(), &[]);
    assert_eq!(refusal(alice.group(move |tx, group, device| group.encrypt(tx, device, &event))), Refusal::Ended);
}

#[test]
fn a_group_of_one_can_be_ended() {
    let alice = Member::new();
    alice.create_with("Alone", &[]);
    let (_, confirmed) = alice.change(Change::Disband);
    assert_eq!(confirmed.applied.events, [GroupEvent::Disbanded]);
}

#[test]
fn a_disbanding_commit_of_another_shape_is_refused() {
    let (alice, bob, carol) = trio();
    let admins = |of: &[&Member]| murmel_engine::components::Admins::new(of.iter().map(|member| member.account())).unwrap().encode();
    let leaf = |of: &Member| {
        let account = of.account();
        alice.group(move |_, group, _| group.leaves().into_iter().find(|(_, other)| *other == account).unwrap().0)
    };
    let everybody = vec![leaf(&bob), leaf(&carol)];
    let ends = (LIFECYCLE, vec![1]);
    let shapes: [(&str, Forged); 5] = [
        (
            "somebody stays",
            Forged { components: vec![ends.clone(), (0x8003, admins(&[&alice]))], removes: vec![leaf(&bob)], ..Forged::default() },
        ),
        ("no list of admins", Forged { components: vec![ends.clone()], removes: everybody.clone(), ..Forged::default() }),
        ("nobody is removed", Forged { components: vec![ends.clone(), (0x8003, admins(&[&alice]))], ..Forged::default() }),
        (
            "something else changes",
            Forged {
                components: vec![ends.clone(), (0x8003, admins(&[&alice])), (PROFILE, vec![0, 0])],
                removes: everybody.clone(),
                ..Forged::default()
            },
        ),
        (
            "no such state",
            Forged { components: vec![(LIFECYCLE, vec![2]), (0x8003, admins(&[&alice]))], removes: everybody, ..Forged::default() },
        ),
    ];
    for (name, forged) in shapes {
        let event = alice.forge(forged);
        assert!(matches!(bob.read(&event), Ingest::Rejected(Why::Unauthorized(_))), "{name}");
    }
    assert_agree(&[&alice, &bob, &carol]);
}

#[test]
fn an_older_group_is_brought_up_to_date_and_can_then_be_ended() {
    let (alice, bob) = (Member::new(), Member::new());
    Member::new().found_older_group(None, &alice, &[&bob]);
    assert!(!alice.group(|_, group, _| group.requires(LIFECYCLE)));
    assert_eq!(refusal(alice.stage(Change::Disband)), Refusal::NotEndable);
    assert_eq!(change(&alice, Change::Require(LIFECYCLE), &[&bob]), [GroupEvent::Required(LIFECYCLE)]);
    assert_eq!(change(&alice, Change::Require(MEDIA_V2), &[&bob]), [GroupEvent::Required(MEDIA_V2)]);
    assert!(bob.group(|_, group, _| group.requires(LIFECYCLE) && group.requires(MEDIA_V2)));
    assert_eq!(refusal(alice.stage(Change::Require(LIFECYCLE))), Refusal::Nothing);
    assert_eq!(refusal(alice.stage(Change::Require(RETENTION))), Refusal::NotRequirable(RETENTION));
    assert_eq!(refusal(alice.stage(Change::Require(UNKNOWN))), Refusal::NotRequirable(UNKNOWN));
    let (event, _) = alice.change(Change::Disband);
    assert_eq!(deliver(&event, &[&bob]), [GroupEvent::Disbanded]);
}

#[test]
fn nothing_is_required_that_a_member_lacks() {
    let (alice, bob, founder) = (Member::new(), Member::new(), Member::new());
    founder.found_older_group(Some(LIFECYCLE), &alice, &[&bob]);
    let lacks = |id, what: &str| {
        let expected = Refusal::MemberLacks { who: founder.account(), what: what.to_owned() };
        assert_eq!(refusal(alice.stage(Change::Require(id))), expected);
    };
    lacks(LIFECYCLE, "component 0x800c");
    assert_eq!(change(&alice, Change::Require(MEDIA_V2), &[&bob]), [GroupEvent::Required(MEDIA_V2)]);
    change(&alice, Change::Remove(founder.account()), &[&bob]);
    assert_eq!(change(&alice, Change::Require(LIFECYCLE), &[&bob]), [GroupEvent::Required(LIFECYCLE)]);
}

#[test]
fn unknown_components_are_preserved_byte_for_byte_through_every_change() {
    let (alice, bob, carol) = trio();
    let strange: Vec<u8> = (0..=255).collect();
    let event = alice.forge(Forged { components: vec![(UNKNOWN, strange.clone()), (0x0777, Vec::new())], ..Forged::default() });
    deliver(&event, &[&alice, &bob, &carol]);
    change(&alice, Change::Promote(bob.account()), &[&bob, &carol]);
    let changes = [
        Change::Rename("Allotment".into()),
        Change::Describe("Beans".into()),
        Change::SetRetention(60),
        Change::SetAvatar(avatar()),
        Change::SetImage(picture()),
        Change::Reroute { id: RoutingId::new([5; 32]), relays: vec!["wss://other.example".into()] },
        Change::Demote(bob.account()),
        Change::Rotate,
        Change::Remove(carol.account()),
    ];
    for wanted in changes {
        let event = alice.change(wanted).0;
        bob.read(&event);
        carol.read(&event);
        for member in [&alice, &bob] {
            assert_eq!(component(member, UNKNOWN), Some(strange.clone()));
            assert_eq!(component(member, 0x0777), Some(Vec::new()));
        }
    }
    let (_, confirmed) = alice.change(Change::Invite(vec![carol.offer()]));
    carol.join(&confirmed.invitations[0], &alice).expect("a welcome");
    assert_eq!(components(&carol), components(&alice));
    carol.reload();
    assert_eq!(component(&carol, UNKNOWN), Some(strange));
}

#[test]
fn the_size_of_an_invitation_is_known_exactly_before_anything_is_staged() {
    let alice = Member::new();
    alice.create_with("Crowd", &[]);
    let mut crowd: Vec<Member> = Vec::new();
    // Sizes on either side of powers of two, with gaps where people were removed and parents that newer leaves are not merged into.
    for (round, count) in [1, 2, 1, 3, 1, 5, 2, 1].into_iter().enumerate() {
        let newcomers: Vec<Member> = (0..count).map(|_| Member::new()).collect();
        let offers: Vec<_> = newcomers.iter().map(Member::offer).collect();
        let (asked, epoch) = (offers.clone(), alice.epoch());
        let expected = alice.group(move |_, group, _| group.invitation_bytes(&asked)).expect("no fault");
        assert_eq!(alice.epoch(), epoch);
        let (event, confirmed) = alice.change(Change::Invite(offers));
        for member in &crowd {
            member.read(&event);
        }
        for invitation in &confirmed.invitations {
            assert_eq!(invitation.bytes(), expected, "round {round}");
        }
        for (newcomer, invitation) in newcomers.iter().zip(&confirmed.invitations) {
            newcomer.join(invitation, &alice).expect("a welcome");
        }
        crowd.extend(newcomers);
        if round % 2 == 1 {
            // Somebody else's path, a gap, and one at the end.
            let rotation = crowd[crowd.len() / 2].change(Change::Rotate).0;
            for member in crowd.iter().enumerate().filter(|(n, _)| *n != crowd.len() / 2).map(|(_, member)| member).chain([&alice]) {
                member.read(&rotation);
            }
            for gone in [crowd.remove(0), crowd.pop().unwrap()] {
                let removal = alice.change(Change::Remove(gone.account())).0;
                crowd.iter().for_each(|member| drop(member.read(&removal)));
            }
        }
    }
    assert_eq!(alice.epoch().0 as usize, 8 + 4 + 8);
}

#[test]
fn too_many_people_at_once_are_refused_with_the_number_and_nothing_is_written() {
    let alice = Member::new();
    let crowd: Vec<_> = (0..120).map(|_| Member::new().offer()).collect();
    let before = alice.state();
    let refused = alice.create("Crowd", crowd.clone());
    assert!(matches!(refused, Err(murmel_tests::member::Undone::Engine(words)) if words.contains(&MAX_WELCOME_RUMOR.to_string())));
    assert_eq!(alice.state(), before);
    alice.create_with("Crowd", &[]);
    let before = alice.state();
    let Refusal::TooLarge { bytes, limit } = refusal(alice.stage(Change::Invite(crowd.clone()))) else { panic!("not the size") };
    assert!(bytes > limit && limit == MAX_WELCOME_RUMOR);
    assert_eq!(alice.state(), before);
    assert_eq!(alice.epoch().0, Epoch(0).0);
}

#[test]
fn an_invitation_into_a_group_of_an_older_wire_is_refused_with_the_reason() {
    use murmel_engine::{Era, JoinError, WelcomeRefused};
    for (mark, era) in [(Mark::GroupData, Era::Mip), (Mark::Proof, Era::EarlyV2)] {
        let bob = Member::new();
        let welcome = bob.invited_by_an_older_app(mark);
        // OpenMLS kept the package too when it was made; from here on only ours is left.
        drop(bob.inspect(welcome.clone()));
        let before = bob.state();
        match bob.inspect(welcome) {
            Err(JoinError::Refused(why)) => assert_eq!(why, WelcomeRefused::Older(era)),
            other => panic!("expected a refusal, got {:?}", other.map(|preview| preview.name)),
        }
        assert_eq!(bob.state(), before);
    }
}

#[test]
fn whoever_hands_over_is_no_admin_any_more_and_may_leave() {
    let (alice, bob, carol) = trio();
    assert_eq!(refusal(alice.stage(Change::HandOver(alice.account()))), Refusal::NotMember(alice.account()));
    let stranger = Member::new().account();
    assert_eq!(refusal(alice.stage(Change::HandOver(stranger))), Refusal::NotMember(stranger));
    let events = change(&alice, Change::HandOver(bob.account()), &[&bob, &carol]);
    assert_eq!(events, [GroupEvent::AdminAdded(bob.account()), GroupEvent::AdminRemoved(alice.account())]);
    let proposal = alice.group(|tx, group, device| group.propose_leave(tx, device, *murmel_tests::NOW)).expect("a proposal");
    bob.read(&proposal.event);
    carol.read(&proposal.event);
    assert_eq!(change(&bob, Change::ConfirmDepartures, &[&carol]), [GroupEvent::MemberLeft(alice.account())]);
}

#[test]
fn of_several_proposals_to_leave_by_one_leaf_everybody_commits_the_same_one() {
    let (alice, bob, carol) = trio();
    let dave = Member::new();
    let (event, confirmed) = alice.change(Change::Invite(vec![dave.offer()]));
    deliver(&event, &[&bob, &carol]);
    dave.join(&confirmed.invitations[0], &alice).expect("a welcome");
    let mut proposals: Vec<Event> = [b"one", b"two", b"six"].map(|data| carol.propose_leave_with(data)).to_vec();
    proposals.sort_by_key(|event| murmel_engine::Digest::of(&carol.open(event)));
    for (member, order) in [(&alice, [0, 1, 2]), (&bob, [2, 1, 0])] {
        for index in order {
            assert!(matches!(member.read(&proposals[index]), Ingest::Proposal { .. }));
        }
    }
    // Dave has only one of them, the one with the lowest digest: he follows at once.
    assert!(matches!(dave.read(&proposals[0]), Ingest::Proposal { .. }));
    assert_eq!(change(&bob, Change::ConfirmDepartures, &[&alice, &dave]), [GroupEvent::MemberLeft(carol.account())]);
    assert_agree(&[&alice, &bob, &dave]);
}

#[test]
fn an_invitation_holds_the_secrets_of_one_person_and_more_people_fit() {
    use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn};
    use tls_codec::Deserialize as _;
    let alice = Member::new();
    let people: Vec<Member> = (0..75).map(|_| Member::new()).collect();
    let invitations = alice.create("Crowd", people.iter().map(Member::offer).collect()).expect("75 people fit at once");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for (person, invitation) in people.iter().zip(&invitations) {
        let welcome = Member::welcome(invitation, &alice);
        let MlsMessageBodyIn::Welcome(mls) = MlsMessageIn::tls_deserialize_exact(welcome.mls_message()).unwrap().extract() else {
            panic!("not a welcome")
        };
        assert_eq!(mls.secrets().len(), 1);
        assert_eq!(invitation.to, person.account());
    }
    let last = people[74].account();
    let wrap = nostr::EventBuilder::gift_wrap(&alice.keys, &last, invitations[74].rumor(alice.account(), *murmel_tests::NOW), []);
    assert!(runtime.block_on(wrap).is_ok(), "what is not refused fits into a gift wrap");
    for index in [0, 37, 74] {
        people[index].join(&invitations[index], &alice).expect("a welcome");
        assert_eq!(people[index].hear(&alice.say("Hello, crowd")), "Hello, crowd");
    }
    let stranger = &people[1];
    assert!(stranger.join(&invitations[2], &alice).is_err(), "an invitation opens for its own person only");
}

#[test]
fn how_many_people_one_group_can_invite_over_this_wire() {
    let alice = Member::new();
    alice.create_with("Crowd", &[]);
    let offers: Vec<_> = (0..120).map(|_| Member::new().offer()).collect();
    let most = (1..=offers.len())
        .take_while(|count| {
            let some = offers[..*count].to_vec();
            alice.group(move |_, group, _| group.invitation_bytes(&some)).expect("no fault") <= MAX_WELCOME_RUMOR
        })
        .count();
    println!("members that fit into one welcome beside ourselves: {most}");
    assert!((75..120).contains(&most), "{most}");
}
