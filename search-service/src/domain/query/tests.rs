use super::*;

fn search() -> Search {
    let (start, end) = ("2026-12-24".parse().unwrap(), "2026-12-26".parse().unwrap());
    Search {
        place: Place::Words(Word::all_of("rome")),
        stay: Some(StayDates::parse(start, end).unwrap()),
        rooms: 2,
        people: 3,
        stars: BTreeSet::new(),
        tags: BTreeSet::new(),
        currency: None,
        price_min: None,
        price_max: None,
        sort: Sort::Relevance,
        facets: false,
        closed_zones: BTreeSet::new(),
    }
}

#[test]
fn the_party_is_spread_over_its_rooms() {
    let conditions = search().criteria(Step::Party).conditions;
    assert!(conditions.contains(&Condition::Occupancy(2)) && conditions.contains(&Condition::Quantity(2)));
}

#[test]
fn every_step_holds_the_steps_before_it() {
    let mut before = Vec::new();
    for step in Step::ALL {
        let conditions = search().criteria(step).conditions;
        assert!(before.iter().all(|condition| conditions.contains(condition)));
        before = conditions;
    }
}
