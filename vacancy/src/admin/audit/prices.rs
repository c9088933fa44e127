//! Invariant 8: the sum of lines is the total, and what is priced is what is booked.

use async_trait::async_trait;
use domain::booking::BookingFacts;
use platform::causes::BoxError;
use uuid::Uuid;

use super::{
    Check, Tally,
    bookings::{self, Row},
};
use crate::admin::Stores;

pub(super) struct Prices;

#[async_trait]
impl Check for Prices {
    fn name(&self) -> &'static str {
        "prices"
    }

    fn promise(&self) -> &'static str {
        "each booking: the sum of lines is the total, priced as booked (8)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        let mut conn = stores.booking.acquire().await?;
        let mut after = Uuid::nil();
        loop {
            let page = bookings::page(&mut conn, after, settings.page).await?;
            let Some(last) = page.last() else { break };
            after = last.booking_id;
            for row in &page {
                tally.judge(judge(row));
            }
        }
        Ok(tally)
    }
}

fn judge(row: &Row) -> Option<String> {
    match row.facts() {
        Err(damaged) => Some(damaged),
        Ok(facts) => wrong(row, &facts).map(|says| format!("{}: {says}", row.id())),
    }
}

fn wrong(row: &Row, facts: &BookingFacts) -> Option<String> {
    let price = &facts.price;
    if !price.adds_up() {
        return Some(format!("its sums do not add up to {}", price.total));
    }
    let booked = facts.lines.iter().map(|line| (line.line, line.room_id, line.quantity));
    let priced = price.lines.iter().map(|line| (line.line, line.room_id, line.quantity));
    if !booked.eq(priced) {
        return Some("its price is for other lines than it has".to_owned());
    }
    let nights = || row.start_date.iter_days().take_while(|date| *date < row.end_date);
    let other = price.lines.iter().any(|line| !line.nights.iter().map(|night| night.date).eq(nights()));
    other.then(|| "its price is for other nights than it has".to_owned())
}
