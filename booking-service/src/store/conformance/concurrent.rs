//! Many at once on one room, one key, one booking, one series.

use std::{collections::BTreeSet, iter, sync::Arc};

use booking_core::{CancelledBy, Capture, Command, Created, Outcome, ProviderSaid, Refusal};
use domain::{ClientReference, Currency, Money, booking::BookingStatus};
use futures::future::join_all;

use super::stage::{Stage, TOLD, cancel, digest};

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_bookings_at_once_on_one_room_never_oversell() {
    let stage = Arc::new(Stage::with(10, 0).await);
    let tasks = (0..64u64).map(|n| {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            let request = stage.request(&[(stage.double, 1)], n % 2, 1 + n % 2);
            stage.book(&request).await
        })
    });
    let mut sold = 0;
    for answer in join_all(tasks).await {
        match answer.unwrap() {
            Ok(Created::New(_)) => sold += 1,
            Err(Refusal::SoldOut(short)) => assert!(!short.is_empty()),
            other => panic!("neither booked nor sold out: {other:?}"),
        }
    }
    // 32 want the first night, 32 the two nights after it: ten of each are there.
    assert_eq!(sold, 20);
    assert_eq!(stage.count("select count(*) from bookings").await, 20);
    stage.nights_add_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_sixteen_times_at_once_makes_one_booking() {
    let stage = Arc::new(Stage::with(5, 0).await);
    let request = stage.request(&[(stage.double, 1)], 0, 2);
    let tasks = (0..16).map(|_| {
        let (stage, request) = (Arc::clone(&stage), request.clone());
        tokio::spawn(async move { stage.book(&request).await.unwrap() })
    });
    let mut ids = BTreeSet::new();
    for answer in join_all(tasks).await {
        match answer.unwrap() {
            Created::New(record) | Created::Repeat(record) => ids.insert(record.booking_id),
            other @ Created::RepeatArchived(_) => panic!("not archived: {other:?}"),
        };
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(stage.count("select count(*) from bookings").await, 1);
    stage.nights_add_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_its_repeat_a_cancellation_and_the_holds_end_at_once_leave_one_truth() {
    let stage = Arc::new(Stage::with(9, 0).await);
    sqlx::query("update dev_clock set offset_us = 0").execute(&stage.lease.pool).await.unwrap();
    for _ in 0..6 {
        let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 2)).await;
        let due = stage.snapshot(id).await.bookings[&id].record.facts.price.due_now;
        let paid =
            |n: &str| Command::PaymentSucceeded(Capture { provider_reference: n.to_owned(), amount: due });
        let cancel = cancel(CancelledBy::Traveller);
        let words = [
            paid("pr-1"),
            paid("pr-1"),
            paid("pr-2"),
            cancel,
            Command::ProviderSaid(ProviderSaid::NoAnswer),
            Command::CheckoutEnded,
        ];
        let tasks = words.into_iter().map(|word| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.command(id, &word).await.unwrap() })
        });
        for answer in join_all(tasks).await {
            answer.unwrap();
        }
        let booking = stage.snapshot(id).await.bookings[&id].clone();
        let captured: i64 = booking.payments.iter().map(|payment| payment.captured.amount()).sum();
        let back: i64 = booking.refunds.iter().map(|refund| refund.amount.amount()).sum();
        let kept = if booking.record.status == BookingStatus::Booked { due.amount() } else { 0 };
        assert_eq!(captured, due.amount() * 2, "both captures are known, each once");
        assert_eq!(captured - back, kept, "what is not kept goes back");
    }
    stage.nights_add_up().await;
    let told = format!(
        "select count(*) from (select booking_id, count(*) told, max(version) top from {TOLD} \
         where booking_id is not null group by booking_id) e where told <> top"
    );
    assert_eq!(stage.count(&told).await, 0, "one event for each version");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_never_refused_by_its_own_first_try() {
    let stage = Arc::new(Stage::with(200, 0).await);
    let mut ready = stage.request(&[(stage.double, 1)], 0, 1);
    ready.holds_limit = 3;
    for round in 0..40 {
        ready.user_id = testkit::unique_uuid().into();
        for _ in 0..2 {
            ready.key.scope = digest();
            stage.booked(&ready).await;
        }
        let mut request = ready.clone();
        request.key.scope = digest();
        request.client_reference = Some(ClientReference::parse(&format!("order-{round}")).unwrap());
        let tasks = (0..4).map(|_| {
            let (stage, request) = (Arc::clone(&stage), request.clone());
            tokio::spawn(async move { stage.book(&request).await })
        });
        for answer in join_all(tasks).await {
            assert!(matches!(answer.unwrap(), Ok(Created::New(_) | Created::Repeat(_))));
        }
    }
}

