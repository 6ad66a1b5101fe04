//! When there are no notifications: quiet hours and pauses, on the clock of this computer.
//! It looks at no clock itself.

use chrono::{DateTime, Datelike as _, Days, Local, NaiveTime, TimeZone, Timelike as _};
use murmel_ipc::{PauseFor, QuietHours};

const HOUR: u64 = 60 * 60;
const DAY_MINUTES: u16 = 24 * 60;
/// When "tomorrow" begins.
const MORNING: u32 = 8;

/// A moment of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    /// 0 is Monday.
    day: u8,
    /// After midnight.
    minute: u16,
}

/// Whether `now` (Unix seconds) lies in the quiet hours, in the time of this computer.
pub(super) fn is_quiet(hours: &QuietHours, now: u64) -> bool {
    local(now).is_some_and(|now| holds(hours, moment(&now)))
}

/// When a pause that begins now ends, Unix seconds.
pub(super) fn until(how_long: PauseFor, now: u64) -> u64 {
    match how_long {
        PauseFor::Hour => now.saturating_add(HOUR),
        // Where the time zone cannot be told, a day.
        PauseFor::Tomorrow => local(now).and_then(|now| next_morning(&now)).unwrap_or(now.saturating_add(24 * HOUR)),
    }
}

/// Whether hours are such that somebody can have meant.
pub(super) fn are_sound(hours: &QuietHours) -> bool {
    hours.days.len() <= 7 && hours.days.iter().all(|day| *day < 7) && hours.from < DAY_MINUTES && hours.to < DAY_MINUTES
}

fn local(now: u64) -> Option<DateTime<Local>> {
    Local.timestamp_opt(i64::try_from(now).ok()?, 0).single()
}

fn moment<Z: TimeZone>(at: &DateTime<Z>) -> Moment {
    let minute = u16::try_from(at.hour() * 60 + at.minute()).unwrap_or(0);
    Moment { day: u8::try_from(at.weekday().num_days_from_monday()).unwrap_or(0), minute }
}

fn next_morning<Z: TimeZone>(now: &DateTime<Z>) -> Option<u64> {
    let morning = now.date_naive().checked_add_days(Days::new(1))?.and_time(NaiveTime::from_hms_opt(MORNING, 0, 0)?);
    u64::try_from(now.timezone().from_local_datetime(&morning).earliest()?.timestamp()).ok()
}

fn holds(hours: &QuietHours, now: Moment) -> bool {
    let begun_on = |day: u8| hours.days.contains(&day);
    let yesterday = (now.day + 6) % 7;
    if hours.from < hours.to {
        return begun_on(now.day) && (hours.from..hours.to).contains(&now.minute);
    }
    (begun_on(now.day) && now.minute >= hours.from) || (begun_on(yesterday) && now.minute < hours.to)
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    const MONDAY: u8 = 0;
    const TUESDAY: u8 = 1;
    const SUNDAY: u8 = 6;

    fn hours(days: &[u8], from: u16, to: u16) -> QuietHours {
        QuietHours { days: days.to_vec(), from: from * 60, to: to * 60 }
    }

    fn at(day: u8, hour: u16, minute: u16) -> Moment {
        Moment { day, minute: hour * 60 + minute }
    }

    #[test]
    fn quiet_hours_hold_on_their_days_only() {
        let lunch = hours(&[MONDAY], 12, 13);
        assert!(holds(&lunch, at(MONDAY, 12, 0)) && holds(&lunch, at(MONDAY, 12, 59)));
        assert!(!holds(&lunch, at(MONDAY, 11, 59)) && !holds(&lunch, at(MONDAY, 13, 0)) && !holds(&lunch, at(TUESDAY, 12, 30)));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = hours(&[SUNDAY], 22, 7);
        assert!(holds(&night, at(SUNDAY, 23, 0)) && holds(&night, at(MONDAY, 6, 59)));
        assert!(!holds(&night, at(SUNDAY, 6, 0)) && !holds(&night, at(MONDAY, 7, 0)) && !holds(&night, at(MONDAY, 23, 0)));
        let whole = hours(&[MONDAY], 0, 0);
        assert!(holds(&whole, at(MONDAY, 0, 0)) && holds(&whole, at(MONDAY, 23, 59)) && !holds(&whole, at(TUESDAY, 0, 0)));
    }

    #[test]
    fn tomorrow_is_eight_in_the_morning_of_the_next_day() {
        let zone = FixedOffset::east_opt(2 * 3_600).unwrap();
        let evening = zone.with_ymd_and_hms(2026, 3, 31, 23, 30, 0).unwrap();
        let morning = zone.with_ymd_and_hms(2026, 4, 1, 8, 0, 0).unwrap();
        assert_eq!(next_morning(&evening), u64::try_from(morning.timestamp()).ok());
        let early = zone.with_ymd_and_hms(2026, 3, 31, 1, 0, 0).unwrap();
        assert_eq!(next_morning(&early), u64::try_from(morning.timestamp()).ok());
        assert_eq!(until(PauseFor::Hour, 100), 3_700);
    }

    #[test]
    fn hours_that_no_clock_shows_are_refused() {
        assert!(are_sound(&hours(&[MONDAY, SUNDAY], 22, 7)));
        assert!(!are_sound(&hours(&[7], 22, 7)) && !are_sound(&hours(&[MONDAY], 24, 7)) && !are_sound(&hours(&[MONDAY; 8], 22, 7)));
    }
}
