//! Results as the API shows them.

use ::domain::{
    CountryCode, HotelId, LocalityId, Money, RoomId, facility::FacilityCode, hotel::LocalityFacts,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{entry::ShownRoom, facets::Facets, no_results::NoResultsReason, query::Search},
    find::Found,
    index::Hit,
};

/// A part of the list of hotels found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "next_page_token": null, "did_you_mean": null, "stale": false, "no_results_reason": null, "facets": null,
}))]
pub(super) struct SearchPage {
    /// Hotels in order.
    items: Vec<SearchResult>,
    /// Asks for the next page; null on the last, and after 1,000 hotels.
    #[schema(required)]
    next_page_token: Option<String>,
    /// About how many hotels there are.
    total_estimate: u64,
    /// The words as the best result spells them, if a word was misspelt.
    #[schema(required)]
    did_you_mean: Option<String>,
    /// Whether the answer may be out of date.
    stale: bool,
    /// Why nothing was found: the first thing to change.
    #[schema(required)]
    no_results_reason: Option<NoResultsReason>,
    /// With `include=facets`.
    #[schema(required)]
    facets: Option<SearchFacets>,
}

/// A hotel that was found, with one of its fitting rooms.
#[derive(Debug, Serialize, ToSchema)]
struct SearchResult {
    /// The hotel.
    hotel_id: HotelId,
    /// Its name.
    #[schema(example = "Hotel Paradiso")]
    name: String,
    /// Where it is.
    #[schema(required)]
    locality: Option<SearchLocality>,
    /// Degrees north.
    #[schema(required, minimum = -90, maximum = 90, example = 41.8902)]
    latitude: Option<f64>,
    /// Degrees east.
    #[schema(required, minimum = -180, maximum = 180, example = 12.4922)]
    longitude: Option<f64>,
    /// 1 to 5.
    #[schema(required, minimum = 1, maximum = 5, example = 5)]
    star_rating: Option<u8>,
    /// Facilities of the hotel and of the room shown.
    tags: Vec<FacilityCode>,
    /// The hotel's image.
    #[schema(required, format = "uri", example = "https://images.vacancy.example/0193a5c0-1280.jpg")]
    cover_image_url: Option<String>,
    /// Metres from the centre of the locality searched in; null for a search by words.
    #[schema(required, example = 850)]
    distance_m: Option<u32>,
    /// The cheapest fitting room; the dearest with `sort=-price`.
    room: SearchRoom,
    /// What the rooms wanted cost.
    #[schema(required)]
    price: Option<SearchPrice>,
}

/// A locality.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchLocality {
    /// The locality.
    locality_id: LocalityId,
    /// Its usual name.
    #[schema(example = "Rome")]
    name: String,
    /// Its country.
    country_code: CountryCode,
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, example = 41.8919)]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 12.5113)]
    longitude: f64,
}

/// A room that fits.
#[derive(Debug, Serialize, ToSchema)]
struct SearchRoom {
    /// The room.
    room_id: RoomId,
    /// Its name.
    #[schema(example = "Deluxe double")]
    display_name: String,
    /// People per unit.
    #[schema(minimum = 1, maximum = 50, example = 3)]
    occupancy: u8,
    /// The fewest units to be had on any night; 9 means nine or more; null without dates.
    #[schema(required, maximum = 9, example = 4)]
    available_quantity: Option<u8>,
}

/// What the rooms wanted cost; what a booking costs is only in an offer or quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "total": { "amount": 24690, "currency": "EUR" } }))]
struct SearchPrice {
    /// One unit and night.
    average_per_night: Money,
    /// All units over the whole stay; null without dates.
    #[schema(required)]
    total: Option<Money>,
}

/// How many hotels each further filter would leave.
#[derive(Debug, Serialize, ToSchema)]
struct SearchFacets {
    /// By star rating.
    stars: Vec<FacetCount>,
    /// By facility, most hotels first; at most 100.
    tags: Vec<FacetCount>,
    /// By price per unit and night; empty without `currency`.
    price_bands: Vec<PriceBand>,
}

/// Hotels of one value.
#[derive(Debug, Serialize, ToSchema)]
struct FacetCount {
    /// The value to filter by.
    #[schema(example = "5")]
    value: String,
    /// Hotels that have it.
    count: u64,
}

/// Hotels with a room in a range of prices.
#[derive(Debug, Serialize, ToSchema)]
struct PriceBand {
    /// From this amount on, in minor units.
    #[schema(minimum = 0, example = 10000)]
    from: i64,
    /// Below this amount, in minor units.
    #[schema(minimum = 0, example = 20000)]
    to: i64,
    /// Hotels with a fitting room in it.
    count: u64,
}

impl SearchPage {
    pub(super) fn new(search: &Search, found: Found, next_page_token: Option<String>, stale: bool) -> Self {
        Self {
            items: found.hits.hits.into_iter().map(|hit| SearchResult::new(search, hit)).collect(),
            next_page_token,
            total_estimate: found.hits.total,
            did_you_mean: found.did_you_mean,
            stale,
            no_results_reason: found.no_results_reason,
            facets: found.hits.facets.map(SearchFacets::from),
        }
    }
}

impl SearchResult {
    fn new(search: &Search, hit: Hit) -> Self {
        let room = hit.room;
        let price = price(search, &room);
        let available_quantity = search.stay.map(|_| room.available());
        let place = room.card.place;
        let point = place.as_ref().map(|place| place.point);
        Self {
            hotel_id: room.hotel_id,
            name: room.card.hotel_name,
            latitude: point.map(::domain::GeoPoint::latitude),
            longitude: point.map(::domain::GeoPoint::longitude),
            locality: place.map(|place| SearchLocality {
                locality_id: place.locality_id,
                name: place.locality_name,
                country_code: place.country_code,
                latitude: place.centre.latitude(),
                longitude: place.centre.longitude(),
            }),
            star_rating: Some(room.stars).filter(|stars| *stars > 0),
            tags: room.tags.into_iter().collect(),
            cover_image_url: room.card.cover_image_url,
            distance_m: search.in_a_locality().then_some(room.distance_m),
            room: SearchRoom {
                room_id: room.room_id,
                display_name: room.card.room_name,
                occupancy: room.occupancy,
                available_quantity,
            },
            price,
        }
    }
}

/// `rooms` units over the whole stay (api.md, SEARCH). No total where it would leave what money can be.
fn price(search: &Search, room: &ShownRoom) -> Option<SearchPrice> {
    let average_per_night = room.price_per_night()?;
    let total = search.stay.and_then(|stay| {
        let units = u32::from(search.rooms) * u32::from(stay.night_count());
        average_per_night.times(units).ok()
    });
    Some(SearchPrice { average_per_night, total })
}

impl From<Facets> for SearchFacets {
    fn from(facets: Facets) -> Self {
        let stars = facets.stars.into_iter().rev();
        let bands = facets.price_bands.into_iter();
        Self {
            stars: stars.map(|(stars, count)| FacetCount { value: stars.to_string(), count }).collect(),
            tags: facets
                .tags
                .into_iter()
                .map(|(tag, count)| FacetCount { value: tag.into(), count })
                .collect(),
            price_bands: bands
                .map(|(band, count)| PriceBand { from: band.from, to: band.to, count })
                .collect(),
        }
    }
}

impl From<LocalityFacts> for SearchLocality {
    fn from(locality: LocalityFacts) -> Self {
        Self {
            locality_id: locality.locality_id,
            name: locality.name,
            country_code: locality.country_code,
            latitude: locality.point.latitude(),
            longitude: locality.point.longitude(),
        }
    }
}
