//! Chance from a seed: the same seed gives the same schedule, on every machine and with every version of a crate.

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another one, of the same seed, for somebody of this number.
    pub(crate) const fn of(seed: u64, number: u64) -> Self {
        Self(seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0xd1b5_4a32_d192_ed03)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// Whether it happens, out of a hundred times so often.
    pub(crate) fn percent(&mut self, often: u64) -> bool {
        self.below(100) < often
    }

    /// All of them in another order (Fisher, Yates).
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let with = self.below(u64::try_from(last + 1).unwrap_or(0));
            all.swap(last, usize::try_from(with).unwrap_or(last));
        }
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(all.len()).unwrap_or(0);
        all.get(usize::try_from(self.below(count)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_one_others() {
        let ten = |mut dice: Dice| (0..10).map(|_| dice.below(1_000)).collect::<Vec<_>>();
        assert_eq!(ten(Dice::of(7, 1)), ten(Dice::of(7, 1)));
        assert_ne!(ten(Dice::of(7, 1)), ten(Dice::of(7, 2)));
        assert_ne!(ten(Dice::new(7)), ten(Dice::new(8)));
        let mut shuffled: Vec<u64> = (0..20).collect();
        Dice::new(7).shuffle(&mut shuffled);
        assert!(!shuffled.is_sorted());
        shuffled.sort_unstable();
        assert_eq!(shuffled, (0..20).collect::<Vec<_>>(), "all are still there");
        assert_eq!((Dice::new(1).below(0), Dice::new(1).pick::<u8>(&[])), (0, None));
    }
}
