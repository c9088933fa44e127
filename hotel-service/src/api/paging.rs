//! Pages: one item more than asked for is read, and tells whether there is a next page.

use platform::api::{
    Problem, Violations,
    page::{self, Filters, Page, Token},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::store::Stretch;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many items: 20 if left out; more than 100 is taken as 100.
    #[param(minimum = 1, nullable = false)]
    pub(super) page_size: Option<i64>,
    /// `next_page_token` of the page before.
    #[param(nullable = false)]
    pub(super) page_token: Option<String>,
}

/// A page that was asked for.
pub(super) struct Asked<P> {
    size: u32,
    after: Option<P>,
    filters: Filters,
}

impl PageQuery {
    /// Reads size and token; what else is wrong with the query is in `found`.
    pub(super) fn read<P: DeserializeOwned>(
        &self,
        filters: Filters,
        mut found: Violations,
    ) -> Result<Asked<P>, Problem> {
        let size = found.take_parameter("page_size", page::size(self.page_size));
        found.finish()?;
        let after = Token::open_opt(self.page_token.as_deref(), filters)?;
        Ok(Asked { size: size.unwrap_or(page::DEFAULT_SIZE), after, filters })
    }
}

impl<P: Copy + Serialize> Asked<P> {
    /// What to read: one more than the page holds.
    pub(super) fn stretch(&self) -> Stretch<P> {
        Stretch { after: self.after, limit: self.size.saturating_add(1) }
    }

    /// The page of what was read, each item with its mark.
    pub(super) fn page<T>(&self, read: Vec<(P, T)>) -> Page<T> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = read.len() > size;
        let kept: Vec<(P, T)> = read.into_iter().take(size).collect();
        let last = kept.last().filter(|_| more).map(|(mark, _)| Token::seal(mark, self.filters));
        Page { items: kept.into_iter().map(|(_, item)| item).collect(), next_page_token: last }
    }
}
