//! Whose a mail is while it is sent, and how it is recorded that it was.

use std::time::Duration;

use domain::event::BookingHappening::Booked;
use futures::future::join_all;
use notification_service::jobs::recording::Recording;
use testkit::eventually;

use crate::{
    stage::{SOON, Stage, event},
    trouble::{left_behind, patient, slow_office, to},
};

/// Claims what is due for this long.
async fn claim(
    mails: &notification_service::store::Mails,
    lease: Duration,
) -> notification_service::store::DueMail {
    eventually(SOON, || async { mails.claim(1, &[], lease).await.unwrap().pop() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_ran_out_while_its_mail_waited_for_its_turn_is_not_acted_upon() {
    let stage = Stage::new().await;
    let mails = notification_service::adapters::mails(&stage.settings(&testkit::stack::smtp_url())).unwrap();
    left_behind(&stage, &event(Booked, stage.booking()), -1).await;
    let (brief, long) = (Duration::from_millis(1), Duration::from_mins(1));
    let mut ours = claim(&mails, brief).await;
    let mut theirs = claim(&mails, long).await;
    assert!(!mails.claim_again(&mut ours, long).await.unwrap());
    mails.put_off(&ours, Duration::ZERO, "too late", true).await.unwrap();
    assert!(mails.claim(1, &[], long).await.unwrap().is_empty(), "theirs is still theirs");
    assert!(mails.claim_again(&mut theirs, long).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waited_until_its_claim_was_old_is_left_to_whoever_has_claimed_it() {
    let (stage, office) = (Stage::new().await, slow_office().await);
    let mut settings = patient(&stage, &office);
    (settings.smtp.timeout_ms, settings.sending.lease_ms) = (15_000, 32_000);
    let per_domain = settings.sending.side_by_side_per_domain;
    for _ in 0..per_domain + 2 {
        left_behind(&stage, &event(Booked, to(&stage, "desk@slow.example")), -1).await;
    }
    sqlx::query("update mails set recipient = 'desk@slow.example'").execute(&stage.db.pool).await.unwrap();
    let running = stage.start_as(settings).await;
    eventually(SOON, || async { (office.open() == per_domain).then_some(()) }).await;
    let old = "select count(*) from mails where attempts = 2 and updated_at < now(6) - interval 8 second";
    let all = i64::try_from(per_domain + 2).unwrap();
    eventually(SOON, || async { (stage.db.number(old).await == all).then_some(()) }).await;
    // Another process has claimed them all; some are in their dialogue, and their server takes them.
    let taken = "update mails set version = version + 1, due_at = now(6) + interval 1 hour";
    sqlx::query(taken).execute(&stage.db.pool).await.unwrap();
    office.relents();
    let sent = "select count(*) from mails where status = 'sent'";
    let begun = i64::try_from(per_domain).unwrap();
    eventually(SOON, || async { (stage.db.number(sent).await == begun).then_some(()) }).await;
    running.stop().await;
    assert_eq!(office.taken().len(), per_domain, "whoever waited until its claim was old is no longer ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_end_together_are_recorded_together_and_each_one_knows() {
    let stage = Stage::new().await;
    let mails = notification_service::adapters::mails(&stage.settings(&testkit::stack::smtp_url())).unwrap();
    for _ in 0..60 {
        left_behind(&stage, &event(Booked, stage.booking()), -1).await;
    }
    let due = mails.claim(60, &[], Duration::from_mins(1)).await.unwrap();
    let recording = Recording::new(mails);
    let (first, second) = due.split_at(40);
    let recorded = join_all(first.iter().map(|mail| recording.sent(mail.key.clone()))).await;
    assert!(recorded.iter().all(Result::is_ok));
    let sent = "select count(*) from mails where status = 'sent' and event is null and due_at is null";
    assert_eq!(stage.db.number(sent).await, 40);
    let records = "select count(distinct sent_at) from mails where status = 'sent'";
    assert!(stage.db.number(records).await <= 3, "one for the first, one for all who came meanwhile");
    sqlx::query("rename table mails to mails_away").execute(&stage.db.pool).await.unwrap();
    let recorded = join_all(second.iter().map(|mail| recording.sent(mail.key.clone()))).await;
    sqlx::query("rename table mails_away to mails").execute(&stage.db.pool).await.unwrap();
    assert!(recorded.iter().all(Result::is_err), "nobody takes for recorded what is not");
}
