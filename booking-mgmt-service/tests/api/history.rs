//! What has happened to a booking, and who is told who it was.

use domain::booking::BookingStatus;
use serde_json::{Value, json};
use testkit::unique_uuid;

use crate::stage::{Stage, booking, hex, stage, user};

/// The provider's payment, then the hotel's cancellation.
async fn log(stage: &Stage, record: &domain::booking::BookingRecord, manager: uuid::Uuid) {
    let id = hex(record.booking_id);
    stage
        .db
        .execute(format!(
            "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind, \
             actor_id, actor_subject, reason) values \
             ({id}, x'00', 2, '2026-11-21 19:25:00', 'booked', 'RESERVED', 'BOOKED', 'provider', null, null, null), \
             ({id}, x'00', 3, '2026-11-22 08:00:00', 'cancelled', 'BOOKED', 'CANCELLED', 'manager', {}, 'auth0|mona', 'hotel')",
            hex(manager)
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_booked_sees_kinds_and_reasons_and_the_hotel_sees_who_it_was_also_after_the_purge() {
    let stage = stage().await;
    let record = booking(user(), 10, BookingStatus::Cancelled);
    let manager = stage.hotel(record.hotel_id).await;
    stage.active(&record).await;
    let agency = "update bookings set actor_kind = 'channel', actor_subject = 'agency|7'";
    stage.db.execute(agency).await;
    log(&stage, &record, manager).await;
    let path = format!("/v1/bookings/{}/history", record.booking_id);
    let owner = stage.caller("traveller", record.user_id);
    for purged in [false, true] {
        if purged {
            stage.archived(&record).await;
            stage.purge(&record).await;
        }
        let body = owner.get(&path).await.expect(200);
        let items = body["items"].as_array().unwrap();
        let happenings: Vec<&Value> = items.iter().map(|item| &item["happening"]).collect();
        assert_eq!(happenings, ["reserved", "booked", "cancelled"]);
        assert_eq!((&items[0]["from_status"], &items[0]["to_status"]), (&Value::Null, &json!("RESERVED")));
        let made_by = json!({"kind": "channel", "user_id": record.user_id, "subject": "agency|7"});
        assert_eq!(items[0]["actor"], made_by);
        let last = &items[2];
        assert_eq!((&last["from_status"], &last["to_status"]), (&json!("BOOKED"), &json!("CANCELLED")));
        assert_eq!((&last["reason"], &last["version"]), (&json!("hotel"), &json!(3)));
        assert_eq!(last["actor"], json!({"kind": "manager", "user_id": null, "subject": null}));
        assert!(!body.to_string().contains("mona"), "{body}");
        for caller in [stage.caller("manager", manager), stage.caller("operator", unique_uuid())] {
            let body = caller.get(&path).await.expect(200);
            let actor = json!({"kind": "manager", "user_id": manager, "subject": "auth0|mona"});
            assert_eq!(body["items"][2]["actor"], actor);
        }
        stage.caller("traveller", user()).get(&path).await.expect_problem(404, "not_found");
        stage.caller("manager", unique_uuid()).get(&path).await.expect_problem(404, "not_found");
    }
    stage.stop().await;
}
