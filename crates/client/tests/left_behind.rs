//! A removal lost a race here, and then the others went on with it: who was removed cannot read that, and finds out all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::by_hand::{ByHand, with_two_admins};
use common::{Person, relay};
use murmel_client::Housekeeping;
use murmel_engine::{Change, InnerEvent};
use murmel_ipc::{ErrorCode, GroupState, MessageState, SystemMessage};
use nostr::PublicKey;

/// Anna with a client; Bert and Carl, who are admins, by hand. Anna was removed by Bert, which lost to what Carl did.
struct Split {
    anna: Person,
    bert: ByHand,
    carl: ByHand,
    chat: String,
    relay: murmel_net::EmbeddedRelay,
}

impl Split {
    /// Before anything happened.
    async fn together() -> Self {
        let relay = relay().await;
        let mut anna = Person::named("Anna", &[relay.url().to_string()]);
        anna.housekeeping = Housekeeping {
            left_behind: Duration::ZERO,
            tick: Duration::from_millis(100),
            look_back_first: Duration::from_secs(3600),
            rotation_grace: Duration::ZERO,
            rotation_quiet: Duration::from_millis(50),
            rotation_jitter: Duration::from_millis(10),
            ..Housekeeping::default()
        };
        anna.begin().await;
        anna.set_up().await;
        let (chat, bert, carl) = with_two_admins(&anna, "Garden", relay.url()).await;
        Self { anna, bert, carl, chat, relay }
    }

    async fn new() -> Self {
        let split = Self::together().await;
        split.carl_says_the_name_is("Orchard").await;
        split.carl_says_the_name_is("Meadow").await;
        split.bert_removes_anna().await;
        split.is_known(1).await;
        split
    }

    /// A minute ago: what is written now was written later.
    async fn carl_says_the_name_is(&self, name: &str) {
        self.carl.changed(&self.chat, Change::Rename(name.into()), 60).await;
        self.anna.sees(&self.chat, "is on Carl's branch", |group| group.name == name).await;
    }

    async fn bert_removes_anna(&self) {
        self.bert.change(&self.chat, Change::Remove(PublicKey::parse(&self.anna.npub).unwrap())).await;
    }

    /// Anna has seen so many changes of the other branch.
    async fn is_known(&self, changes: usize) {
        self.anna
            .until("Bert's branch is known", async |client| (client.races(&self.chat).await.unwrap().len() >= changes).then_some(()))
            .await;
    }

    /// What Anna wrote is not shown as sent any more.
    async fn is_failed(&self, text: &str) {
        let message = common::find(&common::messages(self.anna.client(), &self.chat).await, text).unwrap();
        assert!(matches!(message.state, MessageState::Failed { .. }), "{:?}", message.state);
    }

    async fn is(&self, state: GroupState) {
        self.anna.sees(&self.chat, "is told where they stand", |group| group.state == state).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_on_the_branch_that_the_others_chose_finds_out() {
    let split = split_and_written_to().await;
    split.is_failed("is anybody here?").await;
    let told = split.anna.system(&split.chat).await;
    assert!(told.iter().any(|row| matches!(row, SystemMessage::MemberRemoved { who, .. } if who == "You")), "{told:?}");
}

/// The group is four changes ahead of the branch that removed Anna: one word there cannot make that the one that the others follow. In
/// another chat, where it can, she looks at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_word_on_a_branch_that_is_far_behind_convinces_nobody() {
    let split = Split::together().await;
    for name in ["Orchard", "Meadow", "Field", "Heath"] {
        split.carl_says_the_name_is(name).await;
    }
    split.bert_removes_anna().await;
    split.is_known(1).await;
    let (other, bert, carl) = with_two_admins(&split.anna, "Choir", split.relay.url()).await;
    for name in ["Band", "Quartet"] {
        carl.changed(&other, Change::Rename(name.into()), 60).await;
        split.anna.sees(&other, "is on Carl's branch", |group| group.name == name).await;
    }
    bert.change(&other, Change::Remove(PublicKey::parse(&split.anna.npub).unwrap())).await;
    split.anna.until("Bert's branch is known", async |client| (!client.races(&other).await.unwrap().is_empty()).then_some(())).await;

    split.bert.say(&split.chat, "one").await;
    bert.say(&other, "now that we are among ourselves").await;
    split.anna.sees(&other, "is told where they stand", |group| group.state == GroupState::Removed).await;
    split.is(GroupState::Active).await;
    for text in ["two", "three"] {
        split.bert.say(&split.chat, text).await;
    }
    split.is(GroupState::Removed).await;
}

/// Anna is out, and hears only then of the other branch, on which she is not; the others had gone on without her before that, and say nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_to_a_branch_that_nobody_is_on_any_more_finds_out() {
    let split = Split::together().await;
    split.bert.changed(&split.chat, Change::Remove(PublicKey::parse(&split.anna.npub).unwrap()), 60).await;
    split.is(GroupState::Removed).await;
    for text in ["one", "two", "three"] {
        split.bert.said(&split.chat, text, 30).await;
    }
    for name in ["Orchard", "Meadow"] {
        split.carl.changed(&split.chat, Change::Rename(name.into()), 45).await;
    }
    split.anna.sees(&split.chat, "is on Carl's branch", |group| group.name == "Meadow").await;
    split.is(GroupState::Removed).await;
}

