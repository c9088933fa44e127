//! `/v1/facilities`.

use platform::api::{Answer, Endpoint, Problem, Request, Routes, page::Page};

use super::{ports::Ports, views::FacilityList};

pub(super) fn routes() -> Routes<Ports> {
    Routes::new().resource("/v1/facilities", [list()])
}

fn list() -> Endpoint<Ports> {
    Endpoint::get("list_facilities", handle)
        .summary("List the facilities")
        .description("The codes that tag hotels and rooms; search takes the same as `tags`.")
        .tag("facilities")
        .public()
        .cached()
        .answers::<FacilityList>(200, "All facilities, by code, on one page.")
}

async fn handle(ports: Ports, _request: Request) -> Result<Answer, Problem> {
    let catalogue = ports.facilities.all().await?;
    let items = catalogue.facilities().cloned().collect();
    Ok(Answer::json(200, &FacilityList::from(Page { items, next_page_token: None })))
}
