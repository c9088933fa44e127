//! Orders of fourteen words after a hold, up to six, drawn by seed and told to MySQL: no paid booking without rooms or
//! refund, no room-night leaked, no refund above what was captured, every refund done once and before the purge, also one that
//! was refused. The core goes through every order of them; here they meet tables, guards, the purge, and the statements by
//! which a refund is refused and retried.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use booking_core::{
    Booking, CancelledBy, Capture, Command, Deciding, Need, Order, Outcome, ProviderSaid, Quiet,
    RefundStatus, Refusal, Step, Task, Wanted, Work, batch, dice::Dice, invoice::Series,
};
use domain::{
    BookingId, RefundId,
    booking::{BookingRecord, BookingStatus, PaymentStatus},
    event::BookingHappening,
};
use events::outbox::{BookingEntry, Entry};
use futures::FutureExt as _;
use serde_json::Value;
use testkit::unique_uuid;
use uuid::Uuid;

use super::stage::{House, Stage, cancel, ids, soon};
use crate::{
    queries::{
        owed::{self, Due, DueRefund, Page},
        refunds::{self, Standing},
        retold::{self, Lately, Place},
    },
    shares::ShareSet,
    store::Taken,
};

#[derive(Debug, Clone, Copy)]
enum Word {
    RivalHold,
    Pay,
    SecondPayment,
    Fail,
    Cancel,
    LatePay,
    Expire,
    ProviderDown,
    Duplicate,
    Refund,
    LostCallback,
    Purge,
    Decline,
    RefundRefused,
}

const WORDS: [Word; 14] = [
    Word::RivalHold,
    Word::Pay,
    Word::SecondPayment,
    Word::Fail,
    Word::Cancel,
    Word::LatePay,
    Word::Expire,
    Word::ProviderDown,
    Word::Duplicate,
    Word::Refund,
    Word::LostCallback,
    Word::Purge,
    Word::Decline,
    Word::RefundRefused,
];
const LONGEST: u64 = 6;
/// What a hold lasts, and a little.
const HOLD_US: i64 = 301_000_000;

struct Story<'a> {
    stage: &'a Stage,
    house: House,
    id: BookingId,
    archive: Option<Arc<BookingRecord>>,
    /// A capture whose callback was lost.
    unheard: bool,
    /// Names of refunds that the provider has refused, and will never carry out.
    refused: BTreeSet<RefundId>,
    last: Option<Command>,
}

impl<'a> Story<'a> {
    /// A hold of the only suite of a hotel of its own.
    async fn begins(stage: &'a Stage) -> Self {
        let house = House::new(stage.ledger.load(&Wanted::default()).await.unwrap().now);
        for event in [house.hotel_event(1, true), house.room_event(house.suite, 1, 1)] {
            assert_eq!(stage.take_in(event).await, Taken::Written);
        }
        let id = stage.booked(&house.request(&[(house.suite, 1)], 0, 2)).await;
        Self { stage, house, id, archive: None, unheard: false, refused: BTreeSet::new(), last: None }
    }

    async fn hears(&mut self, word: Word) {
        match word {
            Word::RivalHold => {
                drop(self.stage.book(&self.house.request(&[(self.house.suite, 1)], 0, 2)).await);
            }
            Word::Pay => self.told(self.paid("1").await).await,
            Word::SecondPayment => self.told(self.paid("2").await).await,
            Word::Fail => self.told(Command::CheckoutEnded).await,
            Word::Cancel => self.told(cancel(CancelledBy::Traveller)).await,
            Word::LatePay => {
                self.hold_is_over().await;
                self.told(self.paid("3").await).await;
            }
            Word::Expire => self.expires(true).await,
            Word::ProviderDown => self.expires(false).await,
            Word::Duplicate => {
                if let Some(last) = self.last.clone() {
                    self.does(&last).await;
                }
            }
            Word::Decline => self.declines().await,
            Word::Refund => {
                if let Some(confirmed) = self.refund().await {
                    self.told(confirmed).await;
                }
            }
            Word::RefundRefused => self.refund_is_refused().await,
            Word::LostCallback => self.unheard = true,
            Word::Purge => self.purges().await,
        }
    }

    async fn told(&mut self, command: Command) {
        self.does(&command).await;
        self.last = Some(command);
    }

