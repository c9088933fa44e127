//! One decision at a time: decide on the book, journal it, apply it, answer.

use std::{path::Path, time::Duration};

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

/// The book and its journal.
pub struct Store {
    kept: Mutex<Kept>,
    queued: Wake,
    changed: Wake,
    ids: SystemIds,
}

struct Kept {
    book: Book,
    journal: Journal,
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
        let mut book = Book::default();
        for entry in entries {
            book.apply(entry);
        }
        let kept = Mutex::new(Kept { book, journal });
        Ok(Self { kept, queued: Wake::default(), changed: Wake::default(), ids: SystemIds })
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

    async fn keep(&self, kept: &mut Kept, mut entries: Vec<Entry>) -> Result<(), JournalError> {
        if entries.is_empty() {
            return Ok(());
        }
        let trace = TraceContext::current().map(|context| context.to_string());
        for entry in &mut entries {
            if let Entry::Queued { message } = entry {
                message.traceparent.clone_from(&trace);
            }
        }
        kept.journal.append(&entries).await?;
        let calls = entries.iter().any(|entry| matches!(entry, Entry::Queued { .. }));
        for entry in entries {
            kept.book.apply(entry);
        }
        if calls {
            self.queued.wake();
        }
        self.changed.wake();
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
        self.queued.woken().await;
    }

    /// Returns when anything was decided since the last return.
    pub async fn changed(&self) {
        self.changed.woken().await;
    }
}
