//! Records what was sent: whatever ends while one record is written is written by the next, together.

use std::sync::{Mutex, MutexGuard, PoisonError};

use platform::mysql::DbError;
use tokio::sync::{
    Mutex as Turn,
    oneshot::{self, error::TryRecvError},
};

use crate::store::{MailKey, Mails};

/// Records sent mails in groups: each record costs a COMMIT, and mails end side by side.
pub struct Recording {
    mails: Mails,
    waiting: Mutex<Vec<(MailKey, oneshot::Sender<bool>)>>,
    writing: Turn<()>,
}

/// It could not be recorded that a mail was sent: its claim runs out, and it is sent again under the same Message-ID.
#[derive(Debug, thiserror::Error)]
pub enum Unrecorded {
    /// By us.
    #[error("the database did not record it")]
    Database(#[from] DbError),
    /// By whoever wrote for it.
    #[error("the record that it was part of was not written")]
    Together,
}

impl Recording {
    /// Records in this table.
    pub const fn new(mails: Mails) -> Self {
        Self { mails, waiting: Mutex::new(Vec::new()), writing: Turn::const_new(()) }
    }

    /// Done when it is recorded.
    pub async fn sent(&self, key: MailKey) -> Result<(), Unrecorded> {
        let (told, mut recorded) = oneshot::channel();
        self.waiting().push((key, told));
        let _turn = self.writing.lock().await;
        // Whoever had the turn before may have written it, or was let go with it in hand.
        match recorded.try_recv() {
            Ok(true) => return Ok(()),
            Ok(false) | Err(TryRecvError::Closed) => return Err(Unrecorded::Together),
            Err(TryRecvError::Empty) => {}
        }
        let (keys, told): (Vec<_>, Vec<_>) = std::mem::take(&mut *self.waiting()).into_iter().unzip();
        let written = self.mails.sent(&keys).await;
        for told in told {
            // Whoever was let go meanwhile wants no answer.
            let _ = told.send(written.is_ok());
        }
        Ok(written?)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(MailKey, oneshot::Sender<bool>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
