//! How patient the application is: time-outs and pauses in one place, so that tests can shorten them.
//! It measures nothing.

use std::time::Duration;

/// Time-outs and pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a relay may take to answer an event.
    pub publish: Duration,
    /// How long relays may take to answer a question.
    pub fetch: Duration,
    /// Pause before an event is tried again on a relay; doubles with each attempt. At least one second.
    pub retry_first: Duration,
    /// Longest pause while no relay has accepted the event.
    pub retry_cap: Duration,
    /// Longest pause for the remaining relays of an event that is accepted somewhere.
    pub remaining_cap: Duration,
    /// Pause before a lost connection is dialled again; doubles with each failure.
    pub redial_first: Duration,
    /// Pause before a failed step of the set-up is tried again; doubles with each attempt.
    pub setup_first: Duration,
    /// Longest pause between two attempts of the set-up.
    pub setup_cap: Duration,
    /// How long the keychain may take before the window says that it is waited for.
    pub keychain: Duration,
    /// How long a minute of the app lock is.
    pub lock_minute: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            publish: Duration::from_secs(10),
            fetch: Duration::from_secs(10),
            retry_first: Duration::from_secs(1),
            retry_cap: Duration::from_secs(60),
            remaining_cap: Duration::from_secs(600),
            redial_first: Duration::from_millis(250),
            setup_first: Duration::from_secs(3),
            setup_cap: Duration::from_secs(120),
            keychain: Duration::from_secs(5),
            lock_minute: Duration::from_secs(60),
        }
    }
}

/// `first`, doubled `steps` times, at most `cap`.
pub(crate) fn grown(first: Duration, steps: u32, cap: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(steps.min(16)).unwrap_or(u32::MAX)).min(cap)
}
