//! The way that every connection takes: directly, through one SOCKS5 proxy, or none at all.
//! Never falls back from a proxy to a direct connection.

use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

/// How connections leave this computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Route {
    /// Directly.
    #[default]
    Direct,
    /// Through a SOCKS5 proxy, which also resolves the names. When it does not answer, nothing is dialled.
    Proxy(Proxy),
    /// Not at all: what was chosen cannot be read, and guessing could give an address away.
    Closed,
}

/// A SOCKS5 proxy (RFC 1928).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    /// A name that is told to the proxy (RFC 1929), another one for each account: Tor leads different names over different circuits. A proxy
    /// that wants no name is told none. At most 200 bytes.
    pub isolation: Option<String>,
}

/// The route of a network and how often it was changed.
#[derive(Debug, Default)]
pub(crate) struct Routes(RwLock<(Route, u64)>);

impl Routes {
    pub(crate) fn new(route: Route) -> Self {
        Self(RwLock::new((route, 0)))
    }

    /// The route, and the number by which a change of it is noticed.
    pub(crate) fn now(&self) -> (Route, u64) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the route is still the one of this number.
    pub(crate) fn is(&self, number: u64) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).1 == number
    }

    /// Takes another route from now on; `false` where it is the same.
    pub(crate) fn set(&self, route: Route) -> bool {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if routes.0 == route {
            return false;
        }
        *routes = (route, routes.1 + 1);
        true
    }
}