/// The first try commits while its repeat, under locks, has looked for its key already and waits for the nights. Others are
/// decided with the repeat.
async fn a_repeat_meets_its_first_try_under_locks(others: usize) {
    let stage = Arc::new(Stage::with(1, 1).await);
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let first = stage.booked(&request).await;
    stage.stock.ensure_nights(&[(stage.suite, stage.first)].into()).await.unwrap();
    let double = stage.double.uuid();
    let scope = async |conn: &mut sqlx::MySqlConnection, scope: &[u8], left: u32| {
        let sql = "update available_rooms set available_quantity = ? where room_id = ?";
        sqlx::query(sql).bind(left).bind(double).execute(&mut *conn).await.unwrap();
        let sql = "update bookings set idempotency_scope = ?";
        sqlx::query(sql).bind(scope.to_vec()).execute(&mut *conn).await.unwrap();
    };
    // As it was before the first try ...
    scope(&mut *stage.lease.pool.acquire().await.unwrap(), digest().bytes(), 1).await;
    let mut trying = stage.lease.pool.begin().await.unwrap();
    sqlx::query("select date from available_rooms for update").execute(&mut *trying).await.unwrap();
    let other = stage.request(&[(stage.suite, 1)], 0, 1);
    let repeat = {
        let (stage, request) = (Arc::clone(&stage), request.clone());
        let batch: Vec<_> = iter::once(request).chain(iter::repeat_n(other, others)).collect();
        tokio::spawn(async move { stage.book_locked(&batch).await })
    };
    stage.waiting_for_a_night().await;
    // ... and as its commit leaves it.
    scope(&mut trying, request.key.scope.bytes(), 0).await;
    trying.commit().await.unwrap();
    let outcomes = repeat.await.unwrap();
    let repeated = |outcome: &Outcome| matches!(outcome, Outcome::Created(Created::Repeat(record)) if record.booking_id == first);
    let new = |outcome: &Outcome| matches!(outcome, Outcome::Created(Created::New(_)));
    assert!(repeated(&outcomes[0]) && outcomes[1..].iter().all(new), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_under_locks_is_not_refused_by_the_rooms_that_its_own_first_try_took() {
    a_repeat_meets_its_first_try_under_locks(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_is_a_repeat_in_a_batch_that_writes_something() {
    a_repeat_meets_its_first_try_under_locks(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_told_many_times_at_once_waits_for_review_once() {
    let stage = Arc::new(Stage::with(1, 0).await);
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let cents = |amount| Money::new(amount, Currency::parse("EUR").unwrap()).unwrap();
    let other = |reference: &str, amount| {
        Command::PaymentSucceeded(Capture { provider_reference: reference.to_owned(), amount: cents(amount) })
    };
    stage.command(id, &other("pr-1", 7)).await.unwrap();
    for round in 0..5 {
        let tasks = (0..6).map(|_| {
            let (stage, word) = (Arc::clone(&stage), other(&format!("pr-2-{round}"), 8));
            tokio::spawn(async move { stage.command(id, &word).await.unwrap() })
        });
        for answer in join_all(tasks).await {
            answer.unwrap();
        }
    }
    assert_eq!(
        stage.count("select count(*) from payments where status = 'in_review'").await,
        6,
        "one per capture"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_numbered_by_many_at_once_have_no_gap() {
    let stage = Arc::new(Stage::with(8, 0).await);
    let mut bookings = Vec::new();
    for n in 0..8 {
        let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
        stage.pay(id, &format!("pr-{n}")).await;
        bookings.push(id);
    }
    let tasks = bookings.into_iter().flat_map(|id| [id, id]).map(|id| {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move { stage.command(id, &Command::NumberPapers).await.unwrap() })
    });
    for answer in join_all(tasks).await {
        answer.unwrap();
    }
    let numbers: Vec<u32> = sqlx::query_scalar("select sequence from invoices order by sequence")
        .fetch_all(&stage.lease.pool)
        .await
        .unwrap();
    assert_eq!(numbers, (1..=8).collect::<Vec<u32>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stock_may_change_under_bookings_and_cancellations_and_every_night_still_adds_up() {
    let stage = Arc::new(Stage::with(12, 0).await);
    let travellers = (0..24u64).map(|n| {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            let request = stage.request(&[(stage.double, 1)], n % 3, 2);
            let booked = stage.book(&request).await;
            if let (Ok(Created::New(record)), true) = (booked, n % 2 == 0) {
                let cancel = cancel(CancelledBy::Hotel);
                stage.command(record.booking_id, &cancel).await.unwrap();
            }
        })
    });
    let manager = {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            for (version, quantity) in [(2, 3), (3, 20), (4, 1), (5, 6)] {
                let event = stage.room_event(stage.double, version, quantity);
                stage.take_in(event).await;
            }
        })
    };
    for done in join_all(travellers.chain([manager])).await {
        done.unwrap();
    }
    stage.nights_add_up().await;
}
