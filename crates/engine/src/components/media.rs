use nostr::Url;

use crate::encoding::{Malformed, Reader, Writer};

/// Component 0x800b: where a group keeps its encrypted media, second format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPolicy {
    kinds: Vec<String>,
    endpoints: Vec<(String, String)>,
}

impl MediaPolicy {
    const FORMAT: &str = "encrypted-media-v2";
    /// Most kinds, and most endpoints.
    const MAX: usize = 16;
    const MAX_KIND: usize = 64;
    const MAX_URL: usize = 2048;
    const BLOSSOM: &str = "blossom-v1";
    /// The Blossom servers that White Noise's groups start with, in its order.
    const DEFAULT_SERVERS: [&str; 3] = ["https://blossom.divine.video/", "https://blossom.ditto.pub/", "https://cdn.hzrd149.com/"];

    /// The policy of groups that we create.
    pub fn default_servers() -> Self {
        Self {
            kinds: vec![Self::BLOSSOM.to_owned()],
            endpoints: Self::DEFAULT_SERVERS.iter().map(|url| (Self::BLOSSOM.to_owned(), (*url).to_owned())).collect(),
        }
    }

    /// From canonical bytes. Kinds and endpoints keep their order, which is significant.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.text(Self::FORMAT.len())? != Self::FORMAT {
            return Err(Malformed);
        }
        let kinds = reader.list(Self::MAX, |r| r.text(Self::MAX_KIND).map(str::to_owned))?;
        let endpoints = reader.list(Self::MAX, |r| Ok((r.text(Self::MAX_KIND)?.to_owned(), r.text(Self::MAX_URL)?.to_owned())))?;
        reader.finish()?;
        let policy = Self { kinds, endpoints };
        if policy.is_valid() { Ok(policy) } else { Err(Malformed) }
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .vector(Self::FORMAT.as_bytes())
            .list(&self.kinds, |w, kind| w.vector(kind.as_bytes()))
            .list(&self.endpoints, |w, (kind, url)| w.vector(kind.as_bytes()).vector(url.as_bytes()))
            .into_bytes()
    }

    /// Kind and base URL of each server, first choice first.
    pub fn endpoints(&self) -> &[(String, String)] {
        &self.endpoints
    }

    fn is_valid(&self) -> bool {
        !self.kinds.is_empty()
            && !self.endpoints.is_empty()
            && unique(&self.kinds)
            && unique(&self.endpoints)
            && self.kinds.iter().all(|kind| is_kind(kind))
            && self.endpoints.iter().all(|(kind, url)| self.kinds.contains(kind) && is_server(url))
    }
}

fn unique<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().all(|(i, item)| !items.iter().skip(i + 1).any(|other| other == item))
}

fn is_kind(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_server(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && url.query().is_none()
            && url.as_str() == text
    })
}

/// The canonical form of a media type: without parameters, in lower case, `image/jpg` as `image/jpeg`. `None` where it is none.
pub fn canonical_mime(text: &str) -> Option<String> {
    const MAX_PART: usize = 64;
    const MAX: usize = 128;
    let essence = text.split(';').next().unwrap_or_default();
    let essence = essence.trim_matches(['\t', '\n', '\x0c', '\r', ' ']).to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let is_token = |part: &str| {
        (1..=MAX_PART).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    if essence.len() > MAX || !is_token(kind) || !is_token(subtype) {
        return None;
    }
    Some(if essence == "image/jpg" { "image/jpeg".to_owned() } else { essence })
}
