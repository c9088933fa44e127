//! Invoices and credit notes: issued, then numbered in order without a gap.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{
    Plan,
    invoice::{Paper, PaperId, Series, SeriesStep},
    plan::{NewCreditNote, NewInvoice},
};
use domain::HotelId;
use platform::mysql::{DbError, Text};
use sqlx::{Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{ReadMode, Script, Utc, WriteError, corrupt};

/// The last numbers given in these series; a series without a row has given none.
pub(crate) fn last_numbers(series: &BTreeSet<Series>, read: ReadMode) -> Text {
    let mut sql = Text::new(
        "select hotel_id, kind, year, last_sequence from invoice_counters where (hotel_id, kind, year) in (",
    );
    sql.separated(series, |sql, one| {
        sql.row(&[&one.hotel_id.uuid(), &one.paper.as_str(), &one.year]);
    });
    sql.push(") order by hotel_id, kind, year").push(read.for_update());
    sql
}

/// A row's series and its last number.
pub(crate) fn last_number(row: &MySqlRow) -> Result<(Series, u32), DbError> {
    let (hotel, kind): (Uuid, String) = (row.try_get("hotel_id")?, row.try_get("kind")?);
    let papers = [Paper::Invoice, Paper::CreditNote];
    let paper = papers.into_iter().find(|paper| paper.as_str() == kind);
    let paper = paper.ok_or_else(|| corrupt(format!("a series of {kind}")))?;
    let series = Series { hotel_id: HotelId::from_uuid(hotel), year: row.try_get("year")?, paper };
    Ok((series, row.try_get("last_sequence")?))
}

/// Everything of the plan about papers.
pub(crate) fn write(script: &mut Script, plan: &Plan) -> Result<(), WriteError> {
    issue(script, &plan.invoices);
    issue_notes(script, &plan.credit_notes);
    count(script, &plan.numbered)?;
    let invoice =
        |step: &SeriesStep| if let PaperId::Invoice(id) = step.paper { Some(id.uuid()) } else { None };
    let note =
        |step: &SeriesStep| if let PaperId::CreditNote(id) = step.paper { Some(id.uuid()) } else { None };
    number(script, &plan.numbered, invoice, "invoices p force index (primary) on p.invoice_id = v.id");
    number(script, &plan.numbered, note, "credit_notes p force index (primary) on p.credit_note_id = v.id");
    Ok(())
}

fn issue(script: &mut Script, invoices: &[NewInvoice]) {
    let mut invoices: Vec<&NewInvoice> = invoices.iter().collect();
    invoices.sort_unstable_by_key(|new| new.invoice.invoice_id);
    script.insert(
        "insert into invoices (invoice_id, booking_id, hotel_id, user_id, year, issued_at, total, currency, version, \
         created_at, updated_at) values ",
        invoices,
        |sql, new| {
            let (record, invoice) = (&new.record, &new.invoice);
            sql.row(&[
                &invoice.invoice_id.uuid(),
                &record.booking_id.uuid(),
                &record.hotel_id.uuid(),
                &record.user_id.uuid(),
                &new.year,
                &invoice.issued_at.naive_utc(),
                &invoice.amount.amount(),
                &invoice.amount.currency().code(),
                &1_i64,
                &Utc,
                &Utc,
            ]);
        },
    );
}

fn issue_notes(script: &mut Script, notes: &[NewCreditNote]) {
    let mut notes: Vec<&NewCreditNote> = notes.iter().collect();
    notes.sort_unstable_by_key(|new| new.note.credit_note_id);
    script.insert(
        "insert into credit_notes (credit_note_id, invoice_id, refund_id, booking_id, hotel_id, year, issued_at, amount, \
         currency, version, created_at, updated_at) values ",
        notes,
        |sql, new| {
            let note = &new.note;
            sql.row(&[
                &note.credit_note_id.uuid(),
                &note.invoice_id.uuid(),
                &note.refund_id.uuid(),
                &new.booking_id.uuid(),
                &new.hotel_id.uuid(),
                &new.year,
                &note.issued_at.naive_utc(),
                &note.amount.amount(),
                &note.amount.currency().code(),
                &1_i64,
                &Utc,
                &Utc,
            ]);
        },
    );
}

/// A series that goes on from one number to another.
struct Run {
    series: Series,
    before: u32,
    last: u32,
}

/// Moves each series on, if it stands right before its first new number.
fn count(script: &mut Script, steps: &[SeriesStep]) -> Result<(), WriteError> {
    let (begun, gone_on): (Vec<Run>, Vec<Run>) = runs(steps)?.into_iter().partition(|run| run.before == 0);
    script.insert(
        "insert into invoice_counters (hotel_id, kind, year, last_sequence, version, created_at, updated_at) values ",
        begun,
        |sql, Run { series, last, .. }| {
            sql.row(&[
                &series.hotel_id.uuid(),
                &series.paper.as_str(),
                &series.year,
                &last,
                &1_i64,
                &Utc,
                &Utc,
            ]);
        },
    );
    script.change(
        "update (values ",
        gone_on,
        |sql, Run { series, before, last }| {
            sql.push("row").row(&[
                &series.hotel_id.uuid(),
                &series.paper.as_str(),
                &series.year,
                &before,
                &last,
            ]);
        },
        ") as v (hotel_id, kind, year, before_it, last_sequence) \
         straight_join invoice_counters c force index (primary) \
         on c.hotel_id = v.hotel_id and c.year = v.year and c.kind = v.kind \
         set c.last_sequence = v.last_sequence, c.version = c.version + 1, c.updated_at = utc_timestamp(6) \
         where c.last_sequence = v.before_it",
    );
    Ok(())
}

/// The steps of each series as one; steps with a gap between them are no plan.
fn runs(steps: &[SeriesStep]) -> Result<Vec<Run>, WriteError> {
    let mut ordinals: BTreeMap<Series, BTreeSet<u32>> = BTreeMap::new();
    for step in steps {
        ordinals.entry(step.series).or_default().insert(step.ordinal);
    }
    let run = |(series, ordinals): (Series, BTreeSet<u32>)| {
        let (first, last) = (*ordinals.first()?, *ordinals.last()?);
        let before = first.checked_sub(1)?;
        let steps = u32::try_from(ordinals.len()).ok()?;
        (last.checked_sub(before) == Some(steps)).then_some(Run { series, before, last })
    };
    ordinals.into_iter().map(|series| run(series).ok_or(WriteError::Stale)).collect()
}

fn number(
    script: &mut Script,
    steps: &[SeriesStep],
    paper: impl Fn(&SeriesStep) -> Option<Uuid>,
    papers: &'static str,
) {
    let mut steps: Vec<_> = steps.iter().filter_map(|step| Some((paper(step)?, step))).collect();
    steps.sort_unstable_by_key(|(id, _)| *id);
    let mut sql = Text::new("update (values ");
    sql.separated(&steps, |sql, (id, step)| {
        sql.push("row").row(&[id, &step.ordinal, &step.number]);
    });
    sql.push(") as v (id, sequence, number) straight_join ").push(papers);
    sql.push(
        " set p.sequence = v.sequence, p.number = v.number, p.numbered_at = utc_timestamp(6), \
         p.version = p.version + 1, p.updated_at = utc_timestamp(6) where p.number is null",
    );
    if !steps.is_empty() {
        script.must_touch(&sql, steps.len());
    }
}
