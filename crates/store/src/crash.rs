//! Named places at which a test may end the process, to see what is on disk then.
//! A release build contains none of them; a debug build only asks whether a test has armed one.

use std::sync::OnceLock;

/// What a test does when a place is reached; it gets the name.
pub type Hook = Box<dyn Fn(&'static str) + Send + Sync>;

static HOOK: OnceLock<Hook> = OnceLock::new();

/// Every place, with what it lies between. [`crash_point`] accepts no other name.
pub const POINTS: &[&str] = &[
    // A transaction.
    "transaction: begun",
    "transaction: done, not committed",
    "transaction: committed, nobody told",
    // The keys of messages.
    "keys: held back",
    "keys: about to be written",
    "keys: written, not committed",
    // A change of rows by the client, around what it holds back.
    "change: made, keys not written",
    "change: keys written, not committed",
    "change: committed, events not out",
    "change: events out",
    // A message on its way out.
    "send: encrypted, not stored",
    "send: message stored, not queued",
    "send: queued, not committed",
    "send: durable, caller not told",
    "publish: about to",
    "publish: answered, not recorded",
    "publish: recorded, not committed",
    "publish: recorded",
    // A message on its way in.
    "receive: batch about to be taken",
    "receive: decrypted, not stored",
    "receive: stored, not marked as seen",
    "receive: one event done",
    "receive: batch durable",
    // A commit.
    "commit: staged, not queued",
    "commit: queued, not kept",
    "commit: durable, not published",
    "commit: accepted, not merged",
    "snapshot: about to be taken",
    "snapshot: taken, not merged",
    "epoch: merged, not recorded",
    "commit: merged, rows not changed",
    "commit: merged, not committed",
    "commit: settled",
];

/// Arms the places for the rest of the process. Has an effect once, and in debug builds only.
pub fn arm(hook: Hook) {
    drop(HOOK.set(hook));
}

/// Whether a place of this name is listed; used while compiling.
pub const fn is_listed(name: &str) -> bool {
    let mut rest = POINTS;
    while let [first, others @ ..] = rest {
        if same(first.as_bytes(), name.as_bytes()) {
            return true;
        }
        rest = others;
    }
    false
}

const fn same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.is_empty() && b.is_empty()
}

/// Tells the hook; [`crash_point`] calls it.
pub fn reach(name: &'static str) {
    if let Some(hook) = HOOK.get() {
        hook(name);
    }
}

/// Marks a place of [`POINTS`]; another name does not compile. Nothing in a release build.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        #[cfg(debug_assertions)]
        {
            const { assert!($crate::crash::is_listed($name), "not in crash::POINTS") };
            $crate::crash::reach($name);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_listed_once_and_no_other_is() {
        let mut sorted = POINTS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), POINTS.len());
        assert!(POINTS.iter().all(|name| is_listed(name)));
        assert!(!is_listed("transaction: beg") && !is_listed("transaction: begun!") && !is_listed(""));
    }
}
