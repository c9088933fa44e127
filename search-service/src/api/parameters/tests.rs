use super::*;
use crate::domain::samples::now;

fn asked(change: impl FnOnce(&mut SearchParameters)) -> Result<Search, Faults> {
    let mut raw = SearchParameters { q: Some("rome".to_owned()), ..SearchParameters::default() };
    change(&mut raw);
    raw.parse(now())
}

fn refused(change: impl FnOnce(&mut SearchParameters)) -> Vec<String> {
    names(asked(change))
}

fn names(search: Result<Search, Faults>) -> Vec<String> {
    search.unwrap_err().iter().map(|fault| fault.field.to_string()).collect()
}

fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

fn from_to(start: &str, end: &str) -> Result<Search, Faults> {
    asked(|raw| (raw.start_date, raw.end_date) = (date(start), date(end)))
}

#[test]
fn left_out_parameters_have_their_documented_defaults() {
    let search = asked(|_| {}).unwrap();
    assert_eq!((search.rooms, search.people, search.sort), (1, 2, Sort::Relevance));
    assert!(search.stay.is_none() && !search.facets);
}

#[test]
fn a_search_needs_exactly_one_place() {
    assert_eq!(refused(|raw| raw.q = None), ["q"]);
    assert_eq!(refused(|raw| raw.locality_id = Some(uuid::Uuid::nil().into())), ["locality_id"]);
}

#[test]
fn text_needs_a_word_and_has_bounds() {
    for text in ["", "  ", "?!%", "\u{202e}\u{0}", &"x".repeat(201), "ab cd ef gh ij kl mn op qr st uv wx yz"]
    {
        assert_eq!(refused(|raw| raw.q = Some(text.to_owned())), ["q"], "{text:?}");
    }
}

#[test]
fn numbers_out_of_their_range_are_refused_by_name() {
    assert_eq!(refused(|raw| raw.rooms = Some(0)), ["rooms"]);
    assert_eq!(refused(|raw| raw.rooms = Some(10)), ["rooms"]);
    assert_eq!(refused(|raw| raw.adults = Some(0)), ["adults"]);
    assert_eq!(refused(|raw| raw.adults = Some(451)), ["adults"]);
    assert_eq!(refused(|raw| (raw.rooms, raw.adults) = (Some(2), Some(101))), ["adults"]);
    assert!(asked(|raw| (raw.rooms, raw.adults) = (Some(2), Some(60))).is_ok());
    assert_eq!(refused(|raw| raw.child_ages = vec![4, 18]), ["child_ages"]);
    assert_eq!(refused(|raw| raw.child_ages = vec![1; 51]), ["child_ages"]);
    assert_eq!(refused(|raw| raw.stars = vec![6]), ["stars"]);
    assert_eq!(refused(|raw| raw.stars = vec![0]), ["stars"]);
}

#[test]
fn everything_wrong_is_named_at_once() {
    let names = refused(|raw| {
        raw.rooms = Some(0);
        raw.stars = vec![9];
        raw.end_date = date("2026-12-24");
    });
    assert_eq!(names, ["start_date", "rooms", "stars"]);
}

#[test]
fn prices_need_a_currency_and_stand_in_order() {
    let euro = Currency::parse("EUR").ok();
    assert_eq!(refused(|raw| raw.price_min = Some(1)), ["currency"]);
    assert_eq!(refused(|raw| raw.sort = Some(Sort::Price)), ["currency"]);
    assert_eq!(
        refused(|raw| (raw.currency, raw.price_min, raw.price_max) = (euro, Some(2), Some(1))),
        ["price_max"]
    );
    assert_eq!(refused(|raw| (raw.currency, raw.price_min) = (euro, Some(-1))), ["price_min"]);
    assert_eq!(refused(|raw| (raw.currency, raw.price_max) = (euro, Some(1 << 53))), ["price_max"]);
    assert!(asked(|raw| (raw.currency, raw.price_max) = (euro, Some(0))).is_ok());
}

#[test]
fn distance_is_from_a_locality() {
    assert_eq!(refused(|raw| raw.sort = Some(Sort::Distance)), ["sort"]);
}

#[test]
fn dates_come_together_in_order_and_not_too_many() {
    assert_eq!(refused(|raw| raw.start_date = date("2026-12-24")), ["end_date"]);
    for (start, end) in
        [("2026-12-24", "2026-12-24"), ("2026-12-24", "2026-12-23"), ("2026-12-24", "2027-01-24")]
    {
        assert_eq!(names(from_to(start, end))[0], "end_date", "{start} {end}");
    }
}

#[test]
fn a_date_is_past_only_when_it_is_past_everywhere() {
    // 19:00 UTC: the 21st from UTC-12 to UTC+4, the 22nd further east.
    assert_eq!(names(from_to("2026-11-20", "2026-11-22"))[0], "start_date");
    let search = from_to("2026-11-21", "2026-11-22").unwrap();
    assert!(search.closed_zones.contains("Asia/Tokyo") && !search.closed_zones.contains("Europe/Rome"));
    assert!(from_to("2026-12-24", "2026-12-25").unwrap().closed_zones.is_empty());
}

#[test]
fn a_stay_begins_at_most_540_days_ahead() {
    let search = from_to("2028-05-15", "2028-05-16").unwrap();
    assert!(search.closed_zones.contains("Europe/Rome") && !search.closed_zones.contains("Asia/Tokyo"));
    assert_eq!(names(from_to("2028-05-16", "2028-05-17"))[0], "start_date");
}
