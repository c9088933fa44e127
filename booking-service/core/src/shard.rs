//! Which shard a hotel belongs to.

use domain::HotelId;

/// The shard of a hotel among `shards`: a mixed hash of its id, so that ids made one after another spread. 0 when
/// there are none (performance.md, The design that follows).
pub fn shard(hotel: HotelId, shards: u32) -> u32 {
    let mixed = hotel
        .uuid()
        .as_bytes()
        .iter()
        .fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    let folded = mixed ^ (mixed >> 32);
    folded.checked_rem(u64::from(shards)).and_then(|shard| u32::try_from(shard).ok()).unwrap_or(0)
}

/// FNV-1a, 64 bits (draft-eastlake-fnv).
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use domain::HotelId;

    use super::shard;

    #[test]
    fn hotels_spread_over_all_shards_and_stay_where_they_are() {
        let of = |n: u128| shard(HotelId::from_uuid(uuid::Uuid::from_u128(n)), 4);
        let mut seen = [0u32; 4];
        for n in 0..1_000 {
            assert_eq!(of(n), of(n));
            seen[usize::try_from(of(n)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| *count > 150), "{seen:?}");
        assert_eq!(shard(HotelId::from_uuid(uuid::Uuid::nil()), 0), 0);
    }
}
