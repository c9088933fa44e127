//! Sample hotels: each follows from its number alone.

use domain::HotelId;
use hotel_service::seed::{AddressWrite, ContactWrite, HotelWrite, SeedHotel};

use super::{
    destinations,
    dice::Dice,
    geonames::{City, World},
    ids::{fixed_id, owner},
    prices, rooms,
    traits::Traits,
    words,
};

/// From a few hundred metres to two kilometres, in ten-thousandths of a degree of latitude.
const AROUND: (u32, u32) = (20, 200);

/// The hotel of a number; none in an empty world.
pub fn make(world: &World, number: u32) -> Option<SeedHotel> {
    let id = fixed_id(&format!("hotel/{number}"));
    let mut dice = Dice::of(id);
    let city = city(world, &mut dice)?;
    let country = world.country(&city.countrycode);
    let stars = stars(&mut dice);
    let currency = prices::currency(country.map_or("", |country| &country.currencycode));
    let traits = Traits { number, stars, currency };
    let phone = country.map_or_else(String::new, |country| country.phone.clone());
    let body = body(&mut dice, city, &traits, &phone);
    let rooms = rooms::make(&mut dice, &traits);
    Some(SeedHotel { hotel_id: HotelId::from_uuid(id), owner_id: owner(), body, rooms })
}

/// Where travellers look; else where people live.
fn city<'a>(world: &'a World, dice: &mut Dice) -> Option<&'a City> {
    let (share, person) = (dice.below(1_000), dice.below(world.people()));
    destinations::of(share).and_then(|city| world.city(city)).or_else(|| world.city_of_person(person))
}

/// Most hotels have three stars, some have none to show.
fn stars(dice: &mut Dice) -> Option<u8> {
    const SHARES: [Option<u8>; 20] = [
        None,
        Some(1),
        Some(2),
        Some(2),
        Some(2),
        Some(3),
        Some(3),
        Some(3),
        Some(3),
        Some(3),
        Some(3),
        Some(3),
        Some(4),
        Some(4),
        Some(4),
        Some(4),
        Some(4),
        Some(4),
        Some(5),
        Some(5),
    ];
    dice.pick(&SHARES).copied().flatten()
}

fn body(dice: &mut Dice, city: &City, traits: &Traits, phone: &str) -> HotelWrite {
    let name = name(dice, city);
    let description = format!(
        "{name} lies {}. {} {}",
        dice.word(&words::PLACES),
        dice.word(&words::CHARMS),
        "It is sample data: nobody can stay here."
    );
    HotelWrite {
        name,
        description,
        locality_id: city.locality_id().to_string(),
        address: address(dice),
        latitude: dice.near(city.latitude, AROUND).clamp(-90.0, 90.0),
        longitude: dice.near(city.longitude, AROUND).clamp(-180.0, 180.0),
        time_zone: city.timezone.clone(),
        currency: traits.currency.to_owned(),
        star_rating: traits.stars.map(i64::from),
        facilities: facilities(dice, traits.stars, destinations::has_beach(city.geonameid)),
        contact: contact(dice, traits.number, phone),
        check_in_time: dice.word(&["14:00", "15:00", "15:00", "16:00"]).to_owned(),
        check_out_time: dice.word(&["10:00", "11:00", "11:00", "12:00"]).to_owned(),
        is_active: true,
    }
}

fn name(dice: &mut Dice, city: &City) -> String {
    let pattern = dice.word(&words::PATTERNS);
    let name = pattern.replace("{name}", dice.word(&words::NAMES)).replace("{city}", &city.name);
    name.chars().take(200).collect()
}

fn address(dice: &mut Dice) -> AddressWrite {
    let line1 = format!("{} {}", dice.word(&words::STREETS), dice.between(1, 180));
    let postal_code = dice.percent(80).then(|| format!("{:05}", dice.between(1_000, 99_999)));
    AddressWrite { line1, line2: None, postal_code }
}

/// What all have, what is likely at so many stars, and a beach only where there is one.
fn facilities(dice: &mut Dice, stars: Option<u8>, has_beach: bool) -> Vec<String> {
    let stars = stars.unwrap_or(2);
    let beach = (has_beach && dice.percent(40)).then_some("beachfront");
    let likely = |from: u8| match from.checked_sub(stars) {
        None | Some(0) => 65,
        Some(1) => 12,
        Some(_) => 0,
    };
    let has = words::FACILITIES.iter().filter(|(_, from)| dice.percent(likely(*from))).map(|(code, _)| *code);
    has.chain(words::ALWAYS).chain(beach).map(str::to_owned).collect()
}

