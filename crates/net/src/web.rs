//! Documents of web hosts: the small one that answers "who is anna@example.org" (NIP-05), and the large one that is a newer version of the app.
//! It keeps no connection, sends nothing that says who asks, and takes the way that every connection takes.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, LOCATION};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use nostr::Url;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::dial::DialRefusal;
use crate::socket::{DialFault, Dialler};

/// Largest answer that is read, in bytes.
pub const WEB_BYTES_CAP: usize = 512 * 1024;
/// Largest head of an answer, in bytes.
pub const WEB_HEAD_BYTES_CAP: usize = 16 * 1024;
/// How often a download is sent elsewhere before it is given up.
pub const WEB_REDIRECTS_CAP: usize = 5;

/// Why a document did not come.
#[derive(Debug, thiserror::Error)]
pub enum WebFault {
    /// The name is no host.
    #[error("this is no host")]
    NoHost,
    /// The dial policy forbids the host; nothing was sent.
    #[error("{0}")]
    NotDialled(DialRefusal),
    /// There was no connection, or it was lost.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The host has no such document.
    #[error("it has no such document")]
    NotThere,
    /// The host answers with something else, such as a redirect that is not followed.
    #[error("it answered with status {0}")]
    Status(u16),
    /// More than was allowed.
    #[error("its answer is too long")]
    TooLarge,
}

/// What TLS and plain sockets have in common.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The document at `path` of `host`, which may carry a port. By https; a host on this computer, where the policy allows it, by http.
pub(crate) async fn get(dialler: &Dialler, host: &str, path: &str, timeout: Duration) -> Result<Vec<u8>, WebFault> {
    tokio::time::timeout(timeout, fetch(dialler, &address(host, path)?)).await.unwrap_or(Err(WebFault::TimedOut))
}

fn address(host: &str, path: &str) -> Result<Url, WebFault> {
    // Nothing of the name may become a user, a path or a query.
    if host.is_empty() || host.contains(['/', '\\', '@', '?', '#', '%']) || !path.starts_with('/') {
        return Err(WebFault::NoHost);
    }
    let url = |scheme: &str| Url::parse(&format!("{scheme}://{host}{path}")).map_err(|_| WebFault::NoHost);
    let https = url("https")?;
    let here = match https.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        _ => false,
    };
    if here { url("http") } else { Ok(https) }
}

async fn fetch(dialler: &Dialler, url: &Url) -> Result<Vec<u8>, WebFault> {
    let (answer, _connection) = ask(dialler, url, "application/json").await?;
    good(answer.status())?;
    match Limited::new(answer.into_body(), WEB_BYTES_CAP).collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(WebFault::TooLarge),
        Err(error) => Err(WebFault::Unreachable(format!("no answer: {error}"))),
    }
}

/// What is at an address, also where its host says that it is elsewhere. At most `at_most` bytes; `patience` is for each step, which is the
/// head of an answer or a piece of its body; `seen` hears how many bytes have come, and of how many where that was said.
pub(crate) async fn download(
    dialler: &Dialler,
    mut url: Url,
    at_most: usize,
    patience: Duration,
    seen: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Vec<u8>, WebFault> {
    for _ in 0..=WEB_REDIRECTS_CAP {
        let (answer, _connection) = within(patience, ask(dialler, &url, "*/*")).await?;
        if !answer.status().is_redirection() {
            good(answer.status())?;
            return read(answer.into_body(), at_most, patience, seen).await;
        }
        let place = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok());
        // Whether it may be asked is decided by the rules of dialling, as with the first one.
        url = place.and_then(|place| url.join(place).ok()).ok_or(WebFault::Status(answer.status().as_u16()))?;
    }
    Err(WebFault::Status(StatusCode::LOOP_DETECTED.as_u16()))
}

async fn read(
    mut body: Incoming,
    at_most: usize,
    patience: Duration,
    seen: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Vec<u8>, WebFault> {
    let of = body.size_hint().exact();
    if of.is_some_and(|of| of > at_most as u64) {
        return Err(WebFault::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = within(patience, async { body.frame().await.transpose().map_err(lost) }).await? {
        let Ok(piece) = frame.into_data() else { continue };
        if piece.len() > at_most.saturating_sub(bytes.len()) {
            return Err(WebFault::TooLarge);
        }
        bytes.extend_from_slice(&piece);
        seen(bytes.len() as u64, of);
    }
    Ok(bytes)
}

/// Sends the question; the connection is driven beside it, and ends with what is returned.
async fn ask(dialler: &Dialler, url: &Url, accept: &'static str) -> Result<(Response<Incoming>, JoinSet<()>), WebFault> {
    let stream = dialler.web(url).await.map_err(fault)?;
    let handshake = http1::Builder::new().max_buf_size(WEB_HEAD_BYTES_CAP).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(lost)?;
    let mut driven = JoinSet::new();
    driven.spawn(async {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to a web host was lost");
        }
    });
    let answer = sender.send_request(request(url, accept)?).await.map_err(lost)?;
    Ok((answer, driven))
}

async fn within<T>(patience: Duration, step: impl Future<Output = Result<T, WebFault>>) -> Result<T, WebFault> {
    tokio::time::timeout(patience, step).await.unwrap_or(Err(WebFault::TimedOut))
}

fn good(status: StatusCode) -> Result<(), WebFault> {
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(WebFault::NotThere),
        other => Err(WebFault::Status(other.as_u16())),
    }
}

fn lost(error: hyper::Error) -> WebFault {
    WebFault::Unreachable(format!("no answer: {error}"))
}

fn request(url: &Url, accept: &'static str) -> Result<Request<Empty<Bytes>>, WebFault> {
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
    let request = Request::get(target).header(HOST, host.unwrap_or_default()).header(ACCEPT, accept).header(CONNECTION, "close");
    request.body(Empty::new()).map_err(|_| WebFault::NoHost)
}

fn fault(fault: DialFault) -> WebFault {
    match fault {
        DialFault::Refused(refusal) => WebFault::NotDialled(refusal),
        DialFault::TimedOut => WebFault::TimedOut,
        other => WebFault::Unreachable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_host_and_nothing_else() {
        for host in ["", "a/b", "me@a.example", "a.example?x", "a.example#x", "a b", "[::1", "a.example:99999", "a%2fb"] {
            assert!(matches!(address(host, "/x"), Err(WebFault::NoHost)), "{host}");
        }
        assert_eq!(address("a.example", "/x?name=_").unwrap().as_str(), "https://a.example/x?name=_");
        assert_eq!(address("127.0.0.1:80", "/x").unwrap().as_str(), "http://127.0.0.1/x");
        assert_eq!(address("[::1]:8080", "/x").unwrap().scheme(), "http");
    }
}
