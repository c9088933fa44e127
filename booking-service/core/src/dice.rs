//! Dice that fall alike for one seed, for ever: for tests and simulations.

/// Sebastiano Vigna's `SplitMix64`: small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of that seed.
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`; 0 for none.
    pub const fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        match mixed.checked_rem(sides) {
            Some(number) => number,
            None => 0,
        }
    }

    /// Whether what happens once in `sides` times happens now; never for 0.
    pub const fn one_in(&mut self, sides: u64) -> bool {
        sides > 0 && self.roll(sides) == 0
    }
}
