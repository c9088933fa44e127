//! The history of a run, as JSON lines: what clients asked and were told, and when; what was done to the servers meanwhile.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::NaiveDate;
use e2e::failed::Failed;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Microseconds since 1970.
pub(crate) type Micros = i64;

/// Something that was done, by whom, from when to when: by this machine's clock, which is the database's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// A client; 0 is who breaks things.
    pub(crate) process: u64,
    pub(crate) invoke: Micros,
    pub(crate) complete: Micros,
    #[serde(flatten)]
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum What {
    /// A room is on sale.
    Room { hotel_id: Uuid, room_id: Uuid, quantity: u32 },
    /// A booking was asked for, by somebody who asks for no other: all tries of it under one key are one operation.
    /// `loose`: a try of it was not answered, or went to both copies, and may have been carried out behind the last answer.
    Book { key: String, user_id: Uuid, units: Vec<Units>, loose: bool, end: End },
    /// A cancellation was asked for.
    Cancel { booking_id: Uuid, end: End },
    /// Somebody paid, or tried to, at the provider.
    Pay { booking_id: Uuid, how: String, end: End },
    /// A unit of a room costs this for a night: from `invoke` on perhaps, from `complete` on for certain, if it was `seen`.
    Price { room_id: Uuid, price: i64, seen: bool },
    /// The services' clock was moved; so far it is ahead of the database's from now on.
    Clock { offset_us: i64 },
    /// Something was broken and made good again.
    Fault { name: String },
    /// A process or server was away, or stood still: from `invoke` on perhaps, and there again at `complete`.
    Away { name: String, frozen: bool },
}

/// Units of a room-night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Units {
    pub(crate) room_id: Uuid,
    pub(crate) night: NaiveDate,
    pub(crate) quantity: u32,
}

/// How an operation ended for its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum End {
    Made(Made),
    Done,
    Refused {
        code: String,
    },
    /// No answer that says which.
    Unknown,
}

/// What a 201 says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) booking_id: Uuid,
    pub(crate) payment_id: Uuid,
    /// In minor units.
    pub(crate) total: i64,
    /// By the services' clock.
    pub(crate) hold_expires_at: Micros,
}

/// Now, by this machine's clock.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Keys under which a booking was asked for, by how that ended the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) made: u64,
    pub(crate) refused: u64,
    /// Without an answer.
    pub(crate) unknown: u64,
    /// Asked for again under one of these keys: no booking of its own.
    pub(crate) repeated: u64,
}

/// A history being written.
#[derive(Debug)]
pub(crate) struct Writer(Mutex<Written>);

#[derive(Debug)]
struct Written {
    file: BufWriter<File>,
    keys: HashSet<String>,
    counts: Counts,
}

impl Written {
    fn count(&mut self, key: &str, end: &End) {
        let is_new = self.keys.insert(key.to_owned());
        let counted = match end {
            _ if !is_new => &mut self.counts.repeated,
            End::Made(_) => &mut self.counts.made,
            End::Refused { .. } => &mut self.counts.refused,
            End::Unknown | End::Done => &mut self.counts.unknown,
        };
        *counted += 1;
    }
}

impl Writer {
    pub(crate) fn at(path: &Path) -> Result<Self, Failed> {
        let file = BufWriter::new(File::create(path)?);
        Ok(Self(Mutex::new(Written { file, keys: HashSet::new(), counts: Counts::default() })))
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since `invoke`, until now.
    pub(crate) fn note(&self, process: u64, invoke: Micros, what: What) -> Result<(), Failed> {
        let entry = Entry { process, invoke, complete: now(), what };
        let line = serde_json::to_string(&entry)?;
        let mut written = self.written();
        if let What::Book { key, end, .. } = &entry.what {
            written.count(key, end);
        }
        Ok(writeln!(written.file, "{line}")?)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.written().counts
    }

    pub(crate) fn flush(&self) -> Result<(), Failed> {
        Ok(self.written().file.flush()?)
    }
}

/// A history that was written.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Failed> {
    let lines = BufReader::new(File::open(path)?).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let folder = std::env::temp_dir().join(format!("history-{}", Uuid::from_u128(rand::random())));
        let writer = Writer::at(&folder).unwrap();
        let id = Uuid::from_u128(7);
        let made = Made { booking_id: id, payment_id: id, total: 9, hold_expires_at: 4 };
        let units =
            vec![Units { room_id: id, night: NaiveDate::from_ymd_opt(2026, 12, 24).unwrap(), quantity: 2 }];
        let all = [
            What::Room { hotel_id: id, room_id: id, quantity: 3 },
            What::Book { key: "k".to_owned(), user_id: id, units, loose: true, end: End::Made(made) },
            What::Cancel { booking_id: id, end: End::Refused { code: "penalty_changed".to_owned() } },
            What::Clock { offset_us: -1 },
            What::Away { name: "booking-service-2".to_owned(), frozen: true },
        ];
        for what in &all {
            writer.note(3, 1, what.clone()).unwrap();
        }
        writer.flush().unwrap();
        let read: Vec<What> = read(&folder).unwrap().into_iter().map(|entry| entry.what).collect();
        assert_eq!((read, writer.counts()), (all.to_vec(), Counts { made: 1, ..Counts::default() }));
        std::fs::remove_file(folder).unwrap();
    }

    #[test]
    fn a_repeat_under_a_key_is_no_other_booking() {
        let path = std::env::temp_dir().join(format!("history-{}", Uuid::from_u128(rand::random())));
        let writer = Writer::at(&path).unwrap();
        let id = Uuid::from_u128(7);
        let made = End::Made(Made { booking_id: id, payment_id: id, total: 9, hold_expires_at: 4 });
        let no = End::Refused { code: "sold_out".to_owned() };
        let asked = [("a", &made), ("a", &made), ("a", &End::Unknown), ("b", &no), ("c", &End::Unknown)];
        for (key, end) in asked {
            let (key, end) = (key.to_owned(), end.clone());
            let book = What::Book { key, user_id: id, units: Vec::new(), loose: false, end };
            writer.note(1, 1, book).unwrap();
        }
        assert_eq!(writer.counts(), Counts { made: 1, refused: 1, unknown: 1, repeated: 2 });
        std::fs::remove_file(path).unwrap();
    }
}
