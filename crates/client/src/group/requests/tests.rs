use std::time::Duration;

use murmel_sim::faulty_relay::FaultyRelay;

use super::*;
use crate::group::membership;
use crate::network::lists::KEY_PACKAGE;
use crate::people::npub;
use crate::testing::Bench;

const LONG: Duration = Duration::from_secs(60);

// On one thread: nothing that joining leaves to others runs before the program dies.
#[tokio::test]
async fn who_joins_and_dies_publishes_a_fresh_key_package_when_started_again() {
    let relay = FaultyRelay::start().await.unwrap();
    let (anna, ben) = (Bench::on(vec![relay.url()]).await, Bench::on(vec![relay.url()]).await);
    for bench in [&anna, &ben] {
        setup::done(&bench.account).await;
    }
    let who = ben.account.pubkey();
    let packages = || relay.events().into_iter().filter(|event| event.kind == KEY_PACKAGE && event.pubkey == who).count();
    let new = ipc::NewGroup { name: "Garden".into(), description: String::new(), people: vec![npub(&who)] };
    membership::create(&anna.account, new).await.unwrap();
    let request = invitation(&ben).await;
    accept(&ben.account, &request.id).await.unwrap();
    assert_eq!(packages(), 1);

    let ben = ben.killed().await;
    crate::sync::settle(&ben.account, LONG).await.unwrap();
    assert_eq!(packages(), 2);
}

async fn invitation(ben: &Bench) -> ipc::RequestView {
    let invited = async {
        loop {
            let moved = ben.account.sync.moved.notified();
            match list(&ben.account).await.unwrap().pop() {
                Some(request) => return request,
                None => moved.await,
            }
        }
    };
    tokio::time::timeout(LONG, invited).await.expect("an invitation arrives")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_an_ended_group_is_never_joined_again() {
    let relay = FaultyRelay::start().await.unwrap();
    let (anna, ben) = (Bench::on(vec![relay.url()]).await, Bench::on(vec![relay.url()]).await);
    for bench in [&anna, &ben] {
        setup::done(&bench.account).await;
    }
    let who = npub(&ben.account.pubkey());
    let new = ipc::NewGroup { name: "Garden".into(), description: String::new(), people: vec![who.clone()] };
    let group = membership::create(&anna.account, new).await.unwrap().chat;
    let request = invitation(&ben).await;
    // As after the group that had this id was ended.
    let ended = anna.account.db.read(move |tx, _| views::find(tx, &group)).await.unwrap();
    let tombstone = ChatRecord { state: ChatState::Ended, inviter: None, ..ended };
    ben.account.db.write(move |tx, _| Ok::<_, Error>(tx.insert_chat(&tombstone)?)).await.unwrap();
    let refused = accept(&ben.account, &request.id).await.unwrap_err();
    assert_eq!((refused.code, refused.message.contains("ended")), (ErrorCode::InvalidInput, true));
    decline(&ben.account, &request.id).await.unwrap();

    // A further invitation into it is not even shown, and not looked at twice.
    membership::remove(&anna.account, &request_group(&anna).await, &who).await.unwrap();
    membership::invite(&anna.account, &request_group(&anna).await, vec![who]).await.unwrap();
    let wraps = || relay.events().into_iter().filter(|event| event.kind == Kind::GiftWrap).map(|event| event.id).collect::<Vec<_>>();
    let all_seen = async {
        loop {
            let moved = ben.account.sync.moved.notified();
            let ids = wraps();
            let seen = ben.account.db.read(move |tx, _| Ok::<_, Error>(ids.iter().filter(|id| tx.is_seen(id).unwrap()).count()));
            if seen.await.unwrap() == 2 {
                return;
            }
            drop(tokio::time::timeout(Duration::from_millis(50), moved).await);
        }
    };
    tokio::time::timeout(LONG, all_seen).await.expect("the second invitation is looked at");
    assert_eq!(list(&ben.account).await.unwrap(), []);
}

async fn request_group(of: &Bench) -> String {
    of.account.db.read(|tx, _| Ok::<_, Error>(tx.chats()?.pop().unwrap().group.to_string())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_of_an_older_app_is_shown_with_the_reason_and_cannot_be_accepted() {
    let bench = Bench::new().await;
    let from = nostr::Keys::generate().public_key();
    let welcome = Welcome::restore(vec![1, 2, 3], from, vec!["wss://relay.example".into()]);
    let why = WelcomeRefused::Older(murmel_engine::Era::Mip);
    for wrap in [[1; 32], [2; 32]] {
        let (welcome, why) = (welcome.clone(), why.clone());
        let wrap = Wrap { id: EventId::from_byte_array(wrap), to: bench.account.pubkey(), created_at: 1_700_000_000 };
        changes::write(&bench.account, move |tx, _, changes| explain(tx, changes, wrap, &welcome, &why, 1_700_000_000)).await.unwrap();
    }
    let all = list(&bench.account).await.unwrap();
    assert_eq!(all.len(), 1, "the same invitation is shown once");
    let request = &all[0];
    assert_eq!((request.inviter.clone(), request.members), (from.to_hex(), 0));
    let problem = request.problem.clone().unwrap();
    assert!(problem.contains("older app") && problem.contains("MIP"), "{problem}");
    let refused = accept(&bench.account, &request.id).await.unwrap_err();
    assert_eq!((refused.code, refused.message), (ErrorCode::InvalidInput, problem));
    decline(&bench.account, &request.id).await.unwrap();
    assert_eq!(list(&bench.account).await.unwrap(), []);
}
