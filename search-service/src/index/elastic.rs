//! The index on Elasticsearch. Only its core is used, so that Elasticsearch 8 and 9 and `OpenSearch` mean the same
//! (stack.md); everything arrives folded, the order comes from [`crate::domain::ranking`].

use std::{fmt::Display, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{HotelId, RoomId};
use elasticsearch::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use super::{Hits, Index, IndexError, Query, RoomList, Stamped, Stored};
use crate::domain::{
    criteria::{Condition, Criteria},
    document::{HotelDocument, RoomDocument},
    entry::Entry,
};

mod answer;
pub mod indices;
pub mod lock;
mod request;
mod salvage;
mod wire;

pub use wire::{ElasticSettings, Wire};

/// Documents read or written with one request: bounds its size (a room with all nights touched is about 100 KB).
const BATCH: usize = 100;

/// The index behind an alias on Elasticsearch.
#[derive(Debug, Clone)]
pub struct ElasticIndex {
    wire: Arc<Wire>,
    alias: String,
}

/// A room's document as stored: what the index must know and the parts it was derived from.
#[derive(Serialize)]
struct StoredRoom<'a> {
    #[serde(flatten)]
    entry: Entry,
    hotel: &'a Option<crate::domain::document::HotelPart>,
    room: &'a Option<domain::hotel::RoomChanged>,
}

impl ElasticIndex {
    /// The index that `alias` names now, at each request. Nothing is written if it names none: an index that Elasticsearch
    /// makes by itself, after somebody deleted ours, would have a mapping of its own guess.
    pub fn by_alias(wire: Arc<Wire>, alias: impl Into<String>) -> Self {
        Self { wire, alias: alias.into() }
    }

    fn path(&self, rest: &str) -> String {
        format!("/{}/{rest}", self.alias)
    }

    /// The documents of these ids that are stored, each as `read` reads it.
    async fn get_many<I: Copy, T>(
        &self,
        ids: &[(I, String)],
        fields: &[&str],
        read: fn(I, &RawValue) -> T,
    ) -> Result<Vec<Stamped<T>>, IndexError> {
        let path = self.path(&format!("_mget?_source_includes={}", fields.join(",")));
        let names: Vec<&str> = ids.iter().map(|(_, name)| name.as_str()).collect();
        let body = json!({ "ids": names }).to_string();
        let answer: answer::Many = self.wire.ask(Method::Post, &path, Some(body)).await?;
        let found = ids.iter().zip(answer.stamped(ids.len())?).filter_map(|((id, _), found)| {
            let Stamped { document, stamp } = found?;
            Some(Stamped { document: read(*id, &document), stamp })
        });
        Ok(found.collect())
    }

    /// Writes those documents that are still as read; tells for each, in order.
    async fn store_many<T: Sync>(
        &self,
        documents: &[Stamped<T>],
        id: impl Fn(&T) -> String + Send,
        write: impl Fn(&T) -> Result<String, IndexError> + Send,
    ) -> Result<Vec<Stored>, IndexError> {
        let mut all = Vec::with_capacity(documents.len());
        for batch in documents.chunks(BATCH) {
            let mut body = String::new();
            for Stamped { document, stamp } in batch {
                body.push_str(&request::bulk_action(&id(document), *stamp).to_string());
                body.push('\n');
                body.push_str(&write(document)?);
                body.push('\n');
            }
            let path = self.path("_bulk?require_alias=true");
            let answer: answer::Bulk = self.wire.ask(Method::Post, &path, Some(body)).await?;
            all.append(&mut answer.stored(batch.len())?);
        }
        Ok(all)
    }

    async fn run(&self, body: &Value) -> Result<answer::Found, IndexError> {
        let found: answer::Found =
            self.wire.ask(Method::Post, &self.path("_search"), Some(body.to_string())).await?;
        found.complete()
    }
}

const ROOM_FIELDS: [&str; 5] = ["room_id", "hotel_id", "hotel", "room", "nights"];
const HOTEL_FIELDS: [&str; 2] = ["hotel_id", "hotel"];

