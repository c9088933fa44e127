//! One decision at a time: decide on the book, journal it, apply it, answer.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::Instant;
use platform::{
    clock::SystemClock,
    ids::{Ids, SystemIds},
};
use tokio::{
    sync::{Mutex, Notify},
    time::Instant as Monotonic,
};

use crate::{
    domain::{Decided, book::Book, entry::Entry},
    journal::{Journal, JournalError},
};

/// How often it is looked whether a predecessor has let go of the journal.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The book and its journal.
pub struct Desk {
    kept: Mutex<Kept>,
    queued: Arc<Notify>,
    ids: SystemIds,
}

struct Kept {
    book: Book,
    journal: Journal,
}

impl Desk {
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
        let mut book = Book::default();
        for entry in entries {
            book.apply(entry);
        }
        let kept = Mutex::new(Kept { book, journal });
        Ok(Self { kept, queued: Arc::new(Notify::new()), ids: SystemIds })
    }

    /// Decides at the sandbox's time; what is decided is on disk when this returns.
    pub async fn decide<T>(
        &self,
        decide: impl FnOnce(&Book, &dyn Ids, Instant) -> Decided<T>,
    ) -> Result<T, JournalError> {
        let mut kept = self.kept.lock().await;
        let now = kept.book.time(SystemClock.read());
        let Decided { entries, answer } = decide(&kept.book, &self.ids, now);
        self.keep(&mut kept, entries).await?;
        Ok(answer)
    }

    async fn keep(&self, kept: &mut Kept, entries: Vec<Entry>) -> Result<(), JournalError> {
        if entries.is_empty() {
            return Ok(());
        }
        kept.journal.append(&entries).await?;
        let calls = entries.iter().any(|entry| matches!(entry, Entry::Queued { .. }));
        for entry in entries {
            kept.book.apply(entry);
        }
        if calls {
            self.queued.notify_one();
        }
        Ok(())
    }

    /// Looks at the book, at the sandbox's time.
    pub async fn look<T>(&self, look: impl FnOnce(&Book, Instant) -> T) -> T {
        let kept = self.kept.lock().await;
        look(&kept.book, kept.book.time(SystemClock.read()))
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
        self.queued.notified().await;
    }
}
