//! The way that connections of every account of the profile take, as the person chose it; one small file in the profile folder.
//! It never dials directly because a choice cannot be read or a proxy does not answer.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use murmel_ipc::{ErrorCode, Proxy};
use murmel_net::{Net, Route};
use nostr::secp256k1::rand::{RngCore as _, rngs::OsRng};

use crate::profile::home::write_private;
use crate::{Error, Result};

const FILE: &str = "network.json";
/// The port on which Tor's own daemon listens.
const TOR_PORT: u16 = 9050;
/// Networks that were opened in this process and may still be open.
const NETS_CAP: usize = 256;

/// The choice, and the networks that follow it.
#[derive(Debug, Default)]
pub(crate) struct Routing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    file: PathBuf,
    choice: Proxy,
    nets: Vec<(Net, String)>,
}

impl Routing {
    /// Reads the choice of a profile.
    pub(crate) fn load(&self, home: &Path) {
        let mut state = self.state();
        state.file = home.join(FILE);
        state.choice = match fs::read(&state.file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or(Proxy::Unreadable),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Proxy::Off,
            Err(_) => Proxy::Unreadable,
        };
    }

    pub(crate) fn choice(&self) -> Proxy {
        self.state().choice.clone()
    }

    /// Makes a network that takes the chosen way, now and after every change of it.
    pub(crate) fn admit<R>(&self, make: impl FnOnce(Route) -> (Net, R)) -> (Net, R) {
        let mut state = self.state();
        let mut bytes = [0; 8];
        OsRng.fill_bytes(&mut bytes);
        // Says nothing about the account, and is another one after every start.
        let isolation = hex::encode(bytes);
        let made = make(route(&state.choice, &isolation));
        state.nets.retain(|(net, _)| !net.is_closed());
        if state.nets.len() >= NETS_CAP {
            state.nets.remove(0);
        }
        state.nets.push((made.0.clone(), isolation));
        made
    }

    /// Keeps another choice and leads every network that way. When this returns, no connection takes the old one.
    pub(crate) async fn choose(&self, choice: Proxy) -> Result<()> {
        check(&choice)?;
        let nets = {
            let mut state = self.state();
            let text = serde_json::to_vec(&choice).map_err(|_| Error::internal("the proxy could not be written"))?;
            if !state.file.as_os_str().is_empty() {
                write_private(&state.file, &text)?;
            }
            state.choice = choice.clone();
            state.nets.retain(|(net, _)| !net.is_closed());
            state.nets.clone()
        };
        for (net, isolation) in nets {
            net.set_route(route(&choice, &isolation)).await;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn route(choice: &Proxy, isolation: &str) -> Route {
    let through = |address| Route::Proxy(murmel_net::Proxy { address, isolation: Some(isolation.to_owned()) });
    match choice {
        Proxy::Off => Route::Direct,
        Proxy::Tor => through(SocketAddr::from((Ipv4Addr::LOCALHOST, TOR_PORT))),
        Proxy::Socks { host, port } => address(host).map_or(Route::Closed, |ip| through(SocketAddr::new(ip, *port))),
        Proxy::Unreadable => Route::Closed,
    }
}

/// A proxy is named by its address: looking a name up would already speak to somebody.
fn address(host: &str) -> Option<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn check(choice: &Proxy) -> Result<()> {
    let wrong = |words: &str| Err(Error::new(ErrorCode::InvalidInput, words));
    match choice {
        Proxy::Off | Proxy::Tor => Ok(()),
        Proxy::Socks { host, .. } if address(host).is_none() => wrong(
            "The host of a proxy is an IP address such as 127.0.0.1, or localhost. A name would have to be looked up without the proxy.",
        ),
        Proxy::Socks { port: 0, .. } => wrong("Port 0 is not the port of a proxy. Tor's is 9050."),
        Proxy::Socks { .. } => Ok(()),
        Proxy::Unreadable => wrong("Choose a proxy, Tor, or no proxy."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_that_cannot_be_read_means_no_connection_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let routing = Routing::default();
        routing.load(folder.path());
        assert_eq!((routing.choice(), route(&routing.choice(), "x")), (Proxy::Off, Route::Direct));
        for broken in ["", "{", "{\"way\":\"carrier pigeon\"}", "\u{0}\u{0}"] {
            fs::write(folder.path().join(FILE), broken).unwrap();
            routing.load(folder.path());
            assert_eq!((routing.choice(), route(&routing.choice(), "x")), (Proxy::Unreadable, Route::Closed), "{broken}");
        }
    }

    #[tokio::test]
    async fn the_choice_is_kept_and_a_proxy_by_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let routing = Routing::default();
        routing.load(folder.path());
        let socks = |host: &str, port| Proxy::Socks { host: host.to_owned(), port };
        for wrong in [socks("proxy.example", 1080), socks("127.0.0.1", 0), socks("", 9050), Proxy::Unreadable] {
            assert_eq!(routing.choose(wrong.clone()).await.unwrap_err().code, ErrorCode::InvalidInput, "{wrong:?}");
        }
        for right in [Proxy::Tor, socks("localhost", 9150), socks("[::1]", 9050), socks("10.0.0.7", 1080), Proxy::Off] {
            routing.choose(right.clone()).await.unwrap();
            let again = Routing::default();
            again.load(folder.path());
            assert_eq!(again.choice(), right);
        }
    }
}
