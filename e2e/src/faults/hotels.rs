//! What is sold: hotels of a few rooms with few units, asked for night by night. When a night is sold out again and again the
//! load goes on to the next one, and behind the last night to the next hotel: always near sell-out, and always progress.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{Days, NaiveDate};
use e2e::{
    failed::Failed,
    http::text,
    people::Person,
    wait::{Seen, until},
    world::World,
};
use serde_json::{Value, json};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use uuid::Uuid;

use super::{
    dice::Dice,
    history::{self, Units, What, Writer},
};

/// Units of a hotel's rooms.
const QUANTITIES: [u32; 8] = [1, 1, 2, 2, 3, 3, 5, 8];
/// One more has enough for everybody, and a price that moves.
const ENOUGH_UNITS: u32 = 5_000;
/// It is asked for one night only: who has sold that remembers the room, and what it cost then. For another night the room
/// would be read again.
const ENOUGH_NIGHTS: u64 = 1;
/// One has enough for a crowd.
const CROWD_UNITS: u32 = 5_000;
/// And one has so few, for so few nights, that a rush always moves it and always finds some of them taken: each copy knows
/// from before what the other has sold or given back since.
const RUSH_UNITS: u32 = 1;
const RUSH_NIGHTS: u64 = 40;
/// What a unit costs for a night before it moves.
const PRICE: i64 = 10_000;
/// Nights of a hotel that are sold, from this day ahead on: the clock goes sixteen days and some steps forward, and none of these
/// may be past then.
const NIGHTS: u64 = 300;
const FIRST_DAY: u64 = 20;
/// Of those who want a night until the clock goes past them, in percent: one of the next nights.
const NEAR: u64 = 10;
const NEAR_NIGHTS: u64 = 3;
/// Nights that are asked for at once.
const WINDOW: u64 = 3;
/// Refusals after which the window moves on by a night.
const ENOUGH: u64 = 12;
/// From the event to the stock: seconds, and some for a fault in between.
const SELLABLE: Duration = Duration::from_mins(2);

/// A hotel.
#[derive(Debug)]
pub(crate) struct Hotel {
    pub(crate) id: Uuid,
    rooms: Vec<(Uuid, u32)>,
    /// The room whose price moves, and who moves it.
    pub(crate) moving: Uuid,
    /// The room of the crowd.
    crowd: Uuid,
    /// The room of the rush.
    rush: Uuid,
    pub(crate) manager: Person,
    today: NaiveDate,
}

/// What one booking asks for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) hotel_id: Uuid,
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
    pub(crate) lines: Vec<(Uuid, u32)>,
    /// Whether it is one of the nights that are sold out one after the other.
    pub(crate) in_window: bool,
    pub(crate) has_moving_price: bool,
    /// The clock does not pass a near night while somebody has this.
    _near: Option<OwnedRwLockReadGuard<bool>>,
}

/// The hotels of a run.
#[derive(Debug)]
pub(crate) struct Hotels {
    all: Mutex<Vec<Arc<Hotel>>>,
    /// Which hotel is sold, and from which night on.
    place: Mutex<(usize, u64)>,
    refused: AtomicU64,
    /// Whether near nights are past.
    near: Arc<RwLock<bool>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Target {
    /// Each unit of each night.
    pub(crate) fn units(&self) -> Vec<Units> {
        let nights = self.start.iter_days().take_while(|night| *night < self.end);
        let of = |night: NaiveDate| {
            self.lines.iter().map(move |(room_id, quantity)| Units {
                room_id: *room_id,
                night,
                quantity: *quantity,
            })
        };
        nights.flat_map(of).collect()
    }
}

impl Hotel {
    /// One of the first nights.
    fn any_night(&self, dice: &mut Dice, (room, nights): (Uuid, u64)) -> Option<Target> {
        self.night(room, FIRST_DAY + dice.below(nights))
    }

