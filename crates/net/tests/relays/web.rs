//! A document of a web host: what is taken, what is refused, and which way it takes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use murmel_net::{WEB_BYTES_CAP, WEB_REDIRECTS_CAP, WebFault};
use tokio::net::TcpListener;

use super::hostile::proxy_to;
use super::*;

/// A host that answers every connection with these bytes; counts connections and keeps the last request.
async fn host(answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>, Arc<std::sync::Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (count, last) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(String::new())));
    let (counted, kept) = (count.clone(), last.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                    break;
                }
                request.push(byte[0]);
            }
            *kept.lock().unwrap() = String::from_utf8_lossy(&request).into_owned();
            let _ = stream.write_all(&answer).await;
        }
    });
    (address, count, last)
}

fn plain(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_read_and_nothing_says_who_asks() {
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n".to_vec();
    for (answer, body) in
        [(plain("200 OK", "{}"), "{}"), (chunked, "{\"a\":1}"), (b"HTTP/1.0 200 OK\r\n\r\nto the end".to_vec(), "to the end")]
    {
        let (address, _, request) = host(answer).await;
        let (net, _incoming) = net(None);
        assert_eq!(net.get(&address.to_string(), "/who?name=_", LONG).await.unwrap(), body.as_bytes());
        let request = request.lock().unwrap().to_lowercase();
        assert!(request.starts_with("get /who?name=_ http/1.1\r\n"), "{request}");
        for told in ["user-agent", "referer", "cookie", "origin", "language"] {
            assert!(!request.contains(told), "{request}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_an_endless_answer_and_silence_bring_nothing() {
    let (place, asked, _) = host(plain("200 OK", "{}")).await;
    let (redirecting, ..) = host(elsewhere(&format!("http://{place}/"))).await;
    let (endless, ..) = host(plain("200 OK", &"x".repeat(WEB_BYTES_CAP + 1))).await;
    let (chatty, ..) = host(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000)).into_bytes()).await;
    let (gone, ..) = host(plain("404 Not Found", "")).await;
    let (mute, ..) = host(Vec::new()).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (net, _incoming) = net(None);
    let get = async |address: SocketAddr, timeout| net.get(&address.to_string(), "/", timeout).await.unwrap_err();
    assert!(matches!(get(redirecting, LONG).await, WebFault::Status(302)));
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a redirect is not followed");
    assert!(matches!(get(endless, LONG).await, WebFault::TooLarge));
    assert!(matches!(get(chatty, LONG).await, WebFault::Unreachable(_)));
    assert!(matches!(get(gone, LONG).await, WebFault::NotThere));
    assert!(matches!(get(mute, LONG).await, WebFault::Unreachable(_)));
    assert!(matches!(get(silent.local_addr().unwrap(), SHORT).await, WebFault::TimedOut));
}

fn elsewhere(place: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_comes_from_where_its_host_says_and_says_how_much_has_come() {
    let body = "x".repeat(300_000);
    let (place, ..) = host(plain("200 OK", &body)).await;
    let (first, ..) = host(elsewhere(&format!("http://{place}/app"))).await;
    let (net, _incoming) = net(None);
    let mut seen = Vec::new();
    let bytes = net.download(&format!("http://{first}/"), 300_000, LONG, |bytes, of| seen.push((bytes, of))).await.unwrap();
    assert_eq!(bytes, body.as_bytes());
    assert!(seen.is_sorted(), "it only grows: {seen:?}");
    assert_eq!(seen.last(), Some(&(300_000, Some(300_000))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_too_large_leads_in_circles_or_stops_is_given_up() {
    let (said, ..) = host(plain("200 OK", &"x".repeat(101))).await;
    let (unsaid, ..) = host(format!("HTTP/1.0 200 OK\r\n\r\n{}", "x".repeat(101)).into_bytes()).await;
    let (circle, asked, _) = host(elsewhere("/again")).await;
    let (nowhere, ..) = host(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let (cut, ..) = host(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nxxx".to_vec()).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (net, _incoming) = net(None);
    let fault =
        async |address: SocketAddr, patience| net.download(&format!("http://{address}/"), 100, patience, |_, _| {}).await.unwrap_err();
    assert!(matches!(fault(said, LONG).await, WebFault::TooLarge));
    assert!(matches!(fault(unsaid, LONG).await, WebFault::TooLarge));
    assert!(matches!(fault(circle, LONG).await, WebFault::Status(508)));
    assert_eq!(asked.load(Ordering::SeqCst), WEB_REDIRECTS_CAP + 1);
    assert!(matches!(fault(nowhere, LONG).await, WebFault::Status(302)));
    assert!(matches!(fault(cut, LONG).await, WebFault::Unreachable(_)));
    assert!(matches!(fault(silent.local_addr().unwrap(), SHORT).await, WebFault::TimedOut));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_not_led_to_a_host_that_may_not_be_asked() {
    let (net, _incoming) = net(None);
    for forbidden in ["http://10.0.0.1/app", "http://a.example/app", "https://router/app", "ftp://a.example/app"] {
        let (first, ..) = host(elsewhere(forbidden)).await;
        let led = net.download(&format!("http://{first}/"), 100, LONG, |_, _| {}).await;
        assert!(matches!(led, Err(WebFault::NotDialled(_))), "{forbidden}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_relays_may_not_have_is_not_asked_either() {
    let (address, asked, _) = host(plain("200 OK", "{}")).await;
    let (net, _incoming) = Net::new(NetOptions::default());
    for name in [address.to_string(), "localhost".into(), "10.0.0.1".into(), "router".into(), "printer.local".into(), "a.example:22".into()]
    {
        assert!(matches!(net.get(&name, "/", LONG).await, Err(WebFault::NotDialled(_))), "{name}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_proxy_that_is_gone_or_settings_that_cannot_be_read_no_host_is_asked() {
    let (address, asked, _) = host(plain("200 OK", "{}")).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for route in [Route::Proxy(Proxy { address: gone, isolation: None }), Route::Closed] {
        let (net, _incoming) = Net::new(NetOptions { dial: DialPolicy::AllowLoopback, route, ..NetOptions::default() });
        assert!(matches!(net.get(&address.to_string(), "/", LONG).await, Err(WebFault::Unreachable(_))));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_told_the_name_of_a_host_so_that_nobody_else_learns_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let (proxy, mut hosts) = proxy_to(address.to_string()).await;
    let route = Route::Proxy(Proxy { address: proxy, isolation: None });
    let (net, _incoming) = Net::new(NetOptions { route, ..NetOptions::default() });
    // Whoever is behind this proxy hangs up.
    assert!(matches!(net.get("who.example", "/", LONG).await, Err(WebFault::Unreachable(_))));
    assert_eq!(hosts.recv().await.unwrap(), "who.example");
}
