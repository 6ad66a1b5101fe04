mod transcripts;

use murmel_engine::{Device, Digest, Epoch, Group, InnerEvent, NewGroup};
use murmel_ipc::MessageKind;
use murmel_store::{Database, DatabaseKey};

use super::*;
use crate::views;

const NOW: u64 = 1_800_000_000;

/// A group on disk with members that exist in its rows only: what they say is put where the engine would put it.
struct Scene {
    db: Database<Groups>,
    me: Keys,
    chat: ChatId,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(name: &'static str, members: &[(PublicKey, bool)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("account.db");
        let db = Database::create(&path, DatabaseKey::new([7; 32]), Groups::default()).await.unwrap();
        let me = Keys::generate();
        let keys = me.clone();
        let mut members: Vec<Member> =
            members.iter().map(|(public_key, is_admin)| Member { public_key: *public_key, is_admin: *is_admin }).collect();
        members.push(Member { public_key: me.public_key(), is_admin: true });
        let chat = db.write(move |tx, groups| {
            let device = Device::create(&keys, NOW)?;
            device.save(tx)?;
            let new = NewGroup { name: name.into(), description: String::new(), relays: vec!["wss://relay.example".into()] };
            let (group, _) = Group::create(tx, &device, new, &[], NOW)?;
            let view = group.view();
            let record = ChatRecord {
                id: ChatId::NEW,
                group: group.id().clone(),
                state: ChatState::Active,
                name: view.name.clone(),
                description: view.description.clone(),
                epoch: group.epoch(),
                relays: view.relays.clone(),
                routing: view.routing,
                retention: 0,
                avatar: String::new(),
                created_at: NOW,
                joined_at: NOW,
                last_activity: NOW,
                read: MessageId(0),
                inviter: None,
                needs_self_update_at: None,
            };
            groups.set_device(device);
            groups.insert(group);
            let chat = tx.insert_chat(&record)?;
            let (name, relays, routing) = (view.name, view.relays, view.routing);
            let (description, avatar) = (String::new(), String::new());
            tx.update_chat(chat, &ChatProjection { name, description, epoch: Epoch(0), relays, routing, retention: 0, avatar, members })?;
            Ok::<_, Error>(chat)
        });
        let chat = chat.await.unwrap();
        Self { db, me, chat, _folder: folder }
    }

    async fn hear(&self, event: &InnerEvent) {
        self.hear_expiring(event, None).await;
    }

    async fn hear_expiring(&self, event: &InnerEvent, expires_at: Option<u64>) {
        let (event, keys, chat) = (event.clone(), self.me.clone(), self.chat);
        let heard = self.db.write(move |tx, groups| {
            let mut changes = Changes::default();
            let chat = tx.chat(chat)?.unwrap();
            let digest = Digest::of(event.json().as_bytes());
            let received = Received { sender: event.author(), event, epoch: Epoch(0), branch: digest, digest, expires_at };
            Taking::new(tx, groups, &mut changes, &keys, NOW).message(&chat, received)
        });
        heard.await.unwrap();
    }

    async fn views(&self) -> Vec<murmel_ipc::MessageView> {
        let (me, chat) = (self.me.public_key(), self.chat);
        let views = self.db.read(move |tx, _| {
            let mut rows = tx.message_page(chat, None, 100)?;
            rows.reverse();
            views::messages(tx, me, chat, &rows)
        });
        views.await.unwrap()
    }

    async fn unread(&self) -> u64 {
        let chat = self.chat;
        self.db.read(move |tx, _| Ok::<_, Error>(tx.unread_count(chat)?)).await.unwrap()
    }
}

fn about(author: PublicKey, at: u64, kind: u16, target: &InnerEvent, content: &str) -> InnerEvent {
    InnerEvent::new(author, at, kind, vec![vec!["e".into(), target.id().to_hex()]], content.into())
}

struct Shown {
    text: String,
    edited: bool,
    deleted: bool,
    reactions: Vec<(String, u32)>,
}

fn shown(views: &[murmel_ipc::MessageView]) -> Vec<Shown> {
    views
        .iter()
        .map(|view| match &view.kind {
            MessageKind::Text { text, edited, deleted, reactions, .. } => Shown {
                text: text.clone(),
                edited: *edited,
                deleted: *deleted,
                reactions: reactions.iter().map(|one| (one.emoji.clone(), one.count)).collect(),
            },
            MessageKind::System { .. } => panic!("a system row"),
        })
        .collect()
}

