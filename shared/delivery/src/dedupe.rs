use std::collections::{HashMap, VecDeque};

/// The last version handled of each key, for a bounded number of keys: what is not newer need not be handled again.
///
/// It only saves work. An effect must be idempotent without it, because it forgets (the oldest key first, and all at a restart).
#[derive(Debug, Clone)]
pub struct Dedupe {
    capacity: usize,
    versions: HashMap<String, i64>,
    oldest_first: VecDeque<String>,
}

impl Dedupe {
    /// Remembers at most `capacity` keys; none at all when it is 0.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, versions: HashMap::new(), oldest_first: VecDeque::new() }
    }

    /// Whether `version` of `key` is above the last one handled, as far as is remembered.
    pub fn is_new(&self, key: &str, version: i64) -> bool {
        self.versions.get(key).is_none_or(|last| version > *last)
    }

    /// Records that `version` of `key` has been handled. Call it only after the effect.
    pub fn handled(&mut self, key: &str, version: i64) {
        if let Some(last) = self.versions.get_mut(key) {
            *last = version.max(*last);
            return;
        }
        if self.capacity == 0 {
            return;
        }
        self.make_room();
        self.versions.insert(key.to_owned(), version);
        self.oldest_first.push_back(key.to_owned());
    }

    /// Forgets everything, as when partitions move between processes.
    pub fn clear(&mut self) {
        self.versions.clear();
        self.oldest_first.clear();
    }

    fn make_room(&mut self) {
        while self.versions.len() >= self.capacity {
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            self.versions.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_version_not_above_the_last_one_is_old() {
        let mut dedupe = Dedupe::new(10);
        dedupe.handled("k", 5);
        assert!(!dedupe.is_new("k", 4));
        assert!(!dedupe.is_new("k", 5));
        assert!(dedupe.is_new("k", 6));
        assert!(dedupe.is_new("other", 1));
    }

    proptest! {
        #[test]
        fn it_never_calls_a_version_old_that_is_above_all_handled(
            capacity in 0_usize..4,
            events in proptest::collection::vec((0_u8..6, 0_i64..8), 0..60),
        ) {
            let mut dedupe = Dedupe::new(capacity);
            let mut highest: HashMap<u8, i64> = HashMap::new();
            for (key, version) in events {
                let name = key.to_string();
                if highest.get(&key).is_none_or(|top| version > *top) {
                    prop_assert!(dedupe.is_new(&name, version));
                }
                dedupe.handled(&name, version);
                let top = highest.entry(key).or_insert(version);
                *top = version.max(*top);
                prop_assert!(dedupe.versions.len() <= capacity);
            }
        }
    }
}
