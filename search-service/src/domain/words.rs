//! Words that may be misspelt: how many edits a word forgives, and how many lie between two words.

/// The most words a query may have after folding. Each costs a handful of clauses in the index.
pub const MAX_WORDS: usize = 12;

/// A folded word of a query and how many edits it forgives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    text: String,
}

impl Word {
    /// The words of `text`, folded; repeats count once.
    pub fn all_of(text: &str) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        for text in domain::fold::tokens(text) {
            let word = Self { text };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }

    /// The folded word.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many edits it forgives: 0, 1 or 2 for lengths below 3, below 6 and from 6 on (details.md, Search text).
    pub fn forgives(&self) -> u8 {
        match self.text.len() {
            ..3 => 0,
            3..6 => 1,
            _ => 2,
        }
    }

    /// The edits between this word and an indexed one, if it forgives that many.
    pub fn edits_to(&self, indexed: &str) -> Option<u8> {
        let most = usize::from(self.forgives());
        if self.text.len().abs_diff(indexed.len()) > most {
            return None;
        }
        let edits = distance(self.text.as_bytes(), indexed.as_bytes());
        u8::try_from(edits).ok().filter(|edits| *edits <= self.forgives())
    }
}

/// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours cost one
/// each, and no piece is edited twice. It is what Lucene's fuzzy automata accept.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row_before: Vec<usize> = Vec::new();
    let mut row_above: Vec<usize> = (0..=right.len()).collect();
    for (i, here) in left.iter().enumerate() {
        let above = i.checked_sub(1).and_then(|at| left.get(at));
        let mut row = vec![i + 1];
        for (j, there) in right.iter().enumerate() {
            let substituted = cell(&row_above, j) + usize::from(here != there);
            let inserted = cell(&row, j) + 1;
            let deleted = cell(&row_above, j + 1) + 1;
            let mut least = substituted.min(inserted).min(deleted);
            if let Some(left_of) = j.checked_sub(1)
                && above == Some(there)
                && right.get(left_of) == Some(here)
            {
                least = least.min(cell(&row_before, left_of) + 1);
            }
            row.push(least);
        }
        row_before = std::mem::replace(&mut row_above, row);
    }
    row_above.last().copied().unwrap_or_default()
}

fn cell(row: &[usize], at: usize) -> usize {
    row.get(at).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(text: &str) -> Word {
        Word::all_of(text).remove(0)
    }

    #[test]
    fn short_words_forgive_less_than_long_ones() {
        for (text, forgives) in [("ab", 0), ("abc", 1), ("abcde", 1), ("abcdef", 2)] {
            assert_eq!(word(text).forgives(), forgives, "{text}");
        }
    }

    #[test]
    fn a_swap_of_neighbours_counts_one_edit() {
        assert_eq!(word("rmoe").edits_to("rome"), Some(1));
        assert_eq!(word("maldvies").edits_to("maldives"), Some(1));
        assert_eq!(word("barcelnoa").edits_to("barcelona"), Some(1));
        assert_eq!(word("rmoa").edits_to("rome"), None);
        assert_eq!(word("ca").edits_to("abc"), None);
    }

    #[test]
    fn a_piece_is_not_edited_twice() {
        assert_eq!(distance(b"ca", b"abc"), 3);
    }

    #[test]
    fn repeated_words_count_once() {
        assert_eq!(Word::all_of("Rome, ROME róme").len(), 1);
        assert!(Word::all_of("?!").is_empty());
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_equals(a in "[abc]{0,8}", b in "[abc]{0,8}") {
            let there = distance(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(there, distance(b.as_bytes(), a.as_bytes()));
            prop_assert_eq!(there == 0, a == b);
            prop_assert!(there >= a.len().abs_diff(b.len()) && there <= a.len().max(b.len()));
        }
    }
}
