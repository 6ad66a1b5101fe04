use std::time::Duration;

use murmel_sim::faulty_relay::FaultyRelay;

use super::*;
use crate::lists::KEY_PACKAGE;
use crate::membership;
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
    let invited = async {
        loop {
            let moved = ben.account.sync.moved.notified();
            match list(&ben.account).await.unwrap().pop() {
                Some(request) => return request,
                None => moved.await,
            }
        }
    };
    let request = tokio::time::timeout(LONG, invited).await.expect("an invitation arrives");
    accept(&ben.account, &request.id).await.unwrap();
    assert_eq!(packages(), 1);

    let ben = ben.killed().await;
    crate::sync::settle(&ben.account, LONG).await.unwrap();
    assert_eq!(packages(), 2);
}
