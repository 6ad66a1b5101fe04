//! What groups can do beyond inviting and talking: disappearing messages, pictures, other relays, their end, going and coming back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Person, admins, members, messages, relay};
use murmel_ipc::{self as ipc, ErrorCode, GroupState, InvitationState, SystemMessage};
use murmel_net::EmbeddedRelay;

async fn garden() -> (EmbeddedRelay, Person, Person, String) {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    (relay, anna, ben, chat)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_disappear_without_any_traffic() {
    let (_relay, anna, mut ben, chat) = garden().await;
    anna.say(&chat, "To stay").await;
    ben.hears(&chat, "To stay").await;
    anna.client().set_retention(&chat, 3).await.unwrap();
    ben.sees(&chat, "messages disappear", |group| group.retention == 3).await;
    assert!(ben.system(&chat).await.iter().any(|row| matches!(row, SystemMessage::RetentionChanged { seconds: 3, .. })));
    let said = anna.say(&chat, "To go").await;
    let heard = ben.hears(&chat, "To go").await;
    ben.client().react(heard.id, "👋").await.unwrap();
    anna.client().edit(said.id, "To go soon").await.unwrap();
    let mut events = ben.client().subscribe().await.unwrap().events;
    for person in [&anna, &ben] {
        person.until("it is gone", async |_| (person.texts(&chat).await == ["To stay"]).then_some(())).await;
    }
    loop {
        let event = tokio::time::timeout(common::DEADLINE, events.recv()).await.unwrap().unwrap();
        if let ipc::EventKind::MessagesRemoved { chat: in_chat, messages } = event.kind {
            assert_eq!((in_chat, messages), (chat.clone(), vec![heard.id]));
            break;
        }
    }
    // What was said about it went with it or goes in its own time; then nothing is left, in the outbox neither.
    for person in [&anna, &ben] {
        person
            .until("everything about it is gone", async |client| {
                let left = client.records(&chat, 100).await.unwrap();
                left.iter().all(|record| record.content == "To stay").then_some(())
            })
            .await;
        assert_eq!(person.client().delivery(said.id).await.unwrap_or_default(), []);
    }
    ben.stop().await;
    ben.start().await;
    assert_eq!(ben.texts(&chat).await, ["To stay"]);
    anna.client().set_retention(&chat, 0).await.unwrap();
    ben.sees(&chat, "messages stay again", |group| group.retention == 0).await;
    assert_eq!(anna.client().set_retention(&chat, 0).await.unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(ben.client().set_retention(&chat, 9).await.unwrap_err().code, ErrorCode::NotAdmin);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_over_while_the_program_was_closed_goes_when_it_is_opened() {
    let (_relay, anna, mut ben, chat) = garden().await;
    anna.client().set_retention(&chat, 3_600).await.unwrap();
    ben.sees(&chat, "messages disappear", |group| group.retention == 3_600).await;
    anna.say(&chat, "An hour").await;
    ben.hears(&chat, "An hour").await;
    ben.stop().await;
    ben.clock.shift(7_200);
    ben.start().await;
    ben.until("it is gone", async |_| ben.texts(&chat).await.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_by_url_is_set_shown_and_taken_away() {
    let (_relay, anna, ben, chat) = garden().await;
    let url = "https://pictures.example/garden.png";
    let avatar = |url: &str| Some(ipc::GroupAvatar { url: url.into(), dimension: String::new(), thumbhash: String::new() });
    anna.client().set_avatar(&chat, avatar(url)).await.unwrap();
    ben.sees(&chat, "the picture", |group| group.avatar.as_deref() == Some(url)).await;
    for bad in ["http://pictures.example/x.png", "https://user@pictures.example/x", "https://pictures.example/x#y", "picture", ""] {
        assert_eq!(anna.client().set_avatar(&chat, avatar(bad)).await.unwrap_err().code, ErrorCode::InvalidInput, "{bad}");
    }
    let image = ipc::GroupImage {
        hash: "11".repeat(32),
        key: "22".repeat(32),
        nonce: "33".repeat(12),
        upload_key: "44".repeat(32),
        media_type: "image/png".into(),
    };
    anna.client().set_image(&chat, Some(image.clone())).await.unwrap();
    let bad = ipc::GroupImage { nonce: "33".into(), ..image };
    assert_eq!(anna.client().set_image(&chat, Some(bad)).await.unwrap_err().code, ErrorCode::InvalidInput);
    anna.client().set_image(&chat, None).await.unwrap();
    anna.client().set_avatar(&chat, None).await.unwrap();
    ben.sees(&chat, "no picture", |group| group.avatar.is_none()).await;
    ben.until("four changes are told", async |_| {
        let rows = ben.system(&chat).await;
        (rows.iter().filter(|row| matches!(row, SystemMessage::PictureChanged { .. })).count() == 4).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_moves_to_another_relay_and_everybody_follows() {
    let (_old, anna, mut ben, chat) = garden().await;
    let new = relay().await;
    // Ben is away while the group moves: he finds the change on the old relay, and what was said since on the new one.
    ben.stop().await;
    anna.client().move_group(&chat, vec![new.url().to_string()], true).await.unwrap();
    assert_eq!(anna.client().group(&chat).await.unwrap().relays, [new.url().to_string()]);
    anna.say(&chat, "Over here").await;
    anna.sent(&chat, "Over here").await;
    ben.start().await;
    ben.hears(&chat, "Over here").await;
    ben.say(&chat, "Found you").await;
    anna.hears(&chat, "Found you").await;
    assert!(ben.system(&chat).await.iter().any(|row| matches!(row, SystemMessage::RelaysChanged { .. })));
    for bad in [vec![], vec!["https://relay.example".to_owned()], vec![new.url().to_string(); 17]] {
        assert_eq!(anna.client().move_group(&chat, bad, false).await.unwrap_err().code, ErrorCode::InvalidInput);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_ended_is_over_for_everybody_and_stays_readable() {
    let (relay, anna, mut ben, chat) = garden().await;
    let relays = [relay.url().to_string()];
    let cleo = Person::new("Cleo", &relays).await;
    anna.client().invite(&chat, vec![cleo.npub.clone()]).await.unwrap();
    // Cleo never answers her invitation while the group lives.
    cleo.request("Garden").await;
    anna.say(&chat, "The last words").await;
    ben.hears(&chat, "The last words").await;
    ben.sees(&chat, "Cleo is in", |group| members(group) == 3).await;
    assert_eq!(ben.client().end_group(&chat).await.unwrap_err().code, ErrorCode::NotAdmin);
    anna.client().end_group(&chat).await.unwrap();
    for person in [&anna, &ben] {
        person.sees(&chat, "the group is over", |group| group.state == GroupState::Ended).await;
        let ends = |row: &&SystemMessage| matches!(row, SystemMessage::Disbanded { .. });
        let rows = person.system(&chat).await;
        assert_eq!(rows.iter().filter(ends).count(), 1);
        assert!(!rows.iter().any(|row| matches!(row, SystemMessage::MemberRemoved { .. })), "one row says it all");
        assert_eq!(person.texts(&chat).await, ["The last words"]);
        let refused = person.client().send(ipc::SendMessage { chat: chat.clone(), text: "?".into(), reply_to: None }).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::GroupInactive);
        assert_eq!(person.client().rename(&chat, "Ruins").await.unwrap_err().code, ErrorCode::GroupInactive);
    }
    // An invitation from before leads into a group that learns of its end.
    cleo.accept("Garden").await;
    cleo.sees(&chat, "the group is over", |group| group.state == GroupState::Ended).await;
    ben.stop().await;
    ben.start().await;
    ben.client().settle(common::DEADLINE).await.unwrap();
    assert_eq!(ben.client().group(&chat).await.unwrap().state, GroupState::Ended);
    assert_eq!(ben.texts(&chat).await, ["The last words"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_hands_over_and_leaves() {
    let (_relay, anna, ben, chat) = garden().await;
    assert_eq!(anna.client().leave(&chat, None).await.unwrap_err().code, ErrorCode::LastAdmin);
    let stranger = "0000000000000000000000000000000000000000000000000000000000000003";
    assert_eq!(anna.client().leave(&chat, Some(stranger)).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(anna.client().leave(&chat, Some(&anna.npub)).await.unwrap_err().code, ErrorCode::NotFound);
    anna.client().leave(&chat, Some(&ben.npub)).await.unwrap();
    let left = ben.sees(&chat, "Anna is gone", |group| members(group) == 1).await;
    assert_eq!((admins(&left), left.i_am_admin), (1, true));
    anna.sees(&chat, "has left", |group| group.state == GroupState::Left).await;
    assert!(ben.system(&chat).await.iter().any(|row| matches!(row, SystemMessage::MemberLeft { .. })));
    ben.client().rename(&chat, "Ben's garden").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departure_is_said_again_in_every_newer_epoch_until_somebody_confirms_it() {
    let (_relay, anna, mut ben, chat) = garden().await;
    anna.client().promote(&chat, &ben.npub).await.unwrap();
    ben.sees(&chat, "Ben is an admin", |group| admins(group) == 2).await;
    anna.client().demote(&chat, &ben.npub).await.unwrap();
    ben.sees(&chat, "Ben is no admin any more", |group| admins(group) == 1).await;
    // Nobody confirms while Anna is away, and her change, made offline from what Ben says, ends the epoch of his proposal.
    let mut anna = anna;
    anna.housekeeping.departure_jitter = (std::time::Duration::from_secs(3), std::time::Duration::from_secs(4));
    anna.stop().await;
    anna.start().await;
    ben.client().leave(&chat, None).await.unwrap();
    anna.client().rename(&chat, "Renamed meanwhile").await.unwrap();
    ben.sees(&chat, "has left", |group| group.state == GroupState::Left).await;
    anna.sees(&chat, "Ben is gone", |group| members(group) == 1).await;
    ben.stop().await;
    ben.start().await;
    assert_eq!(ben.client().group(&chat).await.unwrap().state, GroupState::Left);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_removed_and_invited_again_three_times_over_with_restarts_between() {
    let (_relay, mut anna, mut ben, chat) = garden().await;
    for round in 0..3 {
        let before = format!("before {round}");
        anna.say(&chat, &before).await;
        ben.hears(&chat, &before).await;
        anna.client().remove_member(&chat, &ben.npub).await.unwrap();
        ben.sees(&chat, "is removed", |group| group.state == GroupState::Removed).await;
        anna.stop().await;
        ben.stop().await;
        anna.start().await;
        ben.start().await;
        let unread = format!("while he is away {round}");
        anna.say(&chat, &unread).await;
        anna.until("Ben can be invited", async |client| {
            client.invite(&chat, vec![ben.npub.clone()]).await.unwrap().is_empty().then_some(())
        })
        .await;
        assert_eq!(ben.accept("Garden").await, chat);
        ben.stop().await;
        ben.start().await;
        ben.sees(&chat, "is back", |group| group.state == GroupState::Active && members(group) == 2).await;
        let after = format!("after {round}");
        ben.say(&chat, &after).await;
        anna.hears(&chat, &after).await;
        assert!(!ben.texts(&chat).await.contains(&unread), "what was said without him is not his");
    }
    let texts = ben.texts(&chat).await;
    assert_eq!(texts, ["before 0", "after 0", "before 1", "after 1", "before 2", "after 2"]);
    assert_eq!(messages(anna.client(), &chat).await.iter().filter_map(common::text_of).count(), 9);

    // What was kept of the time before is tidied up a day later; what he is in now stays.
    ben.stop().await;
    ben.clock.shift(2 * 24 * 3_600);
    ben.start().await;
    ben.client().settle(common::DEADLINE).await.unwrap();
    anna.say(&chat, "still here?").await;
    ben.hears(&chat, "still here?").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_invitation_shows_how_far_it_got() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let anna = Person::new("Anna", &relays).await;
    let (ben, cleo) = (Person::new("Ben", &relays).await, Person::new("Cleo", &relays).await);
    let chat = anna.create_group("Garden", &[&ben, &cleo]).await;
    for person in [&ben, &cleo] {
        let group = anna
            .sees(&chat, "both invitations are out", |group| {
                group
                    .members
                    .iter()
                    .filter(|member| matches!(member.invitation, Some(InvitationState::Sent { accepted: 1, relays: 1 })))
                    .count()
                    == 2
            })
            .await;
        assert!(group.members.iter().any(|member| member.npub == person.npub && member.invitation.is_some()));
        assert!(group.members.iter().any(|member| member.is_me && member.invitation.is_none()));
    }
    ben.accept("Garden").await;
    let seen = ben.client().group(&chat).await.unwrap();
    assert!(seen.members.iter().all(|member| member.invitation.is_none()), "it is the inviter's concern");
    ben.say(&chat, "here I am").await;
    anna.sees(&chat, "Ben has arrived, Cleo has not", |group| {
        let invited = group.members.iter().filter(|member| member.invitation.is_some());
        invited.map(|member| &member.npub).eq([&cleo.npub])
    })
    .await;
    anna.client().remove_member(&chat, &cleo.npub).await.unwrap();
    anna.client().invite(&chat, vec![cleo.npub.clone()]).await.unwrap();
    anna.sees(&chat, "the new invitation is out", |group| {
        group.members.iter().any(|member| member.npub == cleo.npub && matches!(member.invitation, Some(InvitationState::Sent { .. })))
    })
    .await;
}
