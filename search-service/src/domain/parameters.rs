//! The parameters of a search: each readable, not yet checked against each other.

use chrono::NaiveDate;
use domain::{Currency, LocalityId, facility::FacilityCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The parameters of `GET /v1/search`, each readable; not yet checked against each other.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SearchParameters {
    /// Words of a hotel's name, its place, country or facilities; typos, accents and scripts are forgiven.
    /// Either this or `locality_id`.
    #[param(nullable = false, min_length = 1, max_length = 200, example = "maldvies")]
    pub q: Option<String>,
    /// Hotels of this locality.
    #[param(nullable = false, inline)]
    pub locality_id: Option<LocalityId>,
    /// Day of arrival. Both dates or none.
    #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
    #[param(nullable = false, value_type = Option<String>, format = Date, example = "2026-12-24")]
    pub start_date: Option<NaiveDate>,
    /// Day of departure: 1 to 30 nights.
    #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
    #[param(nullable = false, value_type = Option<String>, format = Date, example = "2026-12-26")]
    pub end_date: Option<NaiveDate>,
    /// Units wanted.
    #[param(nullable = false, minimum = 1, maximum = 9, default = 1)]
    pub rooms: Option<u8>,
    /// Adults of the whole party.
    #[param(nullable = false, minimum = 1, maximum = 450, default = 2)]
    pub adults: Option<u16>,
    /// Ages of the children of the whole party, 0 to 17, separated by commas; at most 20 for each of `rooms`.
    #[serde(default)]
    #[param(style = Form, explode = false, required = false, max_items = 180)]
    pub child_ages: Vec<u8>,
    /// Any of these star ratings, separated by commas.
    #[serde(default)]
    #[param(style = Form, explode = false, required = false, max_items = 50)]
    pub stars: Vec<u8>,
    /// All of these facilities (codes of `GET /v1/facilities`), separated by commas.
    #[serde(default)]
    #[param(inline, style = Form, explode = false, required = false, max_items = 50)]
    pub tags: Vec<FacilityCode>,
    /// Only hotels that sell in this currency; required with price filters, price sorts and price bands.
    #[param(nullable = false, inline)]
    pub currency: Option<Currency>,
    /// The least a unit costs per night on average, in minor units of `currency`.
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub price_min: Option<i64>,
    /// The most a unit costs per night on average, in minor units of `currency`.
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub price_max: Option<i64>,
    /// The order.
    #[param(nullable = false, inline)]
    pub sort: Option<Sort>,
    /// What to add to the answer.
    #[serde(default)]
    #[param(inline, style = Form, explode = false, required = false, max_items = 50)]
    pub include: Vec<Include>,
    /// Hotels per page; above 100 is cut to 100.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, default = 20)]
    pub page_size: Option<i64>,
    /// Where to go on: the `next_page_token` of the page before, with the same filters.
    #[param(nullable = false, max_length = 2048)]
    pub page_token: Option<String>,
}

/// The order of results. Ties: price, then id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchSort)]
pub enum Sort {
    /// Fewest edits, best field, most stars.
    #[default]
    Relevance,
    /// The cheapest first.
    Price,
    /// The dearest first.
    #[serde(rename = "-price")]
    PriceDescending,
    /// Most stars first.
    Stars,
    /// Nearest to the locality's centre first; needs `locality_id`.
    Distance,
}

/// What a search may add to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchInclude)]
pub enum Include {
    /// How many hotels each further filter would leave.
    Facets,
}
