//! What can go wrong on the way, how often it does on a relay, and how often it did.
//! It decides nothing about when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dice::Dice;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// One kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultKind { $($(#[$doc])* $kind,)* }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// OK false with a reason that passes.
    RefuseForNow = "refuse_for_now",
    /// OK false with a reason that lasts.
    RefuseForGood = "refuse_for_good",
    /// Not stored, not answered.
    Forget = "forget",
    /// Stored, not answered.
    StoreSilently = "store_silently",
    /// The connection closes before the event is stored.
    HangUpBefore = "hang_up_before",
    /// The connection closes after the event is stored.
    HangUpAfter = "hang_up_after",
    /// Stored; the answer takes longer than anybody waits.
    LateOk = "late_ok",
    /// OK true without storing. Dishonest.
    LieOk = "ok_without_storing",
    /// A stored event is sent twice.
    Duplicate = "duplicate",
    /// An event overtakes those before it.
    Reorder = "reorder",
    /// A slow frame.
    Delay = "delay",
    /// An event is not passed on to a subscription that wants it. Dishonest.
    Withhold = "withhold",
    /// The end of stored events is announced before they come. Dishonest.
    EarlyEose = "early_eose",
    /// The end of stored events is never announced. Dishonest.
    NoEose = "no_eose",
    /// An event outside of the filter. Dishonest.
    OffFilter = "off_filter",
    /// An event whose content was changed under its old id. Dishonest.
    Forge = "forge",
    /// Stored and passed on; the answer says that it was refused. Dishonest.
    RefuseStored = "refused_but_stored",
    /// Answered with OK at once, stored up to thirty days later. Dishonest.
    KeepBack = "kept_back",
    /// An event in somebody's name that they never signed. Dishonest.
    MakeUp = "made_up",
    /// A copy of somebody's ciphertext in an envelope of the relay's own, dated a year away. Dishonest.
    Redate = "redated",
    /// Hundreds of events without meaning under the tag of a group. Dishonest.
    Flood = "flood",
    /// A frame that takes up to an hour, and everything after it waits. Dishonest.
    Slow = "slow",
    /// A frame larger than what is looked at. Dishonest.
    Giant = "giant_frame",
    /// A request is closed instead of answered.
    CloseRequest = "close_request",
    /// A stranger's event under the tag of a group, often dated far away.
    Garbage = "garbage",
    /// A copy of somebody's ciphertext in an envelope of a stranger.
    Rewrap = "rewrap",
    /// The relay restarts: connections and subscriptions are gone.
    Restart = "restart",
    /// The relay is down for a while.
    Outage = "outage",
    /// Every relay refuses what belongs to groups, for good, for a while.
    Ban = "ban",
    /// Frames between a client and a relay vanish, until the connection is lost.
    Partition = "partition",
    /// A client has no network for a while.
    Offline = "offline",
    /// A client is killed where it stands.
    Crash = "crash",
    /// A client's clock is wrong.
    Skew = "skew",
}

/// What a relay can say or do that is not so, each with how often out of a thousand occasions where it is all that a relay does wrong.
pub const LIES: [(FaultKind, u32); 14] = [
    (FaultKind::LieOk, 700),
    (FaultKind::StoreSilently, 700),
    (FaultKind::RefuseStored, 700),
    (FaultKind::KeepBack, 500),
    (FaultKind::EarlyEose, 800),
    (FaultKind::NoEose, 800),
    (FaultKind::OffFilter, 800),
    (FaultKind::Withhold, 700),
    (FaultKind::Forge, 700),
    (FaultKind::MakeUp, 700),
    (FaultKind::Redate, 300),
    (FaultKind::Flood, 300),
    (FaultKind::Slow, 200),
    (FaultKind::Giant, 300),
];

/// How often each kind happens, out of a thousand occasions.
#[derive(Clone, Debug, Default)]
pub struct Odds(BTreeMap<FaultKind, u32>);

impl Odds {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// With one kind set.
    #[must_use]
    pub fn with(mut self, kind: FaultKind, per_mille: u32) -> Self {
        self.0.insert(kind, per_mille);
        self
    }

    /// How often this one happens.
    pub fn of(&self, kind: FaultKind) -> u32 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// What an honest relay behind a bad network does, as a seed says.
    pub fn honest(dice: &mut Dice) -> Self {
        use FaultKind as K;
        let kinds = [
            (K::RefuseForNow, 60),
            (K::Forget, 50),
            (K::StoreSilently, 60),
            (K::HangUpBefore, 30),
            (K::HangUpAfter, 30),
            (K::LateOk, 40),
            (K::Duplicate, 80),
            (K::Reorder, 80),
            (K::Delay, 120),
            (K::CloseRequest, 30),
        ];
        Self::thrown(dice, &kinds)
    }

    /// What a relay does that lies, as a seed says. Everything an honest one does, too.
    pub fn dishonest(dice: &mut Dice) -> Self {
        use FaultKind as K;
        let lies = [
            (K::RefuseForGood, 60),
            (K::LieOk, 250),
            (K::Withhold, 200),
            (K::EarlyEose, 200),
            (K::NoEose, 150),
            (K::OffFilter, 150),
            (K::Forge, 150),
        ];
        let mut odds = Self::honest(dice);
        odds.0.extend(Self::thrown(dice, &lies).0);
        odds
    }

    /// What a relay does that tells one lie again and again, besides what the network does to an honest one.
    pub fn lying(dice: &mut Dice, lie: FaultKind) -> Self {
        let often = LIES.iter().find(|(kind, _)| *kind == lie).map_or(0, |(_, often)| *often);
        Self::honest(dice).with(lie, often)
    }

    /// Each kind is left out at every second time, and otherwise happens up to so often.
    fn thrown(dice: &mut Dice, kinds: &[(FaultKind, u32)]) -> Self {
        let thrown = kinds.iter().map(|(kind, most)| {
            let often = u32::try_from(dice.below(u64::from(*most) + 1)).unwrap_or(0);
            (*kind, if dice.chance(500) { often } else { 0 })
        });
        Self(thrown.collect())
    }
}

/// How often each kind happened.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Tally {
    /// It happened.
    pub fn count(&self, kind: FaultKind) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kind.name()).or_default() += 1;
    }

    /// All of them, by name.
    pub fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
