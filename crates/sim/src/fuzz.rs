//! What is thrown at every place where bytes of others come in: one function for each, and real inputs to start from.
//! A function never judges whether an input is good; it fails by panicking, when an invariant does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test kit fails loudly")]

mod decode;
mod edit;
mod ingest;
mod room;
mod seeds;
mod window;

pub use edit::{Edge, Edit};
pub use ingest::{outcomes, still_reads};
pub use room::{KEPT_ROOM, Room};
pub use seeds::{seeds, write as write_seeds};

/// One place where bytes of others come in.
pub struct Target {
    /// Its name: that of the libFuzzer program too.
    pub name: &'static str,
    /// Takes any bytes. Panics when an invariant is broken.
    pub run: fn(&[u8]),
    /// How many inputs the test command tries, of 20,000 in all.
    pub share: u32,
}

/// Every target. What needs a real group has the smaller share, because each input costs a hash over the whole database.
pub const TARGETS: &[Target] = &[
    Target { name: "relay_frame", run: decode::relay_frame, share: 1_500 },
    Target { name: "envelope", run: decode::envelope, share: 1_500 },
    Target { name: "key_package_event", run: decode::key_package_event, share: 800 },
    Target { name: "key_package", run: decode::key_package, share: 1_200 },
    Target { name: "welcome_rumor", run: decode::welcome_rumor, share: 1_000 },
    Target { name: "gift_wrap", run: decode::gift_wrap, share: 700 },
    Target { name: "component", run: decode::component, share: 3_000 },
    Target { name: "dictionary", run: decode::dictionary, share: 1_500 },
    Target { name: "account_proof", run: decode::account_proof, share: 800 },
    Target { name: "inner_event", run: decode::inner_event, share: 2_000 },
    Target { name: "attachment", run: decode::attachment, share: 1_500 },
    Target { name: "address", run: decode::address, share: 1_000 },
    Target { name: "welcome", run: ingest::welcome, share: 700 },
    Target { name: "mls_message", run: ingest::mls_message, share: 1_200 },
    Target { name: "ingest", run: ingest::event, share: 1_000 },
    Target { name: "ipc", run: window::command, share: 600 },
];

/// Closes what this thread has opened for the targets, databases and folders, when it is dropped.
pub struct Closing;

impl Drop for Closing {
    fn drop(&mut self) {
        Room::close();
        window::close();
    }
}

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_twenty_thousand_and_every_target_has_real_inputs() {
        let _closing = Closing;
        assert_eq!(TARGETS.iter().map(|target| target.share).sum::<u32>(), 20_000);
        for target in TARGETS {
            assert!(seeds(target.name).len() >= 2, "{}", target.name);
        }
    }
}
