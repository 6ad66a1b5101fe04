use nostr::Url;

use crate::encoding::{Malformed, Reader};

/// Component 0x8007: a group's picture by URL. Fetching it is a matter of consent, not of validity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    url: String,
}

impl Avatar {
    const MAX_URL: usize = 2048;
    const MAX_HINT: usize = 256;

    /// From canonical bytes: URL, dimension and thumbhash; an absent picture is three empty texts.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let url = reader.text(Self::MAX_URL)?;
        let dimension = reader.text(Self::MAX_HINT)?;
        let thumbhash = reader.text(Self::MAX_HINT)?;
        reader.finish()?;
        let valid = if url.is_empty() { dimension.is_empty() && thumbhash.is_empty() } else { is_https(url) };
        if valid { Ok(Self { url: url.to_owned() }) } else { Err(Malformed) }
    }

    /// The URL; `None` where there is no picture.
    pub fn url(&self) -> Option<&str> {
        (!self.url.is_empty()).then_some(self.url.as_str())
    }
}

fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.as_str() == text
    })
}
