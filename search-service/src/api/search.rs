//! `GET /v1/search`.

use platform::api::{
    Answer, Code, Endpoint, Problem, Request, Violations,
    page::{self, Filters, Token},
};

use super::{Ports, views::SearchPage};
use crate::{
    domain::{page::Window, parameters::SearchParameters, query::Search},
    find::find,
};

const DESCRIPTION: &str = "Every word of `q` must be found in a hotel's name, its locality's names, its country or \
    its facilities; accents and scripts do not matter, and 1 or 2 typos are forgiven in words of 3 or 6 letters and more. \
    Without `sort` the order is: fewest typos, best place of the match, most stars, price. Under another `sort` only the \
    hotels with the fewest typos are listed. A room fits when it is available on every night for all the rooms wanted, \
    and rooms times occupancy is at least the party. Each hotel stands once, with its cheapest fitting room. \
    Lists end after 1,000 hotels.";

pub(super) fn endpoint() -> Endpoint<Ports> {
    Endpoint::get("search_hotels", handle)
        .summary("Finds hotels with a fitting room.")
        .description(DESCRIPTION)
        .tag("search")
        .public()
        .query::<SearchParameters>()
        .answers::<SearchPage>(200, "Hotels in order; possibly none, with the reason.")
        .refuses(&[Code::InvalidPageToken, Code::Unavailable])
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let raw: SearchParameters = request.query()?;
    let now = ports.clock.now().await?;
    let (search, size) = parse(Search::parse(&raw, now), page::size(raw.page_size))?;
    let filters = Filters::of(&search.filters());
    let offset: Option<u32> = Token::open_opt(raw.page_token.as_deref(), filters)?;
    let window = Window::new(offset.unwrap_or(0), size);
    let found = find(&*ports.index, &search, window).await?;
    let next = window.next(found.hits.more).map(|offset| Token::seal(&offset, filters));
    Ok(Answer::json(200, &SearchPage::new(&search, found, next, ports.freshness.is_stale())))
}

/// Names everything that is wrong at once.
fn parse(
    search: Result<Search, crate::domain::query::Refusals>,
    size: Result<u32, ::domain::Invalid>,
) -> Result<(Search, u32), Problem> {
    let mut wrong = Violations::new();
    let size = wrong.take_parameter("page_size", size);
    match (search, size) {
        (Ok(search), Some(size)) => Ok((search, size)),
        (search, _) => {
            for (name, invalid) in search.err().unwrap_or_default() {
                wrong.note_parameter(name, &invalid);
            }
            Err(wrong.into())
        }
    }
}
