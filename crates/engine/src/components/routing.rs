use nostr::Url;

use crate::RoutingId;
use crate::encoding::{Malformed, Reader, Writer, strictly_ascending};

/// Most relays of a group.
pub const MAX_RELAYS: usize = 16;
/// Longest relay URL, in bytes.
pub const MAX_RELAY_URL: usize = 512;

/// Whether `text` can be a relay's address: absolute, ws or wss, a host, no user and no fragment, at most [`MAX_RELAY_URL`] bytes.
/// Whether it is safe to dial is a question of local policy, not of validity.
pub fn is_relay_url(text: &str) -> bool {
    (1..=MAX_RELAY_URL).contains(&text.len())
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "ws" | "wss")
                && url.host_str().is_some_and(|host| !host.is_empty())
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
}

/// Component 0x8004: where a group's events are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    id: RoutingId,
    relays: Vec<String>,
}

impl Routing {
    /// Sorts the relays and removes duplicates. `None` unless 1 to [`MAX_RELAYS`] valid ones remain.
    pub fn new(id: RoutingId, relays: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut relays: Vec<_> = relays.into_iter().collect();
        relays.sort_unstable();
        relays.dedup();
        let valid = (1..=MAX_RELAYS).contains(&relays.len()) && relays.iter().all(|url| is_relay_url(url));
        valid.then_some(Self { id, relays })
    }

    /// From canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let id = RoutingId::new(reader.array()?);
        let relays = reader.list(MAX_RELAYS, |r| r.text(MAX_RELAY_URL).map(str::to_owned))?;
        reader.finish()?;
        if !strictly_ascending(&relays) {
            return Err(Malformed);
        }
        Self::new(id, relays).ok_or(Malformed)
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Writer::new().raw(self.id.as_bytes()).list(&self.relays, |w, url| w.vector(url.as_bytes())).into_bytes()
    }

    /// The value of the `h` tag.
    pub const fn id(&self) -> RoutingId {
        self.id
    }

    /// The relays, sorted.
    pub fn relays(&self) -> &[String] {
        &self.relays
    }
}
