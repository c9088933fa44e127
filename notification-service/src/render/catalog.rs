//! The files of every language, compiled in.

use serde::Deserialize;

use crate::domain::mails::Kind;

/// The words beside a mail's paragraphs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    pub(super) greeting: String,
    pub(super) greeting_without_name: String,
    pub(super) confirmation_number: String,
    pub(super) hotel: String,
    pub(super) arrival: String,
    pub(super) departure: String,
    pub(super) from_time: String,
    pub(super) until_time: String,
    pub(super) rooms: String,
    pub(super) people: String,
    pub(super) total: String,
    pub(super) free_until: String,
    pub(super) guest: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) requests: String,
    pub(super) footer: String,
}

/// A language's files.
pub(super) struct Language {
    pub(super) code: &'static str,
    pub(super) labels: &'static str,
    pub(super) mails: [(Kind, &'static str); Kind::ALL.len()],
}

macro_rules! mail {
    ($code:literal, $kind:ident, $file:literal) => {
        (Kind::$kind, include_str!(concat!("../../templates/", $code, "/", $file, ".txt")))
    };
}

macro_rules! language {
    ($code:literal) => {
        Language {
            code: $code,
            labels: include_str!(concat!("../../templates/", $code, "/labels.toml")),
            mails: [
                mail!($code, BookedTraveller, "booked_traveller"),
                mail!($code, BookedHotel, "booked_hotel"),
                mail!($code, CancelledTraveller, "cancelled_traveller"),
                mail!($code, CancelledHotel, "cancelled_hotel"),
                mail!($code, Unpaid, "unpaid"),
                mail!($code, Refunded, "refunded"),
                mail!($code, Completed, "completed"),
                mail!($code, Rebooked, "rebooked"),
                mail!($code, LateRefunded, "late_refunded"),
            ],
        }
    };
}

/// The languages that mails are written in.
pub(super) static LANGUAGES: [Language; 6] =
    [language!("en"), language!("de"), language!("it"), language!("fr"), language!("es"), language!("pt")];