fn people<const N: usize>() -> [PublicKey; N] {
    std::array::from_fn(|_| Keys::generate().public_key())
}

#[tokio::test]
async fn reactions_are_counted_per_person_and_can_be_taken_back() {
    let [anna, ben] = people();
    let scene = Scene::new("Garden", &[(anna, false), (ben, false)]).await;
    let text = InnerEvent::text(anna, NOW, "hello".into(), &[]);
    let (once, twice, other) = (
        about(anna, NOW, KIND_REACTION, &text, "👍"),
        about(anna, NOW + 1, KIND_REACTION, &text, "👍"),
        about(ben, NOW, KIND_REACTION, &text, "👍"),
    );
    let back = about(ben, NOW + 2, KIND_DELETE, &other, "");
    for event in [&text, &once, &twice, &other] {
        scene.hear(event).await;
    }
    assert_eq!(shown(&scene.views().await)[0].reactions, [("👍".to_owned(), 2)]);
    scene.hear(&back).await;
    assert_eq!(shown(&scene.views().await)[0].reactions, [("👍".to_owned(), 1)]);
    for bad in ["", " 👍", "a\u{7}", &"x".repeat(65)] {
        scene.hear(&about(ben, NOW + 3, KIND_REACTION, &text, bad)).await;
    }
    assert_eq!(shown(&scene.views().await)[0].reactions, [("👍".to_owned(), 1)]);
    assert_eq!(scene.unread().await, 1);
}

#[tokio::test]
async fn a_reaction_that_was_taken_back_before_it_came_is_not_shown() {
    let [anna, ben] = people();
    let scene = Scene::new("Garden", &[(anna, false), (ben, false)]).await;
    let text = InnerEvent::text(anna, NOW, "hello".into(), &[]);
    let reaction = about(ben, NOW, KIND_REACTION, &text, "👍");
    let back = about(ben, NOW, KIND_DELETE, &reaction, "");
    let foreign = about(anna, NOW, KIND_DELETE, &reaction, "");
    for event in [&text, &foreign, &reaction] {
        scene.hear(event).await;
    }
    assert_eq!(shown(&scene.views().await)[0].reactions.len(), 1);
    scene.hear(&back).await;
    assert!(shown(&scene.views().await)[0].reactions.is_empty());
}

#[tokio::test]
async fn the_newest_edit_of_the_same_author_wins_in_every_order() {
    let [anna, ben] = people();
    let text = InnerEvent::text(anna, NOW - 9, "one".into(), &[]);
    let edits = [
        about(anna, NOW - 5, KIND_EDIT, &text, "two"),
        about(anna, NOW - 4, KIND_EDIT, &text, "three"),
        about(ben, NOW - 1, KIND_EDIT, &text, "forged"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let scene = Scene::new("Garden", &[(anna, false), (ben, true)]).await;
        scene.hear(&edits[order[0]]).await;
        scene.hear(&text).await;
        scene.hear(&edits[order[1]]).await;
        scene.hear(&edits[order[2]]).await;
        let shown = shown(&scene.views().await);
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].text.as_str(), shown[0].edited), ("three", true), "{order:?}");
        assert_eq!(scene.unread().await, 1);
    }
}

#[tokio::test]
async fn messages_are_deleted_by_their_author_or_an_admin_and_by_nobody_else() {
    let [anna, ben, cleo] = people();
    let text = InnerEvent::text(anna, NOW, "hello".into(), &[]);
    for (who, gone) in [(anna, true), (ben, true), (cleo, false)] {
        for deletion_first in [false, true] {
            let scene = Scene::new("Garden", &[(anna, false), (ben, true), (cleo, false)]).await;
            let deletion = about(who, NOW, KIND_DELETE, &text, "");
            let (first, second) = if deletion_first { (&deletion, &text) } else { (&text, &deletion) };
            scene.hear(first).await;
            scene.hear(second).await;
            let shown = shown(&scene.views().await);
            assert_eq!((shown[0].deleted, shown[0].text.is_empty()), (gone, gone));
            assert_eq!(scene.unread().await, u64::from(!gone));
        }
    }
}

