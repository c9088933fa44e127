//! The statements of a plan as text, and how many rows each must have met.

use std::sync::Arc;

use domain::BookingId;
use platform::mysql::{DbError, Packet, Reply, Text};

use super::WriteError;

/// The statements of a plan. All of them are carried out before any is judged: nothing is committed in between.
#[derive(Debug, Default)]
pub(in crate::store) struct Script {
    packet: Packet,
    guards: Vec<(usize, Guard)>,
    made: MadeFacts,
}

/// The facts of bookings that are made, as they are written.
pub(in crate::store) type MadeFacts = Vec<(BookingId, Arc<str>)>;

/// How many rows a statement must have met.
#[derive(Debug, Clone, Copy)]
enum Guard {
    /// So many were changed, or found as they should be.
    Touched(usize),
    /// So many were counted.
    Counted(usize),
}

/// What has to be seen once the packet is answered.
#[derive(Debug)]
pub(in crate::store) struct Guards(Vec<(usize, Guard)>);

impl Script {
    /// A statement that may do nothing; answers which one of the packet it is.
    pub(super) fn run(&mut self, sql: &Text) -> usize {
        #[cfg(feature = "planted_faults")]
        let sql = &*crate::mistakes::statement(sql);
        self.packet.add(sql)
    }

    /// A statement that must change so many rows.
    pub(super) fn must_touch(&mut self, sql: &Text, rows: usize) {
        let index = self.run(sql);
        self.guards.push((index, Guard::Touched(rows)));
    }

    /// A `select count(*)` that must count so many.
    pub(super) fn must_count(&mut self, sql: &Text, rows: usize) {
        let index = self.run(sql);
        self.guards.push((index, Guard::Counted(rows)));
    }

    /// An insert of all these rows, if there are any.
    pub(super) fn insert<T>(&mut self, head: &'static str, rows: Vec<T>, write: impl FnMut(&mut Text, T)) {
        self.change(head, rows, write, "");
    }

    /// A statement around a list of rows, each of which must meet one row of the table; none for no rows.
    pub(super) fn change<T>(
        &mut self,
        head: &'static str,
        rows: Vec<T>,
        write: impl FnMut(&mut Text, T),
        tail: &'static str,
    ) {
        if rows.is_empty() {
            return;
        }
        let count = rows.len();
        let mut sql = Text::new(head);
        sql.separated(rows, write).push(tail);
        self.must_touch(&sql, count);
    }

    /// Notes what the booking is made with.
    pub(super) fn makes(&mut self, booking: BookingId, facts: Arc<str>) {
        self.made.push((booking, facts));
    }

    /// What the bookings that it inserts are made with.
    pub(in crate::store) fn take_made(&mut self) -> MadeFacts {
        std::mem::take(&mut self.made)
    }

    /// What is to be sent, and what is to be seen of its replies.
    pub(in crate::store) fn into_parts(self) -> (Packet, Guards) {
        (self.packet, Guards(self.guards))
    }
}

impl Guards {
    /// Stale, if any statement has met other rows than it must.
    pub(in crate::store) fn met(&self, replies: &[Reply]) -> Result<(), WriteError> {
        for (index, guard) in &self.0 {
            let reply = replies.get(*index).ok_or(WriteError::Stale)?;
            let (met, must) = match guard {
                Guard::Touched(rows) => (reply.affected, *rows),
                Guard::Counted(rows) => (counted(reply)?, *rows),
            };
            if usize::try_from(met) != Ok(must) {
                return Err(WriteError::Stale);
            }
        }
        Ok(())
    }
}

fn counted(reply: &Reply) -> Result<u64, WriteError> {
    use sqlx::Row as _;
    let row = reply.rows.first().ok_or(WriteError::Stale)?;
    let count: i64 = row.try_get(0).map_err(DbError::from)?;
    Ok(count.unsigned_abs())
}
