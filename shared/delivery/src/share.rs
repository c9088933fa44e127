use std::collections::BTreeSet;

/// A process that lives and reaches the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Living<O> {
    /// Its name.
    pub owner: O,
    /// The lanes that it cannot publish for now, and leaves to others.
    pub parted: BTreeSet<u8>,
}

/// Whether `lane` is `me`'s among the living processes, in an order they all agree on: each gets as many as the others, or one
/// more, unless one has parted with a lane: it is passed over, unless all have. Nobody's when `me` is not among them.
pub fn is_ours<O: PartialEq>(lane: u8, me: &O, living: &[Living<O>]) -> bool {
    let nobody_can = living.iter().all(|one| one.parted.contains(&lane));
    let able: Vec<&O> =
        living.iter().filter(|one| nobody_can || !one.parted.contains(&lane)).map(|one| &one.owner).collect();
    let rank = able.iter().position(|owner| *owner == me);
    rank.is_some() && usize::from(lane).checked_rem(able.len()) == rank
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::LANES;

    fn healthy(owners: impl IntoIterator<Item = u32>) -> Vec<Living<u32>> {
        owners.into_iter().map(|owner| Living { owner, parted: BTreeSet::new() }).collect()
    }

    fn owners(lane: u8, living: &[Living<u32>]) -> Vec<u32> {
        living.iter().map(|one| one.owner).filter(|me| is_ours(lane, me, living)).collect()
    }

    proptest! {
        #[test]
        fn a_lane_is_one_processs_who_did_not_part_with_it_as_long_as_there_is_one(
            parted in proptest::collection::vec(proptest::collection::btree_set(0..LANES, 0..5), 1..6),
        ) {
            let living: Vec<Living<u32>> =
                (0..).zip(parted).map(|(owner, parted)| Living { owner, parted }).collect();
            for lane in 0..LANES {
                let owners = owners(lane, &living);
                prop_assert_eq!(owners.len(), 1);
                let has_parted = |one: &Living<u32>| one.parted.contains(&lane);
                let chosen = living.iter().find(|one| owners.contains(&one.owner)).unwrap();
                prop_assert!(!has_parted(chosen) || living.iter().all(has_parted));
            }
        }

        #[test]
        fn each_lane_has_one_owner_and_no_owner_has_two_more_than_another(
            living in proptest::collection::hash_set(0_u32..50, 1..9),
        ) {
            let living = healthy(living);
            let of = |one: &Living<u32>| (0..LANES).filter(|lane| is_ours(*lane, &one.owner, &living)).count();
            let counts: Vec<usize> = living.iter().map(of).collect();
            prop_assert_eq!(counts.iter().sum::<usize>(), usize::from(LANES));
            let (most, least) = (counts.iter().max().unwrap(), counts.iter().min().unwrap());
            prop_assert!(most - least <= 1, "{:?}", counts);
        }

        #[test]
        fn who_is_not_among_the_living_has_no_lane(living in proptest::collection::vec(1_u32..9, 0..5)) {
            let living = healthy(living);
            prop_assert!((0..LANES).all(|lane| !is_ours(lane, &0, &living)));
        }

        #[test]
        fn who_comes_last_moves_no_more_lanes_than_two_for_each_that_it_takes(before in 1_u32..8) {
            let living = healthy(0..=before);
            let old = &living[..living.len() - 1];
            let moved = (0..LANES).filter(|lane| owners(*lane, old) != owners(*lane, &living)).count();
            let taken = (0..LANES).filter(|lane| is_ours(*lane, &before, &living)).count();
            prop_assert!(moved <= 2 * taken, "{} moved for {}", moved, taken);
        }
    }
}