    /// One unit for a night so many days ahead.
    fn night(&self, room: Uuid, days: u64) -> Option<Target> {
        let start = self.today.checked_add_days(Days::new(days))?;
        Some(Target {
            hotel_id: self.id,
            start,
            end: start.succ_opt()?,
            lines: vec![(room, 1)],
            in_window: false,
            has_moving_price: room == self.moving,
            _near: None,
        })
    }
}

impl Hotels {
    /// With its first hotel.
    pub(crate) async fn open(world: &World, history: &Writer) -> Result<Self, Failed> {
        let hotels = Self {
            all: Mutex::default(),
            place: Mutex::default(),
            refused: AtomicU64::default(),
            near: Arc::default(),
        };
        hotels.add(world, history).await?;
        Ok(hotels)
    }

    /// One more, once it can be booked.
    pub(crate) async fn add(&self, world: &World, history: &Writer) -> Result<(), Failed> {
        let invoke = history::now();
        let hotel = made(world).await?;
        let own = [(hotel.moving, ENOUGH_UNITS), (hotel.crowd, CROWD_UNITS), (hotel.rush, RUSH_UNITS)];
        for (room_id, quantity) in hotel.rooms.iter().chain(&own) {
            let what = What::Room { hotel_id: hotel.id, room_id: *room_id, quantity: *quantity };
            history.note(0, invoke, what)?;
        }
        history.note(0, invoke, What::Price { room_id: hotel.moving, price: PRICE, seen: true })?;
        locked(&self.all).push(Arc::new(hotel));
        Ok(())
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        locked(&self.all).iter().map(|hotel| hotel.id).collect()
    }

    /// The one that is sold now.
    pub(crate) fn current(&self) -> Option<Arc<Hotel>> {
        let number = locked(&self.place).0;
        locked(&self.all).get(number).map(Arc::clone)
    }

    /// Whether the next hotel is not there yet.
    pub(crate) fn wants_another(&self) -> bool {
        locked(&self.place).0 + 1 >= locked(&self.all).len()
    }

    /// Somebody was told that it is sold out.
    pub(crate) fn refused(&self) {
        if self.refused.fetch_add(1, Ordering::Relaxed) % ENOUGH != ENOUGH - 1 {
            return;
        }
        let hotels = locked(&self.all).len();
        let mut place = locked(&self.place);
        *place = match *place {
            (hotel, night) if night + WINDOW < NIGHTS => (hotel, night + 1),
            // Without a next hotel the first nights again, where holds have ended since.
            (hotel, _) if hotel + 1 < hotels => (hotel + 1, 0),
            (hotel, _) => (hotel, 0),
        };
    }

    /// What one of a crowd asks for: there is enough of it.
    pub(crate) fn for_a_crowd(&self, dice: &mut Dice) -> Option<Target> {
        let hotel = self.current()?;
        hotel.any_night(dice, (hotel.crowd, NIGHTS))
    }

    /// What one of a rush asks for: now and then there is one.
    pub(crate) fn for_a_rush(&self, dice: &mut Dice) -> Option<Target> {
        let hotel = self.current()?;
        hotel.any_night(dice, (hotel.rush, RUSH_NIGHTS))
    }

    /// Waits until nobody asks for a near night any more; nobody will again.
    pub(crate) async fn near_is_past(&self) {
        *self.near.write().await = true;
    }

    /// A stay that is over before the run is, in the room that has enough for all; none once the clock goes past it.
    fn near(&self, hotel: &Hotel, dice: &mut Dice) -> Option<Target> {
        let near = Arc::clone(&self.near).try_read_owned().ok().filter(|is_past| !**is_past)?;
        let target = hotel.night(hotel.crowd, 1 + dice.below(NEAR_NIGHTS))?;
        Some(Target { _near: Some(near), ..target })
    }

