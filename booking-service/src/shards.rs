//! The shards as they run: works come in by a mailbox, are decided and written in batches, and are answered after COMMIT.
//!
//! What a shard does and in which order is [`booking_core::Shard`]'s, a machine that is simulated as it is. Here are its
//! clock, its mailbox and its calls of the store.

mod calls;
mod context;
mod gauges;
mod runner;

use std::sync::Arc;

use booking_core::{
    Work,
    shard::{Answer, Class},
};
use domain::{HotelId, RoomId};
use platform::app::Job;
use tokio::sync::{Mutex, mpsc, oneshot};

use self::{context::Letter, runner::Runner};

pub use self::context::ShardContext;

/// Where works are sent. Cheap to clone.
#[derive(Clone)]
pub struct Shards {
    mailboxes: Arc<[mpsc::UnboundedSender<Letter>]>,
}

impl Shards {
    /// So many shards: 1, 2, 4, 8 or 16. The jobs are what runs them.
    pub fn new(count: u8, context: &ShardContext) -> (Self, Vec<Job>) {
        let (mailboxes, jobs): (Vec<_>, Vec<_>) =
            (0..count.max(1)).map(|no| shard(no, context.clone())).unzip();
        (Self { mailboxes: mailboxes.into() }, jobs)
    }

    /// Has a work decided and written; answers after its COMMIT.
    pub async fn submit(&self, class: Class, work: Work) -> Answer {
        let (answer, told) = oneshot::channel();
        let hotel = work.hotel_id;
        if !self.send(hotel, Letter::Work(class, Box::new(work), answer)) {
            return Answer::Unavailable;
        }
        told.await.unwrap_or(Answer::Unavailable)
    }

    /// A room of the hotel has changed: what is asked of it next is read.
    pub fn forget(&self, hotel: HotelId, room: RoomId) {
        self.send(hotel, Letter::Forget(room));
    }

    /// A hotel has changed, and with it each of its rooms.
    pub fn forget_hotel(&self, hotel: HotelId) {
        self.send(hotel, Letter::ForgetHotel(hotel));
    }

    fn send(&self, hotel: HotelId, letter: Letter) -> bool {
        let shards = self.mailboxes.len().max(1);
        let mailbox = usize::from(hotel.share()).checked_rem(shards).and_then(|at| self.mailboxes.get(at));
        mailbox.is_some_and(|mailbox| mailbox.send(letter).is_ok())
    }
}

/// A shard's mailbox, and the job that empties it. The mailbox outlives a run that failed: whoever waited then is told that
/// nothing is known, and whoever comes later finds the next run.
fn shard(no: u8, context: ShardContext) -> (mpsc::UnboundedSender<Letter>, Job) {
    let (sender, mailbox) = mpsc::unbounded_channel();
    let mailbox = Arc::new(Mutex::new(mailbox));
    let job = Job::new(format!("shard-{no}"), move |shutdown| {
        let (mailbox, context) = (mailbox.clone(), context.clone());
        async move {
            let mut mailbox = mailbox.lock_owned().await;
            Runner::new(no, context).run(&mut mailbox, &shutdown).await
        }
    });
    (sender, job)
}

/// The largest power of two not above the processor's cores, at most 16.
pub fn shards_of_this_machine() -> u8 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    [16_u8, 8, 4, 2].into_iter().find(|shards| usize::from(*shards) <= cores).unwrap_or(1)
}
