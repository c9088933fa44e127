//! What `republish` is asked for.

use clap::ArgGroup;
use domain::Instant;
use uuid::Uuid;

/// `republish`.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[command(group(ArgGroup::new("what").required(true)), after_help = TEACHES)]
pub struct RepublishArgs {
    /// Hotels, then rooms, to hotel.events: for search-service and for the stock of booking-service.
    #[arg(long, group = "what")]
    pub hotels: bool,
    /// Nights from today on, to availability.events: for search-service.
    #[arg(long, group = "what")]
    pub nights: bool,
    /// Events of bookings since a moment, to booking.events: for mails, cached bodies and whoever follows bookings.
    #[arg(long, group = "what", requires = "since")]
    pub bookings: bool,
    /// Of bookings: events of what was decided from then on, such as 2026-11-22T03:00:00Z.
    #[arg(long, value_name = "MOMENT", requires = "bookings", value_parser = moment)]
    pub since: Option<Instant>,
    /// Only this hotel.
    #[arg(long, value_name = "ID")]
    pub hotel: Option<Uuid>,
    /// Go on behind this key: a run that stopped prints it.
    #[arg(long, value_name = "KEY", conflicts_with = "hotel")]
    pub after: Option<String>,
    /// Raise the versions by `republish.raise_by`, so that readers take what they would drop as old: only for a database
    /// that was restored to an earlier moment.
    #[arg(long, conflicts_with = "bookings")]
    pub raise_version: bool,
}

fn moment(text: &str) -> Result<Instant, String> {
    text.parse().map_err(|_| "a moment in UTC such as 2026-11-22T03:00:00Z".to_owned())
}

const TEACHES: &str = "\
Every hotel, room or night is put into the outbox of its service once more, as it is now and under the version it has, and
every event of a booking as it was and under the id it had; the service's relay publishes it. Readers that know it drop it, readers that lost it take it: nothing is harmed by too much. It
may run while everything runs, waits while more than republish.most_waiting events are not published yet, and can be stopped
and continued.

Kafka was lost, or a topic was emptied or made again:
    vacancy admin republish --hotels        first, so that nights find their rooms
    vacancy admin republish --nights
    vacancy admin republish --bookings --since 2026-11-22T03:00:00Z        from when on events may be lost
    vacancy admin reindex                   if the search index is not right by then
    vacancy admin audit --wait 60s

The hotel database was restored to an earlier moment, and readers have seen higher versions:
    vacancy admin republish --hotels --raise-version

One hotel that search shows wrongly:
    vacancy admin republish --hotels --hotel 0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70";
