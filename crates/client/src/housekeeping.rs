//! How long the application waits before it does something that nobody asked for, and how much it reads at once.
//! It measures no time itself.

use std::time::Duration;

/// Waiting times of the housekeeping in groups (Marmot v2: joining, departure). Tests shorten them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Housekeeping {
    /// After joining: rest after the backlog was read, before the key rotation.
    pub rotation_grace: Duration,
    /// After that: how long the group has to be quiet.
    pub rotation_quiet: Duration,
    /// After that: a random wait up to this, so that people who joined together do not rotate together.
    pub rotation_jitter: Duration,
    /// How long a rotation that failed rests.
    pub rotation_retry: Duration,
    /// How long the backlog may take before a rotation goes ahead without it.
    pub backlog_patience: Duration,
    /// Shortest and longest wait before a departure of somebody else is confirmed.
    pub departure_jitter: (Duration, Duration),
    /// Added for each member who is to confirm before us, so that not everybody does it at once.
    pub departure_turn: Duration,
    /// How long a change of a group waits for the first relay before it returns; the change itself is kept.
    pub change_patience: Duration,
    /// How long nobody may write here, while what others write cannot be read, before a removal that had lost a race is believed after all.
    pub left_behind: Duration,
    /// After the set-up: rest before it is looked whether people can reach the account.
    pub reach_first: Duration,
    /// How often that is looked at.
    pub reach_every: Duration,
    /// After opening: rest before it is looked back for what came to relays late.
    pub look_back_first: Duration,
    /// How often that is done.
    pub look_back_every: Duration,
    /// How often it is looked whether relays have what they said that they took.
    pub kept_every: Duration,
    /// After opening: rest before people are looked up.
    pub people_first: Duration,
    /// Between two people who are looked up by themselves: a random wait up to this; and the shortest rest after something happened.
    pub people_rest: Duration,
    /// How often it is looked whose profile is old, where nothing happens.
    pub people_every: Duration,
    /// How often cursors of live subscriptions move on, and what waited for a reason is looked at again.
    pub tick: Duration,
    /// Events of a feed that are looked up on a relay at once; more are read in slices.
    pub slice: usize,
}

impl Default for Housekeeping {
    fn default() -> Self {
        Self {
            rotation_grace: Duration::from_secs(15),
            rotation_quiet: Duration::from_secs(60),
            rotation_jitter: Duration::from_secs(30),
            rotation_retry: Duration::from_secs(120),
            backlog_patience: Duration::from_secs(300),
            departure_jitter: (Duration::from_millis(10), Duration::from_millis(50)),
            departure_turn: Duration::from_secs(3),
            change_patience: Duration::from_secs(30),
            left_behind: Duration::from_secs(600),
            reach_first: Duration::from_secs(5),
            reach_every: Duration::from_secs(6 * 60 * 60),
            look_back_first: Duration::from_secs(60),
            look_back_every: Duration::from_secs(6 * 60 * 60),
            kept_every: Duration::from_secs(10 * 60),
            people_first: Duration::from_secs(2),
            people_rest: Duration::from_secs(2),
            people_every: Duration::from_secs(60 * 60),
            tick: Duration::from_secs(60),
            slice: 5_000,
        }
    }
}
