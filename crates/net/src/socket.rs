//! Opens the sockets: resolve, check, dial exactly the address that was checked, TLS, WebSocket.
//! Never looks into a frame, beyond dropping the ones that are too large.

use std::collections::HashMap;
use std::future::ready;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_wsocket::{ConnectionMode, Message, WebSocket};
use futures_util::stream::SplitSink;
use futures_util::{Sink, SinkExt, StreamExt};
use nostr::Url;
use nostr::util::BoxedFuture;
use nostr_sdk::pool::transport::error::TransportError;
use nostr_sdk::pool::transport::websocket::{WebSocketSink, WebSocketStream, WebSocketTransport};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_socks::IntoTargetAddr;
use tokio_socks::tcp::Socks5Stream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, client_async_tls_with_config};

use crate::dial::{DialPolicy, DialRefusal, Target};
use crate::frame::{MESSAGE_BYTES_CAP, frame_fits};
use crate::health::HEALTH_CAP;
use crate::route::{Proxy, Route, Routes};
use crate::web;
use crate::wire::{self, Wire};

/// Largest frame that is read off a socket, in bytes. A larger one ends the connection.
pub const FRAME_BYTES_CAP: usize = 4 * 1024 * 1024;

/// Most resolved addresses of one name that are tried.
pub const ADDRESSES_TRIED_CAP: usize = 6;

/// How long one address of several is tried before the next.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(4);

