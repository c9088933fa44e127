use std::sync::Arc;

use domain::{
    CountryCode, Currency, Money, StayDates,
    booking::{BookingRecord, BookingStatus, LatePayment, StatusReason},
    event::{BookingHappening, InvoiceFacts, RefundFacts},
};

use super::*;

fn event(booking: BookingRecord) -> BookingEvent {
    let amount = booking.facts.price.due_now;
    let invoice = InvoiceFacts {
        invoice_id: testkit::unique_uuid().into(),
        number: "PAR-2026-000042".to_owned(),
        issued_at: booking.created_at,
        credit_note: None,
    };
    let refund = RefundFacts { refund_id: testkit::unique_uuid().into(), amount };
    BookingEvent { booking, from: None, actor: None, refund: Some(refund), invoice: Some(invoice) }
}

fn happening(kind: Kind) -> BookingHappening {
    match kind {
        Kind::BookedTraveller => BookingHappening::Invoiced,
        Kind::BookedHotel => BookingHappening::Booked,
        Kind::CancelledTraveller | Kind::CancelledHotel | Kind::Unpaid => BookingHappening::Cancelled,
        Kind::Refunded => BookingHappening::Refunded,
        Kind::Completed => BookingHappening::Completed,
        Kind::Rebooked => BookingHappening::Rebooked,
        Kind::LateRefunded => BookingHappening::LatePaymentRefunded,
    }
}

fn write(kind: Kind, event: &BookingEvent, language: &str) -> Written {
    let language = Language::parse(language).unwrap();
    Catalog::new().unwrap().write(kind, happening(kind), event, &language).unwrap()
}

#[test]
fn every_mail_in_every_language_has_the_confirmation_number_and_no_gap() {
    let catalog = Catalog::new().unwrap();
    let mut booking = testkit::booking::record();
    let number = booking.booking_id.confirmation_number().to_string();
    for reason in [None, Some(StatusReason::Hotel), Some(StatusReason::PaymentFailed)] {
        for late in [None, Some(LatePayment::Rebooked), Some(LatePayment::Refunded)] {
            (booking.status_reason, booking.late_payment) = (reason, late);
            let full = event(booking.clone());
            let bare = BookingEvent { refund: None, ..full.clone() };
            for (language, kind) in LANGUAGES.iter().flat_map(|l| Kind::ALL.map(|kind| (l.code, kind))) {
                for event in [&full, &bare] {
                    let asked = Language::parse(language).unwrap();
                    let mail = catalog.write(kind, happening(kind), event, &asked).unwrap();
                    assert_eq!(mail.language, language);
                    for part in [&mail.text, &mail.html] {
                        assert!(part.contains(&number) && part.contains("Hotel Paradiso"), "{part}");
                        assert!(
                            !part.contains("none") && !part.contains("{{") && !part.contains("{%"),
                            "{part}"
                        );
                    }
                    assert!(!mail.subject.is_empty() && !mail.subject.contains('\n'));
                }
            }
        }
    }
}

#[test]
fn every_mail_has_its_file_in_the_catalog() {
    for language in &LANGUAGES {
        assert_eq!(language.mails.map(|(kind, _)| kind), Kind::ALL);
        let texts: std::collections::HashSet<&str> = language.mails.iter().map(|(_, text)| *text).collect();
        assert_eq!(texts.len(), Kind::ALL.len());
    }
}

#[test]
fn a_language_that_we_do_not_speak_is_answered_in_english() {
    let event = event(testkit::booking::record());
    assert_eq!(write(Kind::Completed, &event, "tlh").language, "en");
    let german = write(Kind::BookedTraveller, &event, "de");
    assert_eq!(german.subject.split(" – ").next(), Some("Ihr Aufenthalt im Hotel Paradiso ist gebucht"));
    assert!(german.text.contains("24. Dezember 2026, ab 15:00 Uhr"), "{}", german.text);
    assert!(german.text.contains("24. Dezember 2026, 00:00 (Europe/Rome)"), "{}", german.text);
}

