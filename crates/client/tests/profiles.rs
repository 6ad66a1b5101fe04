//! What people say about themselves: published, looked up, verified, found, and never taken for who they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{DEADLINE, Person, relay};
use murmel_ipc::{AddressState, ErrorCode, Obstacle, PersonView, ProfileFields};
use murmel_net::{Answer, DialPolicy, EmbeddedRelay, Lane, Net, NetOptions, RelayAddress};
use nostr::{Event, EventBuilder, Filter, Keys, Kind, PublicKey, Tag, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Somebody whose client looks people up at once.
async fn curious(name: &'static str, relays: &[String]) -> Person {
    let mut person = Person::named(name, relays);
    person.housekeeping.people_first = Duration::ZERO;
    person.housekeeping.people_rest = Duration::from_millis(20);
    person.begin().await;
    person.set_up().await;
    person
}

/// Somebody whose client asks nobody by itself.
async fn incurious(name: &'static str, relays: &[String]) -> Person {
    let mut person = Person::named(name, relays);
    person.housekeeping.people_first = Duration::from_secs(1_000_000);
    person.begin().await;
    person.set_up().await;
    person
}

fn named(name: &str) -> ProfileFields {
    ProfileFields { name: name.into(), ..ProfileFields::default() }
}

fn key_of(person: &Person) -> PublicKey {
    PublicKey::parse(&person.npub).unwrap()
}

fn wire() -> Net {
    Net::new(NetOptions { dial: DialPolicy::AllowLoopback, ..NetOptions::default() }).0
}

async fn publish(relay: &EmbeddedRelay, event: &Event) {
    let answer = wire().publish(Lane::Group, relay.url(), event, DEADLINE).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
}

/// The newest profile of somebody that a relay has.
async fn on(relay: &RelayAddress, who: PublicKey) -> Option<Event> {
    let filter = Filter::new().author(who).kind(Kind::Metadata);
    wire().fetch(Lane::Group, std::slice::from_ref(relay), filter, DEADLINE).await.events.into_iter().next()
}

/// A web host that says of every name what `body` says now.
async fn host(body: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = [0; 4_096];
            let _ = stream.read(&mut read).await;
            let body = body.lock().unwrap().clone();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

fn names(name: &str, key: PublicKey) -> String {
    serde_json::json!({ "names": { name: key.to_hex() } }).to_string()
}

async fn found(person: &Person, text: &str) -> Vec<String> {
    person.client().find_people(text).await.unwrap().into_iter().map(|one| one.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_that_somebody_published_is_shown_wherever_they_are() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (curious("Anna", &relays).await, curious("Ben", &relays).await);
    let chat = anna.create_group("Garden", &[&ben]).await;
    let request = ben.request("Garden").await;
    anna.client().set_profile(named("Anna Adler")).await.unwrap();
    ben.client().accept(&request.id).await.unwrap();
    anna.say(&chat, "hello").await;
    ben.hears(&chat, "hello").await;
    // Her profile came after Ben had looked, or before: asked for, it is there at once.
    let card = ben.client().refresh_person(&anna.npub).await.unwrap();
    assert_eq!((card.name.as_str(), card.profile_name.as_str(), card.address), ("Anna Adler", "Anna Adler", None));
    assert_eq!(ben.hears(&chat, "hello").await.sender_name, "Anna Adler");
    ben.sees(&chat, "Anna's name among the members", |group| group.members.iter().any(|one| one.name == "Anna Adler")).await;

    ben.client().set_nickname(&anna.npub, "Annie").await.unwrap();
    assert_eq!(ben.hears(&chat, "hello").await.sender_name, "Annie");
    ben.client().set_nickname(&anna.npub, "").await.unwrap();
    assert_eq!(ben.hears(&chat, "hello").await.sender_name, "Anna Adler");
    let murmel_ipc::Session::Ready { account } = anna.client().session() else { panic!() };
    assert_eq!(account.name, "Anna Adler", "her own computer calls her the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_in_chats_are_looked_up_without_being_asked_for() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (incurious("Anna", &relays).await, curious("Ben", &relays).await);
    anna.client().set_profile(named("Anna Adler")).await.unwrap();
    let chat = anna.create_group("Garden", &[&ben]).await;
    ben.until("the invitation names Anna", async |client| {
        client.requests().await.unwrap().into_iter().find(|one| one.inviter_name == "Anna Adler")
    })
    .await;
    ben.accept("Garden").await;
    ben.sees(&chat, "Anna's name among the members", |group| group.members.iter().any(|one| one.name == "Anna Adler")).await;
    let unasked = anna.client().person(&ben.npub).await.unwrap();
    assert_eq!(unasked.looked_at, None, "who does not look asks nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_published_over_what_was_read_and_an_earlier_one_comes_back_whole() {
    let relay = relay().await;
    let anna = incurious("Anna", &[relay.url().to_string()]).await;
    let fresh = anna.client().own_profile().await.unwrap();
    assert_eq!((fresh.fields.name.as_str(), fresh.published_at), ("Anna", None), "what she called herself here is proposed");

    anna.client().set_profile(ProfileFields { about: "Grows beans.".into(), ..named("Anna") }).await.unwrap();
    let first = on(relay.url(), key_of(&anna)).await.unwrap();
    // Another app of hers writes fields and tags of its own.
    let keys = other_app(&anna);
    let theirs = EventBuilder::new(Kind::Metadata, r#"{"name":"Anna","about":"Grows peas.","lud16":"anna@pay.example"}"#)
        .tag(Tag::parse(["i", "github:anna", "proof"]).unwrap())
        .custom_created_at(Timestamp::from_secs(first.created_at.as_secs() + 100))
        .sign_with_keys(&keys)
        .unwrap();
    publish(&relay, &theirs).await;

    let next = anna.client().set_profile(ProfileFields { about: "Grows leeks.".into(), ..named("Anna Adler") }).await.unwrap();
    assert_eq!((next.fields.name.as_str(), next.other_fields), ("Anna Adler", vec!["lud16".to_owned()]));
    let there = on(relay.url(), key_of(&anna)).await.unwrap();
    assert_eq!(Some(there.created_at.as_secs()), next.published_at);
    assert!(there.created_at > theirs.created_at);
    assert!(there.content.contains("anna@pay.example") && there.content.contains("Grows leeks."));
    assert_eq!(there.tags, theirs.tags);

    let versions = anna.client().profile_versions().await.unwrap();
    assert_eq!(versions.iter().map(|one| one.fields.about.as_str()).collect::<Vec<_>>(), ["Grows peas.", "Grows beans."]);
    let back = anna.client().restore_profile(&versions[0].id).await.unwrap();
    assert_eq!((back.fields.about.as_str(), back.fields.name.as_str()), ("Grows peas.", "Anna"));
    let there = on(relay.url(), key_of(&anna)).await.unwrap();
    let fields = |event: &Event| serde_json::from_str::<serde_json::Value>(&event.content).unwrap();
    assert_eq!((fields(&there), &there.tags), (fields(&theirs), &theirs.tags));
    let unknown = anna.client().restore_profile(&"0".repeat(64)).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::NotFound);
}

/// The keys of somebody, as another app of theirs has them.
fn other_app(person: &Person) -> Keys {
    use murmel_client::Keychain as _;
    let item = person.keychain.read(&person.npub).unwrap().unwrap();
    let text = item.strip_prefix(b"murmel1:").unwrap();
    let raw = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
    Keys::new(nostr::SecretKey::from_slice(&raw[..32]).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_relay_nothing_is_published_over_what_could_not_be_read() {
    let relay = relay().await;
    let mut anna = Person::named("Anna", &[relay.url().to_string()]);
    anna.pace.fetch = Duration::from_millis(300);
    anna.begin().await;
    anna.set_up().await;
    relay.stop().await;
    let refused = anna.client().set_profile(named("Anna Adler")).await.unwrap_err();
    assert_eq!((refused.code, refused.retryable), (ErrorCode::Offline, true));
    let profile = anna.client().own_profile().await.unwrap();
    assert_eq!((profile.fields.name.as_str(), profile.published_at), ("Anna", None));
    assert_eq!(
        anna.client().refresh_person(&PublicKey::from_slice(&[2; 32]).unwrap().to_hex()).await.unwrap_err().code,
        ErrorCode::Offline
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_believed_when_its_host_names_the_person_and_only_then() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (incurious("Anna", &relays).await, incurious("Ben", &relays).await);
    let said = Arc::new(Mutex::new(names("anna", key_of(&anna))));
    let address = format!("anna@{}", host(Arc::clone(&said)).await);
    anna.client().set_profile(ProfileFields { address: address.clone(), ..named("Anna") }).await.unwrap();

    let card = ben.client().refresh_person(&anna.npub).await.unwrap();
    assert_eq!((card.address.as_deref(), card.address_state), (Some(address.as_str()), AddressState::Unknown), "nobody is asked unasked");
    let verify = async || -> PersonView { ben.client().verify_address(&anna.npub).await.unwrap() };
    assert_eq!(verify().await.address_state, AddressState::Verified);
    for lie in [names("anna", key_of(&ben)), names("ben", key_of(&anna)), r#"{"names":{}}"#.into()] {
        *said.lock().unwrap() = lie;
        assert_eq!(verify().await.address_state, AddressState::Refuted);
    }
    // A host that talks nonsense says nothing about anybody.
    *said.lock().unwrap() = "<html>".into();
    assert_eq!(ben.client().verify_address(&anna.npub).await.unwrap_err().code, ErrorCode::Offline);
    assert_eq!(ben.client().person(&anna.npub).await.unwrap().address_state, AddressState::Refuted);
    assert_eq!(ben.client().verify_address(&ben.npub).await.unwrap_err().code, ErrorCode::InvalidInput);

    // Found by the address, which is thereby verified; a name that the host does not know is nobody.
    *said.lock().unwrap() = names("anna", key_of(&anna));
    let by_address = ben.client().find_person(&address.to_uppercase()).await.unwrap();
    assert_eq!((by_address.npub.as_str(), by_address.address_state), (anna.npub.as_str(), AddressState::Verified));
    assert_eq!(ben.client().find_person(&address.replace("anna@", "carla@")).await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_name_nickname_address_and_key_but_not_who_is_blocked() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let anna = incurious("Anna", &relays).await;
    let (ben, carla) = (incurious("Ben", &relays).await, incurious("Carla", &relays).await);
    for (person, name, address) in [(&ben, "Benedikt Blau", "ben@blau.example"), (&carla, "Carla", "")] {
        person.client().set_profile(ProfileFields { address: address.into(), ..named(name) }).await.unwrap();
        anna.client().find_person(&format!("nostr:{}", person.npub)).await.unwrap();
    }
    anna.client().set_nickname(&carla.npub, "Blue Carla").await.unwrap();
    assert_eq!(found(&anna, "bene").await, ["Benedikt Blau"]);
    assert_eq!(found(&anna, "BL").await, ["Blue Carla", "Benedikt Blau"], "whom she knows and whose name begins so comes first");
    assert_eq!(found(&anna, "blau.ex").await, ["Benedikt Blau"]);
    assert_eq!(found(&anna, &ben.npub[..12]).await, ["Benedikt Blau"]);
    assert_eq!(found(&anna, "").await, ["Blue Carla"], "those she knows");
    let stranger = Keys::generate().public_key().to_hex();
    assert_eq!(anna.client().find_people(&stranger).await.unwrap()[0].pubkey, stranger, "a whole key names somebody, known or not");
    assert_eq!(found(&anna, "nobody").await, Vec::<String>::new());
    assert_eq!(found(&anna, "anna").await, Vec::<String>::new(), "not herself");
    anna.client().block(&ben.npub).await.unwrap();
    assert_eq!(found(&anna, "bene").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conversation_for_each_pair_of_people_is_found_again_and_never_made_twice() {
    let relay = relay().await;
    let relays = [relay.url().to_string()];
    let (anna, ben) = (incurious("Anna", &relays).await, incurious("Ben", &relays).await);
    let (one, two) = tokio::join!(anna.client().conversation_with(&ben.npub), anna.client().conversation_with(&ben.npub));
    let chat = one.unwrap();
    assert_eq!(two.unwrap(), chat, "two presses of a button");
    anna.say(&chat, "just us").await;
    let request = ben.request("").await;
    assert!(request.direct);
    ben.client().accept(&request.id).await.unwrap();
    ben.hears(&chat, "just us").await;
    assert_eq!(ben.client().conversation_with(&anna.npub).await.unwrap(), chat, "from the other side, too");
    assert_eq!(ben.client().person(&anna.npub).await.unwrap().conversation, Some(chat.clone()));
    assert_eq!(anna.client().chats().await.unwrap().len(), 1);
    assert_eq!(anna.client().conversation_with(&anna.npub).await.unwrap_err().code, ErrorCode::InvalidInput);

    // Somebody who has published nothing: no empty conversation is left behind.
    let stranger = Keys::generate().public_key();
    let answers = anna.client().can_invite(vec![ben.npub.clone(), stranger.to_hex()]).await.unwrap();
    let obstacles: Vec<_> = answers.iter().map(|one| one.refusal.as_ref().map(|refusal| refusal.obstacle)).collect();
    assert_eq!(obstacles, [None, Some(Obstacle::NoInbox)]);
    assert_eq!(anna.client().conversation_with(&stranger.to_hex()).await.unwrap_err().code, ErrorCode::NoKeyPackage);
    assert_eq!(anna.client().chats().await.unwrap().len(), 1);
}
