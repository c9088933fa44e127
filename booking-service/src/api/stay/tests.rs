use super::*;

const HOTEL: &str = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";

fn line(room_id: &str, quantity: i64, adults: i64, child_ages: &[i64]) -> StayLineRequest {
    StayLineRequest { room_id: room_id.to_owned(), quantity, adults, child_ages: child_ages.to_vec() }
}

fn read(dates: (&str, &str), lines: &[StayLineRequest]) -> Result<Stay, Problem> {
    let mut faults = StayFaults::default();
    let raw = RawStay { hotel_id: HOTEL, start_date: dates.0, end_date: dates.1, lines };
    let stay = parse(&raw, &mut faults);
    faults.finish(stay)
}

fn pointers(problem: &Problem) -> Vec<String> {
    let errors = serde_json::to_value(problem.field_errors()).unwrap();
    let entries = errors.as_array().unwrap().iter();
    entries.map(|e| format!("{} {}", e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

#[test]
fn a_well_formed_stay_is_read_line_by_line() {
    let stay =
        read(("2026-12-24", "2026-12-26"), &[line(HOTEL, 2, 2, &[4]), line(HOTEL, 7, 1, &[])]).unwrap();
    assert_eq!(stay.dates().night_count(), 2);
    assert_eq!(stay.lines()[0].party.people(), 3);
    assert_eq!(stay.lines()[1].quantity, 7);
}

#[test]
fn everything_wrong_is_named_at_once() {
    let problem =
        read(("2026-02-30", "tomorrow"), &[line("x", 0, 0, &[99]), line(HOTEL, 1, 1, &[])]).unwrap_err();
    assert_eq!(problem.code(), Code::InvalidField);
    assert_eq!(
        pointers(&problem),
        [
            "#/start_date malformed",
            "#/end_date malformed",
            "#/lines/0/room_id malformed",
            "#/lines/0/quantity out_of_range",
            "#/lines/0/adults out_of_range",
            "#/lines/0/child_ages out_of_range",
        ]
    );
}

#[test]
fn dates_that_make_no_stay_have_a_code_of_their_own() {
    for (dates, code) in [
        (("2026-12-24", "2026-12-24"), "inverted"),
        (("2026-12-24", "2026-12-20"), "inverted"),
        (("2026-12-24", "2027-01-24"), "out_of_range"),
    ] {
        let problem = read(dates, &[line(HOTEL, 1, 1, &[])]).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidStay, "{dates:?}");
        assert_eq!(pointers(&problem), [format!("#/end_date {code}")]);
    }
}

#[test]
fn a_booking_has_at_most_nine_units_on_one_to_nine_lines() {
    let dates = ("2026-12-24", "2026-12-26");
    for lines in [
        vec![],
        vec![line(HOTEL, 5, 1, &[]), line(HOTEL, 5, 1, &[])],
        (0..10).map(|_| line(HOTEL, 1, 1, &[])).collect(),
    ] {
        assert_eq!(pointers(&read(dates, &lines).unwrap_err()), ["#/lines out_of_range"]);
    }
    assert_eq!(
        pointers(&read(dates, &[line(HOTEL, i64::MAX, 1, &[])]).unwrap_err()),
        ["#/lines/0/quantity out_of_range"]
    );
}
