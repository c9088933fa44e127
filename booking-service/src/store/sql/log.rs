//! The history of bookings: one row per transition but the first, whose entry is the booking's own row.

use booking_core::PlannedEvent;
use domain::UserId;

use super::Script;

/// Writes the plan's transitions.
pub(crate) fn write(script: &mut Script, events: &[PlannedEvent]) {
    let mut later: Vec<_> = events.iter().filter_map(|event| Some((event, event.body.from?))).collect();
    later.sort_unstable_by_key(|(event, _)| (event.body.booking.booking_id, event.body.booking.version));
    script.insert(
        "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind, actor_id, \
         actor_subject, reason, event_id, refund_id) values ",
        later,
        |sql, (event, from)| {
            let (booking, actor) = (&event.body.booking, event.body.actor.as_ref());
            sql.row(&[
                &booking.booking_id.uuid(),
                &booking.hotel_id.uuid(),
                &booking.version,
                &event.at.naive_utc(),
                &event.happening.as_str(),
                &from.as_str(),
                &booking.status.as_str(),
                &actor.map(|actor| actor.kind.as_str()),
                &actor.and_then(|actor| actor.user_id).map(UserId::uuid),
                &actor.and_then(|actor| actor.subject.as_deref()),
                &event.reason,
                &event.event_id.uuid(),
                &event.body.refund.map(|refund| refund.refund_id.uuid()),
            ]);
        },
    );
}
