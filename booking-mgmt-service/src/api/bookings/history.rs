//! `GET /v1/bookings/{booking_id}/history`

use domain::{
    BookingId, Instant, UserId,
    actor::ActorKind,
    booking::{BookingRecord, BookingStatus, StatusReason},
    event::BookingHappening,
};
use platform::api::{Answer, Endpoint, Problem, Request};
use records::{LogEntry, LoggedActor, Viewer};
use serde::Serialize;
use utoipa::{ToSchema, openapi::Object};

use crate::{
    api::{
        ANYBODY,
        access::{self, Seen},
    },
    parts::Shared,
    reads::ReadFailed,
};

/// Why a booking was cancelled, or why its money goes back.
fn reasons() -> Object {
    let cancelled = StatusReason::ALL.iter().map(|reason| reason.as_str());
    let refunded = ["cancellation", "late_payment", "second_payment", "review"];
    platform::openapi::words_or_null("Why, where there is a reason to tell.", cancelled.chain(refunded))
}

/// What has happened to a booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryPage)]
struct BookingHistory {
    /// Every change, oldest first.
    items: Vec<HistoryEntry>,
    /// Always null: a booking changes a few times.
    #[schema(required, example = json!(null))]
    next_page_token: Option<String>,
}

/// One change of a booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "from_status": null, "reason": null }))]
struct HistoryEntry {
    /// The version it made.
    version: i64,
    /// When it was decided.
    at: Instant,
    /// What happened.
    #[schema(value_type = BookingHappening)]
    happening: String,
    /// Where the booking stood before; null of the first.
    #[schema(required)]
    from_status: Option<BookingStatus>,
    /// Where it stood after.
    to_status: BookingStatus,
    /// Who did it.
    actor: HistoryActor,
    /// Why, where there is a reason to tell.
    #[schema(required, schema_with = reasons)]
    reason: Option<String>,
}

/// Who changed a booking.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryActor {
    /// In which role.
    #[schema(value_type = ActorKind)]
    kind: String,
    /// Their account; null for the provider and for ourselves, of others for who booked, and of who booked for the hotel until
    /// it is paid.
    #[schema(required)]
    user_id: Option<UserId>,
    /// Their name at the identity provider; null where `user_id` is.
    #[schema(required, max_length = 255, example = "248289761001")]
    subject: Option<String>,
}

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_booking_history", handle)
        .summary("Read what has happened to a booking")
        .description(
            "For whose it is, its hotel's manager and operators, also of archived bookings. Who booked sees what kind of actor \
             changed it and why, the hotel and operators see who it was; the hotel not who booked, until it is paid. Changes after the first are kept for 400 days.",
        )
        .tag("bookings")
        .roles(ANYBODY)
        .path_param::<BookingId>("booking_id", "The booking.")
        .answers::<BookingHistory>(200, "Every change, oldest first.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id: BookingId = request.path("booking_id")?;
    let found = shared.reads.booking(id).await?;
    let Seen { record, viewer } = access::visible(&shared, request.caller(), found).await?;
    let made_by = shared.reads.active().made_by(id).await.map_err(ReadFailed::from)?;
    let log = shared.reads.active().log(id).await.map_err(ReadFailed::from)?;
    let later = log.into_iter().map(|entry| HistoryEntry::of(entry, &record, viewer));
    let first = made_by.map(|by| HistoryEntry::made(by, &record, viewer));
    let items = first.into_iter().chain(later).collect();
    Ok(Answer::json(200, &BookingHistory { items, next_page_token: None }))
}

impl HistoryEntry {
    /// The first: the booking itself is its entry.
    fn made(by: LoggedActor, record: &BookingRecord, viewer: Viewer) -> Self {
        Self {
            version: 1,
            at: record.created_at,
            happening: "reserved".to_owned(),
            from_status: None,
            to_status: BookingStatus::Reserved,
            actor: HistoryActor::of(by, record, viewer),
            reason: None,
        }
    }

    fn of(entry: LogEntry, record: &BookingRecord, viewer: Viewer) -> Self {
        Self {
            version: entry.version,
            at: entry.at,
            happening: entry.happening,
            from_status: entry.from_status,
            to_status: entry.to_status,
            actor: HistoryActor::of(entry.actor, record, viewer),
            reason: entry.reason,
        }
    }
}

impl HistoryActor {
    /// Who booked is told who they are themselves, and nothing that names another. Who booked is told to the hotel only of
    /// what was paid.
    fn of(actor: LoggedActor, record: &BookingRecord, viewer: Viewer) -> Self {
        let booked = actor.user_id == Some(record.user_id);
        let is_told = match viewer {
            Viewer::Booker => booked,
            Viewer::Hotel => !booked || viewer.knows_who_booked(record),
            Viewer::Operator => true,
        };
        Self {
            kind: actor.kind,
            user_id: actor.user_id.filter(|_| is_told),
            subject: actor.subject.filter(|_| is_told),
        }
    }
}
