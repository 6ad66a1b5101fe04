//! The times that put a conversation into one order for everybody (decision 0012).
//! It reads no clock.

use lru::LruCache;
use murmel_store::{ChatId, Tx};

use crate::Result;
use crate::group::groups::LOADED_CAP;

/// Seconds that a message may be ahead of the clock here. Of one that is dated later only its arrival counts: a clock that is far ahead must
/// not put its messages below everybody else's for ever.
const AHEAD: u64 = 90;
/// Seconds that a message of ours may be ahead of the clock in order to stand below what is there. With a burst after it, it is still within what
/// others take as it is.
const FOLLOW: u64 = 30;
/// Seconds that messages of ours may be further ahead than the first one of them; as long as they are not, each has a second of its own.
const SPREAD: u64 = 30;
/// Messages of ours that carry the same second after that; well below the out-of-order tolerance of other clients, which is 100.
const PER_SECOND: u32 = 50;

/// The time by which a message takes its place that was dated `at` and arrived `now`, Unix seconds.
pub(crate) fn placed(at: u64, now: u64) -> u64 {
    if at > now.saturating_add(AHEAD) { now } else { at }
}

/// The time from which something said `now` (Unix seconds) stands below what is there: an answer is not above what it answers, even where
/// both were said within a second or the clocks do not agree. Our own messages have their times from `stamps`, but for those of an earlier run.
///
/// # Errors
/// The store's.
pub(crate) fn below_newest(tx: &Tx<'_>, stamps: &Stamps, chat: ChatId, now: u64) -> Result<u64> {
    let newest = tx.newest_message(chat)?.filter(|newest| !newest.mine || !stamps.0.contains(&chat));
    Ok(newest.map_or(now, |newest| newest.at.saturating_add(1).clamp(now, now.saturating_add(FOLLOW))))
}

/// What was put on the newest messages of ours in a chat.
struct Newest {
    /// Where the messages that follow on each other began.
    begun: u64,
    second: u64,
    /// How many carry that second.
    count: u32,
}

/// The times of our messages, chat by chat. They never go back.
pub(crate) struct Stamps(LruCache<ChatId, Newest>);

impl Default for Stamps {
    fn default() -> Self {
        Self(LruCache::new(LOADED_CAP))
    }
}

impl Stamps {
    /// The time to put on a message that is sent `now` and must not be dated before `from`, Unix seconds.
    ///
    /// A conversation and a backlog are put into order by these times, and a ratchet forgives only so much disorder: what is said within a
    /// second is spread over seconds that are yet to come.
    pub(crate) fn next(&mut self, chat: ChatId, now: u64, from: u64) -> u64 {
        let next = match self.0.get(&chat) {
            Some(Newest { begun, second, count }) if *second >= now && *second >= from => {
                let ahead = second.saturating_sub(now.max(*begun));
                if ahead >= SPREAD && *count < PER_SECOND {
                    Newest { begun: *begun, second: *second, count: count + 1 }
                } else {
                    Newest { begun: *begun, second: second + 1, count: 1 }
                }
            }
            _ => Newest { begun: from, second: from, count: 1 },
        };
        let second = next.second;
        self.0.put(chat, next);
        second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(1);

    #[test]
    fn a_burst_is_spread_over_seconds_and_never_goes_back() {
        let mut stamps = Stamps::default();
        let times: Vec<u64> = (0..200).map(|_| stamps.next(CHAT, 1_000, 1_000)).collect();
        let alone: Vec<u64> = (1_000..=1_000 + SPREAD).collect();
        assert_eq!(times[..alone.len()], alone, "what a person says quickly has a second each");
        assert!(times.is_sorted());
        assert_eq!(times[199], 1_033);
        for second in 1_030..1_033 {
            assert_eq!(times.iter().filter(|time| **time == second).count(), PER_SECOND as usize);
        }
        assert_eq!(stamps.next(CHAT, 2_000, 2_000), 2_000);
    }

    #[test]
    fn what_follows_somebody_elses_message_has_a_second_each_too() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.next(CHAT, 1_000, 1_000), 1_000);
        // Somebody's clock is 20 seconds ahead; then our own messages are the newest.
        let times = [stamps.next(CHAT, 1_001, 1_021), stamps.next(CHAT, 1_001, 1_001), stamps.next(CHAT, 1_002, 1_002)];
        assert_eq!(times, [1_021, 1_022, 1_023]);
        assert_eq!(stamps.next(ChatId(2), 1_002, 1_002), 1_002, "another conversation has its own times");
    }

    #[test]
    fn who_goes_on_speaking_quickly_does_not_crowd_a_second() {
        let mut stamps = Stamps::default();
        let times: Vec<u64> = (0..600).map(|n| stamps.next(CHAT, 1_000 + n / 6, 1_000 + n / 6)).collect();
        assert!(times.is_sorted());
        for second in 1_000..=1_000 + 100 + SPREAD {
            assert!(times.iter().filter(|time| **time == second).count() <= 7, "{second}");
        }
    }

    #[test]
    fn a_burst_that_follows_somebody_is_taken_by_others_as_it_is() {
        let mut stamps = Stamps::default();
        let last = (0..1_000).map(|_| stamps.next(CHAT, 1_000, 1_000 + FOLLOW)).last().unwrap_or_default();
        assert!(last > 1_000 + FOLLOW);
        assert_eq!(placed(last, 1_000), last);
        assert_eq!(placed(u64::MAX, 1_000), 1_000);
    }
}