/// Why a socket did not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialFault {
    #[error(transparent)]
    Refused(#[from] DialRefusal),
    #[error("the name {0} could not be resolved; check the address and the internet connection")]
    Unresolved(String),
    #[error("no connection: {0}")]
    Io(#[from] io::Error),
    #[error("no connection through the proxy: {0}")]
    Proxy(#[from] tokio_socks::Error),
    #[error("no relay answered: {0}")]
    Handshake(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("the encryption could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("no answer in time")]
    TimedOut,
    /// [`Route::Closed`].
    #[error("the network settings cannot be read, so nothing is dialled; set the proxy again, or switch it off")]
    Closed,
    #[error("the network settings have changed")]
    Rerouted,
    /// The wire that stands for a socket has no connection.
    #[error("{0}")]
    Wire(String),
}

/// Dials relays for a pool, under the dial policy.
///
/// With a proxy everything goes through it, and nothing is dialled when it does not answer. The proxy resolves the
/// names, so the resolved address cannot be checked; literal addresses and local names still are.
#[derive(Debug)]
pub(crate) struct Dialler {
    policy: DialPolicy,
    routes: Arc<Routes>,
    /// Joined to the name that a proxy is told, so that what one pool does is not led over the circuits of the other.
    pool: &'static str,
    tls: Result<Arc<rustls::ClientConfig>, rustls::Error>,
    wire: Option<Arc<dyn Wire>>,
    dates: Mutex<HashMap<String, (u64, Instant)>>,
}

impl Dialler {
    pub(crate) fn new(policy: DialPolicy, routes: Arc<Routes>, pool: &'static str) -> Self {
        Self { policy, routes, pool, tls: tls_config().map(Arc::new), wire: None, dates: Mutex::default() }
    }

    /// Lets `wire` carry the frames, where there is one.
    pub(crate) fn over(self, wire: Option<Arc<dyn Wire>>) -> Self {
        Self { wire, ..self }
    }

    pub(crate) fn check(&self, url: &Url) -> Result<Target, DialRefusal> {
        self.policy.check(url, matches!(self.routes.now().0, Route::Proxy(_)))
    }

    /// What the clock of a relay showed when it was dialled last, Unix seconds, and when that was.
    pub(crate) fn date(&self, url: &str) -> Option<(u64, Instant)> {
        self.dates.lock().unwrap_or_else(PoisonError::into_inner).get(url).copied()
    }

    async fn open(&self, url: &Url) -> Result<WebSocket, DialFault> {
        let (route, number) = self.routes.now();
        let target = self.check(url)?;
        let port = url.port_or_known_default().ok_or(DialRefusal::Port(0))?;
        let stream = self.stream(&route, target, port).await?;
        let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_CAP)).max_frame_size(Some(FRAME_BYTES_CAP));
        let connector = Connector::Rustls(self.tls.clone()?);
        // The name of the address, not of the dialled IP, goes into SNI and the Host header.
        let connector = if url.scheme() == "wss" { connector } else { Connector::Plain };
        let handshake = Box::pin(client_async_tls_with_config(url.as_str(), stream, Some(config), Some(connector)));
        let (socket, response) = handshake.await.map_err(Box::new)?;
        if !self.routes.is(number) {
            return Err(DialFault::Rerouted);
        }
        self.note_date(url.as_str(), response.headers().get("date").and_then(|date| date.to_str().ok()));
        Ok(WebSocket::Tokio(socket))
    }

    /// A stream to the host of an http or https address, by the rules that hold for relays: http stays on this computer.
    pub(crate) async fn web(&self, url: &Url) -> Result<Box<dyn web::Stream>, DialFault> {
        let encrypted = url.scheme() == "https";
        let mut relay = url.clone();
        relay.set_scheme(if encrypted { "wss" } else { "ws" }).map_err(|()| DialRefusal::Scheme)?;
        let (route, number) = self.routes.now();
        let target = self.check(&relay)?;
        if self.wire.is_some() {
            return Err(DialFault::Wire("there are no web hosts here".to_owned()));
        }
        let port = relay.port_or_known_default().ok_or(DialRefusal::Port(0))?;
        let stream = self.stream(&route, target, port).await?;
        let stream: Box<dyn web::Stream> = if encrypted {
            let name = ServerName::try_from(url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned());
            let name = name.map_err(|_| DialRefusal::NoHost)?;
            Box::new(TlsConnector::from(self.tls.clone()?).connect(name, stream).await?)
        } else {
            Box::new(stream)
        };
        if self.routes.is(number) { Ok(stream) } else { Err(DialFault::Rerouted) }
    }

    /// A socket to a host that passed the policy, by the given route.
    async fn stream(&self, route: &Route, target: Target, port: u16) -> Result<TcpStream, DialFault> {
        let stream = match (route, target) {
            (Route::Closed, _) => return Err(DialFault::Closed),
            (Route::Proxy(proxy), Target::Address(ip)) => self.through(proxy, SocketAddr::new(ip, port)).await?,
            (Route::Proxy(proxy), Target::Name(name)) => self.through(proxy, (name.as_str(), port)).await?,
            (Route::Direct, Target::Address(ip)) => TcpStream::connect((ip, port)).await?,
            (Route::Direct, Target::Name(name)) => self.dial_name(&name, port).await?,
        };
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn through<'t>(&self, proxy: &Proxy, target: impl IntoTargetAddr<'t>) -> Result<TcpStream, DialFault> {
        let stream = match &proxy.isolation {
            Some(name) => {
                let name = format!("{name}-{}", self.pool);
                Socks5Stream::connect_with_password(proxy.address, target, &name, self.pool).await
            }
            None => Socks5Stream::connect(proxy.address, target).await,
        };
        Ok(stream?.into_inner())
    }

    fn note_date(&self, url: &str, date: Option<&str>) {
        let Some(date) = date.and_then(http_date) else { return };
        let mut dates = self.dates.lock().unwrap_or_else(PoisonError::into_inner);
        if dates.len() >= HEALTH_CAP {
            dates.clear();
        }
        dates.insert(url.to_owned(), (date, Instant::now()));
    }

    async fn dial_name(&self, name: &str, port: u16) -> Result<TcpStream, DialFault> {
        let resolved = tokio::net::lookup_host((name, port)).await.map_err(|_| DialFault::Unresolved(name.to_owned()))?;
        let addresses = self.admitted(name, resolved.map(|address| address.ip()))?;
        let mut last = DialFault::TimedOut;
        for ip in addresses {
            match tokio::time::timeout(ADDRESS_PATIENCE, TcpStream::connect((ip, port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(fault)) => last = fault.into(),
                Err(_) => last = DialFault::TimedOut,
            }
        }
        Err(last)
    }

    /// Of the addresses that a name resolved to, those that may be dialled.
    fn admitted(&self, name: &str, resolved: impl Iterator<Item = IpAddr>) -> Result<Vec<IpAddr>, DialFault> {
        let mut any = false;
        let admitted: Vec<IpAddr> =
            resolved.inspect(|_| any = true).filter(|ip| self.policy.admits(*ip)).take(ADDRESSES_TRIED_CAP).collect();
        match (any, admitted.is_empty()) {
            (false, _) => Err(DialFault::Unresolved(name.to_owned())),
            (true, true) => Err(DialRefusal::ResolvesToSpecial(name.to_owned()).into()),
            (true, false) => Ok(admitted),
        }
    }
}

/// The Unix seconds of an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7); other forms are not read.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_ascii_whitespace().skip(1);
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = u64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()? + 1;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next()? != "GMT" || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days of the civil calendar since 1970, counted in years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(days.checked_sub(719_468)? * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

impl WebSocketTransport for Dialler {
    fn support_ping(&self) -> bool {
        true
    }

    fn connect<'a>(
        &'a self,
        url: &'a Url,
        _mode: &'a ConnectionMode,
        timeout: Duration,
    ) -> BoxedFuture<'a, Result<(WebSocketSink, WebSocketStream), TransportError>> {
        Box::pin(async move {
            if let Some(wire) = &self.wire {
                self.check(url).map_err(|refusal| TransportError::backend(DialFault::Refused(refusal)))?;
                return match tokio::time::timeout(timeout, wire::connect(wire.as_ref(), url.as_str())).await {
                    Ok(connected) => connected,
                    Err(_) => Err(TransportError::backend(DialFault::TimedOut)),
                };
            }
            let socket = match tokio::time::timeout(timeout, self.open(url)).await {
                Ok(opened) => opened.map_err(TransportError::backend)?,
                Err(_) => return Err(TransportError::backend(DialFault::TimedOut)),
            };
            let (frames_out, frames_in) = socket.split();
            let frames_in = frames_in.filter_map(|frame| {
                ready(match frame {
                    Ok(Message::Text(text)) if !frame_fits(text.as_bytes()) => None,
                    Ok(frame) if frame.len() > MESSAGE_BYTES_CAP => None,
                    other => Some(other.map_err(TransportError::backend)),
                })
            });
            let sink: WebSocketSink = Box::new(FramesOut(frames_out));
            let stream: WebSocketStream = Box::pin(frames_in);
            Ok((sink, stream))
        })
    }
}

/// The sending half with the pool's error type. `sink_map_err` would panic when polled again after an error.
struct FramesOut(SplitSink<WebSocket, Message>);

impl Sink<Message> for FramesOut {
    type Error = TransportError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready_unpin(cx).map_err(TransportError::backend)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Message) -> Result<(), Self::Error> {
        self.0.start_send_unpin(frame).map_err(TransportError::backend)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_flush_unpin(cx).map_err(TransportError::backend)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_close_unpin(cx).map_err(TransportError::backend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn only_checked_addresses_of_a_name_are_dialled() {
        let dialler = Dialler::new(DialPolicy::Public, Arc::default(), "test");
        let mixed = ips(&["10.0.0.1", "8.8.8.8", "127.0.0.1", "::1", "2606:4700::1111"]);
        assert_eq!(dialler.admitted("relay.example", mixed.into_iter()).unwrap(), ips(&["8.8.8.8", "2606:4700::1111"]));
    }

    #[test]
    fn a_name_that_resolves_to_private_addresses_is_refused() {
        let dialler = Dialler::new(DialPolicy::Public, Arc::default(), "test");
        let fault = dialler.admitted("rebind.example", ips(&["127.0.0.1", "::1", "169.254.169.254"]).into_iter()).unwrap_err();
        assert!(matches!(fault, DialFault::Refused(DialRefusal::ResolvesToSpecial(_))));
        assert!(matches!(dialler.admitted("gone.example", std::iter::empty()).unwrap_err(), DialFault::Unresolved(_)));
    }

    #[test]
    fn the_date_of_a_web_server_is_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for text in
            ["", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1"]
        {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_encryption_can_be_set_up() {
        assert!(tls_config().is_ok());
    }
}
