//! Randomness that a seed decides, down to the last throw.
//! It never reads the system's randomness.

/// A stream of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1))
    }

    /// A stream of its own for one purpose: throws for one purpose do not shift those for another.
    pub fn fork(&self, purpose: &str, number: u64) -> Self {
        let mut state = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for byte in purpose.bytes().chain(number.to_be_bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(state)
    }

    /// Any number.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.throw().checked_rem(end).unwrap_or(0)
    }

    /// A number from `first` to `last`.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first.saturating_add(self.below(last.saturating_sub(first).saturating_add(1)))
    }

    /// Yes, so many times out of a thousand.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of several; `None` where there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(of.len() as u64)).ok()?;
        of.get(index)
    }

    /// Puts them into any order.
    pub fn shuffle<T>(&mut self, what: &mut [T]) {
        for last in (1..what.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            what.swap(last, other);
        }
    }

    /// 32 bytes.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.throw().to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_every_throw_and_purposes_do_not_disturb_each_other() {
        let throws = |mut dice: Dice| (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>();
        assert_eq!(throws(Dice::new(7)), throws(Dice::new(7)));
        assert_ne!(throws(Dice::new(7)), throws(Dice::new(8)));
        let dice = Dice::new(7);
        assert_ne!(throws(dice.fork("relay", 1)), throws(dice.fork("relay", 2)));
        assert_ne!(throws(dice.fork("relay", 1)), throws(dice.fork("member", 1)));
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        let mut dice = Dice::new(1);
        assert_eq!(dice.pick::<u8>(&[]), None);
        assert_eq!(dice.below(0), 0);
    }
}
