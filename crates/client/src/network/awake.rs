//! Notices that the computer has slept, or is on another network, and connects again at once.
//! It asks no system service: two clocks that differ and another way out say the same everywhere.

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::account::Account;
use crate::profile::Profile;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(5);
/// A look that comes later than this was held up by sleep, not by work.
const SLEPT: Duration = Duration::from_secs(30);

/// Looks until the profile is gone.
pub(crate) fn watch(profile: &Arc<Profile>) -> JoinHandle<()> {
    tokio::spawn(look(Arc::downgrade(profile)))
}

async fn look(profile: Weak<Profile>) {
    let Some(clock) = profile.upgrade().map(|profile| profile.options.clock.clone()) else { return };
    let mut last = Look { at: Instant::now(), wall: clock.now(), out: murmel_net::way_out() };
    loop {
        tokio::time::sleep(LOOK).await;
        let now = Look { at: Instant::now(), wall: clock.now(), out: murmel_net::way_out() };
        let Some(profile) = profile.upgrade() else { return };
        if now.is_news_after(&last) {
            reconnect(&profile).await;
        }
        last = now;
    }
}

/// Closes every connection of every account and dials again at once what is needed.
pub(crate) async fn reconnect(profile: &Profile) {
    for (_, account) in profile.open_accounts() {
        again(&account).await;
    }
}

async fn again(account: &Arc<Account>) {
    account.net.redial().await;
    // What waited for a better moment: this is one.
    account.outbox.notify_one();
}

struct Look {
    at: Instant,
    /// Unix seconds.
    wall: u64,
    out: Option<IpAddr>,
}

impl Look {
    fn is_news_after(&self, before: &Look) -> bool {
        // Which of the two clocks counts sleep differs from system to system.
        let passed = self.at.duration_since(before.at).max(Duration::from_secs(self.wall.saturating_sub(before.wall)));
        passed > SLEPT || (self.out.is_some() && self.out != before.out)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOME: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7)));
    const TRAIN: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3)));

    fn is_news(timer: u64, wall: u64, before: Option<IpAddr>, after: Option<IpAddr>) -> bool {
        let at = Instant::now();
        let first = Look { at, wall: 1_000, out: before };
        Look { at: at + Duration::from_secs(timer), wall: 1_000 + wall, out: after }.is_news_after(&first)
    }

    #[tokio::test]
    async fn sleep_is_noticed_by_whichever_clock_counts_it() {
        assert!(!is_news(5, 5, HOME, HOME));
        assert!(is_news(5, 3_600, HOME, HOME) && is_news(3_600, 3_600, HOME, HOME));
        assert!(!is_news(5, 0, HOME, HOME), "a clock that was set back is no sleep");
    }

    #[tokio::test]
    async fn another_network_is_news_and_none_is_not() {
        assert!(is_news(5, 5, HOME, TRAIN) && is_news(5, 5, None, HOME));
        assert!(!is_news(5, 5, HOME, None) && !is_news(5, 5, None, None));
    }
}
