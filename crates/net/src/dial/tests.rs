use super::*;

/// Addresses that a hostile group state or relay list could carry, none of which may be dialled.
const HOSTILE: [&str; 84] = [
    // this computer, spelled in every way
    "wss://localhost",
    "wss://LOCALHOST",
    "wss://localhost.",
    "wss://localhost:8443",
    "wss://relay.localhost",
    "wss://relay.localhost.",
    "wss://a.b.LocalHost",
    "wss://127.0.0.1",
    "wss://127.0.0.1.",
    "wss://127.1",
    "wss://127.0.1",
    "wss://127.255.255.254",
    "wss://2130706433",
    "wss://0x7f000001",
    "wss://0x7f.0.0.1",
    "wss://0x7f.1",
    "wss://017700000001",
    "wss://0177.0.0.1",
    "wss://0177.0.0.01",
    "wss://%31%32%37.0.0.1",
    "wss://127。0。0。1",
    "wss://①②⑦.⓪.⓪.①",
    "wss://ｌｏｃａｌｈｏｓｔ",
    "wss://[::1]",
    "wss://[0:0:0:0:0:0:0:1]",
    "wss://[0000::0001]",
    "wss://[::ffff:127.0.0.1]",
    "wss://[::ffff:7f00:1]",
    "wss://[::127.0.0.1]",
    "wss://[::]",
    "wss://0.0.0.0",
    "wss://0",
    "wss://0x0",
    // private, shared and link-local networks
    "wss://10.0.0.1",
    "wss://10.255.255.255",
    "wss://167772161",
    "wss://012.0.0.1",
    "wss://0xa.0.0.1",
    "wss://172.16.0.1",
    "wss://172.31.255.255",
    "wss://192.168.0.1",
    "wss://192.168.1",
    "wss://3232235521",
    "wss://0xc0a80001",
    "wss://100.64.0.1",
    "wss://100.127.255.255",
    "wss://169.254.169.254",
    "wss://0xa9fea9fe",
    "wss://[::ffff:169.254.169.254]",
    "wss://[::ffff:a9fe:a9fe]",
    "wss://[::ffff:10.0.0.1]",
    "wss://[fe80::1]",
    "wss://[fc00::1]",
    "wss://[fd12:3456::1]",
    "wss://[fec0::1]",
    // reserved, documentation, benchmarking, multicast, transition
    "wss://192.0.0.8",
    "wss://192.0.2.1",
    "wss://192.88.99.1",
    "wss://198.18.0.1",
    "wss://198.19.255.255",
    "wss://198.51.100.1",
    "wss://203.0.113.1",
    "wss://224.0.0.1",
    "wss://239.255.255.255",
    "wss://240.0.0.1",
    "wss://255.255.255.255",
    "wss://[64:ff9b::7f00:1]",
    "wss://[2001::1]",
    "wss://[2001:db8::1]",
    "wss://[2002:7f00:1::]",
    "wss://[3fff::1]",
    "wss://[ff02::1]",
    // names of a local network
    "wss://router",
    "wss://printer.local",
    "wss://metadata.google.internal",
    "wss://nas.home.arpa",
    "wss://box.lan.",
    // ports, schemes, clear text, user information, fragment, onion
    "wss://relay.example.com:0",
    "wss://relay.example.com:22",
    "wss://relay.example.com:25",
    "ws://relay.example.com",
    "wss://me:word@relay.example.com",
    "wss://relay.example.com/#here",
    "ws://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
];

fn check(policy: DialPolicy, text: &str, proxied: bool) -> Result<Target, DialRefusal> {
    policy.check(&Url::parse(text).unwrap(), proxied)
}

#[test]
fn hostile_relay_urls_are_never_dialled() {
    for text in HOSTILE {
        let Ok(url) = Url::parse(text) else { continue };
        assert!(DialPolicy::Public.check(&url, false).is_err(), "{text} would be dialled");
    }
    let parsed = HOSTILE.iter().filter(|text| Url::parse(text).is_ok()).count();
    assert!(parsed >= 60, "only {parsed} of the tricks reach the policy");
}

#[test]
fn a_proxy_does_not_open_the_unsafe_hosts() {
    for text in HOSTILE {
        let Ok(url) = Url::parse(text) else { continue };
        if url.host_str().is_some_and(|host| host.ends_with(".onion")) {
            continue;
        }
        assert!(DialPolicy::Public.check(&url, true).is_err(), "{text} would be dialled through a proxy");
    }
}

#[test]
fn the_developer_switch_opens_loopback_and_nothing_else() {
    let loopback = ["ws://127.0.0.1:7799", "ws://localhost:7799", "ws://[::1]:7799", "wss://relay.localhost:8443", "ws://127.9.9.9:2000"];
    for text in loopback {
        assert!(check(DialPolicy::AllowLoopback, text, false).is_ok(), "{text}");
        assert_eq!(check(DialPolicy::Public, text, false), Err(DialRefusal::Loopback), "{text}");
    }
    for text in ["wss://10.0.0.1", "wss://192.168.0.1", "wss://[fe80::1]", "wss://0.0.0.0", "wss://router", "ws://relay.example.com"] {
        assert!(check(DialPolicy::AllowLoopback, text, false).is_err(), "{text}");
    }
}

#[test]
fn public_relays_are_dialled() {
    for text in ["wss://relay.damus.io", "wss://nos.lol/", "wss://relay.example.com:7777/path?x=1", "wss://relay.example.com:80"] {
        assert!(matches!(check(DialPolicy::Public, text, false), Ok(Target::Name(_))), "{text}");
    }
    for text in ["wss://8.8.8.8", "wss://[2606:4700::1111]", "wss://[::ffff:8.8.8.8]"] {
        assert!(matches!(check(DialPolicy::Public, text, false), Ok(Target::Address(_))), "{text}");
    }
}

#[test]
fn an_onion_address_goes_through_a_proxy_only() {
    let text = "ws://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
    assert_eq!(check(DialPolicy::Public, text, false), Err(DialRefusal::OnionWithoutProxy));
    assert!(check(DialPolicy::Public, text, true).is_ok());
}

#[test]
fn the_edges_of_every_block_are_right() {
    let cases = [
        ("9.255.255.255", true),
        ("10.0.0.0", false),
        ("10.255.255.255", false),
        ("11.0.0.0", true),
        ("100.63.255.255", true),
        ("100.64.0.0", false),
        ("100.127.255.255", false),
        ("100.128.0.0", true),
        ("126.255.255.255", true),
        ("128.0.0.0", true),
        ("169.253.255.255", true),
        ("169.255.0.0", true),
        ("172.15.255.255", true),
        ("172.32.0.0", true),
        ("192.0.1.0", true),
        ("192.0.3.0", true),
        ("192.88.98.255", true),
        ("192.88.100.0", true),
        ("192.167.255.255", true),
        ("192.169.0.0", true),
        ("198.17.255.255", true),
        ("198.20.0.0", true),
        ("223.255.255.255", true),
        ("224.0.0.0", false),
        ("1fff:ffff::1", false),
        ("2000::1", true),
        ("2001:1ff:ffff::1", false),
        ("2001:200::1", true),
        ("2001:db7:ffff::1", true),
        ("2001:db9::1", true),
        ("2003::1", true),
        ("3ffe:ffff::1", true),
        ("3fff:fff::1", false),
        ("3fff:1000::1", true),
        ("4000::1", false),
    ];
    for (text, public) in cases {
        assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
    }
}
