//! From entries to rows: one for each lane that they go through.

use std::collections::BTreeMap;

use super::Entry;

/// A row is ended when its entries are as long as this: far below what a packet and the column hold, so that only the
/// largest transactions write two for a lane.
const ROW_BYTES: usize = 4 << 20;

/// Or when it has so many: a relay tells a whole row in one transaction.
const ROW_ENTRIES: u32 = 5_000;

/// A row of the outbox, to be written in the transaction that its entries tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// The lane that it goes through.
    pub lane: u8,
    /// How many entries it has.
    pub records: u32,
    /// The entries, a JSON array.
    pub entries: Vec<u8>,
}

impl NewRow {
    const fn of(lane: u8) -> Self {
        Self { lane, records: 0, entries: Vec::new() }
    }

    fn push(&mut self, entry: &Entry) -> Result<(), serde_json::Error> {
        self.entries.push(if self.records == 0 { b'[' } else { b',' });
        self.records = self.records.saturating_add(1);
        serde_json::to_writer(&mut self.entries, entry)
    }

    fn ended(mut self) -> Self {
        self.entries.push(b']');
        self
    }
}

/// The rows that tell these, the entries of a lane in the order given.
pub fn rows_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Vec<NewRow>, serde_json::Error> {
    let (mut rows, mut open) = (Vec::new(), BTreeMap::new());
    for entry in entries {
        let lane = entry.lane();
        let mut row = open.remove(&lane).unwrap_or(NewRow::of(lane));
        row.push(entry)?;
        if row.entries.len() < ROW_BYTES && row.records < ROW_ENTRIES {
            open.insert(lane, row);
        } else {
            rows.push(row.ended());
        }
    }
    rows.extend(open.into_values().map(NewRow::ended));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use domain::HotelId;

    use super::*;
    use crate::outbox::NewEvent;

    fn entry(hotel: u128, version: i64, bytes: usize) -> Entry {
        Entry::Record(NewEvent {
            topic: "t".to_owned(),
            key: "k".to_owned(),
            hotel: Some(HotelId::from_uuid(uuid::Uuid::from_u128(hotel))),
            partition_key: "k".to_owned(),
            version,
            payload: Some(format!("\"{}\"", "x".repeat(bytes)).into_bytes()),
            traceparent: None,
        })
    }

    fn versions(row: &NewRow) -> Vec<i64> {
        let entries: Vec<Entry> = serde_json::from_slice(&row.entries).unwrap();
        assert_eq!(usize::try_from(row.records).unwrap(), entries.len());
        assert!(entries.iter().all(|entry| matches!(entry, Entry::Record(_))));
        entries
            .iter()
            .filter_map(|entry| if let Entry::Record(event) = entry { Some(event.version) } else { None })
            .collect()
    }

    #[test]
    fn there_is_one_row_for_each_lane_and_its_entries_stand_in_order() {
        let entries: Vec<Entry> = (0..400).map(|n| entry(n % 50, i64::try_from(n).unwrap(), 10)).collect();
        let rows = rows_of(&entries).unwrap();
        assert_eq!(rows.iter().map(|row| row.lane).collect::<Vec<_>>(), [0, 1, 2, 3]);
        let told: Vec<Vec<i64>> = rows.iter().map(versions).collect();
        assert!(told.iter().all(|versions| versions.is_sorted()));
        assert_eq!(told.iter().map(Vec::len).sum::<usize>(), 400);
    }

    #[test]
    fn a_row_that_grows_too_large_is_followed_by_another_of_its_lane() {
        let entries: Vec<Entry> = (0..5).map(|version| entry(1, version, ROW_BYTES / 2)).collect();
        let rows = rows_of(&entries).unwrap();
        let told: Vec<_> = rows.iter().map(versions).collect();
        assert_eq!(told, [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn a_row_of_very_many_entries_is_followed_by_another_of_its_lane() {
        let entries: Vec<Entry> = (0..=i64::from(ROW_ENTRIES)).map(|version| entry(1, version, 1)).collect();
        let counts: Vec<u32> = rows_of(&entries).unwrap().iter().map(|row| row.records).collect();
        assert_eq!(counts, [ROW_ENTRIES, 1]);
    }

    #[test]
    fn nothing_makes_no_row() {
        assert_eq!(rows_of(&[]).unwrap(), []);
    }
}
