//! Relays that refuse, keep silent, hang up and restart, and what the conversation makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Person, admins, members};
use murmel_client::{Housekeeping, Pace};
use murmel_ipc as ipc;
use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use nostr::{Event, EventId, Kind};
use tokio::sync::Notify;

/// Patience of a test: a relay that keeps silent is given up soon.
fn hasty() -> Pace {
    Pace { publish: Duration::from_secs(1), ..Pace::default() }
}

async fn pair(relay: &FaultyRelay) -> (Person, Person, String) {
    let relays = [relay.url()];
    let mut anna = Person::named("Anna", &relays);
    let mut ben = Person::named("Ben", &relays);
    for person in [&mut anna, &mut ben] {
        person.pace = hasty();
        person.begin().await;
        person.set_up().await;
    }
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    anna.say(&chat, "first").await;
    ben.hears(&chat, "first").await;
    (anna, ben, chat)
}

/// A relay that forgets the next group message once it is told to, and says when it did.
async fn forgetful() -> (FaultyRelay, Arc<AtomicBool>, Arc<Notify>) {
    let (lose, lost) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (losing, told) = (Arc::clone(&lose), Arc::clone(&lost));
    let relay = FaultyRelay::with_choice(move |event, _| {
        if is_group_message(event) && losing.swap(false, Ordering::AcqRel) {
            told.notify_one();
            return Fault::SilentDrop;
        }
        Fault::Ok
    });
    (relay.await.unwrap(), lose, lost)
}