/// Anna leaves, which Bert confirms; then a longer branch of Carl's turns up, on which nobody confirms it or says anything.
#[tokio::test(flavor = "multi_thread")]
async fn who_left_and_comes_back_to_a_branch_without_anybody_has_left() {
    let split = Split::together().await;
    split.anna.client().leave(&split.chat, None).await.unwrap();
    split.anna.client().settle(common::DEADLINE).await.unwrap();
    for admin in [&split.bert, &split.carl] {
        admin.catch_up(&split.chat).await;
    }
    split.bert.changed(&split.chat, Change::ConfirmDepartures, 60).await;
    split.is(GroupState::Left).await;
    for name in ["Orchard", "Meadow"] {
        split.carl.changed(&split.chat, Change::Rename(name.into()), 45).await;
    }
    split.anna.sees(&split.chat, "is on Carl's branch", |group| group.name == "Meadow").await;
    split.is(GroupState::Left).await;
}

/// What was said before the group split, and comes late, is no word of our branch, although nobody here knew of a split yet.
#[tokio::test(flavor = "multi_thread")]
async fn late_words_from_before_the_split_do_not_keep_anybody_from_finding_out() {
    let split = Split::together().await;
    let (bert, now) = (split.bert.keys.public_key(), nostr::Timestamp::now().as_secs());
    let words = split.bert.seal(&split.chat, InnerEvent::text(bert, now, "a good day for roses".into(), &[])).await;
    split.carl_says_the_name_is("Orchard").await;
    split.carl_says_the_name_is("Meadow").await;
    split.bert.publish(&words).await;
    split.anna.hears(&split.chat, "a good day for roses").await;
    split.bert.changed(&split.chat, Change::Remove(PublicKey::parse(&split.anna.npub).unwrap()), 60).await;
    split.is_known(1).await;
    split.bert.said(&split.chat, "now that we are among ourselves", 30).await;
    split.is(GroupState::Removed).await;
}

/// The removal is not the first change of the other branch: what was said between the split and it is no part of the group either.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_said_since_the_split_still_shows_as_sent() {
    let split = Split::together().await;
    split.carl_says_the_name_is("Orchard").await;
    split.anna.say(&split.chat, "a good name").await;
    split.anna.client().settle(common::DEADLINE).await.unwrap();
    split.carl_says_the_name_is("Meadow").await;
    split.carl_says_the_name_is("Field").await;
    split.bert.change(&split.chat, Change::Rename("Heath".into())).await;
    split.bert_removes_anna().await;
    split.is_known(2).await;
    split.bert.say(&split.chat, "now that we are among ourselves").await;
    split.is(GroupState::Removed).await;
    split.is_failed("a good name").await;
}

/// The conclusion was wrong: somebody is on our branch.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_on_our_branch_brings_us_back() {
    let split = split_and_written_to().await;
    split.is_failed("is anybody here?").await;
    split.carl.say(&split.chat, "here I am").await;
    split.anna.hears(&split.chat, "here I am").await;
    split.is(GroupState::Active).await;
    split.anna.say(&split.chat, "good to hear").await;
    split.anna.sent(&split.chat, "is anybody here?").await;
}

/// Who is invited again says what was left out where the group is now, if they want that.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_can_be_said_again_by_who_is_back() {
    let split = split_and_written_to().await;
    let words = common::find(&common::messages(split.anna.client(), &split.chat).await, "is anybody here?").unwrap();
    let refused = split.anna.client().retry(words.id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::GroupInactive);
    split.is_failed("is anybody here?").await;

    split.bert.invite(&split.chat, PublicKey::parse(&split.anna.npub).unwrap()).await;
    split.anna.accept("Garden").await;
    split.is(GroupState::Active).await;
    split.is_failed("is anybody here?").await;
    split.anna.client().retry(words.id).await.unwrap();
    split.anna.sent(&split.chat, "is anybody here?").await;
    assert!(split.bert.catch_up(&split.chat).await.contains(&"is anybody here?".to_owned()));
}

