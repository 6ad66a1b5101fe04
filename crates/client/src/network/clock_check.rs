//! Whether the computer's clock is right, as far as relays can tell: the dates with which they answer a connection.
//! It sets no clock and believes no single relay where others disagree.

use std::sync::Arc;

use murmel_ipc::ClockFault;

use crate::account::Account;

/// Seconds by which a clock may be wrong before it is said. Certificates and relays bear a few minutes.
const TOLERANCE: u64 = 10 * 60;

/// By how much the clock is wrong; `None` where it is not, or where no relay says what time it is.
pub(crate) async fn fault(account: &Arc<Account>) -> Option<ClockFault> {
    let now = account.clock.now();
    let dates: Vec<i64> = account
        .net
        .status()
        .await
        .into_iter()
        .filter_map(|status| status.date)
        // What the relay's clock shows by now.
        .map(|(date, ago)| i64::try_from(now).unwrap_or(i64::MAX).saturating_sub_unsigned(date.saturating_add(ago.as_secs())))
        .collect();
    judged(dates)
}

/// `ahead`: for each relay, by how many seconds our clock is ahead of it.
fn judged(mut ahead: Vec<i64>) -> Option<ClockFault> {
    ahead.sort_unstable();
    // The median: a minority of relays that lie or have wrong clocks of their own decides nothing.
    let middle = *ahead.get(ahead.len() / 2)?;
    if middle.unsigned_abs() <= TOLERANCE {
        return None;
    }
    let agree = ahead.iter().filter(|one| one.abs_diff(middle) <= TOLERANCE).count();
    if agree * 2 <= ahead.len() {
        return None;
    }
    Some(ClockFault { ahead: middle, relays: u32::try_from(agree).unwrap_or(u32::MAX), words: words(middle) })
}

fn words(ahead: i64) -> String {
    let (way, long) = (if ahead > 0 { "ahead" } else { "behind" }, span(ahead.unsigned_abs()));
    let so = if ahead > 0 {
        "Your messages may be refused by relays or stand in the wrong place for others, and messages that disappear may go too early."
    } else {
        "Your messages stand in the wrong place for others, relays may refuse them, and new key packages may count as not valid yet."
    };
    format!(
        "The clock of this computer is about {long} {way} of what relays say. {so} Set date and time in the system's settings; Murmel notices by itself."
    )
}

fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..5_400 => (seconds.div_ceil(60), "minute"),
        5_400..129_600 => ((seconds + 1_800) / 3_600, "hour"),
        129_600..31_536_000 => ((seconds + 43_200) / 86_400, "day"),
        _ => ((seconds + 15_768_000) / 31_536_000, "year"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_by_hours_or_years_is_told_with_what_to_do() {
        for (ahead, words) in [
            (3 * 3_600, "about 3 hours ahead"),
            (-2 * 86_400, "about 2 days behind"),
            (5 * 31_536_000, "about 5 years ahead"),
            (-56 * 31_536_000, "about 56 years behind"),
            (-1_800, "about 30 minutes behind"),
        ] {
            let fault = judged(vec![ahead, ahead + 3, ahead - 5]).unwrap();
            assert!(fault.words.contains(words), "{}", fault.words);
            assert!(fault.words.contains("Set date and time"));
            assert_eq!(fault.relays, 3);
        }
        assert_eq!(judged(vec![-40, 0, 200]), None);
        assert_eq!(judged(Vec::new()), None);
    }

    #[test]
    fn one_relay_with_a_wrong_clock_decides_nothing_against_others() {
        assert_eq!(judged(vec![0, 1, 90_000]), None);
        assert_eq!(judged(vec![0, 90_000]), None);
        assert_eq!(judged(vec![90_000, 90_001, 0]).unwrap().relays, 2);
    }
}
