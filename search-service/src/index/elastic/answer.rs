//! Elasticsearch's JSON as our types. An answer that holds less than asked for is no answer.

use domain::RoomId;
use serde::Deserialize;

use super::{request::tag, wire};
use crate::{
    domain::{
        document::RoomDocument,
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
pub(super) struct Many<T> {
    docs: Vec<One<T>>,
}

#[derive(Deserialize)]
struct One<T> {
    #[serde(default)]
    found: bool,
    #[serde(rename = "_seq_no")]
    seq_no: Option<u64>,
    #[serde(rename = "_primary_term")]
    primary_term: Option<u64>,
    #[serde(rename = "_source")]
    source: Option<T>,
    error: Option<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(rename = "type")]
    kind: String,
}

impl<T> Many<T> {
    pub(super) fn stamped(self) -> Result<Vec<Stamped<T>>, IndexError> {
        self.docs.into_iter().filter_map(|one| one.stamped().transpose()).collect()
    }
}

impl<T> One<T> {
    fn stamped(self) -> Result<Option<Stamped<T>>, IndexError> {
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
}

#[derive(Deserialize)]
struct FoundHit {
    #[serde(rename = "_score")]
    score: Option<f64>,
    #[serde(rename = "_source")]
    source: serde_json::Value,
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

    pub(super) fn hits(self, query: &Query) -> Result<Hits, IndexError> {
        let size = usize::try_from(query.window.size).unwrap_or(usize::MAX);
        let more = self.hits.hits.len() > size;
        let facets = query.facets.map(|currency| self.aggregations.facets(currency));
        let total = self.aggregations.hotels.map_or(0, |count| count.value);
        let words = query.criteria.words.len();
        let hits =
            self.hits.hits.into_iter().take(size).map(|hit| hit.read(words)).collect::<Result<_, _>>()?;
        Ok(Hits { hits, more, total, facets })
    }

    pub(super) fn counts(self, wanted: usize) -> Result<Vec<u64>, IndexError> {
        let left = self.aggregations.left.unwrap_or_default();
        let counts: Vec<u64> = left.buckets.iter().map(|bucket| bucket.doc_count).collect();
        if counts.len() == wanted { Ok(counts) } else { Err(unreadable("counts are missing")) }
    }

    pub(super) fn rooms(self) -> Result<RoomList, IndexError> {
        let total = self.hits.total.map_or(0, |total| total.value);
        let rooms = self.hits.hits.into_iter().map(|hit| read::<RoomDocument>(hit.source));
        Ok(RoomList { rooms: rooms.collect::<Result<_, _>>()?, total })
    }

    pub(super) fn room_ids(self) -> Result<Vec<RoomId>, IndexError> {
        let ids = self.hits.hits.into_iter().map(|hit| read::<RoomNamed>(hit.source));
        ids.map(|named| named.map(|named| named.room_id)).collect()
    }
}

impl FoundHit {
    fn read(self, words: usize) -> Result<Hit, IndexError> {
        let cost = match self.score {
            Some(score) if words > 0 => Cost::from_score(whole(score)?, words),
            Some(_) | None => Cost::default(),
        };
        let shown = self.inner_hits.and_then(|inner| inner.shown.hits.hits.into_iter().next());
        let source = shown.map_or(self.source, |shown| shown.source);
        Ok(Hit { room: read::<ShownRoom>(source)?, cost })
    }
}

fn read<T: serde::de::DeserializeOwned>(source: serde_json::Value) -> Result<T, IndexError> {
    serde_json::from_value(source).map_err(|error| unreadable(error.to_string()))
}

/// Scores are sums of small whole numbers, exact in a float.
fn whole(score: f64) -> Result<u32, IndexError> {
    format!("{score:.0}").parse().map_err(|_| unreadable(format!("a score of {score}")))
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
