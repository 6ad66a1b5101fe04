//! Real sockets on loopback: publishing, reading, following, and relays that fail or lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod embedded;
#[path = "../../../sim/src/faulty_relay.rs"]
#[allow(dead_code)]
mod faulty_relay;
mod health;
mod hostile;
mod publishing;
mod reading;
mod web;

use std::collections::HashSet;
use std::time::Duration;

use faulty_relay::{Fault, FaultyRelay};
use murmel_net::{
    Answer, Auth, DialPolicy, EmbeddedRelay, Ended, Feed, GroupFeed, Incoming, Lane, Net, NetOptions, Pace, Phase, Proxy, RelayAddress,
    Route,
};
use nostr::{Alphabet, Event, EventBuilder, EventId, Filter, JsonUtil, Keys, Kind, SingleLetterTag, Tag, TagKind, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;

const ROUTING: [u8; 32] = [7; 32];
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

fn net(auth: Option<Keys>) -> (Net, Receiver<Incoming>) {
    let pace = Pace { redial_first: Duration::from_millis(20), queue_patience: Duration::from_millis(20), ..Pace::default() };
    Net::new(NetOptions { dial: DialPolicy::AllowLoopback, auth, pace, ..NetOptions::default() })
}

fn address(relay: &FaultyRelay) -> RelayAddress {
    RelayAddress::parse(&relay.url()).unwrap()
}

fn group_message(nth: u64) -> Event {
    group_message_for(ROUTING, nth)
}

fn group_message_for(routing: [u8; 32], nth: u64) -> Event {
    let tag = Tag::custom(TagKind::SingleLetter(SingleLetterTag::lowercase(Alphabet::H)), [hex::encode(routing)]);
    EventBuilder::new(Kind::MlsGroupMessage, format!("message {nth}"))
        .tag(tag)
        .custom_created_at(Timestamp::from(1_700_000_000 + nth))
        .sign_with_keys(&Keys::generate())
        .unwrap()
}

fn feed(relays: &[&FaultyRelay]) -> Vec<GroupFeed> {
    vec![GroupFeed { routing: ROUTING, relays: relays.iter().map(|relay| address(relay)).collect(), since: None }]
}

async fn next(incoming: &mut Receiver<Incoming>) -> Incoming {
    tokio::time::timeout(LONG, incoming.recv()).await.expect("nothing came in").expect("the network is gone")
}

async fn until(incoming: &mut Receiver<Incoming>, wanted: impl Fn(&Incoming) -> bool) -> Incoming {
    loop {
        let item = next(incoming).await;
        if wanted(&item) {
            return item;
        }
    }
}

/// What comes until the stored events of a feed are over.
async fn until_caught_up(incoming: &mut Receiver<Incoming>) -> Vec<EventId> {
    let mut seen = Vec::new();
    loop {
        match next(incoming).await {
            Incoming::Event { event, .. } => seen.push(event.id),
            Incoming::CaughtUp { .. } | Incoming::More { .. } => return seen,
            _ => {}
        }
    }
}

/// A route through a proxy that is told no name.
fn through(address: std::net::SocketAddr) -> Route {
    Route::Proxy(Proxy { address, isolation: None })
}
