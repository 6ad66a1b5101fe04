//! Relay addresses: the one profile in which a relay may be named.
//! Never dials anything, and never rewrites an address.

use std::fmt;
use std::str::FromStr;

use nostr::RelayUrl;
use url::Url;

/// Longest relay address, in bytes (WIRE: Marmot relay URL profile).
pub const ADDRESS_BYTES_CAP: usize = 512;

/// A relay's address, kept byte for byte as it was written.
///
/// UTF-8 of at most [`ADDRESS_BYTES_CAP`] bytes, absolute, `ws` or `wss`, with a host, without user information and
/// without a fragment (Marmot: Nostr routing). Two addresses are equal when their bytes are; use
/// [`RelayAddress::same_relay`] to ask whether they lead to one relay. Whether an address may be *dialled* is
/// another question, answered by [`crate::DialPolicy`].
#[derive(Clone)]
pub struct RelayAddress {
    text: String,
    url: RelayUrl,
}

/// Why a text is not a relay address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelayAddressError {
    /// Nothing was given.
    #[error("the relay address is empty")]
    Empty,
    /// More than [`ADDRESS_BYTES_CAP`] bytes.
    #[error("the relay address is longer than {ADDRESS_BYTES_CAP} bytes")]
    TooLong,
    /// White space or a control character, which a lenient parser would drop in silence.
    #[error("the relay address contains a space or a control character")]
    Blank,
    /// Not an absolute URL with a host.
    #[error("this is not a relay address; it looks like wss://relay.example.com")]
    NotAUrl,
    /// A scheme other than `ws` or `wss`.
    #[error("a relay address starts with wss:// or ws://")]
    Scheme,
    /// A user name or a password in front of the host.
    #[error("a relay address must not contain a user name or a password")]
    UserInfo,
    /// A part after `#`.
    #[error("a relay address must not contain a fragment (#)")]
    Fragment,
}

/// Reads a relay address; the same as [`RelayAddress::parse`].
///
/// # Errors
/// When the text does not fit the profile of [`RelayAddress`].
pub fn relay_url(text: &str) -> Result<RelayAddress, RelayAddressError> {
    RelayAddress::parse(text)
}

impl RelayAddress {
    /// Reads a relay address and keeps its bytes.
    ///
    /// # Errors
    /// When the text does not fit the profile.
    pub fn parse(text: &str) -> Result<Self, RelayAddressError> {
        if text.is_empty() {
            return Err(RelayAddressError::Empty);
        }
        if text.len() > ADDRESS_BYTES_CAP {
            return Err(RelayAddressError::TooLong);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(RelayAddressError::Blank);
        }
        let url = Url::parse(text).map_err(|_| RelayAddressError::NotAUrl)?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(RelayAddressError::Scheme);
        }
        // A lenient parser also takes `wss:host` and back slashes; the profile wants the plain form.
        let (_, rest) = text.split_once("://").ok_or(RelayAddressError::NotAUrl)?;
        if text.contains('\\') || rest.starts_with('/') || url.host_str().is_none_or(str::is_empty) {
            return Err(RelayAddressError::NotAUrl);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(RelayAddressError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(RelayAddressError::Fragment);
        }
        let url = RelayUrl::parse(text).map_err(|_| RelayAddressError::NotAUrl)?;
        Ok(Self { text: text.to_owned(), url })
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether both addresses lead to the same relay, although they may be spelled differently.
    pub fn same_relay(&self, other: &Self) -> bool {
        self.url == other.url
    }

    pub(crate) fn dialled(&self) -> &RelayUrl {
        &self.url
    }
}

impl FromStr for RelayAddress {
    type Err = RelayAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelayAddress({})", self.text)
    }
}

impl PartialEq for RelayAddress {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RelayAddress {}

impl std::hash::Hash for RelayAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for RelayAddress {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RelayAddress {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_bytes() {
        for text in ["wss://Relay.Example.com", "wss://relay.example.com/", "ws://127.0.0.1:7799", "wss://r.example:443/a?b=c"] {
            assert_eq!(RelayAddress::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn spellings_differ_in_bytes_but_lead_to_one_relay() {
        let plain = RelayAddress::parse("wss://relay.example.com").unwrap();
        let slash = RelayAddress::parse("wss://RELAY.example.com:443/").unwrap();
        assert_ne!(plain, slash);
        assert!(plain.same_relay(&slash));
        assert!(!plain.same_relay(&RelayAddress::parse("wss://relay.example.org").unwrap()));
    }

    #[test]
    fn what_does_not_fit_the_profile_is_refused_with_the_reason() {
        let long = format!("wss://relay.example.com/{}", "a".repeat(ADDRESS_BYTES_CAP));
        let cases = [
            ("", RelayAddressError::Empty),
            (long.as_str(), RelayAddressError::TooLong),
            (" wss://relay.example.com", RelayAddressError::Blank),
            ("wss://relay.exa\tmple.com", RelayAddressError::Blank),
            ("wss://relay.example.com\n", RelayAddressError::Blank),
            ("relay.example.com", RelayAddressError::NotAUrl),
            ("wss:relay.example.com", RelayAddressError::NotAUrl),
            ("wss:\\\\relay.example.com", RelayAddressError::NotAUrl),
            ("wss:///relay.example.com", RelayAddressError::NotAUrl),
            ("wss://", RelayAddressError::NotAUrl),
            ("https://relay.example.com", RelayAddressError::Scheme),
            ("file:///etc/passwd", RelayAddressError::Scheme),
            ("wss://me@relay.example.com", RelayAddressError::UserInfo),
            ("wss://me:word@relay.example.com", RelayAddressError::UserInfo),
            ("wss://@relay.example.com", RelayAddressError::UserInfo),
            ("wss://relay.example.com/#top", RelayAddressError::Fragment),
            ("wss://relay.example.com#", RelayAddressError::Fragment),
        ];
        for (text, reason) in cases {
            assert_eq!(RelayAddress::parse(text).unwrap_err(), reason, "{text:?}");
        }
    }

    #[test]
    fn the_longest_address_still_fits() {
        let head = "wss://relay.example.com/";
        let text = format!("{head}{}", "a".repeat(ADDRESS_BYTES_CAP - head.len()));
        assert!(RelayAddress::parse(&text).is_ok());
    }
}
