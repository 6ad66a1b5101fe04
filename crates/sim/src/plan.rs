//! What a seed decides before anything happens: how many people and relays, who lies, how long the storm is, and what it is made of.
//! It runs nothing.

use crate::dice::Dice;
use crate::faults::FaultKind;

/// Most people in one seed.
pub const PEOPLE_CAP: u64 = 5;
/// Most relays in one seed.
pub const RELAYS_CAP: u64 = 4;

/// What a storm is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Mostly relays that fail.
    Network,
    /// Mostly several people who change the group at once.
    Rivals,
    /// Mostly clients that are killed.
    Crashes,
    /// Somebody is away for days.
    Absence,
}

/// The plan of a seed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How many people.
    pub people: usize,
    /// How many of them are in the group from the beginning; the others may be invited.
    pub founders: usize,
    /// How many admins there are when the storm begins.
    pub admins: usize,
    /// How many relays. The first one is honest: it fails, but it does not lie.
    pub relays: usize,
    /// How many of them lie.
    pub liars: usize,
    /// Steps of the storm.
    pub steps: u64,
    /// What it is made of.
    pub weather: Weather,
    /// Whether more than one change may be on its way at a time.
    pub rivals: bool,
    /// Whether clocks are wrong.
    pub skewed: bool,
    /// The one lie that liars tell; without it, any.
    pub lie: Option<FaultKind>,
}

impl Plan {
    /// Whether a relay lies; the first one never does.
    pub const fn lies(&self, relay: usize) -> bool {
        relay > 0 && relay <= self.liars
    }

    /// The plan of a seed. Without `rivals` nobody changes the group while somebody else does.
    pub fn of(seed: u64, rivals: bool) -> Self {
        let mut dice = Dice::new(seed).fork("plan", 0);
        let people = dice.between(2, PEOPLE_CAP);
        let founders = dice.between(2, people);
        let relays = dice.between(1, RELAYS_CAP);
        let weather = match dice.below(10) {
            0..=3 => Weather::Network,
            4..=6 if rivals => Weather::Rivals,
            9 => Weather::Absence,
            _ => Weather::Crashes,
        };
        let admins = if rivals && (weather == Weather::Rivals || dice.chance(400)) { dice.between(1, founders) } else { 1 };
        let liars = if dice.chance(500) { dice.below(relays) } else { 0 };
        let steps = dice.between(12, 26);
        let skewed = dice.chance(300);
        let small = |number: u64| usize::try_from(number).unwrap_or(1);
        Self {
            seed,
            people: small(people),
            founders: small(founders),
            admins: small(admins),
            relays: small(relays),
            liars: small(liars),
            steps,
            weather,
            rivals,
            skewed,
            lie: None,
        }
    }

    /// The same people, but every relay except the first one tells one lie again and again.
    #[must_use]
    pub fn with_lie(mut self, lie: FaultKind) -> Self {
        self.relays = self.relays.max(2);
        self.liars = self.relays - 1;
        // What is kept back for days shows only where days pass.
        if lie == FaultKind::KeepBack {
            self.weather = Weather::Absence;
        }
        self.lie = Some(lie);
        self
    }

    /// The stream of throws for one purpose.
    pub fn dice(&self, purpose: &str, number: usize) -> Dice {
        Dice::new(self.seed).fork(purpose, number as u64)
    }
}
