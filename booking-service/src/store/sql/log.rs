//! The history of bookings: one row per transition but the first, whose entry is the booking's own row.

use booking_core::PlannedEvent;
use domain::{Actor, UserId, booking::BookingStatus};
use sqlx::{MySqlConnection, QueryBuilder};

use super::WriteError;

/// Writes the plan's transitions.
pub(crate) async fn write(conn: &mut MySqlConnection, events: &[PlannedEvent]) -> Result<(), WriteError> {
    let later: Vec<_> = events.iter().filter_map(|event| Some((event, event.body.from?))).collect();
    if later.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(
        "insert into booking_log (booking_id, version, at, happening, from_status, to_status, actor_kind, actor_id, \
         actor_subject, reason) ",
    );
    sql.push_values(later, |mut row, (event, from): (&PlannedEvent, BookingStatus)| {
        let (booking, actor) = (&event.body.booking, event.body.actor.as_ref());
        row.push_bind(booking.booking_id.uuid())
            .push_bind(booking.version)
            .push_bind(event.at.naive_utc())
            .push_bind(event.happening.as_str())
            .push_bind(from.as_str())
            .push_bind(booking.status.as_str())
            .push_bind(actor.map(|actor| actor.kind.as_str()))
            .push_bind(actor.and_then(|actor| actor.user_id).map(UserId::uuid))
            .push_bind(actor.and_then(subject))
            .push_bind(event.reason);
    });
    sql.build().execute(conn).await?;
    Ok(())
}

fn subject(actor: &Actor) -> Option<&str> {
    actor.subject.as_deref()
}
