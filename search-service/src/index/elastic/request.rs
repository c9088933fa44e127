//! Our algebra as Elasticsearch's JSON.

use domain::{HotelId, RoomId, facility::FacilityCode};
use serde_json::{Value, json};

use crate::{
    domain::{
        criteria::{Condition, Criteria},
        entry::taken_token,
        facets::bands,
        ranking::{Cost, Field, Sort},
        words::Word,
    },
    index::{Query, Stamp},
};

/// Up to so many different hotels are counted exactly; above that about.
const COUNTED_EXACTLY: u32 = 10_000;
/// More kinds of facility than there are.
const TAG_BUCKETS: u32 = 1_000;
/// Words of a field that a misspelt word may mean at most, nearest first.
const NEAREST_WORDS: u32 = 100;
/// What the nearest words of one query may come to: Elasticsearch refuses a query of more clauses than its bound, which is
/// never below 1,024; the rest is for everything else in the query.
const NEAREST_WORDS_IN_ALL: u32 = 900;
/// What a result needs of a document, beside the nights asked for.
const SHOWN: [&str; 10] = [
    "room_id",
    "hotel_id",
    "quantity",
    "occupancy",
    "price",
    "currency",
    "stars",
    "tags",
    "distance_m",
    "card",
];

/// Query parameters that let a write through only if the document is as read.
pub(super) fn guard(stamp: Option<Stamp>) -> String {
    stamp.map_or_else(
        || "op_type=create".to_owned(),
        |stamp| format!("if_seq_no={}&if_primary_term={}", stamp.seq_no, stamp.primary_term),
    )
}

/// The line before a document in a bulk request.
pub(super) fn bulk_action(id: &str, stamp: Option<Stamp>) -> Value {
    match stamp {
        None => json!({ "create": { "_id": id } }),
        Some(stamp) => json!({
            "index": { "_id": id, "if_seq_no": stamp.seq_no, "if_primary_term": stamp.primary_term }
        }),
    }
}

/// A search, collapsed by hotel.
pub(super) fn search(query: &Query) -> Value {
    let words = query.criteria.words.len();
    let mut body = json!({
        "query": criteria(&query.criteria),
        "from": query.window.offset,
        "size": query.window.size.saturating_add(1),
        "sort": sort(query),
        "track_scores": words > 0,
        "track_total_hits": false,
        "collapse": collapse(query),
        "_source": shown(query),
        "aggs": aggregations(query),
    });
    if let (Some(most), Some(fields)) = (query.criteria.at_most, body.as_object_mut()) {
        fields.insert("min_score".to_owned(), json!(most.score(words)));
    }
    body
}

/// How many rooms each criteria mean, in one request. Words that all of them share, as the steps of one search do, are
/// looked for once: finding words with edits is what costs.
pub(super) fn count(all: &[Criteria]) -> Value {
    let words = all.first().map(|first| first.words.as_slice()).unwrap_or_default();
    let is_shared = all.iter().all(|criteria| criteria.words == words);
    let shared: Vec<Value> =
        words.iter().filter(|_| is_shared).map(|word| meant(word, nearest(words))).collect();
    let filters: Vec<Value> = all
        .iter()
        .map(|criteria| {
            let most = nearest(&criteria.words);
            let own = criteria.words.iter().filter(|_| !is_shared).map(|word| meant(word, most));
            let filter: Vec<Value> = criteria.conditions.iter().map(condition).chain(own).collect();
            json!({ "bool": { "filter": filter } })
        })
        .collect();
    json!({
        "query": { "bool": { "filter": shared } },
        "size": 0,
        "track_total_hits": false,
        "aggs": { "left": { "filters": { "filters": filters } } },
    })
}

/// The rooms of a hotel, cheapest first.
pub(super) fn rooms_of(hotel: HotelId, meant: &Criteria, most: u32, fields: &[&str]) -> Value {
    json!({
        "query": { "bool": { "filter": [{ "term": { "hotel_id": hotel } }, criteria(meant)] } },
        "size": most,
        "sort": [{ "price": "asc" }, { "room_id": "asc" }],
        "track_total_hits": true,
        "_source": fields,
    })
}

