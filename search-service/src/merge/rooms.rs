//! Changes of rooms' documents: those of one document are written together.

use std::collections::BTreeMap;

use domain::{HotelId, Instant, RoomId};

use super::merger::{ATTEMPTS, MergeError, Merged, Merger, WAIT};
use crate::{
    domain::document::RoomDocument,
    index::{Stamped, Stored},
};

/// A part on its way into a room's document.
pub(super) struct RoomChange<'a> {
    pub(super) room: RoomId,
    /// The room's hotel, which the part knows; without it nothing becomes of a room that is not stored.
    pub(super) hotel: Option<HotelId>,
    /// Merges the part; whether anything changed.
    pub(super) hear: Box<dyn Fn(&mut RoomDocument) -> bool + Send + Sync + 'a>,
}

/// The numbers of the changes of one room, in order.
type Group = Vec<usize>;

/// A document as it is to be, and which changes are in it.
struct Changed {
    document: Stamped<RoomDocument>,
    by: Group,
}

/// What has become of changes, by their numbers. One that is not here is done.
#[derive(Default)]
struct Fates {
    unwritten: BTreeMap<usize, Merged>,
    /// Changes of documents that the index refuses: one of them alone may be to blame.
    suspects: Group,
}

impl Merger {
    /// Merges changes into their rooms' documents; what became of each, in order.
    pub(super) async fn merge_rooms(&self, changes: &[RoomChange<'_>]) -> Result<Vec<Merged>, MergeError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut groups: BTreeMap<RoomId, Group> = BTreeMap::new();
        for (number, change) in changes.iter().enumerate() {
            groups.entry(change.room).or_default().push(number);
        }
        let mut fates = Fates::default();
        self.merge_groups(changes, groups.into_values().collect(), &mut fates).await?;
        for suspect in std::mem::take(&mut fates.suspects) {
            self.merge_groups(changes, vec![vec![suspect]], &mut fates).await?;
        }
        let fate = |number| fates.unwritten.remove(&number).unwrap_or(Merged::Done);
        Ok((0..changes.len()).map(fate).collect())
    }

    async fn merge_groups(
        &self,
        changes: &[RoomChange<'_>],
        mut groups: Vec<Group>,
        fates: &mut Fates,
    ) -> Result<(), MergeError> {
        let now = self.clock.now().await?;
        for attempt in 1..=ATTEMPTS {
            groups = self.merge_once(changes, groups, now, fates).await?;
            if groups.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(WAIT * attempt).await;
        }
        Err(MergeError::Contended)
    }

    /// Gives the groups whose documents others wrote meanwhile.
    async fn merge_once(
        &self,
        changes: &[RoomChange<'_>],
        groups: Vec<Group>,
        now: Instant,
        fates: &mut Fates,
    ) -> Result<Vec<Group>, MergeError> {
        let mut changed = self.changed(changes, groups, now).await?;
        changed.retain(|changed| fates.is_readable(changed));
        let (documents, by): (Vec<_>, Vec<_>) = changed.into_iter().map(|one| (one.document, one.by)).unzip();
        let stored =
            if documents.is_empty() { Vec::new() } else { self.index.store_rooms(&documents).await? };
        let mut again = Vec::new();
        for ((document, by), stored) in documents.iter().zip(by).zip(stored) {
            match stored {
                Stored::Written => {}
                Stored::Conflict => again.push(by),
                Stored::Refused(why) => fates.refused(by, document.document.room_id, &why),
            }
        }
        Ok(again)
    }

    /// The documents as they are to be, without those that stay as they are.
    async fn changed(
        &self,
        changes: &[RoomChange<'_>],
        groups: Vec<Group>,
        now: Instant,
    ) -> Result<Vec<Changed>, MergeError> {
        let group = |group: Group| {
            let of_room: Vec<_> =
                group.iter().filter_map(|number| Some((*number, changes.get(*number)?))).collect();
            Some((of_room.first()?.1.room, of_room))
        };
        let groups: Vec<_> = groups.into_iter().filter_map(group).collect();
        let rooms: Vec<RoomId> = groups.iter().map(|(room, _)| *room).collect();
        let stored = self.index.load_rooms(&rooms).await?;
        let mut known: BTreeMap<RoomId, Stamped<RoomDocument>> =
            stored.into_iter().map(|room| (room.document.room_id, room)).collect();
        let changed = groups.iter().filter_map(|(room, changes)| merged(known.remove(room), changes, now));
        Ok(changed.collect())
    }
}

/// The document with all changes of its room in it, if that changes it.
fn merged(
    mut known: Option<Stamped<RoomDocument>>,
    changes: &[(usize, &RoomChange<'_>)],
    now: Instant,
) -> Option<Changed> {
    let mut newer = Vec::new();
    for (number, change) in changes {
        if let Some(hotel) = change.hotel {
            let new = || Stamped { document: RoomDocument::new(change.room, hotel), stamp: None };
            // The part knows it, also where what is stored cannot be read.
            known.get_or_insert_with(new).document.hotel_id = hotel;
        }
        if known.as_mut().is_some_and(|known| (change.hear)(&mut known.document)) {
            newer.push(*number);
        }
    }
    let mut document = known?;
    let forgot = document.document.forget_past(now);
    let by =
        if newer.is_empty() { changes.iter().map(|(number, _)| *number).collect() } else { newer.clone() };
    (forgot || !newer.is_empty()).then_some(Changed { document, by })
}

impl Fates {
    /// Whether the document may be written: if not, its changes met damage.
    fn is_readable(&mut self, changed: &Changed) -> bool {
        let RoomDocument { room_id, unread, .. } = &changed.document.document;
        if unread.is_empty() {
            return true;
        }
        let why = format!(
            "a document of the search index is damaged: room {room_id}: {unread:?} as stored cannot be read; \
             run vacancy admin reindex"
        );
        self.unwritten.extend(changed.by.iter().map(|number| (*number, Merged::Damaged(why.clone()))));
        false
    }

    fn refused(&mut self, mut by: Group, room: RoomId, why: &str) {
        if let [number] = by.as_slice() {
            let why = format!("a document of the search index cannot be written: room {room}: {why}");
            self.unwritten.insert(*number, Merged::Refused(why));
        } else {
            self.suspects.append(&mut by);
        }
    }
}
