//! The dial policy: which hosts, addresses and ports a socket may be opened to.
//! Never opens a socket itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which addresses may be dialled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DialPolicy {
    /// Public internet hosts over TLS only.
    #[default]
    Public,
    /// As [`DialPolicy::Public`], and also this computer itself, with or without TLS. The developer switch and tests use it.
    AllowLoopback,
    /// This computer and nothing else: the try-it conversation uses it.
    OnlyLoopback,
}

/// Why an address is not dialled. It is a rule of this program, not a fault of the network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialRefusal {
    /// Not a `ws` or `wss` address.
    #[error("only wss:// addresses are dialled")]
    Scheme,
    /// `ws` to another computer would travel in the clear.
    #[error("this relay offers no encryption (ws://); only wss:// addresses are dialled")]
    Unencrypted,
    /// A user name or a password in the address.
    #[error("an address with a user name or a password is not dialled")]
    UserInfo,
    /// A fragment in the address.
    #[error("an address with a fragment (#) is not dialled")]
    Fragment,
    /// No host in the address.
    #[error("the address names no host")]
    NoHost,
    /// Port 0, or a port that belongs to another service.
    #[error("port {0} is not dialled; relays use 443, 80 or a port from 1024 up")]
    Port(u16),
    /// A host on this computer.
    #[error("the address leads to this computer, which is not dialled")]
    Loopback,
    /// A name that only means something in a local network.
    #[error("the name {0} belongs to a local network, which is not dialled")]
    LocalName(String),
    /// A private, special or reserved address.
    #[error("the address {0} is private or special and is not dialled")]
    SpecialAddress(IpAddr),
    /// Every address that the name resolved to is private or special.
    #[error("the name {0} leads to private or special addresses only, which are not dialled")]
    ResolvesToSpecial(String),
    /// Another computer, where only this one is dialled.
    #[error("the conversation for trying out stays on this computer; {0} is not dialled")]
    Elsewhere(String),
    /// An onion address without a proxy would leak the name to the resolver.
    #[error("an .onion address needs a proxy; set one in the network settings")]
    OnionWithoutProxy,
}

/// What to do with a host that passed the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Dial this address.
    Address(IpAddr),
    /// Resolve this name, keep the addresses that [`DialPolicy::admits`], and dial one of exactly those.
    Name(String),
}

/// IPv4 blocks that are private, special or reserved: base and prefix length (Marmot host safety, RFC 6890).
const UNSAFE_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only IPv6 block with public hosts; everything outside is refused.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Special blocks inside [`GLOBAL_V6`]: protocol assignments with Teredo, documentation, 6to4.
const UNSAFE_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Name endings that are never public.
const LOCAL_ENDINGS: [&str; 5] = [".local", ".internal", ".lan", ".home.arpa", ".localdomain"];

/// First port that any program may listen on; below it only the web's own ports are dialled.
const FIRST_FREE_PORT: u16 = 1024;

impl DialPolicy {
    /// Checks everything that can be checked without resolving the name.
    ///
    /// # Errors
    /// When a rule forbids the address.
    pub(crate) fn check(self, url: &Url, proxied: bool) -> Result<Target, DialRefusal> {
        let encrypted = match url.scheme() {
            "wss" => true,
            "ws" => false,
            _ => return Err(DialRefusal::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DialRefusal::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(DialRefusal::Fragment);
        }
        check_port(url.port_or_known_default().unwrap_or(0))?;
        let (target, private_path) = match url.host().ok_or(DialRefusal::NoHost)? {
            Host::Ipv4(ip) => (self.check_address(IpAddr::V4(ip))?, is_loopback(IpAddr::V4(ip))),
            Host::Ipv6(ip) => (self.check_address(IpAddr::V6(ip))?, is_loopback(IpAddr::V6(ip))),
            Host::Domain(name) => self.check_name(name, proxied)?,
        };
        if encrypted || private_path { Ok(target) } else { Err(DialRefusal::Unencrypted) }
    }

    /// Whether a resolved address may be dialled.
    pub(crate) fn admits(self, ip: IpAddr) -> bool {
        match self {
            Self::Public => is_public(ip),
            Self::AllowLoopback => is_public(ip) || is_loopback(ip),
            Self::OnlyLoopback => is_loopback(ip),
        }
    }

    fn check_address(self, ip: IpAddr) -> Result<Target, DialRefusal> {
        if self.admits(ip) {
            Ok(Target::Address(ip))
        } else if is_loopback(ip) {
            Err(DialRefusal::Loopback)
        } else if self == Self::OnlyLoopback {
            Err(DialRefusal::Elsewhere(ip.to_string()))
        } else {
            Err(DialRefusal::SpecialAddress(ip))
        }
    }

    /// The target, and whether the path to it is private by itself, so that `ws` is good enough.
    fn check_name(self, name: &str, proxied: bool) -> Result<(Target, bool), DialRefusal> {
        let plain = name.trim_end_matches('.').to_ascii_lowercase();
        if plain.is_empty() {
            return Err(DialRefusal::NoHost);
        }
        if plain == "localhost" || plain.ends_with(".localhost") {
            // RFC 6761: these names mean loopback, whatever a resolver says.
            return match self {
                Self::AllowLoopback | Self::OnlyLoopback => Ok((Target::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)), true)),
                Self::Public => Err(DialRefusal::Loopback),
            };
        }
        if self == Self::OnlyLoopback {
            return Err(DialRefusal::Elsewhere(plain));
        }
        if plain.ends_with(".onion") {
            return if proxied { Ok((Target::Name(plain), true)) } else { Err(DialRefusal::OnionWithoutProxy) };
        }
        if !plain.contains('.') || LOCAL_ENDINGS.iter().any(|ending| plain.ends_with(ending)) {
            return Err(DialRefusal::LocalName(plain));
        }
        Ok((Target::Name(plain), false))
    }
}

fn check_port(port: u16) -> Result<(), DialRefusal> {
    if matches!(port, 80 | 443) || port >= FIRST_FREE_PORT { Ok(()) } else { Err(DialRefusal::Port(port)) }
}

/// Whether an address belongs to the public internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !UNSAFE_V4.iter().any(|block| within_v4(v4, *block)),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => within_v6(v6, GLOBAL_V6) && !UNSAFE_V6.iter().any(|block| within_v6(v6, *block)),
        },
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
    }
}

fn within_v4(ip: Ipv4Addr, (base, prefix): (Ipv4Addr, u32)) -> bool {
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    ip.to_bits() & mask == base.to_bits() & mask
}

fn within_v6(ip: Ipv6Addr, (base, prefix): (Ipv6Addr, u32)) -> bool {
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    ip.to_bits() & mask == base.to_bits() & mask
}

#[cfg(test)]
#[path = "dial/tests.rs"]
mod tests;
