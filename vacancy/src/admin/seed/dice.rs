//! Chance that is the same on every machine and in every version: `SplitMix64`, seeded by an id.

use uuid::Uuid;

/// Five decimals of a degree are a metre.
const PLACES: f64 = 100_000.0;

/// A sequence of numbers.
pub(super) struct Dice(u64);

impl Dice {
    /// The sequence of an id.
    pub(super) fn of(id: Uuid) -> Self {
        Self(id.as_u64_pair().0 ^ id.as_u64_pair().1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, `end`; 0 if that is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)).saturating_add(1);
        low.saturating_add(u32::try_from(self.below(span)).unwrap_or(0))
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(of.len()).unwrap_or(0));
        of.get(usize::try_from(place).unwrap_or(0))
    }

    /// One of these words; nothing of none.
    pub(super) fn word(&mut self, of: &[&'static str]) -> &'static str {
        self.pick(of).copied().unwrap_or_default()
    }

    /// Whether so many of a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// A number of degrees away from `centre`, by `least` to `most` ten-thousandths of one, as short as places are written.
    pub(super) fn near(&mut self, centre: f64, (least, most): (u32, u32)) -> f64 {
        let away = f64::from(self.between(least, most)) / 10_000.0;
        let degrees = if self.percent(50) { centre + away } else { centre - away };
        (degrees * PLACES).round() / PLACES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_always_gives_the_same_sequence_within_its_bounds() {
        let (mut one, mut other) = (Dice::of(Uuid::from_u128(7)), Dice::of(Uuid::from_u128(7)));
        for _ in 0..1_000 {
            let rolled = one.between(3, 9);
            assert_eq!(rolled, other.between(3, 9));
            assert!((3..=9).contains(&rolled));
        }
        assert_eq!(one.below(0), 0);
        for centre in [41.891_93, -0.125_74, 179.999_99] {
            let near = one.near(centre, (20, 200));
            assert!((0.001_99..0.020_01).contains(&(near - centre).abs()), "{near}");
            assert!(near.to_string().split('.').nth(1).is_none_or(|decimals| decimals.len() <= 5), "{near}");
        }
    }
}