    /// Through a batch of its own, as a shard does it: with the record if the booking turns out to be purged.
    async fn does(&self, command: &Command) -> Outcome {
        let mut archived = None;
        let by = Deciding { rules: &self.stage.rules, body: &|_, _| Vec::new() };
        loop {
            let (booking_id, command) = (self.id, command.clone());
            let order =
                Order { booking_id, command, ids: ids(), payment: None, keep: None, told: None, archived };
            let work = Work { hotel_id: self.house.hotel, task: Task::Command(Box::new(order)) };
            let mut snapshot = self.stage.ledger.load(&work.wanted()).await.unwrap();
            let (mut outcomes, plan) = batch(&mut snapshot, [&work], &by);
            self.stage.ledger.commit(&plan, &soon()).await.unwrap();
            let outcome = outcomes.remove(0);
            let Outcome::Again(Need::Archive(_)) = outcome else { return outcome };
            archived = self.archive.clone();
        }
    }

    /// As `does`, of what must change nothing.
    async fn does_in_vain(&self, command: &Command) -> Outcome {
        let before = self.money().await;
        let outcome = self.does(command).await;
        assert_eq!(self.money().await, before, "{command:?}: {outcome:?}");
        outcome
    }

    /// A declined card ends no session, and no callback tells of it: who asks hears of a session that is still open, which
    /// is not paid, and before the hold's end nothing comes of that.
    async fn declines(&self) {
        let outcome = self.does_in_vain(&Command::ProviderSaid(ProviderSaid::Unpaid)).await;
        let Outcome::Decided(decided) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(decided.step, Step::Quiet(Quiet::NotYet(Some(_)) | Quiet::Ignored)), "{decided:?}");
    }

    async fn money(&self) -> Booking {
        let snapshot = self.stage.ledger.load(&Wanted::booking(self.id)).await.unwrap();
        let purged = || self.archive.as_ref().and_then(|record| snapshot.revive(record));
        snapshot.bookings.get(&self.id).cloned().or_else(purged).unwrap()
    }

    async fn capture(&self, name: &str) -> Capture {
        let amount = self.money().await.record.facts.price.due_now;
        Capture { provider_reference: format!("{name} of {}", self.id), amount }
    }

    async fn paid(&self, name: &str) -> Command {
        Command::PaymentSucceeded(self.capture(name).await)
    }

    async fn clock(&self, offset_us: i64) {
        let moved = sqlx::query("update dev_clock set offset_us = ?").bind(offset_us);
        moved.execute(&self.stage.lease.pool).await.unwrap();
    }

    async fn hold_is_over(&self) {
        self.clock(HOLD_US).await;
    }

    async fn expires(&self, answers: bool) {
        self.hold_is_over().await;
        let said = match (answers, self.unheard) {
            (false, _) => ProviderSaid::NoAnswer,
            (true, false) => ProviderSaid::Unpaid,
            (true, true) => ProviderSaid::Paid(self.capture("lost").await),
        };
        self.does(&Command::ProviderSaid(said)).await;
    }

    /// What the job would send next.
    async fn refund_due(&self) -> Option<DueRefund> {
        let pool = &self.stage.lease.pool;
        let page = Page { due: Due::Now, shares: ShareSet::ALL, limit: 100 };
        let due = owed::due_refunds(pool, page, Duration::ZERO).await.unwrap();
        due.into_iter().find(|refund| refund.booking_id == self.id)
    }

    /// What the operator sees first of what is refused.
    async fn refund_refused(&self) -> Option<Standing> {
        let (refused, _) = refunds::open(&self.stage.lease.pool, true, None, 100).await.unwrap();
        refused.into_iter().find(|refund| refund.booking_id == self.id)
    }

    /// The provider's word that the first refund which is due was carried out; are all refused, an operator retries one before.
    async fn refund(&self) -> Option<Command> {
        if self.refund_due().await.is_none()
            && let Some(refused) = self.refund_refused().await
        {
            self.renews(&refused).await;
        }
        let due = self.refund_due().await;
        due.map(|refund| Command::RefundConfirmed(refund.provider_refund_id))
    }

    /// The first that is due is refused; is one refused already, an operator retries it.
    async fn refund_is_refused(&mut self) {
        if let Some(refused) = self.refund_refused().await {
            self.renews(&refused).await;
        } else if let Some(due) = self.refund_due().await {
            owed::refuse(&self.stage.lease.pool, due.refund_id).await.unwrap();
            self.refused.insert(due.provider_refund_id);
        }
    }

    /// Owed again under another name; a confirmation under the first one is an operator's to look at from now on.
    async fn renews(&self, refused: &Standing) {
        let name = unique_uuid().into();
        assert!(refunds::renew(&self.stage.lease.pool, refused, name, "auth0|ops").await.unwrap());
        let burnt = refused.refund_id;
        let outcome = self.does_in_vain(&Command::RefundConfirmed(burnt)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::RefundRenewed(burnt)));
    }

    /// Numbered, told and archived, as the jobs do it before; what is still open keeps it where it is.
    async fn purges(&mut self) {
        let booking = self.money().await;
        if self.archive.is_some() || !booking.record.status.has_ended() {
            return;
        }
        if !Series::needed(&booking).is_empty() {
            self.does(&Command::NumberPapers).await;
        }
        let pool = &self.stage.lease.pool;
        sqlx::query("update outbox set published_at = utc_timestamp(6) where published_at is null")
            .execute(pool)
            .await
            .unwrap();
        let record = self.money().await.record;
        if records::purge(pool, &record, record.updated_at).await.unwrap() == records::Purge::Done {
            self.archive = Some(Arc::new(record));
        }
    }

    /// What is left is done: the hold ends, voids are answered by what the provider knows, refunds are carried out,
    /// refused ones under other names.
    async fn comes_to_rest(&self) {
        self.expires(true).await;
        for _ in 0..6 {
            if self.money().await.voids_owed().next().is_some() {
                let answer = if self.unheard { self.paid("lost").await } else { Command::VoidConfirmed };
                self.does(&answer).await;
            }
            if let Some(confirmed) = self.refund().await {
                self.does(&confirmed).await;
            }
        }
        self.clock(0).await;
    }

    fn is_as_promised(booking: &Booking, words: &[Word]) {
        assert!(booking.voids_owed().next().is_none(), "{words:?}: {booking:?}");
        let stands = booking.record.status == BookingStatus::Booked;
        assert_eq!(stands, booking.paid_by().is_some(), "paid and booked are one, {words:?}: {booking:?}");
        for payment in booking.payments.iter().filter(|payment| payment.is_captured()) {
            let of = booking
                .refunds
                .iter()
                .filter(|refund| refund.provider_reference == payment.provider_reference);
            let back: i64 = of.clone().map(|refund| refund.amount.amount()).sum();
            assert!(
                of.clone().all(|refund| refund.status == RefundStatus::Confirmed),
                "{words:?}: {booking:?}"
            );
            assert!(back <= payment.captured.amount(), "{words:?}: {booking:?}");
            let kept = payment.status == PaymentStatus::Succeeded;
            assert!(kept || back == payment.captured.amount(), "money of nobody, {words:?}: {booking:?}");
        }
    }

    /// As the history tells it: each owed once and done once, and not purged in between.
    async fn refunds_are_done_once(&self, booking: &Booking, words: &[Word]) {
        let sql = "select refund_id, version, happening from booking_log where booking_id = ? and refund_id is not null \
                   order by version";
        let query = sqlx::query_as(sql).bind(self.id.uuid());
        let told: Vec<(Uuid, i64, String)> = query.fetch_all(&self.stage.lease.pool).await.unwrap();
        assert_eq!(told.len(), 2 * booking.refunds.len(), "{words:?}: {told:?}");
        for refund in &booking.refunds {
            assert!(!self.refused.contains(&refund.provider_refund_id), "{words:?}: {refund:?}");
            let of_it = told.iter().filter(|(id, ..)| *id == refund.refund_id.uuid());
            let [(_, owed, first), (_, done, second)] = of_it.collect::<Vec<_>>()[..] else {
                panic!("{words:?}: {told:?}")
            };
            let refunded = BookingHappening::Refunded.as_str();
            assert!(first != refunded && second == refunded, "{words:?}: {told:?}");
            let purged = self.archive.as_ref().map(|record| record.version);
            assert!(!purged.is_some_and(|version| (*owed..*done).contains(&version)), "{words:?}: {told:?}");
        }
    }
}