/// Every mail with every amount that it may name.
fn amounts(language: &str, due: Money) -> String {
    let mut booking = testkit::booking::record();
    booking.dates = StayDates::parse("2027-01-01".parse().unwrap(), "2027-01-02".parse().unwrap()).unwrap();
    let facts = Arc::make_mut(&mut booking.facts);
    (facts.price.total, facts.price.due_now) = (due, due);
    booking.penalty = Some(due);
    let event = event(booking);
    Kind::ALL.map(|kind| write(kind, &event, language)).map(|mail| mail.text + &mail.html).concat()
}

#[test]
fn amounts_and_days_are_written_as_the_language_and_its_region_write_them() {
    for (tag, day, euros, yen, dinars) in [
        ("en", "1 January 2027", "12,345.50 EUR", "1,234,550 JPY", "1,234.550 KWD"),
        ("de", "1. Januar 2027", "12.345,50 EUR", "1.234.550 JPY", "1.234,550 KWD"),
        ("de-CH", "1. Januar 2027", "12’345.50 EUR", "1’234’550 JPY", "1’234.550 KWD"),
        (
            "fr",
            "1er janvier 2027",
            "12\u{202F}345,50 EUR",
            "1\u{202F}234\u{202F}550 JPY",
            "1\u{202F}234,550 KWD",
        ),
        ("it", "1º gennaio 2027", "12.345,50 EUR", "1.234.550 JPY", "1.234,550 KWD"),
        ("es", "1 de enero de 2027", "12.345,50 EUR", "1.234.550 JPY", "1234,550 KWD"),
        ("es-MX", "1 de enero de 2027", "12,345.50 EUR", "1,234,550 JPY", "1,234.550 KWD"),
        ("pt-BR", "1 de janeiro de 2027", "12.345,50 EUR", "1.234.550 JPY", "1.234,550 KWD"),
        ("tlh", "1 January 2027", "12,345.50 EUR", "1,234,550 JPY", "1,234.550 KWD"),
    ] {
        for (currency, written) in [("EUR", euros), ("JPY", yen), ("KWD", dinars)] {
            let due = Money::new(1_234_550, Currency::parse(currency).unwrap()).unwrap();
            let mails = amounts(tag, due);
            // Total in nine mails, paid in two, penalty in one, refund in three; each as text and as HTML.
            assert_eq!(mails.matches(written).count(), 2 * (9 + 2 + 1 + 3), "{tag}: {written}\n{mails}");
            assert_eq!(
                mails.matches(&format!(" {currency}")).count(),
                2 * (9 + 2 + 1 + 3),
                "{tag} {currency}"
            );
            assert!(mails.contains(day), "{tag}: {day}");
        }
    }
}

#[test]
fn a_mail_is_laid_out_as_people_read_it() {
    let event = event(testkit::booking::record());
    let mail = write(Kind::BookedTraveller, &event, "en");
    let number = event.booking.booking_id.confirmation_number();
    assert_eq!(mail.subject, format!("Your stay at Hotel Paradiso is booked – {number}"));
    assert_eq!(
        mail.text,
        format!(
            "Dear Ada Lovelace,\n\n\
             Thank you. We have received your payment of 960.00 EUR, and your stay is booked.\n\n\
             Your invoice PAR-2026-000042 is attached.\n\n\
             Confirmation number: {number}\n\
             Hotel: Hotel Paradiso\n\
             Arrival: 24 December 2026, from 15:00\n\
             Departure: 26 December 2026, until 11:00\n\
             Rooms: 2 × Deluxe double\n\
             People: 6\n\
             Total: 960.00 EUR\n\
             Phone: +390612345678\n\
             Free cancellation until: 24 December 2026, 00:00 (Europe/Rome)\n\n\
             --\n\
             This mail was sent automatically by Vacancy."
        )
    );
}

