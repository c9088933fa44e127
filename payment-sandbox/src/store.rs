//! One decision at a time: decide on the book, apply it, journal it with whatever else was decided meanwhile, answer.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::Instant;
use platform::{
    clock::SystemClock,
    ids::{Ids, SystemIds},
    pace::Wake,
    trace::TraceContext,
};
use tokio::{sync::Mutex, time::Instant as Monotonic};

use crate::{
    domain::{Decided, book::Book, entry::Entry},
    journal::{Journal, JournalError},
};

/// How often it is looked whether a predecessor has let go of the journal.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The book and its journal. Decisions that come while others are being written are written together after them, with one wait
/// for the disk.
pub struct Store {
    ledger: Arc<Ledger>,
    ids: SystemIds,
}

struct Ledger {
    kept: Mutex<Kept>,
    journal: Mutex<Journal>,
    queued: Wake,
    changed: Wake,
}

/// The book as decided, also what is not on disk yet.
#[derive(Default)]
struct Kept {
    book: Book,
    /// Decided, and not yet being written.
    unwritten: Vec<Vec<Entry>>,
    decided: Moment,
    written: u64,
    /// The last decision that was written of each run before.
    ends: Vec<u64>,
}

/// A moment of the book. What was not written is undone, and what was decided on it with it: another run begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moment {
    run: u64,
    nth: u64,
}

impl Store {
    /// Opens the journal in this folder and reads the book from it. A predecessor that is still ending has so long to
    /// let go of it.
    pub async fn open(folder: &Path, patience: Duration) -> Result<Self, JournalError> {
        let deadline = Monotonic::now() + patience;
        let (journal, entries) = loop {
            match Journal::open(folder) {
                Err(JournalError::InUse(_)) if Monotonic::now() < deadline => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                opened => break opened?,
            }
        };
        let kept = Mutex::new(Kept { book: Book::of(entries), ..Kept::default() });
        let (queued, changed) = (Wake::default(), Wake::default());
        let ledger = Arc::new(Ledger { kept, journal: Mutex::new(journal), queued, changed });
        Ok(Self { ledger, ids: SystemIds })
    }

    /// Decides at the sandbox's time; what is decided, and what it rests on, is on disk when this returns.
    pub async fn decide<T>(
        &self,
        decide: impl FnOnce(&Book, &dyn Ids, Instant) -> Decided<T>,
    ) -> Result<T, JournalError> {
        let (answer, moment, written) = {
            let mut kept = self.ledger.kept.lock().await;
            let now = kept.book.time(SystemClock.read());
            let Decided { entries, answer } = decide(&kept.book, &self.ids, now);
            kept.take_in(entries);
            (answer, kept.decided, kept.has_written(kept.decided))
        };
        self.is_on_disk(moment, written).await?;
        Ok(answer)
    }

