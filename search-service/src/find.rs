//! Runs a search: the hits, what was meant, and why there are none.

use crate::{
    domain::{
        criteria::Criteria,
        did_you_mean::did_you_mean,
        no_results::{NoResultsReason, no_results_reason},
        page::Window,
        query::{Search, Step},
        ranking::{Cost, Sort},
    },
    index::{Hits, Index, IndexError, Query},
};

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The hotels.
    pub hits: Hits,
    /// The query as the best result spells it, if that differs.
    pub did_you_mean: Option<String>,
    /// Why there are no hotels at all.
    pub no_results_reason: Option<NoResultsReason>,
}

/// Runs `search` and gives the part `window` of its list.
pub async fn find(index: &dyn Index, search: &Search, window: Window) -> Result<Found, IndexError> {
    let criteria = closest(index, search).await?;
    let query = Query {
        criteria,
        sort: search.sort,
        window,
        nights: search.stay.iter().flat_map(|stay| stay.nights()).collect(),
        facets: search.facets.then_some(search.currency),
    };
    let hits = index.search(&query).await?;
    let did_you_mean = meant(index, &query, &hits).await?;
    let no_results_reason =
        if hits.total == 0 && hits.hits.is_empty() { reason(index, search).await? } else { None };
    Ok(Found { hits, did_you_mean, no_results_reason })
}

/// Under an order of its own, a list of words keeps to the hotels with the fewest edits: else the cheapest hotel "in Rome"
/// would be one in Nome.
async fn closest(index: &dyn Index, search: &Search) -> Result<Criteria, IndexError> {
    let mut criteria = search.criteria(Step::Nights);
    if search.sort == Sort::Relevance || criteria.words.is_empty() {
        return Ok(criteria);
    }
    let best = Query {
        criteria: criteria.clone(),
        sort: Sort::Relevance,
        window: Window::new(0, 1),
        nights: Vec::new(),
        facets: None,
    };
    let best = index.search(&best).await?;
    criteria.at_most = best.least.map(|cost| Cost::ceiling(cost.edits()));
    Ok(criteria)
}

async fn meant(index: &dyn Index, query: &Query, hits: &Hits) -> Result<Option<String>, IndexError> {
    let Some(best) = hits.hits.first().filter(|hit| hit.cost.edits() > 0) else { return Ok(None) };
    let stored = index.load_rooms(&[best.room.room_id]).await?;
    Ok(stored.first().and_then(|stored| did_you_mean(&query.criteria.words, &stored.document)))
}

async fn reason(index: &dyn Index, search: &Search) -> Result<Option<NoResultsReason>, IndexError> {
    let steps = Step::ALL.map(|step| search.criteria(step));
    Ok(no_results_reason(&index.count(&steps).await?))
}