/// Carl was removed on a branch that lost. Nobody says anything, so only what Anna does shows him where she is.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_over_from_a_branch_that_removed_somebody_shows_it() {
    let split = Split::together().await;
    let before = split.anna.client().group(&split.chat).await.unwrap().epoch;
    let carl = split.carl.keys.public_key();
    split.bert.changed(&split.chat, Change::Remove(carl), 60).await;
    split.anna.sees(&split.chat, "is on Bert's branch", |group| group.members.len() == 2).await;
    for name in ["Orchard", "Meadow"] {
        split.carl.changed(&split.chat, Change::Rename(name.into()), 60).await;
    }
    split.anna.sees(&split.chat, "is on Carl's branch, and rotated", |group| group.epoch == before + 3).await;
    split.anna.client().settle(common::DEADLINE).await.unwrap();
    split.carl.catch_up(&split.chat).await;
    assert_eq!(split.carl.epoch(&split.chat).await, before + 3);
}

/// As above, but Anna was on that branch all the time.
#[tokio::test(flavor = "multi_thread")]
async fn who_stays_where_somebody_is_whom_another_branch_removed_shows_it() {
    let split = Split::together().await;
    let before = split.anna.client().group(&split.chat).await.unwrap().epoch;
    split.carl_says_the_name_is("Orchard").await;
    split.carl_says_the_name_is("Meadow").await;
    split.bert.changed(&split.chat, Change::Remove(split.carl.keys.public_key()), 60).await;
    split.is_known(1).await;
    split.anna.sees(&split.chat, "rotated", |group| group.epoch == before + 3).await;
    split.anna.client().settle(common::DEADLINE).await.unwrap();
    split.carl.catch_up(&split.chat).await;
    assert_eq!(split.carl.epoch(&split.chat).await, before + 3);
}

/// A group with two admins beside Anna, whom Dora is not in yet. Dora looks for other ways in at once, and reads nothing a second time that
/// she missed.
struct Wanted {
    anna: Person,
    bert: ByHand,
    carl: ByHand,
    dora: Person,
    chat: String,
}

async fn wanted_by_two(relay: &murmel_net::EmbeddedRelay) -> Wanted {
    let relays = [relay.url().to_string()];
    let anna = Person::new("Anna", &relays).await;
    let mut dora = Person::named("Dora", &relays);
    let (tick, look_back_first) = (Duration::from_millis(100), Duration::from_secs(3600));
    dora.housekeeping = Housekeeping { left_behind: Duration::ZERO, tick, look_back_first, ..Housekeeping::default() };
    dora.begin().await;
    dora.set_up().await;
    let (chat, bert, carl) = with_two_admins(&anna, "Garden", relay.url()).await;
    Wanted { anna, bert, carl, dora, chat }
}

/// Two people invite at the same moment, each on a branch of their own; the invitation that is accepted is the one that leads nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_invited_twice_ends_where_the_others_are() {
    let relay = relay().await;
    let Wanted { anna, bert, carl, dora, chat } = wanted_by_two(&relay).await;
    let who = PublicKey::parse(&dora.npub).unwrap();
    bert.invited(&chat, who, 60).await;
    dora.accept("Garden").await;
    carl.invited(&chat, who, 60).await;
    for name in ["Orchard", "Meadow"] {
        carl.change(&chat, Change::Rename(name.into())).await;
    }
    anna.sees(&chat, "is on Carl's branch", |group| group.name == "Meadow").await;
    dora.sees(&chat, "is on Carl's branch", |group| group.name == "Meadow" && group.state == GroupState::Active).await;
    assert_eq!(dora.client().requests().await.unwrap(), []);
    anna.say(&chat, "welcome, Dora").await;
    dora.hears(&chat, "welcome, Dora").await;
    dora.say(&chat, "here I am").await;
    anna.hears(&chat, "here I am").await;
}

/// As above, but where the others went on everything that the other invitation opens is older than the one that was accepted.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_invited_twice_follows_a_group_that_went_on_before() {
    let relay = relay().await;
    let Wanted { bert, carl, dora, chat, .. } = wanted_by_two(&relay).await;
    let who = PublicKey::parse(&dora.npub).unwrap();
    bert.invited(&chat, who, 60).await;
    dora.accept("Garden").await;
    carl.invited(&chat, who, 60).await;
    carl.changed(&chat, Change::Rename("Orchard".into()), 90).await;
    carl.change(&chat, Change::Rename("Meadow".into())).await;
    dora.sees(&chat, "is on Carl's branch", |group| group.name == "Meadow" && group.state == GroupState::Active).await;
    assert_eq!(dora.client().requests().await.unwrap(), []);
    carl.say(&chat, "welcome, Dora").await;
    dora.hears(&chat, "welcome, Dora").await;
}

