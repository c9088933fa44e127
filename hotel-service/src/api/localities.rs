//! `/v1/localities`.

use ::domain::{CountryCode, Faults, Invalid, fold};
use platform::api::{
    Answer, Code, Endpoint, Problem, Request, Routes,
    page::{Filters, PageQuery},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::LocalityList;
use crate::{
    parts::Shared,
    store::{Cursor, LocalityFilter, LocalityMark},
};

/// The longest prefix in characters: names are no longer.
const LONGEST_PREFIX: usize = 200;

pub(super) fn routes() -> Routes<Shared> {
    Routes::new().resource("/v1/localities", [list()])
}

/// Which localities.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LocalityQuery {
    /// What the name begins with, in any case, with or without accents.
    #[param(max_length = 200, nullable = false, example = "rom")]
    q: Option<String>,
    /// Only of this country (ISO 3166-1 alpha-2).
    #[param(pattern = "^[A-Z]{2}$", nullable = false, example = "IT")]
    country_code: Option<String>,
    /// How many items: 20 if left out; more than 100 is taken as 100.
    #[param(value_type = Option<u32>, minimum = 1, nullable = false)]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    #[param(nullable = false)]
    page_token: Option<String>,
}

fn list() -> Endpoint<Shared> {
    Endpoint::get("list_localities", handle)
        .summary("Find cities and areas")
        .description("The most populous first.")
        .tag("localities")
        .public()
        .cached()
        .query::<LocalityQuery>()
        .answers::<LocalityList>(200, "A page of localities.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: LocalityQuery = request.query()?;
    let mut faults = Faults::new();
    let country_code = query.country_code.as_deref().map(CountryCode::parse);
    let country_code = country_code.and_then(|parsed| faults.take_parameter("country_code", parsed));
    let prefix = faults.take_parameter("q", prefix(query.q.as_deref())).unwrap_or_default();
    let filters = Filters::of(&("list_localities", &prefix, country_code));
    let paging = PageQuery { page_size: query.page_size, page_token: query.page_token };
    let page = paging.read::<LocalityMark>(filters, faults)?;
    let filter = LocalityFilter { prefix, country_code };
    let part = shared.localities.list(&filter, Cursor::from(&page)).await?;
    Ok(Answer::json(200, &LocalityList::from(part.page(&page, |place| place))))
}

fn prefix(q: Option<&str>) -> Result<String, Invalid> {
    let Some(q) = q else { return Ok(String::new()) };
    if q.chars().count() > LONGEST_PREFIX {
        return Err(Invalid::out_of_range(format!("At most {LONGEST_PREFIX} characters.")));
    }
    let folded = fold::fold(q);
    if folded.is_empty() && !q.trim().is_empty() {
        return Err(Invalid::malformed("At least one letter or digit."));
    }
    Ok(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_folded_and_never_empty_by_accident() {
        assert_eq!(prefix(Some("  MALÉ ")).unwrap(), "male");
        assert_eq!(prefix(Some("%_")).unwrap_err().code(), "malformed");
        assert_eq!(prefix(None).unwrap(), "");
        assert!(prefix(Some(&"a".repeat(201))).is_err());
    }
}
