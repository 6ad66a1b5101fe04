//! The content of an application message: a Nostr event without a signature, authenticated by MLS instead.
//! Whether the author is the MLS sender is checked by whoever received it.

use nostr::{EventId, Kind, PublicKey, Tag, Tags, Timestamp};
use serde::{Deserialize, Serialize};

use crate::encoding::Malformed;

/// Kinds of inner events.
pub mod kind {
    /// Chat message.
    pub const CHAT: u16 = 9;
    /// Reaction.
    pub const REACTION: u16 = 7;
    /// Deletion of own messages or reactions.
    pub const DELETE: u16 = 5;
    /// Replacement of an own message's text.
    pub const EDIT: u16 = 1009;
    /// Something happened to the group; made by each client for itself, never sent.
    pub const SYSTEM: u16 = 1210;
}

/// The JSON object, its keys in the order in which White Noise writes them. Exactly these keys: a `sig`, an unknown or a doubled one is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    id: String,
    pubkey: String,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
}

/// An event whose id is the hash of its fields (NIP-01), without a signature.
#[derive(Clone, PartialEq, Eq)]
pub struct InnerEvent {
    id: EventId,
    author: PublicKey,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
    json: String,
}

/// Messages must not reach a log.
impl std::fmt::Debug for InnerEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InnerEvent").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl InnerEvent {
    /// Computes the id. `created_at` in Unix seconds; empty tags are left out.
    pub fn new(author: PublicKey, created_at: u64, kind: u16, mut tags: Vec<Vec<String>>, content: String) -> Self {
        tags.retain(|tag| !tag.is_empty());
        let id = event_id(&author, created_at, kind, &tags, &content).unwrap_or_else(EventId::all_zeros);
        let json = Json { id: id.to_hex(), pubkey: author.to_hex(), created_at, kind, tags, content };
        let text = serde_json::to_string(&json).unwrap_or_default();
        Self { id, author, created_at, kind, tags: json.tags, content: json.content, json: text }
    }

    /// A chat message.
    pub fn text(author: PublicKey, created_at: u64, text: String, mentions: &[PublicKey]) -> Self {
        Self::new(author, created_at, kind::CHAT, mention_tags(mentions).collect(), text)
    }

    /// A chat message that answers `parent`.
    pub fn reply(author: PublicKey, created_at: u64, text: String, parent: EventId, mentions: &[PublicKey]) -> Self {
        let reference = ["e", "q"].map(|name| vec![name.to_owned(), parent.to_hex()]);
        Self::new(author, created_at, kind::CHAT, reference.into_iter().chain(mention_tags(mentions)).collect(), text)
    }

    /// From the plaintext of an application message.
    pub fn parse(plaintext: &[u8]) -> Result<Self, Malformed> {
        // No envelope holds more; whoever calls this need not have had one.
        if plaintext.len() > crate::envelope::MAX_CONTENT {
            return Err(Malformed);
        }
        let text = std::str::from_utf8(plaintext).map_err(|_| Malformed)?;
        // Serde would take the fields as an array, too.
        if !text.trim_start().starts_with('{') {
            return Err(Malformed);
        }
        let json: Json = serde_json::from_str(text).map_err(|_| Malformed)?;
        let author = lower_hex(&json.pubkey).and_then(|bytes| PublicKey::from_slice(&bytes).ok()).ok_or(Malformed)?;
        let id = lower_hex(&json.id).map(EventId::from_byte_array).ok_or(Malformed)?;
        if event_id(&author, json.created_at, json.kind, &json.tags, &json.content) != Some(id) {
            return Err(Malformed);
        }
        let Json { created_at, kind, tags, content, .. } = json;
        Ok(Self { id, author, created_at, kind, tags, content, json: text.to_owned() })
    }

    /// The NIP-01 id.
    pub const fn id(&self) -> EventId {
        self.id
    }

    /// Who claims to have written it.
    pub const fn author(&self) -> PublicKey {
        self.author
    }

    /// Unix seconds, as the author states them.
    pub const fn created_at(&self) -> u64 {
        self.created_at
    }

    /// The Nostr kind.
    pub const fn kind(&self) -> u16 {
        self.kind
    }

    /// The tags.
    pub fn tags(&self) -> &[Vec<String>] {
        &self.tags
    }

    /// The content.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// The object as it is encrypted, or as it arrived.
    pub fn json(&self) -> &str {
        &self.json
    }
}