#[tokio::test]
async fn an_admin_of_a_direct_chat_deletes_nothing_of_the_other() {
    let [anna] = people();
    let scene = Scene::new("", &[(anna, true)]).await;
    let mine = InnerEvent::text(scene.me.public_key(), NOW, "mine".into(), &[]);
    scene.hear(&mine).await;
    scene.hear(&about(anna, NOW, KIND_DELETE, &mine, "")).await;
    assert!(!shown(&scene.views().await)[0].deleted);
}

#[tokio::test]
async fn a_reply_quotes_what_it_answers_as_it_reads_now() {
    let [anna, ben] = people();
    let scene = Scene::new("Garden", &[(anna, false), (ben, false)]).await;
    let text = InnerEvent::text(anna, NOW - 2, "first\nline".into(), &[]);
    let reply = InnerEvent::reply(ben, NOW - 1, "answer".into(), text.id(), &[]);
    let orphan = InnerEvent::reply(ben, NOW, "to nobody".into(), EventId::all_zeros(), &[]);
    for event in [&reply, &text, &orphan, &about(anna, NOW, KIND_EDIT, &text, "better")] {
        scene.hear(event).await;
    }
    let views = scene.views().await;
    let quotes: Vec<_> = views
        .iter()
        .map(|view| match &view.kind {
            MessageKind::Text { reply_to, quote, .. } => (*reply_to, quote.clone()),
            MessageKind::System { .. } => panic!("a system row"),
        })
        .collect();
    assert_eq!(quotes, [(None, None), (Some(views[0].id), Some(excerpt("better"))), (None, None)]);
}

fn excerpt(text: &str) -> murmel_ipc::Excerpt {
    murmel_ipc::Excerpt::Text { text: text.into() }
}

#[tokio::test]
async fn what_is_not_for_display_is_not_displayed() {
    let [anna] = people();
    let scene = Scene::new("Garden", &[(anna, true)]).await;
    for kind in [0, 1, 3, 444, 445, 447, 448, 449, 1018, 1059, 1200, KIND_SYSTEM, 30_443] {
        scene.hear(&InnerEvent::new(anna, NOW, kind, vec![], r#"{"event":"created"}"#.into())).await;
    }
    scene.hear_expiring(&InnerEvent::text(anna, NOW, "over".into(), &[]), Some(NOW)).await;
    assert!(scene.views().await.is_empty());
    assert_eq!(scene.unread().await, 0);
}

#[tokio::test]
async fn a_clock_that_is_ahead_does_not_pin_its_messages_to_the_end() {
    let [anna, ben] = people();
    let scene = Scene::new("Garden", &[(anna, false), (ben, false)]).await;
    scene.hear(&InnerEvent::text(anna, u64::MAX / 4, "from the future".into(), &[])).await;
    scene.hear(&InnerEvent::text(ben, NOW + 1, "a second later".into(), &[])).await;
    let texts: Vec<_> = shown(&scene.views().await).into_iter().map(|shown| shown.text).collect();
    assert_eq!(texts, ["from the future", "a second later"]);
}

#[tokio::test]
async fn a_message_counts_once_however_often_it_comes() {
    let [anna] = people();
    let scene = Scene::new("Garden", &[(anna, false)]).await;
    let text = InnerEvent::text(anna, NOW, "once".into(), &[]);
    for _ in 0..3 {
        scene.hear(&text).await;
    }
    assert_eq!(scene.views().await.len(), 1);
    assert_eq!(scene.unread().await, 1);
}

#[tokio::test]
async fn the_chat_list_names_a_nameless_group_after_its_members_and_previews_one_line() {
    let [anna] = people();
    let scene = Scene::new("", &[(anna, false)]).await;
    scene.hear(&InnerEvent::text(anna, NOW, "a\n\u{202e}b".into(), &[])).await;
    let (me, chat) = (scene.me.public_key(), scene.chat);
    let row = scene.db.read(move |tx, _| views::chat(tx, me, &tx.chat(chat)?.unwrap())).await.unwrap();
    let short = crate::people::short_npub(&anna);
    assert_eq!((row.name, row.preview, row.preview_sender), (short.clone(), Some(excerpt("a b")), short));
    assert_eq!((row.unread, row.failed, row.members), (1, 0, 2));
}