fn room_id(room: RoomId) -> String {
    format!("r-{room}")
}

fn hotel_id(hotel: HotelId) -> String {
    format!("h-{hotel}")
}

fn stored(document: &RoomDocument) -> StoredRoom<'_> {
    StoredRoom { entry: Entry::of(document), hotel: &document.hotel, room: &document.room }
}

fn written<T: Serialize>(value: &T) -> Result<String, IndexError> {
    serde_json::to_string(value).map_err(|error| IndexError::Refused(error.to_string()))
}

/// What is stored under `id`, if it can be read: one that cannot spoils no other.
fn readable<'a, T: Deserialize<'a>>(what: &'static str, id: &dyn Display, source: &'a RawValue) -> Option<T> {
    serde_json::from_str(source.get()).inspect_err(|error| left_out(what, id, error)).ok()
}

/// Counts and tells what stands in an index and cannot be read: whoever reads on leaves it out.
fn left_out(what: &'static str, id: &dyn Display, error: &serde_json::Error) {
    metrics::counter!("search_unreadable_total", "what" => what).increment(1);
    tracing::error!(what, %id, %error, "left out: it cannot be read in the search index; run vacancy admin reindex");
}

#[async_trait]
impl Index for ElasticIndex {
    async fn load_hotels(&self, hotels: &[HotelId]) -> Result<Vec<Stamped<HotelDocument>>, IndexError> {
        let mut found = Vec::with_capacity(hotels.len());
        for batch in hotels.chunks(BATCH) {
            let ids: Vec<_> = batch.iter().map(|hotel| (*hotel, hotel_id(*hotel))).collect();
            found.append(&mut self.get_many(&ids, &HOTEL_FIELDS, salvage::hotel).await?);
        }
        Ok(found)
    }

    async fn load_rooms(&self, rooms: &[RoomId]) -> Result<Vec<Stamped<RoomDocument>>, IndexError> {
        let mut found = Vec::with_capacity(rooms.len());
        for batch in rooms.chunks(BATCH) {
            let ids: Vec<_> = batch.iter().map(|room| (*room, room_id(*room))).collect();
            found.append(&mut self.get_many(&ids, &ROOM_FIELDS, salvage::room).await?);
        }
        Ok(found)
    }

    async fn store_hotels(&self, hotels: &[Stamped<HotelDocument>]) -> Result<Vec<Stored>, IndexError> {
        self.store_many(hotels, |hotel| hotel_id(hotel.hotel_id), written).await
    }

    async fn store_rooms(&self, rooms: &[Stamped<RoomDocument>]) -> Result<Vec<Stored>, IndexError> {
        self.store_many(rooms, |room| room_id(room.room_id), |room| written(&stored(room))).await
    }

    async fn search(&self, query: &Query) -> Result<Hits, IndexError> {
        Ok(self.run(&request::search(query)).await?.hits(query))
    }

    async fn count(&self, all: &[Criteria]) -> Result<Vec<u64>, IndexError> {
        self.run(&request::count(all)).await?.counts(all.len())
    }

    async fn rooms_of(&self, hotel: HotelId, most: u32) -> Result<RoomList, IndexError> {
        let visible = Criteria { conditions: vec![Condition::Visible], ..Criteria::default() };
        Ok(self.run(&request::rooms_of(hotel, &visible, most, &ROOM_FIELDS)).await?.rooms())
    }

    async fn room_ids_of(
        &self,
        hotels: &[HotelId],
        after: Option<RoomId>,
        most: u32,
    ) -> Result<Vec<(RoomId, HotelId)>, IndexError> {
        Ok(self.run(&request::room_ids_of(hotels, after, most)).await?.room_ids())
    }

    async fn refresh(&self) -> Result<(), IndexError> {
        let _: Value = self.wire.ask(Method::Post, &self.path("_refresh"), None).await?;
        Ok(())
    }
}

impl ElasticSettings {
    /// The longest wait for an answer.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
