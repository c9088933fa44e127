//! One shard's loop.

use std::{collections::HashMap, sync::Arc, time::Duration};

use booking_core::{
    Command, Order, Shard, Task, Work,
    shard::{Answer, Class, Effects, Input, No, Output, Ticket},
};
use domain::{BookingId, HotelId};
use platform::{
    causes::BoxError,
    planted::{Point, crash_at},
    shutdown::Shutdown,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::Instant,
};

use super::{
    calls,
    context::{Letter, ShardContext},
    gauges::{self, Gauges, size},
};
use crate::{
    bookings::transition_ids,
    store::{COMMIT_WITHIN, Deadline, Turn, took},
};

/// How often a shard with works is told the time: its shortest wait is 50 ms.
const TICK: Duration = Duration::from_millis(25);
/// And one without: it only drops what is cold.
const TICK_AT_REST: Duration = Duration::from_secs(5);

/// One shard with its mailbox's senders and its calls under way.
pub(super) struct Runner {
    context: ShardContext,
    shard: Shard,
    waiting: HashMap<Ticket, Waiting>,
    /// Those of the batches being written.
    turns: HashMap<No, Arc<Turn>>,
    calls: JoinSet<calls::Done>,
    tickets: u64,
    began: Instant,
    /// When the shard was last told the time. It is told again on time, however many letters come.
    ticked: Instant,
    /// How many connections were opened when that was last looked at.
    opened: u64,
    gauges: Gauges,
    /// Why a batch missed last by itself.
    cause: Option<String>,
    /// Whether the shard is being told of a miss.
    is_missing: bool,
}

/// A work that the shard has, and who waits for it.
struct Waiting {
    class: Class,
    hotel: HotelId,
    booking: BookingId,
    answer: oneshot::Sender<Answer>,
}

impl Waiting {
    fn of(class: Class, work: &Work, answer: oneshot::Sender<Answer>) -> Self {
        let booking = match &work.task {
            Task::Book(_, booking) => *booking,
            Task::Command(order) => order.booking_id,
        };
        Self { class, hotel: work.hotel_id, booking, answer }
    }
}

impl Runner {
    pub(super) fn new(no: u8, context: ShardContext) -> Self {
        Self {
            shard: Shard::new(context.bounds.clone()),
            waiting: HashMap::new(),
            turns: HashMap::new(),
            calls: JoinSet::new(),
            tickets: 0,
            began: Instant::now(),
            ticked: Instant::now(),
            opened: context.opened.count(),
            gauges: Gauges::new(no),
            cause: None,
            is_missing: false,
            context,
        }
    }