    /// One or two nights, mostly of one room: in the window, and now and then before it, where units came back.
    pub(crate) fn target(&self, dice: &mut Dice) -> Option<Target> {
        let (number, from) = *locked(&self.place);
        let hotel = Arc::clone(locked(&self.all).get(number)?);
        if dice.percent(15) {
            return hotel.any_night(dice, (hotel.moving, ENOUGH_NIGHTS));
        }
        if dice.percent(NEAR)
            && let Some(target) = self.near(&hotel, dice)
        {
            return Some(target);
        }
        let night = if dice.percent(15) { dice.below(from + 1) } else { from + dice.below(WINDOW) };
        let start = hotel.today.checked_add_days(Days::new(FIRST_DAY + night))?;
        let end = start.checked_add_days(Days::new(1 + u64::from(dice.percent(20))))?;
        let (first, quantity) = *dice.pick(&hotel.rooms)?;
        let mut lines = vec![(first, if quantity > 2 && dice.percent(20) { 2 } else { 1 })];
        if dice.percent(10)
            && let Some((other, _)) = dice.pick(&hotel.rooms)
            && *other != first
        {
            lines.push((*other, 1));
        }
        let (hotel_id, in_window, has_moving_price) = (hotel.id, true, false);
        Some(Target { hotel_id, start, end, lines, in_window, has_moving_price, _near: None })
    }
}

async fn made(world: &World) -> Result<Hotel, Failed> {
    let manager = Person::new(world, "manager")?;
    let localities = world.get("/v1/localities?q=lisb&country_code=PT").expect(200).await?;
    let locality = localities.items().first().map(|one| text(one, "/locality_id").to_owned());
    let body = hotel(&locality.unwrap_or_default());
    let id = post(world, &manager, "/v1/hotels", &body).await?.text_at("/hotel_id")?;
    let mut rooms = Vec::new();
    for quantity in QUANTITIES.into_iter().chain([ENOUGH_UNITS, CROWD_UNITS, RUSH_UNITS]) {
        let made = post(world, &manager, &format!("/v1/hotels/{id}/rooms"), &room(quantity)).await?;
        rooms.push((uuid(&made.text_at("/room_id")?)?, quantity));
    }
    let stay = crate::journey::Stay::in_days(world, 0, 1).await?;
    let [(moving, _), (crowd, _), (rush, _)] = rooms.split_off(QUANTITIES.len())[..] else {
        return Err(Failed::new("a hotel without the rooms that it has beside"));
    };
    let hotel = Hotel { id: uuid(&id)?, rooms, moving, crowd, rush, manager, today: stay.start };
    let first = crate::journey::Stay::in_days(world, FIRST_DAY, 1).await?;
    let path = format!("/v1/hotels/{id}/offers?{}", first.query());
    until("every room can be booked", SELLABLE, || async {
        let offers = world.get(&path).send().await?;
        let open = offers.items().iter().filter(|one| text(one, "/status") == "available").count();
        Ok(Seen::when(open > QUANTITIES.len() + 2, || offers.describe()))
    })
    .await?;
    Ok(hotel)
}

pub(crate) fn uuid(text: &str) -> Result<Uuid, Failed> {
    Uuid::parse_str(text).map_err(|error| Failed::new(format!("{text}: {error}")))
}

async fn post(world: &World, by: &Person, path: &str, body: &Value) -> Result<e2e::http::Answer, Failed> {
    let key = Uuid::from_u128(rand::random()).to_string();
    world.post(path).by(by).key(&key).json(body).expect(201).await
}

fn hotel(locality_id: &str) -> Value {
    json!({"name": "House of Faults", "description": "", "locality_id": locality_id,
        "address": {"line1": "Rua 1", "line2": null, "postal_code": null}, "latitude": 38.71, "longitude": -9.13,
        "time_zone": "Europe/Lisbon", "currency": "EUR", "star_rating": null, "facilities": [],
        "contact": {"email": "desk@faults.example", "phone": null}, "check_in_time": "15:00", "check_out_time": "11:00",
        "is_active": true})
}

fn room(quantity: u32) -> Value {
    let price = json!({"amount": PRICE, "currency": "EUR"});
    json!({"display_name": "Room", "description": "", "quantity": quantity, "occupancy": 2, "price_min": price,
        "price_max": price, "facilities": [], "is_active": true})
}
