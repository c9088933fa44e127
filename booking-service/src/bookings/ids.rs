//! Ids made once per command, so that a second run of the same work makes the same things.

use booking_core::TransitionIds;
use domain::{BookingId, CreditNoteId, EventId, InvoiceId, PaymentId, RefundId, VoidId};
use platform::ids::Ids;

pub(super) fn new_booking(ids: &dyn Ids) -> BookingId {
    BookingId::from_uuid(ids.uuid())
}

pub(crate) fn transition(ids: &dyn Ids) -> TransitionIds {
    TransitionIds {
        event_id: EventId::from_uuid(ids.uuid()),
        invoice_id: InvoiceId::from_uuid(ids.uuid()),
        refund_id: RefundId::from_uuid(ids.uuid()),
        credit_note_id: CreditNoteId::from_uuid(ids.uuid()),
        void_id: VoidId::from_uuid(ids.uuid()),
        other_payment_id: PaymentId::from_uuid(ids.uuid()),
    }
}