    /// Looks at the book, at the sandbox's time. What it sees is on disk; what was undone meanwhile is not seen.
    pub async fn look<T>(&self, look: impl Fn(&Book, Instant) -> T) -> Result<T, JournalError> {
        loop {
            let (seen, moment, written) = {
                let kept = self.ledger.kept.lock().await;
                let seen = look(&kept.book, kept.book.time(SystemClock.read()));
                (seen, kept.decided, kept.has_written(kept.decided))
            };
            match self.is_on_disk(moment, written).await {
                Ok(()) => return Ok(seen),
                Err(JournalError::Undone) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns when what was decided until then is on disk. A caller who goes away cuts nothing off: from the decision on
    /// nothing is waited for before the write is on its way.
    async fn is_on_disk(
        &self,
        moment: Moment,
        written: Result<bool, JournalError>,
    ) -> Result<(), JournalError> {
        if written? {
            return Ok(());
        }
        tokio::spawn(self.ledger.clone().write_until(moment)).await.map_err(JournalError::CutOff)?
    }

    /// Moves the sandbox's clock forward and gives its time.
    pub async fn advance(&self, delta: TimeDelta) -> Result<Instant, JournalError> {
        self.decide(|book, _, now| {
            let ahead = book.offset_us().saturating_add(delta.num_microseconds().unwrap_or(0));
            Decided { entries: vec![Entry::ClockMoved { offset_us: ahead }], answer: now.plus(delta) }
        })
        .await
    }

    /// Returns when a callback was queued since the last return.
    pub async fn queued(&self) {
        self.ledger.queued.woken().await;
    }

    /// Returns when anything was decided since the last return.
    pub async fn changed(&self) {
        self.ledger.changed.woken().await;
    }
}

impl Ledger {
    /// Whoever comes first writes for all who wait.
    async fn write_until(self: Arc<Self>, moment: Moment) -> Result<(), JournalError> {
        let mut journal = self.journal.lock().await;
        let (unwritten, last) = {
            let mut kept = self.kept.lock().await;
            if kept.has_written(moment)? {
                return Ok(());
            }
            (std::mem::take(&mut kept.unwritten), kept.decided.nth)
        };
        let appended = journal.append(&unwritten).await;
        let mut kept = self.kept.lock().await;
        if let Err(error) = appended {
            kept.undo(journal.read().map(Book::of), unwritten);
            return Err(error);
        }
        kept.written = last;
        let mut entries = unwritten.iter().flatten();
        if entries.any(|entry| matches!(entry, Entry::Queued { .. })) {
            self.queued.wake();
        }
        self.changed.wake();
        Ok(())
    }
}

impl Kept {
    /// What is decided stands in the book at once, so that the next decision rests on it.
    fn take_in(&mut self, mut entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let trace = TraceContext::current().map(|context| context.to_string());
        for entry in &mut entries {
            if let Entry::Queued { message } = entry {
                message.traceparent.clone_from(&trace);
            }
        }
        self.unwritten.push(entries.clone());
        self.decided.nth = self.decided.nth.saturating_add(1);
        for entry in entries {
            self.book.apply(entry);
        }
    }

    fn has_written(&self, moment: Moment) -> Result<bool, JournalError> {
        let end = usize::try_from(moment.run).ok().and_then(|run| self.ends.get(run));
        match end {
            None => Ok(moment.nth <= self.written),
            Some(end) if moment.nth <= *end => Ok(true),
            Some(_) => Err(JournalError::Undone),
        }
    }

    /// The book is what the disk has: everything else was answered to nobody. Where not even that can be read, what was not
    /// written is written with the next.
    fn undo(&mut self, book: Result<Book, JournalError>, mut unwritten: Vec<Vec<Entry>>) {
        let Ok(book) = book else {
            unwritten.append(&mut self.unwritten);
            self.unwritten = unwritten;
            return;
        };
        let Moment { run, nth } = self.decided;
        let mut ends = std::mem::take(&mut self.ends);
        ends.push(self.written);
        let decided = Moment { run: run.saturating_add(1), nth };
        *self = Self { book, unwritten: Vec::new(), decided, written: nth, ends };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: TimeDelta = TimeDelta::microseconds(1);

    #[tokio::test]
    async fn decisions_that_come_together_are_all_on_disk_when_they_are_answered() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Duration::ZERO).await.unwrap();
        let all = (0..200).map(|_| store.advance(ENTRY));
        for decided in futures::future::join_all(all).await {
            decided.unwrap();
        }
        assert_eq!(store.look(|book, _| book.offset_us()).await.unwrap(), 200);
        drop(store);
        let again = Store::open(folder.path(), Duration::from_secs(5)).await.unwrap();
        assert_eq!(again.look(|book, _| book.offset_us()).await.unwrap(), 200);
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_takes_nobody_elses_decision_along() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Duration::ZERO).await.unwrap();
        for _ in 0..50 {
            let _gone = futures::poll!(Box::pin(store.advance(ENTRY)));
            store.advance(ENTRY).await.unwrap();
        }
        drop(store);
        let again = Store::open(folder.path(), Duration::from_secs(5)).await.unwrap();
        assert_eq!(again.look(|book, _| book.offset_us()).await.unwrap(), 100);
    }

    #[tokio::test]
    async fn what_the_disk_does_not_take_is_seen_by_nobody_and_the_next_decision_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Duration::ZERO).await.unwrap();
        let seen = async || store.look(|book, _| book.offset_us()).await.unwrap();
        store.advance(ENTRY).await.unwrap();
        store.ledger.journal.lock().await.disk_takes(false);
        assert!(matches!(store.advance(ENTRY).await, Err(JournalError::Io(..))));
        assert_eq!(seen().await, 1);
        store.ledger.journal.lock().await.disk_takes(true);
        store.advance(ENTRY).await.unwrap();
        assert_eq!(seen().await, 2);
        let (_, entries) = Journal::open(folder.path()).unwrap();
        assert_eq!(Book::of(entries).offset_us(), 2);
    }

    #[test]
    fn what_could_not_be_written_is_undone_and_so_is_what_rests_on_it() {
        let mut kept = Kept::default();
        kept.take_in(vec![Entry::ClockMoved { offset_us: 0 }]);
        let before = kept.decided;
        (kept.unwritten, kept.written) = (Vec::new(), before.nth);
        kept.take_in(vec![Entry::ClockMoved { offset_us: 1 }]);
        let lost = kept.decided;
        let unwritten = std::mem::take(&mut kept.unwritten);
        kept.take_in(vec![Entry::ClockMoved { offset_us: 2 }]);
        let rests_on_it = kept.decided;
        kept.undo(Ok(Book::default()), unwritten);
        for moment in [lost, rests_on_it] {
            assert!(matches!(kept.has_written(moment), Err(JournalError::Undone)));
        }
        assert!(kept.has_written(kept.decided).unwrap() && kept.unwritten.is_empty());
        assert!(kept.has_written(before).unwrap(), "what was on disk stays decided");
        assert_eq!(kept.book.offset_us(), 0);
    }
}
