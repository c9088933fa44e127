//! What a mail says about the booking, as words. Everything is one line: no value can begin a paragraph or a header.

use chrono::{NaiveDate, NaiveTime};
use domain::{
    Instant, Money,
    booking::{BookingRecord, LatePayment, StatusReason},
    event::{BookingEvent, BookingHappening},
    person_name::is_link,
};
use records::Wording;
use serde::Serialize;

use super::catalog::Labels;
use crate::domain::mails::{Kind, is_unpaid};

/// What the texts may name.
#[derive(Debug, Serialize)]
pub(super) struct Words {
    /// None: the mail greets nobody by name.
    pub(super) name: Option<String>,
    hotel: String,
    confirmation_number: String,
    arrival: String,
    paid: String,
    penalty: Option<String>,
    refund: Option<String>,
    reason: Option<&'static str>,
    late: Option<&'static str>,
    note: Option<String>,
    invoice_number: Option<String>,
}

/// One fact beside the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// What it is for this booking.
    pub value: String,
}

/// The words of somebody who has paid nothing are not ours to send: neither a name nor a note.
pub(super) fn words(
    kind: Kind,
    happening: BookingHappening,
    event: &BookingEvent,
    wording: Wording,
) -> Words {
    let BookingEvent { booking, refund, invoice, .. } = event;
    let facts = &booking.facts;
    let unpaid = is_unpaid(happening, event);
    let above_zero = |money: Money| (money.amount() > 0).then(|| wording.money(money));
    Words {
        name: (!unpaid).then(|| super::addressee(kind, booking)).flatten(),
        hotel: line(&facts.hotel.name),
        confirmation_number: booking.booking_id.confirmation_number().to_string(),
        arrival: wording.date(booking.dates.start_date()),
        paid: wording.money(facts.price.due_now),
        penalty: booking.penalty.and_then(above_zero),
        refund: refund.and_then(|refund| above_zero(refund.amount)),
        reason: booking.status_reason.map(StatusReason::as_str),
        late: booking.late_payment.map(LatePayment::as_str),
        note: booking
            .cancellation_note
            .as_ref()
            .filter(|_| !unpaid && is_for_other_side(kind, booking))
            .map(|note| line(note.as_str()))
            .filter(|note| !note.is_empty()),
        invoice_number: invoice.as_ref().map(|invoice| line(&invoice.number)),
    }
}

/// A word given with a cancellation is for whoever did not cancel.
fn is_for_other_side(kind: Kind, booking: &BookingRecord) -> bool {
    match booking.status_reason {
        Some(StatusReason::Hotel) => kind == Kind::CancelledTraveller,
        Some(StatusReason::Traveller) => kind == Kind::CancelledHotel,
        Some(StatusReason::PaymentFailed | StatusReason::HoldExpired) | None => false,
    }
}

/// The facts that stand below the text: for both, then what only the hotel or only the traveller needs.
pub(super) fn rows(kind: Kind, event: &BookingEvent, labels: &Labels, wording: Wording) -> Vec<Row> {
    let booking = &event.booking;
    let facts = &booking.facts;
    let (dates, hotel) = (booking.dates, &facts.hotel);
    let mut rows = vec![
        row(&labels.confirmation_number, booking.booking_id.confirmation_number().to_string()),
        row(&labels.hotel, line(&hotel.name)),
        row(&labels.arrival, day(dates.start_date(), &labels.from_time, hotel.check_in_time, wording)),
        row(&labels.departure, day(dates.end_date(), &labels.until_time, hotel.check_out_time, wording)),
        row(&labels.rooms, rooms(booking)),
        row(&labels.people, people(booking).to_string()),
        row(&labels.total, wording.money(facts.price.total)),
    ];
    if kind.is_for_hotel() {
        rows.extend(of_guest(booking, labels));
    } else {
        rows.extend(hotel.phone.as_ref().map(|phone| row(&labels.phone, phone.to_string())));
    }
    if kind == Kind::BookedTraveller {
        let until = facts.cancellation_policy.free_until;
        rows.extend(until.map(|until| row(&labels.free_until, moment(booking, until, wording))));
    }
    rows
}

fn of_guest(booking: &BookingRecord, labels: &Labels) -> Vec<Row> {
    let facts = &booking.facts;
    let phone = facts.booker.phone.as_ref().map(|phone| row(&labels.phone, phone.to_string()));
    let requests =
        facts.special_requests.as_ref().map(|text| line(text.as_str())).filter(|text| !text.is_empty());
    let requests = requests.map(|text| row(&labels.requests, text));
    [row(&labels.guest, guest(booking)), row(&labels.email, facts.booker.email.to_string())]
        .into_iter()
        .chain(phone)
        .chain(requests)
        .collect()
}

fn row(label: &str, value: String) -> Row {
    Row { label: label.to_owned(), value }
}

/// Who booked, for greetings and address lines.
pub(super) fn guest(booking: &BookingRecord) -> String {
    let booker = &booking.facts.booker;
    line(&format!("{} {}", booker.given_name, booker.family_name))
}

/// Whether a name reads like one: no address to click on.
pub(super) fn is_name(text: &str) -> bool {
    !is_link(text) && !text.contains('@')
}

/// Line breaks and other control characters become spaces.
pub(super) fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rooms(booking: &BookingRecord) -> String {
    let lines =
        booking.facts.lines.iter().map(|room| format!("{} × {}", room.quantity, line(&room.room_name)));
    lines.collect::<Vec<_>>().join(", ")
}

fn people(booking: &BookingRecord) -> u32 {
    let of_line = |line: &domain::booking::BookedLine| {
        u32::from(line.quantity).saturating_mul(line.party.people().into())
    };
    booking.facts.lines.iter().map(of_line).fold(0, u32::saturating_add)
}

fn day(on: NaiveDate, words: &str, time: NaiveTime, wording: Wording) -> String {
    format!("{}, {}", wording.date(on), words.replace("{time}", &time.format("%H:%M").to_string()))
}

/// A moment on the hotel's wall clock, with the zone's name.
fn moment(booking: &BookingRecord, at: Instant, wording: Wording) -> String {
    let zone = booking.facts.hotel.time_zone;
    let wall = zone.wall_clock(at);
    format!("{}, {} ({})", wording.date(wall.date()), wall.format("%H:%M"), zone.name())
}