/// An order of up to six words. Three of four have a beginning: of those drawn freely hardly one in a thousand comes as far as
/// a refund that is retried, and fewer to a purge.
fn drawn(dice: &mut Dice) -> Vec<Word> {
    let beginnings: [&[Word]; 4] = [
        &[],
        &[Word::Pay, Word::Cancel],
        &[Word::Pay, Word::Cancel, Word::Refund],
        &[Word::Pay, Word::Cancel, Word::RefundRefused],
    ];
    let mut words = one_of(dice, &beginnings).to_vec();
    let last = dice.roll(LONGEST - u64::try_from(words.len()).unwrap());
    words.extend((0..=last).map(|_| one_of(dice, &WORDS)));
    words
}

fn one_of<T: Copy>(dice: &mut Dice, of: &[T]) -> T {
    of[usize::try_from(dice.roll(u64::try_from(of.len()).unwrap())).unwrap()]
}

/// Every event of a booking that the outbox holds, by its version.
async fn told(stage: &Stage) -> BTreeMap<(BookingId, i64), Vec<BookingEntry>> {
    let sql = "select entries from outbox order by outbox_id";
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(&stage.lease.pool).await.unwrap();
    let mut told: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in rows.iter().flat_map(|row| serde_json::from_slice::<Vec<Entry>>(row).unwrap()) {
        if let Entry::Booking(entry) = entry {
            told.entry((entry.booking_id, entry.version)).or_default().push(entry);
        }
    }
    told
}

