//! `payments list`, `book`, `refund`: another amount was paid than asked.

use chrono::NaiveDate;
use e2e::{
    failed::{Failed, expect},
    http::text,
    mail,
    people::Person,
    sandbox::{self, GOOD_CARD},
    world::World,
};
use serde_json::json;
use uuid::Uuid;

use crate::journey::{
    Hotel, Stay,
    book::{available, becomes, reserve},
    expire::PAST_THE_HOLD,
    finish::{self, payment_is},
    stay::advance,
};

/// Two nights of the suite at 200.00, and what the sandbox takes of it instead.
const ASKED: &str = "400.00 EUR";
const TAKEN: &str = "399.99 EUR";

/// A booking whose payment waits for a decision.
pub(super) struct Reviewed {
    pub(super) traveller: Person,
    pub(super) booking_id: String,
    /// Its first night.
    pub(super) night: NaiveDate,
    payment_id: String,
    confirmation_number: String,
}

/// One minor unit too little is paid: the payment is in review, and in the operator's list with both amounts.
pub(super) async fn listed(world: &World, hotel: &Hotel, stay: &Stay) -> Result<Reviewed, Failed> {
    let reviewed = underpaid(world, hotel, stay).await?;
    let list = world.admin(&["payments", "list"]).await?;
    let (payment, booking) = (&reviewed.payment_id, &reviewed.booking_id);
    list.says(&[&format!("  {payment}  {booking}  {ASKED}  {TAKEN}  "), "\n  1 in all\n"])?;
    Ok(reviewed)
}

async fn underpaid(world: &World, hotel: &Hotel, stay: &Stay) -> Result<Reviewed, Failed> {
    let traveller = Person::new(world, "traveller")?;
    let booking = reserve(world, hotel, &hotel.suite, stay, &traveller).await?;
    let of = |pointer: &str| text(&booking, pointer).to_owned();
    let (booking_id, payment_id) = (of("/booking_id"), of("/payment/payment_id"));
    sandbox::script(world, &payment_id, &json!({"outcome": "wrong_amount"})).await?;
    sandbox::pay(world, text(&booking, "/checkout/url"), GOOD_CARD).await?;
    payment_is(world, &traveller, &booking_id, "in_review").await?;
    let read = becomes(world, &traveller, &booking_id, "RESERVED").await?;
    let confirmation_number = text(&read, "/confirmation_number").to_owned();
    Ok(Reviewed { traveller, booking_id, night: stay.start, payment_id, confirmation_number })
}

/// The operator takes the payment as it is: the traveller sees BOOKED and gets the mail of it; the list is empty.
pub(super) async fn booked(world: &World, reviewed: &Reviewed) -> Result<(), Failed> {
    let Reviewed { traveller, booking_id, payment_id, confirmation_number, .. } = reviewed;
    let done = world.admin(&["payments", "book", payment_id]).await?;
    done.says(&[&format!("booking {booking_id} is BOOKED, its payment succeeded\n")])?;
    becomes(world, traveller, booking_id, "BOOKED").await?;
    payment_is(world, traveller, booking_id, "succeeded").await?;
    mail::arrives(world, &traveller.email, &[confirmation_number]).await?;
    not_listed(world, payment_id).await
}

/// The operator sends it back: refunded at the provider, the booking stays RESERVED until its hold ends.
pub(super) async fn refunded(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let Reviewed { traveller, booking_id, payment_id, .. } = underpaid(world, hotel, stay).await?;
    let done = world.admin(&["payments", "refund", &payment_id]).await?;
    done.says(&[&format!("booking {booking_id} is RESERVED, its payment refund_due\n")])?;
    finish::refunded(world, &traveller, &booking_id).await?;
    becomes(world, &traveller, &booking_id, "RESERVED").await?;
    not_listed(world, &payment_id).await?;
    advance(world, PAST_THE_HOLD).await?;
    let ended = becomes(world, &traveller, &booking_id, "CANCELLED").await?;
    expect(text(&ended, "/status_reason") == "hold_expired", || ended.to_string())?;
    finish::refunded(world, &traveller, &booking_id).await?;
    let left = available(world, hotel, &hotel.suite, stay).await?;
    expect(left == 1, || format!("{left} suites are offered after the hold"))
}

/// A payment nobody knows, one that was decided about otherwise, and an id that is none.
pub(super) async fn refused(world: &World, decided: &Reviewed) -> Result<(), Failed> {
    let unknown = Uuid::from_u128(rand::random()).to_string();
    for (word, payment) in [("book", &unknown), ("refund", &unknown), ("refund", &decided.payment_id)] {
        let said = world.admin(&["payments", word, payment]).await?;
        said.refuses(&["404 not_found", "`vacancy admin payments list` shows what waits"])?;
    }
    // The same decision again, as after an answer that was lost, is done already.
    world.admin(&["payments", "book", &decided.payment_id]).await?.says(&["is BOOKED"])?;
    let said = world.admin(&["payments", "book", "no-id"]).await?;
    expect(said.code == Some(2), || said.describe())?;
    becomes(world, &decided.traveller, &decided.booking_id, "BOOKED").await.map(drop)
}

async fn not_listed(world: &World, payment_id: &str) -> Result<(), Failed> {
    let list = world.admin(&["payments", "list"]).await?;
    list.says(&["In review"])?;
    expect(!list.out.contains(payment_id), || format!("decided, and still there: {}", list.describe()))
}
