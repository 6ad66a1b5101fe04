use std::sync::Mutex;
use std::time::Duration;

use murmel_ipc::{ChangeObstacle, GroupState, MessageKind, SystemMessage, WantedChange};
use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use murmel_store::ChatId;
use nostr::{EventId, Kind};

use super::*;
use crate::group::requests;
use crate::message::timeline;
use crate::network::setup;
use crate::people::npub;
use crate::testing::Bench;

const LONG: Duration = Duration::from_secs(60);

/// What a relay does with the next event of a group.
#[derive(Default)]
enum Next {
    #[default]
    Take,
    Lose,
    /// This one was lost, and is lost each time.
    Lost(EventId),
}

/// Two admins of one group.
struct Pair {
    _relay: FaultyRelay,
    next: Arc<Mutex<Next>>,
    anna: Bench,
    ben: Bench,
    group: String,
    chat: ChatId,
}

impl Pair {
    async fn new() -> Self {
        let next: Arc<Mutex<Next>> = Arc::default();
        let loses = Arc::clone(&next);
        let relay = FaultyRelay::with_choice(move |event, _| {
            let mut next = loses.lock().unwrap();
            if matches!(*next, Next::Lose) && event.kind == Kind::MlsGroupMessage {
                *next = Next::Lost(event.id);
            }
            if matches!(*next, Next::Lost(id) if id == event.id) { Fault::SilentDrop } else { Fault::Ok }
        });
        let relay = relay.await.unwrap();
        let (anna, ben) = (Bench::on(vec![relay.url()]).await, Bench::on(vec![relay.url()]).await);
        for bench in [&anna, &ben] {
            setup::done(&bench.account).await;
        }
        let who = npub(&ben.account.pubkey());
        let new = ipc::NewGroup { name: "Garden".into(), description: String::new(), people: vec![who.clone()] };
        let created = create(&anna.account, new).await.unwrap();
        assert_eq!(created.not_invited, []);
        until(&ben.account, "an invitation arrives", async |ben| !requests::list(ben).await.unwrap().is_empty()).await;
        let request = requests::list(&ben.account).await.unwrap().remove(0);
        let group = requests::accept(&ben.account, &request.id).await.unwrap();
        promote(&anna.account, &group, &who).await.unwrap();
        until(&ben.account, "Ben is an admin", async |ben| details(ben, &group).await.members.iter().all(|member| member.is_admin)).await;
        let name = group.clone();
        let chat = anna.account.db.read(move |tx, _| Ok::<_, Error>(views::find(tx, &name)?.id)).await.unwrap();
        Self { _relay: relay, next, anna, ben, group, chat }
    }

    /// Anna makes a change that is lost on its way, and does not wait for it.
    async fn lose(&self, change: impl Future<Output = Result<()>> + Send + 'static) {
        *self.next.lock().unwrap() = Next::Lose;
        let waiting = tokio::spawn(change);
        until(&self.anna.account, "the change is lost", async |_| matches!(*self.next.lock().unwrap(), Next::Lost(_))).await;
        waiting.abort();
        drop(waiting.await);
    }

    /// Anna's program dies after her change has lost its place to `other`, and before it could be made again.
    async fn die_after_losing_to(self, other: impl AsyncFnOnce(&Bench)) -> Self {
        let (anna, group) = (Arc::clone(&self.anna.account), self.group.clone());
        self.lose(async move { rename(&anna, &group, "Orchard").await }).await;
        let turn = self.anna.account.sync.turn(self.chat).lock_owned().await;
        other(&self.ben).await;
        let chat = self.chat;
        until(&self.anna.account, "the change lost its place", async |anna| {
            let group = anna.db.write(move |tx, groups| {
                let id = views::found(tx, chat)?.group;
                Ok::<_, Error>(groups.get(tx, &id)?.is_some_and(|(group, _)| group.pending().is_some()))
            });
            !group.await.unwrap()
        })
        .await;
        let anna = self.anna.killed().await;
        drop(turn);
        Self { anna, ..self }
    }
}

async fn until(account: &Arc<Account>, what: &str, check: impl AsyncFn(&Arc<Account>) -> bool) {
    let waiting = async {
        loop {
            let moved = account.sync.moved.notified();
            if check(account).await {
                return;
            }
            drop(tokio::time::timeout(Duration::from_millis(50), moved).await);
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn details(account: &Arc<Account>, group: &str) -> ipc::GroupDetails {
    let (me, group) = (account.pubkey(), group.to_owned());
    account.db.read(move |tx, _| views::group_details(tx, me, &views::find(tx, &group)?)).await.unwrap()
}

async fn failed(account: &Arc<Account>, group: &str) -> Option<(WantedChange, ChangeObstacle)> {
    let page = timeline::page(account, group, None, 100).await.unwrap();
    page.messages.into_iter().find_map(|message| match message.kind {
        MessageKind::System { event: SystemMessage::ChangeFailed { what, cause, .. } } => Some((what, cause)),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_lost_its_place_is_made_again_after_a_crash() {
    let pair = Pair::new().await;
    let group = pair.group.clone();
    let pair = pair.die_after_losing_to(async |ben| describe(&ben.account, &group, "Apples").await.unwrap()).await;
    for bench in [&pair.anna, &pair.ben] {
        until(&bench.account, "both changes are made", async |account| {
            let group = details(account, &pair.group).await;
            group.name == "Orchard" && group.description == "Apples"
        })
        .await;
    }
    assert_eq!(failed(&pair.anna.account, &pair.group).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_lost_its_place_and_cannot_be_made_again_is_told() {
    let pair = Pair::new().await;
    let (group, who) = (pair.group.clone(), npub(&pair.anna.account.pubkey()));
    let pair = pair.die_after_losing_to(async |ben| demote(&ben.account, &group, &who).await.unwrap()).await;
    until(&pair.anna.account, "it is told", async |anna| failed(anna, &pair.group).await.is_some()).await;
    assert_eq!(failed(&pair.anna.account, &pair.group).await, Some((WantedChange::Rename, ChangeObstacle::Impossible)));
    let chat = pair.chat;
    assert!(!pair.anna.account.db.read(move |tx, _| has_lost(tx, chat)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_leaves_while_no_relay_answers_is_gone_once_one_does() {
    let pair = Pair::new().await;
    let (anna, group) = (Arc::clone(&pair.anna.account), pair.group.clone());
    pair.lose(async move { leave(&anna, &group, None).await }).await;
    let anna = pair.anna.killed().await;
    *pair.next.lock().unwrap() = Next::Take;
    until(&anna.account, "Anna has left", async |anna| details(anna, &pair.group).await.state == GroupState::Left).await;
    until(&pair.ben.account, "Ben is alone", async |ben| details(ben, &pair.group).await.members.len() == 1).await;
}