/// Ids of a hotel's rooms, by id. The hotel's own document has none.
pub(super) fn room_ids_of(hotels: &[HotelId], after: Option<RoomId>, most: u32) -> Value {
    let follows = after.map(|room| json!({ "range": { "room_id": { "gt": room } } }));
    let is_room = json!({ "exists": { "field": "room_id" } });
    let filter: Vec<Value> =
        [json!({ "terms": { "hotel_id": hotels } }), is_room].into_iter().chain(follows).collect();
    json!({
        "query": { "bool": { "filter": filter } },
        "size": most,
        "sort": [{ "room_id": "asc" }],
        "track_total_hits": false,
        "_source": ["room_id", "hotel_id"],
    })
}

fn criteria(criteria: &Criteria) -> Value {
    let filter: Vec<Value> = criteria.conditions.iter().map(condition).collect();
    let most = nearest(&criteria.words);
    let must: Vec<Value> = criteria.words.iter().map(|one| word(one, most)).collect();
    json!({ "bool": { "filter": filter, "must": must } })
}

fn condition(condition: &Condition) -> Value {
    match condition {
        Condition::Visible => json!({ "term": { "visible": true } }),
        Condition::Locality(id) => json!({ "term": { "locality_id": id } }),
        Condition::Stars(any) => json!({ "terms": { "stars": any } }),
        Condition::Tag(tag) => json!({ "term": { "tags": tag } }),
        Condition::Currency(currency) => json!({ "term": { "currency": currency } }),
        Condition::Occupancy(people) => json!({ "range": { "occupancy": { "gte": people } } }),
        Condition::Quantity(rooms) => json!({ "range": { "quantity": { "gte": rooms } } }),
        Condition::PriceFrom(amount) => json!({ "range": { "price": { "gte": amount } } }),
        Condition::PriceTo(amount) => json!({ "range": { "price": { "lte": amount } } }),
        Condition::Free { nights, rooms } => {
            let tokens: Vec<String> = nights.iter().map(|night| taken_token(*night, *rooms)).collect();
            json!({ "bool": { "must_not": { "terms": { "taken": tokens } } } })
        }
        Condition::NotInZones(zones) => {
            json!({ "bool": { "must_not": { "terms": { "time_zone": zones } } } })
        }
    }
}

/// The cheapest of all ways to find a word: each field with each number of edits is a clause of constant score.
fn word(word: &Word, most: u32) -> Value {
    let ways = Field::ALL.into_iter().flat_map(|field| {
        (0..=word.forgives()).map(move |edits| {
            let score = Cost::of(edits, field).score(1);
            json!({ "constant_score": { "filter": found(word, field, edits, most), "boost": score } })
        })
    });
    json!({ "dis_max": { "queries": ways.collect::<Vec<_>>() } })
}

/// How many nearest words each of the query's fuzzy clauses may take: each word has one per field and number of edits.
fn nearest(words: &[Word]) -> u32 {
    let clauses: u32 = words.iter().flat_map(|word| Field::ALL.map(|_| u32::from(word.forgives()))).sum();
    NEAREST_WORDS_IN_ALL.checked_div(clauses).unwrap_or(NEAREST_WORDS).min(NEAREST_WORDS)
}

/// Whether a word is found at all, whatever it costs: as many edits as it forgives are the fewer edits too.
fn meant(word: &Word, most: u32) -> Value {
    let ways: Vec<Value> =
        Field::ALL.into_iter().map(|field| found(word, field, word.forgives(), most)).collect();
    json!({ "bool": { "should": ways, "minimum_should_match": 1 } })
}

/// The words of the field that are nearest in spelling, at most so many. `rewrite: constant_score` would take all of them,
/// and build the automaton of the edits anew for each segment: measured, 40 ms instead of 6 for one word in one field.
fn found(word: &Word, field: Field, edits: u8, most: u32) -> Value {
    let name = field_name(field);
    match edits {
        0 => json!({ "term": { name: word.text() } }),
        _ => json!({ "fuzzy": { name: {
            "value": word.text(), "fuzziness": edits, "transpositions": true, "prefix_length": 0,
            "rewrite": format!("top_terms_boost_{most}"),
        } } }),
    }
}

fn field_name(field: Field) -> &'static str {
    match field {
        Field::Place => "place_words",
        Field::Name => "name_words",
        Field::Country => "country_words",
        Field::Facility => "facility_words",
    }
}

