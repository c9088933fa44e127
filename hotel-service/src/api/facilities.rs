//! `/v1/facilities`.

use platform::api::{Answer, Endpoint, Problem, Request, Routes, page::Page};

use super::views::FacilityList;
use crate::parts::Shared;

pub(super) fn routes() -> Routes<Shared> {
    Routes::new().resource("/v1/facilities", [list()])
}

fn list() -> Endpoint<Shared> {
    Endpoint::get("list_facilities", handle)
        .summary("List the facilities")
        .description("The codes that tag hotels and rooms; search takes the same as `tags`.")
        .tag("facilities")
        .public()
        .cached()
        .answers::<FacilityList>(200, "All facilities, by code, on one page.")
}

async fn handle(shared: Shared, _request: Request) -> Result<Answer, Problem> {
    let catalogue = shared.facilities.all().await?;
    let items = catalogue.facilities().cloned().collect();
    Ok(Answer::json(200, &FacilityList::from(Page { items, next_page_token: None })))
}
