/// How many lanes an outbox has. Fixed for ever: it is stored with the rows. Each costs a transactional producer that never
/// rests, and one publishes more than a service makes; four let as many copies share the work.
pub const LANES: u8 = 4;

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const SIGN: u32 = 0x7fff_ffff;

/// Murmur2 as Kafka's Java client hashes keys (`org.apache.kafka.common.utils.Utils.murmur2`), as an unsigned number.
pub fn murmur2(bytes: &[u8]) -> u32 {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, tail) = bytes.as_chunks::<4>();
    let mixed = words.iter().fold(SEED ^ length, |hash, word| mix(hash, u32::from_le_bytes(*word)));
    finish(mix_tail(mixed, tail))
}

/// The partition of a key among `partitions`, as Kafka's default partitioner chooses it. 0 when there are no partitions.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & SIGN).checked_rem(partitions).unwrap_or(0)
}

/// The outbox lane of an event key: one lane publishes all events of a key, so their order is kept.
pub fn lane_of(key: &str) -> u8 {
    u8::try_from(partition_of(key.as_bytes(), u32::from(LANES))).unwrap_or(0)
}

fn mix(hash: u32, word: u32) -> u32 {
    let word = word.wrapping_mul(MULTIPLIER);
    let word = (word ^ (word >> 24)).wrapping_mul(MULTIPLIER);
    hash.wrapping_mul(MULTIPLIER) ^ word
}

fn mix_tail(hash: u32, tail: &[u8]) -> u32 {
    if tail.is_empty() {
        return hash;
    }
    let word = tail.iter().rev().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    (hash ^ word).wrapping_mul(MULTIPLIER)
}

fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 13)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn hashes_as_the_java_client_does() {
        let vectors: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ];
        for (bytes, expected) in vectors {
            assert_eq!(murmur2(bytes).cast_signed(), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_partition_is_the_positive_hash_modulo_the_count() {
        assert_eq!(partition_of(b"foobar", 12), (2_147_483_647_u32 & murmur2(b"foobar")) % 12);
        assert_eq!(partition_of(b"foobar", 0), 0);
    }

    #[test]
    fn keys_spread_over_all_lanes() {
        let used: std::collections::HashSet<u8> =
            (0..1_000).map(|n| lane_of(&format!("hotel/{n}"))).collect();
        assert_eq!(used.len(), usize::from(LANES));
    }
}
