use nostr::Url;

use crate::encoding::{Malformed, Reader, Writer};

/// Component 0x8007: a group's picture by URL. Fetching it is a matter of consent, not of validity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Avatar {
    url: String,
    dimension: String,
    thumbhash: String,
}

impl Avatar {
    const MAX_URL: usize = 2048;
    const MAX_HINT: usize = 256;

    /// A picture. `dimension` and `thumbhash` are hints of at most 256 bytes, empty where unknown.
    ///
    /// `None` unless the URL is https, has no user and no fragment, is at most 2,048 bytes long and spelt as WHATWG serialises it.
    pub fn new(url: String, dimension: String, thumbhash: String) -> Option<Self> {
        let valid = !url.is_empty() && url.len() <= Self::MAX_URL && is_https(&url);
        let hints = [&dimension, &thumbhash].into_iter().all(|hint| hint.len() <= Self::MAX_HINT);
        (valid && hints).then_some(Self { url, dimension, thumbhash })
    }

    /// No picture: three empty texts.
    pub fn none() -> Self {
        Self::default()
    }

    /// From canonical bytes: URL, dimension and thumbhash; an absent picture is three empty texts.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let url = reader.text(Self::MAX_URL)?.to_owned();
        let dimension = reader.text(Self::MAX_HINT)?.to_owned();
        let thumbhash = reader.text(Self::MAX_HINT)?.to_owned();
        reader.finish()?;
        if url.is_empty() && dimension.is_empty() && thumbhash.is_empty() {
            return Ok(Self::none());
        }
        Self::new(url, dimension, thumbhash).ok_or(Malformed)
    }

    /// To canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let parts = [&self.url, &self.dimension, &self.thumbhash];
        parts.into_iter().fold(Writer::new(), |writer, part| writer.vector(part.as_bytes())).into_bytes()
    }

    /// The URL; `None` where there is no picture.
    pub fn url(&self) -> Option<&str> {
        (!self.url.is_empty()).then_some(self.url.as_str())
    }

    /// Width and height as the author states them, such as `640x480`; empty where unknown.
    pub fn dimension(&self) -> &str {
        &self.dimension
    }

    /// A thumbhash as the author states it; empty where unknown.
    pub fn thumbhash(&self) -> &str {
        &self.thumbhash
    }
}

fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.as_str() == text
    })
}
