//! Literal text into the real server: whatever somebody writes comes back as it was written, and does nothing else.

use booking_core::Created;
use domain::{PersonName, Text as Words};
use platform::mysql::{Packet, Text};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use sqlx::Row as _;

use super::stage::Stage;

const HOSTILE: [&str; 12] = [
    "",
    "'",
    "\\",
    "\\'",
    "'; drop table bookings; --",
    "\0\u{1a}\n\r\t\"`",
    "x' or 'a'='a",
    "/*! drop table bookings */",
    "0x41",
    "null",
    "\u{1f6cf}\u{fe0f} \u{202e} z\u{301} \u{3b1}\u{345}",
    "?; :name; {0}; %s",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_written_comes_back_as_it_was_written() {
    let stage = Stage::with(1, 0).await;
    let mut runner = TestRunner::deterministic();
    let mut any = || any::<String>().new_tree(&mut runner).unwrap().current();
    let texts: Vec<String> = HOSTILE
        .iter()
        .map(|text| (*text).to_owned())
        .chain(std::iter::repeat_with(&mut any).take(500))
        .collect();
    let mut packet = Packet::default();
    for text in &texts {
        let mut sql = Text::new("select ");
        sql.value(text).push(" as text, ").value(text.as_bytes()).push(" as bytes, char_length(");
        sql.value(text).push(") as length");
        packet.add(&sql);
    }
    let mut conn = stage.lease.pool.acquire().await.unwrap();
    let replies = packet.run(&mut conn).await.unwrap();
    assert_eq!(replies.len(), texts.len());
    for (text, reply) in texts.iter().zip(&replies) {
        let row = &reply.rows[0];
        assert_eq!(&row.try_get::<String, _>("text").unwrap(), text);
        assert_eq!(row.try_get::<Vec<u8>, _>("bytes").unwrap(), text.as_bytes());
        let length = i64::try_from(text.chars().count()).unwrap();
        assert_eq!(
            row.try_get::<i64, _>("length").unwrap(),
            length,
            "{text:?} was read in another character set"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_with_a_hostile_name_is_a_guest() {
    let stage = Stage::with(1, 0).await;
    let mut request = stage.request(&[(stage.double, 1)], 0, 1);
    request.booker.given_name = PersonName::parse("Robert'); drop table bookings; --").unwrap();
    request.special_requests = Some(Words::parse("\\'; \u{1f6cf} \" ` /* */ #").unwrap());
    request.actor.subject = Some("o'neill|\\".to_owned());
    let Created::New(made) = stage.book(&request).await.unwrap() else { panic!("no new booking") };
    let id = made.booking_id;
    assert_eq!(stage.snapshot(id).await.bookings[&id].record, *made);
    stage.pay(id, "pr-'1'\\").await;
    let payment = stage.snapshot(id).await.bookings[&id].own_payment();
    assert_eq!(payment.provider_reference.as_deref(), Some("pr-'1'\\"));
    let subject: String =
        sqlx::query_scalar("select actor_subject from bookings").fetch_one(&stage.lease.pool).await.unwrap();
    assert_eq!(Some(subject), request.actor.subject);
}
