//! Elasticsearch's JSON as our types. An answer that holds less than asked for is no answer; what a document holds is read
//! document by document.

use domain::{HotelId, RoomId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{readable, request::tag, salvage, wire};
use crate::{
    domain::{
        entry::ShownRoom,
        facets::{Facets, MAX_TAGS, bands},
        ranking::Cost,
    },
    index::{Hit, Hits, IndexError, Query, RoomList, Stamp, Stamped, Stored},
};

fn unreadable(says: impl Into<String>) -> IndexError {
    IndexError::Refused(says.into())
}

fn incomplete(says: impl Into<String>) -> IndexError {
    IndexError::Unavailable(says.into().into())
}

/// Of `_mget`.
#[derive(Deserialize)]
pub(super) struct Many {
    docs: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    found: bool,
    #[serde(rename = "_seq_no")]
    seq_no: Option<u64>,
    #[serde(rename = "_primary_term")]
    primary_term: Option<u64>,
    #[serde(rename = "_source")]
    source: Option<Box<RawValue>>,
    error: Option<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(rename = "type")]
    kind: String,
}

impl Many {
    /// In the order in which they were asked for; none for what is not stored.
    pub(super) fn stamped(self, wanted: usize) -> Result<Vec<Option<Stamped<Box<RawValue>>>>, IndexError> {
        if self.docs.len() != wanted {
            return Err(unreadable("a request for documents was answered in part"));
        }
        self.docs.into_iter().map(One::stamped).collect()
    }
}

impl One {
    fn stamped(self) -> Result<Option<Stamped<Box<RawValue>>>, IndexError> {
        if let Some(error) = self.error {
            return Err(incomplete(format!("a document could not be read: {}", error.kind)));
        }
        match (self.found, self.source, self.seq_no, self.primary_term) {
            (false, _, _, _) => Ok(None),
            (true, Some(document), Some(seq_no), Some(primary_term)) => {
                Ok(Some(Stamped { document, stamp: Some(Stamp { seq_no, primary_term }) }))
            }
            (true, _, _, _) => Err(unreadable("a document came without its stamp")),
        }
    }
}

/// Of `_bulk`.
#[derive(Deserialize)]
pub(super) struct Bulk {
    items: Vec<BulkItem>,
}

#[derive(Deserialize)]
struct BulkItem {
    #[serde(alias = "create")]
    index: BulkResult,
}

#[derive(Deserialize)]
struct BulkResult {
    status: u16,
    error: Option<serde_json::Value>,
}

impl Bulk {
    /// A bulk request can fail in part: each item is looked at.
    pub(super) fn stored(self, wanted: usize) -> Result<Vec<Stored>, IndexError> {
        if self.items.len() != wanted {
            return Err(unreadable("a bulk request was answered in part"));
        }
        self.items.into_iter().map(|item| item.index.stored()).collect()
    }
}

impl BulkResult {
    fn stored(self) -> Result<Stored, IndexError> {
        let says = self.error.as_ref().map(ToString::to_string).unwrap_or_default();
        wire::stored(self.status, &says)
    }
}

/// Of `_search`.
#[derive(Deserialize)]
pub(super) struct Found {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    hits: FoundHits,
    #[serde(default)]
    aggregations: Aggregations,
}

#[derive(Deserialize)]
struct Shards {
    failed: u32,
}

#[derive(Deserialize)]
struct FoundHits {
    total: Option<Total>,
    hits: Vec<FoundHit>,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
struct RoomNamed {
    room_id: RoomId,
    hotel_id: HotelId,
}

#[derive(Deserialize)]
struct FoundHit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_score")]
    score: Option<f64>,
    #[serde(rename = "_source")]
    source: Box<RawValue>,
    inner_hits: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    shown: InnerFound,
}

#[derive(Deserialize)]
struct InnerFound {
    hits: FoundHits,
}

#[derive(Default, Deserialize)]
struct Aggregations {
    hotels: Option<Count>,
    left: Option<Buckets>,
    stars: Option<Buckets>,
    tags: Option<Buckets>,
    bands: Option<Buckets>,
}

#[derive(Deserialize)]
struct Count {
    value: u64,
}

