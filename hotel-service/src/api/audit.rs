//! `/v1/hotels/{hotel_id}/audit`.

use ::domain::{Faults, HotelId};
use platform::api::{
    Answer, Code, Endpoint, Problem, Request, Routes,
    page::{Filters, PageQuery},
};

use super::{
    MANAGERS,
    views::{AuditEntry, AuditList},
};
use crate::{
    parts::Shared,
    store::{AuditMark, Cursor},
};

pub(super) fn routes() -> Routes<Shared> {
    Routes::new().resource("/v1/hotels/{hotel_id}/audit", [list_audit()])
}

fn list_audit() -> Endpoint<Shared> {
    Endpoint::get("list_hotel_audit", handle)
        .summary("Who changed a hotel and its rooms")
        .description("The newest first.")
        .tag("hotels")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
        .query::<PageQuery>()
        .answers::<AuditList>(200, "A page of audit entries.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    let query: PageQuery = request.query()?;
    let filters = Filters::of(&("list_hotel_audit", hotel.hotel_id));
    let page = query.read::<AuditMark>(filters, Faults::new())?;
    let part = shared.audit.list(hotel.hotel_id, Cursor::from(&page)).await?;
    Ok(Answer::json(200, &AuditList::from(part.page(&page, AuditEntry::from))))
}
