//! Pages of a search: an offset, at most 1,000 hotels deep.
//!
//! An index refuses to continue after a sort value where results are collapsed, so a page token holds an offset; a change
//! in between may repeat or skip a hotel (architecture.md, Search documents).

use serde::{Deserialize, Serialize};

/// How deep a list goes, in hotels.
pub const DEEPEST: u32 = 1_000;

/// Which part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Hotels before it.
    pub offset: u32,
    /// Hotels in it.
    pub size: u32,
}

impl Window {
    /// The window of `size` hotels after `offset`, cut where the list ends.
    pub fn new(offset: u32, size: u32) -> Self {
        let offset = offset.min(DEEPEST);
        Self { offset, size: size.min(DEEPEST - offset) }
    }

    /// The offset of the next page, if the list goes on there; `more` says whether hotels were left.
    pub fn next(self, more: bool) -> Option<u32> {
        let next = self.offset.saturating_add(self.size);
        (more && next < DEEPEST).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_page_ends_at_a_thousand_hotels() {
        assert_eq!(Window::new(950, 100), Window { offset: 950, size: 50 });
        assert_eq!(Window::new(950, 100).next(true), None);
        assert_eq!(Window::new(0, 20).next(false), None);
        assert_eq!(Window::new(0, 20).next(true), Some(20));
    }

    proptest! {
        #[test]
        fn no_page_goes_deeper_than_a_thousand_hotels(offset: u32, size in 1_u32..=100) {
            let window = Window::new(offset, size);
            prop_assert!(window.offset + window.size <= DEEPEST);
            prop_assert!(window.next(true).is_none_or(|next| next < DEEPEST));
        }
    }
}