#[derive(Default, Deserialize)]
struct Buckets {
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    #[serde(default)]
    key: serde_json::Value,
    doc_count: u64,
    hotels: Option<Count>,
}

impl Bucket {
    fn hotels(&self) -> u64 {
        self.hotels.as_ref().map_or(0, |count| count.value)
    }
}

impl Found {
    /// Refuses what only a part of the shards, or of the time, answered.
    pub(super) fn complete(self) -> Result<Self, IndexError> {
        if self.timed_out || self.shards.failed > 0 {
            return Err(incomplete("a part of the index did not answer"));
        }
        Ok(self)
    }

    pub(super) fn hits(self, query: &Query) -> Hits {
        let size = usize::try_from(query.window.size).unwrap_or(usize::MAX);
        let more = self.hits.hits.len() > size;
        let facets = query.facets.map(|currency| self.aggregations.facets(currency));
        let total = self.aggregations.hotels.map_or(0, |count| count.value);
        let words = query.criteria.words.len();
        let least = self.hits.hits.first().map(|hit| hit.cost(words));
        let hits = self.hits.hits.iter().take(size).filter_map(|hit| hit.read(words)).collect();
        Hits { hits, least, more, total, facets }
    }

    pub(super) fn counts(self, wanted: usize) -> Result<Vec<u64>, IndexError> {
        let left = self.aggregations.left.unwrap_or_default();
        let counts: Vec<u64> = left.buckets.iter().map(|bucket| bucket.doc_count).collect();
        if counts.len() == wanted { Ok(counts) } else { Err(unreadable("counts are missing")) }
    }

    pub(super) fn rooms(&self) -> RoomList {
        let total = self.hits.total.as_ref().map_or(0, |total| total.value);
        let rooms =
            self.hits.hits.iter().filter_map(|hit| Some(salvage::room(hit.room_id()?.0, &hit.source)));
        RoomList { rooms: rooms.collect(), total }
    }

    pub(super) fn room_ids(&self) -> Vec<(RoomId, HotelId)> {
        self.hits.hits.iter().filter_map(FoundHit::room_id).collect()
    }
}

impl FoundHit {
    /// What is shown of it; none if it cannot be read.
    fn read(&self, words: usize) -> Option<Hit> {
        let shown = self.inner_hits.as_ref().and_then(|inner| inner.shown.hits.hits.first()).unwrap_or(self);
        let room = readable::<ShownRoom>("hit", &shown.id, &shown.source)?;
        Some(Hit { room, cost: self.cost(words) })
    }

    /// Scores are sums of small whole numbers, exact in a float.
    fn cost(&self, words: usize) -> Cost {
        let whole = |score: &f64| format!("{score:.0}").parse().ok();
        let score = self.score.as_ref().filter(|_| words > 0).and_then(whole);
        score.map_or_else(Cost::default, |score| Cost::from_score(score, words))
    }

    /// As its field says, by which lists of rooms are sorted and go on.
    fn room_id(&self) -> Option<(RoomId, HotelId)> {
        let named = readable::<RoomNamed>("room", &self.id, &self.source)?;
        Some((named.room_id, named.hotel_id))
    }
}

impl Aggregations {
    fn facets(&self, currency: Option<domain::Currency>) -> Facets {
        let stars = of(self.stars.as_ref()).filter_map(|bucket| {
            let stars = bucket.key.as_u64().and_then(|key| u8::try_from(key).ok());
            Some((stars.filter(|stars| *stars > 0)?, bucket.hotels()))
        });
        let tags = of(self.tags.as_ref())
            .filter_map(|bucket| Some((bucket.key.as_str().and_then(tag)?, bucket.hotels())));
        let mut tags: Vec<_> = tags.collect();
        tags.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        tags.truncate(MAX_TAGS);
        let bands = currency.map(bands).unwrap_or_default().into_iter();
        let counted = bands.zip(of(self.bands.as_ref()).map(Bucket::hotels));
        Facets {
            stars: stars.collect(),
            tags,
            price_bands: counted.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

fn of(buckets: Option<&Buckets>) -> impl Iterator<Item = &Bucket> {
    buckets.into_iter().flat_map(|buckets| &buckets.buckets)
}
