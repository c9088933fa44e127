//! What a check has seen.

/// How much was looked at, and what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Things looked at.
    pub checked: u64,
    /// Breaches found.
    pub breaches: u64,
    /// The first of them, for a person.
    pub shown: Vec<String>,
    most: usize,
}

impl Tally {
    /// Keeps the text of at most `most` breaches.
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Something was looked at.
    pub fn look(&mut self) {
        self.checked = self.checked.saturating_add(1);
    }

    /// So many things were looked at by one statement.
    pub fn looked_at(&mut self, count: u64) {
        self.checked = self.checked.saturating_add(count);
    }

    /// Something is wrong.
    pub fn breach(&mut self, says: impl FnOnce() -> String) {
        self.breaches = self.breaches.saturating_add(1);
        if self.shown.len() < self.most {
            self.shown.push(says());
        }
    }

    /// Looked at one thing, wrong in these ways.
    pub fn judge(&mut self, wrong: impl IntoIterator<Item = String>) {
        self.look();
        for says in wrong {
            self.breach(|| says);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_breaches_are_counted_and_the_first_are_shown() {
        let mut tally = Tally::new(2);
        for number in 0..5 {
            tally.look();
            tally.breach(|| number.to_string());
        }
        assert_eq!((tally.checked, tally.breaches), (5, 5));
        assert_eq!(tally.shown, ["0", "1"]);
    }
}
