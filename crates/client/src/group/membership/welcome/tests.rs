use std::time::Duration;

use murmel_ipc as ipc;
use murmel_sim::faulty_relay::{Fault, FaultyRelay};
use murmel_store::{Answer, Cancellation, MessageId, OUTBOX_CAP, OutboxId, OutboxState};
use nostr::{EventBuilder, Keys, Kind};

use super::*;
use crate::group::intent::{Intent, Invitee};
use crate::group::membership::{accepted, change, create, resume};
use crate::network::lists::KEY_PACKAGE;
use crate::network::setup;
use crate::testing::Bench;
use crate::views;

const GARDEN: &str = "Garden";

/// Ben as somebody to invite, whose invitations go to `inbox`, and his key.
async fn ben(inbox: &str) -> (Invitee, Keys) {
    let relay = FaultyRelay::start().await.unwrap();
    let ben = Bench::on(vec![relay.url()]).await;
    setup::done(&ben.account).await;
    let offer = relay.events().into_iter().find(|event| event.kind == KEY_PACKAGE).unwrap();
    (Invitee { offer, inbox: vec![inbox.to_owned()] }, ben.account.keys.clone())
}

/// A relay that never answers.
async fn silent() -> FaultyRelay {
    FaultyRelay::with_script(vec![Fault::SilentDrop]).await.unwrap()
}

/// A group without anybody else.
async fn garden(account: &Arc<Account>) -> ChatId {
    let new = ipc::NewGroup { name: GARDEN.into(), description: String::new(), people: Vec::new() };
    let id = create(account, new).await.unwrap().chat;
    account.db.read(move |tx, _| Ok::<_, Error>(views::find(tx, &id)?.id)).await.unwrap()
}

/// The open events of a chat with this purpose.
async fn open(account: &Arc<Account>, chat: ChatId, purpose: Purpose) -> Vec<OutboxId> {
    let rows = account.db.read(move |tx, _| Ok::<_, Error>(tx.outbox_open_in(chat)?)).await.unwrap();
    rows.into_iter().filter(|row| row.purpose == purpose).map(|row| row.id).collect()
}

async fn epoch(account: &Arc<Account>, chat: ChatId) -> u64 {
    account.db.read(move |tx, _| Ok::<_, Error>(views::found(tx, chat)?.epoch.0)).await.unwrap()
}

/// Leaves no room in the outbox; answers what fills it.
fn fill(tx: &Tx<'_>) -> Vec<OutboxId> {
    let event = EventBuilder::new(Kind::TextNote, "").sign_with_keys(&Keys::generate()).unwrap();
    let row = crate::network::lists::row(&event, Purpose::Other, 0);
    let missing = OUTBOX_CAP as u64 - tx.open_count().unwrap();
    let id = |number: u64| nostr::EventId::from_byte_array(std::array::from_fn(|at| number.to_be_bytes()[at % 8]));
    (0..missing).map(|number| tx.enqueue(&OutboxRecord { event_id: id(number), ..row.clone() }, &[]).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_welcome_finds_no_room_is_merged_when_there_is_some_and_dated_when_it_was_made() {
    let relay = silent().await;
    let bench = Bench::on(vec![relay.url()]).await;
    let account = Arc::clone(&bench.account);
    let chat = garden(&account).await;
    let (invitee, ben) = ben(&relay.url()).await;
    let (invite, made) = (Intent::Invite(vec![invitee]), account.clock.now());
    let changing = tokio::spawn({
        let account = Arc::clone(&account);
        async move { change(&account, chat, invite).await }
    });
    let commit = loop {
        let moved = account.sync.moved.notified();
        if let Some(commit) = open(&account, chat, Purpose::Commit).await.pop() {
            break commit;
        }
        drop(tokio::time::timeout(Duration::from_millis(50), moved).await);
    };
    changing.abort();

    let url = relay.url();
    let fillers = account.db.write(move |tx, _| {
        assert_eq!(tx.record_answer(commit, &url, Answer::Accepted, "", 1, None)?.state, OutboxState::Done);
        Ok::<_, Error>(fill(tx))
    });
    let fillers = fillers.await.unwrap();
    accepted(&account, commit.0).await;
    assert_eq!(epoch(&account, chat).await, 0, "nothing of it has happened");

    let emptied = account.db.write(move |tx, _| fillers.iter().try_for_each(|id| tx.cancel(*id, Cancellation::Ended)).map_err(Error::from));
    emptied.await.unwrap();
    account.clock.shift(2 * 24 * 3600);
    resume(&account).await.unwrap();
    assert_eq!(epoch(&account, chat).await, 1);
    let welcomes = open(&account, chat, Purpose::Welcome).await;
    assert_eq!(welcomes.len(), 1);
    // Others may have followed the change for two days: Ben reads the group since then.
    let row = account.db.read(move |tx, _| Ok::<_, Error>(tx.outbox(welcomes[0])?.unwrap())).await.unwrap();
    let gift = wrap::open(&ben, &Event::from_json(row.event).unwrap()).await.unwrap();
    assert!((made..made + 3600).contains(&gift.rumor.created_at.as_secs()), "{} after {made}", gift.rumor.created_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_invitation_is_told_each_time_it_fails() {
    let bench = Bench::new().await;
    let account = Arc::clone(&bench.account);
    let chat = garden(&account).await;
    let to = Keys::generate().public_key();
    let wrap = EventBuilder::new(Kind::GiftWrap, "").tag(nostr::Tag::public_key(to)).sign_with_keys(&Keys::generate()).unwrap();
    let row = crate::network::lists::row(&wrap, Purpose::Welcome, 0);
    let row = OutboxRecord { chat: Some(chat), refusal: "blocked".into(), ..row };
    for at in [10, 20, 20] {
        let (row, keys) = (row.clone(), account.keys.clone());
        let told =
            changes::write(&account, move |tx, groups, changes| not_delivered(&mut Taking::new(tx, groups, changes, &keys, at), &row));
        told.await.unwrap();
    }
    let me = account.pubkey();
    let views = account.db.read(move |tx, _| {
        let rows = tx.messages_after(chat, MessageId::NEW, 10)?;
        views::messages(tx, me, chat, &rows)
    });
    let (cause, reason) = (ipc::Unsent::Refused, "Every relay refused it: blocked".to_owned());
    let failed = SystemMessage::InvitationFailed { who: crate::people::short_npub(&to), cause, reason };
    let rows: Vec<_> = views.await.unwrap().into_iter().map(|view| view.kind).collect();
    let expected = [SystemMessage::Created, failed.clone(), failed].map(|event| ipc::MessageKind::System { event });
    assert_eq!(rows, expected);
}
