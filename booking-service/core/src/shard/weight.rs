//! How much of a batch a work takes.

use domain::{ClientReference, Phone, booking::BookingStatus};

use crate::{
    booking::Booking,
    command::Command,
    create::Request,
    snapshot::Snapshot,
    work::{Order, Task, Work},
};

/// Bytes of a booking's facts beside what its caller wrote: names of members, the hotel, the policy, the price, the link.
const FACTS: usize = 1_280;
/// And of each of its lines, with the room's name.
const LINE: usize = 192;
/// Bytes of a command's rows beside what the provider wrote.
const COMMAND: usize = 512;

impl Work {
    /// The room-nights that it takes, if it is a new booking.
    pub(super) fn nights(&self) -> usize {
        match &self.task {
            Task::Book(request, _) => {
                let nights = usize::from(request.stay.dates().night_count());
                nights.saturating_mul(request.stay.lines().len())
            }
            Task::Command(_) => 0,
        }
    }

    /// The room-nights that it moves, as far as the snapshot knows its booking.
    pub(super) fn nights_in(&self, snapshot: &Snapshot) -> usize {
        let Task::Command(order) = &self.task else { return self.nights() };
        let booking = snapshot.bookings.get(&order.booking_id);
        booking.filter(|booking| moves_rooms(order, booking)).map_or(0, |booking| {
            let nights = usize::from(booking.record.dates.night_count());
            nights.saturating_mul(booking.units().len())
        })
    }

    /// About how many bytes it brings along: the facts of a booking, or the words of the provider.
    pub(super) fn bytes(&self) -> usize {
        match &self.task {
            Task::Book(request, _) => facts(request),
            Task::Command(order) => {
                order.told.as_ref().map_or(0, |told| told.body.len()).saturating_add(COMMAND)
            }
        }
    }
}

/// Whether rooms may go back that the booking has, or be taken again that it has not.
fn moves_rooms(order: &Order, booking: &Booking) -> bool {
    let has_rooms = booking.record.status != BookingStatus::Cancelled;
    match order.command {
        Command::Cancel(_) | Command::CheckoutEnded | Command::ProviderSaid(_) => has_rooms,
        Command::PaymentSucceeded(_) | Command::Reviewed(_) => !has_rooms,
        Command::HoldDue
        | Command::StayEnded
        | Command::VoidConfirmed
        | Command::RefundConfirmed(_)
        | Command::NumberPapers => false,
    }
}

fn facts(request: &Request) -> usize {
    let booker = &request.booker;
    let written = [
        request.special_requests.as_ref().map(|text| text.as_str().len()),
        request.client_reference.as_ref().map(ClientReference::as_str).map(str::len),
        request.return_url.as_ref().map(String::len),
        booker.phone.as_ref().map(Phone::as_str).map(str::len),
        Some(booker.email.as_str().len()),
        Some(booker.given_name.as_str().len()),
        Some(booker.family_name.as_str().len()),
    ];
    let lines = LINE.saturating_mul(request.stay.lines().len());
    written.into_iter().flatten().fold(FACTS.saturating_add(lines), usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use domain::Text;

    use super::*;
    use crate::{
        Created, Stay, create,
        tests::fixture::{DOUBLE, HOTEL, SUITE, World, dates, line, new_id, request},
    };

    /// What it is taken for, and what its facts are.
    fn bytes_of(request: Request) -> (usize, usize) {
        let world = World::new();
        let (created, _) = create(&world.snapshot, &request, new_id(1), &world.rules).unwrap();
        let Created::New(record) = created else { panic!("not new") };
        let facts = serde_json::to_vec(&*record.facts).unwrap().len();
        let task = Task::Book(Box::new(request), new_id(1));
        (Work { hotel_id: HOTEL, task }.bytes(), facts)
    }

    #[test]
    fn a_booking_is_taken_for_about_as_many_bytes_as_its_facts_have() {
        let of = |lines| Request { stay: Stay::parse(HOTEL, dates(), lines).unwrap(), ..request() };
        let plain = of(vec![line(DOUBLE, 1)]);
        let lines = of(vec![line(DOUBLE, 1), line(DOUBLE, 1), line(SUITE, 1)]);
        let wishes = Some(Text::parse(&"\u{1f6cf}".repeat(500)).unwrap());
        let wordy = Request { special_requests: wishes, ..plain.clone() };
        for request in [plain, lines, wordy] {
            let (taken_for, facts) = bytes_of(request);
            assert!((facts * 3 / 4..facts * 3 / 2).contains(&taken_for), "{taken_for} for {facts}");
        }
    }
}
