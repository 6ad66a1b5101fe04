//! The time, as the application sees it.
//! It never decides anything; the engine and the store are told the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The system's clock, shifted where a test says so. Clones share the shift.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    shift: Arc<AtomicI64>,
    /// A moment of the runtime's clock, and the Unix seconds that it stands for.
    origin: Option<(Instant, u64)>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `at` (Unix seconds) at `origin` and goes on with the runtime's own clock, which a simulation can let jump.
    pub fn running(origin: Instant, at: u64) -> Self {
        Self { shift: Arc::default(), origin: Some((origin, at)) }
    }

    /// Unix seconds now.
    pub fn now(&self) -> u64 {
        let unshifted = match self.origin {
            Some((origin, at)) => at.saturating_add(origin.elapsed().as_secs()),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        };
        unshifted.saturating_add_signed(self.shift.load(Ordering::Relaxed))
    }

    /// Moves this clock by a number of seconds; tests use it.
    pub fn shift(&self, seconds: i64) {
        self.shift.fetch_add(seconds, Ordering::Relaxed);
    }
}
