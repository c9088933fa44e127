//! Numbers for invoices and credit notes: given in order, told by one event.

use domain::event::{BookingHappening, CreditNoteFacts, InvoiceFacts};

use crate::{
    booking::{Booking, next},
    context::Context,
    invoice::{Paper, PaperId, Series, SeriesStep},
    step::{Change, Quiet, Step},
};

/// Numbers what is issued and not numbered yet.
pub(super) fn number(booking: &Booking, context: &Context<'_>) -> Step {
    let Some(invoice) = &booking.invoice else { return Step::Quiet(Quiet::Ignored) };
    let mut numbered = Vec::new();
    let mut give = |paper, id, issued_at| {
        let step = next_number(booking, Series::of(&booking.record, paper, issued_at), id, context);
        let number = step.number.clone();
        numbered.push(step);
        number
    };
    let number = invoice
        .number
        .clone()
        .unwrap_or_else(|| give(Paper::Invoice, PaperId::Invoice(invoice.invoice_id), invoice.issued_at));
    // A booking is cancelled once, so it has at most one credit note.
    let credit_note =
        booking.credit_notes.iter().find(|note| note.number.is_none()).map(|note| CreditNoteFacts {
            credit_note_id: note.credit_note_id,
            number: give(Paper::CreditNote, PaperId::CreditNote(note.credit_note_id), note.issued_at),
            amount: note.amount,
        });
    if numbered.is_empty() {
        return Step::Quiet(Quiet::Duplicate);
    }
    let mut change = Change::of(next(&booking.record, context.now), BookingHappening::Invoiced);
    let facts =
        InvoiceFacts { invoice_id: invoice.invoice_id, number, issued_at: invoice.issued_at, credit_note };
    if let Some(transition) = &mut change.transition {
        transition.invoice = Some(facts);
    }
    change.numbered = numbered;
    change.step()
}

fn next_number(booking: &Booking, series: Series, paper: PaperId, context: &Context<'_>) -> SeriesStep {
    let ordinal = context.series.get(&series).copied().unwrap_or(0).saturating_add(1);
    let number = series.number(&booking.record.facts.hotel.name, ordinal);
    SeriesStep { series, ordinal, paper, number }
}