fn is_group_message(event: &Event) -> bool {
    event.kind == Kind::MlsGroupMessage
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_on_a_relay_that_fails_in_turn_and_restarts() {
    let failing = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&failing);
    let relay = FaultyRelay::with_choice(move |event, nth| match nth % 5 {
        _ if !on.load(Ordering::Acquire) || !is_group_message(event) => Fault::Ok,
        0 => Fault::Silent,
        1 => Fault::DisconnectAfterStore,
        2 => Fault::Disconnect,
        3 => Fault::SilentDrop,
        _ => Fault::Ok,
    })
    .await
    .unwrap();
    let (anna, ben, chat) = pair(&relay).await;
    failing.store(true, Ordering::Release);
    for number in 0..40 {
        anna.say(&chat, &format!("anna {number}")).await;
        ben.say(&chat, &format!("ben {number}")).await;
        if number == 20 {
            relay.stop().await;
            relay.resume().await.unwrap();
        }
    }
    failing.store(false, Ordering::Release);
    let expected: BTreeSet<String> =
        (0..40).flat_map(|number| [format!("anna {number}"), format!("ben {number}")]).chain(["first".to_owned()]).collect();
    for person in [&anna, &ben] {
        person.until("everything is here", async |_| (person.texts(&chat).await.len() == expected.len()).then_some(())).await;
        let texts = person.texts(&chat).await;
        assert_eq!(texts.len(), expected.len());
        assert_eq!(texts.into_iter().collect::<BTreeSet<_>>(), expected);
        let settled = person.client().settle(common::DEADLINE).await.unwrap();
        assert_eq!(settled.outbox_open, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_hundreds_overtake_is_not_lost() {
    // The first message after the switch is lost twice; those behind it are not.
    let victim: Arc<Mutex<Option<(EventId, u8)>>> = Arc::default();
    let armed = Arc::new(AtomicBool::new(false));
    let (chosen, on) = (Arc::clone(&victim), Arc::clone(&armed));
    let relay = FaultyRelay::with_choice(move |event, _| {
        if !on.load(Ordering::Acquire) || !is_group_message(event) {
            return Fault::Ok;
        }
        let mut chosen = chosen.lock().unwrap();
        let (id, lost) = chosen.get_or_insert((event.id, 0));
        if *id == event.id && *lost < 2 {
            *lost += 1;
            return Fault::SilentDrop;
        }
        Fault::Ok
    })
    .await
    .unwrap();
    let (anna, ben, chat) = pair(&relay).await;
    armed.store(true, Ordering::Release);
    for number in 0..250 {
        anna.say(&chat, &format!("anna {number}")).await;
    }
    ben.until("everything is here", async |_| (ben.texts(&chat).await.len() == 251).then_some(())).await;
    assert_eq!(victim.lock().unwrap().unwrap().1, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_every_relay_refuses_changes_nothing() {
    let refusing = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&refusing);
    let relay = FaultyRelay::with_choice(move |event, _| {
        if on.load(Ordering::Acquire) && is_group_message(event) { Fault::OkFalse("blocked: not here".into()) } else { Fault::Ok }
    })
    .await
    .unwrap();
    let (anna, ben, chat) = pair(&relay).await;
    refusing.store(true, Ordering::Release);
    let error = anna.client().rename(&chat, "Orchard").await.unwrap_err();
    assert_eq!(error.code, ipc::ErrorCode::RelayRefused, "{error}");
    assert_eq!(anna.client().group(&chat).await.unwrap().name, "Garden");
    let failed = anna.say(&chat, "refused too").await;
    anna.until("the message failed", async |client| {
        let message = common::find(&common::messages(client, &chat).await, "refused too").unwrap();
        matches!(message.state, ipc::MessageState::Failed { .. }).then_some(())
    })
    .await;

    refusing.store(false, Ordering::Release);
    anna.client().retry(failed.id).await.unwrap();
    ben.hears(&chat, "refused too").await;
    anna.client().rename(&chat, "Orchard").await.unwrap();
    ben.sees(&chat, "sees the new name", |group| group.name == "Orchard").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_relay_has_can_be_taken_back_and_one_that_a_relay_has_cannot() {
    let refusing = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&refusing);
    let relay = FaultyRelay::with_choice(move |event, _| {
        if on.load(Ordering::Acquire) && is_group_message(event) { Fault::OkFalse("blocked: not here".into()) } else { Fault::Ok }
    })
    .await
    .unwrap();
    let (anna, ben, chat) = pair(&relay).await;
    refusing.store(true, Ordering::Release);
    let failed = anna.say(&chat, "regretted").await;
    anna.until("the message failed", async |client| {
        let message = common::find(&common::messages(client, &chat).await, "regretted").unwrap();
        matches!(message.state, ipc::MessageState::Failed { .. }).then_some(())
    })
    .await;
    anna.client().cancel_message(failed.id).await.unwrap();
    assert_eq!(anna.client().cancel_message(failed.id).await.unwrap_err().code, ipc::ErrorCode::NotFound);
    refusing.store(false, Ordering::Release);

    let kept = anna.say(&chat, "meant").await;
    ben.hears(&chat, "meant").await;
    for person in [&anna, &ben] {
        assert!(!person.texts(&chat).await.contains(&"regretted".to_owned()));
    }
    anna.sent(&chat, "meant").await;
    assert_eq!(anna.client().cancel_message(kept.id).await.unwrap_err().code, ipc::ErrorCode::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_offline_is_read_though_the_group_moved_far_on() {
    let relay = FaultyRelay::start().await.unwrap();
    let (anna, mut ben, chat) = pair(&relay).await;
    relay.stop().await;
    let texts: Vec<String> = (0..3).map(|number| format!("offline {number}")).collect();
    let mut first = 0;
    for text in &texts {
        first = ben.say(&chat, text).await.id;
    }
    ben.stop().await;
    relay.resume().await.unwrap();
    // Nobody remembers the epoch of Ben's messages after that.
    for number in 0..6 {
        anna.client().rename(&chat, &format!("Garden {number}")).await.unwrap();
    }
    ben.start().await;
    for text in &texts {
        anna.hears(&chat, text).await;
        ben.sent(&chat, text).await;
    }
    ben.sees(&chat, "sees the last name", |group| group.name == "Garden 5").await;
    ben.client().settle(common::DEADLINE).await.unwrap();
    for person in [&anna, &ben] {
        assert_eq!(person.texts(&chat).await.len(), 4);
    }
    // The details show the event that carries it now, and not the one in whose place that came.
    assert_eq!(ben.client().delivery(first).await.unwrap().len(), 1);
}

/// One relay takes a message and has it not; the other one comes back hours later, when those who read there have read on.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_relay_takes_hours_late_is_found_there() {
    let (forgets, back) = (FaultyRelay::start().await.unwrap(), FaultyRelay::start().await.unwrap());
    let relays = [forgets.url(), back.url()];
    let (mut anna, mut ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.accept("Garden").await;
    ben.client().settle(common::DEADLINE).await.unwrap();
    anna.stop().await;
    back.stop().await;
    let before = forgets.events().len();
    ben.say(&chat, "while a relay was away").await;
    ben.sent(&chat, "while a relay was away").await;
    ben.stop().await;
    forgets.keep_first(before);
    for person in [&anna, &ben] {
        person.clock.shift(3 * 3600);
    }
    back.resume().await.unwrap();
    // What is read after the second start begins where the first one ended.
    for _ in 0..2 {
        anna.start().await;
        anna.client().settle(common::DEADLINE).await.unwrap();
        anna.stop().await;
    }
    anna.start().await;
    ben.start().await;
    anna.hears(&chat, "while a relay was away").await;
    assert_eq!(anna.texts(&chat).await.iter().filter(|text| *text == "while a relay was away").count(), 1);
}

/// Ben says something, Anna changes the group until its epoch is forgotten; how many events that made.
/// The changes bear a time that lies `later` seconds after what was said.
async fn events_until_forgotten(later: i64) -> usize {
    let relay = FaultyRelay::start().await.unwrap();
    let (anna, ben, chat) = pair(&relay).await;
    let (anna, ben, chat) = (&anna, &ben, chat.as_str());
    let before = relay.events().iter().filter(|event| is_group_message(event)).count();
    ben.say(chat, "perhaps too late").await;
    ben.sent(chat, "perhaps too late").await;
    anna.hears(chat, "perhaps too late").await;
    for person in [anna, ben] {
        person.clock.shift(later);
    }
    for number in 0..6 {
        anna.client().rename(chat, &format!("Garden {number}")).await.unwrap();
    }
    ben.sees(chat, "sees the last name", |group| group.name == "Garden 5").await;
    ben.client().settle(common::DEADLINE).await.unwrap();
    anna.client().settle(common::DEADLINE).await.unwrap();
    for person in [anna, ben] {
        let mut texts = person.texts(chat).await;
        texts.sort();
        assert_eq!(texts, ["first", "perhaps too late"]);
    }
    relay.events().iter().filter(|event| is_group_message(event)).count() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_out_in_time_is_not_sent_again() {
    assert_eq!(events_until_forgotten(120).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_out_after_the_group_had_moved_on_goes_out_again_and_is_shown_once() {
    assert!(events_until_forgotten(-120).await > 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_failed_is_encrypted_again_when_it_is_tried_after_changes() {
    let refusing = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&refusing);
    let relay = FaultyRelay::with_choice(move |event, _| {
        if on.load(Ordering::Acquire) && is_group_message(event) { Fault::OkFalse("blocked: not here".into()) } else { Fault::Ok }
    })
    .await
    .unwrap();
    let (anna, ben, chat) = pair(&relay).await;
    refusing.store(true, Ordering::Release);
    let failed = ben.say(&chat, "at last").await;
    ben.until("the message failed", async |client| {
        let message = common::find(&common::messages(client, &chat).await, "at last").unwrap();
        matches!(message.state, ipc::MessageState::Failed { .. }).then_some(())
    })
    .await;
    refusing.store(false, Ordering::Release);
    for number in 0..6 {
        anna.client().rename(&chat, &format!("Garden {number}")).await.unwrap();
    }
    ben.sees(&chat, "sees the last name", |group| group.name == "Garden 5").await;
    ben.client().retry(failed.id).await.unwrap();
    anna.hears(&chat, "at last").await;
    ben.sent(&chat, "at last").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_every_relay_refuses_is_told_and_goes_out_again_when_asked_for() {
    let refusing = Arc::new(AtomicBool::new(true));
    let on = Arc::clone(&refusing);
    let relay = FaultyRelay::with_choice(move |event, _| {
        if on.load(Ordering::Acquire) && event.kind == Kind::GiftWrap { Fault::OkFalse("blocked: no mail".into()) } else { Fault::Ok }
    })
    .await
    .unwrap();
    let relays = [relay.url()];
    let (anna, ben) = (Person::new("Anna", &relays).await, Person::new("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    let told = anna.until("the failure is told", async |_| {
        let rows = anna.system(&chat).await.into_iter();
        rows.filter_map(|row| if let ipc::SystemMessage::InvitationFailed { reason, .. } = row { Some(reason) } else { None }).next()
    });
    assert_eq!(told.await, "Every relay refused it: blocked: no mail");
    assert_eq!(ben.client().requests().await.unwrap(), []);

    refusing.store(false, Ordering::Release);
    let invited = anna.client().invite(&chat, vec![ben.npub.clone()]).await.unwrap();
    assert_eq!(invited, []);
    assert_eq!(ben.accept("Garden").await, chat);
    // Once it is delivered, Ben is a member like any other.
    let again = anna.client().invite(&chat, vec![ben.npub.clone()]).await.unwrap();
    assert_eq!(again.len(), 1);
    anna.say(&chat, "welcome").await;
    ben.hears(&chat, "welcome").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_loses_its_place_to_another_is_made_again() {
    let (relay, lose, lost) = forgetful().await;
    let (anna, ben, chat) = pair(&relay).await;
    anna.client().promote(&chat, &ben.npub).await.unwrap();
    ben.sees(&chat, "is an admin", |group| admins(group) == 2).await;

    lose.store(true, Ordering::Release);
    let renaming = {
        let (client, chat) = (anna.client().clone(), chat.clone());
        tokio::spawn(async move { client.rename(&chat, "Orchard").await })
    };
    tokio::time::timeout(common::DEADLINE, lost.notified()).await.expect("the change reached the relay");
    ben.client().describe(&chat, "Apples").await.unwrap();
    renaming.await.unwrap().unwrap();
    for person in [&anna, &ben] {
        person.sees(&chat, "sees both changes", |group| group.name == "Orchard" && group.description == "Apples").await;
    }
    anna.say(&chat, "one group still").await;
    ben.hears(&chat, "one group still").await;
    ben.say(&chat, "yes").await;
    anna.hears(&chat, "yes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_says_so_again_when_the_group_moved_on() {
    let (relay, lose, lost) = forgetful().await;
    let (anna, ben, chat) = pair(&relay).await;
    lose.store(true, Ordering::Release);
    ben.client().leave(&chat, None).await.unwrap();
    ben.sees(&chat, "is leaving", |group| group.state == ipc::GroupState::Leaving).await;
    tokio::time::timeout(common::DEADLINE, lost.notified()).await.expect("the proposal reached the relay");
    let refused = ben.client().send(ipc::SendMessage { chat: chat.clone(), text: "one more".into(), reply_to: None }).await.unwrap_err();
    assert_eq!(refused.code, ipc::ErrorCode::GroupInactive);
    anna.client().rename(&chat, "Orchard").await.unwrap();
    ben.sees(&chat, "has left", |group| group.state == ipc::GroupState::Left).await;
    anna.sees(&chat, "is alone", |group| members(group) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_made_an_admin_while_leaving_steps_down_and_leaves() {
    let (relay, lose, lost) = forgetful().await;
    let (anna, ben, chat) = pair(&relay).await;
    lose.store(true, Ordering::Release);
    ben.client().leave(&chat, None).await.unwrap();
    tokio::time::timeout(common::DEADLINE, lost.notified()).await.expect("the proposal reached the relay");
    anna.client().promote(&chat, &ben.npub).await.unwrap();
    ben.sees(&chat, "has left", |group| group.state == ipc::GroupState::Left).await;
    anna.sees(&chat, "is alone", |group| members(group) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_made_the_only_admin_while_leaving_stays_and_is_told() {
    let (relay, lose, lost) = forgetful().await;
    let (anna, ben, chat) = pair(&relay).await;
    lose.store(true, Ordering::Release);
    ben.client().leave(&chat, None).await.unwrap();
    tokio::time::timeout(common::DEADLINE, lost.notified()).await.expect("the proposal reached the relay");
    anna.client().leave(&chat, Some(&ben.npub)).await.unwrap();
    anna.sees(&chat, "has left", |group| group.state == ipc::GroupState::Left).await;
    let group = ben.sees(&chat, "is alone", |group| members(group) == 1).await;
    assert_eq!(group.state, ipc::GroupState::Active);
    let told = |row: &ipc::SystemMessage| matches!(row, ipc::SystemMessage::ChangeFailed { what: ipc::WantedChange::Leave, .. });
    assert!(ben.system(&chat).await.iter().any(told));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joined_rotates_their_leaf_when_the_group_is_quiet() {
    let relay = FaultyRelay::start().await.unwrap();
    let relays = [relay.url()];
    let anna = Person::new("Anna", &relays).await;
    let mut ben = Person::named("Ben", &relays);
    ben.housekeeping = Housekeeping {
        rotation_grace: Duration::ZERO,
        rotation_quiet: Duration::from_millis(50),
        rotation_jitter: Duration::from_millis(10),
        ..Housekeeping::default()
    };
    ben.begin().await;
    ben.set_up().await;
    let chat = anna.create_group("Garden", &[&ben]).await;
    let before = anna.client().group(&chat).await.unwrap().epoch;
    ben.accept("Garden").await;
    let after = anna.sees(&chat, "sees the rotation", |group| group.epoch > before).await;
    assert_eq!((after.epoch, members(&after)), (before + 1, 2));
    anna.say(&chat, "healed").await;
    ben.hears(&chat, "healed").await;
    // It says nothing in the timeline.
    assert_eq!(anna.system(&chat).await, [ipc::SystemMessage::Created]);
}
