//! The groups that operations stand in, with what a reader finds there.

use std::collections::BTreeSet;

use utoipa::openapi::{Tag, tag::TagBuilder};

/// Every group there is.
const TAGS: &[(&str, &str)] = &[
    ("availability", "How many units of each room are sold and left, night by night."),
    ("bookings", "Making, finding and reading bookings, their invoices and their history."),
    ("cancellations", "What cancelling would cost, and cancelling."),
    ("checkout", "The page on which a traveller pays."),
    ("facilities", "The codes that tag hotels and rooms."),
    ("hotels", "Hotels: what their managers say about them, and who changed what."),
    ("localities", "Cities and areas that hotels lie in."),
    ("offers", "What a hotel offers for a stay, live."),
    ("payments", "Payments: what the provider tells, and what an operator must decide about."),
    ("quotes", "A price for a stay, fixed for some minutes."),
    ("refunds", "Money that goes back."),
    ("rooms", "The room types of a hotel: how many units, for how many people, at which price."),
    ("scripts", "What shall happen to a payment when it is tried out."),
    ("search", "Finding hotels by words, place, dates, party and price."),
];

/// Whether there is such a group.
pub(super) fn is_known(name: &str) -> bool {
    TAGS.iter().any(|(tag, _)| *tag == name)
}

/// Those that are used.
pub(super) fn of<'a>(used: impl Iterator<Item = &'a str>) -> Vec<Tag> {
    let used: BTreeSet<_> = used.collect();
    let found = TAGS.iter().filter(|(tag, _)| used.contains(tag));
    found.map(|(tag, says)| TagBuilder::new().name(*tag).description(Some(*says)).build()).collect()
}
