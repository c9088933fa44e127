//! Pages over both stores: the token holds a place in the order that both share.

use platform::api::{
    Problem, Violations,
    page::{self, Filters, Token},
};
use records::Position;

/// A page that was asked for.
pub(super) struct Asked {
    pub(super) size: u32,
    pub(super) after: Option<Position>,
    filters: Filters,
}

impl Asked {
    /// Reads size and token; what else is wrong with the query is in `found`.
    pub(super) fn read(
        (page_size, page_token): (Option<i64>, Option<&str>),
        filters: Filters,
        mut found: Violations,
    ) -> Result<Self, Problem> {
        let size = found.take_parameter("page_size", page::size(page_size));
        found.finish()?;
        let after = Token::open_opt(page_token, filters)?;
        Ok(Self { size: size.unwrap_or(page::DEFAULT_SIZE), after, filters })
    }

    /// The token of the next page.
    pub(super) fn token(&self, next: Option<Position>) -> Option<String> {
        next.map(|position| Token::seal(&position, self.filters))
    }
}
