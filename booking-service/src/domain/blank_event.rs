//! A booking's event with a gap where its facts go. The facts never change and stand with the booking, so that what is written
//! with each transition is what it has changed; whoever publishes the event fills the gap.

use domain::{
    Actor, BookingId, ClientReference, HotelId, Instant, InvoiceId, Money, StayDates, Text, UserId,
    booking::{BookingRecord, BookingStatus, LatePayment, StatusReason},
    event::{BookingEvent, CloudEvent, InvoiceFacts, RefundFacts},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// The gap. A quote inside a text is escaped, so this can only be the member itself; no other is called so.
const GAP: &str = "\"facts\":null";

/// [`BookingEvent`], member by member.
#[derive(Serialize)]
struct Blank<'a> {
    booking: BlankRecord<'a>,
    from: Option<BookingStatus>,
    actor: Option<&'a Actor>,
    refund: Option<RefundFacts>,
    invoice: Option<&'a InvoiceFacts>,
}

/// [`BookingRecord`], member by member.
#[derive(Serialize)]
struct BlankRecord<'a> {
    booking_id: BookingId,
    hotel_id: HotelId,
    user_id: UserId,
    #[serde(flatten)]
    dates: StayDates,
    status: BookingStatus,
    status_reason: Option<StatusReason>,
    late_payment: Option<LatePayment>,
    hold_expires_at: Instant,
    client_reference: Option<&'a ClientReference>,
    invoice_id: Option<InvoiceId>,
    cancelled_at: Option<Instant>,
    penalty: Option<Money>,
    cancellation_note: Option<&'a Text<0, 200>>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
    facts: (),
}

/// The event with the gap.
pub fn write(event: CloudEvent<&BookingEvent>) -> Result<Box<RawValue>, serde_json::Error> {
    let BookingEvent { booking, from, actor, refund, invoice } = event.data;
    let data = Blank {
        booking: without_facts(booking),
        from: *from,
        actor: actor.as_ref(),
        refund: *refund,
        invoice: invoice.as_ref(),
    };
    let CloudEvent { specversion, id, source, kind, subject, time, datacontenttype, traceparent, data: _ } =
        event;
    to_raw_value(&CloudEvent {
        specversion,
        id,
        source,
        kind,
        subject,
        time,
        datacontenttype,
        traceparent,
        data,
    })
}

/// Whoever gives the record a member is asked here whether it can change.
fn without_facts(record: &BookingRecord) -> BlankRecord<'_> {
    let BookingRecord {
        booking_id,
        hotel_id,
        user_id,
        dates,
        status,
        status_reason,
        late_payment,
        hold_expires_at,
        client_reference,
        invoice_id,
        cancelled_at,
        penalty,
        cancellation_note,
        version,
        created_at,
        updated_at,
        facts: _,
    } = record;
    BlankRecord {
        booking_id: *booking_id,
        hotel_id: *hotel_id,
        user_id: *user_id,
        dates: *dates,
        status: *status,
        status_reason: *status_reason,
        late_payment: *late_payment,
        hold_expires_at: *hold_expires_at,
        client_reference: client_reference.as_ref(),
        invoice_id: *invoice_id,
        cancelled_at: *cancelled_at,
        penalty: *penalty,
        cancellation_note: cancellation_note.as_ref(),
        version: *version,
        created_at: *created_at,
        updated_at: *updated_at,
        facts: (),
    }
}

/// The event as it is published; none if there is no gap in it.
pub fn fill(event: &RawValue, facts: &str) -> Option<Vec<u8>> {
    let (before, after) = event.get().split_once(GAP)?;
    Some([before, "\"facts\":", facts, after].concat().into_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{
        ActorKind, EventId,
        booking::{BookingFacts, BookingStatus, LatePayment, StatusReason},
        event::{CreditNoteFacts, Occurrence},
    };
    use uuid::Uuid;

    use super::*;

    fn event(change: impl FnOnce(&mut BookingEvent)) -> BookingEvent {
        let booking = testkit::booking::record();
        let mut event = BookingEvent { booking, from: None, actor: None, refund: None, invoice: None };
        change(&mut event);
        event
    }

    /// Everything that can be there.
    fn full() -> BookingEvent {
        event(|event| {
            let (at, total) = (event.booking.created_at, event.booking.facts.price.total);
            let booking = &mut event.booking;
            (booking.status, booking.version) = (BookingStatus::Cancelled, 7);
            booking.status_reason = Some(StatusReason::Traveller);
            booking.late_payment = Some(LatePayment::Refunded);
            booking.client_reference = Some(ClientReference::parse("order-4711").unwrap());
            booking.invoice_id = Some(Uuid::from_u128(1).into());
            booking.cancelled_at = Some(at);
            booking.penalty = Some(total);
            booking.cancellation_note = Some(Text::parse_lines("\"facts\":null, \\ he said").unwrap());
            event.from = Some(BookingStatus::Booked);
            event.actor = Some(Actor { kind: ActorKind::System, user_id: None, subject: None });
            event.refund = Some(RefundFacts { refund_id: Uuid::from_u128(2).into(), amount: total });
            event.invoice = Some(InvoiceFacts {
                invoice_id: Uuid::from_u128(1).into(),
                number: "PAR-2026-000042".to_owned(),
                issued_at: at,
                credit_note: Some(CreditNoteFacts {
                    credit_note_id: Uuid::from_u128(3).into(),
                    number: "PAR-C2026-000001".to_owned(),
                    amount: total,
                }),
            });
        })
    }

    fn cloud(body: &BookingEvent) -> CloudEvent<&BookingEvent> {
        let id = EventId::from_uuid(Uuid::from_u128(9));
        let subject = body.booking.booking_id.to_string();
        let occurrence =
            Occurrence { kind: "vacancy.booking.cancelled.v1", subject, time: body.booking.created_at };
        let mut event = CloudEvent::new(id, "/vacancy/test", occurrence, body);
        event.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
        event
    }

    fn facts(facts: &Arc<BookingFacts>) -> Box<RawValue> {
        to_raw_value(facts).unwrap()
    }

    #[test]
    fn what_is_filled_is_byte_for_byte_the_event_written_whole() {
        for body in [event(|_| ()), full()] {
            let filled = fill(&write(cloud(&body)).unwrap(), facts(&body.booking.facts).get()).unwrap();
            assert_eq!(String::from_utf8(filled).unwrap(), serde_json::to_string(&cloud(&body)).unwrap());
        }
    }

    #[test]
    fn the_facts_are_not_written_with_the_event() {
        let body = full();
        let blank = write(cloud(&body)).unwrap();
        assert!(!blank.get().contains("email"), "{blank}");
    }

    #[test]
    fn an_event_without_a_gap_is_not_filled() {
        let body = full();
        let facts = facts(&body.booking.facts);
        let whole = RawValue::from_string(serde_json::to_string(&cloud(&body)).unwrap()).unwrap();
        assert!(fill(&whole, facts.get()).is_none());
    }
}
