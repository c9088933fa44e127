use std::sync::Arc;

use domain::{
    Language,
    booking::{LatePayment, StatusReason},
    event::BookingHappening::{
        Booked, Cancelled, Invoiced, LatePaymentRefunded, Rebooked, Refunded, Reserved,
    },
};

use crate::stage::{
    SOON, Stage, cancelled, ended_unpaid, event, header, late, message_id, subjects, unfolded,
    with_credit_note,
};

#[tokio::test(flavor = "multi_thread")]
async fn booked_tells_the_hotel_at_once_and_the_traveller_with_the_numbered_invoice() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let booking = stage.booking();
    let number = booking.booking_id.confirmation_number().to_string();
    stage.publish(Reserved, &booking).await;
    stage.publish(Booked, &booking).await;
    let to_hotel = stage.hotel.wait_for(1, SOON).await;
    assert_eq!(to_hotel[0].subject, format!("New booking {number}, arrival 24 December 2026"));
    assert!(stage.traveller.mails().await.is_empty(), "the traveller's mail waits for the invoice");
    let invoiced = stage.publish(Invoiced, &booking).await;
    let mail = stage.traveller.wait_for(1, SOON).await.remove(0);
    assert_eq!(mail.subject, format!("Your stay at Hotel Paradiso is booked – {number}"));
    let source = unfolded(&mail);
    assert!(source.contains("filename=\"PAR-2026-000042.html\""), "{source}");
    assert!(source.contains("text/plain") && source.matches("text/html").count() == 2, "{source}");
    assert!(source.matches(&number).count() >= 3, "subject or text, HTML and invoice: {source}");
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(&mail, "Content-Language"), "en");
    let expected = message_id(&invoiced, &stage.traveller.address, "booked_traveller");
    assert_eq!(header(&mail, "Message-ID"), expected);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_reaches_exactly_whom_it_concerns_with_the_reason() {
    let stage = Stage::new().await;
    let booking = stage.booking();
    let number = booking.booking_id.confirmation_number().to_string();
    let by_traveller = cancelled(&booking, StatusReason::Traveller);
    let expired = cancelled(&booking, StatusReason::HoldExpired);
    stage.publish(Reserved, &booking).await;
    stage.publish(Cancelled, &cancelled(&booking, StatusReason::PaymentFailed)).await;
    stage.publish(Cancelled, &expired).await;
    stage.publish(Rebooked, &late(&booking, LatePayment::Rebooked)).await;
    stage.publish(LatePaymentRefunded, &late(&expired, LatePayment::Refunded)).await;
    stage.publish(Cancelled, &by_traveller).await;
    stage.publish(Cancelled, &cancelled(&booking, StatusReason::Hotel)).await;
    stage.publish_again(&with_credit_note(event(Invoiced, by_traveller.clone()))).await;
    stage.publish(Refunded, &by_traveller).await;
    let running = stage.start().await;
    let (to_traveller, to_hotel) = stage.drained(&booking, 7).await;
    assert_eq!(
        subjects(&to_traveller),
        [
            format!("Your booking {number} was not paid and has ended"),
            format!("Your booking {number} was not paid and has ended"),
            format!("Your payment arrived late: booking {number} is confirmed after all"),
            format!("Your payment for booking {number} goes back to you"),
            format!("Your booking {number} is cancelled"),
            format!("Your booking {number} is cancelled"),
            format!("Your refund for booking {number} is done"),
            "Thank you for staying at Hotel Paradiso".to_owned(),
        ]
    );
    for (mail, reason) in [
        (0, "The payment was not completed"),
        (1, "no payment in time"),
        (3, "after the booking had ended"),
        (4, "As you asked"),
        (5, "The hotel has cancelled"),
        (6, "Reason: you cancelled the booking"),
    ] {
        assert!(unfolded(&to_traveller[mail]).contains(reason), "{reason}: {}", to_traveller[mail].source);
    }
    assert!(to_traveller.iter().all(|mail| unfolded(mail).contains(&number)));
    let cancelled = format!("Booking {number} is cancelled");
    let booked = format!("New booking {number}, arrival 24 December 2026");
    assert_eq!(subjects(&to_hotel), [booked, cancelled.clone(), cancelled]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_in_the_bookings_language_else_in_english() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let mut booking = stage.booking();
    let number = booking.booking_id.confirmation_number().to_string();
    let expected = [
        ("de-CH", format!("Ihre Buchung {number} ist storniert")),
        ("it", format!("La sua prenotazione {number} è cancellata")),
        ("fr", format!("Votre réservation {number} est annulée")),
        ("es-MX", format!("Su reserva {number} está cancelada")),
        ("pt-BR", format!("A sua reserva {number} está cancelada")),
        ("ja", format!("Your booking {number} is cancelled")),
    ];
    for (language, _) in &expected {
        Arc::make_mut(&mut booking.facts).language = Language::parse(language).unwrap();
        stage.publish(Cancelled, &cancelled(&booking, StatusReason::Traveller)).await;
    }
    let mails = stage.traveller.wait_for(expected.len(), SOON).await;
    assert_eq!(subjects(&mails), expected.map(|(_, subject)| subject));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_outside_make_no_header_and_no_markup() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let mut booking = stage.booking();
    Arc::make_mut(&mut booking.facts).hotel.name =
        "<b>Inn</b>\r\nBcc: evil@mail.example\r\n\r\n<script>x</script>".to_owned();
    stage.publish(Booked, &booking).await;
    let mail = stage.hotel.wait_for(1, SOON).await.remove(0);
    let source = unfolded(&mail);
    let (headers, body) = source.split_once("\n\n").unwrap();
    assert!(!headers.to_lowercase().contains("\nbcc:"), "{headers}");
    let (text, html) = body.split_once("Content-Type: text/html").unwrap();
    assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    assert!(!html.contains("<script>x") && html.contains("&lt;script&gt;"), "{html}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_that_was_never_told_of_a_hold_is_not_told_that_it_ended() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let booking = stage.booking();
    for reason in [StatusReason::Traveller, StatusReason::Hotel, StatusReason::HoldExpired] {
        stage.publish_again(&ended_unpaid(&booking, reason)).await;
    }
    let (to_traveller, to_hotel) = stage.drained(&booking, 3).await;
    assert_eq!((to_traveller.len(), to_hotel.len()), (4, 0));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_known_to_be_the_callers_own_hears_nothing_of_an_unpaid_booking() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let mut booking = stage.booking();
    Arc::make_mut(&mut booking.facts).email_verified = false;
    for reason in [StatusReason::Traveller, StatusReason::PaymentFailed, StatusReason::HoldExpired] {
        stage.publish_again(&ended_unpaid(&booking, reason)).await;
    }
    let (to_traveller, to_hotel) = stage.drained(&booking, 0).await;
    assert_eq!(subjects(&to_traveller), ["Thank you for staying at Hotel Paradiso"]);
    assert!(to_hotel.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_bookings_cause_no_more_mails_than_a_days_limit() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let booking = stage.booking();
    for _ in 0..8 {
        stage.publish_again(&ended_unpaid(&booking, StatusReason::HoldExpired)).await;
    }
    let (to_traveller, _) = stage.drained(&booking, 5).await;
    assert_eq!(to_traveller.len(), 6, "five of eight, and the one about a stay");
    let withheld =
        "select count(*) from mails where status = 'withheld' and event is null and due_at is null";
    assert_eq!(stage.db.number(withheld).await, 3);
    let counted = "select count(*) from mails where unpaid";
    assert_eq!(stage.db.number(counted).await, 5, "nobody who goes on for ever makes a day longer to count");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hotel_and_traveller_with_one_address_both_get_their_mail() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let mut booking = stage.booking();
    Arc::make_mut(&mut booking.facts).hotel.email = booking.facts.booker.email.clone();
    stage.publish(Cancelled, &cancelled(&booking, StatusReason::Hotel)).await;
    let number = booking.booking_id.confirmation_number().to_string();
    let mails = stage.traveller.wait_for(2, SOON).await;
    let expected = [format!("Your booking {number} is cancelled"), format!("Booking {number} is cancelled")];
    assert_eq!(subjects(&mails), expected);
    assert_ne!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
    running.stop().await;
}