fn sort(query: &Query) -> Value {
    let ids = [json!({ "hotel_id": "asc" }), json!({ "room_id": "asc" })];
    let wanted = match query.sort {
        Sort::Relevance => {
            vec![json!({ "_score": "desc" }), json!({ "stars": "desc" }), json!({ "price": "asc" })]
        }
        Sort::Price => vec![json!({ "price": "asc" })],
        Sort::PriceDescending => vec![json!({ "price": "desc" })],
        Sort::Stars => vec![json!({ "stars": "desc" }), json!({ "price": "asc" })],
        Sort::Distance => vec![json!({ "distance_m": "asc" }), json!({ "price": "asc" })],
    };
    wanted.into_iter().chain(ids).collect()
}

/// Only where the words cost differently in two rooms of a hotel is its best room not the one to show.
fn collapse(query: &Query) -> Value {
    if query.sort != Sort::Relevance || query.criteria.words.is_empty() {
        return json!({ "field": "hotel_id" });
    }
    json!({ "field": "hotel_id", "inner_hits": {
        "name": "shown", "size": 1, "sort": [{ "price": "asc" }, { "room_id": "asc" }],
        "_source": shown(query),
    } })
}

fn shown(query: &Query) -> Vec<String> {
    let nights = query.nights.iter().map(|night| format!("nights.{night}"));
    SHOWN.into_iter().map(str::to_owned).chain(nights).collect()
}

fn aggregations(query: &Query) -> Value {
    let hotels = json!({ "hotels": { "cardinality": {
        "field": "hotel_id", "precision_threshold": COUNTED_EXACTLY,
    } } });
    let Some(currency) = query.facets else { return hotels };
    let ranges = currency.map(bands).unwrap_or_default();
    let ranges: Vec<Value> = ranges.iter().map(|band| json!({ "from": band.from, "to": band.to })).collect();
    let mut all = json!({
        "stars": { "terms": { "field": "stars", "size": 6 }, "aggs": hotels },
        "tags": { "terms": { "field": "tags", "size": TAG_BUCKETS }, "aggs": hotels },
    });
    if let Some(all) = all.as_object_mut() {
        if !ranges.is_empty() {
            all.insert(
                "bands".to_owned(),
                json!({ "range": { "field": "price", "ranges": ranges }, "aggs": hotels }),
            );
        }
        all.extend(hotels.as_object().cloned().unwrap_or_default());
    }
    all
}

/// Reads a tag back from a bucket's key.
pub(super) fn tag(key: &str) -> Option<FacilityCode> {
    FacilityCode::parse(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::MAX_WORDS;

    /// The clauses that Elasticsearch may make of a query: what each fuzzy clause may take, and one for every other.
    fn clauses(query: &Value) -> u32 {
        let inner = |values: &mut dyn Iterator<Item = &Value>| values.map(clauses).sum();
        match query {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| match name.as_str() {
                    "fuzzy" => taken(value),
                    "term" | "terms" | "range" => 1,
                    _ => clauses(value),
                })
                .sum(),
            Value::Array(values) => inner(&mut values.iter()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    fn taken(fuzzy: &Value) -> u32 {
        let field = fuzzy.as_object().unwrap().values().next().unwrap();
        field["rewrite"].as_str().unwrap().strip_prefix("top_terms_boost_").unwrap().parse().unwrap()
    }

    fn about(text: &str) -> Criteria {
        Criteria { conditions: vec![Condition::Visible], words: Word::all_of(text), ..Criteria::default() }
    }

    fn longest() -> String {
        let words: Vec<String> = (0..MAX_WORDS).map(|number| format!("misspelt{number}")).collect();
        words.join(" ")
    }

    #[test]
    fn the_longest_query_stays_below_the_bound_on_clauses_of_any_elasticsearch() {
        let most = clauses(&criteria(&about(&longest())));
        assert!((500..1_024).contains(&most), "{most} clauses");
    }

    #[test]
    fn one_word_may_mean_a_hundred_and_a_short_one_only_itself() {
        assert_eq!(nearest(&Word::all_of("parisss")), NEAREST_WORDS);
        assert_eq!(clauses(&criteria(&about("ab"))), 1 + 4);
    }

    #[test]
    fn words_that_all_criteria_share_are_looked_for_once_and_others_in_their_own() {
        let shared = count(&[about("parisss"), about("parisss")]);
        assert_eq!(clauses(&shared["query"]), 4 * NEAREST_WORDS);
        assert_eq!(clauses(&shared["aggs"]), 2);
        let own = count(&[about("parisss"), about("")]);
        assert_eq!(clauses(&own["query"]), 0);
        assert_eq!(clauses(&own["aggs"]), 4 * NEAREST_WORDS + 2);
    }
}
