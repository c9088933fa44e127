//! `GET /v1/search`.

use ::domain::Faults;
use platform::api::{
    Answer, Code, Endpoint, Problem, Request,
    page::{Filters, PageQuery, PageRequest},
};

use super::{parameters::SearchParameters, views::SearchPage};
use crate::{domain::page::Window, find::find, parts::Shared};

const DESCRIPTION: &str = "Every word of `q` must be found in a hotel's name, its locality's names, its country or \
    its facilities; accents and scripts do not matter, and 1 or 2 typos are forgiven in words of 3 or 6 letters and more. \
    Without `sort` the order is: fewest typos, best place of the match, most stars, price. Under another `sort` only the \
    hotels with the fewest typos are listed. A room fits when it is available on every night for all the rooms wanted, \
    and rooms times occupancy is at least the party. Each hotel stands once, with its cheapest fitting room. \
    Lists end after 1,000 hotels.";

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("search_hotels", handle)
        .summary("Finds hotels with a fitting room.")
        .description(DESCRIPTION)
        .tag("search")
        .public()
        .query::<SearchParameters>()
        .answers::<SearchPage>(200, "Hotels in order; possibly none, with the reason.")
        .refuses(&[Code::InvalidPageToken, Code::Unavailable])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let parameters: SearchParameters = request.query()?;
    let now = shared.clock.now().await?;
    let paging = PageQuery { page_size: parameters.page_size, page_token: parameters.page_token.clone() };
    let search = parameters.parse(now).map_err(|mut faults| {
        // Everything that is wrong is named at once.
        paging.check(&mut faults);
        faults
    })?;
    let page: PageRequest<u32> = paging.read(Filters::of(&search.filters()), Faults::new())?;
    let window = Window::new(page.after.unwrap_or(0), page.size);
    let found = find(&*shared.index, &search, window).await?;
    let next = page.token(window.next(found.hits.more));
    Ok(Answer::json(200, &SearchPage::new(&search, found, next, shared.freshness.is_stale())))
}
