//! What every archive promises; each adapter's tests run all of it on the real store.

use chrono::{Days, NaiveDate};
use domain::{
    StayDates, UserId,
    booking::{BookingRecord, BookingStatus, LatePayment},
};
use testkit::unique_uuid;

use super::Archive;
use crate::{HotelList, Position, UserList, View};

/// Runs the suite on the archive that the expression makes.
macro_rules! archive_conformance {
    ($archive:expr) => {
        $crate::archive::conformance::archive_conformance!($archive;
            what_was_put_is_read_back_whole,
            an_older_copy_never_overwrites_a_newer_one,
            nothing_is_read_back_of_a_booking_that_was_never_put,
            a_users_list_is_latest_first_and_pages_join_without_gap,
            a_users_view_holds_its_statuses_only,
            a_booking_that_came_back_and_ended_again_stands_in_one_view,
            a_hotels_list_runs_over_months_and_pages_join_without_gap,
            a_hotels_list_takes_every_filter,
        );
    };
    ($archive:expr; $($promise:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $promise() {
            $crate::archive::conformance::$promise(&$archive.await).await;
        })+
    };
}
pub(crate) use archive_conformance;

fn ended(status: BookingStatus) -> BookingRecord {
    BookingRecord { status, version: 3, ..testkit::booking::record() }
}

fn days_after(record: &mut BookingRecord, days: u64) {
    let start: NaiveDate = "2026-11-20".parse().unwrap();
    let start = start.checked_add_days(Days::new(days)).unwrap();
    record.dates = StayDates::parse(start, start.succ_opt().unwrap()).unwrap();
}

pub(crate) async fn what_was_put_is_read_back_whole(archive: &dyn Archive) {
    let record = ended(BookingStatus::Completed);
    archive.put(&record).await.unwrap();
    archive.put(&record).await.unwrap();
    assert_eq!(archive.read_back(&record).await.unwrap().as_ref(), Some(&record));
    assert_eq!(archive.by_id(record.booking_id).await.unwrap(), Some(record));
}

pub(crate) async fn an_older_copy_never_overwrites_a_newer_one(archive: &dyn Archive) {
    let older = ended(BookingStatus::Cancelled);
    let newer = BookingRecord { version: 5, cancelled_at: Some(older.updated_at), ..older.clone() };
    archive.put(&newer).await.unwrap();
    archive.put(&older).await.unwrap();
    assert_eq!(archive.read_back(&older).await.unwrap(), Some(newer));
}

pub(crate) async fn nothing_is_read_back_of_a_booking_that_was_never_put(archive: &dyn Archive) {
    let record = ended(BookingStatus::Completed);
    assert_eq!(archive.read_back(&record).await.unwrap(), None);
    assert_eq!(archive.by_id(record.booking_id).await.unwrap(), None);
}

/// Puts seven bookings of one user and hotel, two of them on the same day, in two years; gives them earliest first.
async fn seven(archive: &dyn Archive) -> Vec<BookingRecord> {
    let (user, hotel) = (unique_uuid().into(), unique_uuid().into());
    let mut records = Vec::new();
    for days in [0, 5, 5, 12, 30, 41, 400] {
        let mut record = ended(BookingStatus::Completed);
        (record.user_id, record.hotel_id) = (user, hotel);
        days_after(&mut record, days);
        archive.put(&record).await.unwrap();
        records.push(record);
    }
    records.sort_by_key(Position::of);
    records
}

pub(crate) async fn a_users_list_is_latest_first_and_pages_join_without_gap(archive: &dyn Archive) {
    let mut wanted = seven(archive).await;
    wanted.reverse();
    let (mut got, mut after) = (Vec::new(), None);
    loop {
        let page = archive.by_user(&mine(wanted[0].user_id, View::All), after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Position::of(last));
        got.extend(page);
    }
    assert_eq!(got, wanted);
}

pub(crate) async fn a_users_view_holds_its_statuses_only(archive: &dyn Archive) {
    let completed = ended(BookingStatus::Completed);
    let mut cancelled = ended(BookingStatus::Cancelled);
    cancelled.user_id = completed.user_id;
    archive.put(&completed).await.unwrap();
    archive.put(&cancelled).await.unwrap();
    let user = completed.user_id;
    assert_eq!(archive.by_user(&mine(user, View::Past), None, 1).await.unwrap(), [completed]);
    assert_eq!(archive.by_user(&mine(user, View::Cancelled), None, 1).await.unwrap(), [cancelled]);
    assert_eq!(archive.by_user(&mine(user, View::Upcoming), None, 9).await.unwrap(), []);
}

pub(crate) async fn a_booking_that_came_back_and_ended_again_stands_in_one_view(archive: &dyn Archive) {
    let cancelled = ended(BookingStatus::Cancelled);
    let completed = BookingRecord {
        status: BookingStatus::Completed,
        late_payment: Some(LatePayment::Rebooked),
        version: 5,
        ..cancelled.clone()
    };
    archive.put(&cancelled).await.unwrap();
    archive.put(&completed).await.unwrap();
    // An older writer that wakes up late brings nothing back.
    archive.put(&cancelled).await.unwrap();
    let user = cancelled.user_id;
    assert_eq!(archive.by_user(&mine(user, View::Cancelled), None, 9).await.unwrap(), []);
    assert_eq!(
        archive.by_user(&mine(user, View::All), None, 9).await.unwrap(),
        std::slice::from_ref(&completed)
    );
    assert_eq!(archive.read_back(&completed).await.unwrap(), Some(completed));
}

fn mine(user_id: UserId, view: View) -> UserList {
    UserList { user_id, view, today: "2026-12-24".parse().unwrap() }
}

fn list_of(record: &BookingRecord) -> HotelList {
    HotelList {
        hotel_id: record.hotel_id,
        start_from: "2026-01-01".parse().unwrap(),
        start_to: "2028-12-31".parse().unwrap(),
        status: None,
        room_id: None,
        updated_since: None,
        confirmation_number: None,
    }
}

pub(crate) async fn a_hotels_list_runs_over_months_and_pages_join_without_gap(archive: &dyn Archive) {
    let wanted = seven(archive).await;
    let list = list_of(&wanted[0]);
    let (mut got, mut after) = (Vec::new(), None);
    loop {
        let page = archive.by_hotel(&list, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Position::of(last));
        got.extend(page);
    }
    assert_eq!(got, wanted);
}

pub(crate) async fn a_hotels_list_takes_every_filter(archive: &dyn Archive) {
    let all = seven(archive).await;
    let list = list_of(&all[0]);
    let one = &all[3];
    let day = one.dates.start_date();
    let other_room = unique_uuid().into();
    let filters = [
        (HotelList { start_from: day, start_to: day, ..list.clone() }, 1),
        (HotelList { status: Some(BookingStatus::Cancelled), ..list.clone() }, 0),
        (HotelList { status: Some(BookingStatus::Reserved), ..list.clone() }, 0),
        (HotelList { room_id: Some(one.facts.lines[0].room_id), ..list.clone() }, 1),
        (HotelList { room_id: Some(other_room), ..list.clone() }, 0),
        (HotelList { updated_since: Some(one.updated_at), ..list.clone() }, 7),
        (HotelList { confirmation_number: Some(one.booking_id.confirmation_number()), ..list.clone() }, 1),
    ];
    for (filter, count) in filters {
        let found = archive.by_hotel(&filter, None, 20).await.unwrap();
        assert_eq!(found.len(), count, "{filter:?}");
    }
}
