//! A state inside the window is gone, by a fault of the disk: the person is told, keeps what was said, and comes back by a new invitation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::by_hand::with_two_admins;
use common::{Person, relay};
use murmel_engine::{Change, GroupId, Storage as _};
use murmel_ipc::{GroupState, SendMessage};
use murmel_store::StoreError;
use nostr::PublicKey;

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_follow_the_group_any_more_is_told_and_comes_back_by_a_new_invitation() {
    let relay = relay().await;
    let mut anna = Person::new("Anna", &[relay.url().to_string()]).await;
    let (chat, bert, carl) = with_two_admins(&anna, "Garden", relay.url()).await;
    anna.say(&chat, "from before").await;
    anna.sent(&chat, "from before").await;
    carl.change(&chat, Change::Rename("Orchard".into())).await;
    anna.sees(&chat, "follows", |group| group.name == "Orchard").await;

    anna.stop().await;
    lose_the_epoch_before(&anna, &chat).await;
    anna.start().await;
    bert.change(&chat, Change::Rename("Meadow".into())).await;
    anna.sees(&chat, "is told", |group| group.state == GroupState::Stranded).await;
    let refused = anna.client().send(SendMessage { chat: chat.clone(), text: "hello?".into(), reply_to: None }).await.unwrap_err();
    assert!(refused.message.contains("invite you again"), "{}", refused.message);
    assert!(anna.texts(&chat).await.contains(&"from before".to_owned()));

    // Also after a restart; then an admin does what the words ask for.
    anna.stop().await;
    anna.start().await;
    anna.sees(&chat, "is still told", |group| group.state == GroupState::Stranded).await;
    carl.catch_up(&chat).await;
    let me = PublicKey::parse(&anna.npub).unwrap();
    carl.change(&chat, Change::Remove(me)).await;
    carl.invite(&chat, me).await;
    let name = anna.until("an invitation arrives", async |client| client.requests().await.unwrap().pop()).await.group_name;
    assert_eq!(anna.accept(&name).await, chat, "it is the conversation that was there before");
    anna.sees(&chat, "is a member again", |group| group.state == GroupState::Active && group.members.len() == 3).await;
    assert!(anna.texts(&chat).await.contains(&"from before".to_owned()));
    carl.say(&chat, "welcome back").await;
    anna.hears(&chat, "welcome back").await;
    anna.say(&chat, "good to be back").await;
    anna.sent(&chat, "good to be back").await;
}

/// Takes the state away from which the newest change was made.
async fn lose_the_epoch_before(person: &Person, chat: &str) {
    let group = GroupId::from_hex(chat).unwrap();
    let database = person.database().await;
    let lost = database.write(move |tx, ()| {
        let tip = tx.tip(&group).unwrap().unwrap();
        let epochs = tx.epochs(&group).unwrap();
        let parent = epochs.iter().find(|record| record.commit == tip).unwrap().parent.unwrap();
        // Its keys stay, so that what is of it can be opened and is seen to need what is lost.
        let record = epochs.into_iter().find(|record| record.commit == parent).unwrap();
        tx.forget_epoch(&group, &parent).unwrap();
        tx.put_epoch(&group, &record).unwrap();
        Ok::<_, StoreError>(())
    });
    lost.await.unwrap();
    database.close().await;
}
