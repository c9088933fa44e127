//! Where travellers look: cities that have more hotels than their people alone would give them, and cities with a beach.

/// A city that travellers look for.
struct Destination {
    /// Its number at `GeoNames`.
    geonameid: u64,
    /// How many of a thousand hotels stand there.
    of_thousand: u64,
    /// Whether a hotel can stand at a beach.
    has_beach: bool,
}

const fn city(geonameid: u64, of_thousand: u64) -> Destination {
    Destination { geonameid, of_thousand, has_beach: false }
}

const fn by_the_sea(geonameid: u64, of_thousand: u64) -> Destination {
    Destination { geonameid, of_thousand, has_beach: true }
}

/// More than half of all hotels; the others stand wherever people live. Which cities have a beach the places do not tell, so
/// nobody else's hotel stands at one.
const DESTINATIONS: &[Destination] = &[
    city(2_988_507, 80),       // Paris
    city(2_643_743, 80),       // London
    city(3_169_070, 80),       // Rome
    by_the_sea(3_128_760, 16), // Barcelona
    city(3_117_735, 12),       // Madrid
    city(2_950_159, 12),       // Berlin
    city(2_867_714, 8),        // Munich
    city(2_761_369, 10),       // Vienna
    city(3_067_696, 10),       // Prague
    city(3_054_643, 8),        // Budapest
    city(2_759_794, 12),       // Amsterdam
    city(2_267_057, 10),       // Lisbon
    city(264_371, 8),          // Athens
    city(745_044, 10),         // Istanbul
    city(3_164_603, 12),       // Venice
    city(3_176_959, 10),       // Florence
    city(3_173_435, 8),        // Milan
    city(2_618_425, 6),        // Copenhagen
    city(2_964_574, 6),        // Dublin
    city(2_650_225, 6),        // Edinburgh
    by_the_sea(2_990_440, 8),  // Nice
    by_the_sea(2_512_989, 10), // Palma
    by_the_sea(2_514_256, 6),  // Málaga
    city(5_128_581, 16),       // New York
    city(5_391_959, 8),        // San Francisco
    by_the_sea(4_164_143, 8),  // Miami Beach
    by_the_sea(5_856_195, 6),  // Honolulu
    by_the_sea(3_531_673, 8),  // Cancún
    by_the_sea(3_451_190, 8),  // Rio de Janeiro
    city(3_435_910, 6),        // Buenos Aires
    city(1_850_147, 12),       // Tokyo
    city(1_857_910, 6),        // Kyoto
    city(1_609_350, 10),       // Bangkok
    by_the_sea(1_614_295, 6),  // Pattaya
    by_the_sea(1_880_252, 8),  // Singapore
    city(1_819_729, 8),        // Hong Kong
    by_the_sea(292_223, 10),   // Dubai
    by_the_sea(3_369_157, 6),  // Cape Town
    city(2_542_997, 6),        // Marrakesh
    by_the_sea(2_147_714, 8),  // Sydney
    by_the_sea(1_282_027, 4),  // Malé
    by_the_sea(1_639_002, 6),  // Kuta
    by_the_sea(3_494_242, 6),  // Punta Cana
    by_the_sea(293_397, 6),    // Tel Aviv
];

/// The destination in which hotel number `of_thousand` of a thousand stands; none if it stands where people live.
pub(super) fn of(of_thousand: u64) -> Option<u64> {
    let mut up_to = 0u64;
    let mut shares = DESTINATIONS.iter().map(|one| {
        up_to = up_to.saturating_add(one.of_thousand);
        (up_to, one.geonameid)
    });
    shares.find(|(up_to, _)| of_thousand < *up_to).map(|(_, geonameid)| geonameid)
}

/// Whether a hotel in that city can stand at a beach.
pub(super) fn has_beach(geonameid: u64) -> bool {
    DESTINATIONS.iter().any(|one| one.geonameid == geonameid && one.has_beach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_a_thousand_stand_in_destinations_and_none_is_named_twice() {
        let total: u64 = DESTINATIONS.iter().map(|one| one.of_thousand).sum();
        assert!((500..800).contains(&total), "{total}");
        assert_eq!((of(0), of(79), of(80)), (Some(2_988_507), Some(2_988_507), Some(2_643_743)));
        assert_eq!((of(total - 1), of(total)), (Some(293_397), None));
        let mut ids: Vec<u64> = DESTINATIONS.iter().map(|one| one.geonameid).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), DESTINATIONS.len());
    }
}