fn mention_tags(mentions: &[PublicKey]) -> impl Iterator<Item = Vec<String>> + '_ {
    mentions.iter().map(|key| vec!["p".to_owned(), key.to_hex()])
}

fn lower_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    hex::decode(text).ok()?.try_into().ok()
}

/// `None` for tags that Nostr does not allow: empty ones.
fn event_id(author: &PublicKey, created_at: u64, kind: u16, tags: &[Vec<String>], content: &str) -> Option<EventId> {
    let tags: Tags = tags.iter().map(|tag| Tag::parse(tag.clone()).ok()).collect::<Option<Vec<_>>>().map(Tags::from_list)?;
    Some(EventId::new(author, &Timestamp::from_secs(created_at), &Kind::from_u16(kind), &tags, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(hex: &str) -> PublicKey {
        PublicKey::from_hex(hex).unwrap()
    }

    #[test]
    fn vectors_a9_a_system_row() {
        let g = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let content = format!(r#"{{"v":1,"system_type":"group_disbanded","text":"Group disbanded","data":{{"actor":"{g}"}}}}"#);
        let event = InnerEvent::new(author(g), 1_700_000_000, kind::SYSTEM, vec![vec!["system".into(), "group_disbanded".into()]], content);
        assert_eq!(event.id().to_hex(), "126e47076e4d0a75ed260b279c33ed433acd764fc80e2de2e0315a64116d1f52");
    }

    #[test]
    fn vectors_a12_a_chat_message() {
        let key = author("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
        let event = InnerEvent::text(key, 1_700_000_000, "hi".into(), &[]);
        assert_eq!(event.id().to_hex(), "8f9ad6c50e6affce42de1416e33e0a0753350f1c7e1ec64b8fa334efc11dce12");
        assert_eq!(InnerEvent::parse(event.json().as_bytes()), Ok(event));
    }

    #[test]
    fn every_kind_of_character_survives() {
        let key = author("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
        let text = "tab\t newline\n quote\" back\\ slash/ bell\u{7} null\u{0} ü 漢 👩‍👩‍👧 \u{202e}";
        let event = InnerEvent::text(key, 1, text.into(), &[key]);
        let parsed = InnerEvent::parse(event.json().as_bytes()).unwrap();
        assert_eq!((parsed.content(), parsed.id()), (text, event.id()));
    }

    #[test]
    fn only_the_six_keys_once_each_are_accepted() {
        let key = author("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
        let json = InnerEvent::text(key, 1, "hi".into(), &[]).json().to_owned();
        assert!(InnerEvent::parse(json.as_bytes()).is_ok());
        let fields: serde_json::Value = serde_json::from_str(&json).unwrap();
        let as_array = serde_json::json!(["id", "pubkey", "created_at", "kind", "tags", "content"].map(|name| &fields[name])).to_string();
        let hostile = [
            json.replacen('{', r#"{"sig":"00","#, 1),
            json.replacen('{', r#"{"kind":9,"#, 1),
            json.replacen('{', r#"{"extra":1,"#, 1),
            json.replacen("\"hi\"", "\"ho\"", 1),
            json.replacen("f9308a", "F9308A", 1),
            json.replacen("\"kind\":9", "\"kind\":70000", 1),
            json.replacen("\"tags\":[]", "\"tags\":[[]]", 1),
            format!("{json} x"),
            "[]".repeat(1000),
            as_array,
            "[".repeat(100_000),
        ];
        for text in hostile {
            assert!(InnerEvent::parse(text.as_bytes()).is_err(), "{}", text.chars().take(80).collect::<String>());
        }
        assert!(InnerEvent::parse(&[0xff, 0xfe]).is_err());
    }
}
