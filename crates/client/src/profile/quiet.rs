//! What is never logged, however much a person asks for.
//! It sets no level of our own records: those carry no content, no key and no name.

/// Directives of `tracing` that come last, after whatever a person chose: these libraries log requests and secrets of groups as they are.
pub const NEVER_LOGGED: [&str; 6] =
    ["openmls=off", "nostr_relay_pool=off", "nostr_sdk=off", "nostr_relay_builder=off", "tungstenite=off", "tokio_tungstenite=off"];
