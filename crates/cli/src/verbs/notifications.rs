//! Owns the verb of what the desktop app announces.
//! Never shows a notification.

use murmel_ipc::{NotificationPrivacy, PauseFor, QuietHours};

use super::Outcome;
use super::profile::Open;
use crate::answer::{Answer, Failure};
use crate::args::{Notifications, Pause, Shows};

/// Changes what is given, and says how everything stands.
///
/// # Errors
/// Those of the client; a time that no clock shows.
pub async fn run(open: &Open, verb: Notifications) -> Outcome {
    let mut choices = open.client.notifications().choices;
    if let Some(shows) = verb.shows {
        choices.shows = match shows {
            Shows::Off => NotificationPrivacy::Off,
            Shows::Count => NotificationPrivacy::Count,
            Shows::Name => NotificationPrivacy::Name,
            Shows::Text => NotificationPrivacy::NameAndText,
        };
    }
    choices.mentions_through_mute = verb.mentions_through_mute.unwrap_or(choices.mentions_through_mute);
    choices.sound = verb.sound.unwrap_or(choices.sound);
    if let Some(quiet) = verb.quiet {
        choices.quiet = if quiet == "off" { None } else { Some(hours(&quiet).ok_or_else(no_hours)?) };
    }
    if choices != open.client.notifications().choices {
        open.client.set_notifications(choices).await?;
    }
    if let Some(pause) = verb.pause {
        let how_long = match pause {
            Pause::Hour => Some(PauseFor::Hour),
            Pause::Tomorrow => Some(PauseFor::Tomorrow),
            Pause::End => None,
        };
        open.client.pause_notifications(how_long).await?;
    }
    let stands = open.client.notifications();
    let value = serde_json::to_value(&stands).map_err(|_| Failure::internal("The answer could not be written."))?;
    let mut text = format!("Notifications show: {}.", words(stands.choices.shows));
    if let Some(until) = stands.paused_until {
        text += &format!(" Paused until {until} (Unix seconds).");
    }
    Ok(Some(Answer::new(value, text)))
}

fn words(shows: NotificationPrivacy) -> &'static str {
    match shows {
        NotificationPrivacy::Off => "nothing, there are none",
        NotificationPrivacy::Count => "how many messages wait",
        NotificationPrivacy::Name => "the chat and who wrote",
        NotificationPrivacy::NameAndText => "the chat, who wrote and what",
    }
}

fn hours(text: &str) -> Option<QuietHours> {
    let (from, to) = text.split_once('-')?;
    Some(QuietHours { days: (0..7).collect(), from: minute(from)?, to: minute(to)? })
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.trim().parse().ok()?, minute.trim().parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

fn no_hours() -> Failure {
    Failure::new(murmel_ipc::ErrorCode::InvalidInput, "Quiet hours look like 22:00-07:00, or off.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_two_times_of_a_day() {
        assert_eq!(hours("22:00-07:30"), Some(QuietHours { days: (0..7).collect(), from: 1_320, to: 450 }));
        assert!(["22-7", "24:00-07:00", "22:60-07:00", "22:00", "-1:00-2:00", ""].iter().all(|text| hours(text).is_none()));
    }
}