    /// Runs until the shutdown, and then until whoever waits is answered; a call that panics ends the run.
    pub(super) async fn run(
        mut self,
        mailbox: &mut mpsc::UnboundedReceiver<Letter>,
        shutdown: &Shutdown,
    ) -> Result<(), BoxError> {
        let mut closing = false;
        while !(closing && self.shard.is_idle()) {
            let tick = self.ticked + if self.shard.is_idle() { TICK_AT_REST } else { TICK };
            tokio::select! {
                letter = mailbox.recv() => match letter {
                    Some(letter) => self.open(letter),
                    None => closing = self.close(closing),
                },
                Some(done) = self.calls.join_next() => {
                    // What has come meanwhile may go with the next batch.
                    there_now(mailbox).for_each(|letter| self.open(letter));
                    self.called(done?);
                }
                () = tokio::time::sleep_until(tick) => self.tick(),
                () = shutdown.requested(), if !closing => {
                    there_now(mailbox).for_each(|letter| self.open(letter));
                    closing = self.close(closing);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, closing: bool) -> bool {
        if !closing {
            self.step(Input::Close, None);
        }
        true
    }

    fn open(&mut self, letter: Letter) {
        match letter {
            Letter::Work(class, work, answer) => {
                if self.shard.is_idle() {
                    // It was last told the time long ago.
                    self.tick();
                }
                let ticket = self.ticket();
                self.waiting.insert(ticket, Waiting::of(class, &work, answer));
                self.step(Input::Arrived(ticket, class, work), None);
            }
            Letter::Forget(room) => self.step(Input::Forget(room), None),
            Letter::ForgetHotel(hotel) => self.step(Input::ForgetHotel(hotel), None),
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets = self.tickets.wrapping_add(1);
        Ticket(self.tickets)
    }

    fn called(&mut self, done: calls::Done) {
        if let Input::Written(no, _) = &done.input {
            // Who rests on a batch that was not committed learns of it by this.
            self.turns.remove(no);
        }
        self.tick();
        let opened = self.context.opened.count();
        if opened != std::mem::replace(&mut self.opened, opened) {
            self.step(Input::Reconnected, None);
        }
        if done.cause.is_some() {
            self.cause = done.cause;
        }
        self.is_missing = matches!(done.input, Input::Written(_, Err(_)) | Input::Second(_, Err(_)));
        self.step(done.input, done.until);
        self.is_missing = false;
    }

    fn tick(&mut self) {
        self.ticked = Instant::now();
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.step(Input::Tick(now_ms), None);
        self.gauges.tell(|| self.shard.standing());
    }

    fn step(&mut self, input: Input, until: Option<Deadline>) {
        let began = matches!(input, Input::Loaded(..) | Input::Second(..)).then(std::time::Instant::now);
        let outputs = self.shard.step(input, &calls::deciding(&self.context));
        if let Some(began) = began {
            took("decide", began);
        }
        gauges::refused(self.shard.take_refused());
        for output in outputs {
            self.carry_out(output, until);
        }
    }

    fn carry_out(&mut self, output: Output, until: Option<Deadline>) {
        let context = self.context.clone();
        match output {
            Output::Load(no, wanted) => drop(self.calls.spawn(calls::load(context, no, wanted))),
            Output::Write(no, plan, after) => {
                metrics::histogram!("booking_batch_events").record(size(plan.events.len()));
                metrics::histogram!("booking_batch_works").record(size(self.shard.works_of(no)));
                let turn = self.turn(after, until.unwrap_or_else(|| Deadline::after(COMMIT_WITHIN)));
                self.turns.insert(no, turn.clone());
                self.calls.spawn(calls::write(context, no, plan, turn));
            }
            Output::Lock(no, wanted, works) => {
                drop(self.calls.spawn(calls::lock(context, no, wanted, works)));
            }
            Output::Look(no, claims) => drop(self.calls.spawn(calls::look(context, no, claims))),
            Output::Answer(ticket, answer) => self.answer(ticket, answer),
            Output::Done(_, effects) => self.done(&effects),
        }
    }

    fn turn(&self, after: Option<No>, until: Deadline) -> Arc<Turn> {
        let before = after.and_then(|no| self.turns.get(&no));
        Arc::new(before.map_or_else(|| Turn::alone(until), |turn| turn.behind(until)))
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let Some(work) = self.waiting.remove(&ticket) else { return };
        gauges::answered(work.class, &answer);
        if answer == Answer::Failed {
            self.note_given_up(&work);
        }
        // Who has gone away finds it under its key.
        let _ = work.answer.send(answer);
    }

    /// By itself and under locks it missed again and again, or what it needs was read and was not enough: somebody must look.
    fn note_given_up(&self, work: &Waiting) {
        let class = gauges::word(work.class);
        let cause = self.cause.as_deref().filter(|_| self.is_missing);
        let causes = cause.unwrap_or("its rooms were read again and again, and it was not decided");
        tracing::error!(class, hotel = %work.hotel, booking = %work.booking, causes, "a work could not be carried out");
    }

    /// A batch is committed, and who waits for it is answered next. Papers that it issued get their numbers at once; nobody waits
    /// for that.
    fn done(&mut self, effects: &Effects) {
        crash_at(Point::BeforeEffects);
        self.context.effects.after(effects);
        crash_at(Point::BeforeAnswers);
        for (hotel, booking) in &effects.unnumbered {
            let ticket = self.ticket();
            let work = Box::new(self.numbering(*hotel, *booking));
            let (nobody, _) = oneshot::channel();
            self.waiting.insert(ticket, Waiting::of(Class::Upkeep, &work, nobody));
            self.step(Input::Arrived(ticket, Class::Upkeep, work), None);
        }
    }

    fn numbering(&self, hotel_id: HotelId, booking_id: BookingId) -> Work {
        let ids = transition_ids(&*self.context.ids);
        let (payment, keep, told, archived) = (None, None, None, None);
        let order = Order { booking_id, command: Command::NumberPapers, ids, payment, keep, told, archived };
        Work { hotel_id, task: Task::Command(Box::new(order)) }
    }
}

/// Letters as they came, as many as there are now: with whoever comes meanwhile a loop over them might never end.
fn there_now(mailbox: &mut mpsc::UnboundedReceiver<Letter>) -> impl Iterator<Item = Letter> {
    (0..mailbox.len()).map_while(|_| mailbox.try_recv().ok())
}
