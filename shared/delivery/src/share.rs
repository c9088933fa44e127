/// Whether `lane` is `me`'s among the living processes, in an order they all agree on: each gets as many as the others, or one
/// more. Nobody's when `me` is not among them.
pub fn is_ours<O: PartialEq>(lane: u8, me: &O, living: &[O]) -> bool {
    let rank = living.iter().position(|owner| owner == me);
    rank.is_some() && usize::from(lane).checked_rem(living.len()) == rank
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::LANES;

    proptest! {
        #[test]
        fn each_lane_has_one_owner_and_no_owner_has_two_more_than_another(
            living in proptest::collection::hash_set(0_u32..50, 1..9),
        ) {
            let living: Vec<u32> = living.into_iter().collect();
            let of = |me: &u32| (0..LANES).filter(|lane| is_ours(*lane, me, &living)).count();
            let counts: Vec<usize> = living.iter().map(of).collect();
            prop_assert_eq!(counts.iter().sum::<usize>(), usize::from(LANES));
            let (most, least) = (counts.iter().max().unwrap(), counts.iter().min().unwrap());
            prop_assert!(most - least <= 1, "{:?}", counts);
        }

        #[test]
        fn who_is_not_among_the_living_has_no_lane(living in proptest::collection::vec(1_u32..9, 0..5)) {
            prop_assert!((0..LANES).all(|lane| !is_ours(lane, &0, &living)));
        }

        #[test]
        fn who_comes_last_moves_no_more_lanes_than_two_for_each_that_it_takes(before in 1_u32..8) {
            let living: Vec<u32> = (0..=before).collect();
            let owner = |lane, living: &[u32]| living.iter().copied().find(|me| is_ours(lane, me, living));
            let old = &living[..living.len() - 1];
            let moved = (0..LANES).filter(|lane| owner(*lane, old) != owner(*lane, &living)).count();
            let taken = (0..LANES).filter(|lane| is_ours(*lane, &before, &living)).count();
            prop_assert!(moved <= 2 * taken, "{} moved for {}", moved, taken);
        }
    }
}