/// Whatever was told since then is told a second time as it was, from rows, history, money and archive.
async fn all_is_told_again(stage: &Stage, archive: &BTreeMap<BookingId, BookingRecord>) {
    let before = told(stage).await;
    let archived = |id| std::future::ready(Ok(archive.get(&id).cloned())).boxed();
    let lately = Lately { only: None, since: "2026-01-01T00:00:00Z".parse().unwrap(), page: 7 };
    for place in [Place::Active, Place::Purged] {
        let mut after = Some(BookingId::from_uuid(uuid::Uuid::nil()));
        while let Some(mark) = after {
            let step = retold::step(&stage.lease.pool, &archived, lately, (place, mark)).await.unwrap();
            assert_eq!(step.passed_by, []);
            after = step.last;
        }
    }
    let again = told(stage).await;
    assert_eq!(again.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for entries in again.into_values() {
        let [first, second] = <[BookingEntry; 2]>::try_from(entries).unwrap();
        // A booking that was purged since has no facts in MySQL any more, so its events carry them.
        let facts = second.facts.clone();
        assert_eq!(facts.is_some(), archive.contains_key(&second.booking_id));
        let value = |entry: &BookingEntry| serde_json::from_str::<Value>(entry.event.get()).unwrap();
        assert_eq!(value(&first), value(&second));
    }
}

async fn tell(stories: u64, seed: u64) {
    let stage = Stage::with(1, 1).await;
    let mut dice = Dice::of(seed);
    // All nights there are are added up: ten times, or the long test would be busy with little else.
    let often = (stories / 10).max(1);
    let (mut archive, mut refused) = (BTreeMap::new(), 0);
    for told in 1..=stories {
        let words = drawn(&mut dice);
        let mut story = Story::begins(&stage).await;
        for word in &words {
            story.hears(*word).await;
        }
        story.comes_to_rest().await;
        let booking = story.money().await;
        Story::is_as_promised(&booking, &words);
        story.refunds_are_done_once(&booking, &words).await;
        refused += story.refused.len();
        if told % often == 0 || told == stories {
            stage.nights_add_up().await;
        }
        archive.extend(story.archive.map(|record| (record.booking_id, BookingRecord::clone(&record))));
    }
    assert!(
        refused > 0 && !archive.is_empty(),
        "{refused} refunds refused, {} bookings purged",
        archive.len()
    );
    all_is_told_again(&stage, &archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_fourteen_words_keep_rooms_and_money_in_mysql() {
    tell(100, 4_711).await;
}

/// Other ones each time; `ORDERS_SEED` tells those of a run before.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: cargo test -p booking-service --lib five_thousand -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "the seed that tells it again")]
async fn five_thousand_orders_of_fourteen_words_keep_rooms_and_money_in_mysql() {
    let asked = std::env::var("ORDERS_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = asked.unwrap_or_else(|| unique_uuid().as_u64_pair().1);
    eprintln!("ORDERS_SEED={seed}");
    tell(5_000, seed).await;
}