/// The invitation that is accepted is the right one; what was said on the other branch before the others left it comes late.
#[tokio::test(flavor = "multi_thread")]
async fn who_hears_the_others_does_not_follow_older_words_elsewhere() {
    let relay = relay().await;
    let Wanted { bert, carl, dora, chat, .. } = wanted_by_two(&relay).await;
    let who = PublicKey::parse(&dora.npub).unwrap();
    carl.invited(&chat, who, 60).await;
    dora.accept("Garden").await;
    bert.invited(&chat, who, 60).await;
    carl.say(&chat, "we are all here").await;
    dora.hears(&chat, "we are all here").await;
    bert.said(&chat, "is anybody here?", 60).await;
    for text in ["as I said", "here", "all of us"] {
        carl.say(&chat, text).await;
        dora.hears(&chat, text).await;
    }
    assert_eq!(common::find(&common::messages(dora.client(), &chat).await, "is anybody here?"), None);
}

/// As above, but on the other branch somebody is heard first: trying it is no journey without return.
#[tokio::test(flavor = "multi_thread")]
async fn who_tried_the_other_invitation_comes_back_to_where_the_others_write() {
    let relay = relay().await;
    let Wanted { bert, carl, dora, chat, .. } = wanted_by_two(&relay).await;
    let who = PublicKey::parse(&dora.npub).unwrap();
    bert.invited(&chat, who, 60).await;
    carl.invited(&chat, who, 60).await;
    let from_carl = dora.until("both invitations", async |client| {
        let requests = client.requests().await.unwrap();
        let carls = requests.iter().find(|request| request.inviter == carl.keys.public_key().to_hex()).cloned();
        carls.filter(|_| requests.len() == 2)
    });
    assert_eq!(dora.client().accept(&from_carl.await.id).await.unwrap(), chat);
    assert_eq!(dora.client().requests().await.unwrap(), [], "one group is offered once");
    bert.said(&chat, "is it you, Dora?", 5).await;
    dora.hears(&chat, "is it you, Dora?").await;
    carl.say(&chat, "we are over here").await;
    dora.hears(&chat, "we are over here").await;
    assert_eq!(dora.client().requests().await.unwrap(), []);
}

/// A first invitation comes after the second one, and after words that it opens. Whoever tries it is removed there, and finds the way back to
/// where the group is by now, although everything since has been read before.
#[tokio::test(flavor = "multi_thread")]
async fn who_tried_an_invitation_that_is_over_comes_back_to_where_the_group_is() {
    let relay = relay().await;
    let Wanted { bert, dora, chat, .. } = wanted_by_two(&relay).await;
    let who = PublicKey::parse(&dora.npub).unwrap();
    let late = bert.add(&chat, who, 120).await;
    let now = nostr::Timestamp::now().as_secs();
    let words = bert.seal(&chat, InnerEvent::text(bert.keys.public_key(), now, "is it you, Dora?".into(), &[])).await;
    bert.changed(&chat, Change::Remove(who), 120).await;
    bert.invited(&chat, who, 60).await;
    let second = dora.request("Garden").await;
    bert.publish(&late).await;
    dora.until("both invitations", async |client| (client.requests().await.unwrap().len() == 2).then_some(())).await;
    dora.client().accept(&second.id).await.unwrap();
    bert.changed(&chat, Change::Rename("Meadow".into()), 60).await;
    dora.sees(&chat, "is where the group is", |group| group.name == "Meadow").await;
    bert.publish(&words).await;
    dora.sees(&chat, "is removed where that leads", |group| group.state == GroupState::Removed).await;
    dora.accept("Garden").await;
    dora.sees(&chat, "is back", |group| group.name == "Meadow" && group.state == GroupState::Active).await;
    bert.say(&chat, "welcome back").await;
    dora.hears(&chat, "welcome back").await;
}

/// Anna writes, and then Bert goes on where she cannot read.
async fn split_and_written_to() -> Split {
    let split = Split::new().await;
    split.anna.say(&split.chat, "is anybody here?").await;
    split.anna.client().settle(common::DEADLINE).await.unwrap();
    split.is(GroupState::Active).await;
    split.bert.say(&split.chat, "now that we are among ourselves").await;
    split.is(GroupState::Removed).await;
    split
}