#[test]
fn nothing_from_outside_becomes_markup_a_template_or_another_line() {
    let mut booking = testkit::booking::record();
    Arc::make_mut(&mut booking.facts).hotel.name =
        "<b>Inn</b>\r\nBcc: all@example.com\n\n{{ 7*7 }}".to_owned();
    Arc::make_mut(&mut booking.facts).lines[0].room_name = "<script>alert(1)</script>".to_owned();
    Arc::make_mut(&mut booking.facts).special_requests =
        Some(domain::Text::parse("\"quiet\" & <i>high</i>").unwrap());
    Arc::make_mut(&mut booking.facts).hotel.country_code = CountryCode::parse("IT").unwrap();
    for kind in Kind::ALL {
        let mail = write(kind, &event(booking.clone()), "en");
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        assert!(!mail.html.contains("<b>") && !mail.html.contains("<script") && !mail.html.contains("<i>"));
        assert!(mail.text.contains("{{ 7*7 }}") && !mail.text.contains("\nBcc:"), "{}", mail.text);
    }
}

#[test]
fn the_word_given_with_a_cancellation_reaches_the_other_side_and_nobody_else() {
    let mut booking = testkit::booking::record();
    booking.status = BookingStatus::Cancelled;
    let note = "Burst pipe: we have booked you at Hotel Verdi.";
    booking.cancellation_note = Some(domain::Text::parse(note).unwrap());
    for (reason, reader, writer) in [
        (StatusReason::Hotel, Kind::CancelledTraveller, Kind::CancelledHotel),
        (StatusReason::Traveller, Kind::CancelledHotel, Kind::CancelledTraveller),
    ] {
        booking.status_reason = Some(reason);
        let event = BookingEvent { from: Some(BookingStatus::Booked), ..event(booking.clone()) };
        for language in &LANGUAGES {
            assert!(write(reader, &event, language.code).text.contains(note), "{reason} {}", language.code);
            assert!(!write(writer, &event, language.code).text.contains(note), "{reason} {}", language.code);
        }
    }
}

#[test]
fn a_mail_about_an_unpaid_booking_carries_nobodys_words() {
    let mut booking = testkit::booking::record();
    booking.status = BookingStatus::Cancelled;
    Arc::make_mut(&mut booking.facts).booker.given_name =
        domain::PersonName::parse("Your parcel is held").unwrap();
    booking.cancellation_note = Some(domain::Text::parse("Pay at evil.example").unwrap());
    Arc::make_mut(&mut booking.facts).special_requests = Some(domain::Text::parse("Call 0190").unwrap());
    for (reason, kind) in [
        (StatusReason::Traveller, Kind::CancelledTraveller),
        (StatusReason::Hotel, Kind::CancelledTraveller),
        (StatusReason::HoldExpired, Kind::Unpaid),
        (StatusReason::PaymentFailed, Kind::Unpaid),
    ] {
        booking.status_reason = Some(reason);
        let event = BookingEvent { from: Some(BookingStatus::Reserved), ..event(booking.clone()) };
        for language in &LANGUAGES {
            let mail = write(kind, &event, language.code);
            for theirs in ["parcel", "evil", "0190"] {
                assert!(!mail.text.contains(theirs) && !mail.html.contains(theirs), "{}", mail.text);
            }
        }
    }
}

#[test]
fn a_name_that_reads_like_a_link_greets_nobody() {
    let mut booking = testkit::booking::record();
    for name in ["See www.evil.example", "evil.example/win", "ｗｗｗ．evil．example", "desk@evil.example"]
    {
        name.clone_into(&mut Arc::make_mut(&mut booking.facts).hotel.name);
        let mail = write(Kind::BookedHotel, &event(booking.clone()), "en");
        assert!(mail.text.starts_with("Hello,\n"), "{}", mail.text);
    }
}
