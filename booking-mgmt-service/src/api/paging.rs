//! Pages over both stores: the token holds a place in the order that both share.

use domain::Instant;
use platform::api::{
    Problem, Violations,
    page::{self, Filters, Token},
};
use records::Position;
use serde::{Deserialize, Serialize};

/// Where a list goes on, and what its first page promised.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Cursor {
    after: Position,
    #[serde(default)]
    complete_until: Option<Instant>,
}

/// A page that was asked for.
pub(super) struct Asked {
    pub(super) size: u32,
    pub(super) after: Option<Position>,
    /// Of the first page; none on it.
    pub(super) complete_until: Option<Instant>,
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
        let cursor: Option<Cursor> = Token::open_opt(page_token, filters)?;
        Ok(Self {
            size: size.unwrap_or(page::DEFAULT_SIZE),
            after: cursor.map(|cursor| cursor.after),
            complete_until: cursor.and_then(|cursor| cursor.complete_until),
            filters,
        })
    }

    /// The token of the next page.
    pub(super) fn token(&self, next: Option<Position>) -> Option<String> {
        let complete_until = self.complete_until;
        next.map(|after| Token::seal(&Cursor { after, complete_until }, self.filters))
    }
}