/// `.example` is nobody's (RFC 2606); the number is not checked for being somebody's, so nobody is told to call it.
fn contact(dice: &mut Dice, number: u32, phone: &str) -> ContactWrite {
    let code: String = phone.chars().filter(char::is_ascii_digit).take(4).collect();
    let phone = (!code.is_empty()).then(|| format!("+{code}555{:06}", dice.between(0, 999_999)));
    ContactWrite { email: format!("stay@hotel-{number}.example"), phone }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::admin::seed::geonames::Country;

    fn world() -> World {
        let city = |geonameid, name: &str, countrycode: &str, population| City {
            geonameid,
            name: name.to_owned(),
            latitude: 41.9,
            longitude: 12.5,
            countrycode: countrycode.to_owned(),
            population,
            timezone: "Europe/Rome".to_owned(),
            alternatenames: Vec::new(),
        };
        let country =
            |currencycode: &str| Country { currencycode: currencycode.to_owned(), phone: "39".to_owned() };
        let countries =
            BTreeMap::from([("IT".to_owned(), country("EUR")), ("JP".to_owned(), country("JPY"))]);
        World::of(
            vec![city(1, "Rome", "IT", 90), city(2, "Tokyo", "JP", 910), city(3, "Nowhere", "IT", 0)],
            countries,
        )
    }

    #[test]
    fn a_number_always_gives_the_same_hotel() {
        let (one, other) = (make(&world(), 7).unwrap(), make(&world(), 7).unwrap());
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        assert_ne!(one.hotel_id, make(&world(), 8).unwrap().hotel_id);
    }

    #[test]
    fn hotels_are_where_people_are_and_charge_in_their_currency() {
        let hotels: Vec<_> = (0..300).map(|number| make(&world(), number).unwrap()).collect();
        let in_tokyo = hotels.iter().filter(|hotel| hotel.body.currency == "JPY").count();
        assert!((240..300).contains(&in_tokyo), "{in_tokyo} of 300 hotels are where 91 % of the people are");
        for hotel in &hotels {
            assert!((2..=4).contains(&hotel.rooms.len()));
            for room in &hotel.rooms {
                assert_eq!(room.body.price_min.currency, hotel.body.currency);
                assert!(
                    1 <= room.body.price_min.amount
                        && room.body.price_min.amount <= room.body.price_max.amount
                );
            }
        }
    }

    /// The cities that travellers look for, a town inland, and a thousand times as many people elsewhere.
    fn with_destinations() -> World {
        let mut cities = Vec::new();
        for (geonameid, name, population) in [
            (2_988_507, "Paris", 2_138_551),
            (2_643_743, "London", 8_961_989),
            (3_169_070, "Rome", 2_318_895),
            (2_990_440, "Nice", 342_669),
            (2_654_187, "Bury", 61_044),
            (1_796_236, "Shanghai", 3_900_000_000),
        ] {
            cities.push(City {
                geonameid,
                name: name.to_owned(),
                latitude: 48.853_41,
                longitude: 2.348_8,
                countrycode: "FR".to_owned(),
                population,
                timezone: "Europe/Paris".to_owned(),
                alternatenames: Vec::new(),
            });
        }
        World::of(cities, BTreeMap::new())
    }

    #[test]
    fn of_five_hundred_hotels_dozens_stand_in_paris_london_and_rome() {
        let world = with_destinations();
        let hotels: Vec<_> = (0..500).map(|number| make(&world, number).unwrap().body.locality_id).collect();
        for city in [2_988_507, 2_643_743, 3_169_070] {
            let city = world.city(city).unwrap();
            let there = hotels.iter().filter(|id| **id == city.locality_id().to_string()).count();
            assert!((24..72).contains(&there), "{there} of 500 hotels stand in {}", city.name);
        }
    }

    #[test]
    fn a_hotel_stands_at_a_beach_only_where_there_is_one() {
        let world = with_destinations();
        let nice = world.city(2_990_440).unwrap().locality_id().to_string();
        let (mut at_a_beach, mut cheap) = (0, 0);
        for hotel in (0..3_000).filter_map(|number| make(&world, number)) {
            let has = |code: &str| hotel.body.facilities.iter().any(|facility| facility == code);
            if has("beachfront") {
                at_a_beach += 1;
                assert_eq!(hotel.body.locality_id, nice);
            }
            if hotel.body.star_rating.is_some_and(|stars| stars <= 2) {
                cheap += 1;
                assert!(!has("spa") && !has("business_centre"), "{:?}", hotel.body.facilities);
            }
        }
        assert!(at_a_beach > 0 && cheap > 0);
    }

    #[test]
    fn a_hotel_lies_near_the_middle_of_its_city_and_its_place_prints_as_it_is_written() {
        let world = with_destinations();
        for hotel in (0..500).filter_map(|number| make(&world, number)) {
            for (degrees, centre) in [(hotel.body.latitude, 48.853_41), (hotel.body.longitude, 2.348_8)] {
                let away = (degrees - centre).abs();
                assert!((0.001_99..=0.020_01).contains(&away), "{degrees} is {away} degrees away");
                let printed = serde_json::to_string(&degrees).unwrap();
                let decimals = printed.split('.').nth(1).map_or(0, str::len);
                assert!(decimals <= 5, "{printed}");
            }
        }
    }

    #[test]
    fn an_empty_world_has_no_hotels() {
        assert!(make(&World::of(Vec::new(), BTreeMap::new()), 0).is_none());
    }
}
