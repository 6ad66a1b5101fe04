//! What real White Noise clients said, as people have to see it: the recordings' transcripts against our projection, in every order.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::people::short_npub;

fn recordings() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/recordings");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    files.iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(path))).collect()
}

fn key(hex: &Value) -> PublicKey {
    PublicKey::from_hex(hex.as_str().unwrap()).unwrap()
}

/// One message of the timeline, in the words of the transcripts.
fn line(view: &murmel_ipc::MessageView, ids: &[(i64, String)]) -> Value {
    let MessageKind::Text { text, edited, deleted, reactions, mentions, reply_to, .. } = &view.kind else { panic!("a system row") };
    let id = |message: i64| ids.iter().find(|(id, _)| *id == message).unwrap().1.clone();
    let mut line = serde_json::json!({
        "id": id(view.id),
        "sender": view.sender,
        "created_at": view.at,
        "text": if *deleted { None } else { Some(text) },
        "edited": edited,
        "deleted": deleted,
        "reactions": reactions.iter().map(|one| (one.emoji.clone(), Value::from(one.people.clone()))).collect::<serde_json::Map<_, _>>(),
    });
    if let Some(parent) = reply_to {
        line["reply_to"] = id(*parent).into();
    }
    if !mentions.is_empty() {
        line["mentions"] = mentions.iter().map(|one| one.npub.clone()).collect::<Vec<_>>().into();
    }
    line
}

/// The transcript with names and keys as the window has them.
fn expected(transcript: &Value) -> Vec<Value> {
    let mut lines = transcript.as_array().unwrap().clone();
    for line in &mut lines {
        for people in line["reactions"].as_object_mut().unwrap().values_mut() {
            *people = people.as_array().unwrap().iter().map(|who| short_npub(&key(who))).collect::<Vec<_>>().into();
        }
        if let Some(mentions) = line.get_mut("mentions") {
            *mentions = mentions.as_array().unwrap().iter().map(|who| crate::people::npub(&key(who))).collect::<Vec<_>>().into();
        }
    }
    lines
}

#[tokio::test]
async fn the_recorded_conversations_read_as_white_noise_shows_them() {
    let mut checked = 0;
    for (name, recording) in recordings() {
        let Some(transcript) = recording.get("transcript") else { continue };
        let said: Vec<InnerEvent> = recording["expected"]["application_events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| InnerEvent::parse(event.to_string().as_bytes()).unwrap())
            .collect();
        let people: std::collections::BTreeSet<PublicKey> = said.iter().map(InnerEvent::author).collect();
        let members: Vec<(PublicKey, bool)> = people.into_iter().map(|who| (who, true)).collect();
        for backwards in [false, true] {
            let scene = Scene::new("Recorded", &members).await;
            let mut order: Vec<&InnerEvent> = said.iter().collect();
            if backwards {
                order.reverse();
            }
            for event in order {
                scene.hear(event).await;
            }
            let views = scene.views().await;
            let mut ids = Vec::new();
            for view in &views {
                let id = MessageId(view.id);
                let event = scene.db.read(move |tx, _| Ok::<_, Error>(tx.message(id)?.unwrap().event_id)).await.unwrap();
                ids.push((view.id, event.to_hex()));
            }
            let mut lines: Vec<Value> = views.iter().map(|view| line(view, &ids)).collect();
            let mut wanted = expected(transcript);
            // Inside a second the order is that of arrival.
            let place = |line: &Value| (line["created_at"].as_u64().unwrap(), line["id"].as_str().unwrap().to_owned());
            lines.sort_by_key(place);
            wanted.sort_by_key(place);
            assert_eq!(lines, wanted, "{name}, backwards: {backwards}");
            checked += 1;
        }
    }
    assert_eq!(checked, 2 * 18);
}
